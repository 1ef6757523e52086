/**
 * Losses on pictures of independent normal bytes, against quadrature: with the U-Net at zero the skip is any action ½ a(t) x² + b(t) x, and the
 * loss is its action gap less the energy of the path.
 */
import { describe, expect, test } from "vitest";
import { item, type NdArray, ndarray, randomStream, sizeOf, toNumbers } from "../../../../src/array/index.ts";
import { jit, type Tensor } from "../../../../src/tensor/index.ts";
import { drawPictures, drawTimes, type ImageBatch, samplesOf } from "../../../../src/transport/images/learning/batch.ts";
import { type ImageLearnOptions, settingOf } from "../../../../src/transport/images/learning/learner.ts";
import { imageMethodOf } from "../../../../src/transport/images/learning/methods.ts";
import { type ImageNet, initImageNet } from "../../../../src/transport/images/learning/network.ts";
import { scheduleOf } from "../../../../src/transport/images/paths/schedules.ts";
import type { ImageProblem } from "../../../../src/transport/images/problem.ts";
import { hermite, legendre } from "../../quadrature.ts";
import { coefficients, type MixedName, momentsAt, noisyNet, normalBytes, ofBytes, problemOf, weights } from "../gaussian.ts";

/** Coefficients of 1, t and t² in a and in b. */
const [aOf, bOf] = [
  [-0.9, 1.5, 0.6],
  [0.3, 1.2, -0.9],
];
const polynomial = (c: readonly number[], t: number): number => c[0] + c[1] * t + c[2] * t * t;

/** A network of that action alone, on pictures of one value. */
function quadraticNet(problem: ImageProblem, options: ImageLearnOptions, gives: "seen" | "field" | "one"): ImageNet<NdArray> {
  const { net, skip } = initImageNet(randomStream(0), settingOf(problem, options).form, gives);
  // a, the factor of conditions, which there are none of here, and b
  const w = ndarray(Float32Array.of(aOf[1], 0, bOf[1], aOf[2], 0, bOf[2]), [2, 3], "f32");
  return { net, skip: { ...skip, w, b: ndarray(Float32Array.of(aOf[0], 0, bOf[0]), [3], "f32") } };
}

const pixels = normalBytes(50_000, [1, 1, 1], 1);
const size = { net: { channels: [2] } };

interface Measure {
  readonly options: ImageLearnOptions;
  /** Measure the difference to the loss of other options, on the same draws. */
  readonly less?: ImageLearnOptions;
  readonly rounds?: number;
  readonly rows?: number;
  /** Of the times, at equally spaced knots. */
  readonly density?: readonly number[];
}

/** The mean of a loss over batches, and its standard error. */
async function measured(problem: ImageProblem, net: ImageNet<NdArray>, { options, less, rounds = 15, rows = 1000, density }: Measure) {
  const lossOf = (o: ImageLearnOptions, params: ImageNet, batch: ImageBatch<Tensor>): Tensor =>
    imageMethodOf(o.method ?? "am").loss(params, samplesOf(problem, batch), settingOf(problem, o)).loss;
  const program = jit((params: ImageNet, batch: ImageBatch<Tensor>) => {
    const loss = lossOf(options, params, batch);
    return less ? loss.sub(lossOf(less, params, batch)) : loss;
  });
  const found: number[] = [];
  for (let i = 0; i < rounds; i++) {
    const rng = randomStream(`round ${i}`);
    const chosen = rng.integers(0, problem.train.pixels.shape[0], [rows]).data;
    const batch: ImageBatch = {
      ...drawPictures(problem, problem.train, chosen, rng, true),
      ...drawTimes(problem.schedule, rows, rng, density),
      probe: rng.normal([rows, sizeOf(problem.shape)]),
    };
    found.push(item(await program(net, batch)));
  }
  const mean = found.reduce((s, v) => s + v, 0) / rounds;
  const variance = found.reduce((s, v) => s + (v - mean) ** 2, 0) / (rounds - 1);
  return { mean, se: Math.sqrt(variance / rounds) };
}

