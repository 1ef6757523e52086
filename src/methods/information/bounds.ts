/** `pushforward information bounds`: both sides of I(X;Z) for a model whose densities are known. */
import type { z } from "zod";
import { UserError } from "../../errors.ts";
import { evidenceColumns, evidenceOf, evidenceSentence } from "../../information/evidence.ts";
import { ladderFigure } from "../../information/figures/annealing.ts";
import {
  annealedChains,
  boundLines,
  boundsTable,
  type Certified,
  certifiedFigures,
  certify,
  convergence,
  type Encoder,
  type Frozen,
  fitOf,
  fromPrior,
  fromProposal,
  importanceWeights,
  type Joint,
  type JointPairs,
  learnProposal,
  pointColumns,
  type Route,
  type ScheduleRule,
  sentence,
  shorterRuns,
  simulator,
  writeFrozen,
} from "../../information/index.ts";
import { type Desk, method } from "../../lab/index.ts";
import { estimate } from "../../sampling/index.ts";
import { loadModel, loadPairs, noiseNotes } from "./model.ts";
import { boundsOptions, decoderInput } from "./options.ts";
import { frozenByPilot, scheduleOf } from "./schedule.ts";

/** What a run is about; its proposal and its pilot are made when the work begins. */
interface Problem extends Omit<z.infer<typeof boundsOptions>, "pairs" | "from"> {
  readonly from: Frozen["route"];
  readonly joint: Joint;
  readonly truth?: number;
  readonly pairs: Pick<JointPairs, "x"> & Partial<JointPairs>;
  readonly fileEncoder?: Encoder;
  readonly frozen?: Frozen;
  readonly rule?: ScheduleRule;
}

