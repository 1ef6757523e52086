/** Files of trained models, read back as programs and run by ONNX Runtime alone. */
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import { type NdArray, ndarray, randomStream, toNumbers } from "../../../src/array/index.ts";
import { fromOnnx } from "../../../src/onnx/index.ts";
import { jit, type Tensor } from "../../../src/tensor/index.ts";
import { exportSampler, exportVelocity, type ImageFileLabel } from "../../../src/transport/images/export.ts";
import { type Conditioned, type ImageLearnOptions, imageLearner } from "../../../src/transport/images/learning/learner.ts";
import { drawMasks } from "../../../src/transport/images/paths/masks.ts";
import type { ScheduleName } from "../../../src/transport/images/paths/schedules.ts";
import { type ImageTask, type ImageTaskName, imageTaskOf, type Observation } from "../../../src/transport/images/paths/tasks.ts";
import { pictureMaker } from "../../../src/transport/images/sample.ts";
import type { ImageShape } from "../../../src/transport/images/shape.ts";
import { imageSolver } from "../../../src/transport/images/solvers.ts";
import { noisyNet, problemOf } from "./gaussian.ts";

const solver = imageSolver("heun-3");

function trained(task: ImageTaskName, path: ScheduleName, options: ImageLearnOptions = {}) {
  const shape: ImageShape = [task === "colour" ? 3 : 1, 4, 4];
  const model = imageLearner(problemOf(path, { shape, task }), randomStream(0), { net: { channels: [2, 2] }, ...options });
  const field = options.method !== undefined && options.method !== "am";
  // small where the network sees whole turns of values, so that steps do not drive rounding apart
  const spread = path === "torus" ? 0.01 : 0.1;
  const net = noisyNet(model.setting.form, field ? "field" : options.head === "scalar" ? "one" : "seen", 3, spread);
  const seen = imageTaskOf(task) as ImageTask;
  const label: Omit<ImageFileLabel, "kind"> = {
    ...{ task, path, method: options.method ?? "am", solver: "heun-3", shape, data: "tests", producer: "tests" },
    ...{ masked: seen.needs === "mask", ...(seen.seenShape && { seen: seen.seenShape(shape) }) },
  };
  return { model, net, label, shape };
}

/** What ONNX Runtime makes of a file. */
async function direct(content: Uint8Array, inputs: Readonly<Record<string, NdArray>>) {
  const session = await InferenceSession.create(content);
  const feeds = Object.fromEntries(
    session.inputNames.map((name) => [name, new OrtTensor("float32", Float32Array.from(toNumbers(inputs[name])), [...inputs[name].shape])]),
  );
  const [output] = session.outputNames;
  const { data, dims } = (await session.run(feeds))[output];
  return { y: ndarray(Float32Array.from(data as Float32Array), dims, "f32"), names: session.inputNames.toSorted(), output }; // as declared
}

/** What a program that reads a file makes of it. */
async function read(content: Uint8Array, inputs: Readonly<Record<string, NdArray>>): Promise<NdArray> {
  const file = fromOnnx(content);
  const program = (p: Record<string, Tensor>, given: Record<string, Tensor>): Tensor =>
    file.apply(p, ...file.inputs.map(({ name }) => given[name]))[0];
  return jit(program)(file.params, inputs);
}

function expectEqual(a: NdArray, b: NdArray, tolerance: number) {
  expect(a.shape).toEqual(b.shape);
  const [x, y] = [toNumbers(a), toNumbers(b)];
  x.forEach((v, i) => void expect(Math.abs(v - y[i])).toBeLessThan(tolerance * Math.max(1, Math.abs(y[i]))));
}

const most = 7;
/** The first rows. */
const first = ({ data, shape }: NdArray, rows: number): NdArray<"f32"> =>
  ndarray(Float32Array.from((data as Float32Array).subarray(0, (data.length / shape[0]) * rows)), [rows, ...shape.slice(1)], "f32"); // all are f32

/** A file gives each row what it gives it among seven, in ONNX Runtime and as a program. */
async function expectFile(
  content: Uint8Array,
  inputs: Readonly<Record<string, NdArray>>,
  names: readonly string[],
  expected: Readonly<Record<string, NdArray>>,
  tolerance: number,
) {
  const [[name, all]] = Object.entries(expected);
  for (const rows of [most, 3, 1]) {
    const some = Object.fromEntries(Object.entries(inputs).map(([key, x]) => [key, first(x, rows)]));
    const found = await direct(content, some);
    expect([found.names, found.output]).toEqual([names, name]);
    expectEqual(found.y, first(all, rows), tolerance);
    if (rows === 3) expectEqual(await read(content, some), first(all, rows), tolerance);
  }
}

