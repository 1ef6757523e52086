/** What there is to see of three flows: walkers, energies, variances. */
import { type NdArray, toNumbers } from "../../array/index.ts";
import { planeOf } from "../../chemistry/figures/plane.ts";
import { electronsOf, nucleiOf, type System } from "../../chemistry/systems/system.ts";
import type { Panel } from "../demo.ts";
import { flows, type Racer, type Row } from "./race.ts";

/** How far around the nuclei one sees, in bohr. */
const reach = 3.5;

/** Electrons of all walkers by spin, and the nuclei, in the plane of the nuclei. */
export function walkerPanel(title: string, system: System, x: NdArray): Panel {
  const plane = planeOf(system);
  const nuclei = nucleiOf(system);
  const places = toNumbers(x);
  const electrons = electronsOf(system);
  const width = electrons * system.dimension;
  const of = (isOne: (electron: number) => boolean): Float32Array =>
    Float32Array.from(
      Array.from({ length: x.shape[0] * electrons }, (_, k) => k)
        .filter((k) => isOne(k % electrons))
        .flatMap((k) => plane.map((c) => places[Math.floor(k / electrons) * width + (k % electrons) * system.dimension + c])),
    );
  const range = (c: number): readonly [number, number] => {
    const at = nuclei.map(({ position }) => position[c]);
    return [Math.min(...at) - reach, Math.max(...at) + reach];
  };
  const style = { size: 2, opacity: 0.5 };
  return {
    ...{ kind: "points", title, x: range(plane[0]), y: range(plane[1]) },
    groups: [
      { label: "electrons, spin up", points: of((i) => i < system.up), color: 0, ...style },
      ...(system.down > 0 ? [{ label: "electrons, spin down", points: of((i) => i >= system.up), color: 1, ...style }] : []),
      { label: "nuclei", points: Float32Array.from(nuclei.flatMap(({ position }) => plane.map((c) => position[c]))), color: 7, size: 6 },
    ],
  };
}

const metric = (rows: readonly Row[], name: string): number[] => rows.map(({ metrics }) => metrics[name]);

/** Energies with the standard error of a mean over walkers, by step and by seconds; variances, which are 0 for the ground state. */
export function curvePanels(racers: readonly Racer[], system: System): Panel[] {
  const walkers = racers[0].state.x.shape[0];
  const energies = (along: (row: Row) => number): Extract<Panel, { kind: "curves" }>["series"] => {
    const ends = racers.flatMap(({ rows }) => rows.map(along));
    const { reference } = system;
    return [
      ...racers.map(({ name, rows }, k) => {
        const y = metric(rows, "energy");
        const error = metric(rows, "variance").map((v) => Math.sqrt(v / walkers));
        return {
          label: flows[name],
          x: rows.map(along),
          y,
          low: y.map((e, i) => e - error[i]),
          high: y.map((e, i) => e + error[i]),
          color: k,
        };
      }),
      ...(reference
        ? [
            {
              label: `known: ${reference.source}`,
              x: [0, Math.max(0, ...ends)],
              y: [reference.energy, reference.energy],
              color: 7,
              dashed: true,
            },
          ]
        : []),
    ];
  };
  return [
    { ...{ kind: "curves", title: "Energy", xLabel: "step", yLabel: "hartree" }, series: energies((row) => row.step) },
    {
      ...{ kind: "curves", title: "Variance of the local energy", xLabel: "step", yLabel: "hartree²", log: true },
      series: racers.map(({ name, rows }, k) => ({
        label: flows[name],
        x: rows.map((row) => row.step),
        y: metric(rows, "variance"),
        color: k,
      })),
    },
    {
      ...{ kind: "curves", title: "Energy by time", xLabel: "seconds of each flow", yLabel: "hartree" },
      series: energies((row) => row.seconds),
    },
  ];
}
