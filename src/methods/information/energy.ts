/** `pushforward information energy`: lower bounds on I(X;Z) where only the prior of z is known. */
import type { z } from "zod";
import { readMatrix } from "../../data/index.ts";
import { UserError } from "../../errors.ts";
import { ladderFigure, workFigure } from "../../information/figures/annealing.ts";
import { boundsFigure } from "../../information/figures/bounds.ts";
import { trainingFigure } from "../../information/figures/training.ts";
import {
  bits,
  boundLines,
  boundsTable,
  certifyEnergy,
  effectiveChains,
  energyCautions,
  energyLearner,
  fileSource,
  fitOf,
  lowerRule,
  modelSource,
  type PairSource,
  sampledBounds,
  trained,
  writeFrozen,
} from "../../information/index.ts";
import { method, type Source } from "../../lab/index.ts";
import { formatNumber } from "../../numbers.ts";
import { loadModel } from "./model.ts";
import { energyOptions } from "./options.ts";
import { frozenByPilot, scheduleOf } from "./schedule.ts";

type Options = z.infer<typeof energyOptions>;

/** Where pairs come from is settled when rows are read; a model draws its own. */
interface Loaded {
  readonly source: Source;
  readonly truth?: number;
  readonly notes: readonly string[];
  readonly pairs: (heldOut: number, rng: Parameters<typeof modelSource>[2]) => Promise<PairSource>;
}

export const energy = method({
  name: "information energy",
  summary: "lower bounds from pairs whose prior is known, with a certified energy (MINE-AIS)",
  examples: [
    "pushforward information energy --data gaussian",
    "pushforward information energy --x images.npy --z latents.npy --prior normal",
    "pushforward information energy decoder.onnx --likelihood bernoulli --steps 5000",
  ],
  notes:
    "Trains q(z|x) and critics, and measures Barber-Agakov, InfoNCE, GIWAE, MINE-DV and MINE-F on held-out pairs. The energy of MINE-AIS is certified by annealed chains that start at the data's own latents: that number is a bound, and not capped at log K.",
  input: { name: "[decoder.onnx]", description: "a model that draws pairs, as --decoder; or give --x and --z, or --data gaussian" },
  options: energyOptions,
  metrics: {
    rows: ["ba", "infonce", "giwae", "fenchel", "varadhan", "energyGap", "acceptance"],
    results: ["truth", "interval.*", "acceptance", "cap", "pairs", "chains", "temperatures", "essMin", "bounds.*.mean", "bounds.*.se"],
  },
  load: loadPairSource,

  async prepare(loaded, options, { rng }) {
    const { quick, samples, lr: rate, width, joint, proposal, batch: batchSize } = options;
    const pairs = await loaded.pairs(quick ? Math.min(options.pairs, 64) : options.pairs, rng.fold("pairs"));
    const proposalSteps = proposal === "prior" ? 0 : quick ? Math.min(options.proposalSteps, 100) : options.proposalSteps;
    const steps = quick ? Math.min(options.steps, 200) : options.steps;
    const chains = quick ? Math.min(options.chains, 4) : options.chains;
    const { frozen, rule, temperatures, notes: scheduled } = await scheduleOf(options, "proposal", "an energy");
    const sizes = { observed: pairs.observed, latent: pairs.latent, width, features: 32 };
    const training = { ...sizes, proposalSteps, steps, batchSize, samples, rate, leapfrogs: 5, fromPrior: proposal === "prior", joint };
    return {
      problem: { ...options, pairs, training, chains, frozen, rule, temperatures, source: loaded.source, truth: loaded.truth },
      source: loaded.source,
      label: "training q and the critics",
      folder: `energy-${loaded.source.name.replace(/\.\w+$/, "")}`,
      steps: proposalSteps + steps,
      config: { proposalSteps, steps, chains, temperatures, pairs: pairs.heldOut.x.shape[0] },
      warnings: [
        ...loaded.notes,
        ...pairs.notes,
        ...scheduled,
        ...(quick ? ["--quick: few steps; the bounds are loose"] : []),
        ...(joint && proposal === "prior" ? ["--joint has nothing to train with --proposal prior"] : []),
      ],
      divergedHint: "lower --lr",
    };
  },

  learner: ({ pairs, training }) => energyLearner(pairs.draw, pairs.scaling, training),

  async conclude({ state, history }, problem, _, desk) {
    const { rng, progress } = desk;
    const { pairs, training, chains, samples, source, truth } = problem;
    const { heldOut, joint } = pairs;
    const model = trained(state, pairs.scaling, training);
    const route = model.route("annealed");
    const frozen = problem.frozen ?? (await frozenByPilot(route, pairs.draw, problem, desk));
    const bar = progress("annealing the energy", frozen.betas.length - 1);
    const above = await model.above(heldOut);
    const { exact } = await model.energies("annealed", heldOut, heldOut.u);
    const plan = { frozen, chains, rule: lowerRule(frozen, chains), watch: (step: number) => bar.update(step, {}) };
    const certificate = await certifyEnergy(route, heldOut, { above, energies: exact }, plan, rng.fold("certify"));
    bar.finish();
    const likelihood = joint && { joint, fit: await fitOf(joint, heldOut) };
    const bounds = [...certificate.bounds, ...(await sampledBounds(model, heldOut, samples, rng.fold("sampled"), likelihood))];
    const [best] = bounds;
    const upper = bounds.find((b) => b.kind === "upper");
    const { acceptance, points, weights } = certificate;
    const sentence = `I(X;Z) is at least ${formatNumber(best.mean)} ± ${best.se.toFixed(2)} nats (${formatNumber(bits(best.mean))} bits)`;
    return {
      ...{ history, frozen, certificate, bounds, best, truth, cap: Math.log(samples) },
      title: `Information of ${source.title}`,
      summary: `${sentence}, by an energy that chains from ${heldOut.x.shape[0]} held-out pairs certify.`,
      numbers: [
        { name: "MINE-AIS, certified", value: best.mean, error: best.se, note: "nats, lower bound" },
        ...(truth === undefined ? [] : [{ name: "I(X;Z)", value: truth, note: "closed form" }]),
        { name: "log K", value: Math.log(samples), note: "cap of InfoNCE, and of what GIWAE adds" },
      ],
      tables: [boundsTable(bounds)],
      warnings: energyCautions(history, points, best, acceptance),
      results: {
        unit: "nats",
        interval: [best.mean, upper?.mean ?? null],
        ...(truth !== undefined && { truth }),
        ...{ bounds, acceptance, cap: Math.log(samples), pairs: heldOut.x.shape[0], chains, temperatures: frozen.betas.length - 1 },
        essMin: effectiveChains(weights.forward, heldOut.x.shape[0]).least,
      },
      text: (took: string) => [
        sentence,
        ...(truth === undefined ? [] : [`the closed form is ${truth.toFixed(4)} nats`]),
        ...boundLines(bounds),
        `in ${took}`,
      ],
    };
  },

  figures: ({ history, frozen, certificate, bounds, best, truth, cap }) => [
    boundsFigure(
      bounds,
      [best.mean, Math.max(best.mean, truth ?? best.mean)],
      [{ name: "log K", value: cap }, ...(truth === undefined ? [] : [{ name: `I = ${formatNumber(truth)}`, value: truth }])],
    ),
    trainingFigure(history, { cap, certified: best.mean, truth }),
    workFigure(certificate.weights, certificate.points),
    ladderFigure(frozen, certificate.history),
  ],
  files: ({ frozen, certificate }) => [
    { name: "schedule.json", content: writeFrozen({ ...frozen, use: "an energy" }) },
    {
      name: "pairs.csv",
      columns: [
        { name: "fit", values: Float64Array.from(certificate.weights.fit) },
        { name: "log_z_lower", values: certificate.points.mixtureLower },
        { name: "log_z_reverse", values: certificate.points.reverseUpper },
      ],
    },
  ],
});

