/** What there is to see of a race: losses, and where each network parts the classes. */
import { type NdArray, ndarray, toNumbers } from "../../array/index.ts";
import { withError } from "../../numbers.ts";
import type { Summary } from "../../training/summary.ts";
import { type Grid, gridPoints, levelLines } from "../contours.ts";
import type { Panel } from "../demo.ts";
import { type Course, entrants, type Racer } from "./race.ts";

const grid: Grid = { x: [-1.2, 1.2], y: [-1.2, 1.2], size: 40 };

/** Points as the network sees them. */
function standardised({ problem: { scaling } }: Course, { data, shape }: NdArray<"f32">): NdArray {
  if (!scaling) return ndarray(data, shape, "f32");
  return ndarray(
    data.map((v, i) => (v - scaling.mean[i % 2]) / scaling.deviation[i % 2]),
    shape,
    "f32",
  );
}

/** Points of a class among the training examples. */
function examplesOf({ examples, split }: Course, side: number): Float32Array {
  const rows = [...split.train].filter((row) => examples.targets.data[row] === side);
  return Float32Array.from(rows.flatMap((row) => [Number(examples.inputs.data[2 * row]), Number(examples.inputs.data[2 * row + 1])]));
}

/** The examples, and the line of each optimizer along which both classes are as likely. */
export async function boundaryPanel(course: Course, racers: readonly Racer[]): Promise<Panel> {
  const points = standardised(course, gridPoints(grid));
  const lines = [];
  for (const [k, { name, learner, state }] of racers.entries()) {
    const logits = toNumbers(await learner.predict(state, points));
    const excess = Array.from({ length: points.shape[0] }, (_, i) => logits[2 * i + 1] - logits[2 * i]);
    lines.push({ label: entrants[name].title, points: levelLines(grid, excess, [0]), color: k, joined: true });
  }
  const style = { size: 2, opacity: 0.5 };
  return {
    ...{ kind: "points", title: "Where the classes part", x: grid.x, y: grid.y },
    groups: [
      { label: "class a", points: examplesOf(course, 0), color: 6, ...style },
      { label: "class b", points: examplesOf(course, 1), color: 7, ...style },
      ...lines,
    ],
  };
}

export function lossPanels(racers: readonly Racer[]): Panel[] {
  const series = (along: "step" | "seconds") =>
    racers.map(({ name, curve }, k) => ({
      label: entrants[name].title,
      x: curve.map((c) => c[along]),
      y: curve.map((c) => c.loss),
      color: k,
    }));
  return [
    { ...{ kind: "curves", title: "Training loss by step", xLabel: "step", yLabel: "nats", log: true }, series: series("step") },
    {
      ...{ kind: "curves", title: "Training loss by time", xLabel: "seconds of each", yLabel: "nats", log: true },
      series: series("seconds"),
    },
  ];
}

/** All that was measured, the best test accuracy first; errors are over seeds and test examples. */
export function rankingPanel(summaries: readonly Summary[]): Panel {
  return {
    ...{ kind: "table", title: `Ranking after ${summaries[0].seeds} ${summaries[0].seeds === 1 ? "seed" : "seeds"}` },
    columns: ["optimizer", "settings", "test accuracy", "training loss", "ms a step"],
    rows: summaries.map(({ optimizer, settings, test, trainLoss, milliseconds }) => [
      optimizer,
      Object.entries(settings)
        .map(([key, value]) => `${key} ${value}`)
        .join(", "),
      withError(test.mean, test.error),
      withError(trainLoss.mean, trainLoss.error),
      Number(milliseconds.toPrecision(3)),
    ]),
  };
}
