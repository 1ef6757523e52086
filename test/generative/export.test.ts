import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { expect, test } from "vitest";
import { type NdArray, ndarray, randomStream, toNumbers } from "../../src/array/index.ts";
import { type Examples, toSamples } from "../../src/data/index.ts";
import { table } from "../../src/data/table.ts";
import {
  exportGan,
  exportVae,
  type GanParams,
  ganLearner,
  ganModel,
  type ModelFile,
  type SampleProblem,
  sampleProblem,
  vaeLearner,
  vaeModel,
} from "../../src/generative/index.ts";
import { fromOnnx } from "../../src/onnx/index.ts";
import { adam } from "../../src/optim/index.ts";
import { type Arrays, jit, type Tensor } from "../../src/tensor/index.ts";
import { onnx } from "../../src/tensor/proto.ts";

const rng = randomStream(7);
const pictures: Examples = {
  ...{ name: "images", title: "images", source: "images", features: ["grey"], warnings: [] },
  inputs: ndarray(Uint8Array.from(rng.integers(0, 256, [60 * 64]).data), [60, 1, 8, 8], "u8"),
  targets: ndarray(new Float64Array(0), [60, 0], "f64"),
};
const features = [0, 1, 2].map((j) => ({ name: `f${j}`, values: rng.fold(j).normal([60], "f64").data }));
const problems = {
  images: sampleProblem(pictures, randomStream(0), {}),
  table: sampleProblem(toSamples(table("table", features), "table", {}), randomStream(0), {}),
};

/** What a file gives for rows: read as a program, and in ONNX Runtime. */
async function outputs({ content }: ModelFile, x: NdArray<"f32">): Promise<[number[], number[]]> {
  const model = fromOnnx(content);
  const read = await jit((p: Record<string, Tensor>, x: Tensor) => model.apply(p, x)[0])(model.params as never, x);
  const session = await InferenceSession.create(content);
  const [input] = session.inputNames;
  const run = await session.run({ [input]: new OrtTensor("float32", x.data, x.shape as number[]) });
  const made = run[session.outputNames[0]];
  expect(made.dims).toEqual(read.shape);
  return [toNumbers(read), Array.from(made.data as Float32Array)];
}

const close = (a: readonly number[], b: readonly number[]): void => {
  expect(a.length).toBe(b.length);
  a.forEach((v, i) => expect(Math.abs(v - b[i])).toBeLessThan(1e-5 * Math.max(1, Math.abs(v))));
};

/** What a file says of itself; its operators are of the standard only. */
function metadataOf({ content }: ModelFile): Readonly<Record<string, string>> {
  const { graph, opsetImport } = onnx.ModelProto.decode(content);
  expect((graph?.node ?? []).filter((n) => n.domain)).toEqual([]);
  expect((opsetImport ?? []).map((o) => o.domain || "")).toEqual([""]);
  return fromOnnx(content).metadata;
}

const cases = [
  ["images", "mlp", "gaussian"],
  ["images", "conv", "gaussian"],
  ["images", "conv", "bernoulli"],
  ["table", "mlp", "gaussian"],
] as const;

test.each(cases)("encoder and decoder of %s (%s, %s) are the same in a file, for any number of rows", async (data, network, likelihood) => {
  const problem: SampleProblem = problems[data];
  const model = vaeModel(problem, { latent: 2, likelihood, network, width: 8, activation: "silu" });
  const learner = vaeLearner(problem, model, rng.fold("vae"), { optimizer: adam(1e-3), batchSize: 20, beta: 1, evaluationRows: 6 });
  let state = learner.init(randomStream(1));
  const stream = randomStream(2);
  for (let i = 0; i < 3; i++) ({ state } = await learner.step(state, stream));
  const params = state.params as Parameters<typeof exportVae>[2];
  const [decoder, encoder] = exportVae(problem, model, params, "test");
  for (const n of [1, 6]) {
    const z = randomStream(3).normal([n, 2]);
    const decoded = toNumbers(await learner.decoded(state, z));
    const [read, run] = await outputs(decoder, z);
    const means = likelihood === "bernoulli" ? read.map((a) => 1 / (1 + Math.exp(-a))) : read;
    close(means, decoded);
    close(run, read);
    const rows = Int32Array.from({ length: n }, (_, i) => i);
    const { mean, logVariance } = await learner.codes(state, "test", rows);
    const codes =
      rows.length === 0
        ? []
        : Array.from(rows).flatMap((i) => [...toNumbers(mean).slice(2 * i, 2 * i + 2), ...toNumbers(logVariance).slice(2 * i, 2 * i + 2)]);
    const [readCodes, runCodes] = await outputs(encoder, problem.batch("test", rows));
    close(readCodes, codes);
    close(runCodes, codes);
  }
  const metadata = metadataOf(decoder);
  expect(metadata).toMatchObject({
    ...{ likelihood, latent: "2", prior: "normal", shape: JSON.stringify(problem.shape), data: data === "images" ? "images" : "features" },
    output: likelihood === "gaussian" ? "mean" : "logits",
  });
  if (likelihood === "gaussian") expect(Number(metadata.variance)).toBeCloseTo(model.variance(params), 10);
  else expect(metadata.variance).toBeUndefined();
  expect(JSON.parse(metadata.scaling).deviation[0]).toBeCloseTo(data === "images" ? 255 : problem.scaling.deviation[0], 10);
});

test.each([
  ["images", "mlp"],
  ["images", "conv"],
  ["table", "mlp"],
] as const)("generator and discriminator of %s (%s) are the same in a file, for any number of rows", async (data, network) => {
  const problem: SampleProblem = problems[data];
  const model = ganModel(problem, { latent: 3, network, width: 8 });
  const learner = ganLearner(problem, model, rng.fold("gan"), { optimizer: adam(1e-3), batchSize: 20, penalty: 0.1, average: 0.9 });
  let state = learner.init(randomStream(1));
  const stream = randomStream(2);
  for (let i = 0; i < 3; i++) ({ state } = await learner.step(state, stream));
  const params: Arrays<GanParams> = learner.result(state);
  const [generator, discriminator] = exportGan(problem, model, params, "test");
  const judge = jit((p: object, x: Tensor) => model.judge(p, x));
  for (const n of [1, 6]) {
    const z = randomStream(3).normal([n, 3]);
    const made = await learner.generated(state, z);
    const [read, run] = await outputs(generator, z);
    close(read, toNumbers(made));
    close(run, read);
    if (data === "images") expect(read.every((v) => v >= 0 && v <= 1)).toBe(true);
    const [logits, runLogits] = await outputs(discriminator, made as NdArray<"f32">);
    close(logits, toNumbers(await judge(params.discriminator, made)));
    close(runLogits, logits);
  }
  expect(metadataOf(generator)).toMatchObject({ output: "mean", latent: "3", prior: "normal" });
});
