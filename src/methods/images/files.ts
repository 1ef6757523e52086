/** Files of a run: pictures, models. */
import { sizeOf } from "../../array/index.ts";
import type { Artifact } from "../../lab/artifact.ts";
import type { TrainedImages } from "../../transport/images/evaluate.ts";
import { exportSampler, exportVelocity, type ImageFileLabel } from "../../transport/images/export.ts";
import { producer } from "../train/producer.ts";
import type { ImagesJudgement } from "./judge.ts";
import type { ImagesProblem } from "./problem.ts";

/** Pictures that are written one by one. */
const mostPictures = 100;

/** Pictures as PNG, the velocity and, for motions without noise from noise or from what is seen, the whole way as ONNX. */
export async function* imageFiles({ made }: ImagesJudgement, trained: TrainedImages, problem: ImagesProblem): AsyncGenerator<Artifact> {
  const { model, net } = trained;
  const { shape, task, schedule } = problem.problem;
  const { default: sharp } = await import("sharp");
  const [channels, height, width] = shape;
  const d = sizeOf(shape);
  for (let i = 0; i < Math.min(mostPictures, made.made.shape[0]); i++) {
    const planes = made.made.data.subarray(i * d, (i + 1) * d);
    const pixels = Uint8Array.from({ length: d }, (_, p) =>
      Math.round(255 * planes[(p % channels) * height * width + Math.floor(p / channels)]),
    );
    const png = await sharp(pixels, { raw: { width, height, channels: channels === 1 ? 1 : 3 } })
      .png()
      .toBuffer();
    yield { name: `made-${String(i).padStart(3, "0")}.png`, content: png };
  }
  if (!model.dynamics) return;
  const { options, path, data, solverName } = problem;
  const label: Omit<ImageFileLabel, "kind"> = {
    ...{ task: options.task, path, method: options.method, solver: solverName, shape },
    ...(task.seenShape && { seen: task.seenShape(shape) }),
    ...{ masked: task.needs === "mask", data: data.title, producer: producer() },
  };
  yield { name: "velocity.onnx", content: exportVelocity(model, net, label) };
  if (problem.options.noise === 0 && problem.options.growth === 0 && !schedule.fitted && "steps" in problem.solver.control)
    yield { name: "sampler.onnx", content: exportSampler(model, net, problem.solver, label) };
}
