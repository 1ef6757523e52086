/** What the fake server has: runs in all states, curves, a sweep, a command with options of every type. */
import * as Plot from "@observablehq/plot";
import { plot } from "../../../src/plots/index.ts";
import type { CommandInfo, ComparisonView, RunDetail, Series, SweepView } from "../../../src/studio/api.ts";

/** The day on which all these runs began. */
const day = Date.parse("2026-03-01T12:00:00Z");

export const svg = plot({
  width: 640,
  height: 320,
  grid: true,
  marks: [
    Plot.dot(
      Array.from({ length: 60 }, (_, i) => ({ x: Math.cos(i / 3), y: Math.sin(i / 5) })),
      { x: "x", y: "y", stroke: "#4269d0" },
    ),
  ],
});

const run = (index: number, more: Partial<RunDetail> = {}): RunDetail => ({
  id: `run-${index}`,
  name: `gapminder-${index}`,
  folder: `/data/runs/gapminder-${index}`,
  command: "trajectories",
  status: index % 9 === 4 ? "stopped" : "done",
  created: day - 3_600_000 * index,
  updated: day - 3_600_000 * index + 60_000,
  step: 2000,
  facts: { loss: 1 / (index + 1), width: 32 * (1 + (index % 4)) },
  tags: index % 7 === 2 ? ["paper"] : [],
  config: { command: "trajectories", data: "gapminder", steps: 2000, learningRate: 0.001, seed: index },
  commandLine: `pushforward trajectories --data=gapminder --seed=${index}`,
  warnings: [],
  numbers: [],
  metrics: ["loss", "score", "norm", "rate", "energy", "time"],
  files: [],
  log: "",
  ...more,
});

const finished: Partial<RunDetail> = {
  title: "Life and income of 142 countries",
  summary: "Trained on 10 years of 142 countries; the years that were held out are met to 0.031 ± 0.004.",
  warnings: ["the flow is stiff in 1992: --steps 4000 would follow it closer"],
  numbers: [
    { name: "Wasserstein distance", value: "0.0312 ± 0.0041", note: "mean over held-out years" },
    { name: "straight lines", value: "0.0873", note: "the same, without learning" },
    { name: "MMD", value: "0.0021" },
  ],
  files: [
    { path: "artifacts/motion.svg", bytes: 38_211 },
    { path: "artifacts/scores.csv", bytes: 1204 },
    { path: "report.html", bytes: 210_400 },
  ],
};

export const runs = (count: number): RunDetail[] => [
  run(0, { status: "running", step: 700, total: 2000, files: [], log: "reading gapminder\ntraining" }),
  run(1, finished),
  run(2, { status: "stopped", failure: "training diverged at step 812", tags: ["paper", "<b>bold</b>"] }),
  ...Array.from({ length: count - 3 }, (_, i) => run(i + 3)),
];

const steps = Array.from({ length: 120 }, (_, i) => 5 * (i + 1));
const course = (name: string, of: (step: number) => number): Series => {
  const last = steps.map(of);
  return { name, rows: 600, step: steps, last, low: last.map((v) => 0.93 * v), high: last.map((v) => 1.08 * v) };
};

export const series: Series[] = [
  course("loss", (step) => 2 * Math.exp(-step / 180) + 0.08 + 0.03 * Math.sin(step)),
  course("score", (step) => 1 - Math.exp(-step / 250) + 0.02 * Math.sin(step / 3)),
  course("norm", (step) => 3 + Math.sin(step / 70)),
  course("rate", (step) => 0.001 * (1 - step / 2000)),
  course("energy", (step) => 0.4 + 0.1 * Math.cos(step / 90)),
  course("time", () => 0.01),
];

export const comparison: ComparisonView = {
  figures: [{ name: "loss", title: "loss", caption: "Mean over seeds, and its standard error.", svg }],
  table: {
    title: "Groups",
    columns: ["settings", "runs", "loss", "± "],
    rows: [
      ["width 32", 3, 0.31, 0.02],
      ["width 64", 3, 0.22, 0.03],
    ],
  },
  metrics: ["loss", "score"],
};

export const sweeps: SweepView[] = [
  {
    name: "width",
    metric: "loss",
    minimize: true,
    command: "trajectories",
    jobs: [
      { name: "width-32", run: "run-3", state: "done", step: 2000, total: 2000, value: 0.31, settings: { width: 32, seed: 0 } },
      { name: "width-64", run: "run-4", state: "done", step: 2000, total: 2000, value: 0.22, settings: { width: 64, seed: 0 } },
      { name: "width-128", run: "run-0", state: "running", step: 700, total: 2000, settings: { width: 128, seed: 0 } },
      { name: "width-256", state: "waiting", settings: { width: 256, seed: 0 } },
    ],
  },
];

const option = (key: string, type: "boolean" | "integer" | "number" | "string", description: string, more: object = {}) => ({
  key,
  type,
  description,
  choices: [],
  ...more,
});

export const commands: CommandInfo[] = [
  {
    name: "trajectories",
    kind: "method",
    summary: "learn how a population moves from unpaired snapshots",
    description: "Learns how a population moves from snapshots in which nobody is followed.",
    examples: ["pushforward trajectories cells.csv --time day --steps 2000"],
    arguments: [{ name: "[file]", description: "a table of snapshots: CSV, Parquet or h5ad" }],
    options: [
      option("time", "string", "column of times"),
      option("steps", "integer", "steps of the training", { default: 2000 }),
      option("data", "string", "a built-in data set instead of a file"),
      option("seed", "integer", "seed of all random numbers", { default: 0 }),
      option("quick", "boolean", "a short run, to see whether it works", { default: false }),
      option("coupling", "string", "how neighbouring snapshots are paired", { choices: ["ot", "independent"], default: "ot" }),
      option("learningRate", "number", "rate of the optimizer", { default: 0.001 }),
      option("costs", "string", "a table of costs", { file: true }),
      option("json", "boolean", "print JSON lines", { default: false }),
    ],
    commands: [],
  },
  { name: "tour", kind: "method", summary: "every method once", description: "", examples: [], arguments: [], options: [], commands: [] },
  { name: "graph", kind: "group", summary: "graphs", description: "", examples: [], arguments: [], options: [], commands: [] },
];
