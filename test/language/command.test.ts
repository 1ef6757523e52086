/** `pushforward steer` as people run it. */
import { writeFileSync } from "node:fs";
import { afterAll, describe, expect, test } from "vitest";
import { randomStream } from "../../src/array/index.ts";
import { type CausalTransformer, causalTransformer, writeLanguageModel } from "../../src/nn/index.ts";
import { workplace } from "../information/cli.ts";
import { expectReported } from "../lab/reported.ts";
import { file, logZ } from "./chain-a.ts";

const { path, write, read, remove, call } = workplace("steer");
afterAll(remove);
const chain = write("chain.json", JSON.stringify(file));
const score = write("score.mjs", "export default ({ tokens }) => tokens.filter((t) => t === 2).length;");
const chainA = ["--model", chain, "--length", "4", "--potential", score];
const steer = (command: string, out: string, ...args: string[]) => call("steer", command, ...args, "--out", path(out), "--quiet");
const results = (out: string) => JSON.parse(read(out, "results.json"));
const lines = (
  out: string,
  name: string,
): { text: string; tokens: number[]; weight: number; logProposal: number; logPotential: number }[] =>
  read(out, `artifacts/${name}`)
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

test("exact: log Z on both sides, both divergences of the model, draws of the target", async () => {
  const { code, out } = await steer("exact", "exact", ...chainA, "--texts", "4000");
  expect(code).toBe(0);
  expect(out).toMatch(/log Z is 1\.69684533\d+ nats \(all 81 continuations\)/);
  const found = results("exact");
  expect(found.logZ).toEqual({ lower: expect.closeTo(logZ, 10), upper: expect.closeTo(logZ, 10), se: 0 });
  expect(found.kl).toEqual({ qToTarget: expect.closeTo(0.7184453308, 9), targetToQ: expect.closeTo(0.7880494662, 9) });
  // E_σ n = 2.4849, deviation about 1.1
  const texts = lines("exact", "texts.jsonl");
  expect(Math.abs(texts.reduce((sum, t) => sum + t.logPotential, 0) / 4000 - 2.484894797)).toBeLessThan(4 * (1.2 / Math.sqrt(4000)));
});

test("bounds: the sides hold, the same seed gives the same numbers, another twist narrows them", async () => {
  const args = [...chainA, "--particles", "4", "--runs", "400", "--resample", "always", "--scheme", "multinomial", "--draws", "2000"];
  expect((await steer("bounds", "bounds", ...args)).code).toBe(0);
  const { logZ: found, kl, truth, ladder, uniqueAncestors } = results("bounds");
  expect(found.lower).toBeLessThan(logZ + 4 * found.lowerSe);
  expect(found.upper).toBeGreaterThan(logZ - 4 * found.upperSe);
  expect(found.se).toBe(Math.max(found.lowerSe, found.upperSe));
  expect(truth).toBeCloseTo(logZ, 10);
  expect(ladder.map((rung: { particles: number }) => rung.particles)).toEqual([1, 4]);
  expect(uniqueAncestors).toBeGreaterThan(1);
  // deviations of log weights are about 1
  expect(Math.abs(kl.qToTarget - 0.7184)).toBeLessThan(0.1);
  expect(Math.abs(kl.targetToQ - 0.788)).toBeLessThan(0.1);
  await steer("bounds", "again", ...args);
  expect(results("again").logZ).toEqual(found);
  await steer("bounds", "seed", ...args, "--seed", "1");
  expect(results("seed").logZ.lower).not.toBe(found.lower);
});

test("a potential without a bound on a long text has no upper bound, and the reason stands there", async () => {
  const { out } = await steer(
    "bounds",
    "open",
    "--model",
    chain,
    "--length",
    "40",
    "--potential",
    score,
    "--runs",
    "4",
    "--particles",
    "8",
  );
  expect(out).toMatch(/no upper bound: score\.mjs has no known upper bound/);
  const { logZ: found, kl } = results("open");
  expect(found.upper).toBeUndefined();
  expect(found.why).toMatch(/no known upper bound/);
  expect(kl).toEqual({ qToTarget: null, targetToQ: null, why: expect.stringMatching(/no known upper bound/) });
});

