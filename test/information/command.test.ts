/** `pushforward information` as people run it: files in, numbers and files out, schedules, given data, interruption. */
import { afterAll, expect, test } from "vitest";
import { array, randomStream } from "../../src/array/index.ts";
import { linearInformation } from "../../src/information/index.ts";
import { expectReported } from "../lab/reported.ts";
import { drawn, linear, linearMean, network, roughEncoder, workplace } from "./cli.ts";

const { path, npy, model, read, remove, information } = workplace("information");
afterAll(remove);

const decoder = model("decoder.onnx", linearMean, 2, { likelihood: "gaussian", variance: String(linear.variance) });
const encoder = model("encoder.onnx", roughEncoder, 3);
const truth = linearInformation({ weights: { data: linear.weights.flat(), shape: [3, 2] }, variance: [linear.variance] });

const small = ["--pairs", "24", "--chains", "3", "--temperatures", "12", "--leapfrogs", "3", "--samples", "50", "--quiet"];
/** A pilot of few steps. */
const byFormula = ["--schedule", "linear"];
const bounds = (out: string, ...more: string[]) => information("bounds", decoder, ...small, "--out", path(out), ...more);

interface Written {
  readonly name: string;
  readonly kind: string;
  readonly mean: number;
  readonly se: number;
  readonly valid: boolean;
  readonly why: string;
}
const results = (out: string) => JSON.parse(read(out, "results.json"));
const csv = (out: string, file = "pairs.csv"): { header: string[]; rows: number[][] } => {
  const [header, ...rows] = read(out, `artifacts/${file}`).trim().split("\n");
  return { header: header.split(","), rows: rows.map((row) => row.split(",").map(Number)) };
};

test("a decoder and its encoder: the interval, every bound with its side and reason, a row for each pair", async () => {
  const { code, out } = await bounds("whole", "--encoder", encoder, "--pairs", "200", "--temperatures", "30", "--chains", "4");
  expect(code).toBe(0);
  expect(out).toMatch(/^I\(X;Z\) is between [\d.]+ and [\d.]+ nats/m);
  const found = results("whole");
  expect(found).toMatchObject({
    ...{ unit: "nats", pairs: 200, chains: 4, temperatures: 30, leapfrogs: 3, route: "proposal", invalid: 0 },
    interval: [expect.any(Number), expect.any(Number)],
    interval95: [expect.any(Number), expect.any(Number)],
    acceptance: expect.any(Number),
    essMin: expect.any(Number),
    essMean: expect.any(Number),
    warnings: expect.any(Array),
  });
  for (const b of found.bounds as Written[]) {
    expect(Object.keys(b)).toEqual(["name", "kind", "mean", "se", "valid", "why"]);
    expect(b).toMatchObject({ name: expect.any(String), valid: true });
    expect(b.why.length).toBeGreaterThan(10);
    expect(b.se).toBeGreaterThan(0);
    // a bound is on its side of the closed form, within 4 standard errors
    if (b.kind === "lower") expect(b.mean).toBeLessThan(truth + 4 * b.se);
    else if (b.kind === "upper") expect(b.mean).toBeGreaterThan(truth - 4 * b.se);
    else expect(b.kind).toBe("estimate");
  }
  const names = (found.bounds as Written[]).map((b) => `${b.kind} ${b.name}`);
  for (const name of [
    "lower annealed, mixture",
    "lower annealed, reverse chains",
    "upper annealed, mixture",
    "lower importance from the prior, K = 50",
    "upper importance from the proposal, K = 50",
    "lower Barber-Agakov, proposal",
  ])
    expect(names).toContain(name);
  expect(found.interval).toEqual([found.bounds[0].mean, found.bounds.find((b: Written) => b.kind === "upper").mean]);
  expect(found.essMin).toBeGreaterThanOrEqual(1);
  expect(found.essMean).toBeLessThanOrEqual(4);

  const { header, rows } = csv("whole");
  expect(rows.length).toBe(200);
  const mean = (name: string): number => rows.reduce((sum, row) => sum + row[header.indexOf(name)], 0) / 200;
  expect(mean("information_upper")).toBeCloseTo(found.interval[1], 6);
  expect(mean("information_lower")).toBeCloseTo(found.bounds.find((b: Written) => b.name === "annealed, reverse chains").mean, 6);
  expect(mean("log_p_x_mixture_lower")).toBeCloseTo(found.logLikelihood.lower, 6);
  expect(-mean("log_p_x_given_z")).toBeCloseTo(found.entropy.xGivenZ, 6);
  // log p(x|z) has its constant: in the mean -D/2 log 2πe σ², each with a deviation of √(D/2)
  const entropy = 1.5 * Math.log(2 * Math.PI * Math.E * linear.variance);
  expect(Math.abs(found.entropy.xGivenZ - entropy)).toBeLessThan(4.5 * Math.sqrt(1.5 / 200));
  expect(read("whole", "report.html")).toContain("<svg");
});

