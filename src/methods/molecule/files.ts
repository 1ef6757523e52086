/** Files that a run leaves. */
import type { Evaluation } from "../../chemistry/evaluation/evaluate.ts";
import type { Histogram } from "../../chemistry/evaluation/observables.ts";
import { type WaveFile, writeWave } from "../../chemistry/wave-file.ts";
import type { Artifact } from "../../lab/artifact.ts";

/** The wave function, energies along the evaluation, and distributions of distances. */
export function filesOf(evaluation: Evaluation, wave: WaveFile): Artifact[] {
  const { trace, observed } = evaluation;
  return [
    { name: "wave-function.safetensors", content: writeWave(wave) },
    {
      name: "evaluation.csv",
      columns: [
        { name: "step", values: Float64Array.from(trace, (_, t) => t + 1) },
        { name: "energy", values: trace },
      ],
    },
    histogramFile("radial.csv", observed.radial),
    ...(observed.pairs ? [histogramFile("pairs.csv", observed.pairs)] : []),
  ];
}

function histogramFile(name: string, { from, to, counts }: Histogram): Artifact {
  const width = (to - from) / counts.length;
  return {
    name,
    columns: [
      { name: "distance", values: Float64Array.from(counts, (_, k) => from + (k + 0.5) * width) },
      { name: "count", values: counts },
    ],
  };
}