interface Case {
  readonly path: MixedName;
  readonly noise?: number;
  readonly growth?: number;
  readonly weight?: "path" | "constant";
}

/** ∫ over the times of a path. */
function integral(path: MixedName, f: (t: number) => number): number {
  const { clean, spoilt } = scheduleOf(path);
  const [low, high] = [Math.min(clean, spoilt), Math.max(clean, spoilt)];
  const { x, w } = legendre(200);
  return x.reduce((s, u, i) => s + (high - low) * w[i] * f(low + (high - low) * u), 0);
}

/** The loss of the quadratic action in closed form but for the integral in time: half the mean of |∇s|² - 2 <∇s, ∇s*>, and the same of growth. */
function expected({ path, noise = 0, growth = 0, weight = "path" }: Case): number {
  const turn = noise > 0 && path !== "flow" ? -1 : 1; // the process from noise to pictures runs against the time of these paths
  const { x: nodes, w: chances } = hermite(8);
  return integral(path, (t) => {
    const { m, r, dm, dr } = momentsAt(path, ofBytes, t);
    const [a, b] = [polynomial(aOf, t), polynomial(bOf, t)];
    // s* = c (x - m) + (k/2) ((x - m)² - r²)
    const c = (turn * dm) / (1 + growth * r * r);
    const k = ((turn * dr) / r - noise ** 2 / (2 * r * r)) / (1 + (growth * r * r) / 2);
    const mean = nodes.reduce((sum, z, i) => {
      const x = m + r * z;
      const [slope, best] = [a * x + b, c + k * r * z];
      const [s, value] = [(a * x * x) / 2 + b * x, c * r * z + ((k * r * r) / 2) * (z * z - 1)];
      return sum + chances[i] * (slope ** 2 / 2 - slope * best + growth * (s ** 2 / 2 - s * value));
    }, 0);
    return (weight === "path" ? weights[path](t) : 1) * mean;
  });
}

const cases: [string, Case, ...("flow" | "action")[]][] = [
  ["flow, weighted", { path: "flow" }, "flow"],
  ["flow, constant weight", { path: "flow", weight: "constant" }, "flow", "action"],
  ["flow with noise", { path: "flow", noise: 0.5, weight: "constant" }, "flow", "action"],
  ["flow with growth", { path: "flow", growth: 1, weight: "constant" }, "flow", "action"],
  ["dimple with noise, against its time", { path: "dimple", noise: 0.5 }, "flow", "action"],
  ["dimple with growth", { path: "dimple", growth: 2 }, "flow"],
  ["vp, weighted", { path: "vp" }, "flow", "action"],
  ["vp with noise, against its time", { path: "vp", noise: 0.4 }, "flow"],
  ["sub-vp", { path: "sub-vp" }, "flow"],
  ["simple", { path: "simple" }, "flow"],
];

describe.each(cases)("%s", (_, one, ...objectives) => {
  const { path, noise = 0, growth = 0, weight = "path" } = one;
  const problem = problemOf(path, { shape: [1, 1, 1], pixels });
  test.each(objectives)("the loss (%s) of any action is its gap less the energy of the path", async (objective) => {
    const options: ImageLearnOptions = { ...size, noise, growth, weight, objective, head: "scalar" };
    const net = quadraticNet(problem, options, "one");
    const { mean, se } = await measured(problem, net, { options });
    const exact = expected(one);
    expect(Math.abs(exact)).toBeGreaterThan(5 * se); // so that a wrong sign or factor shows
    expect(Math.abs(mean - exact)).toBeLessThan(5 * se);
  });
});

/** The same in closed form for fields a x + b that are held against velocities (fm), noises (dsm) or scores (ssm). */
function expectedField(method: "fm" | "dsm" | "ssm", path: MixedName): number {
  return integral(path, (t) => {
    const { m, r, dm, dr } = momentsAt(path, ofBytes, t);
    const { b: noise, da, db } = coefficients[path](t);
    const [a, b] = [polynomial(aOf, t), polynomial(bOf, t)];
    const square = (a * r) ** 2 + (a * m + b) ** 2; // E|h|²
    if (method === "ssm") return noise ** 2 * (square / 2 + a);
    if (method === "dsm") return (square - 2 * a * noise + 1) / 2; // E[x_t z] = b
    const speed = da ** 2 * (ofBytes.deviation ** 2 + ofBytes.mean ** 2) + db ** 2;
    return (weights[path](t) * (square - 2 * (a * r * dr + (a * m + b) * dm) + speed)) / 2;
  });
}

