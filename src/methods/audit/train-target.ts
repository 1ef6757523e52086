/** `pushforward audit train-target`: a classifier of private data, with a defence, ready to be audited. */
import { z } from "zod";
import { allocate, type Shape } from "../../array/index.ts";
import type { Standardization } from "../../data/index.ts";
import { defendedTarget, type Trained, type TrainedDefence, trainedDefences } from "../../inversion/audit/train.ts";
import type { Classifier } from "../../inversion/classifier.ts";
import { experiment } from "../../lab/method.ts";
import { toOnnx } from "../../onnx/index.ts";
import type { Tensor } from "../../tensor/index.ts";
import { builtInSides } from "./built-in.ts";
import { type DataOptions, readPrivate } from "./data.ts";
import { dataOptions, trainingOptions } from "./options.ts";
import { privateParts, scalingOf, targetOptionsOf } from "./problem.ts";

const { private: own, heldOut, target, features, decimal, missing } = dataOptions;

const options = z.object({
  ...{ private: own, heldOut, target, features, decimal, missing },
  size: z.int().min(4).max(1024).optional().describe("side to which pictures are scaled (default: that of the first, at most 64)"),
  // transfer learning begins with labelled public data, which this command does not read
  defence: z
    .enum(trainedDefences.filter((name) => name !== "transfer"))
    .default("none")
    .describe("how it is trained to give away less"),
  ...trainingOptions,
});

interface Problem {
  readonly parts: ReturnType<typeof privateParts> & { readonly input: Shape; readonly scaling?: Standardization };
  readonly training: ReturnType<typeof targetOptionsOf>;
  readonly defence: TrainedDefence;
}

export const trainTarget = experiment({
  name: "audit train-target",
  summary: "train a classifier with a defence, as an audit would",
  description:
    "train a classifier of private data, with a defence if one is wanted, and write it as an .onnx file that `pushforward audit` takes",
  examples: [
    "pushforward audit train-target --private faces/ --defence bottleneck",
    "pushforward audit train-target --data digits --defence private --epsilon 2",
  ],
  notes:
    "Without --held-out a fifth of the items is set aside for measuring: an audit of the result with the same --seed and --private sets the same ones aside.",
  stream: "audit",
  input: { name: "[data]", description: "private data, as --private" },
  options,
  metrics: { rows: [], results: ["accuracy", "records", "test"] },

  async load(input, given) {
    if (given.data !== undefined) return builtInSides(given.data, given.quick);
    const wanted: DataOptions = { ...given, private: given.private ?? input, public: undefined };
    return readPrivate(wanted, given.size);
  },

  async prepare({ title, input, notes, ...sides }, given, { rng }) {
    const { defence, quick } = given;
    const training = targetOptionsOf(given, quick);
    const split = privateParts({ ...sides, title }, rng.fold("material"));
    // the scale of private features is private too: no noise covers it
    const isScaled = input.length !== 3 && defence !== "private";
    const parts = { ...split, input, ...(isScaled && { scaling: scalingOf(split.train.x) }) };
    const name = (given.data ?? title).replace(/^.*[\\/]/, "");
    return {
      problem: { parts, training, defence } satisfies Problem,
      source: { name, title, source: title },
      label: `training on ${name}`,
      folder: `target-${name}`,
      steps: training.steps,
      config: { classes: parts.classes.length, steps: training.steps, records: parts.train.y.length },
      warnings: [
        ...notes,
        ...(input.length !== 3 && !isScaled
          ? ["features are taken as they are: standardising them would tell of private items without noise"]
          : []),
        ...(quick ? ["--quick: few steps"] : []),
      ],
    };
  },

  async work({ parts, training, defence }: Problem, { rng, progress }) {
    const line = progress("training", training.steps);
    let step = 0;
    const trained = await defendedTarget(parts, defence, training, rng.fold("session").fold("none"), () => line.update(++step, {}));
    line.finish();
    return findings(trained, parts, defence);
  },

  figures: () => [],
  files: ({ classifier }) => [{ name: "classifier.onnx", content: asOnnx(classifier) }],
});

function findings({ classifier, accuracy, notes }: Trained, { train, test, classes }: Problem["parts"], defence: TrainedDefence) {
  const share = `${(100 * accuracy).toFixed(1)} %`;
  return {
    classifier,
    title: `A classifier of ${classes.length} classes`,
    summary: `Right on ${share} of ${test.y.length} items that it never saw; defence: ${defence}.`,
    numbers: [
      { name: "accuracy", value: share, note: `on ${test.y.length} items of the test part` },
      { name: "trained on", value: train.y.length, note: "items" },
    ],
    warnings: notes,
    results: { accuracy, defence, records: train.y.length, test: test.y.length, privacy: notes },
    text: (took: string) => [`right on ${share} of ${test.y.length} items, trained on ${train.y.length} in ${took}`],
  };
}

/** Logits of inputs in the shape and units of the data. */
const asOnnx = ({ logits, input, classes }: Classifier): Uint8Array =>
  toOnnx((x: Tensor) => logits(x.reshape([x.shape[0], -1])), [allocate("f32", [1, ...input])], {
    ...{ inputNames: ["x"], outputNames: ["logits"], anyRows: true },
    metadata: { producer: "pushforward", classes: JSON.stringify(classes), output: "logits" },
  });
