/** Solvers that know the gradients of single walkers: O [parameters, walkers], centred and divided by √walkers, so that F = O Oᵀ. */
import { choleskyFactor, choleskySolve, type NdArray, ndarray } from "../../array/index.ts";
import { jit, type Tensor } from "../../tensor/index.ts";
import type { Direction, Memory, Solver, Step } from "./solver.ts";
import { combined, countOf } from "./vector.ts";

const programs = {
  /** ρ F + (1 - ρ) O Oᵀ, in f64. */
  mixed: jit((f: Tensor, o: Tensor, keep: Tensor): Tensor => {
    const wide = o.cast("f64");
    return f.mul(keep).add(wide.matmul(wide.transpose()).mul(keep.mul(-1).add(1)));
  }),
  /** Oᵀ O. */
  kernel: jit((o: Tensor): Tensor => o.transpose().matmul(o).cast("f64")),
  down: jit((o: Tensor, v: Tensor): Tensor => o.cast("f64").transpose().matmul(v)),
  up: jit((o: Tensor, y: Tensor): Tensor => o.cast("f64").matmul(y)),
};

const vectorOf = (a: NdArray): Float64Array => a.data as Float64Array;
const arrayOf = (v: Float64Array): NdArray => ndarray(Float64Array.from(v), [v.length], "f64");

/** O as the step gives it. */
function rowsOf({ curvature }: Step): NdArray | undefined {
  return curvature && "data" in curvature ? (curvature as NdArray) : undefined;
}

const down = async (o: NdArray, v: Float64Array): Promise<Float64Array> => vectorOf(await programs.down(o, arrayOf(v)));
const up = async (o: NdArray, y: Float64Array): Promise<Float64Array> => vectorOf(await programs.up(o, arrayOf(y)));

const at = (memory: Memory, name: string): NdArray | undefined => {
  const part = memory[name];
  return part && "data" in part && "dtype" in part ? (part as NdArray) : undefined;
};

/** How much of the moving average is kept. */
const keep = 0.95;

/**
 * Stochastic reconfiguration: F averaged over steps, (F + λ I) v = g in doubles. For up to some 1,500 parameters.
 *
 * @source  Sorella, Phys. Rev. Lett. 80 (1998)
 */
export const reconfiguration: Solver = {
  name: "sr",
  curvature: "rows",
  init(parameters) {
    const n = countOf(parameters);
    return { fisher: ndarray(new Float64Array(n * n), [n, n], "f64"), weight: ndarray(new Float64Array(1), [], "f64") };
  },
  async direction(step, memory): Promise<Direction | undefined> {
    const [o, old, weight] = [rowsOf(step), at(memory, "fisher"), at(memory, "weight")];
    if (!o || !old || !weight) return undefined;
    const fisher = await programs.mixed(old, o, keep);
    const share = Number(weight.data[0]) * keep + 1 - keep;
    const n = fisher.shape[0];
    // the average began at zero: what is missing of its weight scales it
    const factor = choleskyFactor(fisher.data as Float64Array, n, step.damping * share);
    if (!factor) return undefined;
    const apply = (v: Float64Array): Float64Array => choleskySolve(factor, v).map((x) => x * share);
    return { vector: apply(step.gradient), memory: { fisher, weight: ndarray(Float64Array.of(share), [], "f64") }, apply };
  },
};

/**
 * MinSR: v = O (OᵀO + λ)⁻¹ ε, a system of walkers instead of parameters. For gradients O ε only, those of the Fisher-Rao flow.
 *
 * @source  Chen & Heyl, Nature Physics 20 (2024)
 */
export const minimalReconfiguration: Solver = {
  name: "minsr",
  curvature: "rows",
  init: () => ({}),
  async direction(step, memory): Promise<Direction | undefined> {
    const o = rowsOf(step);
    const factor = o && (await kernelFactor(o, step.damping));
    if (!o || !factor) return undefined;
    return { vector: await up(o, choleskySolve(factor, step.residuals)), memory };
  },
};

async function kernelFactor(o: NdArray, damping: number, ones = 0) {
  const kernel = await programs.kernel(o);
  const n = kernel.shape[0];
  const data = ones === 0 ? (kernel.data as Float64Array) : (kernel.data as Float64Array).map((k) => k + ones);
  return choleskyFactor(data, n, damping);
}

/**
 * v = γ g - γ O A⁻¹ Oᵀg + (1 - γ λ) O A⁻² Oᵀg, A = OᵀO + λ: (s + γ λ²) / (s + λ)² along an eigenvector of F of eigenvalue s, which is near
 * 1 / (s + λ) where s >> λ, and γ outside of the walkers' span. γ = 1/λ is Woodbury's identity, exact but unstable where g leaves the span, as
 * that of Wasserstein flows does; γ = 0 drops what is outside.
 *
 * @source  derived from (O Oᵀ + λ)⁻¹; γ = 1/√λ between the two
 */
export const robust = (gamma: (damping: number) => number = (damping) => 1 / Math.sqrt(damping)): Solver => ({
  name: "robust",
  curvature: "rows",
  init: () => ({}),
  async direction(step, memory): Promise<Direction | undefined> {
    const o = rowsOf(step);
    const vector = o && (await robustInverse(o, step.gradient, step.damping, gamma(step.damping)));
    return vector && { vector, memory };
  },
});

async function robustInverse(o: NdArray, g: Float64Array, damping: number, gamma: number): Promise<Float64Array | undefined> {
  const factor = await kernelFactor(o, damping);
  if (!factor) return undefined;
  const once = choleskySolve(factor, await down(o, g));
  const twice = choleskySolve(factor, once);
  return combined(gamma, g, 1, await up(o, combined(-gamma, once, 1 - gamma * damping, twice)));
}

/**
 * SPRING: MinSR around a fraction of the last direction, v = p + O (OᵀO + λ + 11ᵀ/B)⁻¹ (ε - Oᵀp), p = μ v_before. Where the gradient is not O ε,
 * the same in general form: v = G g + p - O A⁻¹ Oᵀp with the robust inverse G.
 *
 * @param mu  μ
 * @source  Goldshlager, Abrahamsen & Lin, J. Comput. Phys. 516 (2024)
 */
export const spring = (fisherRaoOnly: boolean, mu = 0.99): Solver => ({
  name: "spring",
  curvature: "rows",
  init: (parameters) => ({ before: arrayOf(new Float64Array(countOf(parameters))) }),
  async direction(step, memory): Promise<Direction | undefined> {
    const [o, before] = [rowsOf(step), at(memory, "before")];
    if (!o || !before) return undefined;
    const p = vectorOf(before).map((v) => mu * v);
    const seen = await down(o, p);
    const factor = await kernelFactor(o, step.damping, 1 / seen.length);
    if (!factor) return undefined;
    const right = fisherRaoOnly ? combined(1, step.residuals, -1, seen) : seen.map((v) => -v);
    const moved = combined(1, p, 1, await up(o, choleskySolve(factor, right)));
    const general = fisherRaoOnly ? undefined : await robustInverse(o, step.gradient, step.damping, 1 / Math.sqrt(step.damping));
    if (!fisherRaoOnly && !general) return undefined;
    const vector = general ? combined(1, general, 1, moved) : moved;
    return { vector, memory: { before: arrayOf(vector) } };
  },
});
