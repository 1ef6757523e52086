/** `pushforward audit` and its commands, on a world of two features where everything is known. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { allocate, type NdArray, ndarray, randomStream, writeNpz } from "../../src/array/index.ts";
import { commands } from "../../src/cli/commands.ts";
import { run } from "../../src/cli/program.ts";
import { toOnnx } from "../../src/onnx/index.ts";
import type { Tensor } from "../../src/tensor/index.ts";
import * as t from "../../src/tensor/index.ts";
import { expectReported } from "../lab/reported.ts";

const folder = mkdtempSync(join(tmpdir(), "pushforward-audit-"));
afterAll(() => rmSync(folder, { recursive: true }));
const path = (name: string): string => join(folder, name);

async function audit(...args: readonly string[]): Promise<{ code: number; out: string; text: string }> {
  let [out, text] = ["", ""];
  const code = await run(["audit", ...args], commands, { out: (s) => void (out += s), error: (s) => void (text += s) });
  return { code, out, text };
}
async function results(...args: readonly string[]) {
  const { out, text } = await audit(...args, "--json");
  expect(text).toBe("");
  return JSON.parse(out.trim().split("\n").at(-1)!);
}
const refused = async (...args: readonly string[]): Promise<string> => {
  const { code, text } = await audit(...args);
  expect(code).toBe(1);
  expect(text).not.toContain("    at ");
  return text;
};

function model(name: string, f: (x: Tensor) => Tensor, inputs: number, metadata?: Record<string, string>): string {
  writeFileSync(path(name), toOnnx(f, [allocate("f32", [1, inputs])], { anyRows: true, metadata }));
  return path(name);
}
function npz(name: string, arrays: Record<string, NdArray>): string {
  writeFileSync(path(name), writeNpz(arrays));
  return path(name);
}

/** Three classes of points about corners of a triangle; public points lie all over it. */
const corners = [
  [3, 0],
  [-3, 2],
  [0, -3],
];
function points(each: number, seed: number): { x: NdArray<"f32">; y: NdArray<"i32"> } {
  const noise = randomStream(seed).normal([3 * each, 2]).data;
  const y = Int32Array.from({ length: 3 * each }, (_, i) => i % 3);
  const x = Float32Array.from(noise, (v, i) => corners[y[i >> 1]][i % 2] + 0.6 * v);
  return { x: ndarray(x, [3 * each, 2], "f32"), y: ndarray(y, [3 * each], "i32") };
}
const [train, test_] = [points(60, 1), points(60, 2)];
const own = npz("private.npz", { x: train.x, y: train.y, x_test: test_.x, y_test: test_.y });
const all = randomStream(3).normal([400, 2]);
const open_ = npz("public.npz", { x: { ...all, data: all.data.map((v) => 2.5 * v) } });
/** Minus the squared distance to each corner: the classifier of equal normal laws. */
const nearestCorner = (x: Tensor): Tensor =>
  t.concat(
    corners.map(([a, b]) => {
      const d = x.sub(t.constant(ndarray(Float32Array.of(a, b), [1, 2], "f32")));
      return d.square().sum(-1, true).mul(-1);
    }),
    1,
  );
const target = model("target.onnx", nearestCorner, 2);
const sides = ["--model", target, "--private", own, "--public", open_];
const small = ["--i-own-this-model", "--train-steps", "100", "--samples", "40", "--steps", "100", "--latent", "2"];

