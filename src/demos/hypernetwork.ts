/**
 * A quantum hypernetwork while it learns: a circuit of at most 14 qubits yields strings of bits, each a binary network, and moves its
 * probability to networks of low loss. All losses are enumerated, so that the exact optimum stands beside it.
 */
import { randomStream } from "../array/index.ts";
import { formatNumber } from "../numbers.ts";
import { enumerateNetworks } from "../quantum/families/enumerate.ts";
import { type Family, family } from "../quantum/families/family.ts";
import { decode, logits } from "../quantum/families/network.ts";
import { accuracyOf, gaussianLattice, type Points } from "../quantum/families/points.ts";
import { familySchema } from "../quantum/families/schema.ts";
import { optimumOf, rangeOf } from "../quantum/landscape/optima.ts";
import { bitsOf } from "../quantum/landscape/table.ts";
import { writeQasm } from "../quantum/qasm/write.ts";
import { type Baseline, tableBaselines } from "../quantum/search/baselines.ts";
import { probabilities } from "../quantum/simulate.ts";
import { ofProbabilities } from "../quantum/training/evaluators.ts";
import { type Restart, restart } from "../quantum/training/restart.ts";
import { trainingOf } from "../quantum/training/settings.ts";
import { noiseless } from "../quantum/training/simulation.ts";
import { gridPoints } from "./contours.ts";
import type { Demo, Frame, Panel, TakeAway } from "./demo.ts";
import { choice, form, range } from "./form.ts";
import { running } from "./running.ts";

const { controls, read } = form({
  units: choice({
    label: "Hidden units",
    choices: { "1": "1 (6 qubits)", "2": "2 (10 qubits)", "3": "3 (14 qubits)" },
    value: "3",
    help: "Each weight, each bias and the activation is a qubit.",
  }),
  layers: range({
    label: "Layers of the circuit",
    min: 0,
    max: 4,
    step: 1,
    value: 2,
    help: "0: a product state, whose bits are independent.",
  }),
  restarts: range({ label: "Trainings", min: 1, max: 8, step: 1, value: 3, help: "From random angles; the lowest one counts." }),
});

/** Most steps of a training; steps between two pictures. */
const [iterations, stride] = [120, 3];
const bins = 48;

/** Two inputs, some hidden units of one activation that is chosen too, one output: 4 u + 2 bits. */
const familyOf = (units: number): Family =>
  family(
    familySchema.parse({
      name: `${units} hidden`,
      inputs: 2,
      layers: [{ units }, { units: 1 }],
      choices: [{ choose: "activation", of: ["relu", "sigmoid"] }],
      loss: "squared",
    }),
    2,
  );

export const hypernetwork: Demo = {
  name: "hypernetwork",
  docs: "binarize.md",
  controls,
  command: (settings) => {
    const { layers, restarts } = read(settings);
    const circuit = layers === 0 ? "--ansatz product" : `--layers ${layers}`;
    return `pushforward binarize --data gaussian ${circuit} --restarts ${restarts}`;
  },
  async start(settings, seed) {
    const { units, layers, restarts } = read(settings);
    const problem = problemOf(Number(units));
    const asked = layers === 0 ? { ansatz: "product" as const, layers: 1 } : { ansatz: "brick" as const, layers };
    const training = trainingOf(problem.costs, asked, { objective: "mean", alpha: 1, eta: 1, temperature: 1 });
    const rng = randomStream(seed).fold("hypernetwork");
    const told: Told = { traces: [], calls: 0 };
    async function* frames(): AsyncGenerator<Frame, void> {
      yield frameOf(problem, told, 0, restarts);
      for (let r = 0; r < restarts; r++) {
        const evaluator = ofProbabilities(noiseless(training.circuit), training.objective);
        const steps = restart(evaluator, { optimiser: "lbfgs", iterations }, rng.fold(r));
        const trace: number[] = [];
        told.traces.push(trace);
        let step = steps.next();
        for (; !step.done; step = steps.next()) {
          trace.push(training.inUnits(step.value.value));
          told.shown = probabilities(training.circuit, step.value.x);
          if (trace.length % stride === 0) yield frameOf(problem, told, r + trace.length / (iterations + 1), restarts);
        }
        keepBest(told, step.value, training.inUnits(step.value.value));
        told.shown = probabilities(training.circuit, Float64Array.from(step.value.angles));
        yield frameOf(problem, told, r + 1, restarts);
      }
      told.baselines = [...tableBaselines(problem.costs, rng.fold("baselines"), problem.networks)];
      if (told.best) told.shown = probabilities(training.circuit, Float64Array.from(told.best.angles));
      yield frameOf(problem, told, restarts, restarts);
    }
    return running(frames(), () => filesOf(problem, told, (angles) => writeQasm(training.circuit, { angles })));
  },
};

