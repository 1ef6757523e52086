/** `pushforward images apply`: samplers of untrained networks, which leave what is known as it is, on pictures as people have them. */
import { existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { allocate, type NdArray, ndarray, randomStream } from "../../src/array/index.ts";
import { commands } from "../../src/cli/commands.ts";
import { run } from "../../src/cli/program.ts";
import { type Picture, readPicture, writePicture } from "../../src/data/index.ts";
import { exportSampler, exportVelocity } from "../../src/transport/images/export.ts";
import { imageLearner } from "../../src/transport/images/learning/index.ts";
import { type ImageTaskName, imageTaskOf, scheduleOf } from "../../src/transport/images/paths/index.ts";
import { imageSolver } from "../../src/transport/images/solvers.ts";

let folder = "";
const at = (...names: string[]): string => join(folder, ...names);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pushforward-apply-"));
  for (const [task, channels] of [
    ["super-resolve", 1],
    ["super-resolve", 3],
    ["colour", 3],
    ["inpaint", 3],
  ] as const)
    await writeFile(at(`${task}-${channels}.onnx`), sampler(task, channels, exportSampler));
  await writeFile(
    at("velocity.onnx"),
    sampler("colour", 3, (model, net, _, label) => exportVelocity(model, net, label)),
  );
  await writePicture(at("photo.png"), { frames: [{ colours: ramp(3, 21, 30) }], depth: 16 });
  await writePicture(at("grey.png"), { frames: [{ colours: ramp(1, 9, 12) }], depth: 8 });
  const holed = { colours: ramp(3, 16, 20), alpha: hole(16, 20) };
  await writePicture(at("holed.png"), { frames: [holed], depth: 8 });
  await writePicture(at("film.gif"), {
    frames: [{ colours: ramp(3, 8, 10) }, { colours: reversed(ramp(3, 8, 10)) }],
    delays: [40, 90],
    loops: 3,
    depth: 8,
  });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A file of a network as it is before training. */
function sampler(task: ImageTaskName, channels: number, write: typeof exportSampler): Uint8Array {
  const shape = [channels, 8, 8] as const;
  const part = { pixels: allocate("u8", [2, ...shape]) };
  const problem = {
    shape,
    train: part,
    heldOut: part,
    task: imageTaskOf(task),
    schedule: scheduleOf("flow"),
    masks: "half",
    coupling: "independent",
  } as const;
  const model = imageLearner(problem, randomStream(1), { net: { channels: [4], blocks: 1 } });
  const label = {
    task,
    path: "flow",
    method: "am",
    solver: "euler-1",
    shape,
    seen: problem.task.seenShape?.(shape),
    masked: task === "inpaint",
    data: "none",
    producer: "test",
  };
  return write(model, model.average(model.init(randomStream(2))), imageSolver("euler-1"), label);
}

/** Brightness that grows across the picture, colours apart. */
function ramp(channels: 1 | 3, height: number, width: number): NdArray<"f32"> {
  const at = (i: number): number => {
    const [c, y, x] = [Math.floor(i / (height * width)), Math.floor(i / width) % height, i % width];
    return (x + y + 5 * c) / (width + height + 10);
  };
  return ndarray(
    Float32Array.from({ length: channels * height * width }, (_, i) => at(i)),
    [channels, height, width],
    "f32",
  );
}

/** Bright where it was dark: a frame that shows something else. */
const reversed = (x: NdArray<"f32">): NdArray<"f32"> => ({ ...x, data: x.data.map((v) => 1 - v) });

/** Opaque but for a square in the middle. */
function hole(height: number, width: number): NdArray<"f32"> {
  const inside = (i: number): boolean => Math.abs(Math.floor(i / width) - height / 2) < 3 && Math.abs((i % width) - width / 2) < 3;
  return ndarray(
    Float32Array.from({ length: height * width }, (_, i) => (inside(i) ? 0 : 1)),
    [height, width],
    "f32",
  );
}

async function apply(...args: string[]): Promise<{ code: number; out: string; error: string }> {
  let [out, error] = ["", ""];
  const code = await run(["images", "apply", ...args, "--threads", "1", "--quiet"], commands, {
    out: (s) => void (out += s),
    error: (s) => void (error += s),
  });
  return { code, out, error };
}

const result = async (path: string): Promise<Picture> => readPicture(path);

test("twice and four times as large, the pixels that were there in their places", async () => {
  for (const [scale, name] of [
    [2, "two.png"],
    [4, "four.png"],
  ] as const) {
    expect(await apply(at("super-resolve-3.onnx"), at("photo.png"), "--scale", String(scale), "--out", at(name))).toMatchObject({
      code: 0,
      error: "",
    });
    const { frames, depth } = await result(at(name));
    expect([frames[0].colours.shape, depth]).toEqual([[3, scale * 21, scale * 30], 16]);
    const { colours: before } = (await result(at("photo.png"))).frames[0];
    const after = frames[0].colours;
    const kept = (c: number, y: number, x: number): number => after.data[(c * scale * 21 + scale * y) * scale * 30 + scale * x];
    // sixteen bits each way
    for (const [c, y, x] of [
      [0, 0, 0],
      [1, 10, 17],
      [2, 20, 29],
    ] as const)
      expect(Math.abs(kept(c, y, x) - before.data[(c * 21 + y) * 30 + x])).toBeLessThan(2 ** -15);
  }
});

test("a model of grey pictures does colours one by one, one of colours gives grey ones their brightness; both are told", async () => {
  const one = await apply(at("super-resolve-1.onnx"), at("photo.png"), "--out", at("one.png"));
  expect([one.code, one.out]).toEqual([0, expect.stringContaining("one by one")]);
  const three = await apply(at("super-resolve-3.onnx"), at("grey.png"), "--out", at("three.png"));
  expect([three.code, three.out]).toEqual([0, expect.stringContaining("brightness")]);
  expect((await result(at("three.png"))).frames[0].colours.shape).toEqual([1, 18, 24]);
});

test("grey that is kept as red, green and blue is taken as grey, with a word", async () => {
  const { data, shape } = ramp(1, 9, 12);
  const thrice = ndarray(
    Float32Array.from({ length: 3 * data.length }, (_, i) => data[i % data.length]),
    [3, ...shape.slice(1)],
    "f32",
  );
  await writePicture(at("thrice.png"), { frames: [{ colours: thrice }], depth: 8 });
  const { out } = await apply(at("super-resolve-1.onnx"), at("thrice.png"), "--out", at("thrice-2.png"));
  expect(out).toMatch(/taken as grey/);
  expect(out).not.toMatch(/one by one/);
  await apply(at("super-resolve-1.onnx"), at("grey.png"), "--out", at("grey-2.png"));
  expect((await result(at("thrice-2.png"))).frames).toEqual((await result(at("grey-2.png"))).frames);
});

test("alpha grows with the picture, and is kept where its size stays", async () => {
  await apply(at("super-resolve-3.onnx"), at("holed.png"), "--out", at("holed-2.png"));
  const { alpha } = (await result(at("holed-2.png"))).frames[0];
  expect(alpha?.shape).toEqual([32, 40]);
  const before = hole(16, 20);
  for (let y = 0; y < 16; y++) for (let x = 0; x < 20; x++) expect(alpha?.data[2 * y * 40 + 2 * x]).toBe(before.data[y * 20 + x]);
  await apply(at("colour-3.onnx"), at("holed.png"), "--out", at("coloured.png"));
  expect((await result(at("coloured.png"))).frames[0].alpha).toEqual(before);
});

test("colours leave the brightness alone", async () => {
  await apply(at("colour-3.onnx"), at("grey.png"), "--out", at("coloured-grey.png"));
  const { colours } = (await result(at("coloured-grey.png"))).frames[0];
  const [before, size] = [ramp(1, 9, 12), 9 * 12];
  const luma = (i: number): number => 0.299 * colours.data[i] + 0.587 * colours.data[size + i] + 0.114 * colours.data[2 * size + i];
  // bytes; values near the ends are cut off with their colours
  for (let i = 0; i < size; i++)
    if (before.data[i] > 0.3 && before.data[i] < 0.7) expect(Math.abs(luma(i) - before.data[i])).toBeLessThan(2.5 / 255);
});

test("what is transparent, or black in a mask, is made; the rest stays", async () => {
  await apply(at("inpaint-3.onnx"), at("holed.png"), "--out", at("whole.png"));
  const [{ colours, alpha }] = (await result(at("whole.png"))).frames;
  expect(alpha).toBeUndefined();
  const [before, known] = [ramp(3, 16, 20), hole(16, 20)];
  for (let i = 0; i < colours.data.length; i++)
    if (known.data[i % 320] === 1) expect(Math.abs(colours.data[i] - before.data[i])).toBeLessThan(1 / 255);
  await writePicture(at("mask.png"), { frames: [{ colours: { ...known, shape: [1, 16, 20] } }], depth: 8 });
  await writePicture(at("plain.png"), { frames: [{ colours: before }], depth: 8 });
  expect(await apply(at("inpaint-3.onnx"), at("plain.png"), "--mask", at("mask.png"), "--out", at("masked.png"))).toMatchObject({
    code: 0,
  });
  await apply(at("inpaint-3.onnx"), at("holed.png"), "--mask", at("mask.png"), "--out", at("masked-holed.png"));
  expect((await result(at("masked-holed.png"))).frames[0].alpha).toEqual(hole(16, 20)); // a mask says what is missing: alpha does not
  expect(await apply(at("inpaint-3.onnx"), at("plain.png"), "--out", at("no.png"))).toMatchObject({
    code: 1,
    error: expect.stringContaining("no transparent pixels"),
  });
  const other = await apply(at("inpaint-3.onnx"), at("grey.png"), "--mask", at("mask.png"), "--out", at("no.png"));
  expect(other).toMatchObject({ code: 1, error: expect.stringContaining("the mask has 16 x 20 pixels, the picture 9 x 12") });
});

test("frames of an animation keep their delays; the same seed gives the same bytes, another does not", async () => {
  for (const [name, seed] of [
    ["a", 1],
    ["b", 1],
    ["c", 2],
  ] as const)
    await apply(at("super-resolve-3.onnx"), at("film.gif"), "--out", at(`${name}.png`), "--seed", String(seed));
  const { frames, delays, loops } = await result(at("a.png"));
  expect([frames.length, delays, loops]).toEqual([2, [40, 90], 3]);
  const [a, b, c] = ["a", "b", "c"].map((name) => readFileSync(at(`${name}.png`)));
  expect(a.equals(b)).toBe(true);
  expect(a.equals(c)).toBe(false);
});

test("a folder in one go, with one list of what failed", async () => {
  await mkdir(at("mixed", "deep"), { recursive: true });
  for (const name of ["mixed/a.png", "mixed/deep/b.png"]) await writePicture(at(name), { frames: [{ colours: ramp(3, 9, 9) }], depth: 8 });
  await writeFile(at("mixed", "broken.png"), "no picture");
  await writeFile(at("mixed", "list.txt"), "a.png");
  const { code, out } = await apply(at("super-resolve-3.onnx"), at("mixed"), "--out", at("large"), "--json");
  const { done, failed, left, notes } = JSON.parse(out.trim().split("\n").at(-1)!);
  expect([code, done.length, failed.length, left]).toEqual([1, 2, 1, 0]);
  expect(failed[0].reason).toMatch(/broken\.png/);
  expect(notes).toEqual([expect.stringContaining("list.txt")]);
  for (const name of ["large/a.png", "large/deep/b.png"]) expect(existsSync(at(name))).toBe(true);
  expect(await apply(at("super-resolve-3.onnx"), at("mixed"), "--out", at("large"))).toMatchObject({
    code: 1,
    error: expect.stringContaining("would be written over"),
  });
});

test.each([
  [["velocity.onnx", "photo.png"], /velocity of a model/],
  [["colour-3.onnx", "grey.png", "--scale", "2"], /--scale is for super-resolution/],
  [["colour-3.onnx", "grey.png", "--mask", "mask.png"], /--mask is for inpainting/],
  [["photo.png", "photo.png"], /photo\.png/],
  [["absent.onnx", "photo.png"], /no such run or model/],
  [["colour-3.onnx", "absent.png"], /no such file or folder/],
  [["colour-3.onnx", "grey.png", "--format", "webp"], /--format webp and a file/],
  [["colour-3.onnx", "grey.png", "--device", "cuda"], /cuda device is not available/],
])("%j is refused in a sentence", async ([model, picture, ...more], words) => {
  const { code, error } = await apply(at(model), at(picture), ...more, "--out", at("refused.png"));
  expect([code, error]).toEqual([1, expect.stringMatching(words)]);
  expect(error).not.toMatch(/fault of the program|at .*\.ts/);
  expect(existsSync(at("refused.png"))).toBe(false);
});
