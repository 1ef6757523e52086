/** What `npm run bench -- molecule` computes, and how we do it. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type NdArray, randomStream, writeNpz } from "../src/array/index.ts";
import type { Ansatz, Parameters } from "../src/chemistry/ansatz/ansatz.ts";
import { psiformer } from "../src/chemistry/ansatz/psiformer.ts";
import { nuclearRepulsion } from "../src/chemistry/energy/potential.ts";
import { flowStep } from "../src/chemistry/learning/flow-step.ts";
import { energyProgram } from "../src/chemistry/learning/programs.ts";
import type { FlowName, LearningSettings } from "../src/chemistry/learning/settings.ts";
import { scalarArray, type WaveState } from "../src/chemistry/learning/state.ts";
import { byName, flattened } from "../src/chemistry/solvers/vector.ts";
import { readSystem } from "../src/chemistry/systems/read.ts";
import { electronsOf, nucleiOf, type System } from "../src/chemistry/systems/system.ts";
import { startWalkers } from "../src/chemistry/walkers/start.ts";
import { logDensity, type Walk, walk } from "../src/chemistry/walkers/walk.ts";
import type { Tensor } from "../src/tensor/index.ts";
import type { Measured, Runner } from "./peer.ts";

export const parts = ["energy", "slope", "fr", "wfr"] as const;

const settings = (flow: FlowName, walkers: number): LearningSettings => ({
  ...{ flow, cost: "tanh", solver: "kfac", steps: 1000, walkers, moves: "all", movesPerStep: 10, carry: 0, lookAhead: 0 },
  ...{ transportWeight: [0.1, 0.1], reweightingWeight: 1, rate: 0.05, delay: 250, damping: 1e-3, normConstraint: 1e-3, clip: 5 },
  ...{ pretrainSteps: 0, evaluationSteps: 100 },
});

/** Standard deviation of proposals, in bohr. */
const width = 0.3;

/** A system with a network, and walkers that have left where they began. */
export interface Task {
  readonly name: string;
  readonly system: System;
  readonly ansatz: Ansatz;
  readonly sizes: { readonly width: number; readonly layers: number; readonly heads: number; readonly determinants: number };
  readonly parameters: Parameters<NdArray>;
  readonly x: NdArray;
  readonly move: Walk<Parameters<Tensor>>;
}

export async function prepared(name: string, walkers: number): Promise<Task> {
  const { system } = readSystem(name);
  const sizes = { width: electronsOf(system) > 2 ? 32 : 16, layers: 2, heads: 4, determinants: 4 };
  const ansatz = psiformer(system, sizes);
  const rng = randomStream("bench").fold(name);
  const parameters = ansatz.init(rng.fold("parameters"));
  const move = walk<Parameters<Tensor>>(system, logDensity(system, ansatz), "all");
  let x: NdArray = startWalkers(system, walkers, rng.fold("walkers"));
  for (let k = 0; k < 10; k++) x = (await move(x, settings("fr", walkers).movesPerStep, width, parameters, rng.fold(k))).x;
  return { name, system, ansatz, sizes, parameters, x, move };
}

/** What a port needs: sizes and settings, parameters by name in our order, walkers. */
export function writeTask(files: string, { name, system, sizes, parameters, x }: Task): void {
  const { rate, damping, normConstraint, clip, movesPerStep: moves, transportWeight, reweightingWeight } = settings("wfr", x.shape[0]);
  const nuclei = nucleiOf(system);
  const about = {
    ...{ up: system.up, down: system.down, positions: nuclei.map((a) => a.position), charges: nuclei.map((a) => a.charge) },
    ...{ nuclear: nuclearRepulsion(nuclei), ...sizes, width, rate, damping, normConstraint, clip, moves, keep: 0.95 },
    ...{ transport: transportWeight[0], reweighting: reweightingWeight },
  };
  const linear = byName(parameters.linear).flatMap(([key, { weight, bias }]) => [
    [`linear/${key}/weight`, weight] as const,
    ...(bias ? [[`linear/${key}/bias`, bias] as const] : []),
  ]);
  const other = byName(parameters.other).map(([key, p]) => [`other/${key}`, p] as const);
  writeFileSync(join(files, `${name}.json`), JSON.stringify(about));
  writeFileSync(join(files, `${name}.npz`), writeNpz({ ...Object.fromEntries([...linear, ...other]), x }));
}

/** For comparing: energies, their gradients electron by electron, and parameters after a step of wfr. */
export type Told = Measured & {
  readonly energy?: readonly number[];
  readonly slope?: readonly number[];
  readonly updated?: readonly number[];
};

type Work = () => Promise<Partial<Told>>;

async function work(task: Task, part: string): Promise<Work> {
  const { system, ansatz, parameters, x, move } = task;
  if (part === "energy" || part === "slope") {
    const program = energyProgram(system, ansatz, part === "slope");
    return async () => {
      await program(parameters, x);
      return {};
    };
  }
  const flow = part === "fr" ? "fr" : "wfr";
  const { init, step } = flowStep({ system, ansatz, settings: settings(flow, x.shape[0]) }, move);
  const state: WaveState = {
    ...{ parameters, x, width: scalarArray(width), step: scalarArray(0), memory: await init(parameters, x), skipped: scalarArray(0) },
    ...{ inARow: scalarArray(0), dampingScale: scalarArray(1), adam: {} as never, tally: {} as never },
  };
  let steps = 0;
  const one = () => step(state, 0, randomStream("steps").fold(steps++));
  if (part !== "check")
    return async () => {
      await one();
      return {};
    };
  const at = await energyProgram(system, ansatz, true)(parameters, x);
  return async () => ({
    energy: Array.from(at.energy.data, Number),
    slope: byElectron(at.slope),
    updated: [...flattened((await one()).state.parameters)],
  });
}

/** [dimension, N, walkers] -> all of a walker one after the other, electron by electron. */
function byElectron({ data, shape: [dimension, n, walkers] }: NdArray): number[] {
  const place = (e: number): number => {
    const [b, i, c] = [Math.floor(e / (n * dimension)), Math.floor(e / dimension) % n, e % dimension];
    return (c * n + i) * walkers + b;
  };
  return Array.from({ length: data.length }, (_, e) => Number(data[place(e)]));
}

/** Tasks are named system:part. */
export function ours(tasks: readonly Task[], now: () => number): Runner {
  const known = new Map<string, Work>();
  return {
    name: "pushforward",
    async run(name, reps): Promise<Told> {
      const [system, part] = name.split(":");
      const begin = now();
      const made = known.get(name);
      const run = made ?? (await work(tasks.find((t) => t.name === system)!, part));
      known.set(name, run);
      let told = made ? {} : await run();
      const first = made ? null : now() - begin;
      const times: number[] = [];
      for (let rep = 0; rep < reps; rep++) {
        const start = now();
        told = await run();
        times.push(now() - start);
      }
      return { first, times, peak: process.resourceUsage().maxRSS / 1024, ...told };
    },
    close() {},
  };
}
