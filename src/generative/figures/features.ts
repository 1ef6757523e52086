/** Samples of a model of a table beside rows of it. */
import * as Plot from "@observablehq/plot";
import { type NdArray, toNumbers } from "../../array/index.ts";
import { type Figure, palette, plot } from "../../plots/index.ts";
import type { SampleProblem } from "../problem.ts";

/** Most features of which pictures are drawn, and points. */
const [mostFeatures, mostPoints] = [8, 1000];

/** Each feature's distribution, and pairs of neighbouring features, of samples and test rows, in the units of the table. */
export function featureFigures({ examples, scaling }: SampleProblem, drawn: NdArray, test: NdArray): Figure[] {
  const { features } = examples;
  const d = features.length;
  const rowsOf = (x: NdArray, name: string) => {
    const values = toNumbers(x);
    return Array.from({ length: Math.min(mostPoints, x.shape[0]) }, (_, i) => ({
      name,
      at: (j: number): number => values[i * d + j] * scaling.deviation[j] + scaling.mean[j],
    }));
  };
  const rows = [...rowsOf(test, "test rows"), ...rowsOf(drawn, "samples")];
  const shown = features.slice(0, mostFeatures);
  const values = shown.flatMap((feature, j) =>
    rows.map(({ name, at }) => ({ feature, name, u: (at(j) - scaling.mean[j]) / scaling.deviation[j] })),
  );
  const color = { legend: true, domain: ["test rows", "samples"], range: [palette[0], palette[2]] };
  const figures: Figure[] = [
    {
      name: "features",
      title: "Features of samples and of test rows",
      caption: `Distribution of ${d > mostFeatures ? `the first ${mostFeatures} features` : "each feature"}, in standard deviations of the training part: boxes hold the middle half, lines 90 %.`,
      svg: plot({
        height: 70 + 46 * shown.length,
        marginLeft: 130,
        marginBottom: 42,
        marginTop: 50,
        x: { label: "standard deviations", grid: true },
        y: { axis: null, domain: ["test rows", "samples"] },
        fy: { label: null, domain: shown },
        color,
        marks: spans(values),
      }),
    },
  ];
  if (d < 2) return figures;
  const pair = rows.map(({ name, at }) => ({ name, x: at(0), y: at(1) }));
  figures.push({
    name: "pairs",
    title: `${features[0]} and ${features[1]}`,
    caption: "The first two features of samples of the model and of test rows, in the units of the table.",
    svg: plot({
      height: 460,
      grid: true,
      x: { label: features[0] },
      y: { label: features[1] },
      color,
      marks: [Plot.dot(pair, { x: "x", y: "y", stroke: "name", r: 2, strokeOpacity: 0.6 })],
    }),
  });
  return figures;
}

type Value = { readonly feature: string; readonly name: string; readonly u: number };

/** For each feature and cloud a line from 5 % to 95 %, a box from 25 % to 75 %, a tick at the median. */
function spans(values: readonly Value[]): Plot.Markish[] {
  const groups = Map.groupBy(values, (v) => `${v.feature}\n${v.name}`);
  const rows = [...groups.values()].map((group) => {
    const sorted = group.map((v) => v.u).sort((a, b) => a - b);
    const at = (p: number): number => sorted[Math.round(p * (sorted.length - 1))];
    return { feature: group[0].feature, name: group[0].name, low: at(0.05), q1: at(0.25), middle: at(0.5), q3: at(0.75), high: at(0.95) };
  });
  return [
    Plot.ruleY(rows, { fy: "feature", y: "name", x1: "low", x2: "high", stroke: "name", strokeWidth: 1.5 }),
    Plot.barX(rows, { fy: "feature", y: "name", x1: "q1", x2: "q3", fill: "name", insetTop: 3, insetBottom: 3 }),
    Plot.tickX(rows, { fy: "feature", y: "name", x: "middle", stroke: "white", strokeWidth: 2, insetTop: 3, insetBottom: 3 }),
  ];
}
