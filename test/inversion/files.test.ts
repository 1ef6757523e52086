/** Classifiers and generators of files: what they compute, and which are refused. */
import { describe, expect, test } from "vitest";
import { array, type NdArray, ndarray, randomStream, toNumbers } from "../../src/array/index.ts";
import { UserError } from "../../src/errors.ts";
import { familyOf } from "../../src/inversion/families/index.ts";
import { type ClassifierFileOptions, classifierOf } from "../../src/inversion/files/classifier.ts";
import { generatorPrior, stylePrior } from "../../src/inversion/files/generator.ts";
import { inputsOf, objective, posteriors } from "../../src/inversion/objective.ts";
import { identityPrior } from "../../src/inversion/prior.ts";
import { fromOnnx, type OnnxModel, toOnnx } from "../../src/onnx/index.ts";
import type { Tensor } from "../../src/tensor/index.ts";
import * as t from "../../src/tensor/index.ts";

type Options = { readonly dtype?: "f32" | "f64"; readonly metadata?: Record<string, string> };
const fileOf = (f: (x: Tensor) => Tensor, row: readonly number[], { dtype = "f32", metadata }: Options = {}): OnnxModel =>
  fromOnnx(toOnnx(f, [t.like([1, ...row], dtype)], { anyRows: true, metadata }));
/** A model that no exporter writes. */
const modelOf = (apply: (x: Tensor) => Tensor, shape: readonly (number | string)[], dtype: "f32" | "i32" = "f32"): OnnxModel => ({
  ...{ inputs: [{ name: "x", dtype, shape }], outputs: [{ name: "y", dtype: "f32", shape: ["n", "?"] }], params: {}, metadata: {} },
  apply: (_, x) => [apply(x as Tensor)],
});

const weights = array([
  [1, 0, -1],
  [0, 2, 1],
]);
const linear = (x: Tensor): Tensor => x.matmul(weights);
const said = async (model: OnnxModel, x: NdArray, options: Partial<ClassifierFileOptions> = {}): Promise<number[]> => {
  const { logits } = await classifierOf(model, { path: "target.onnx", ...options });
  return toNumbers(await t.jit((x: Tensor) => logits(x))(x));
};
/** Of a message and its hint, in one line after another. */
const refusal = async (work: Promise<unknown>): Promise<string> => {
  const error = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(error instanceof UserError)) throw error ?? new Error("nothing was refused");
  return `${error.message} | ${error.hint ?? ""}`;
};

