/** The whole life of `pushforward images` on a folder of a dozen small pictures. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { randomStream } from "../../src/array/index.ts";
import { commands } from "../../src/cli/commands.ts";
import { run } from "../../src/cli/program.ts";
import { fromOnnx } from "../../src/onnx/index.ts";
import { expectReported } from "../lab/reported.ts";

let folder = "";
const at = (...names: string[]): string => join(folder, ...names);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pushforward-images-"));
  await pictures("photos", 12, 8, 8, 3);
  await pictures("others", 12, 8, 8, 3);
  await pictures("grey", 12, 8, 8, 1);
  await pictures("mixed", 9, 8, 8, 3);
  await pictures("mixed", 3, 8, 8, 1);
  await pictures("one", 1, 8, 8, 3);
  await pictures("odd", 12, 9, 7, 3);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Random pictures. */
async function pictures(name: string, n: number, height: number, width: number, channels: 1 | 3): Promise<void> {
  await mkdir(at(name), { recursive: true });
  const rng = randomStream(name);
  for (let i = 0; i < n; i++) {
    const bytes = Uint8Array.from(rng.integers(0, 256, [height * width * channels]).data);
    const picture = sharp(bytes, { raw: { height, width, channels } });
    await (channels === 1 ? picture.toColourspace("b-w") : picture).png().toFile(at(name, `${channels}-${i}.png`));
  }
}

async function pushforward(...args: string[]): Promise<{ code: number; out: string; error: string }> {
  let [out, error] = ["", ""];
  const code = await run(args, commands, { out: (s) => void (out += s), error: (s) => void (error += s) });
  return { code, out, error };
}

const brief = ["--steps", "3", "--widths", "4", "--batch", "4", "--samples", "4", "--threads", "1", "--quiet"];
const few = ["--solver", "euler-2"];
/** Features that pictures are judged by are learned in 300 steps, not 1500: nothing here depends on how good they are. */
const judged = "--quick";
const images = (name: string, ...args: string[]) =>
  pushforward("images", at(args[0]), ...brief, ...args.slice(1), "--out", at(`run-${name}`));
async function resultOf(name: string, ...args: string[]) {
  expect(await images(name, ...args)).toMatchObject({ code: 0, error: "" });
  return JSON.parse(readFileSync(at(`run-${name}`, "results.json"), "utf8"));
}
const artifacts = (name: string): string[] => readdirSync(at(`run-${name}`, "artifacts"));
const number = expect.any(Number);

test("a quick run is smaller where nobody asked for a size, and as it was asked elsewhere", async () => {
  const config = async (name: string, ...more: string[]) => {
    const run = ["--task", "inpaint", "--quick", "--steps", "1", "--samples", "1", "--threads", "1", "--quiet", ...few, ...more];
    expect(await pushforward("images", at("photos"), ...run, "--out", at(name))).toMatchObject({ code: 0 });
    return JSON.parse(readFileSync(at(name, "config.json"), "utf8")).config;
  };
  expect(await config("quick-plain")).toMatchObject({ batch: 16, net: { channels: [16, 32] } });
  expect(await config("quick-asked", "--batch", "20", "--widths", "4")).toMatchObject({ batch: 20, net: { channels: [4] } });
});

test("bits that the steps of the solver decide are not told, and paths that need small steps get them", async () => {
  const coarse = await resultOf("coarse", "photos", "--method", "dsm", "--solver", "euler-2", judged);
  expect(coarse.bitsPerDimension).toBeUndefined();
  expect(coarse.warnings).toContainEqual(expect.stringMatching(/bits per dimension are not told: twice as many steps change them by/));
  const fine = await resultOf("fine", "photos", "--method", "dsm", "--no-bits", judged);
  expect(fine.evaluations).toBeGreaterThan(50);
});