const mapped = ({ data, shape }: NdArray, f: (v: number) => number): NdArray<"f32"> =>
  ndarray(Float32Array.from(data as Float32Array, f), shape, "f32");
const toUnits = (x: NdArray): NdArray<"f32"> => mapped(x, (v) => (v + 1) / 2);

describe.each([
  ["generate", "flow", {}, ["noise"]],
  ["generate", "vp", { method: "dsm" }, ["noise"]],
  ["generate", "torus", {}, ["noise"]],
  ["super-resolve", "flow", {}, ["noise", "seen"]],
  ["colour", "flow", { head: "distance" }, ["noise", "seen"]],
  ["inpaint", "flow", { head: "scalar" }, ["mask", "noise", "seen"]],
  ["between", "flow", { method: "fm" }, ["noise", "seen"]],
] as const)("%s on %s %o", (task, path, options, names) => {
  const { model, net, label, shape } = trained(task, path, options);
  const { seenShape, needs } = imageTaskOf(task) as ImageTask;
  const sampler = exportSampler(model, net, solver, label);
  const velocity = exportVelocity(model, net, label);

  test("the sampler makes what the model makes, 7, 3 or 1 at a time", async () => {
    const rng = randomStream(1);
    const noise = rng.normal([most, ...shape]);
    const mask = needs === "mask" ? drawMasks("box", rng, most, shape[1], shape[2]) : undefined;
    const seen = seenShape && mapped(rng.uniform([most, ...seenShape(shape)]), (v) => 2 * v - 1);
    const observation: Observation<NdArray> = { ...(seen && { seen }), ...(mask && { mask }) };
    const { pictures } = await pictureMaker(model, { solver, threads: 1 })(net, observation, noise, { rng });
    // six evaluations of a network in single precision, in another order of sums
    const inputs = { noise, ...(mask && { mask }), ...(seen && { seen: toUnits(seen) }) };
    await expectFile(sampler, inputs, names, { picture: toUnits(pictures) }, 1e-4);
  });

  test("the velocity is the model's, of 7, 3 or 1 states", async () => {
    const rng = randomStream(2);
    const { conditions } = model.setting.form;
    const [x, t] = [rng.normal([most, ...shape]), mapped(rng.uniform([most, 1]), (u) => 0.1 + 0.8 * u)];
    const condition = conditions > 0 ? rng.normal([most, conditions, ...shape.slice(1)]) : undefined;
    const drift = jit((p: Conditioned, t: Tensor, x: Tensor) =>
      model.dynamics!(p)
        .drift(t, x.reshape([most, -1]))
        .reshape([most, ...shape]),
    );
    const velocities = await drift({ net, ...(condition && { condition }) }, t, x);
    const inputs = { ...(condition && { condition }), t, x };
    await expectFile(velocity, inputs, Object.keys(inputs), { velocity: velocities }, 1e-4);
  });

  test("say what they are", () => {
    const said = [sampler, velocity].map((file) => JSON.parse(fromOnnx(file).metadata.pushforward));
    expect(said).toEqual([
      { ...label, kind: "image sampler" },
      { ...label, kind: "image velocity" },
    ]);
  });
});

test("what is no fixed program is refused", () => {
  const of = (...given: Parameters<typeof trained>) => {
    const { model, net, label } = trained(...given);
    return (how = solver) => exportSampler(model, net, how, label);
  };
  expect(() => of("generate", "flow")(imageSolver("dopri5"))).toThrow(/by their error/);
  expect(of("generate", "flow", { noise: 0.2 })).toThrow(/noise or growth/);
  expect(of("generate", "flow", { growth: 1, head: "scalar" })).toThrow(/noise or growth/);
  expect(of("generate", "flow", { method: "ssm" })).toThrow(/scores have no motion/);
  expect(of("generate", "blur")).toThrow(/pictures/);
  const { model, net, label } = trained("generate", "flow", { method: "ssm" });
  expect(() => exportVelocity(model, net, label)).toThrow(/scores have no motion/);
});
