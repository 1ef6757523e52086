/** Pictures on their way as a film: an animated PNG, and an MP4 where ffmpeg is installed. */
import { spawn, spawnSync } from "node:child_process";
import { rename } from "node:fs/promises";
import { type NdArray, ndarray, type Random } from "../../array/index.ts";
import { encodePicture, type PictureFrame } from "../../data/index.ts";
import { UserError } from "../../errors.ts";
import type { Artifact } from "../../lab/artifact.ts";
import { type TrainedImages, waysOf } from "../../transport/images/evaluate.ts";
import type { ImagesProblem } from "./problem.ts";

/** Pictures of the film, and states of their ways; how long each is seen, in milliseconds, and how often the last is repeated. */
const film = { pictures: 36, columns: 9, stages: 25, delay: 80, repeats: 12 };
/** Least width of the film in pixels. */
const leastWidth = 480;

/** Whether there is an ffmpeg to call. */
export const hasFfmpeg = (): boolean => spawnSync("ffmpeg", ["-version"], { stdio: "ignore" }).status === 0;

export async function* animationFiles(trained: TrainedImages, { parts, problem }: ImagesProblem, rng: Random): AsyncGenerator<Artifact> {
  const n = Math.min(film.pictures, problem.task.restores ? parts.heldOut.pixels.shape[0] : film.pictures);
  const rows = Int32Array.from({ length: n }, (_, i) => i % parts.heldOut.pixels.shape[0]);
  const ways = await waysOf(trained, parts.heldOut, rows, film.stages, rng.fold("film"));
  const sheets = ways.map(sheetOf);
  const frames: PictureFrame[] = [...sheets, ...new Array<NdArray<"f32">>(film.repeats).fill(sheets[sheets.length - 1])].map((colours) => ({
    colours,
  }));
  const { bytes } = await encodePicture({ frames, delays: frames.map(() => film.delay), loops: 0, depth: 8 }, { format: "png" });
  yield { name: "ways-animated.png", content: bytes };
  if (hasFfmpeg()) yield { name: "ways.mp4", write: (path) => writeMp4(path, frames) };
}

/** Pictures [n, c, h, w] in lines, each pixel some pixels wide: [c, H, W], even sides, which video wants. */
function sheetOf({ data, shape: [n, channels, height, width] }: NdArray<"f32">): NdArray<"f32"> {
  const columns = Math.min(film.columns, n);
  const zoom = 2 * Math.ceil(leastWidth / (2 * columns * width));
  const [H, W] = [Math.ceil(n / columns) * height * zoom, columns * width * zoom];
  const sheet = new Float32Array(channels * H * W);
  for (let c = 0; c < channels; c++)
    for (let y = 0; y < H; y++)
      for (let x = 0; x < W; x++) {
        const [i, j] = [Math.floor(y / zoom), Math.floor(x / zoom)];
        const which = Math.floor(i / height) * columns + Math.floor(j / width);
        const from = ((which * channels + c) * height + (i % height)) * width + (j % width);
        sheet[(c * H + y) * W + x] = which < n ? data[from] : 0;
      }
  return ndarray(sheet, [channels, H, W], "f32");
}

/** @throws UserError  what ffmpeg says */
async function writeMp4(path: string, frames: readonly PictureFrame[]): Promise<void> {
  const [channels, height, width] = frames[0].colours.shape;
  const temporary = `${path}.tmp.mp4`; // its ending tells ffmpeg the format
  const input = [
    "-f",
    "rawvideo",
    "-pix_fmt",
    channels === 1 ? "gray" : "rgb24",
    "-s",
    `${width}x${height}`,
    "-r",
    String(1000 / film.delay),
    "-i",
    "-",
  ];
  const child = spawn("ffmpeg", ["-y", "-loglevel", "error", ...input, "-pix_fmt", "yuv420p", temporary], {
    stdio: ["pipe", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (text) => {
    said += text;
  });
  child.stdin.on("error", () => undefined); // a process that ended early tells why by itself
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  const size = height * width;
  for (const { colours } of frames)
    child.stdin.write(
      Uint8Array.from({ length: channels * size }, (_, p) =>
        Math.round(255 * colours.data[(p % channels) * size + Math.floor(p / channels)]),
      ),
    );
  child.stdin.end();
  if ((await ended) !== 0)
    throw new UserError(`${path}: ffmpeg made no video: ${said.trim().split("\n").at(-1)}`, "leave --animation out, or mend ffmpeg");
  await rename(temporary, path);
}
