/** The command: what programs read, what people read, resuming, model files, and input that is refused. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { ndarray, randomStream } from "../../src/array/index.ts";
import { run } from "../../src/cli/program.ts";
import { loadCosts } from "../../src/methods/binarize/problem.ts";
import { type Problem, train } from "../../src/methods/binarize/work.ts";
import { methods } from "../../src/methods/index.ts";
import { readOnnx } from "../../src/onnx/read.ts";
import { family } from "../../src/quantum/families/family.ts";
import { decode, logits } from "../../src/quantum/families/network.ts";
import { networkOnnx } from "../../src/quantum/families/onnx.ts";
import { familySchema } from "../../src/quantum/families/schema.ts";
import { bitsOf } from "../../src/quantum/landscape/table.ts";
import { byAll, verdict } from "../../src/quantum/training/outcome.ts";
import { jit, type Tensor } from "../../src/tensor/index.ts";
import { expectReported } from "../lab/reported.ts";

const base = mkdtempSync(join(tmpdir(), "pushforward-binarize-"));
afterAll(() => rmSync(base, { recursive: true }));

const write = (name: string, text: string): string => {
  writeFileSync(join(base, name), text);
  return join(base, name);
};

async function cli(...args: string[]): Promise<{ code: number; out: string; error: string }> {
  let [out, error] = ["", ""];
  const quiet = [process.stderr, process.stdout].map((stream) =>
    vi.spyOn(stream, "write").mockImplementation((t) => Boolean((error += String(t)))),
  );
  const code = await run(["binarize", ...args], methods, { out: (t) => void (out += t), error: (t) => void (error += t) });
  for (const spy of quiet) spy.mockRestore();
  return { code, out, error };
}

const results = (out: string) => JSON.parse(out.trim().split("\n").at(-1)!);

const costs = write("costs.txt", [0.9, 0.1, 0.4, 0.7, 0.2, 0.8, 0.3, 0.6].join("\n"));

/** Two blobs that a line tells apart. */
function blobs(): string {
  const rng = randomStream(2);
  const noise = rng.normal([80, 2], "f64").data;
  const rows = Array.from({ length: 80 }, (_, i) => {
    const side = i % 2 ? 1 : -1;
    return `${(side + 0.4 * noise[2 * i]).toFixed(3)},${(side + 0.4 * noise[2 * i + 1]).toFixed(3)},${i % 2 ? "yes" : "no"}`;
  });
  return write("blobs.csv", ["a,b,y", ...rows].join("\n"));
}

test("landscape prints Walsh weights by order, the minimum, how often, and local minima", async () => {
  const { code, out } = await cli("landscape", "--table", costs, "--json");
  expect(code).toBe(0);
  const found = results(out);
  expect(found).toMatchObject({ minimum: 0.1, count: 1, localMinima: 2 });
  [0.25, 0.003125, 0.04125, 0.030625].forEach((w, m) => expect(found.walsh[m]).toBeCloseTo(w, 14));
});

test("a table: the last line has best, optimum, probability, evaluations and baselines", async () => {
  const args = ["--table", costs, "--ansatz", "brick", "--layers", "2", "--restarts", "3", "--seed", "1", "--json"];
  const { code, out } = await cli(...args, "--out", join(base, "table"), "--shots", "500", "--animation");
  expect(code).toBe(0);
  const found = results(out);
  expect(found).toMatchObject({
    best: { bits: "001", loss: 0.1 },
    optimum: { loss: 0.1, count: 1 },
    evaluations: 8,
    measured: { optimal: 500 },
  });
  expect(found.pOptimal).toBeGreaterThan(0.9999);
  expect(found.baselines.map((b: { name: string }) => b.name)).toEqual([
    "exhaustive",
    "random",
    "steepest descent",
    "annealing",
    "PBIL",
    "QAOA",
  ]);
  const report = readFileSync(join(base, "table", "report.html"), "utf8");
  expect(report).toContain("Losses while the circuit learns");
  // an animated PNG says in its acTL chunk how many pictures it has
  const moving = readFileSync(join(base, "table", "artifacts", "animation.png"));
  expect(moving.readUInt32BE(moving.indexOf("acTL") + 4)).toBeGreaterThan(5);
  expect(report).toMatch(/<p class="summary">A classical baseline was as good for less/);
});

test("the circuit that a run leaves gives the run's mean cost when it is read again", async () => {
  const out = join(base, "exported");
  const found = results((await cli("--table", costs, "--restarts", "1", "--iterations", "5", "--out", out, "--json")).out);
  for (const name of ["circuit.qasm", "circuit-2.qasm"]) {
    const again = results((await cli("simulate", join(out, "artifacts", name), "--table", costs, "--json")).out);
    expect(again.expectation).toBeCloseTo(found.energy, 10);
    expect(again.entropy).toBeCloseTo(found.entropy, 8);
  }
});