async function loadPairSource(input: string | undefined, options: Options & Parameters<typeof loadModel>[1]): Promise<Loaded> {
  const { x, z, prior } = options;
  if ((x === undefined) !== (z === undefined)) throw new UserError("--x and --z come together: rows of one belong to rows of the other");
  if (x !== undefined && z !== undefined) {
    if (input || options.decoder || options.linear || options.data) throw new UserError("give a model or the pairs --x and --z, not both");
    const idle = (["likelihood", "output", "variance", "bias", "encoder", "precision"] as const).find((key) => options[key] !== undefined);
    if (idle) throw new UserError(`--${idle} is of a model, and --x and --z are given`, "leave it out: of pairs only the prior is known");
    const [rows, latents] = [await readMatrix(x), await readMatrix(z)];
    return {
      source: { name: rows.source, title: `${rows.source} and ${latents.source}`, source: x },
      notes: [],
      pairs: async (heldOut, rng) => fileSource(rows, latents, prior, heldOut, rng),
    };
  }
  const { joint, encoder, source, truth, notes } = await loadModel(input, options);
  if (joint.dtype === "f64")
    throw new UserError(`${joint.name} computes in f64, and critics train in f32`, "give a decoder of f32, and no --precision f64");
  const unused = encoder ? ["--encoder is not used: q is learned"] : [];
  return { source, truth, notes: [...notes, ...unused], pairs: (heldOut, rng) => modelSource(joint, heldOut, rng) };
}
