/** Options of `pushforward images`. */
import { z } from "zod";
import { imageHeads, imageMethodNames } from "../../transport/images/learning/index.ts";
import { imageTaskNames, maskKinds, scheduleNames } from "../../transport/images/paths/index.ts";

/** Which pictures, and as what they are taken. */
export const pictureOptions = {
  size: z
    .string()
    .optional()
    .describe('height and width to which pictures are cropped and scaled: 32 or "48x64" (default: theirs, at most 64)'),
  channels: z.enum(["grey", "colour"]).optional().describe("default: what most pictures are"),
  patches: z.int().min(1).max(10_000).optional().describe("so many random crops of --size from each picture, for folders of photographs"),
};

/** What is learned, and how. */
export const imagesOptions = z.object({
  task: z.enum(imageTaskNames).default("generate").describe("what is asked of pictures"),
  ...pictureOptions,
  from: z.string().optional().describe("task between: the pictures to begin with").meta({ file: true }),
  paired: z
    .boolean()
    .default(false)
    .describe("task between: picture i of one set belongs to picture i of the other, by their names in order"),
  mask: z.enum(maskKinds).default("half").describe("task inpaint: what is missing"),
  method: z.enum(imageMethodNames).default("am").describe("am: action matching; fm, dsm, ssm: flow and score matching, to compare with"),
  path: z.enum(scheduleNames).optional().describe("between pictures and their starts (default: flow; dsm: vp)"),
  head: z
    .enum(imageHeads)
    .optional()
    .describe("action of a U-Net h: <x, h>, ½|x - h|², or the sum of h (default: inner; with --growth scalar)"),
  noise: z.number().min(0).max(10).default(0).describe("action matching: σ of the motion; 0: none"),
  growth: z.number().min(0).max(100).default(0).describe("action matching: λ, particles may multiply and die; 0: none"),
  objective: z.enum(["flow", "action"]).default("flow").describe("loss: with the velocities of the path, or from its points alone"),
  weight: z.enum(["path", "constant"]).default("path").describe("weight of the loss in time"),
  times: z.enum(["even", "adaptive"]).default("even").describe("times of a batch: even, or where the loss varies"),
  coupling: z.enum(["independent", "ot"]).default("independent").describe("partners within a batch: as drawn, or of least total distance"),
  widths: z.string().optional().describe("channels of the U-Net at each resolution, finest first (default: 32,64,64; --quick 16,32)"),
  blocks: z.int().min(1).max(8).default(1).describe("residual blocks at each resolution"),
  steps: z.int().min(1).max(10_000_000).optional().describe("optimizer steps (default: 2000; --quick 300)"),
  batch: z.int().min(1).max(10_000).optional().describe("pictures a step (default: 64; --quick 16)"),
  learningRate: z.number().positive().optional().describe("peak learning rate (default: 2e-3; --quick 3e-3)"),
  ema: z
    .number()
    .min(0)
    .lt(1)
    .optional()
    .describe("memory of the mean of the parameters, which is the result (default: a tenth of the steps, at most 200)"),
  solver: z
    .string()
    .optional()
    .describe(
      "how pictures are made: dopri5, or euler, midpoint, heun, rk4 with a number of steps (default: heun-25; paths vp and simple: dopri5)",
    ),
  samples: z.int().min(1).max(100_000).optional().describe("pictures that are made and judged (default: 500, restorations 200)"),
  bits: z.boolean().default(true).describe("leave bits per dimension out, which are told where the motion has a density"),
  animation: z.boolean().default(false).describe("pictures on their way as an animated PNG, and as MP4 where ffmpeg is installed"),
});

/** What they are after parsing. */
export type ImagesOptions = z.infer<typeof imagesOptions>;
