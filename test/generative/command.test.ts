import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { randomStream } from "../../src/array/index.ts";
import { commands } from "../../src/cli/commands.ts";
import { run } from "../../src/cli/program.ts";
import { readSweep } from "../../src/lab/sweep/read.ts";
import { fromOnnx } from "../../src/onnx/index.ts";
import { expectReported } from "../lab/reported.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pushforward-generative-"));
  await writeFile(join(folder, "points.csv"), rows(200).join("\n"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A bent band of points, with a class. */
function rows(n: number): string[] {
  const { data } = randomStream(1).normal([2 * n]);
  const lines = Array.from({ length: n }, (_, i) => [data[2 * i], data[2 * i] ** 2 + 0.2 * data[2 * i + 1], i % 2 ? "odd" : "even"]);
  return ["a,b,kind", ...lines.map((line) => line.join(","))];
}

async function pushforward(...args: string[]): Promise<{ code: number; out: string; error: string }> {
  let [out, error] = ["", ""];
  const code = await run(args, commands, { out: (s) => void (out += s), error: (s) => void (error += s) });
  return { code, out, error };
}

const train = (...args: string[]) => pushforward("train", ...args);
const read = (name: string, file: string): string => readFileSync(join(folder, name, file), "utf8");
const results = (name: string) => JSON.parse(read(name, "results.json"));
const refused = async (...args: string[]): Promise<string> => {
  const { code, error } = await train(...args, "--out", join(folder, "refused"), "--quiet");
  expect(code).toBe(1);
  expect(existsSync(join(folder, "refused"))).toBe(false);
  return error;
};
const brief = ["--threads", "1", "--width", "16", "--quiet"];
const mnist = ["--data", "mnist", "--train-rows", "300", "--steps", "20", "--quick", ...brief];

test("a variational autoencoder of MNIST leaves numbers, pictures and models", async () => {
  expect((await train("--model", "vae", "--latent", "2", ...mnist, "--out", join(folder, "vae"))).code).toBe(0);
  const { parts, importance, variance, active, units, model, steps } = results("vae");
  expect({ model, steps }).toEqual({ model: "vae", steps: 20 });
  const { elbo, reconstruction, kl, rows } = parts.test;
  expect(rows).toBe(1000);
  expect(elbo.mean).toBeCloseTo(reconstruction.mean - kl.mean, 6);
  expect(elbo.se).toBeGreaterThan(0);
  expect(importance.draws).toBe(64);
  expect(units).toHaveLength(2);
  expect(active).toBeLessThanOrEqual(2);
  const decoder = fromOnnx(readFileSync(join(folder, "vae", "artifacts", "decoder.onnx")));
  expect(Number(decoder.metadata.variance)).toBeCloseTo(variance, 12);
  expect(decoder.metadata.shape).toBe("[1,28,28]");
  for (const name of ["samples", "reconstructions", "interpolation", "manifold", "codes", "units", "loss"])
    expect(existsSync(join(folder, "vae", "artifacts", `${name}.png`))).toBe(true);
});

test("a generative adversarial network of MNIST leaves numbers, pictures and models", async () => {
  expect((await train("--model", "gan", ...mnist, "--out", join(folder, "gan"))).code).toBe(0);
  expect(JSON.parse(read("gan", "metrics.jsonl").trim().split("\n").at(-1)!).energyDistance).toBeGreaterThan(0);
  const { likeness, accuracy, lastAccuracy } = results("gan");
  expect(likeness.score.mean).toBeGreaterThan(likeness.floor.mean);
  expect(accuracy).toBeGreaterThanOrEqual(0);
  expect(lastAccuracy).toBeLessThanOrEqual(1);
  for (const file of ["generator.onnx", "discriminator.onnx", "samples.png", "data.png", "interpolation.png", "loss.png"])
    expect(existsSync(join(folder, "gan", "artifacts", file))).toBe(true);
});

test.each(["vae", "gan"])("a table is learned by %s, with its target as a colour", async (model) => {
  const out = join(folder, `table-${model}`);
  const { code } = await train(
    join(folder, "points.csv"),
    "--model",
    model,
    "--latent",
    "3",
    "--target",
    "kind",
    "--steps",
    "30",
    ...brief,
    "--out",
    out,
  );
  expect(code).toBe(0);
  const { warnings } = results(`table-${model}`);
  expect(warnings.join("\n")).toMatch(/"kind" only colours[\s\S]*z has 3 numbers, a sample only 2[\s\S]*2 features are standardised/);
  expect(existsSync(join(out, "artifacts", "features.png"))).toBe(true);
});

test("a table of one feature is learned too", async () => {
  const args = [join(folder, "points.csv"), "--model", "vae", "--features", "a", "--latent", "1", "--steps", "10", ...brief];
  expect((await train(...args, "--out", join(folder, "one"))).code).toBe(0);
});

test.each(["vae", "gan"])("a paused %s goes on to the same bits", async (model) => {
  const args = [join(folder, "points.csv"), "--model", model, "--features", "a,b", "--latent", "2", "--steps", "40", ...brief];
  const [whole, paused] = [`whole-${model}`, `paused-${model}`];
  expect((await train(...args, "--out", join(folder, whole))).code).toBe(0);
  expect((await train(...args, "--out", join(folder, paused), "--stop-at", "17")).code).toBe(0);
  expect((await pushforward("resume", join(folder, paused), "--quiet")).code).toBe(0);
  const file = model === "vae" ? "decoder.onnx" : "generator.onnx";
  for (const name of ["metrics.jsonl", `artifacts/${file}`, "artifacts/features.svg"]) expect(read(paused, name)).toBe(read(whole, name));
});

test("options of one model are refused for another, and it is said whose they are", async () => {
  const points = join(folder, "points.csv");
  expect(await refused(points, "--model", "gan", "--likelihood", "gaussian")).toBe(
    "error: --likelihood does not go with --model gan\n  hint: it is an option of --model vae\n",
  );
  expect(await refused(points, "--latent", "3")).toMatch(/--latent does not go without --model\n.*--model vae and --model gan/);
  expect(await refused(points, "--model", "mlp", "--penalty", "1")).toMatch(/--penalty does not go with --model mlp\n.*--model gan/);
  expect(await refused(points, "--model", "vae", "--heads", "2")).toMatch(/--heads does not go with --model vae\n.*other models/);
  expect(await refused(points, "--model", "vae", "--likelihood", "laplace")).toMatch(/--likelihood/);
  expect(await refused("--data", "kjv", "--model", "vae")).toMatch(/a text has no features/);
  const config = join(folder, "options.yaml");
  await writeFile(config, "model: gan\nbeta: 2\n");
  expect(await refused(points, "--config", config)).toMatch(/--beta does not go with --model gan/);
  await writeFile(config, "model: vae\nsteps: 5\nwidth: 8\nfeatures: [a, b]\n");
  expect((await train(points, "--config", config, "--out", join(folder, "configured"), "--quiet")).code).toBe(0);
  expect(JSON.parse(read("configured", "config.json")).invocation.options).toMatchObject({ model: "vae", steps: 5, beta: 1, latent: 10 });
});

test("data that a density cannot be learned from are refused, with what to do", async () => {
  const points = join(folder, "points.csv");
  expect(await refused(points, "--model", "vae")).toMatch(/column "kind" is text.*\n.*--target "kind"/);
  expect(await refused(points, "--model", "vae", "--target", "kind", "--likelihood", "bernoulli")).toMatch(
    /not in \[0, 1\]\n.*--likelihood gaussian/,
  );
  await writeFile(join(folder, "few.csv"), rows(12).join("\n"));
  expect(await refused(join(folder, "few.csv"), "--model", "gan", "--features", "a,b")).toMatch(/rows for the train part are too few/);
  await writeFile(join(folder, "few.csv"), rows(22).join("\n"));
  expect(await refused(join(folder, "few.csv"), "--model", "vae", "--features", "a,b")).toMatch(/2 rows for the test part are too few/);
  expect(await refused(points, "--model", "gan", "--features", "a,b", "--network", "conv")).toMatch(/--network conv is for images/);
  expect(await refused(points, "--model", "vae", "--features", "a,b", "--optimizer", "singd")).toMatch(/singd takes the curvature/);
});

test("a training that diverges says so and what to do", async () => {
  const args = [join(folder, "points.csv"), "--model", "vae", "--features", "a,b", "--steps", "200", "--lr", "1e6", ...brief];
  const { code, error } = await train(...args, "--out", join(folder, "diverged"));
  expect(code).toBe(1);
  expect(error).toMatch(/step \d+: the \w+ is (NaN|-?Infinity)\n.*lower --lr/);
});

test("a sweep checks the options of each model before it runs", async () => {
  const file = join(folder, "sweep.yaml");
  const sweep = (options: string) =>
    writeFile(file, `command: train\noptions: { data: mnist, ${options} }\ngrid: { latent: [2, 10] }\nmetric: loss\n`);
  await sweep("model: vae, beta: 2");
  expect((await readSweep(file, commands)).grid).toEqual({ latent: [2, 10] });
  await sweep("model: gan, beta: 2");
  await expect(readSweep(file, commands)).rejects.toThrow(/--beta does not go with --model gan/);
});

test("help and schema show the options of all models", async () => {
  const help = await train("--help");
  for (const flag of ["--latent", "--likelihood", "--penalty", "--heads"]) expect(help.out).toContain(flag);
  const schema = JSON.parse((await train("--schema")).out);
  expect(Object.keys(schema.properties)).toEqual(expect.arrayContaining(["latent", "beta", "heads", "penalty", "model"]));
  expect(schema.required ?? []).not.toContain("model");
});

test("runs write the numbers that their methods declare, and no others", async () => {
  await expectReported(folder, "train");
});