test("the same seed gives the same numbers, another seed others", async () => {
  for (const [out, seed] of [
    ["first", "5"],
    ["second", "5"],
    ["third", "6"],
  ] as const)
    expect((await bounds(out, "--seed", seed, ...byFormula)).code).toBe(0);
  expect(read("second", "artifacts/pairs.csv")).toBe(read("first", "artifacts/pairs.csv"));
  expect(read("second", "artifacts/schedule.json")).toBe(read("first", "artifacts/schedule.json"));
  expect(read("third", "artifacts/pairs.csv")).not.toBe(read("first", "artifacts/pairs.csv"));
});

test("a run that pauses goes on to the same bits", async () => {
  expect((await bounds("straight", "--encoder", encoder, ...byFormula)).code).toBe(0);
  const paused = await bounds("paused", "--encoder", encoder, ...byFormula, "--stop-at", "5");
  expect([paused.code, paused.out]).toEqual([0, `stopped; the same command goes on from ${path("paused")}\n`]);
  expect((await bounds("paused", "--encoder", encoder, ...byFormula)).code).toBe(0);
  for (const file of ["artifacts/pairs.csv", "artifacts/schedule.json", "metrics.jsonl"])
    expect(read("paused", file)).toBe(read("straight", file));
});

test("schedule.json serves other runs, to the bit; steps and temperatures come from it", async () => {
  expect((await bounds("pilot")).code).toBe(0);
  const schedule = path("pilot/artifacts/schedule.json");
  const { betas, stepSizes, leapfrogs, route } = JSON.parse(read("pilot", "artifacts/schedule.json"));
  expect([betas.length, stepSizes.length, leapfrogs, route]).toEqual([13, 12, 3, "prior"]);
  expect((await bounds("reused", "--schedule", schedule)).code).toBe(0);
  expect(read("reused", "artifacts/pairs.csv")).toBe(read("pilot", "artifacts/pairs.csv"));
  expect(JSON.parse(read("reused", "artifacts/schedule.json"))).toEqual(JSON.parse(read("pilot", "artifacts/schedule.json")));
});

test("frozen temperatures and step sizes depend on nothing of the reported chains", async () => {
  await bounds("frozen");
  const expected = read("frozen", "artifacts/schedule.json");
  const { z, x } = await drawn(linearMean, 2, linear.variance, 40, randomStream(1));
  const given = ["--x", npy("frozen-x.npy", x), "--z", npy("frozen-z.npy", z)];
  for (const [i, more] of [["--chains", "7"], ["--pairs", "50"], given].entries()) {
    expect((await bounds(`frozen-${i}`, ...more)).code).toBe(0);
    expect(read(`frozen-${i}`, "artifacts/schedule.json")).toBe(expected);
  }
  expect((await bounds("frozen-seed", "--seed", "1")).code).toBe(0);
  expect(read("frozen-seed", "artifacts/schedule.json")).not.toBe(expected);
});

test("given pairs that are draws of the model are taken, and their bounds enclose the closed form", async () => {
  const { z, x } = await drawn(linearMean, 2, linear.variance, 300, randomStream(2));
  const { code } = await bounds("given", "--x", npy("x.npy", x), "--z", npy("z.npy", z), "--temperatures", "30");
  expect(code).toBe(0);
  const found = results("given");
  expect(found.pairs).toBe(300);
  const [lower, upper] = [found.bounds[0] as Written, found.bounds.find((b: Written) => b.kind === "upper") as Written];
  expect(lower.mean).toBeLessThan(truth + 4 * lower.se);
  expect(upper.mean).toBeGreaterThan(truth - 4 * upper.se);
  expect(upper.mean - lower.mean).toBeLessThan(0.5);
});