test("sample: weights add up to 1, texts of the model beside them", async () => {
  const { code, out } = await steer("sample", "sample", ...chainA, "--particles", "64", "--json");
  expect(code).toBe(0);
  const last = JSON.parse(out.trim().split("\n").at(-1)!);
  expect(last.texts.length).toBe(64);
  expect(last.texts.reduce((sum: number, t: { weight: number }) => sum + t.weight, 0)).toBeCloseTo(1, 12);
  expect(last.texts.every((t: { text: string; tokens: number[] }) => t.text === t.tokens.map((v) => "abc"[v]).join(""))).toBe(true);
  expect(last.ess).toBeGreaterThan(1);
  expect(last.uniqueAncestors).toBeGreaterThan(1);
  expect(lines("sample", "model-texts.jsonl").length).toBe(64);
  expect(last.meanLogPotential.steered).toBeGreaterThan(last.meanLogPotential.model);
  // each text with the particles that it descends from; the last step's is itself
  const paths = last.texts.map((t: { ancestors: number[] }) => t.ancestors);
  expect(new Set(paths.map((path: number[]) => path[3])).size).toBe(64);
  expect(new Set(paths.map((path: number[]) => path[0])).size).toBe(last.uniqueAncestors);
  expect(last.hits).toEqual({ steered: expect.closeTo(1, 12), model: expect.closeTo(1, 12) });
  // 3 tokens in 256 places
  expect(last.distinctGrams.steered[0]).toBeCloseTo(3 / 256, 12);
});

test("train, and its twist in bounds and compare; a pause changes no bit; another model is refused", async () => {
  const args = [...chainA, "--loss", "ctl", "--steps", "60", "--texts", "32", "--lr", "0.02"];
  expect((await steer("train", "twist", ...args)).code).toBe(0);
  const twist = path("twist/artifacts/twist.safetensors");
  expect(results("twist").kl.qToTarget).toBeLessThan(0.2);
  expect((await steer("train", "paused", ...args, "--stop-at", "25")).code).toBe(0);
  expect((await steer("train", "paused", ...args)).code).toBe(0);
  expect(read("paused", "artifacts/twist.safetensors")).toBe(read("twist", "artifacts/twist.safetensors"));
  await steer("compare", "compare", ...chainA, "--twists", `none,prefix,${twist}`, "--runs", "8");
  const { twists, logZ: common } = results("compare");
  expect(common).toEqual({ lower: expect.closeTo(logZ, 10), upper: expect.closeTo(logZ, 10), se: 0 });
  expect(twists[2].qToTarget).toBeLessThan(twists[0].qToTarget / 2);
  const other = write("other.json", JSON.stringify({ ...file, start: [0.2, 0.3, 0.5] }));
  const refused = await steer("bounds", "refused", ...chainA, "--model", other, "--twist", twist);
  expect([refused.code, refused.error]).toEqual([
    1,
    expect.stringMatching(/this twist was learned on .*chain\.json.*, which is not .*other\.json/),
  ]);
  const told = await call(
    "steer",
    "bounds",
    ...chainA,
    "--length",
    "5",
    "--twist",
    twist,
    "--out",
    path("told"),
    "--runs",
    "2",
    "--particles",
    "2",
  );
  expect(told.error).toMatch(/note: the twist was learned for a length of 4, here it is 5/);
});

test("a twist with a body of its own: low-rank changes of a network, with its cache in bounds; by exact draws, dpg learns", async () => {
  const config: CausalTransformer = { architecture: "gpt", vocabulary: 11, context: 16, width: 8, depth: 1, heads: 2 };
  const tokens = { kind: "characters", vocabulary: [..."abcdefghij?"] };
  const network = path("language-model.safetensors");
  writeFileSync(network, writeLanguageModel({ config, params: causalTransformer.init(randomStream(1), config), tokenizer: tokens }));
  const args = ["--model", network, "--prompt", "ab", "--length", "2", "--potential", "contains:c", "--floor", "0.01"];
  const learn = ["--body", "lora", "--form", "p-psi", "--steps", "3", "--texts", "8", "--positives", "exact"];
  const { code, error } = await call("steer", "train", ...args, ...learn, "--out", path("lora"));
  expect([code, error]).toEqual([0, expect.stringMatching(/dpg is learned by, for there are exact draws/)]);
  const twist = path("lora/artifacts/twist.safetensors");
  const bounds = await steer("bounds", "by-lora", ...args, "--twist", twist, "--runs", "10", "--particles", "16", "--resample", "0.5");
  expect(bounds.code).toBe(0);
  const { truth, logZ: found } = results("by-lora");
  expect(found.lower).toBeLessThan(truth + 4 * found.lowerSe);
  expect(found.upper).toBeGreaterThan(truth - 4 * found.upperSe);
});