interface Problem {
  readonly costs: Float64Array;
  readonly networks: { readonly family: Family; readonly points: Points };
  readonly least: number;
  readonly optima: readonly number[];
  /** Of the histograms: from the lowest to the highest loss. */
  readonly edges: readonly number[];
  readonly all: readonly number[];
}

/** What has happened so far. */
interface Told {
  /** Mean loss by step, of each training. */
  readonly traces: number[][];
  calls: number;
  best?: { readonly angles: readonly number[]; readonly value: number };
  /** Probabilities of all strings now. */
  shown?: Float64Array;
  baselines?: readonly Baseline[];
}

function problemOf(units: number): Problem {
  const networks = { family: familyOf(units), points: gaussianLattice(8) };
  const { costs } = enumerateNetworks(networks.family, networks.points);
  const { minimum, set } = optimumOf(costs);
  const { maximum } = rangeOf(costs);
  const edges = Array.from({ length: bins + 1 }, (_, i) => minimum + ((maximum - minimum) * i) / bins);
  return { costs, networks, least: minimum, optima: set, edges, all: histogram(costs, edges) };
}

function keepBest(told: Told, { angles, calls }: Restart, value: number): void {
  told.calls += calls;
  if (told.best === undefined || value < told.best.value) told.best = { angles, value };
}

/** Shares of the strings, or of their probability, by loss, of sum 1. */
function histogram(costs: Float64Array, edges: readonly number[], shares?: Float64Array): number[] {
  const [low, high] = [edges[0], edges[bins]];
  const sums = new Array<number>(bins).fill(0);
  costs.forEach((cost, k) => {
    sums[Math.min(bins - 1, Math.floor((bins * (cost - low)) / (high - low || 1)))] += shares ? shares[k] : 1 / costs.length;
  });
  return sums;
}

function frameOf(problem: Problem, told: Told, done: number, restarts: number): Frame {
  const { least, optima, costs } = problem;
  const { traces, shown, best, baselines } = told;
  const mean = traces.at(-1)?.at(-1);
  const likely = shown && mostLikely(shown);
  return {
    progress: done / restarts,
    label: baselines ? "done" : traces.length === 0 ? "all losses are known" : `training ${traces.length} of ${restarts}`,
    cautions: baselines ? cautionsOf(problem, told, baselines) : [],
    numbers: [
      { name: "networks", value: costs.length, note: "strings of bits, all enumerated" },
      { name: "lowest loss there is", value: least, note: optima.length === 1 ? "one network" : `${optima.length} networks` },
      ...(mean === undefined ? [] : [{ name: "mean loss of what the circuit yields", value: best && baselines ? best.value : mean }]),
      ...(shown
        ? [
            {
              name: "probability of the best",
              value: optima.reduce((sum, k) => sum + shown[k], 0),
              note: "a uniform guess: " + formatNumber(optima.length / costs.length),
            },
          ]
        : []),
      ...(likely === undefined ? [] : [{ name: "loss of the likeliest network", value: costs[likely] }]),
    ],
    panels: [
      lossesPanel(problem, shown),
      tracesPanel(problem, traces),
      networkPanel(problem, likely ?? optima[0], likely === undefined),
      ...(baselines ? [tableOf(told, baselines)] : []),
    ],
  };
}

const mostLikely = (p: Float64Array): number => p.reduce((best, pk, k) => (pk > p[best] ? k : best), 0);