test("a training that was stopped goes on to the same numbers", async () => {
  const problem: Problem = {
    loaded: await loadCosts(undefined, { table: costs, standardize: false, dropMissing: false, test: 0 }),
    ...{ circuit: { ansatz: "brick" }, depths: [1, 2], restarts: 2, shots: 0, polish: false, animation: false, threads: 1, qaoa: false },
    measuring: { shots: 0, gradient: "score", noise: { noise: 0, readout: 0, trajectories: 2 } },
    stepping: { optimiser: "lbfgs", iterations: 30 },
    objective: { objective: "mean", alpha: 1 },
  };
  const line = { update() {}, note() {}, finish() {} };
  let kept: string | undefined;
  /** A session that is interrupted when so many restarts are done. */
  const session = (most: number) =>
    train(problem, {
      rng: randomStream(5),
      progress: () => line,
      folder: "",
      saved: kept === undefined ? undefined : JSON.parse(kept),
      save: async (_, state) => void (kept = JSON.stringify(state)),
      interrupted: () => (kept === undefined ? 0 : JSON.parse(kept).restarts.length) >= most,
    });
  const whole = await session(5);
  kept = undefined;
  expect(await session(1)).toBeUndefined();
  expect(await session(3)).toBeUndefined();
  const again = await session(5);
  expect(again?.restarts).toHaveLength(4);
  expect(again?.restarts).toEqual(whole?.restarts);
});

test("training from shots, under noise, by the natural gradient: each finds the optimum of the small table", async () => {
  const ways = [
    ["--train-shots", "200"],
    ["--train-shots", "100", "--gradient", "shift", "--layers", "1"],
    ["--train-shots", "100", "--optimiser", "spsa"],
    ["--noise", "1"],
    ["--noise", "1", "--readout", "0.02", "--train-shots", "200", "--objective", "elbo", "--temperature", "0.02"],
    ["--optimiser", "natural"],
    ["--costs", "sampled"],
  ];
  for (const [at, way] of ways.entries()) {
    const args = ["--table", costs, "--restarts", "4", "--iterations", "120", "--seed", "1", ...way];
    const { code, out } = await cli(...args, "--out", join(base, `way-${at}`), "--json");
    expect(code, way.join(" ")).toBe(0);
    const found = results(out);
    expect(found.best, way.join(" ")).toMatchObject({ bits: "001", loss: 0.1 });
    if (way.includes("--noise")) {
      // noise mixes in other strings
      expect(found.noise.energyWithoutNoise).toBeLessThan(found.energy);
      expect(found.noise.energyWithoutNoise).toBeGreaterThan(0.1 - 1e-12);
    }
    if (way.includes("sampled")) expect(found).toMatchObject({ optimum: null, pOptimal: null, seen: { loss: 0.1 } });
    else expect(found.optimum).toEqual({ loss: 0.1, count: 1 });
  }
});

test("above 12 bits noise is averaged over runs, and the run says so", async () => {
  const line = write("line.txt", Array.from({ length: 2 ** 13 }, (_, k) => k / 2 ** 13).join("\n"));
  const args = ["--table", line, "--noise", "1", "--trajectories", "4", "--layers", "1", "--restarts", "1", "--iterations", "4"];
  const found = results((await cli(...args, "--out", join(base, "runs"), "--json")).out);
  expect(found.warnings.join()).toMatch(/averaged over 4 runs a step: numbers under it are estimates/);
  expect(found.restarts[0].steps).toBe(4);
  expect(found.noise).toMatchObject({ noise: 1, trajectories: 4 });
});

test("more than 24 bits: costs of sampled strings, no optimum, searches with as many evaluations", async () => {
  const out = join(base, "lazy");
  const csv = write("many.csv", wide(26));
  const args = [csv, "--target", "y", "--ansatz", "product", "--restarts", "2", "--iterations", "20", "--train-shots", "100"];
  const { code, out: said } = await cli(...args, "--out", out, "--json");
  expect(code).toBe(0);
  const found = results(said);
  expect(found.warnings.join()).toMatch(/costs of 27 bits are computed only for sampled strings: the exact minimum stays unknown/);
  expect(found).toMatchObject({ optimum: null, pOptimal: null });
  expect(found.best.bits).toHaveLength(27);
  expect(found.seen.loss).toBeLessThanOrEqual(found.best.loss);
  expect(found.evaluations).toBeLessThan(2 * 22 * 100 + 65);
  expect(found.baselines.map((b: { name: string }) => b.name)).toEqual([
    "random",
    "steepest descent",
    "annealing",
    "PBIL",
    "straight-through",
  ]);
  for (const { evaluations } of found.baselines) expect(evaluations).toBeLessThanOrEqual(found.evaluations);
  // the network that is reported has the loss that is reported
  const [network] = JSON.parse(readFileSync(join(out, "artifacts", "networks.json"), "utf8"));
  expect(network).toMatchObject({ bits: found.best.bits, loss: found.best.loss });
  expect(readFileSync(join(out, "artifacts", "circuit.qasm"), "utf8")).toContain("qubit[27] q");
  expect(readFileSync(join(out, "report.html"), "utf8")).toContain("exact minimum is unknown");
});

