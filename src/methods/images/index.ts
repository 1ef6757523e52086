/** `pushforward images`: pictures made, enlarged, coloured and completed by action matching. */
import { method } from "../../lab/method.ts";
import { stateSize } from "../../optim/index.ts";
import { trainedImages } from "../../transport/images/evaluate.ts";
import { imageLearner, imageMethodOf } from "../../transport/images/learning/index.ts";
import { pictureMaker } from "../../transport/images/sample.ts";
import { animationFiles, hasFfmpeg } from "./animation.ts";
import { apply } from "./apply.ts";
import { loadSets } from "./data.ts";
import { imageFigures } from "./figures.ts";
import { imageFiles } from "./files.ts";
import { headlineOf, imageNumbers, imageResults, restorationTable, withheldNotes } from "./findings.ts";
import { judged, somePictures } from "./judge.ts";
import { imagesOptions } from "./options.ts";
import { imagesProblem } from "./problem.ts";

export const images = method({
  name: "images",
  summary: "make, enlarge, colour and complete pictures by action matching",
  examples: [
    "pushforward images --data mnist --task generate --out runs/digits",
    "pushforward images --data emoji --task colour",
    "pushforward images photos/ --task super-resolve --size 32 --patches 8",
    "pushforward images --data fashion-mnist --task inpaint --mask box --method fm",
    "pushforward images --task between --from horses/ zebras/ --size 32",
  ],
  input: { name: "[pictures]", description: "a folder, IDX, NPZ or one picture; or --data mnist, fashion-mnist, emoji" },
  options: imagesOptions,
  commands: [apply],
  metrics: {
    rows: ["loss", "validationLoss"],
    results: [
      "validationLoss",
      "psnr.*",
      "ssim.*",
      "gain.psnr.*",
      "gain.ssim.*",
      "frechet",
      "frechetOfHeldOut",
      "frechetExcess.*",
      "prdc.*",
      "mmd.*",
      "nearest.samples",
      "nearest.heldOut",
      "features.*",
      "bitsPerDimension.*",
      "solverError",
      "effectiveShare",
      "evaluations",
      "pictures",
      "steps",
    ],
  },
  load: loadSets,

  async prepare(data, options) {
    const problem = imagesProblem(data, options);
    const { steps, path, learn, parts, samples, solverName } = problem;
    return {
      problem,
      source: data,
      label: `training on ${data.title}`,
      folder: `${data.name}-${options.task}`,
      steps,
      config: { path, samples, solver: solverName, ...learn, threads: undefined },
      warnings: [...data.set.warnings, ...(data.from?.warnings ?? []), ...parts.notes],
      evaluateEvery: Math.max(1, Math.ceil(steps / 10)),
      divergedHint: "lower --learning-rate, or take another --path or --weight path: its velocities may be too large at one end",
    };
  },

  learner: ({ problem, learn }, { rng }) => imageLearner(problem, rng.fold("data"), learn),

  async conclude({ state, history, steps }, problem, model, desk) {
    const { parts, solver, options, data } = problem;
    const make = pictureMaker(model, { solver, threads: options.threads, pictures: somePictures(parts) });
    const trained = trainedImages(model, model.average(state), make);
    const found = await judged(problem, trained, desk);
    const { title, restores } = problem.problem.task;
    const loss = history.findLast((row) => row.validationLoss !== undefined)?.validationLoss;
    const idle =
      options.method === "am" && loss !== undefined && loss >= 0
        ? ["the loss on held-out pictures is not below 0, that of no motion at all: nothing was learned yet; take more --steps"]
        : [];
    return {
      ...{ history, trained, found, rng: desk.rng },
      title: `${restores ? "Restored" : "Made"} pictures: ${data.title}`,
      summary: `${title} by ${imageMethodOf(options.method).title}, ${steps} steps. ${headlineOf(found, problem)}`,
      numbers: [...imageNumbers(found, problem), { name: "parameters", value: stateSize(state.params).numbers }],
      tables: restorationTable(found, problem),
      warnings: [...idle, ...found.warnings],
      results: imageResults(found, problem, loss),
      text: (took: string) => [
        headlineOf(found, problem),
        ...withheldNotes(found),
        ...(options.animation && !hasFfmpeg() ? ["no MP4: there is no ffmpeg on this machine"] : []),
        `trained in ${took}`,
      ],
    };
  },

  figures: ({ found, history }, problem) => imageFigures(found, history, problem),
  async *files({ found, trained, rng }, problem) {
    yield* imageFiles(found, trained, problem);
    if (problem.options.animation) yield* animationFiles(trained, problem, rng);
  },
});