test.each([
  ["super-resolve", "bilinear"],
  ["colour", "grey"],
  ["inpaint", "mean"],
] as const)("%s is judged on held-out pictures, beside what %s makes of them", async (task, baseline) => {
  const found = await resultOf(task, "photos", "--task", task, ...few);
  expect(found).toMatchObject({
    ...{ task, method: "am", path: "flow", steps: 3 },
    ...{ psnr: { model: number, [baseline]: number }, ssim: { model: number, [baseline]: number } },
    ...{
      gain: { psnr: { mean: number }, ssim: { mean: number } },
      evaluations: 2,
      pictures: 1,
      validationLoss: number,
      solverError: number,
    },
  });
  expect(found.gain.psnr.mean).toBeCloseTo(found.psnr.model - found.psnr[baseline], 6);
  expect(found.warnings.join("\n")).toMatch(/1 of 12 pictures are held out/);
  expect(artifacts(task)).toEqual(expect.arrayContaining(["made-000.png", "restored.png", "ways.png", "sampler.onnx", "velocity.onnx"]));
  const sampler = fromOnnx(readFileSync(at(`run-${task}`, "artifacts", "sampler.onnx")));
  expect(JSON.parse(sampler.metadata.pushforward)).toMatchObject({ kind: "image sampler", task, solver: "euler-2", shape: [3, 8, 8] });
  expect(readFileSync(at(`run-${task}`, "report.html"), "utf8")).not.toMatch(/NaN|undefined/);
});

test("generate is judged by its distance to held-out pictures, and tells what few of them do not allow", async () => {
  const found = await resultOf("generate", "photos", ...few, judged);
  expect(found).toMatchObject({
    ...{ task: "generate", frechet: null, nearest: { samples: number, heldOut: number }, evaluations: 2, pictures: 4 },
    ...{ prdc: { none: expect.any(String) }, mmd: { none: expect.any(String) }, bitsPerDimension: { mean: number, pictures: 1 } },
  });
  // 8 bits are what bytes take, and no motion at all has about as many for noise
  expect(found.bitsPerDimension.mean).toBeGreaterThan(6);
  expect(found.bitsPerDimension.mean).toBeLessThan(12);
  expect(artifacts("generate").filter((name) => name.startsWith("made-"))).toHaveLength(4);
  expect(readFileSync(at("run-generate", "report.html"), "utf8")).not.toMatch(/NaN|undefined/);
});

test("between takes pictures of one set to another; paired ones have a right answer", async () => {
  const found = await resultOf("between", "photos", "--task", "between", "--from", at("others"), "--paired", ...few);
  expect(found).toMatchObject({ task: "between", psnr: { model: number, unchanged: number }, ssim: { model: number, unchanged: number } });
  const { code, error } = await images("between", "photos", "--task", "between", "--from", at("one"), "--paired", ...few);
  expect(code).toBe(1);
  expect(error).toMatch(/--paired: 1 pictures to begin with, and 12 to end with/);
});

test("a paused run goes on to the same bits", async () => {
  const args = ["photos", "--task", "inpaint", "--mask", "box", "--times", "adaptive", "--seed", "5", ...few, "--steps", "6"];
  const start = (name: string, ...more: string[]) =>
    pushforward("images", at(args[0]), ...brief, ...args.slice(1), "--out", at(name), ...more);
  expect((await start("whole")).code).toBe(0);
  expect((await start("paused", "--stop-at", "4")).code).toBe(0);
  expect((await pushforward("resume", at("paused"), "--quiet")).code).toBe(0);
  for (const file of ["metrics.jsonl", "artifacts/made-000.png", "artifacts/sampler.onnx", "artifacts/velocity.onnx"])
    expect(readFileSync(at("paused", file)).equals(readFileSync(at("whole", file))), file).toBe(true);
});

test("programs read the same results as the last line of what is printed", async () => {
  const { out } = await images("lines", "photos", "--task", "super-resolve", "--json", ...few);
  const { psnr, ssim, evaluations } = JSON.parse(out.trim().split("\n").at(-1)!);
  expect(JSON.parse(readFileSync(at("run-lines", "results.json"), "utf8"))).toMatchObject({ psnr, ssim, evaluations });
});