test("a sampled training that was stopped goes on to the same numbers", async () => {
  const out = join(base, "stopped");
  const args = ["--table", costs, "--costs", "sampled", "--restarts", "3", "--iterations", "20", "--json"];
  const whole = results((await cli(...args, "--out", join(base, "whole"))).out);
  expect(results((await cli(...args, "--out", out, "--stop-at", "1")).out)).toMatchObject({ interrupted: true });
  const again = results((await cli(...args, "--out", out)).out);
  for (const key of ["best", "seen", "evaluations", "energy", "baselines", "restarts"]) expect(again[key]).toEqual(whole[key]);
});

test("a table of data with a family of its own: networks, their model file, and the test part", async () => {
  const spec = write(
    "family.yaml",
    "layers:\n  - { units: 2, activation: tanh }\n  - { units: 1 }\nchoices:\n  - { choose: temper, of: [1, 4] }\n",
  );
  const out = join(base, "blobs");
  const { code, out: said } = await cli(blobs(), "--target", "y", "--family", spec, "--restarts", "4", "--out", out, "--json");
  expect(code).toBe(0);
  const found = results(said);
  expect(found.evaluations).toBe(2 ** 10);
  expect(found.best.loss).toBeGreaterThanOrEqual(found.optimum.loss);
  expect(found.best.accuracy).toBeGreaterThan(0.95);
  expect(found.best.testAccuracy).toBeGreaterThan(0.8);
  expect(found.baselines.map((b: { name: string }) => b.name)).toContain("straight-through");
  const [network] = JSON.parse(readFileSync(join(out, "artifacts", "networks.json"), "utf8"));
  expect(network).toMatchObject({ bits: found.best.bits, network: { layers: [{ units: 2, activation: "tanh" }, { units: 1 }] } });
  const predicted = join(base, "predicted.csv");
  let text = "";
  const again = await run(
    ["predict", join(out, "artifacts", "model.onnx"), join(base, "blobs.csv"), "--out", predicted, "--json"],
    methods,
    {
      out: (t) => void (text += t),
      error: () => {},
    },
  );
  expect(again).toBe(0);
  // 64 rows of the search and 16 of the test
  const accuracy = (64 * found.best.accuracy + 16 * found.best.testAccuracy) / 80;
  expect(results(text).score.value).toBeCloseTo(accuracy, 12);
});

test("a model file computes what the network does, whatever its choices", async () => {
  const spec = familySchema.parse({
    layers: [{ units: 3, activation: "sign" }, { units: 1 }],
    choices: [{ choose: "units" }, { choose: "residual", layer: 1 }, { choose: "temper", of: [0.5, 2] }, { choose: "features" }],
  });
  const made = family(spec, 3);
  const x = randomStream(1).normal([5, 3]);
  for (const seed of [1, 2, 3]) {
    const network = decode(made, bitsOf(randomStream(seed).integers(0, 2 ** made.bits, [1]).data[0], made.bits));
    const model = readOnnx(networkOnnx(network, { producer: "test" }), "model.onnx");
    const [p] = await jit((input: Tensor) => model.apply(model.params, input))(ndarray(x.data, [5, 3], "f32"));
    logits(network, Float64Array.from(x.data)).forEach((z, i) => expect(Number(p.data[2 * i + 1])).toBeCloseTo(1 / (1 + Math.exp(-z)), 5));
  }
});

test("the verdict names the search that was better, or as good with fewer evaluations", () => {
  const pbil = { name: "PBIL", index: 3, loss: 0.5, evaluations: 40 };
  expect(verdict(byAll(0.6, 1024), [pbil], 1)).toMatch(/^A classical baseline was better: PBIL search found 0.500000 with 40 evaluations/);
  expect(verdict(byAll(0.5, 1024), [pbil], 1)).toMatch(/^A classical baseline was as good for less/);
  expect(verdict(byAll(0.4, 1024), [pbil], 1)).toBeUndefined();
});