describe("classifiers", () => {
  test("logits are what the file gives", async () => {
    const classifier = await classifierOf(fileOf(linear, [2]), { path: "target.onnx" });
    expect(classifier).toMatchObject({ input: [2], classes: ["0", "1", "2"] });
    expect(await said(fileOf(linear, [2]), array([[2, 1]]))).toEqual([2, 2, -1]);
  });

  test("of probabilities the logarithm, also where they are too small for a number", async () => {
    const softmax = fileOf((x) => t.softmax(linear(x), 1), [2]);
    expect(await said(softmax, array([[200, 0]]))).toEqual([0, -200, -400]);
    // a softmax that the engine cannot see through is cut at the smallest normal number
    const hidden = fileOf((x) => t.clamp(t.softmax(linear(x), 1), 0, 1), [2]);
    const found = await said(hidden, array([[200, 0]]));
    expect(found[1]).toBeCloseTo(-126 * Math.LN2, 3);
  });

  test("one output is the second class: its logit, or a sigmoid with both its tails", async () => {
    const one = (x: Tensor): Tensor => x.slice([], [0, 1]);
    expect(
      await said(
        fileOf((x) => one(x).mul(3), [2]),
        array([[2, 1]]),
      ),
    ).toEqual([0, 6]);
    const sigmoid = fileOf((x) => t.sigmoid(one(x)), [2]);
    expect(
      await said(
        sigmoid,
        array([
          [200, 0],
          [-200, 0],
        ]),
      ),
    ).toEqual([-200, -0, -0, -200]);
    expect((await said(sigmoid, array([[0, 0]])))[0]).toBeCloseTo(-Math.LN2, 6);
  });

  test("doubles in a file are doubles there, and rows are what they were outside", async () => {
    const own = array([[1 / 3], [1]], "f64");
    const double = fileOf((x) => t.concat([x.matmul(own), x.matmul(own).neg()], 1), [2], { dtype: "f64" });
    const { logits } = await classifierOf(double, { path: "target.onnx" });
    const y = await t.jit((x: Tensor) => logits(x))(array([[3, 1]]));
    expect(y.dtype).toBe("f32");
    expect(toNumbers(y)).toEqual([2, -2]);
  });

  test("rows are multiplied, shifted and divided channel by channel, and channels reversed", async () => {
    // sums over the pixels of each of two channels
    const sums = fileOf((x) => x.sum([2, 3]), [2, 1, 2]);
    const x = array([[0.1, 0.2, 0.5, 0.7]]);
    const close = async (options: Partial<ClassifierFileOptions>, expected: number[]): Promise<void> =>
      (await said(sums, x, options)).forEach((v, i) => void expect(v).toBeCloseTo(expected[i], 4));
    await close({}, [0.3, 1.2]);
    await close({ scale: 255 }, [76.5, 306]);
    await close({ mean: [0.1, 0.5], deviation: [0.2, 0.4] }, [0.5, 0.5]);
    await close({ mean: [0.1], deviation: [0.5] }, [0.2, 2]);
    await close({ reversed: true }, [1.2, 0.3]);
    // reversed first: mean and deviation are in the model's order
    await close({ reversed: true, mean: [0.5, 0.1], deviation: [0.4, 0.2] }, [0.5, 0.5]);
  });

  test("classes have the names of the file", async () => {
    const named = (classes: string): OnnxModel => fileOf(linear, [2], { metadata: { classes } });
    expect((await classifierOf(named('["a","b",3]'), { path: "m.onnx" })).classes).toEqual(["a", "b", "3"]);
    expect(await refusal(classifierOf(named('["a","b"]'), { path: "m.onnx" }))).toMatch(/m\.onnx: the file names 2 classes and gives 3/);
    expect(await refusal(classifierOf(named("7"), { path: "m.onnx" }))).toMatch(/names no list of classes/);
    expect(await refusal(classifierOf(named("[a"), { path: "m.onnx" }))).toMatch(/m\.onnx: .*classes.* \| .+/);
  });

  const sigmoids = (x: Tensor): Tensor => t.sigmoid(linear(x));
  const nan = (x: Tensor): Tensor => t.log(linear(x).mul(0).sub(1));
  const few = { rows: array([[1, 2, 3]]) };
  const pictures = fileOf((x) => x.sum([2, 3]), [2, 1, 2]);
  test.each<[string, OnnxModel, Partial<ClassifierFileOptions>, RegExp]>([
    ["a sigmoid for each class", fileOf(sigmoids, [2]), {}, /do not add up to 1 \(\[.*several labels.*--output logits/],
    ["logits said to be probabilities", fileOf(linear, [2]), { output: "probabilities" }, /are no probabilities.*--output logits/],
    [
      "probabilities said to be logits",
      fileOf((x) => t.softmax(linear(x), 1), [2]),
      { output: "logits" },
      /probabilities, not logits.*--output prob/,
    ],
    ["no numbers", fileOf(nan, [2]), {}, /the classifier gives NaN for one of the inputs \(row 1\) \| check its weights/],
    ["statistics of the batch", modelOf((x) => linear(x.sub(x.mean(0))), ["n", 2]), {}, /depends on the rows beside it.*evaluation mode/],
    ["a fixed batch", fromOnnx(toOnnx(linear, [t.like([1, 2])])), {}, /for 1 row at a time only \| export it with a dynamic first axis/],
    ["rows of no known size", modelOf(linear, ["n", "d"]), {}, /size of a row is not in the file \| .*fixed sizes/],
    ["integers", modelOf((x) => linear(x.cast("f32")), ["n", 2], "i32"), {}, /"x" is i32, and has no gradient \| .*floats/],
    [
      "decisions",
      { ...modelOf((x) => linear(x).cast("i32"), ["n", 2]), outputs: [{ name: "label", dtype: "i32", shape: ["n"] }] },
      {},
      /"label" is i32.* \| .*first output is floats/,
    ],
    ["other rows", fileOf(linear, [2]), few, /takes 2 numbers a row \(\[2\]\), the data have 3 \| .+/],
    ["one output for all rows", modelOf((x) => linear(x).sum(0, true), ["n", 2]), {}, /64 inputs give an output of shape \[1, 3\]/],
    ["a mean for three channels of two", pictures, { mean: [1, 2, 3] }, /3 numbers in --mean for 2 channels \| .+/],
    ["a deviation of 0", pictures, { deviation: [1, 0] }, /0 in --std \| .+positive/],
    ["a scale of 0", pictures, { scale: 0 }, /a --scale of 0 \| .+/],
  ])("refused: %s", async (_, model, options, message) => {
    expect(await refusal(classifierOf(model, { path: "target.onnx", ...options }))).toMatch(message);
  });

  test("refused: two inputs", async () => {
    const two = fromOnnx(toOnnx((x: Tensor, y: Tensor) => x.add(y), [t.like([1, 2]), t.like([1, 2])], { anyRows: true }));
    expect(await refusal(classifierOf(two, { path: "m.onnx" }))).toMatch(/a classifier has one input; this file has 2 \(/);
  });
});

describe("generators", () => {
  const painted = (x: Tensor): Tensor => t.tanh(x.matmul(weights));
  const z = array([[0.3, -0.2]]);
  const made = async (prior: { generate: (z: Tensor) => Tensor }, z: NdArray): Promise<number[]> =>
    toNumbers(await t.jit((z: Tensor) => prior.generate(z))(z));

  test("features come as they are", async () => {
    const { prior, notes } = await generatorPrior(fileOf(linear, [2]), { path: "g.onnx", pixels: false });
    expect(prior).toMatchObject({ latent: 2, layers: 1, output: [3] });
    expect([prior.range, notes]).toEqual([undefined, []]);
    const found = await made(prior, z);
    [0.3, -0.4, -0.5].forEach((v, i) => void expect(found[i]).toBeCloseTo(v, 6));
  });

  test("pixels in [-1, 1] are told by their draws, and said; a range can be given", async () => {
    const { prior, notes } = await generatorPrior(fileOf(painted, [2]), { path: "g.onnx", pixels: true });
    expect(notes).toEqual([expect.stringMatching(/g\.onnx: outputs go down to -1.00: taken as pixels in \[-1, 1\] \(--generator-range/)]);
    const expected = [0.3, -0.4, -0.5].map((v) => (Math.tanh(v) + 1) / 2);
    (await made(prior, z)).forEach((v, i) => void expect(v).toBeCloseTo(expected[i], 6));
    expect(prior.range).toEqual([0, 1]);
    const other = await generatorPrior(fileOf(painted, [2]), { path: "g.onnx", pixels: true, range: [-3, 1] });
    expect(other.notes).toEqual([]);
    (await made(other.prior, z)).forEach((v, i) => void expect(v).toBeCloseTo((Math.tanh([0.3, -0.4, -0.5][i]) + 3) / 4, 6));
  });

  test("refused: an empty range, draws that are no numbers", async () => {
    const options = { path: "g.onnx", pixels: true };
    expect(await refusal(generatorPrior(fileOf(painted, [2]), { ...options, range: [1, 1] }))).toMatch(/--generator-range.* \| .+/);
    expect(
      await refusal(
        generatorPrior(
          fileOf((x) => t.sqrt(x), [2]),
          options,
        ),
      ),
    ).toMatch(/the generator gives NaN for a draw of the prior/);
  });

  describe("in two files, with a code for each layer", () => {
    const mapping = fileOf((x) => x.mul(2), [2]);
    /** Three layers of two numbers: the first as they are, the second times 10, the third times 100, added up. */
    const synthesis = fileOf((w) => w.mul(array([[[1], [10], [100]]])).sum(1), [3, 2]);
    const options = { path: "s.onnx", mappingPath: "m.onnx", pixels: false };

    test("every layer has its code", async () => {
      const { prior } = await stylePrior(mapping, synthesis, options);
      expect(prior).toMatchObject({ latent: 2, layers: 3, output: [2] });
      expect(
        await made(
          prior,
          array([
            [
              [1, 2],
              [3, 4],
              [5, 6],
            ],
          ]),
        ),
      ).toEqual([1062, 1284]);
    });

    test("layers that are not fitted share one draw", async () => {
      const { prior } = await stylePrior(mapping, synthesis, { ...options, nuisance: [0, 2] });
      const goals = [{ target: 0, gamma: 1 }];
      expect(posteriors({ goals, prior })).toBe(1);
      const fitted = array([[[3, 4]]]);
      const free = array([[[1, 2]]]);
      const { x } = await t.jit((z: Tensor, free: Tensor) => inputsOf({ prior, goals }, z, free))(fitted, free);
      expect(toNumbers(x)).toEqual([2 * (1 + 30 + 100), 2 * (2 + 40 + 200)]);
    });

    test("divergences of layers that are fitted add up", async () => {
      const { prior } = await stylePrior(mapping, synthesis, { ...options, nuisance: [1] });
      const family = familyOf("gaussian", 2, randomStream(1));
      const classifier = { name: "sums", classes: ["a", "b"], input: [2], logits: (x: Tensor): Tensor => x };
      const goals = [{ target: 0, gamma: 1 }];
      const means = array([
        [1, 2],
        [0, 3],
      ]);
      const at = {
        mean: means,
        factor: array([
          [
            [1, 0],
            [0, 1],
          ],
          [
            [1, 0],
            [0, 1],
          ],
        ]),
        codes: array([[[0, 0]], [[0, 0]]]),
      };
      const params = family.place(family.init(2, randomStream(2)), at);
      const noise = randomStream(3).normal([2, 4, 2]);
      const w = ndarray(new Float32Array(4).fill(0.25), [4], "f32");
      const run = t.jit((p: object, e: Tensor, w: Tensor, g: Tensor, f: Tensor) =>
        objective({ family, prior, classifier, goals }, p, e, w, g, f),
      );
      const { kl } = await run(params, noise, w, array([1]), randomStream(4).normal([1, 4, 2]));
      // |m|² / 2 of each layer
      expect(toNumbers(kl)[0]).toBeCloseTo((1 + 4 + 9) / 2, 5);
    });

    test.each<[string, () => Promise<unknown>, RegExp]>([
      [
        "codes of another width",
        () => stylePrior(fileOf(linear, [2]), synthesis, options),
        /m\.onnx gives 3 numbers, and s\.onnx takes 2.* \| .+/,
      ],
      ["no layers", () => stylePrior(mapping, fileOf(linear, [2]), options), /codes \[rows, layers, width\], this one rows of \[2\]/],
      ["a layer that there is not", () => stylePrior(mapping, synthesis, { ...options, nuisance: [3] }), /layer 3: .* layers 0 to 2/],
      ["nothing to fit", () => stylePrior(mapping, synthesis, { ...options, nuisance: [0, 1, 2] }), /no layer is left/],
      [
        "a mapping of pictures",
        () =>
          stylePrior(
            fileOf((x) => x, [2, 2]),
            synthesis,
            options,
          ),
        /m\.onnx: a mapping network takes codes/,
      ],
    ])("refused: %s", async (_, work, message) => {
      expect(await refusal(work())).toMatch(message);
    });
  });
});

test("a standard normal input is its own code", async () => {
  const prior = identityPrior([2], 2);
  expect(toNumbers(await t.jit((z: Tensor) => prior.generate(z))(array([[[1, 2]]])))).toEqual([1, 2]);
});