test("one picture can be learned, with a word that it is only copied", async () => {
  const found = await resultOf("one", "one", "--task", "super-resolve", ...few);
  expect(found.warnings.join("\n")).toMatch(/a single picture is learned and judged by: the model can only copy it/);
  expect(found.psnr.model).toBeGreaterThan(0);
});

test("sizes that a U-Net cannot halve are filled up in it", async () => {
  const found = await resultOf("odd", "odd", "--task", "inpaint", "--widths", "4,4,4", ...few);
  expect(found.psnr.model).toBeGreaterThan(0);
});

test("grey pictures among coloured ones are taken as coloured, and counted", async () => {
  const found = await resultOf("mixed", "mixed", "--task", "colour", ...few);
  expect(found.psnr.model).toBeGreaterThan(0);
  expect(found.warnings.join("\n")).toMatch(/3 of 12/);
});

test.each<[string, RegExp, ...string[]]>([
  ["grey pictures have no colours", /the pictures are grey.*\n.*--channels colour/, "grey", "--task", "colour"],
  ["nor have they as coloured files", /equal in all pictures: there are no colours/, "grey", "--task", "colour", "--channels", "colour"],
  ["odd sizes have no half", /9 x 7 pixels have no half\n.*even --size/, "odd", "--task", "super-resolve"],
  ["sizes too small", /3 x 3 pixels are too small/, "photos", "--size", "3"],
  ["sizes that are none", /--size 8x is no size/, "photos", "--size", "8x"],
  ["an unknown solver", /no solver "foo-3"\n.*dopri5/, "photos", "--solver", "foo-3"],
  ["widths that are no numbers", /--widths a,b: channels/, "photos", "--widths", "a,b"],
  ["odd widths", /--widths 7: channels/, "photos", "--widths", "7"],
  ["noise without action matching", /--noise is for action matching, not for fm/, "photos", "--noise", "1", "--method", "fm"],
  ["growth without a constant", /the head inner cannot represent growth/, "photos", "--growth", "1", "--head", "inner"],
  ["dsm where nothing is left to divide by", /dsm on the path dimple.*\n.*vp or sub-vp/, "photos", "--method", "dsm", "--path", "dimple"],
  ["dsm on circles", /dsm on the path torus.*\n.*vp or sub-vp/, "photos", "--method", "dsm", "--path", "torus"],
  ["ssm for restorations", /ssm with Langevin dynamics makes pictures from noise/, "photos", "--method", "ssm", "--task", "inpaint"],
  ["circles for restorations", /the path torus begins with noise/, "photos", "--path", "torus", "--task", "inpaint"],
  ["masks for other tasks", /--mask is for the task inpaint/, "photos", "--mask", "box"],
  ["partners of restorations", /restorations have their partners/, "photos", "--task", "colour", "--coupling", "ot"],
  ["noise with near partners", /different paths/, "photos", "--noise", "1", "--coupling", "ot"],
  ["steps of solvers with noise", /--solver euler-2 is for motions without noise/, "photos", "--noise", "1", ...few],
  ["between nothing", /needs the pictures to begin with\n.*--from/, "photos", "--task", "between"],
  ["an action objective of scores", /--objective is for action matching/, "photos", "--method", "ssm", "--objective", "action"],
  ["two sources", /either pictures or --data/, "photos", "--data", "mnist"],
  ["no folder", /nowhere: there is no such file or folder/, "nowhere"],
])("%s: refused before anything is written", async (_, message, ...args) => {
  const { code, error } = await pushforward("images", at(args[0]), ...brief, ...args.slice(1), "--out", at("refused"));
  expect([code, error]).toEqual([1, expect.stringMatching(message)]);
  expect(error).toMatch(/^error: [^\n]+(\n {2}hint: [^\n]+)?\n$/);
  expect(existsSync(at("refused"))).toBe(false);
});

test("runs write the numbers that their methods declare, and no others", async () => {
  await expectReported(folder, "images", ["frechet", "frechetOfHeldOut", "frechetExcess.*", "prdc.*", "mmd.*", "effectiveShare"]);
});
