import { expect, test } from "vitest";
import { type NdArray, ndarray, randomStream, toNumbers } from "../../src/array/index.ts";
import { bernoulliLogDensity, elboParts, gaussianKl, gaussianLogDensity, importanceBound, type Vae } from "../../src/generative/index.ts";
import { denseRows } from "../../src/generative/networks.ts";
import { constant, grad, jit, type Tensor } from "../../src/tensor/index.ts";

const f64 = (values: ArrayLike<number>, shape: readonly number[]): NdArray<"f64"> => ndarray(Float64Array.from(values), shape, "f64");

test("the KL of a diagonal Gaussian is the mean of its log-density ratio", async () => {
  const [mean, logVariance] = [f64([0.3, -1.2, 0], [1, 3]), f64([-0.5, 0.4, 0], [1, 3])];
  const kl = jit((m: Tensor, v: Tensor) => gaussianKl({ mean: m, logVariance: v }));
  const [value] = toNumbers(await kl(mean, logVariance));
  // ½ Σ (m² + s² - 1 - log s²) by hand
  const expected = [0, 1, 2].reduce((s, j) => s + (mean.data[j] ** 2 + Math.exp(logVariance.data[j]) - 1 - logVariance.data[j]) / 2, 0);
  expect(value).toBeCloseTo(expected, 12);
  const n = 200_000;
  const noise = randomStream(1).normal([n, 3], "f64");
  const ratios = toNumbers(
    await jit((m: Tensor, v: Tensor, e: Tensor) => {
      const z = m.add(v.mul(0.5).exp().mul(e));
      return gaussianLogDensity(z, m, v).sub(gaussianLogDensity(z, 0, 0));
    })(mean, logVariance, noise),
  );
  const average = ratios.reduce((s, r) => s + r / n, 0);
  const error = Math.sqrt(ratios.reduce((s, r) => s + (r - average) ** 2, 0)) / n;
  expect(Math.abs(average - value)).toBeLessThan(4 * error); // fails once in 16,000 correct builds
});

test("log-densities are those of the textbook", async () => {
  const x = f64([0.2, 1.1], [1, 2]);
  const [gaussian] = toNumbers(await jit((x: Tensor) => gaussianLogDensity(x, 0.5, Math.log(0.3)))(x));
  const one = (v: number) => -((v - 0.5) ** 2) / 0.6 - Math.log(2 * Math.PI * 0.3) / 2;
  expect(gaussian).toBeCloseTo(one(0.2) + one(1.1), 12);
  const [bits] = toNumbers(await jit(bernoulliLogDensity)(f64([1, 0], [1, 2]), f64([0.7, -1.5], [1, 2])));
  const sigmoid = (a: number) => 1 / (1 + Math.exp(-a));
  expect(bits).toBeCloseTo(Math.log(sigmoid(0.7)) + Math.log(1 - sigmoid(-1.5)), 12);
});

/**
 * The linear-Gaussian model x = w z + b + σ e in one dimension, where everything is known: log p(x) = log N(b, w² + σ²), the posterior
 * N(w (x - b) / (w² + σ²), σ² / (w² + σ²)). The encoder is N(a (x - b), s²).
 */
const [w, b, variance] = [1.5, 0.4, 0.3];
const linear: Vae<{ a: Tensor; s: Tensor }> = {
  encode: ({ a, s }, x) => {
    const mean = x.sub(b).mul(a);
    return constant(f64([1, 0], [1, 2]))
      .mul(mean)
      .add(constant(f64([0, 1], [1, 2])).mul(s));
  },
  decode: (_, z) => z.mul(w).add(b),
  logLikelihood: (_, x, y) => gaussianLogDensity(x, y, Math.log(variance)),
};
const exact = { a: w / (w * w + variance), s: Math.log(variance / (w * w + variance)) };
const wrong = { a: 0.8 * exact.a, s: exact.s + 0.7 };
const params = ({ a, s }: typeof exact) => ({ a: f64([a], []), s: f64([s], []) });
const x = f64([-2, 0.1, 0.9, 3], [4, 1]);
const logEvidence = Array.from(x.data, (v) => -((v - b) ** 2) / (2 * (w * w + variance)) - Math.log(2 * Math.PI * (w * w + variance)) / 2);

