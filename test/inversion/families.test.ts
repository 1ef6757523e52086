/** Variational families: densities, Jacobians, divergences, gradients. */
import { describe, expect, test } from "vitest";
import { allocate, flatten, isArrayLeaf, mapTree, type NdArray, ndarray, randomStream, toNumbers } from "../../src/array/index.ts";
import type { Family } from "../../src/inversion/families/family.ts";
import { flowFamily } from "../../src/inversion/families/flow.ts";
import { inverseOf } from "../../src/inversion/families/gaussian.ts";
import { type FamilyName, familyNames, familyOf } from "../../src/inversion/families/index.ts";
import { planarMap } from "../../src/inversion/families/planar.ts";
import { objective } from "../../src/inversion/objective.ts";
import { identityPrior } from "../../src/inversion/prior.ts";
import { hermitePoints } from "../../src/inversion/quadrature.ts";
import type { Tensor } from "../../src/tensor/index.ts";
import * as t from "../../src/tensor/index.ts";

const rng = randomStream(3);

/** Parameters away from where they begin, in doubles; those of networks less far, whose layers add up. */
function wandered(family: Family, goals: number, seed = 1): object {
  const far = family.name === "flow" ? 0.05 : 0.3;
  const stream = randomStream(seed);
  return mapTree<object>(
    (a: NdArray<"f64">) => {
      const noise = stream.normal(a.shape, "f64").data;
      return { ...a, data: a.data.map((v, i) => v + far * noise[i]) };
    },
    family.init(goals, rng.fold("start"), "f64"),
  );
}

const small = { components: 3, depth: 3, levels: 2, coupling: "affine" } as const;
const made = (name: FamilyName, latent = 4): Family => familyOf(name, latent, rng.fold("order"), small);

/** Jacobian of z in the noise, by columns, of one goal and one draw. */
async function logDeterminant(family: Family, params: object, noise: NdArray): Promise<number> {
  const d = family.latent;
  const column = (k: number) =>
    t.jit((p: object, e: Tensor) => {
      const direction = t.oneHot(ndarray(Int32Array.of(k), [1, 1], "i32"), d, "f64");
      return t.jvp((e: Tensor) => family.draw(p, e).z, [e], [direction])[1].reshape([d]);
    })(params, noise);
  const rows = await Promise.all(Array.from({ length: d }, (_, k) => column(k)));
  const jacobian = ndarray(Float64Array.from(rows.flatMap(toNumbers)), [d, d], "f64");
  return toNumbers(await t.jit((j: Tensor) => t.slogdet(j).logAbs)(jacobian))[0];
}

// mixtures are no maps: their density is checked below
describe.each(["gaussian", "diagonal", "flow", "planar", "radial"] as const)("%s", (name) => {
  test.each([2, 6])("log q is log N(ε) - log |det ∂z/∂ε|, d = %i", async (latent) => {
    const family = made(name, latent);
    const params = wandered(family, 1);
    const noise = randomStream(7).normal([1, 1, latent], "f64");
    const { logDensity } = await t.jit((p: object, e: Tensor) => family.draw(p, e))(params, noise);
    const logNoise = toNumbers(noise).reduce((sum, v) => sum - (v * v) / 2 - Math.log(2 * Math.PI) / 2, 0);
    expect(toNumbers(logDensity)[0]).toBeCloseTo(logNoise - (await logDeterminant(family, params, noise)), 9);
  });
});

test.each([
  { levels: 1, coupling: "affine" },
  { levels: 1, coupling: "additive" },
  { levels: 3, coupling: "affine" },
] as const)("a flow's encoder inverts its draws and gives the same density: %o", async (options) => {
  const family = flowFamily(6, rng.fold("order"), { steps: 3, ...options });
  const params = wandered(family, 2) as Parameters<typeof family.draw>[0];
  const noise = randomStream(8).normal([2, 5, 6], "f64");
  const both = t.jit((p: typeof params, e: Tensor) => {
    const { z, logDensity } = family.draw(p, e);
    return { logDensity, back: family.encode(p, z) };
  });
  const { logDensity, back } = await both(params as never, noise);
  toNumbers(back.noise).forEach((v, i) => void expect(v).toBeCloseTo(noise.data[i], 10));
  toNumbers(back.logDensity).forEach((v, i) => void expect(v).toBeCloseTo(toNumbers(logDensity)[i], 9));
});