test("kl: texts of a sampler with their log q, both ways", async () => {
  await steer("exact", "for-kl", ...chainA, "--texts", "2000");
  const drawn = lines("for-kl", "texts.jsonl");
  // the sampler is the model itself: what it says of exact draws is log p0
  const exact = write("exact.jsonl", drawn.map((t) => JSON.stringify({ tokens: t.tokens, logq: t.logProposal })).join("\n"));
  await steer(
    "sample",
    "from-model",
    ...chainA,
    "--twist",
    "none",
    "--power",
    "0",
    "--particles",
    "2000",
    "--runs",
    "1",
    "--resample",
    "never",
  );
  const own = write(
    "own.jsonl",
    lines("from-model", "model-texts.jsonl")
      .map((t) => JSON.stringify({ text: t.text, logq: t.logProposal }))
      .join("\n"),
  );
  expect((await steer("kl", "kl", own, ...chainA, "--exact", exact)).code).toBe(0);
  const { kl, logZ: found } = results("kl");
  expect(found).toEqual({ lower: expect.closeTo(logZ, 10), upper: expect.closeTo(logZ, 10), se: 0 });
  expect(Math.abs(kl.qToTarget - 0.7184)).toBeLessThan(0.1);
  expect(Math.abs(kl.targetToQ - 0.788)).toBeLessThan(0.1);
  await steer("kl", "one-way", own, ...chainA);
  expect(results("one-way").kl).toMatchObject({ targetToQ: null, why: expect.stringMatching(/log q of exact draws is needed/) });
});

test("infill: texts end as told; simulated endings give both sides", async () => {
  await steer("infill", "infill", "--model", chain, "--length", "3", "--ending", "bc", "--particles", "32", "--runs", "20");
  const found = results("infill");
  expect(found.texts.every((t: { text: string }) => /^[abc]{3}bc$/.test(t.text))).toBe(true);
  expect(found.logZ.lower).toBeLessThan(-2.275748439 + 4 * found.logZ.se);
  await steer("infill", "both", "--model", chain, "--length", "3", "--simulate", "1", "--runs", "400");
  const both = results("both");
  expect(both.logZ.lower).toBeLessThan(-1.0893861445 + 4 * both.logZ.lowerSe);
  expect(both.logZ.upper).toBeGreaterThan(-1.0893861445 - 4 * both.logZ.upperSe);
});

