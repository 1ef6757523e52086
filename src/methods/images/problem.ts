/** A command's options as a problem, checked before the work. */
import type { NdArray } from "../../array/index.ts";
import { UserError } from "../../errors.ts";
import type { SharedOptions } from "../../lab/options.ts";
import { type ImageLearnOptions, imageDefaults } from "../../transport/images/learning/index.ts";
import { imageTaskOf, type ScheduleName, scheduleOf } from "../../transport/images/paths/index.ts";
import type { ImageProblem } from "../../transport/images/problem.ts";
import type { ImageShape } from "../../transport/images/shape.ts";
import { type ImageSolver, imageSolver } from "../../transport/images/solvers.ts";
import { type LoadedPictures, type Parts, partsOf } from "./data.ts";
import type { ImagesOptions } from "./options.ts";

type Options = SharedOptions & ImagesOptions;

/** All that a run of the command needs. */
export interface ImagesProblem {
  readonly data: LoadedPictures;
  readonly parts: Parts;
  readonly problem: ImageProblem;
  readonly learn: ImageLearnOptions;
  readonly path: ScheduleName;
  readonly steps: number;
  readonly samples: number;
  readonly solver: ImageSolver;
  /** As it was given, or else as the path and --quick have it. */
  readonly solverName: string;
  readonly options: Options;
}

/** Smaller work for a short look. */
const quick = { steps: 300, widths: "16,32", batch: 16, learningRate: 3e-3, samples: 100, solver: "heun-10" } as const;
const usual = { steps: 2000, widths: "32,64,64", batch: 64, learningRate: 2e-3, solver: "heun-25", generated: 500, restored: 200 } as const;

/** @throws UserError  for whatever does not go together */
export function imagesProblem(data: LoadedPictures, options: Options): ImagesProblem {
  const [, channels, height, width] = data.set.pixels.shape;
  const shape: ImageShape = [channels, height, width];
  const task = imageTaskOf(options.task);
  const path = options.path ?? (options.method === "dsm" ? "vp" : task.path);
  checkTask(options, shape, path);
  if (options.task === "colour" && isGrey(data.set.pixels))
    throw new UserError("red, green and blue are equal in all pictures: there are no colours to learn", "give coloured pictures");
  const parts = partsOf(data, options.paired, options.seed);
  const fast = options.quick;
  const size = fast ? quick : usual;
  const steps = options.steps ?? size.steps;
  const learn: ImageLearnOptions = {
    ...{ method: options.method, noise: options.noise, growth: options.growth, objective: options.objective },
    head: options.head ?? (options.growth > 0 ? "scalar" : "inner"),
    net: { channels: widthsOf(options.widths ?? size.widths), blocks: options.blocks },
    ...{ weight: options.weight, times: options.times, steps, batch: options.batch ?? size.batch },
    learningRate: options.learningRate ?? size.learningRate,
    ...{ emaDecay: options.ema ?? Math.min(0.995, Math.max(0, 1 - 10 / steps)), threads: options.threads },
    warmUp: Math.min(imageDefaults.warmUp, Math.ceil(steps / 10)),
  };
  const schedule = scheduleOf(path);
  const solverName = options.solver ?? (schedule.stiff ? "dopri5" : size.solver);
  return {
    ...{ data, parts, learn, path, steps, solverName, options },
    problem: {
      ...{ shape, task, schedule, masks: options.mask, coupling: options.coupling },
      ...{ train: parts.train, heldOut: parts.heldOut },
    },
    samples: options.samples ?? (fast ? quick.samples : task.restores ? usual.restored : usual.generated),
    solver: imageSolver(solverName),
  };
}

/** Whether bytes of coloured pictures [n, 3, H, W] are the same in all channels. */
function isGrey({ data, shape: [, , height, width] }: NdArray<"u8">): boolean {
  const size = height * width;
  return data.every((b, i) => b === data[i - (i % (3 * size)) + (i % size)]);
}

/** @throws UserError */
function widthsOf(text: string): number[] {
  const widths = text.split(",").map(Number);
  if (widths.length > 6 || !widths.every((w) => Number.isInteger(w) && w >= 2 && w <= 2048 && w % 2 === 0))
    throw new UserError(`--widths ${text}: channels at each resolution are even numbers from 2 to 2048, at most six`, 'such as "32,64,64"');
  return widths;
}

/** Tasks, methods and paths that do not go together. */
function checkTask(
  { task, method, noise, growth, head, objective, coupling, mask, paired, solver }: Options,
  shape: ImageShape,
  path: ScheduleName,
): void {
  const { restores } = imageTaskOf(task);
  const { mix } = scheduleOf(path);
  const [channels, height, width] = shape;
  const wrong: [boolean, string, string][] = [
    [
      task === "super-resolve" && (height % 2 > 0 || width % 2 > 0),
      `pictures of ${height} x ${width} pixels have no half`,
      "choose an even --size",
    ],
    [
      task === "colour" && channels === 1,
      "the pictures are grey: there are no colours to learn",
      "give coloured pictures, or --channels colour",
    ],
    [Math.min(height, width) < 4, `pictures of ${height} x ${width} pixels are too small for a U-Net`, "at least 4 x 4 are needed"],
    [mask !== "half" && task !== "inpaint", `--mask is for the task inpaint, not for ${task}`, "leave it out"],
    [method !== "am" && noise > 0, `--noise is for action matching, not for ${method}`, "leave it out"],
    [method !== "am" && growth > 0, `--growth is for action matching, not for ${method}`, "leave it out"],
    [method !== "am" && head !== undefined, `--head is for action matching, not for ${method}`, "leave it out"],
    [method !== "am" && objective === "action", `--objective is for action matching, not for ${method}`, "leave it out"],
    [
      growth > 0 && head !== undefined && head !== "scalar",
      `the head ${head} cannot represent growth: it has no free constant`,
      "leave --head out, or take scalar",
    ],
    [
      method === "dsm" && path !== "vp" && path !== "sub-vp",
      `dsm on the path ${path} has no velocity at its start, where nothing of the picture is left to divide by`,
      "choose --path vp or sub-vp",
    ],
    [
      method === "ssm" && (task !== "generate" || path !== "flow"),
      "ssm with Langevin dynamics makes pictures from noise, along flow",
      "leave --task and --path out",
    ],
    [!mix && task !== "generate", `the path ${path} begins with noise: it is for generation alone`, "leave --path out"],
    [coupling === "ot" && restores, "restorations have their partners: --coupling ot is for generate and between", "leave it out"],
    [coupling === "ot" && paired, "--paired pictures have their partners: --coupling ot is for those that have none", "leave it out"],
    [
      solver !== undefined && (noise > 0 || method === "ssm"),
      `--solver ${solver} is for motions without noise: ${method === "ssm" ? "scores are followed by 1,090 Langevin steps" : "with --noise pictures are made in 100 steps of Euler and Maruyama"}`,
      "leave it out",
    ],
    [
      noise > 0 && coupling === "ot",
      "entropic action matching and pairs of least distance are different paths",
      "give one of --noise and --coupling ot",
    ],
  ];
  for (const [is, what, hint] of wrong) if (is) throw new UserError(what, hint);
}