test("the bound lies below log p(x), by KL(q ‖ posterior)", async () => {
  const n = 100_000;
  const draws = jit((p: { a: Tensor; s: Tensor }, x: Tensor, e: Tensor) => {
    const { reconstruction, kl } = elboParts(linear, p, x, e);
    return reconstruction.sub(kl);
  });
  for (let i = 0; i < 4; i++) {
    const many = f64(new Float64Array(n).fill(x.data[i]), [n, 1]);
    const values = toNumbers(await draws(params(wrong), many, randomStream(2).fold(i).normal([n, 1], "f64")));
    const average = values.reduce((s, v) => s + v / n, 0);
    const error = Math.sqrt(values.reduce((s, v) => s + (v - average) ** 2, 0)) / n;
    // KL(N(m, s²) ‖ N(μ, τ²)) = log τ/s + (s² + (m - μ)²) / 2 τ² - ½
    const gap = (wrong.a - exact.a) * (x.data[i] - b);
    const kl = (exact.s - wrong.s) / 2 + (Math.exp(wrong.s) + gap ** 2) / (2 * Math.exp(exact.s)) - 0.5;
    expect(Math.abs(average - (logEvidence[i] - kl))).toBeLessThan(4.5 * error);
  }
});

test("with the exact posterior every draw of importance weights gives log p(x) itself", async () => {
  const noise = randomStream(3).normal([7, 4, 1], "f64");
  const values = toNumbers(
    await jit((p: { a: Tensor; s: Tensor }, x: Tensor, e: Tensor) => importanceBound(linear, p, x, e))(params(exact), x, noise),
  );
  values.forEach((v, i) => expect(v).toBeCloseTo(logEvidence[i], 12));
});

test("the importance-weighted bound rises with K and stays below log p(x)", async () => {
  const repeats = 20_000;
  const bound = jit((p: { a: Tensor; s: Tensor }, x: Tensor, e: Tensor) => importanceBound(linear, p, x, e));
  const many = f64(new Float64Array(repeats).fill(3), [repeats, 1]);
  const noise = randomStream(4).normal([16, repeats, 1], "f64");
  const first = (k: number) => f64(noise.data.slice(0, k * repeats), [k, repeats, 1]);
  const values: number[][] = [];
  for (const k of [1, 4, 16]) values.push(toNumbers(await bound(params(wrong), many, first(k))));
  const statistics = (v: number[]) => {
    const mean = v.reduce((s, r) => s + r, 0) / v.length;
    return { mean, error: Math.sqrt(v.reduce((s, r) => s + (r - mean) ** 2, 0)) / v.length };
  };
  // paired: the larger K holds the draws of the smaller one
  for (const i of [0, 1]) {
    const { mean, error } = statistics(values[i + 1].map((v, j) => v - values[i][j]));
    expect(mean).toBeGreaterThan(4 * error);
  }
  const last = statistics(values[2]);
  expect(last.mean - 4 * last.error).toBeLessThan(logEvidence[3]);
});

test("the gradient of the bound is that of finite differences", async () => {
  const [encoder, decoder] = [
    denseRows(3, 4, { width: 5, depth: 1 }, "tanh", "f64"),
    denseRows(2, 3, { width: 5, depth: 1 }, "silu", "f64"),
  ];
  type P = { e: object; d: object; s: Tensor };
  const vae: Vae<P> = {
    encode: (p, x) => encoder.apply(p.e as never, x),
    decode: (p, z) => decoder.apply(p.d as never, z),
    logLikelihood: (p, x, y) => gaussianLogDensity(x, y, p.s),
  };
  const rng = randomStream(5);
  const start = { e: encoder.init(rng.fold(0)), d: decoder.init(rng.fold(1)), s: f64([-0.3], []) };
  const [data, noise] = [rng.normal([6, 3], "f64"), rng.normal([6, 2], "f64")];
  const loss = (p: P, x: Tensor, e: Tensor): Tensor => {
    const { reconstruction, kl } = elboParts(vae, p, x, e);
    return kl.sub(reconstruction).mean();
  };
  const value = jit(loss);
  const slopes = await jit((p: P, x: Tensor, e: Tensor) => grad((p: P) => loss(p, x, e))(p))(start as never, data, noise);
  type Layers = { layers: { w: NdArray<"f64">; b: NdArray<"f64"> }[] };
  const pick = (tree: typeof start) => [
    (tree.e as Layers).layers[0].w,
    (tree.e as Layers).layers[1].b,
    (tree.d as Layers).layers[1].w,
    tree.s,
  ];
  const found = pick(slopes as never);
  for (const [k, array] of pick(start).entries())
    for (const at of [0, array.data.length - 1]) {
      const h = 1e-5;
      const before = array.data[at];
      const ends: number[] = [];
      for (const side of [h, -h]) {
        array.data[at] = before + side;
        ends.push(toNumbers(await value(start as never, data, noise))[0]);
      }
      array.data[at] = before;
      // truncation h² and rounding 1e-16 / h leave nine digits
      expect(Number(found[k].data[at])).toBeCloseTo((ends[0] - ends[1]) / (2 * h), 7);
    }
});
