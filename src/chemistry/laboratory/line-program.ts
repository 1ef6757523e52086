/**
 * Flows of a density q = ψ² on a line, on a grid of step h, as a tensor program of ℓ = log |ψ| [points].
 *
 * With the Hamiltonian H of second differences the energy E[q] = h ψᵀ H ψ has the variation E_loc = (Hψ)/ψ, point by point, and
 *
 *   ∂_t q_i = (F_{i+½} - F_{i-½}) / h - w_FR q_i (E_i - E),   F_{i+½} = w_W ψ_i ψ_{i+1} ∇c*(s_{i+½}),   s_{i+½} = (E_{i+1} - E_i) / h
 *
 * is the gradient flow of that energy: mass is kept by the transport, all stays positive, dE/dt = -h Σ ψ_i ψ_{i+1} s ∇c*(s) - w_FR Var,
 * and what is at rest is exactly an eigenvector of H. The mean of neighbours ψ_i ψ_{i+1} makes a mode n near the ground state decay with
 * exactly w_W Δ_n² + w_FR Δ_n / 2 of the grid's own gaps. In ℓ only ratios ψ_{i±1}/ψ_i occur, so that tails of 1e-100 are as exact as
 * the middle.
 */
import { jvp, pad, stopGradient, type Tensor, vmap } from "../../tensor/index.ts";
import type { TransportCost } from "../flows/costs.ts";
import type { Weights } from "./gaussian.ts";

export interface LineFlow {
  readonly weights: Weights;
  readonly cost: TransportCost;
}

/** ψ_{i+1}/ψ_i and ψ_i/ψ_{i+1} between neighbours, [points - 1]. */
function ratios(log: Tensor): { up: Tensor; down: Tensor } {
  const rise = log.slice([1, null]).sub(log.slice([0, -1]));
  return { up: rise.exp(), down: rise.neg().exp() };
}

/** (Hψ)_i/ψ_i = V_i + 1/h² - (ψ_{i+1} + ψ_{i-1}) / (2h² ψ_i), with ψ = 0 at the walls; [points]. */
export function localEnergy(log: Tensor, potential: Tensor, step: number): Tensor {
  const { up, down } = ratios(log);
  const neighbours = pad(up, [[0, 1]]).add(pad(down, [[1, 0]]));
  return potential.add(1 / step ** 2).sub(neighbours.div(2 * step ** 2));
}

/** Density, as a part of the largest, below which mass is in a tail. */
const thin = 1e-6;

/**
 * u = ∇c*(s) between neighbours, [points - 1]: the velocity of mass is its negative. A bounded cost leaves rough error alone where s is
 * large, and in far tails it is; there the map goes over to that of l2, which smooths, by the part thin / (thin + q).
 */
export function pushOf(log: Tensor, energy: Tensor, step: number, { name, map }: TransportCost): Tensor {
  const s = energy
    .slice([1, null])
    .sub(energy.slice([0, -1]))
    .div(step);
  if (name === "l2") return s;
  const density = log
    .slice([1, null])
    .add(log.slice([0, -1]))
    .sub(stopGradient(log.max().mul(2)));
  const tail = density.neg().add(Math.log(thin)).sigmoid();
  const push = map(s.reshape([1, 1, s.size])).reshape([s.size]);
  return push.add(s.sub(push).mul(tail));
}

/** ∂_t ℓ up to a constant, which is the norm of ψ; [points]. */
export function logRate(log: Tensor, potential: Tensor, step: number, { weights, cost }: LineFlow): Tensor {
  const energy = localEnergy(log, potential, step);
  const { up, down } = ratios(log);
  const push = pushOf(log, energy, step, cost);
  const carried = pad(up.mul(push), [[0, 1]]).sub(pad(down.mul(push), [[1, 0]]));
  return carried.mul(weights.transport / (2 * step)).sub(energy.mul(weights.reweighting / 2));
}

/**
 * The rate and its derivatives in five directions. A row of the Jacobian reaches two neighbours far, so that directions which move every
 * fifth point tell all its entries.
 *
 * @param colours  [5, points]: the directions, 1 at points i = c (mod 5)
 * @returns  rate [points], columns [5, points]: columns[c, i] = ∂ rate_i / ∂ ℓ_j for the one j = c (mod 5) near i
 */
export function linearisedRate(log: Tensor, colours: Tensor, potential: Tensor, step: number, flow: LineFlow) {
  const f = (x: Tensor): Tensor => logRate(x, potential, step, flow);
  return { rate: f(log), columns: vmap((direction: Tensor) => jvp(f, [log], [direction])[1])(colours) };
}
