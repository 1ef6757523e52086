/** Files that a run leaves. */

import type { Ansatz } from "../../chemistry/ansatz/ansatz.ts";
import { densityCube } from "../../chemistry/evaluation/density.ts";
import type { Evaluation, Histogram } from "../../chemistry/evaluation/evaluation.ts";
import { waveModel } from "../../chemistry/export.ts";
import { type WaveFile, writeWave } from "../../chemistry/wave-file.ts";
import type { Artifact } from "../../lab/artifact.ts";
import { version } from "../../lab/invocation.ts";

/** The wave function, energies along the evaluation, and distributions of distances. */
export function filesOf(evaluation: Evaluation, wave: WaveFile, ansatz: Ansatz): Artifact[] {
  const { trace, radial, pairs, places } = evaluation;
  return [
    { name: "wave-function.safetensors", content: writeWave(wave) },
    { name: "wave-function.onnx", content: waveModel(wave.system, ansatz, wave.parameters, `pushforward ${version()}`) },
    {
      name: "evaluation.csv",
      columns: [
        { name: "step", values: Float64Array.from(trace, (_, t) => t + 1) },
        { name: "energy", values: trace },
      ],
    },
    ...(wave.system.dimension === 3 ? [{ name: "density.cube", content: densityCube(wave.system, places) }] : []),
    histogramFile("radial.csv", radial),
    ...(pairs ? [histogramFile("pairs.csv", pairs)] : []),
  ];
}

function histogramFile(name: string, { to, counts }: Histogram): Artifact {
  const width = to / counts.length;
  return {
    name,
    columns: [
      { name: "distance", values: Float64Array.from(counts, (_, k) => (k + 0.5) * width) },
      { name: "count", values: counts },
    ],
  };
}
