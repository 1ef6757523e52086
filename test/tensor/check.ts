/** Checks shared by the tests of the engine. Each compiles one program that answers many questions. */
import { expect } from "vitest";
import { type NdArray, ndarray, randomStream, type Shape, toNumbers } from "../../src/array/index.ts";
import { type Arrays, grad, jit, jvp, mul, stack, sum, type Tensor, vjp, vmap } from "../../src/tensor/index.ts";

export const f64 = (values: readonly number[], shape: Shape = [values.length]): NdArray => ndarray(Float64Array.from(values), shape, "f64");
export const f32 = (values: readonly number[], shape: Shape = [values.length]): NdArray => ndarray(Float32Array.from(values), shape, "f32");
export const i32 = (values: readonly number[], shape: Shape = [values.length]): NdArray => ndarray(Int32Array.from(values), shape, "i32");
export const bool = (values: readonly boolean[], shape: Shape = [values.length]): NdArray =>
  ndarray(Uint8Array.from(values, Number), shape, "bool");

/** Standard normal numbers, f64; different shapes and seeds give different numbers. */
export const normal = (shape: Shape, seed = 1): NdArray => randomStream(`${seed} of ${shape.join("x")}`).normal(shape, "f64");

/** Numbers between low and high, evenly spread and shuffled: distinct, and away from each other. */
export function spread(low: number, high: number, shape: Shape, seed = 1): NdArray {
  const n = shape.reduce((a, b) => a * b, 1);
  const order = toNumbers(randomStream(seed).permutation(n));
  return f64(
    order.map((k) => low + ((k + 0.5) * (high - low)) / n),
    shape,
  );
}

/** Compiles f, runs it once. */
export const run = <A extends unknown[], R>(f: (...args: A) => R, ...args: unknown[]): Promise<Arrays<R>> =>
  (jit(f) as (...args: unknown[]) => Promise<Arrays<R>>)(...args);

/** Equal shapes, and elements that differ by at most `tolerance` times the larger of 1 and the largest finite expected element. */
export function expectClose(actual: NdArray, expected: NdArray | readonly number[], tolerance: number, what = ""): void {
  const wanted = "dtype" in expected ? toNumbers(expected) : expected;
  if ("dtype" in expected) expect(actual.shape, `shape ${what}`).toEqual(expected.shape);
  const got = toNumbers(actual);
  expect(got.length, `size ${what}`).toBe(wanted.length);
  const scale = wanted.reduce((most, v) => (Number.isFinite(v) ? Math.max(most, Math.abs(v)) : most), 1);
  got.forEach((y, i) => {
    const e = wanted[i];
    if (Number.isFinite(e) && !(Math.abs(y - e) <= tolerance * scale))
      expect.fail(`${what} element ${i}: ${y} is not ${e} within ${tolerance * scale}`);
    if (!Number.isFinite(e)) expect(y, `${what} element ${i}`).toBe(e);
  });
}

/** Each element within `tolerance` times its own magnitude. */
export function expectRelative(actual: NdArray, expected: readonly number[], tolerance: number, what = ""): void {
  toNumbers(actual).forEach((y, i) => {
    const e = expected[i];
    if (Object.is(y, e) || (y === 0 && e === 0)) return;
    if (!(Math.abs(y - e) <= tolerance * Math.abs(e))) expect.fail(`${what} element ${i}: ${y} is not ${e}`);
  });
}

type Fn = (...xs: Tensor[]) => Tensor;

interface CheckOptions {
  /** Leave out what a function does not support. */
  readonly without?: readonly ("f32" | "second" | "vmap")[];
}

/** Step of central differences along directions of length about 0.1: truncation h² f'''/6, rounding ε |f| / h, both near 1e-11. */
const h = 2 ** -14;

/**
 * Everything that must hold for a smooth function of f64 tensors near a point:
 * jvp = central difference; ⟨u, J v⟩ = ⟨Jᵀ u, v⟩; forward over reverse = central difference of the vjp = reverse over forward = reverse
 * over reverse; vmap = one call after another, for every choice of batched arguments; f32 = f64 up to rounding.
 */
