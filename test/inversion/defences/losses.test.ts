import { expect, test } from "vitest";
import { array, flatten, isArrayLeaf, item, mapTree, type NdArray, randomStream, toNumbers } from "../../../src/array/index.ts";
import { codeDivergence, type Defence, defendedLoss, forSteps, usualDefences } from "../../../src/inversion/defences/defence.ts";
import { coco, type Dependence, gaussianKernel, linearKernel, normalisedHsic } from "../../../src/inversion/defences/dependence.ts";
import { classifierNetwork, type NetworkOptions, type NetworkParams } from "../../../src/inversion/defences/network.ts";
import { ramp, smoothedCrossEntropy } from "../../../src/inversion/defences/smoothing.ts";
import { type Arrays, eye, inverse, jit, scalar, type Tensor, valueAndGrad } from "../../../src/tensor/index.ts";

const options: NetworkOptions = { input: [3], classes: 4, kind: "mlp", widths: [5, 4], activation: "silu" };
const picture: NetworkOptions = { input: [1, 8, 8], classes: 3, kind: "conv", widths: [2, 3], activation: "silu" };

const inner = (a: unknown, b: unknown): number => {
  const [left, right] = [a, b].map((tree) => (flatten(tree, isArrayLeaf).leaves as NdArray[]).flatMap(toNumbers));
  return left.reduce((sum, v, i) => sum + v * right[i], 0);
};

/** Slope of the loss along a random direction, by its gradient and by central differences. */
async function slopes(network: NetworkOptions, defence: Defence): Promise<[number, number]> {
  const made = classifierNetwork({ ...network, ...(defence.kind === "bottleneck" ? { code: 3 } : {}) });
  const rng = randomStream("slopes");
  const params = made.init(rng.fold("params"), "f64");
  const size = network.input.reduce((a, b) => a * b, 1);
  const x = rng.fold("x").normal([8, size], "f64");
  const y = array([0, 1, 2, 0, 1, 2, 1, 0], "i32");
  const noise = { input: rng.fold("input").normal([8, size], "f64"), code: rng.fold("code").normal([8, 3], "f64") };
  const program = jit(
    valueAndGrad((p: NetworkParams, x: Tensor, y: Tensor, noise: { input: Tensor; code: Tensor }) =>
      defendedLoss(made, defence, p, { x, y, noise, step: scalar(3, "i32") }),
    ),
  );
  const direction = mapTree<Arrays<NetworkParams>>((a: NdArray) => rng.normal(a.shape, "f64"), params);
  const at = async (h: number): Promise<number> => {
    const there = mapTree<Arrays<NetworkParams>>(
      (a: NdArray<"f64">, d: NdArray<"f64">) => ({ ...a, data: a.data.map((v, i) => v + h * d.data[i]) }),
      params,
      direction,
    );
    return item((await program(there, x, y, noise))[0]);
  };
  const [, gradient] = await program(params, x, y, noise);
  const h = 1e-5; // the error of central differences is about h² = 1e-10 of the third derivative
  return [inner(gradient, direction), ((await at(h)) - (await at(-h))) / (2 * h)];
}

const all: Readonly<Record<string, Defence>> = {
  ...usualDefences,
  "negative, half ramped in": { kind: "label-smoothing", alpha: -0.05, from: 1, to: 5 },
  "Gaussian labels": { kind: "dependence", measure: "hsic", lx: 0.1, ly: 2, sigma: 2, labels: "gaussian" },
};

test.each(Object.keys(all))("the gradient of %s is the slope of its loss, for dense layers and convolutions", async (name) => {
  for (const network of [options, picture]) {
    const [byGradient, byDifference] = await slopes(network, all[name]);
    expect(Math.abs(byGradient - byDifference)).toBeLessThan(1e-6 * Math.max(1, Math.abs(byDifference)));
  }
});

test("smoothed labels of p = (0.7, 0.2, 0.1): over the others, over all, and how they go together", async () => {
  const logits = array([0.7, 0.2, 0.1].map(Math.log), "f64", [1, 3]);
  const y = array([0], "i32");
  const loss = (alpha: number, over: "all" | "others") =>
    jit((logits: Tensor, y: Tensor) => smoothedCrossEntropy(logits, y, alpha, over))(logits, y).then(item);
  expect(await loss(0.1, "others")).toBeCloseTo(0.5166085998, 10);
  expect(await loss(0.1, "all")).toBeCloseTo(0.4632973812, 10);
  // α over all classes is α (K - 1) / K over the others
  expect(await loss(-0.05, "all")).toBeCloseTo(await loss((-0.05 * 2) / 3, "others"), 12);
  expect(await loss(0, "all")).toBeCloseTo(-Math.log(0.7), 12);
});