describe("audit", () => {
  test("accuracies lie above the prior's, posteriors have their KL, and evidence is written", async () => {
    const out = path("run");
    const found = await results(...sides, ...small, "--attacks", "map:1,vmi", "--gammas", "1,0.1", "--seed", "1", "--out", out);
    expect(found.schema).toBe("pushforward-audit/1");
    expect(found.perClass.map((c: { class: string }) => c.class)).toEqual(["0", "1", "2"]);
    const of = (name: string) => found.attacks.find((a: { attack: string }) => a.attack === name);
    // three classes of a plane: draws of the prior fall to each with about a third
    expect(of("prior").target).toBeGreaterThan(0.2);
    expect(of("prior").target).toBeLessThan(0.5);
    expect(of("vmi:0.1").target).toBeGreaterThan(0.95);
    expect(of("vmi:0.1").target).toBeGreaterThan(of("vmi:1").target);
    // a posterior at a lower temper is further from the prior; at γ = 1 its KL is at most the surprise of the class, about log 3
    expect(of("vmi:0.1").klNats).toBeGreaterThan(of("vmi:1").klNats);
    expect(of("vmi:1").klNats).toBeLessThan(Math.log(3) + 0.5);
    // single best codes collapse
    expect(of("map:1").pairs).toBeLessThan(0.3 * of("vmi:1").pairs);
    for (const { attack, control, memorisation } of found.perClass) {
      expect(attack.lo).toBeLessThanOrEqual(attack.p);
      expect(attack.p).toBeLessThanOrEqual(attack.hi);
      expect(control.p).toBeGreaterThanOrEqual(0);
      expect(memorisation.t).not.toBeNull();
    }
    expect(found.utility).toBeGreaterThan(0.95);
    const evidence = JSON.parse(readFileSync(join(out, "artifacts", "audit.json"), "utf8"));
    expect(evidence.grade).toBe(found.grade);
    expect(evidence.groundwork.models.map((m: { name: string }) => m.name)).toEqual(["none", "look-alikes", "random-labels"]);
    expect(existsSync(join(out, "report.html"))).toBe(true);
    // no private row is in the folder
    expect(
      readdirSync(join(out, "artifacts"))
        .toSorted()
        .filter((f) => /npz|npy/.test(f)),
    ).toEqual([]);
  });

  test("defences and two audits are compared class by class", async () => {
    const [a, b] = [path("a"), path("b")];
    const plain = [...sides, ...small, "--attacks", "map:0.1", "--seed", "1", "--classes", "2,0"];
    const found = await results(...plain, "--defences", "label-smoothing,top-one", "--out", a);
    expect(Object.keys(found.defences)).toEqual(["label-smoothing", "top-one"]);
    // the top class alone has no gradient anywhere
    expect(found.defences["top-one"].grade).toBe("inconclusive");
    expect(found.defences["top-one"].doubts.join()).toMatch(/masked/);
    await results(...plain, "--out", b);
    const compared = await results("compare", a, b);
    expect(compared.audits.map((c: { grade: string }) => c.grade)).toEqual([found.grade, found.grade]);
    expect(compared.perClass.map((c: { class: string }) => c.class)).toEqual(["2", "0"]);
  });

  test("the same seed gives the same numbers", async () => {
    const brief = ["--train-steps", "20", "--steps", "20"]; // what is drawn and in which order does not depend on how many steps there are
    const args = [...sides, ...small, ...brief, "--attacks", "map:0.1,ppa", "--seed", "4"];
    const without = ({ run: _, seconds: __, ...rest }: Record<string, unknown>) => rest;
    const [one, two] = [await results(...args, "--out", path("one")), await results(...args, "--out", path("two"))];
    expect(without(two)).toEqual(without(one));
  });

  test("a far prior makes a good grade inconclusive", async () => {
    const away = npz("away.npz", { x: { ...all, data: all.data.map((v) => 0.1 * v + 40) } });
    const found = await results(
      "--model",
      target,
      "--private",
      own,
      "--public",
      away,
      ...small,
      "--attacks",
      "map:0.1",
      "--out",
      path("far"),
    );
    expect(found.grade).toBe("inconclusive");
    expect(found.doubts.join()).toMatch(/far from the private/);
  });

  test("public rows that are private ones again are left out, with a word", async () => {
    const mixed = new Float32Array([...all.data.map((v) => 2.5 * v), ...train.x.data.slice(0, 20)]);
    const leaky = npz("leaky.npz", { x: ndarray(mixed, [410, 2], "f32") });
    const { warnings } = await results(
      "--model",
      target,
      "--private",
      own,
      "--public",
      leaky,
      ...small,
      "--attacks",
      "map:0.1",
      "--out",
      path("leaky"),
    );
    expect(warnings.join("\n")).toMatch(/public items are private ones again/);
  });

  test.each([
    ["no model", [], /needs a classifier\n {2}hint:/],
    ["no statement of ownership", ["--model", "target.onnx"], /for those who own it\n {2}hint: .*--i-own-this-model/],
    ["a remote model", ["--model", "https://example.org/m.onnx", "--i-own-this-model"], /no remote endpoint\n {2}hint:/],
    ["no such model", ["--model", "none.onnx", "--i-own-this-model"], /there is no such file\n {2}hint:/],
    ["no private data", ["--model", "target.onnx", "--i-own-this-model"], /no private data.*\n {2}hint:/],
    ["no public data", ["--model", "target.onnx", "--private", "private.npz", "--i-own-this-model"], /no public data.*\n {2}hint:/],
    ["an attack that is none", ["--data", "digits", "--attacks", "vmu"], /no attack "vmu"\n {2}hint: did you mean "vmi"/],
    ["a number that is none", ["--data", "digits", "--attacks", "map:x"], /map:x.*number after the colon/],
    ["a defence that is none", ["--data", "digits", "--defences", "mid"], /no defence "mid"\n {2}hint: there are/],
    ["negative tempers", ["--data", "digits", "--gammas", "1,-1"], /tempers are 0 or more/],
    ["no built-in data", ["--data", "faces"], /no built-in data "faces"\n {2}hint/],
    ["two sources", ["--data", "digits", "--model", "target.onnx"], /leave --model out/],
  ])("refused: %s", async (_, args, message) => {
    const told = await refused(
      ...args.map((a) => (/^[a-z]+\.(onnx|npz)$/.test(a) && a !== "none.onnx" ? path(a) : a)),
      "--out",
      path("refused"),
    );
    expect(told).toMatch(message);
    expect(existsSync(path("refused"))).toBe(false);
  });

  test("data that do not fit the classifier are refused by name", async () => {
    const two = npz("two.npz", {
      x: train.x,
      y: ndarray(
        Int32Array.from(train.y.data, (c) => Number(c > 0)),
        [180],
        "i32",
      ),
    });
    const wide = npz("wide.npz", { x: allocate("f32", [180, 3]), y: train.y });
    const holes = npz("holes.npz", { x: { ...train.x, data: train.x.data.map((v, i) => (i === 11 ? Number.NaN : v)) }, y: train.y });
    const of = (file: string) => refused("--model", target, "--private", file, "--public", open_, ...small, "--out", path("refused"));
    expect(await of(two)).toMatch(/has 3 classes, and the private data 2/);
    expect(await of(wide)).toMatch(/rows of \[3\], and the classifier takes \[2\]/);
    expect(await of(holes)).toMatch(/NaN in row 6/);
    expect(await of(npz("few.npz", { x: allocate("f32", [6, 2]), y: ndarray(Int32Array.of(0, 1, 2, 0, 1, 2), [6], "i32") }))).toMatch(
      /fewer than 10 private items/,
    );
    const indicators = npz("indicators.npz", { x: train.x, y: allocate("f32", [180, 3]) });
    expect(await of(indicators)).toMatch(/labels "y" of \[180, 3\].*\n {2}hint: .*argmax/);
    const nameless = npz("nameless.npz", {
      x: train.x,
      y: ndarray(
        Float32Array.from(train.y.data, (c, i) => (i === 4 ? Number.NaN : c)),
        [180],
        "f32",
      ),
    });
    expect(await of(nameless)).toMatch(/label of row 5 in "y" is no number\n {2}hint/);
    writeFileSync(path("cut.npz"), readFileSync(own).subarray(0, 200));
    expect(await of(path("cut.npz"))).toMatch(/cut\.npz/);
  });

  test("a classifier that does not know its data stops the audit: its inputs are made in another way", async () => {
    const mirrored = model("mirrored.onnx", (x) => nearestCorner(x.mul(-1)), 2);
    const told = await refused("--model", mirrored, "--private", own, "--public", open_, ...small, "--out", path("mirrored"));
    expect(told).toMatch(/hardly more than chance|was stated/);
    expect(await refused(...sides, ...small, "--mean", "2,2", "--stated-accuracy", "0.99", "--out", path("shifted"))).toMatch(
      /99 % was stated\n {2}hint: check --mean/,
    );
  });
});