export async function checkDerivatives(f: Fn, points: readonly NdArray[], { without = [] }: CheckOptions = {}): Promise<void> {
  const directions = points.map((p, i) =>
    f64(
      toNumbers(normal(p.shape, 100 + i)).map((z) => 0.1 * z),
      p.shape,
    ),
  );
  const program = (xs: Tensor[], vs: Tensor[]) => {
    const value = f(...xs);
    const weight = (t: Tensor, seed = 7): Tensor => mul(t, normal(t.shape, seed));
    const at = (step: number): Tensor[] => xs.map((x, i) => x.add(vs[i].mul(step)));
    const dy = jvp(f, xs, vs)[1];
    const u = (y: Tensor): Tensor => weight(y.mul(0).add(1));
    const back = (...ps: Tensor[]): Tensor[] => {
      const [y, pull] = vjp(f, ...ps);
      return pull(u(y));
    };
    const g = back(...xs);
    const inner = (as: Tensor[], bs: Tensor[]): Tensor => as.map((a, i) => sum(mul(a, bs[i]))).reduce((a, b) => a.add(b));
    const difference = (a: Tensor, b: Tensor): Tensor => a.sub(b).div(2 * h);
    const first = {
      value,
      tangent: [dy, difference(f(...at(h)), f(...at(-h)))],
      transpose: [sum(weight(dy)), inner(g, vs)],
    };
    const second = () => {
      const forward = jvp(back, xs, vs)[1];
      const [plus, minus] = [back(...at(h)), back(...at(-h))];
      const alongForward = (ps: Tensor[]): Tensor => sum(weight(jvp(f, ps, vs)[1]));
      const alongReverse = (ps: Tensor[]): Tensor => inner(back(...ps), vs);
      return {
        differences: forward.map((x, i) => [x, difference(plus[i], minus[i])]),
        contractions: [inner(forward, vs), inner(grad(alongForward)(xs), vs), inner(grad(alongReverse)(xs), vs)],
      };
    };
    const batches = () => {
      const next = at(1);
      const choices = points.length === 1 ? [[true]] : [points.map(() => true), ...points.map((_, i) => points.map((_, j) => i === j))];
      return choices.map((batched) => {
        const axes = batched.map((b) => (b ? 0 : null));
        const rows = xs.map((x, i) => (batched[i] ? stack([x, next[i]]) : x));
        const other = xs.map((x, i) => (batched[i] ? next[i] : x));
        const [gx, gOther] = [g, back(...other)];
        return [
          [vmap(f, axes)(...rows), stack([value, f(...other)])],
          ...vmap(back, axes)(...rows).map((row, i) => [row, stack([gx[i], gOther[i]])]),
        ];
      });
    };
    const single = () => {
      const low = xs.map((x) => x.cast("f32"));
      const lowV = vs.map((v) => v.cast("f32"));
      const [y, d] = jvp(f, low, lowV);
      return [
        [y.cast("f64"), value],
        [d.cast("f64"), dy],
      ];
    };
    return {
      first,
      second: without.includes("second") ? undefined : second(),
      batches: without.includes("vmap") ? [] : batches(),
      single: without.includes("f32") ? [] : single(),
    };
  };
  const wrapped = (xs: Tensor[], vs: Tensor[]) => {
    const { second, ...rest } = program(xs, vs);
    return { ...rest, second: second ?? { differences: [], contractions: [] } };
  };
  const { first, second, batches, single } = await run(wrapped, points, directions);
  // Central differences agree to 1e-10 times third derivatives, which stay below 1e3 at the points of these tests.
  expectClose(first.tangent[0], first.tangent[1], 1e-7, "jvp against central differences:");
  // Reordered sums of f64 products: some hundred roundings.
  expectClose(first.transpose[0], first.transpose[1], 1e-12, "vjp against jvp:");
  second.differences.forEach(([a, b], i) => expectClose(a, b, 1e-7, `second derivative, argument ${i}:`));
  second.contractions.forEach((c, i) => expectClose(c, second.contractions[0], 1e-11, `second derivative, order ${i}:`));
  batches.forEach((pairs, i) =>
    pairs.forEach(([a, b], j) => expectClose(a, b, 1e-12, `vmap, choice ${i}, ${j ? `cotangent ${j - 1}` : "value"}:`)),
  );
  // Some tens of f32 roundings (6e-8 each), with a condition number of some tens.
  single.forEach(([a, b], i) => expectClose(a, b, 2e-5, `f32 against f64, ${i ? "tangent" : "value"}:`));
}
