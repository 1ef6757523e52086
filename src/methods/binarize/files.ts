/** What a run of `binarize` leaves besides its report. */
import { moving } from "../../lab/animation.ts";
import type { Artifact } from "../../lab/artifact.ts";
import type { Figure } from "../../plots/index.ts";
import { networkOnnx } from "../../quantum/families/onnx.ts";
import { courseAnimation, courseFigure, lossesFigure } from "../../quantum/figures/losses.ts";
import { boundaryFigure, weightsFigure } from "../../quantum/figures/networks.ts";
import { spectrumFigure } from "../../quantum/figures/spectrum.ts";
import { depthFigure, tracesFigure } from "../../quantum/figures/traces.ts";
import { optimumOf } from "../../quantum/landscape/optima.ts";
import { writeQasm } from "../../quantum/qasm/write.ts";
import { circuitOf } from "../../quantum/training/settings.ts";
import { producer } from "../train/producer.ts";
import type { Found } from "./findings.ts";
import type { SampledFound } from "./sampled-findings.ts";
import type { Problem } from "./work.ts";

export type AnyFound = Found | SampledFound;

export function figuresOf(found: AnyFound, { loaded, depths, objective }: Problem): Figure[] {
  const { restarts, chosen, ranked } = found;
  const isMean = objective.objective === "mean";
  const network = ranked[0].network;
  const drawn = network && loaded.networks ? networkFigures(network, loaded.networks) : [];
  const { all, lowest, known } = lossesOf(found);
  const course = courseFigure(all, found.course, lowest, known);
  if ("seen" in found) {
    const { shown } = found.restarts[chosen];
    const sampled = { costs: shown.map((s) => s.loss), shares: shown.map((s) => s.count) };
    return [lossesFigure(all, sampled, lowest, known), course, tracesFigure(restarts, lowest, chosen, false), ...drawn];
  }
  const { costs, probabilities, spectrum } = found;
  return [
    lossesFigure(all, { costs, shares: probabilities }, lowest, known),
    course,
    tracesFigure(restarts, lowest, chosen, isMean),
    ...(depths.length > 1 ? [depthFigure(found.restarts, lowest)] : []),
    ...drawn,
    spectrumFigure(spectrum),
  ];
}

/** Costs of all configurations, as far as they are known, and the lowest. */
const lossesOf = (found: AnyFound) =>
  "seen" in found
    ? { all: { costs: found.uniform }, lowest: found.seen.loss, known: "seen" as const }
    : { all: { costs: found.costs }, lowest: optimumOf(found.costs).minimum, known: "exact" as const };

function networkFigures(
  network: NonNullable<Found["ranked"][number]["network"]>,
  { points, labelled }: NonNullable<Problem["loaded"]["networks"]>,
) {
  const { features, classes, pictures } = labelled;
  return [...(points.inputs === 2 ? [boundaryFigure(network, points, features, classes)] : []), weightsFigure(network, features, pictures)];
}

export async function* filesOf(found: AnyFound, { loaded: { networks, bits }, circuit, animation }: Problem): AsyncGenerator<Artifact> {
  const { ranked, restarts, chosen } = found;
  const json = (value: unknown): string => `${JSON.stringify(value, undefined, 1)}\n`;
  yield { name: networks ? "networks.json" : "configurations.json", content: json(ranked) };
  const { layers, angles } = restarts[chosen];
  yield { name: "angles.json", content: json({ ansatz: circuit.ansatz, layers, angles }) };
  if (circuit.ansatz !== "qaoa") {
    const trained = circuitOf(bits, { ...circuit, layers });
    yield { name: "circuit.qasm", content: writeQasm(trained, { angles, comments: [`trained by ${producer()}`] }) };
    yield { name: "circuit-2.qasm", content: writeQasm(trained, { angles, version: 2, comments: [`trained by ${producer()}`] }) };
  }
  yield {
    name: "restarts.csv",
    columns: "seen" in found ? columnsOf(found.restarts, sampledColumns) : columnsOf(found.restarts, tableColumns),
  };
  if (animation) {
    const { all, lowest, known } = lossesOf(found);
    yield { name: "animation.png", content: await moving(courseAnimation(all, found.course, lowest, known)) };
  }
  const network = ranked[0].network;
  if (!network || !networks) return;
  const { features, classes, metadata } = networks.labelled;
  const described = { producer: producer(), features: JSON.stringify(features), classes: JSON.stringify(classes), ...metadata };
  yield { name: "model.onnx", content: networkOnnx(network, described) };
}

const tableColumns = ["layers", "value", "energy", "pOptimal", "entropy", "support", "calls"] as const;
const sampledColumns = ["layers", "value", "energy", "error", "entropy", "evaluations", "calls"] as const;

const columnsOf = <Key extends string>(restarts: readonly Readonly<Record<Key, number>>[], keys: readonly Key[]) =>
  keys.map((name) => ({ name, values: Float64Array.from(restarts, (r) => r[name]) }));
