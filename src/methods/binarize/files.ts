/** What a run of `binarize` leaves besides its report. */
import type { Artifact } from "../../lab/artifact.ts";
import type { Figure } from "../../plots/index.ts";
import { networkOnnx } from "../../quantum/families/onnx.ts";
import { lossesFigure } from "../../quantum/figures/losses.ts";
import { boundaryFigure, weightsFigure } from "../../quantum/figures/networks.ts";
import { spectrumFigure } from "../../quantum/figures/spectrum.ts";
import { depthFigure, tracesFigure } from "../../quantum/figures/traces.ts";
import { optimumOf } from "../../quantum/landscape/optima.ts";
import { writeQasm } from "../../quantum/qasm/write.ts";
import { trainingOf } from "../../quantum/training/settings.ts";
import { producer } from "../train/producer.ts";
import type { Found } from "./findings.ts";
import type { Problem } from "./work.ts";

export function figuresOf(found: Found, { loaded, depths, objective }: Problem): Figure[] {
  const { costs, probabilities, restarts, chosen, spectrum, ranked } = found;
  const { minimum } = optimumOf(costs);
  const network = ranked[0].network;
  return [
    lossesFigure(costs, probabilities),
    tracesFigure(restarts, minimum, chosen, objective.objective === "mean"),
    ...(depths.length > 1 ? [depthFigure(restarts, minimum)] : []),
    ...(network && loaded.networks ? networkFigures(network, loaded.networks) : []),
    spectrumFigure(spectrum),
  ];
}

function networkFigures(
  network: NonNullable<Found["ranked"][number]["network"]>,
  { points, labelled }: NonNullable<Problem["loaded"]["networks"]>,
) {
  const { features, classes, pictures } = labelled;
  return [...(points.inputs === 2 ? [boundaryFigure(network, points, features, classes)] : []), weightsFigure(network, features, pictures)];
}

export function* filesOf(
  { costs, objective, ranked, restarts, chosen }: Found,
  { loaded: { networks }, circuit }: Problem,
): Generator<Artifact> {
  const json = (value: unknown): string => `${JSON.stringify(value, undefined, 1)}\n`;
  yield { name: networks ? "networks.json" : "configurations.json", content: json(ranked) };
  const { layers, angles } = restarts[chosen];
  yield { name: "angles.json", content: json({ ansatz: circuit.ansatz, layers, angles }) };
  if (circuit.ansatz !== "qaoa") {
    const trained = trainingOf(costs, { ...circuit, layers }, objective).circuit;
    yield { name: "circuit.qasm", content: writeQasm(trained, { angles, comments: [`trained by ${producer()}`] }) };
    yield { name: "circuit-2.qasm", content: writeQasm(trained, { angles, version: 2, comments: [`trained by ${producer()}`] }) };
  }
  const columns = ["layers", "value", "energy", "pOptimal", "entropy", "support", "calls"] as const;
  yield { name: "restarts.csv", columns: columns.map((name) => ({ name, values: Float64Array.from(restarts, (r) => r[name]) })) };
  const network = ranked[0].network;
  if (!network || !networks) return;
  const { features, classes, metadata } = networks.labelled;
  const described = { producer: producer(), features: JSON.stringify(features), classes: JSON.stringify(classes), ...metadata };
  yield { name: "model.onnx", content: networkOnnx(network, described) };
}
