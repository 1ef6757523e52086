/** A whole method in one value: π from random points. What it takes to add one; docs/contributing.md shows it. */
import * as Plot from "@observablehq/plot";
import { z } from "zod";
import { type NdArray, ndarray } from "../../src/array/index.ts";
import { method } from "../../src/lab/index.ts";
import { plot } from "../../src/plots/index.ts";

type Tally = Readonly<Record<"inside" | "thrown", NdArray<"f64">>>;
const scalar = (value: number) => ndarray(Float64Array.of(value), [], "f64");

export const pi = method({
  name: "pi",
  summary: "π from random points",
  examples: ["pushforward pi --points 1000"],
  input: { name: "[file]", description: "none is needed" },
  options: z.object({
    points: z.int().min(1).default(1000).describe("points a step"),
    steps: z.int().min(1).default(50).describe("steps"),
  }),
  metrics: { rows: ["pi"], results: ["pi", "error"] },
  load: async () => ({ name: "square", title: "the unit square", source: "random numbers" }),
  prepare: async (source, { points, steps }) => ({
    problem: { points },
    source,
    label: "throwing points",
    folder: "pi",
    steps,
    config: {},
    warnings: points < 10 ? ["fewer than ten points a step are slow"] : [],
  }),
  learner: ({ points }) => ({
    init: () => ({ inside: scalar(0), thrown: scalar(0) }),
    async step({ inside, thrown }: Tally, rng) {
      const [x, y] = [rng.uniform([points], "f64").data, rng.uniform([points], "f64").data];
      const hits = x.reduce((n, v, i) => n + (v * v + y[i] * y[i] < 1 ? 1 : 0), 0);
      const state = { inside: scalar(inside.data[0] + hits), thrown: scalar(thrown.data[0] + points) };
      return { state, metrics: { pi: (4 * state.inside.data[0]) / state.thrown.data[0] } };
    },
  }),
  async conclude({ state, history }, { points }) {
    const [n, p] = [state.thrown.data[0], state.inside.data[0] / state.thrown.data[0]];
    const error = 4 * Math.sqrt((p * (1 - p)) / n); // binomial
    return {
      history,
      title: "π",
      summary: `${n} points, ${points} a step.`,
      numbers: [{ name: "π", value: 4 * p, error }],
      warnings: [],
      results: { pi: 4 * p, error },
      text: (took) => [`π is ${(4 * p).toFixed(4)} ± ${error.toFixed(4)}, after ${took}`],
    };
  },
  figures: ({ history }) => {
    const svg = plot({ y: { label: "π" }, marks: [Plot.line(history, { x: "step", y: "pi" })] });
    return [{ name: "course", title: "Course", caption: "The estimate by step.", svg }];
  },
  files: ({ history }) => [{ name: "course.csv", columns: [{ name: "pi", values: Float64Array.from(history, (row) => row.pi) }] }],
});