test("an additive coupling changes volume by its normalisation alone", async () => {
  const family = flowFamily(4, rng, { steps: 2, coupling: "additive" });
  const params = wandered(family, 1);
  const noise = randomStream(9).normal([1, 6, 4], "f64");
  const { logDensity } = await t.jit((p: object, e: Tensor) => family.draw(p as never, e))(params, noise);
  const volumes = Array.from({ length: 6 }, (_, i) => {
    const e = noise.data.slice(4 * i, 4 * i + 4);
    return toNumbers(logDensity)[i] + e.reduce((s, v) => s + (v * v) / 2 + Math.log(2 * Math.PI) / 2, 0);
  });
  for (const v of volumes) expect(v).toBeCloseTo(volumes[0], 9);
});

test("a planar map has the values of the formula", async () => {
  const row = (...values: number[]): NdArray => ndarray(Float64Array.from(values), [1, values.length], "f64");
  const params = { w: row(0.3, -0.7, 0.5), u: row(0.9, 0.2, -0.4), b: ndarray(Float64Array.of(0.1), [1], "f64") };
  const e = ndarray(Float64Array.of(1, 0.5, -0.3), [1, 1, 3], "f64");
  const { z, logDet } = await t.jit((p: Parameters<typeof planarMap>[0], e: Tensor) => planarMap(p, e))(params as never, e);
  const expected = [0.9102988, 0.4800664, -0.2601328];
  toNumbers(z).forEach((v, i) => void expect(v).toBeCloseTo(expected[i], 7));
  expect(toNumbers(logDet)[0]).toBeCloseTo(-0.0718232737, 9);
});

test("KL of the map z = 0.5 + e^0.3 ε is 0.2360594002", async () => {
  for (const name of ["gaussian", "diagonal"] as const) {
    const family = made(name, 1);
    const at = {
      mean: ndarray(Float64Array.of(0.5), [1, 1], "f64"),
      factor: ndarray(Float64Array.of(Math.exp(0.3)), [1, 1, 1], "f64"),
      codes: allocate("f64", [1, 1, 1]),
    };
    const params = family.place(family.init(1, rng, "f64"), at);
    const [kl] = toNumbers(await t.jit((p: object) => family.kl!(p))(params));
    expect(kl).toBeCloseTo(0.2360594002, 9);
  }
});

test("KL in closed form is the mean of log q - log p over the rule of Gauss and Hermite", async () => {
  const { noise, weights } = hermitePoints(2);
  const points = ndarray(Float64Array.from(noise), [1, weights.length, 2], "f64");
  for (const name of ["gaussian", "diagonal"] as const) {
    const family = made(name, 2);
    const params = wandered(family, 1);
    const both = t.jit((p: object, e: Tensor) => {
      const { z, logDensity } = family.draw(p, e);
      return { kl: family.kl!(p), terms: logDensity.add(z.square().sum(-1).mul(0.5)).add(Math.log(2 * Math.PI)) };
    });
    const { kl, terms } = await both(params, points);
    const mean = toNumbers(terms).reduce((sum, v, i) => sum + v * weights[i], 0);
    expect(toNumbers(kl)[0]).toBeCloseTo(mean, 9);
  }
});

test("the density of a mixture is the sum over its components, and integrates to 1", async () => {
  const family = made("mixture", 1);
  const params = wandered(family, 1) as { logits: NdArray; gaussians: { mean: NdArray; scale: NdArray } };
  const noise = ndarray(
    Float64Array.from({ length: 1200 }, (_, i) => -8 + (16 * ((i % 400) + 0.5)) / 400),
    [1, 1200, 1],
    "f64",
  );
  const { z, logDensity } = await t.jit((p: object, e: Tensor) => family.draw(p, e))(params, noise);
  const logits = toNumbers(params.logits);
  const total = logits.reduce((s, v) => s + Math.exp(v), 0);
  const [means, scales] = [toNumbers(params.gaussians.mean), toNumbers(params.gaussians.scale).map((v) => Math.log1p(Math.exp(v)))];
  const density = (x: number): number =>
    means.reduce(
      (s, m, c) => s + ((Math.exp(logits[c]) / total) * Math.exp(-0.5 * ((x - m) / scales[c]) ** 2)) / scales[c] / Math.sqrt(2 * Math.PI),
      0,
    );
  toNumbers(z).forEach((x, i) => void expect(Math.exp(toNumbers(logDensity)[i])).toBeCloseTo(density(x), 10));
});