test("negative smoothing gets a ramp over the middle of a training, unless it has one; nothing else does", () => {
  expect(forSteps(usualDefences["negative-smoothing"], 1000)).toMatchObject({ from: 250, to: 750 });
  expect(forSteps({ kind: "label-smoothing", alpha: -0.1, from: 0, to: 5 }, 1000)).toMatchObject({ from: 0, to: 5 });
  for (const kind of ["label-smoothing", "hsic", "private"] as const) expect(forSteps(usualDefences[kind], 10)).toBe(usualDefences[kind]);
});

test("a ramp is 0, then rises in a straight line, then is 1", async () => {
  const values = await Promise.all([0, 10, 15, 20, 99].map((step) => jit((s: Tensor) => ramp(s, 10, 20))(step)));
  expect(values.map(item)).toEqual([0, 0, 0.5, 1, 1]);
});

const depends = ({ prepare, join }: Dependence, k: Tensor, l: Tensor): Tensor => {
  const [a, b] = prepare([k, l]);
  return join(a, b);
};

const kernels = jit((x: Tensor, y: Tensor) => {
  const [k, l] = [linearKernel(x), linearKernel(y)];
  const [a, b] = coco.prepare([k, l]); // H K H and H L H
  return {
    hsic: a
      .mul(b)
      .sum()
      .div((x.shape[0] - 1) ** 2),
    normalised: depends(normalisedHsic, k, l),
    coco: depends(coco, k, l),
  };
});

test("dependence of four points on the class that one of their coordinates is", async () => {
  const x = array(
    [
      [0, 0],
      [1, 0],
      [0, 1],
      [1, 1],
    ],
    "f64",
  );
  const y = array(
    [
      [1, 0],
      [1, 0],
      [0, 1],
      [0, 1],
    ],
    "f64",
  );
  const found = await kernels(x, y);
  expect(item(found.hsic)).toBeCloseTo(2 / 9, 12);
  expect(item(found.normalised)).toBeCloseTo(0.9999400028, 10);
  expect(item(found.coco)).toBeCloseTo(0.3535533906, 10);
});

test("the symmetric form has the trace of K H (K H + ε m)⁻¹ L H (L H + ε m)⁻¹; in f32 too", async () => {
  const [x, y] = [randomStream(1).normal([32, 5], "f64"), randomStream(2).normal([32, 3], "f64")];
  const written = jit((x: Tensor, y: Tensor) => {
    const h = eye(32, "f64").sub(1 / 32);
    const share = (k: Tensor): Tensor => {
      const kh = k.matmul(h);
      return kh.matmul(inverse(kh.add(eye(32, "f64").mul(1e-5 * 32))));
    };
    return share(gaussianKernel(x))
      .mul(share(gaussianKernel(y)).transpose())
      .sum();
  });
  const own = jit((x: Tensor, y: Tensor) => depends(normalisedHsic, gaussianKernel(x), gaussianKernel(y)));
  const expected = item(await written(x, y));
  expect(Math.abs(item(await own(x, y)) - expected)).toBeLessThan(1e-9);
  const single = (a: NdArray): NdArray => array(toNumbers(a), "f32", a.shape);
  // condition up to 1 / ε: 1e5 roundings of f32 at worst
  expect(Math.abs(item(await own(single(x), single(y))) - expected)).toBeLessThan(0.02 * expected);
});

test("dependence does not see an order of the rows or a shift, and is symmetric", async () => {
  const [x, y] = [randomStream(1).normal([10, 3], "f64"), randomStream(2).normal([10, 2], "f64")];
  const order = randomStream(3).permutation(10).data;
  const take = (a: NdArray<"f64">): NdArray<"f64"> => ({
    ...a,
    data: a.data.map((_, k) => a.data[order[Math.floor(k / a.shape[1])] * a.shape[1] + (k % a.shape[1])] + 7),
  });
  const [before, after, swapped] = [await kernels(x, y), await kernels(take(x), take(y)), await kernels(y, x)];
  for (const measure of ["hsic", "normalised", "coco"] as const) {
    expect(item(after[measure])).toBeCloseTo(item(before[measure]), 8);
    expect(item(swapped[measure])).toBeCloseTo(item(before[measure]), 10);
  }
});

test("the divergence of a code: none for N(0, 1), and the closed form", async () => {
  const program = jit((mean: Tensor, logVariance: Tensor) => codeDivergence({ mean, logVariance }));
  const zero = array(
    [
      [0, 0],
      [0, 0],
    ],
    "f64",
  );
  expect(item(await program(zero, zero))).toBe(0);
  // σ = 0.3, t = 0.5 in one of two rows
  const one = await program(array([[0.5], [0]], "f64"), array([[2 * Math.log(0.3)], [0]], "f64"));
  expect(2 * item(one)).toBeCloseTo((0.09 + 0.25 - 1) / 2 - Math.log(0.3), 12);
});
