/** Pictures of what a network makes of the test part. Needs Node: images are written by sharp. */
import { sizeOf } from "../../array/index.ts";
import { imageUri } from "../../data/pictures/page.ts";
import type { Figure } from "../../plots/index.ts";
import { outputName, type Predictions } from "../predictions.ts";
import type { ExampleTask } from "../task.ts";
import { confusionFigure } from "./confusion.ts";
import { type Mistake, mistakesFigure } from "./mistakes.ts";
import { predictionFigure } from "./scatter.ts";

/** Pictures of the predictions: confusion of at most 100 classes and the surest mistakes with images, or predicted against true numbers. */
export async function predictionFigures(task: ExampleTask, outputs: Predictions): Promise<Figure[]> {
  const { classes, title } = task.examples;
  const { truth, guess } = outputs;
  if (!classes) return [predictionFigure(outputName(task), truth, guess)];
  const figures = classes.length <= 100 ? [confusionFigure(classes, truth, guess)] : [];
  if (task.problem.input.length !== 3) return figures;
  const mistakes = await surestMistakes(task, outputs, 24);
  return mistakes.length > 0 ? [...figures, mistakesFigure(mistakes, title)] : figures;
}

/** The test images that the network puts into a wrong class with the highest probability, at most so many. */
async function surestMistakes(
  { examples, split }: ExampleTask,
  { truth, guess, probability }: Predictions,
  most: number,
): Promise<Mistake[]> {
  const wrong = truth.flatMap((t, i) => (t === guess[i] ? [] : [i])).sort((a, b) => probability[b] - probability[a]);
  const names = examples.classes ?? [];
  return Promise.all(
    wrong.slice(0, most).map(async (i) => ({
      image: await picture(examples.inputs, split.test[i]),
      truth: names[truth[i]],
      guess: names[guess[i]],
      probability: probability[i],
    })),
  );
}

/** Image `row` as a data URI, 64 x 64. */
function picture({ shape, data }: ExampleTask["examples"]["inputs"], row: number): Promise<string> {
  const size = sizeOf(shape.slice(1));
  return imageUri({ pixels: data.subarray(row * size, (row + 1) * size), shape: shape.slice(1) }, 64);
}