test("input that is no problem is refused, with what to do", async () => {
  const refused = async (message: RegExp, ...args: string[]) => {
    const { code, error } = await cli(...args, "--out", join(base, "refused"));
    expect(error).toMatch(message);
    expect(code).not.toBe(0);
  };
  const csv = blobs();
  await refused(/costs\.txt: there is no such file/, "--table", join(base, "no", "costs.txt"));
  await refused(/bad\.txt, line 2: "x" is not a finite number/, "--table", write("bad.txt", "1\nx\n"));
  await refused(/3 numbers, which is not a power of two/, "--table", write("odd.txt", "1\n2\n3\n"));
  await refused(/give data or --table, not both/, csv, "--table", costs);
  await refused(/--family goes with data/, "--table", costs, "--family", "linear");
  await refused(/no family "gausian"/, csv, "--target", "y", "--family", "gausian");
  await refused(/made for 16 inputs, the data have 2 features/, csv, "--target", "y", "--family", "mnist-4x4");
  await refused(/bad\.yaml: .*layers/, csv, "--target", "y", "--family", write("bad.yaml", "layer: 3\n"));
  await refused(/has 3 classes.*[\s\S]*--classes/, write("three.csv", "a,y\n1,p\n2,q\n3,r\n4,p\n"), "--target", "y");
  await refused(/there is no class "s"/, join(base, "three.csv"), "--target", "y", "--classes", "p,s");
  await refused(/single value/, write("one.csv", "a,y\n1,p\n2,p\n"), "--target", "y");
  await refused(/2\^31 configurations/, write("wide.csv", wide(30)), "--target", "y");
  const table = (message: RegExp, ...args: string[]) => refused(message, "--table", costs, ...args);
  await table(/compares values, and here they are estimates/, "--train-shots", "100", "--optimiser", "lbfgs");
  await table(/too few for an estimate[\s\S]*at least 10/, "--train-shots", "3");
  await table(/no mean over strings/, "--train-shots", "100", "--objective", "cvar");
  await table(/without shots gradients are exact/, "--gradient", "shift");
  await table(/20,000 are too many/, "--train-shots", "20000", "--objective", "mmd");
  await table(/spsa takes values alone/, "--train-shots", "100", "--gradient", "score", "--optimiser", "spsa");
  await table(/not linear in the probabilities/, "--train-shots", "100", "--gradient", "shift", "--objective", "elbo");
  await table(/stand in many gates/, "--train-shots", "100", "--gradient", "shift", "--ansatz", "qaoa");
  await table(/it needs all costs/, "--costs", "sampled", "--ansatz", "qaoa");
  await table(/needs all costs, and costs are sampled/, "--costs", "sampled", "--train-shots", "0");
  await table(/noise on them is not defined/, "--noise", "1", "--ansatz", "qaoa");
  await table(/noise is exact, by density matrices/, "--noise", "1", "--trajectories", "10");
  await table(/no noisy runs to average/, "--trajectories", "10");
  await table(/lost in rounding/, "--noise", "200", "--layers", "9");
  await table(/not between 0 and 1/, "--noise", "2000");
  await table(/metric of pure states/, "--noise", "1", "--optimiser", "natural");
  await table(/not the angle of one RY or RZ/, "--ansatz", "qaoa", "--optimiser", "natural");
  const flat = write("flat.txt", "1\n".repeat(2 ** 13));
  await refused(/not linear in the probabilities: the mean of noisy runs/, "--table", flat, "--noise", "1", "--objective", "elbo");
  await refused(/metric of 13 qubits/, "--table", flat, "--optimiser", "natural");
  const large = write("large.qubo", "0 27 1\n");
  await refused(/a state of 28 qubits needs 4 GiB/, "--table", large);
  await refused(/28 bits have 2\^28 configurations[\s\S]*--costs sampled/, "--table", large, "--costs", "all");
  await refused(/40 bits are more than can be searched/, "--table", write("huge.qubo", "0 39 1\n"));
  await refused(/--layers 0/, "--table", costs, "--layers", "0");
  await refused(/no data: name a file/);
});

/** Many features. */
function wide(features: number): string {
  const names = Array.from({ length: features }, (_, j) => `x${j}`);
  return [[...names, "y"], ...Array.from({ length: 8 }, (_, i) => [...names.map((_, j) => (i * j) % 3), i % 2])]
    .map((row) => row.join())
    .join("\n");
}

test("runs write the numbers that their methods declare, and no others", async () => {
  await expectReported(base, "binarize", ["polished.loss", "polished.evaluations"]);
});
