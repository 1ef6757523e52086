/** `pushforward images apply`: a trained model on pictures of one's own. */
import { existsSync, statSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import { z } from "zod";
import type { NdArray } from "../../array/index.ts";
import { type PictureFrame, readPicture, writePicture } from "../../data/index.ts";
import { pictureFiles } from "../../data/pictures/list.ts";
import { pictureFormat } from "../../data/pictures/write.ts";
import { UserError } from "../../errors.ts";
import { job } from "../../lab/command.ts";
import { onInterrupt } from "../../lab/interrupt.ts";
import { talkOptions } from "../../lab/options.ts";
import { progress, progressMode } from "../../lab/progress.ts";
import { type ImageSampler, imageSampler } from "../../transport/images/apply.ts";
import { type Applying, applied } from "./apply-frame.ts";
import { equalPlanes, greyPlane, onePlane } from "./planes.ts";

const options = z.object({
  out: z.string().default("pictures").describe("folder for the results, or a file for one picture").meta({ short: "o" }),
  format: z
    .enum(["png", "jpeg", "webp", "gif"])
    .optional()
    .describe("of the results (default: that of each picture; PNG where it cannot be written)"),
  scale: z.enum(["2", "4", "8"]).optional().describe("super-resolution: how many times as large (default: 2)"),
  mask: z
    .string()
    .optional()
    .describe("inpainting: a picture, black where something is missing (default: where the picture is transparent)")
    .meta({ file: true }),
  overlap: z
    .int()
    .min(0)
    .max(512)
    .optional()
    .describe("pixels that neighbouring tiles share (default: a quarter of a tile; colours: half)"),
  keepProfile: z.boolean().default(false).describe("leave colours in their ICC profile, instead of converting them to sRGB"),
  device: z.enum(["cpu", "cuda", "webgpu"]).optional().describe("where the model runs; one that is missing is an error"),
  seed: z.int().min(0).default(0).describe("seed of the noise: the same for every picture"),
  threads: z.int().min(1).max(1024).optional().describe("threads of the engine (default: physical cores)"),
  overwrite: z.boolean().default(false).describe("write over results that are there"),
  ...talkOptions,
});
type Options = z.infer<typeof options>;

export const apply = job({
  name: "images apply",
  summary: "enlarge, colour or complete pictures of any size with a trained model",
  arguments: [
    { name: "<model>", description: "folder of a run of `images`, or the sampler.onnx that it wrote" },
    { name: "<pictures>", description: "a picture, or a folder of them" },
  ],
  examples: [
    "pushforward images apply runs/photos-super-resolve holiday.jpg --scale 4 --out large",
    "pushforward images apply runs/emoji-colour grey/ --out coloured --format webp",
    "pushforward images apply runs/faces-inpaint torn.png --mask hole.png --out mended.png",
  ],
  options,
  async run([model, input], given) {
    const sampler = await load(model, given);
    checkOptions(sampler, given);
    const mask = given.mask === undefined ? undefined : await maskFrom(given.mask);
    const { works, notes: ofFolder } = await worksOf(input, given);
    const line = progress({
      label: `applying ${sampler.label.task}, ${works.length === 1 ? "percent" : `percent of each of ${works.length} pictures`}`,
      total: 100 * works.length,
      mode: progressMode(given),
    });
    const interrupt = onInterrupt();
    const done: { from: string; to: string; notes: readonly string[] }[] = [];
    const failed: { from: string; reason: string }[] = [];
    try {
      for (const { from, to } of works) {
        if (interrupt.signal.aborted) break;
        try {
          const before = 100 * (done.length + failed.length);
          const report = (share: number): void => line.update(before + Math.round(100 * share));
          done.push({ from, to, notes: await one({ sampler, mask, given, report }, from, to) });
        } catch (error) {
          if (!(error instanceof UserError) || works.length === 1) throw error;
          failed.push({ from, reason: error.message });
        }
        line.update(100 * (done.length + failed.length));
      }
    } finally {
      interrupt.dispose();
      line.finish();
    }
    const left = works.length - done.length - failed.length;
    return {
      results: { task: sampler.label.task, done, failed, left, notes: ofFolder },
      text: [
        ...ofFolder.map((note) => `note: ${note}`),
        ...done.flatMap(({ to, notes }) => [to, ...notes.map((note) => `  note: ${note}`)]),
        ...(failed.length > 0
          ? [`${failed.length} of ${works.length} pictures failed:`, ...failed.map(({ reason }) => `  ${reason}`)]
          : []),
        ...(left > 0 ? [`stopped: ${left} pictures are left; the same command with --overwrite begins again`] : []),
      ],
      ...(failed.length + left > 0 && { exitCode: 1 }),
    };
  },
});

async function load(path: string, { device, threads }: Options): Promise<ImageSampler> {
  if (!existsSync(path)) throw new UserError(`${path}: there is no such run or model`, "`pushforward runs list` shows the runs");
  const file = statSync(path).isDirectory() ? join(path, "artifacts", "sampler.onnx") : path;
  if (!existsSync(file))
    throw new UserError(
      `${path} holds no sampler`,
      "runs of `images` with --noise, --growth, --solver dopri5, scores and paths with a start of their own write none",
    );
  return imageSampler(await readFile(file), file, { device, threads });
}

/** @throws UserError */
function checkOptions({ label: { task } }: ImageSampler, { scale, mask }: Options): void {
  if (task === "generate")
    throw new UserError(
      "this model makes pictures from noise, and has no use for others",
      "its run has made some; `images --task generate --samples` makes more",
    );
  if (scale !== undefined && task !== "super-resolve") throw new UserError(`--scale is for super-resolution, and this model does ${task}`);
  if (mask !== undefined && task !== "inpaint") throw new UserError(`--mask is for inpainting, and this model does ${task}`);
}

/** What is known: white. */
async function maskFrom(path: string): Promise<NdArray<"f32">> {
  const { frames } = await readPicture(path);
  const plane = greyPlane(frames[0].colours);
  return { ...plane, data: plane.data.map((v) => (v < 0.5 ? 0 : 1)) };
}

interface Work {
  readonly from: string;
  readonly to: string;
}

/** Which file becomes which, and what is said of a folder. @throws UserError */
async function worksOf(input: string, { out, format, overwrite }: Options): Promise<{ works: Work[]; notes: readonly string[] }> {
  if (!existsSync(input)) throw new UserError(`${input}: there is no such file or folder`, "check the path");
  const folder = statSync(input).isDirectory();
  const { names, notes } = folder ? await pictureFiles(input) : { names: [basename(input)], notes: [] };
  if (names.length === 0) throw new UserError(`${input}: no pictures`, "PNG, JPEG, WebP, GIF, TIFF and AVIF files are read");
  const asFile = !folder && extname(out) !== "";
  if (asFile) checkEnding(out, format);
  const works = names.map((name) => ({
    from: folder ? join(input, name) : input,
    to: asFile ? out : join(out, `${name.slice(0, name.length - extname(name).length)}.${endingOf(name, format)}`),
  }));
  const twice = works.find(({ to }, i) => works.findIndex((other) => other.to === to) < i);
  if (twice)
    throw new UserError(`two pictures would become ${twice.to}`, "leave --format out, or apply the model to each folder by itself");
  const there = works.filter(({ to }) => existsSync(to));
  if (there.length > 0 && !overwrite)
    throw new UserError(
      `${there[0].to}${there.length > 1 ? ` and ${there.length - 1} more` : ""} would be written over`,
      "choose another --out, or give --overwrite",
    );
  return { works, notes };
}

/** A file's ending and --format go together, before any work. @throws UserError */
function checkEnding(out: string, format: Options["format"]): void {
  const own = pictureFormat(out);
  if (format !== undefined && format !== own) throw new UserError(`--format ${format} and a file ${out}`, "leave --format out");
}

const written = { png: "png", apng: "png", jpg: "jpg", jpeg: "jpg", webp: "webp", gif: "gif" } as const;

const endingOf = (name: string, format: Options["format"]): string => {
  const own = extname(name).slice(1).toLowerCase();
  return format ?? (Object.hasOwn(written, own) ? own : "png");
};

/** One file. @returns  what should be known of it */
async function one(applying: Applying & { readonly given: Options }, from: string, to: string): Promise<readonly string[]> {
  const { given, report } = applying;
  const picture = await readPicture(from, { profile: given.keepProfile ? "keep" : "srgb" });
  const notes = [...picture.notes];
  const note = (text: string): void => void (notes.includes(text) || notes.push(text));
  // a profile that comes along is one of red, green and blue
  const grey = picture.profile === undefined && picture.frames.every(({ colours }) => equalPlanes(colours));
  if (grey) note("red, green and blue are equal: taken as grey");
  const frames: PictureFrame[] = [];
  for (const [k, found] of picture.frames.entries()) {
    const frame = grey ? { ...found, colours: onePlane(found.colours, 0) } : found;
    const part = (share: number): void => report((k + share) / picture.frames.length);
    frames.push(await applied({ ...applying, report: part }, frame, note));
  }
  await mkdir(dirname(to), { recursive: true });
  const { notes: lost } = await writePicture(to, { ...picture, frames }, given.format && { format: given.format });
  return [...notes, ...lost];
}