test("real x with an encoder's samples: refused, and the reason is named", async () => {
  // data of another law, and latents near their posterior
  const rng = randomStream(3);
  const z = rng.fold("z").normal([200, 2]);
  const wide = rng.fold("x").normal([200, 3]);
  const x = array(
    Array.from({ length: 200 }, (_, b) => linear.bias.map((m, i) => m + 0.9 * wide.data[3 * b + i])),
    "f32",
  );
  const { code, error } = await bounds("real", "--x", npy("real-x.npy", x), "--z", npy("real-z.npy", z), "--encoder", encoder);
  expect(code).toBe(1);
  expect(error).toMatch(/^error: these pairs were not drawn from decoder\.onnx: x is [\d.]+ noise variances from what z decodes to, not 1/);
  expect(error).toMatch(/no exact posterior draw exists, and an encoder's sample is none/);
  expect(error).toMatch(/hint: leave --z out for lower bounds on log p\(x\)/);
});

test("x alone gives lower bounds on log p(x), and nothing on the other side", async () => {
  const { x } = await drawn(linearMean, 2, linear.variance, 30, randomStream(4));
  const { code, out, error } = await information(
    "bounds",
    decoder,
    ...small.slice(0, -1),
    "--x",
    npy("alone.npy", x),
    "--out",
    path("alone"),
  );
  expect(code).toBe(0);
  expect(error).toContain("note: --x without --z: lower bounds on log p(x) only, for x has no exact posterior draw");
  expect(out).toMatch(/log p\(x\) is at least -?[\d.]+/);
  expect(out).not.toMatch(/I\(X;Z\)/);
  const found = results("alone");
  expect(found.interval).toBeNull();
  expect(found.logLikelihood.upper).toBeNull();
  expect(found.bounds.map((b: Written) => b.kind)).toEqual(["lower"]);
  const { header, rows } = csv("alone");
  expect([header, rows.length]).toEqual([["log_p_x_lower"], 30]);
});

test("a linear model from files knows its information; bias and noise by coordinate are read", async () => {
  const weights = npy("weights.npy", array(linear.weights, "f64"));
  const bias = npy("bias.npy", array(linear.bias, "f64"));
  const variance = npy("variance.npy", array([0.2, 0.1, 0.4], "f64"));
  const { code } = await information(
    "bounds",
    "--linear",
    weights,
    "--bias",
    bias,
    "--variance",
    variance,
    ...small,
    ...byFormula,
    "--out",
    path("linear"),
  );
  expect(code).toBe(0);
  expect(results("linear").truth).toBeCloseTo(
    linearInformation({ weights: { data: linear.weights.flat(), shape: [3, 2] }, variance: [0.2, 0.1, 0.4] }),
    10,
  );
});

test("a Bernoulli decoder of logits, and the same of probabilities: the same numbers", async () => {
  const logits = network([2, 8, 6], 5);
  const given = ["--likelihood", "bernoulli", "--precision", "f64", ...small];
  const two = [
    ["logits", model("logits.onnx", (z) => logits(z).mul(3), 2)],
    ["probabilities", model("probabilities.onnx", (z) => logits(z).mul(3).sigmoid(), 2)],
  ] as const;
  for (const [output, file] of two)
    expect((await information("bounds", file, ...given, "--output", output, "--out", path(output))).code).toBe(0);
  const [a, b] = two.map(([output]) => results(output));
  expect(a.interval[0]).toBeCloseTo(b.interval[0], 4);
  expect(a.interval[1]).toBeCloseTo(b.interval[1], 4);
  expect(b.warnings.join()).toMatch(/probabilities are kept within 1e-6 of 0 and 1/);
  // without constant: H(X|Z) is positive and below 6 log 2
  expect(a.entropy.xGivenZ).toBeGreaterThan(0);
  expect(a.entropy.xGivenZ).toBeLessThan(6 * Math.LN2);
});

test("--quick is short, and says so", async () => {
  const { code, error } = await information("bounds", "--data", "linear-gaussian", "--quick", "--out", path("quick"));
  expect(code).toBe(0);
  expect(error).toContain("note: --quick: few pairs, chains and temperatures");
  expect(results("quick")).toMatchObject({ pairs: 16, chains: 4, temperatures: 60, truth: expect.closeTo(34.7230177364, 6) });
});

test("one chain, one temperature: bounds that say how little they are worth", async () => {
  expect((await bounds("one", "--chains", "1", "--temperatures", "1")).code).toBe(0);
  const { warnings, bounds: all } = results("one");
  expect(warnings.join("\n")).toMatch(/with one temperature nothing is annealed/);
  expect(warnings.join("\n")).toMatch(/with one chain the mixture and the reverse chains are the bounds of one chain/);
  // one draw from the prior and the exact draw weigh alike: 0 in expectation
  const lower = (all as Written[]).find((b) => b.name === "annealed, one chain" && b.kind === "lower") as Written;
  expect(Math.abs(lower.mean)).toBeLessThan(4.5 * lower.se);
});

test("a learned proposal is a part of the run: its bounds, and the same bits after a pause", async () => {
  const learned = ["--propose", "forward-kl", "--proposal-steps", "60", ...byFormula];
  expect((await bounds("learned", ...learned)).code).toBe(0);
  expect(results("learned").route).toBe("proposal");
  expect((results("learned").bounds as Written[]).some((b) => b.name === "Barber-Agakov, proposal")).toBe(true);
  expect((await bounds("learned-paused", ...learned, "--stop-at", "4")).code).toBe(0);
  expect((await bounds("learned-paused", ...learned)).code).toBe(0);
  expect(read("learned-paused", "artifacts/pairs.csv")).toBe(read("learned", "artifacts/pairs.csv"));
  // from the prior all the same, with the proposal's importance bounds beside
  expect((await bounds("beside", ...learned, "--from", "prior")).code).toBe(0);
  expect(results("beside").route).toBe("prior");
});

test("rate: a table from small β to large, the rate at β = 1, and the same bits after a pause", async () => {
  const args = [
    "rate",
    decoder,
    "--pairs",
    "40",
    "--chains",
    "8",
    "--temperatures",
    "40",
    "--leapfrogs",
    "4",
    "--schedule",
    "linear",
    "--quiet",
  ];
  expect((await information(...args, "--out", path("rate"))).code).toBe(0);
  const { header, rows } = csv("rate", "rate.csv");
  expect(header).toEqual(["beta", "distortion", "distortion_error", "rate", "rate_error"]);
  expect(rows.length).toBe(40);
  rows.slice(1).forEach(([beta], i) => void expect(beta).toBeGreaterThan(rows[i][0]));
  const { rateAtOne } = results("rate");
  expect(rateAtOne.beta).toBeCloseTo(1, 9);
  expect(Math.abs(rateAtOne.rate - truth)).toBeLessThan(4.5 * rateAtOne.rateError + 0.05);
  expect((await information(...args, "--out", path("rate-paused"), "--stop-at", "17")).code).toBe(0);
  expect((await information(...args, "--out", path("rate-paused"))).code).toBe(0);
  expect(read("rate-paused", "artifacts/rate.csv")).toBe(read("rate", "artifacts/rate.csv"));
  // its schedule is of a path that goes to β = 4, and none for bounds
  const schedule = path("rate/artifacts/schedule.json");
  const refused = await information("bounds", "--data", "linear-gaussian", "--schedule", schedule, "--out", path("refused"));
  expect(refused.error).toMatch(/schedule\.json is for a rate curve \(likelihood\) up to β = \d+, not for bounds\n {2}hint/);
});

test("energy: a misspelt model, options of a model beside pairs, and an encoder that is not used are told", async () => {
  const refused = async (...args: string[]): Promise<string> =>
    (await information("energy", ...args, "--out", path("energy-refused"))).error;
  expect(await refused("--data", "gausian")).toMatch(/no built-in model "gausian"\n {2}hint: did you mean gaussian\?/);
  const z = npy("pairs.npy", randomStream("pairs").normal([100, 2], "f64"));
  expect(await refused("--x", z, "--z", z, "--variance", "0.1")).toMatch(/--variance is of a model, and --x and --z are given/);
  expect(await refused("--x", z)).toMatch(/--x and --z come together/);
});

test("runs write the numbers that their methods declare, and no others", async () => {
  const rows = npy("rows.npy", (await drawn(linearMean, 2, linear.variance, 60, randomStream(3))).x);
  expect((await information("representation", encoder, "--x", rows, "--variance", "0.1", "--out", path("codes"), "--quiet")).code).toBe(0);
  await expectReported(path(""), "information representation");
  await expectReported(path(""), "information bounds");
  await expectReported(path(""), "information rate", ["thermodynamicLength"]);
});