describe("what does not fit is refused before any work", () => {
  const broken = write("broken.safetensors", "not a twist");
  const texts = (name: string, ...rows: string[]): string => write(name, rows.join("\n"));
  test.each<[string, string, () => string[], RegExp]>([
    ["no such model", "bounds", () => ["--model", "none.bin", "--potential", "afinn"], /none\.bin: there is no such/],
    ["no potential", "bounds", () => ["--model", chain], /potential/],
    [
      "a misspelt potential",
      "bounds",
      () => ["--model", chain, "--potential", "afin"],
      /no potential "afin"\n {2}hint: did you mean afinn\?/,
    ],
    ["a prompt of other tokens", "bounds", () => [...chainA, "--prompt", "x"], /the model has no token "x"/],
    ["a rule that is none", "bounds", () => [...chainA, "--resample", "often"], /--resample often: never, always/],
    ["a share of 2", "bounds", () => [...chainA, "--resample", "2"], /--resample 2/],
    ["the exact twist of a module", "bounds", () => [...chainA, "--twist", "exact"], /--twist exact needs a chain and a potential/],
    ["no such twist", "bounds", () => [...chainA, "--twist", "none.safetensors"], /there is no such file/],
    ["a twist that is none", "bounds", () => [...chainA, "--twist", broken], /broken\.safetensors: safetensors/],
    ["--order of a chain", "bounds", () => [...chainA, "--order", "4"], /--order is for a text to count\n {2}hint/],
    ["--unit of a chain", "bounds", () => [...chainA, "--unit", "words"], /--unit is for a text to count/],
    ["--tokenizer of a chain", "bounds", () => [...chainA, "--tokenizer", "t.bin"], /--tokenizer is for a llama2\.c \.bin/],
    ["--class without a classifier", "bounds", () => [...chainA, "--class", "good"], /--class is of a classifier/],
    ["--slope without a lexicon", "bounds", () => [...chainA, "--slope", "2"], /--slope is of a lexicon's score/],
    [
      "a probability above 1",
      "kl",
      () => [texts("k8.jsonl", '{"tokens":[0,1,2,0],"logq":5}'), ...chainA],
      /line 1: log q is 5: no text has a probability above 1/,
    ],
    ["model twice", "bounds", () => [chain, ...chainA], /the model is given twice/],
    ["--data", "bounds", () => [...chainA, "--data", "mnist"], /--data is of no use here/],
    ["FUDGE of an unbounded score", "train", () => [...chainA, "--loss", "fudge"], /fudge needs φ ≤ 1/],
    [
      "texts that groups do not divide",
      "train",
      () => ["--model", chain, "--infill", "1", "--texts", "32", "--groups", "5"],
      /cannot be divided among --groups 5/,
    ],
    [
      "one text for each ending",
      "train",
      () => ["--model", chain, "--infill", "1", "--texts", "10", "--groups", "10"],
      /10 texts for 10 endings a step: contrastive learning needs at least 2/,
    ],
    ["a copy of a chain", "train", () => [...chainA, "--body", "copy"], /needs the weights of the model, .*\n {2}hint: --body frozen/],
    ["p0 ψ of a frozen state", "train", () => [...chainA, "--form", "p-psi"], /begins as the model's own\n {2}hint: --body copy, or/],
    ["a ratio around nothing", "train", () => [...chainA, "--form", "ratio"], /a ratio is learned around a proposal, and there is none/],
    ["texts of another law", "train", () => [...chainA, "--loss", "ppo", "--law", "mixture"], /its texts must come from the proposal/],
    ["little to be learned again", "train", () => [...chainA, "--replay", "5"], /--replay 5 is less than the 100 texts of a step/],
    ["a window of contrasts", "train", () => [...chainA, "--window", "3"], /ctl has no window of steps/],
    [
      "exact draws at the floor",
      "bounds",
      () => [
        ...chainA.slice(0, -1),
        "contains:cccc",
        "--floor",
        "1e-16",
        "--exact",
        texts("k9.jsonl", '{"tokens":[0,1,2,0]}'),
        "--runs",
        "1",
      ],
      /none of the 1 texts is above the floor/,
    ],
    ["a training without a score", "train", () => ["--model", chain], /--potential is needed/],
    ["no ending", "infill", () => ["--model", chain], /give --ending, or --simulate/],
    ["an empty ending", "infill", () => ["--model", chain, "--ending", ""], /--ending is empty/],
    ["twists named twice", "compare", () => [...chainA, "--twists", "none,none"], /named twice/],
    ["texts without log q", "kl", () => [texts("k1.jsonl", '{"tokens":[0,1,2,0]}'), ...chainA], /no text has "logq"/],
    [
      "a short text",
      "kl",
      () => [texts("k2.jsonl", '{"tokens":[0,1],"logq":-1}'), ...chainA],
      /line 1: 2 tokens without an end, and --length is 4/,
    ],
    ["a long text", "kl", () => [texts("k3.jsonl", '{"tokens":[0,1,2,0,0],"logq":-1}'), ...chainA], /line 1: 5 tokens, and --length is 4/],
    [
      "a token too large",
      "kl",
      () => [texts("k4.jsonl", '{"tokens":[0,1,2,3],"logq":-1}'), ...chainA],
      /line 1: token 3, and the model has 3/,
    ],
    [
      "some without log q",
      "kl",
      () => [texts("k5.jsonl", '{"tokens":[0,1,2,2],"logq":-1}', '{"tokens":[0,1,2,2]}'), ...chainA],
      /text 2 has no "logq"/,
    ],
    ["no JSON lines", "kl", () => [texts("k6.jsonl", "hello"), ...chainA], /line 1: this is no JSON/],
    ["no texts", "kl", () => [texts("k7.jsonl", ""), ...chainA], /there are no texts/],
    ["no such file", "kl", () => ["none.jsonl", ...chainA], /none\.jsonl: there is no such file/],
    [
      "infilling by a plain twist's command",
      "infill",
      () => ["--model", chain, "--ending", "b", "--length", "4", "--twist", broken],
      /safetensors/,
    ],
  ])("%s", async (_, command, args, message) => {
    const { code, error } = await steer(command, "refused", ...args());
    expect([code, error]).toEqual([1, expect.stringMatching(message)]);
    expect(error).not.toMatch(/\n {4}at /);
  });
});

test("exact draws of another target, a floor that nobody leaves, a proposal, a training without a hit: told for what they are", async () => {
  const wanted = ["--model", chain, "--length", "4", "--potential", score];
  await steer("exact", "opposite", ...wanted, "--beta", "-3", "--texts", "400");
  const args = [...wanted, "--exact", path("opposite/artifacts/texts.jsonl"), "--particles", "4", "--runs", "400"];
  const crossing = await steer("bounds", "crossing", ...args);
  expect([crossing.code, crossing.error]).toEqual([
    1,
    expect.stringMatching(/is above the upper one .* the exact draws are not of this target\n {2}hint/),
  ]);
  const away = ["--model", chain, "--length", "3", "--potential", "contains:cccc", "--floor", "1e-16", "--twist", "none"];
  const floor = await steer("sample", "floor", ...away, "--particles", "8");
  expect([floor.code, floor.error]).toEqual([1, expect.stringMatching(/no particle of 8 reached .*: every text has φ = 0, or its floor/)]);
  const empty = await call("steer", "train", ...away.slice(0, -2), "--steps", "5", "--texts", "8", "--out", path("starved"), "--quiet");
  expect(empty.out).toMatch(/note: no text of any of the 5 steps had anything of what is wanted: nothing was learned/);
  const above = write("above.mjs", "export default () => 1; export const largest = 0;");
  const unbounded = await steer("train", "above", "--model", chain, "--length", "4", "--potential", above, "--loss", "fudge");
  expect([unbounded.code, unbounded.error]).toEqual([1, expect.stringMatching(/fudge needs φ ≤ 1, and a text of step 1 has log φ = 1/)]);
  await steer("train", "proposal", ...chainA, "--loss", "dpg", "--steps", "3", "--texts", "8");
  const twist = path("proposal/artifacts/twist.safetensors");
  const asked = await call("steer", "bounds", ...chainA, "--twist", twist, "--runs", "2", "--particles", "2", "--out", path("never"));
  expect(asked.error).toMatch(/note: the twist was learned as a proposal: particles are not resampled/);
  const around = ["--form", "ratio", "--around", twist, "--steps", "3", "--texts", "8"];
  expect((await steer("train", "ratio", ...chainA, ...around)).code).toBe(0);
  const ratio = path("ratio/artifacts/twist.safetensors");
  // a ratio is fit for resampling again, and brings its proposal with it
  const resampled = await call(
    "steer",
    "bounds",
    ...chainA,
    "--twist",
    ratio,
    "--runs",
    "4",
    "--particles",
    "4",
    "--out",
    path("by-ratio"),
  );
  expect([resampled.code, resampled.error]).toEqual([0, expect.not.stringMatching(/particles are not resampled/)]);
  const again = await steer("train", "ratio-again", ...chainA, ...around.map((a) => (a === twist ? ratio : a)));
  expect([again.code, again.error]).toEqual([1, expect.stringMatching(/this twist is itself learned around another/)]);
  await steer("bounds", "never-asked", ...chainA, "--twist", twist, "--runs", "2", "--particles", "2", "--resample", "never");
  expect(results("never").logZ).toEqual(results("never-asked").logZ);
});

test("no particle in the support stops the run, and says what to do", async () => {
  const never = write("never.mjs", "export default () => -Infinity;");
  for (const command of ["sample", "bounds"]) {
    const { code, error } = await steer(
      command,
      `dead-${command}`,
      "--model",
      chain,
      "--length",
      "4",
      "--potential",
      never,
      "--particles",
      "8",
    );
    expect([code, error]).toEqual([
      1,
      expect.stringMatching(/no particle of 8 reached what never\.mjs wants: every text has φ = 0\n {2}hint/),
    ]);
  }
  // one that is reached by some runs of one particle only: told, with how many
  const rare = write("rare.mjs", "export default ({ text }) => (text.startsWith('c') ? 0 : -Infinity); export const largest = 0;");
  const some = await steer(
    "bounds",
    "some",
    "--model",
    chain,
    "--length",
    "4",
    "--potential",
    rare,
    "--particles",
    "2",
    "--runs",
    "40",
    "--twist",
    "none",
  );
  expect(some.out).toMatch(/in \d+ of 40 runs no particle reached the support of the potential/);
  expect(some.out).toMatch(/of 1000 texts of q have φ = 0: KL\(q ‖ target\) is infinite/);
  expect(JSON.stringify(results("some"))).not.toMatch(/NaN/);
  const { error } = await steer("exact", "none", "--model", chain, "--length", "4", "--potential", never);
  expect(error).toMatch(/no continuation has φ > 0: log Z is -∞/);
});

test("runs write the numbers that their methods declare, and no others", async () => {
  await expectReported(path(""), "steer exact", ["logZ.lowerSe", "logZ.upperSe", "accepted"]);
  await expectReported(path(""), "steer bounds");
  await expectReported(path(""), "steer sample", ["logZ.upper", "logZ.upperSe"]);
  await expectReported(path(""), "steer train");
  await expectReported(path(""), "steer compare", ["logZ.lowerSe", "logZ.upperSe", "logZ.estimate"]);
  await expectReported(path(""), "steer kl", ["logZ.lowerSe", "logZ.upperSe"]);
  await expectReported(path(""), "steer infill");
});