export const bounds = method({
  name: "information bounds",
  summary: "a certified interval for the information between latents and data of a model",
  examples: [
    "pushforward information bounds --decoder decoder.onnx --likelihood gaussian --variance 0.03",
    "pushforward information bounds --data linear-gaussian --temperatures 1000",
    "pushforward information bounds decoder.onnx --encoder encoder.onnx --likelihood bernoulli --pairs 48 --temperatures 1600",
  ],
  notes:
    "JointPairs are drawn from the model, so that each x has one exact draw of its posterior: that is what makes the lower bound on I a bound. " +
    "Temperatures and step sizes come from a pilot with pairs of its own and are frozen; schedule.json keeps them for other runs. With --x alone there are only lower bounds on log p(x).",
  input: decoderInput,
  options: boundsOptions,
  metrics: {
    rows: ["beta", "acceptance", "acceptanceReverse", "invalid"],
    results: [
      "truth",
      "interval.*",
      "interval95.*",
      "intervalBits.*",
      "logLikelihood.*",
      "entropy.xGivenZ",
      "entropy.x.*",
      "perfectGap",
      "essMin",
      "essMean",
      "acceptance",
      "invalid",
      "leapfrogs",
      "thermodynamicLength",
      "temperatures",
      "chains",
      "pairs",
      "bounds.*.mean",
      "bounds.*.se",
    ],
  },
  load: loadModel,

  async prepare(model, options, { rng }) {
    const { joint, encoder, truth, source, notes } = model;
    const { propose, quick } = options;
    const from = options.from ?? (propose || encoder ? "proposal" : "prior");
    if (propose && encoder) throw new UserError("give --encoder, or learn a proposal with --propose, not both");
    if (propose && joint.prior.name !== "normal") throw new UserError("--propose learns a proposal for a normal prior only");
    if (from === "proposal" && !propose && !encoder)
      throw new UserError("--from proposal needs a proposal", "--encoder encoder.onnx, or --propose forward-kl");
    const { frozen, rule, temperatures, notes: scheduled } = await scheduleOf(options, from);
    const pairs = await loadPairs(joint, options, rng);
    const chains = quick ? Math.min(options.chains, 4) : options.chains;
    const samples = quick ? Math.min(options.samples, 100) : options.samples;
    const problem: Problem = {
      ...options,
      ...{ joint, truth, pairs, from, frozen, rule, temperatures, chains, samples, fileEncoder: encoder },
      proposalSteps: quick ? Math.min(options.proposalSteps, 200) : options.proposalSteps,
    };
    return {
      problem,
      source,
      label: `annealing ${pairs.x.shape[0]} pairs, ${chains} chains each way`,
      folder: `information-${source.name.replace(/\.onnx$/i, "")}`,
      steps: temperatures,
      config: { temperatures, chains, samples, pairs: pairs.x.shape[0], from },
      warnings: [
        ...notes,
        ...scheduled,
        ...noiseNotes(joint, pairs),
        ...(quick ? ["--quick: few pairs, chains and temperatures"] : []),
        ...(options.x && !options.z ? ["--x without --z: lower bounds on log p(x) only, for x has no exact posterior draw"] : []),
      ],
      divergedHint: "check the decoder and its noise",
    };
  },

  async learner(problem: Problem, desk) {
    const { joint, pairs, chains } = problem;
    const encoder = problem.fileEncoder ?? (await learnedProposal(problem, desk));
    const route = problem.from === "proposal" ? fromProposal(joint, encoder!) : fromPrior(joint); // `prepare` has seen that there is one
    const frozen = problem.frozen ?? (await frozenByPilot(route, simulator(joint), problem, desk));
    return { ...(await annealedChains(route, { frozen, ...pairs, chains }, desk.rng)), frozen, encoder, route };
  },

  async conclude({ state, history }, problem, { frozen, encoder, route }, desk) {
    const { joint, pairs, chains, samples, truth } = problem;
    const { rng } = desk;
    const { u, x } = pairs;
    const acceptance = estimate(history.map((row) => row.acceptance)).mean;
    if (u === undefined) {
      const evidence = evidenceOf(joint, state, chains, frozen, acceptance);
      return {
        ...{ frozen, history, evidence, certified: undefined as Certified | undefined },
        title: `Likelihood of ${joint.name}`,
        summary: `${evidenceSentence(evidence)}. Real data have no exact posterior draws: there is no upper bound.`,
        numbers: [{ name: "log p(x), lower bound", value: evidence.mean, error: evidence.error, note: "nats, mean over rows" }],
        warnings: [],
        results: evidence.results,
        text: (took: string) => [evidenceSentence(evidence), `${x.shape[0]} rows, ${chains} chains, in ${took}`],
      };
    }
    const importance = {
      prior: await importanceWeights(fromPrior(joint), { u, x }, samples, rng.fold("importance prior")),
      ...(encoder && {
        proposal: await importanceWeights(fromProposal(joint, encoder), { u, x }, samples, rng.fold("importance proposal")),
      }),
    };
    const shorter = problem.convergence ? await shorterBounds(joint, { u, x }, route, frozen, desk) : undefined;
    const certified = await certify({ joint, pairs: { u, x }, chains, frozen, state, history, importance, truth, shorter });
    const { lower, upper, warnings, results } = certified;
    return {
      ...{ frozen, history, evidence: undefined, certified },
      title: `Information of ${joint.name}`,
      summary: `${sentence(certified)}. ${x.shape[0]} pairs, ${chains} chains each way, ${frozen.betas.length - 1} temperatures.`,
      numbers: [
        { name: "lower bound", value: lower.mean, error: lower.se, note: `nats, ${lower.name}` },
        { name: "upper bound", value: upper.mean, error: upper.se, note: `nats, ${upper.name}` },
        ...(truth === undefined ? [] : [{ name: "I(X;Z)", value: truth, note: "closed form" }]),
        { name: "acceptance", value: acceptance, note: "0.5 to 0.9 is usual" },
      ],
      tables: [boundsTable(certified.bounds)],
      warnings,
      results,
      text: (took: string) => [
        sentence(certified),
        ...(truth === undefined ? [] : [`the closed form is ${truth.toFixed(4)} nats`]),
        ...boundLines(certified.bounds),
        `${x.shape[0]} pairs, in ${took}`,
      ],
    };
  },

  figures: ({ certified, frozen, history }) => (certified ? certifiedFigures(certified) : [ladderFigure(frozen, history)]),
  files: ({ certified, evidence, frozen }) => [
    { name: "schedule.json", content: writeFrozen(frozen) },
    { name: "pairs.csv", columns: certified ? pointColumns(certified) : evidenceColumns(evidence!) },
  ],
});

/** Bounds of runs with fewer temperatures, with a line of progress. */
async function shorterBounds(joint: Joint, pairs: JointPairs, route: Route, frozen: Frozen, { rng, progress }: Desk) {
  const total = shorterRuns(frozen.betas.length - 1).reduce((a, b) => a + b, 0);
  const line = progress("shorter runs", total);
  let step = 0;
  const rows = await convergence(route, pairs, await fitOf(joint, pairs), frozen, rng.fold("convergence"), () => line.update(++step, {}));
  line.finish();
  return rows;
}

async function learnedProposal({ joint, propose, proposalSteps }: Problem, desk: Desk): Promise<Encoder | undefined> {
  if (!propose) return undefined;
  const line = desk.progress("learning a proposal", proposalSteps);
  let step = 0;
  const options = {
    objective: propose,
    steps: proposalSteps,
    batchSize: 128,
    width: 256,
    rate: 1e-3,
    watch: () => line.update(++step, {}),
  };
  const encoder = await learnProposal(joint, options, desk.rng.fold("proposal"));
  line.finish();
  return encoder;
}