test.each([
  ["fm", "flow"],
  ["fm", "vp"],
  ["fm", "dimple"],
  ["dsm", "vp"],
  ["dsm", "sub-vp"],
  ["ssm", "flow"],
] as const)("%s on %s: the loss of a linear field, in closed form", async (method, path) => {
  const problem = problemOf(path, { shape: [1, 1, 1], pixels });
  const options: ImageLearnOptions = { ...size, method };
  const net = quadraticNet(problem, options, "field");
  const { mean, se } = await measured(problem, net, { options });
  const exact = expectedField(method, path);
  expect(Math.abs(exact)).toBeGreaterThan(8 * se);
  expect(Math.abs(mean - exact)).toBeLessThan(5 * se);
});

test.each([
  ["am", "flow"],
  ["am", "action"],
  ["fm", "flow"],
] as const)("times that are drawn more often count less (%s, objective %s)", async (method, objective) => {
  const problem = problemOf("flow", { shape: [1, 1, 1], pixels });
  const options: ImageLearnOptions = { ...size, method, objective, head: "scalar", weight: "constant" };
  const net = quadraticNet(problem, options, method === "am" ? "one" : "field");
  const density = [1.6, 0.8, 0.5, 1.1, 1.6]; // of mean one
  const [drawn, even] = [await measured(problem, net, { options, density }), await measured(problem, net, { options })];
  expect(Math.abs(drawn.mean)).toBeGreaterThan(5 * drawn.se);
  expect(Math.abs(drawn.mean - even.mean)).toBeLessThan(5 * Math.hypot(drawn.se, even.se));
});

test("losses are of a pixel of one channel", async () => {
  const [one, many] = [[1, 1, 1] as const, [2, 2, 3] as const];
  const [small, large] = [
    problemOf("flow", { shape: one, pixels }),
    problemOf("flow", { shape: many, pixels: normalBytes(20_000, many, 2) }),
  ];
  const net = quadraticNet(small, size, "one");
  const { skip } = net;
  // the same action for each channel
  const both = (x: NdArray): number[] => toNumbers(x).flatMap((v, i) => (i % 3 === 2 ? [v, v] : [v]));
  const wide = {
    net: initImageNet(randomStream(0), settingOf(large, size).form, "one").net,
    skip: {
      w: ndarray(Float32Array.from(both(skip.w)), [2, 4], "f32"),
      b: ndarray(Float32Array.from(both(skip.b as NdArray)), [4], "f32"),
    },
  };
  const options: ImageLearnOptions = { ...size, head: "scalar" };
  const { mean, se } = await measured(large, wide, { options, rounds: 15, rows: 1000 });
  expect(Math.abs(mean - expected({ path: "flow" }))).toBeLessThan(5 * se);
});

describe("for any network both objectives have one expectation", () => {
  test.each([
    ["flow", { noise: 0.5, weight: "constant" }],
    ["vp", { weight: "path" }],
    ["torus", { weight: "path" }],
    ["blur", { growth: 1, weight: "path" }],
  ] as const)("%s %o", async (path, options) => {
    const problem = problemOf(path, { shape: [1, 2, 2] });
    const [flow, action] = (["flow", "action"] as const).map((objective) => ({ ...size, ...options, objective, head: "scalar" as const }));
    const net = noisyNet(settingOf(problem, flow).form, "one", 5, 0.4, true);
    const { mean, se } = await measured(problem, net, { options: action, less: flow, rows: 500 });
    const { mean: loss } = await measured(problem, net, { options: flow, rows: 500 });
    expect(se).toBeLessThan(Math.abs(loss) / 4);
    expect(Math.abs(mean)).toBeLessThan(5 * se);
  });
});