describe("audit posterior", () => {
  const logistic = model("logistic.onnx", (x) => t.concat([x.mul(3).sub(4), x.mul(0)], 1), 1, { classes: '["yes","no"]' });
  test("a class by its name, and the best Gaussian's objective", async () => {
    const found = await results("posterior", "--model", logistic, "--class", "yes", "--gamma", "0.1", "--seed", "1", "--out", path("q"));
    expect(found.loss).toBeCloseTo(0.41041626, 5);
    expect(found.kl).toBeCloseTo((found.loss - found.nll) / 0.1, 4);
    expect(found.converged).toBe(true);
  });
  test("a stop goes on to the same bits", async () => {
    const args = ["posterior", "--model", logistic, "--class", "0", "--family", "planar", "--draws", "32", "--steps", "120", "--seed", "2"];
    const whole = await results(...args, "--out", path("whole"));
    await audit(...args, "--out", path("parts"), "--stop-at", "50");
    const resumed = await results(...args, "--out", path("parts"));
    expect(resumed.loss).toBe(whole.loss);
    expect(resumed.steps).toBe(120);
  });
  test.each([
    ["an unknown class", ["--class", "maybe"], /class "maybe": .* has the classes yes, no/],
    ["no class", [], /--class is missing/],
    ["an unknown family", ["--class", "0", "--family", "gauss"], /--family/],
    ["a negative temper", ["--class", "0", "--gamma", "-1"], /--gamma/],
  ])("refused: %s", async (_, args, message) => {
    expect(await refused("posterior", "--model", logistic, ...args, "--out", path("refused"))).toMatch(message);
  });
  test("γ = 0 is done with a warning", async () => {
    const { warnings } = await results(
      "posterior",
      "--model",
      logistic,
      "--class",
      "0",
      "--gamma",
      "0",
      "--steps",
      "60",
      "--out",
      path("zero"),
    );
    expect(warnings.join()).toMatch(/collapses/);
  });
});

test("train-target writes a classifier that the audit takes, and its privacy", async () => {
  const out = path("target");
  const found = await results(
    "train-target",
    "--private",
    own,
    "--defence",
    "private",
    "--train-steps",
    "60",
    "--epsilon",
    "3",
    "--out",
    out,
  );
  expect(found.accuracy).toBeGreaterThan(0.6);
  expect(found.privacy[0]).toMatch(/^\(3, /);
  const again = ["--model", join(out, "artifacts", "classifier.onnx"), "--private", own, "--public", open_];
  const { utility } = await results(...again, ...small, "--attacks", "map:0.1", "--out", path("again"));
  expect(utility).toBeGreaterThan(0.6);
});

test("runs write the numbers that their methods declare, and no others", async () => {
  // codes of the posterior, which these attacks on defended models lack
  await expectReported(folder, "audit", ["perClass.*.gap", "defences.*.perClass.*.klNats", "defences.*.perClass.*.gap"]);
  await expectReported(folder, "audit posterior");
  await expectReported(folder, "audit train-target");
});
