/** `pushforward molecule flow`: the exact laboratory of the flows, in a trap or in one dimension. */
import { z } from "zod";
import type { Random } from "../../array/index.ts";
import { convergenceFigures, densityFigure } from "../../chemistry/figures/laboratory.ts";
import { localEnergyFigure } from "../../chemistry/figures/local-energy.ts";
import { walkersFigure } from "../../chemistry/figures/walkers.ts";
import { transportCost } from "../../chemistry/flows/costs.ts";
import {
  courseColumns,
  courseResults,
  courseTable,
  densityColumns,
  modeTable,
  unsettled,
  verdict,
} from "../../chemistry/laboratory/findings.ts";
import type { Gaussian, Weights } from "../../chemistry/laboratory/gaussian.ts";
import { gaussianRace } from "../../chemistry/laboratory/gaussian-race.ts";
import { lineField, lineRace } from "../../chemistry/laboratory/line-race.ts";
import { boundBox, potentialOf } from "../../chemistry/laboratory/potential.ts";
import { type Course, type Race, type RaceOptions, type Racer, usualIntervals } from "../../chemistry/laboratory/race.ts";
import { lineEnergies } from "../../chemistry/laboratory/spectrum.ts";
import { UserError } from "../../errors.ts";
import type { Source } from "../../lab/life.ts";
import { experiment } from "../../lab/method.ts";
import { formatNumber } from "../../numbers.ts";

const options = z.object({
  potential: z.string().optional().describe("V(x) of one electron on a line, a formula in x, in hartree and a0"),
  omega: z.number().positive().optional().describe("without --potential: the trap ½ ω² |x|² (default: 1)"),
  dimension: z.int().min(1).max(1000).optional().describe("without --potential: dimensions of the trap (default: 1)"),
  startMean: z.number().default(1).describe("mean of the Gaussian q at the start, along the first axis, in a0"),
  startVariance: z.number().positive().default(2).describe("its variance in each direction, in a0²"),
  time: z.number().positive().default(2).describe("time of the flows, in 1/hartree; twice the imaginary time for FR"),
  weights: z.string().default("1,1").describe("weights of transport and of reweighting in the mixed flow WFR"),
  cost: z.enum(["l2", "tanh", "relativistic"]).default("l2").describe("cost of transport: l2 is W, others are cW with a speed limit"),
  kappa: z.number().positive().optional().describe("the speed limit of tanh and relativistic (default: 1)"),
});

/** What the flows run in. */
interface Scene {
  readonly source: Source;
  /** The lowest two energies to nine digits, in hartree. */
  readonly exact: readonly number[];
  /** A race that only waits to be run. @throws UserError  for a start that it cannot have */
  readonly ready: (start: Gaussian, points: number) => Promise<Ready>;
}

type Ready = (race: RaceOptions, rng: Random, stop: (racer: Racer, reached: number) => boolean) => Promise<Race | undefined>;

