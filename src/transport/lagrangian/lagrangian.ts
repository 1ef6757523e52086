/**
 * One description of all dynamics. The action s(t, x) moves, multiplies and jitters particles,
 *
 *   dX = (∇c*(∇s) + b) dt + σ dW,   d log w = λ s dt,
 *
 * and its Hamilton–Jacobi residual is
 *
 *   Λ_t(x) = ∂_t s + c*(∇s) + <∇s, b> + (λ/2) s² + (σ²/2) Δs + V_t(x).
 *
 * The loss of an action on a path ρ_t is E_0[s_0] - E_1[s_1] + ∫ E_t[Λ_t] dt (action matching; Neklyudov et al., ICML 2023), and paths of
 * least action are those on which Λ = 0 (Wasserstein Lagrangian flows; Neklyudov et al., ICML 2024). With σ > 0, s is the potential Φ of
 * the drift of the Schrödinger bridge. Noise with growth is not linear in the density: "regularised unbalanced", a heuristic.
 */
import { grad, jvp, laplacian, stopGradient, type Tensor, valueAndGrad } from "../../tensor/index.ts";
import type { Action } from "./action.ts";
import { type ConvexCost, quadraticCost, velocityOfMomentum } from "./costs.ts";

/** A scalar field of rows: t [B, 1], x [B, d] -> [B]. */
export type ScalarField = (t: Tensor, x: Tensor) => Tensor;
/** A vector field of rows: t [B, 1], x [B, d] -> [B, d]. */
export type VectorField = (t: Tensor, x: Tensor) => Tensor;

/** What the action of a path is made of. */
export interface Lagrangian {
  /** λ >= 0: the growth rate is λ s; 0 conserves mass. */
  readonly growth: number;
  /** σ >= 0, of dX = … + σ dW; where it depends on time, its root mean square, and σ(t) over that, [B, 1] -> [B, 1]. */
  readonly noise: number;
  readonly noiseShape?: (t: Tensor) => Tensor;
  readonly cost: ConvexCost;
  /** V: the action is kinetic energy minus V, so paths accelerate by -∇V. */
  readonly potential?: ScalarField;
  /** b: a velocity that costs nothing; the kinetic energy is that of the difference to it. */
  readonly drift?: VectorField;
}

/** Plain dynamics: dx/dt = ∇s. */
export const freeMotion: Lagrangian = { growth: 0, noise: 0, cost: quadraticCost };

/** Largest dimension for which Laplacians are taken exactly, in as many forward derivatives; above it, by a random probe. */
export const exactLaplacian = 3;

/** s [B], ∂s/∂t [B], ∇s [B, d] in one backward pass. */
export function derivatives(s: Action, t: Tensor, x: Tensor): { value: Tensor; rate: Tensor; gradient: Tensor } {
  const [[, value], g] = valueAndGrad(
    (at: { t: Tensor; x: Tensor }): [Tensor, Tensor] => {
      const rows = s(at.t, at.x);
      return [rows.sum(), rows];
    },
    { aux: true },
  )({ t, x });
  return { value, rate: g.t.squeeze(1), gradient: g.x };
}

/** ∇s [B, d]. */
export const gradient = (s: Action, t: Tensor, x: Tensor): Tensor => grad((z: Tensor) => s(t, z).sum())(x);

/** Velocity of particles, ∇c*(∇s) + b. With noise it is the drift of the forward process. */
export const velocity =
  (s: Action, { cost, drift }: Lagrangian = freeMotion): VectorField =>
  (t, x) => {
    const v = velocityOfMomentum(cost, gradient(s, t, x));
    return drift ? v.add(drift(t, x)) : v;
  };

/**
 * Δs [B]: exactly, or as e · ∇(∇s · e) for signs e of mean zero (Hutchinson's estimate, unbiased).
 *
 * @param probe  e [B, d]; absent: exact
 */
export function laplacianOf(s: Action, t: Tensor, x: Tensor, probe?: Tensor): Tensor {
  if (!probe) return laplacian((z) => s(t, z))(x).laplacian;
  const [, bend] = jvp((z: Tensor) => gradient(s, t, z), [x], [probe]);
  return bend.mul(probe).sum(1);
}

/** (σ²/2) Δ [B], of a Laplacian Δ [B] at times t [B, 1]. */
export function spreading({ noise, noiseShape }: Pick<Lagrangian, "noise" | "noiseShape">, t: Tensor, laplacian: Tensor): Tensor {
  const mean = laplacian.mul(noise ** 2 / 2);
  return noiseShape ? mean.mul(noiseShape(t).square().squeeze(1)) : mean;
}

/** c*(∇s) + <∇s, b> + (λ/2) s² + V [B]: all of Λ that has no derivative in time and no Laplacian. */
export function hamiltonian(l: Lagrangian, t: Tensor, x: Tensor, value: Tensor, g: Tensor): Tensor {
  let h = l.cost.conjugate(g);
  if (l.drift) h = h.add(l.drift(t, x).mul(g).sum(1));
  if (l.growth > 0) h = h.add(value.square().mul(l.growth / 2));
  return l.potential ? h.add(l.potential(t, x)) : h;
}

/** Λ_t(x) [B]. */
export function residual(l: Lagrangian, s: Action, t: Tensor, x: Tensor, probe?: Tensor): Tensor {
  const { value, rate, gradient: g } = derivatives(s, t, x);
  const free = rate.add(hamiltonian(l, t, x, value, g));
  return l.noise > 0 ? free.add(spreading(l, t, laplacianOf(s, t, x, probe))) : free;
}

/**
 * ∇Λ_t(x) [B, d], the force that is missing for a path of least action. The derivatives of s enter by one forward pass over the backward
 * one, ∂_t ∇s + ∇²s v (the material acceleration), which costs half of differentiating Λ backward.
 */
export function acceleration(l: Lagrangian, s: Action, t: Tensor, x: Tensor, probe?: Tensor): Tensor {
  const g = gradient(s, t, x);
  const v = velocity(s, l)(t, x);
  const one = t.mul(0).add(1);
  const [, material] = jvp((at: Tensor, z: Tensor) => gradient(s, at, z), [t, x], [one, v]);
  const parts = [material];
  if (l.growth > 0) parts.push(g.mul(s(t, x).mul(l.growth).expandDims(1)));
  const { potential, drift, noise } = l;
  if (potential || drift || noise > 0) {
    const fixed = stopGradient(g);
    const rest = (z: Tensor): Tensor => {
      const terms: Tensor[] = [];
      if (potential) terms.push(potential(t, z));
      if (drift) terms.push(drift(t, z).mul(fixed).sum(1));
      if (noise > 0) terms.push(spreading(l, t, laplacianOf(s, t, z, probe)));
      return terms.reduce((a, b) => a.add(b)).sum();
    };
    parts.push(grad(rest)(x));
  }
  return parts.reduce((a, b) => a.add(b));
}
