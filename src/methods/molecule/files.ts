/** Files that a run leaves. */

import { type NdArray, ndarray } from "../../array/index.ts";
import type { Ansatz } from "../../chemistry/ansatz/ansatz.ts";
import { densityCube } from "../../chemistry/evaluation/density.ts";
import type { Evaluation, Histogram } from "../../chemistry/evaluation/evaluation.ts";
import { waveModel } from "../../chemistry/export.ts";
import { type WaveFile, writeWave } from "../../chemistry/wave-file.ts";
import { type Hdf5Content, writeHdf5 } from "../../data/hdf5-write.ts";
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
    { name: "results.h5", write: (path) => writeHdf5(path, hdf5Of(evaluation, wave)) },
    histogramFile("radial.csv", radial),
    ...(pairs ? [histogramFile("pairs.csv", pairs)] : []),
  ];
}

/** Energies, walkers, distances and what they mean, for programs that read HDF5. */
function hdf5Of({ energy, variance, trace, radial, pairs, places }: Evaluation, { system, x }: WaveFile): Hdf5Content {
  const vector = (values: Float64Array): NdArray => ndarray(Float64Array.from(values), [values.length], "f64");
  return {
    arrays: {
      "energy/mean": vector(Float64Array.of(energy.mean)),
      "energy/error": vector(Float64Array.of(energy.error)),
      "energy/variance": vector(Float64Array.of(variance)),
      "energy/steps": vector(trace),
      "walkers/positions": ndarray(
        Float32Array.from(x.data as Float32Array),
        [x.shape[0], x.shape[1] / system.dimension, system.dimension],
        "f32",
      ),
      "electrons/places": ndarray(Float32Array.from(places), [places.length / system.dimension, system.dimension], "f32"),
      "distances/nucleus": vector(radial.counts),
      ...(pairs && { "distances/electrons": vector(pairs.counts) }),
    },
    attributes: {
      system: JSON.stringify(system),
      units: "hartree, bohr",
      distances: JSON.stringify({ nucleusTo: radial.to, ...(pairs && { electronsTo: pairs.to }) }),
    },
  };
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
