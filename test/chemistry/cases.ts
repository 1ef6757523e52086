/** Wave functions of every kind on small systems, with parameters that are no special point; positions of walkers. */
import { type NdArray, ndarray, randomStream } from "../../src/array/index.ts";
import type { Ansatz, Linear, Parameters } from "../../src/chemistry/ansatz/ansatz.ts";
import { ansatzOf } from "../../src/chemistry/ansatz/choose.ts";
import { readSystem } from "../../src/chemistry/systems/read.ts";
import type { System } from "../../src/chemistry/systems/system.ts";
import { parseTrap, trapSystem } from "../../src/chemistry/systems/traps.ts";
import { goldenSystem } from "./golden.ts";

export const molecule = (text: string): System => readSystem(text, { units: "bohr" }).system;
export const trap = (text: string): System => trapSystem(parseTrap(`dot ${text}`));

/** In doubles, each number moved by N(0, spread²). */
export function widened({ linear, other }: Parameters<NdArray>, spread: number, seed = 1): Parameters<NdArray> {
  const moved = (name: string, { data, shape }: NdArray): NdArray => {
    const noise = randomStream(seed).fold(name).normal([data.length], "f64").data;
    return ndarray(
      Float64Array.from(noise, (xi, k) => Number(data[k]) + spread * xi),
      shape,
      "f64",
    );
  };
  const map = (name: string, { weight, bias }: Linear<NdArray>): Linear<NdArray> => ({
    weight: moved(`${name}.weight`, weight),
    ...(bias && { bias: moved(`${name}.bias`, bias) }),
  });
  return {
    linear: Object.fromEntries(Object.entries(linear).map(([name, m]) => [name, map(name, m)])),
    other: Object.fromEntries(Object.entries(other).map(([name, p]) => [name, moved(name, p)])),
  };
}

export interface Case {
  readonly label: string;
  readonly system: System;
  readonly ansatz: Ansatz;
  readonly parameters: Parameters<NdArray>;
}

const small = { width: 4, pairWidth: 3, layers: 2, heads: 2, determinants: 2 };
const helium = molecule("He");
const flat = trap("dimension=2 omega=0.7 up=2 down=1");

const made = (label: string, system: System, ansatz: Ansatz): Case => ({
  label,
  system,
  ansatz,
  parameters: widened(ansatz.init(randomStream(3)), 0.05),
});

export const cases: readonly Case[] = [
  made("psiformer", goldenSystem, ansatzOf("psiformer", goldenSystem, small)),
  made("ferminet", goldenSystem, ansatzOf("ferminet", goldenSystem, small)),
  made("lapnet", goldenSystem, ansatzOf("lapnet", goldenSystem, small)),
  made("factored ferminet", goldenSystem, ansatzOf("ferminet", goldenSystem, { ...small, factored: true, cusp: true })),
  made("factored lapnet of a trap", flat, ansatzOf("lapnet", flat, { ...small, factored: true })),
  made("ferminet of a trap", flat, ansatzOf("ferminet", flat, small)),
  made("slater-jastrow", goldenSystem, ansatzOf("slater-jastrow", goldenSystem)),
  made("slater-jastrow of a trap", flat, ansatzOf("slater-jastrow", flat)),
  made("hydrogenic", helium, ansatzOf("hydrogenic", helium)),
  made("gaussian", trap("dimension=2"), ansatzOf("gaussian", trap("dimension=2"))),
];

/** N(0, 1) bohr for every coordinate: [dimension, N, walkers]. */
export const somewhere = ({ dimension, up, down }: System, walkers: number, seed: number | string = 7): NdArray<"f64"> =>
  randomStream(seed).normal([dimension, up + down, walkers], "f64");