test("the inverse of a factor by blocks is that of substitution, also where it is large, with its derivative", async () => {
  for (const d of [1, 2, 5, 8, 13, 40]) {
    const noise = randomStream(d).normal([3, d, d], "f64").data;
    // diagonals from 1 to 10⁻³: inverses up to thousands
    const entry = (v: number, i: number, j: number): number => (i === j ? 10 ** ((-3 * i) / d) : i > j ? 0.3 * v : 0);
    const lower = ndarray(
      noise.map((v, e) => entry(v, Math.floor(e / d) % d, e % d)),
      [3, d, d],
      "f64",
    );
    const probe = (m: Tensor): Tensor =>
      t
        .sin(
          t
            .iota(3 * d * d)
            .cast("f64")
            .reshape([3, d, d]),
        )
        .mul(m)
        .sum();
    const both = t.jit((l: Tensor) => {
      const identity = t.broadcastTo(t.eye(d, "f64"), [3, d, d]);
      const of = (f: (l: Tensor) => Tensor) => ({ value: f(l), slope: t.tril(t.grad((l: Tensor) => probe(f(l)))(l)) });
      return { blocks: of(inverseOf), solved: of((l) => t.triangularSolve(l, identity)) };
    });
    const { blocks, solved } = await both(lower);
    for (const key of ["value", "slope"] as const) {
      const [a, b] = [toNumbers(blocks[key]), toNumbers(solved[key])];
      const scale = Math.max(...b.map(Math.abs));
      a.forEach((v, i) => void expect(Math.abs(v - b[i])).toBeLessThan(1e-11 * scale));
    }
  }
});

describe("gradients of the objective against central differences", () => {
  const classifier = {
    ...{ name: "bumpy", classes: ["a", "b", "c"], input: [4] },
    logits: (x: Tensor): Tensor => t.concat([t.sin(x.slice([], [0, 2])), x.slice([], [2, 3]).mul(x.slice([], [3, 4]))], 1),
  };
  test.each(familyNames)("%s", async (name) => {
    const family = made(name);
    const goals = [
      { target: 0, gamma: 0.3 },
      { target: 2, gamma: 1 },
    ];
    const inversion = { family, classifier, prior: identityPrior([4], 4), goals };
    const params = wandered(family, 2);
    const noise = randomStream(5).normal([2, 6, 4], "f64");
    const weights = ndarray(new Float64Array(6).fill(family.components / 6), [6], "f64");
    const gamma = ndarray(Float64Array.of(0.3, 1), [2], "f64");
    const loss = (p: object, e: Tensor, w: Tensor, g: Tensor): Tensor => objective(inversion, p, e, w, g).loss.sum();
    const value = t.jit(loss);
    const gradient = await t.jit((p: object, e: Tensor, w: Tensor, g: Tensor) => t.grad(loss)(p, e, w, g))(params, noise, weights, gamma);
    const { leaves } = flatten(params, isArrayLeaf);
    const grads = flatten(gradient, isArrayLeaf).leaves as NdArray[];
    const stream = randomStream(11);
    for (const [l, leaf] of (leaves as NdArray<"f64">[]).entries()) {
      const i = Number(stream.integers(0, leaf.data.length, [1]).data[0]);
      const at = async (h: number): Promise<number> => {
        const kept = leaf.data[i];
        leaf.data[i] = kept + h;
        const y = toNumbers(await value(params, noise, weights, gamma))[0];
        leaf.data[i] = kept;
        return y;
      };
      const numeric = ((await at(1e-5)) - (await at(-1e-5))) / 2e-5;
      expect(Number(grads[l].data[i])).toBeCloseTo(numeric, 6);
    }
  });
});