/** Said first: the circuit fails, or others need less. */
function cautionsOf({ least, costs, networks }: Problem, told: Told, baselines: readonly Baseline[]): string[] {
  const { shown, calls } = told;
  const failed =
    shown && costs[mostLikely(shown)] > least + 1e-12
      ? ["The likeliest network is not the best: the training ended in a local minimum."]
      : [];
  const found = baselines
    .filter((b) => b.name !== "exhaustive" && b.loss <= least + 1e-12)
    .sort((a, b) => a.evaluations - b.evaluations)[0];
  const cheaper = found
    ? [
        `${found.name} found a best network after ${found.evaluations} evaluations of a loss; the simulated circuit was run ${calls} times, each time over all ${2 ** networks.family.bits} strings.`,
      ]
    : [];
  return [...failed, ...cheaper];
}

const lossesPanel = ({ edges, all, costs }: Problem, shown: Float64Array | undefined): Panel => ({
  kind: "bars",
  title: "Losses of all networks, and of those that the circuit yields",
  xLabel: "loss",
  yLabel: "share",
  edges,
  series: [
    { label: "all networks", heights: all, color: 9 },
    ...(shown ? [{ label: "yielded by the circuit", heights: histogram(costs, edges, shown), color: 0 }] : []),
  ],
});

const tracesPanel = ({ least }: Problem, traces: readonly (readonly number[])[]): Panel => ({
  kind: "curves",
  title: "Mean loss by step",
  xLabel: "step",
  yLabel: "loss",
  series: [
    ...traces.map((trace, r) => ({ label: `training ${r + 1}`, x: trace.map((_, i) => i), y: trace, color: r % 9 })),
    { label: "lowest there is", x: [0, Math.max(1, ...traces.map((t) => t.length - 1))], y: [least, least], color: 9, dashed: true },
  ],
});

/** Where a network says class 1, and the points. */
function networkPanel({ networks, costs }: Problem, k: number, isBest: boolean): Panel {
  const { family: searched, points } = networks;
  const network = decode(searched, bitsOf(k, searched.bits));
  const [x, y]: [readonly [number, number], readonly [number, number]] = [
    [-3.2, 3.2],
    [-3.2, 2.2],
  ];
  const grid = Float64Array.from(gridPoints({ x, y, size: 40 }).data);
  const says = logits(network, grid);
  const pick = (all: Float64Array, of: (i: number) => boolean): Float32Array =>
    Float32Array.from(
      Array.from({ length: all.length / 2 }, (_, i) => i)
        .filter(of)
        .flatMap((i) => [all[2 * i], all[2 * i + 1]]),
    );
  const accuracy = accuracyOf(network, points);
  return {
    kind: "points",
    title: `${isBest ? "The best network" : "The likeliest network"}: loss ${formatNumber(costs[k])}, ${(100 * accuracy).toFixed(0)} % right`,
    x,
    y,
    groups: [
      { label: "says class 1", points: pick(grid, (i) => says[i] > 0), color: 1, size: 2, opacity: 0.35 },
      { label: "class 0", points: pick(points.x, (i) => points.y[i] === 0), color: 0, size: 3 },
      { label: "class 1", points: pick(points.x, (i) => points.y[i] === 1), color: 1, size: 3 },
    ],
  };
}

const tableOf = ({ best, calls }: Told, baselines: readonly Baseline[]): Panel => ({
  kind: "table",
  title: "The same problem, other searches",
  columns: ["search", "lowest loss", "evaluations"],
  rows: [
    ...baselines.map(({ name, loss, evaluations }) => [name, formatNumber(loss), evaluations]),
    ...(best ? [["circuit (mean loss)", formatNumber(best.value), `${calls} circuits`]] : []),
  ],
});

function filesOf(
  { networks: { family: searched }, costs }: Problem,
  { best, shown }: Told,
  qasm: (angles: readonly number[]) => string,
): TakeAway[] {
  if (!best || !shown) return [];
  const order = Array.from(costs.keys())
    .sort((a, b) => costs[a] - costs[b])
    .slice(0, 100);
  const lines = order.map((k) => `${[...bitsOf(k, searched.bits)].join("")},${costs[k]},${shown[k]}`);
  const text = (name: string, type: string, content: string): TakeAway => ({ name, type, bytes: new TextEncoder().encode(content) });
  return [
    text("networks.csv", "text/csv", `bits,loss,probability\n${lines.join("\n")}\n`),
    text("circuit.qasm", "text/plain", qasm(best.angles)),
  ];
}