export const flow = experiment({
  name: "molecule flow",
  summary: "flows by transport, by reweighting and by both, side by side and exactly",
  examples: [
    'pushforward molecule flow --potential "(x^2-4)^2/8" --start-variance 0.5 --time 20',
    "pushforward molecule flow --omega 0.5 --dimension 3 --weights 0.1,1",
    'pushforward molecule flow --potential "x^2/2+x^4" --cost tanh --kappa 0.5',
  ],
  notes: "Atomic units. W carries mass along -∇E_loc, FR reweights it by -(E_loc - E), WFR does both.",
  input: { name: "[file]", description: "none is needed" },
  options,
  metrics: {
    rows: [],
    results: [
      "groundEnergy",
      "gap",
      "gridGroundEnergy",
      "methods.*.time",
      "methods.*.energy",
      "methods.*.excess",
      "methods.*.variance",
      "methods.*.distance",
      "methods.*.fidelity",
      "methods.*.dissipation",
      "methods.*.rate.measured",
      "methods.*.rate.predicted",
      "methods.*.weights.transport",
      "methods.*.weights.reweighting",
      "methods.*.cost.kappa",
      "modes.*.n",
      "modes.*.energy",
      "modes.*.gap",
      "modes.*.overlap",
    ],
  },

  async load(input, given) {
    if (input !== undefined)
      throw new UserError(`molecule flow reads no file, but "${input}" is given`, `a potential: --potential "${input}"`);
    if (given.data !== undefined) throw new UserError("molecule flow takes no --data", 'a potential: --potential "x^2/2"');
    return sceneOf(given);
  },

  async prepare({ source, exact, ready }, { startMean, startVariance, time, cost: name, kappa, weights, quick }) {
    const cost = transportCost(name, kappa);
    const racers: Racer[] = [
      { name: name === "l2" ? "W" : `W (${name})`, weights: { transport: 1, reweighting: 0 }, cost },
      { name: "FR", weights: { transport: 0, reweighting: 1 }, cost },
      { name: "WFR", weights: parseWeights(weights), cost },
    ];
    const intervals = quick ? usualIntervals / 4 : usualIntervals;
    // rough tails, which only costs with a speed limit leave, take time on fine grids
    const points = quick || name !== "l2" ? 255 : 511;
    const start = { mean: startMean, variance: startVariance };
    const race = { racers, time, intervals };
    return {
      problem: { source, exact, start, race, run: await ready(start, points) },
      source,
      label: "following the flows",
      folder: `flow-${source.name}`,
      steps: racers.length * intervals,
      config: { points, intervals, ...(cost.kappa !== undefined && { kappa: cost.kappa }) },
      warnings: [],
    };
  },

  async work({ source, exact, start, run, race: planned }, { rng, progress, interrupted }) {
    const { racers, intervals } = planned;
    const line = progress("following the flows", racers.length * intervals);
    const race = await run(planned, rng, (racer, reached) => {
      line.update(racers.indexOf(racer) * intervals + reached);
      return interrupted();
    });
    line.finish();
    if (race === undefined) return undefined;
    const [ground, excited] = exact;
    const sentence = verdict(race);
    const shift = Math.abs(race.groundEnergy - ground);
    return {
      race,
      title: `Flows to the ground state: ${source.title}`,
      summary: `From a Gaussian q with mean ${formatNumber(start.mean)} a0 and variance ${formatNumber(start.variance)} a0²; ${sentence}.`,
      numbers: [
        { name: "E₀", value: ground, note: "hartree, ground state" },
        { name: "E₁ - E₀", value: excited - ground, note: "hartree, gap" },
        ...race.courses.map((course) => ({
          name: `E - E₀, ${course.name}`,
          value: courseResults(course, race.groundEnergy).excess,
          note: `hartree, at t = ${formatNumber(planned.time)}`,
        })),
      ],
      tables: [courseTable(race), modeTable(race)],
      warnings: [
        ...(shift > 1e-3 ? [`the grid of the flows shifts E₀ by ${formatNumber(shift)} hartree; E - E₀ is that on the grid`] : []),
        ...unsettled(race),
      ],
      results: {
        unit: "hartree",
        groundEnergy: ground,
        gap: excited - ground,
        gridGroundEnergy: race.groundEnergy,
        methods: Object.fromEntries(race.courses.map((course) => [course.name, courseResults(course, race.groundEnergy)])),
        modes: race.modes,
      },
      text: (took: string) => [
        `E₀ = ${ground.toFixed(9)} hartree, E₁ - E₀ = ${(excited - ground).toFixed(9)}`,
        ...race.courses.map((course) => lineOf(course, race.groundEnergy)),
        sentence,
        `in ${took}`,
      ],
    };
  },

  figures: ({ race }) => [...convergenceFigures(race), densityFigure(race), walkersFigure(race), localEnergyFigure(race)],
  files: ({ race }) => [
    { name: "flows.csv", columns: courseColumns(race) },
    { name: "densities.csv", columns: densityColumns(race) },
  ],
});

/** What the flows run in, by the options. @throws UserError  for options that contradict each other, and potentials that bind nothing */
async function sceneOf({ potential, omega, dimension, cost }: z.infer<typeof options>): Promise<Scene> {
  if (potential !== undefined) {
    if (omega !== undefined) throw new UserError("--omega is that of a trap, but there is a --potential");
    if (dimension !== undefined && dimension > 1) throw new UserError(`--potential has one dimension, not ${dimension}`);
    return lineScene(potential, { name: "line", title: `V = ${potential}`, source: potential });
  }
  const trap = { omega: omega ?? 1, dimension: dimension ?? 1 };
  const title = `a trap with ω = ${trap.omega} in ${trap.dimension} dimension${trap.dimension > 1 ? "s" : ""}`;
  const source = { name: "trap", title, source: "½ ω² |x|²" };
  if (cost !== "l2") {
    if (trap.dimension > 1)
      throw new UserError(`--cost ${cost} needs one dimension, not ${trap.dimension}`, "only under l2 does a Gaussian stay one");
    return lineScene(`${trap.omega ** 2 / 2}*x^2`, source);
  }
  const ground = (trap.dimension * trap.omega) / 2;
  return { source, exact: [ground, ground + trap.omega], ready: async (start) => (race, rng) => gaussianRace(trap, start, race, rng) };
}

async function lineScene(formula: string, source: Source): Promise<Scene> {
  const potential = potentialOf(formula);
  const exact = await lineEnergies(potential, await boundBox(potential), 2);
  const ready = async (start: Gaussian, points: number): Promise<Ready> => {
    const field = await lineField(potential, start, points);
    return (race, rng, stop) => lineRace(field, race, rng, stop);
  };
  return { source, exact, ready };
}

/** "1,0.5" @throws UserError */
function parseWeights(text: string): Weights {
  const [transport, reweighting, ...more] = text.split(",").map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
  if (more.length > 0 || !(transport >= 0 && reweighting >= 0 && Number.isFinite(transport + reweighting) && transport + reweighting > 0))
    throw new UserError(
      `--weights: "${text}" is not two weights, of transport and of reweighting`,
      "such as 1,1 or 0.1,1; none is negative",
    );
  return { transport, reweighting };
}

function lineOf(course: Course, groundEnergy: number): string {
  const { excess, variance, distance, rate } = courseResults(course, groundEnergy);
  const rates = [rate.measured, rate.predicted].map((r) => (r === null ? "none" : formatNumber(r)));
  return `  ${course.name}: E - E₀ ${formatNumber(excess)}, Var ${formatNumber(variance)} hartree², W₂ ${formatNumber(distance)} a0, rate ${rates[0]} (predicted ${rates[1]})`;
}
