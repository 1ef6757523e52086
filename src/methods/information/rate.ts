/** `pushforward information rate`: what a code of x by z would cost, at every distortion. */
import type { z } from "zod";
import { ladderFigure } from "../../information/figures/annealing.ts";
import { rateFigure } from "../../information/figures/rate.ts";
import {
  bits,
  distortionJoint,
  type Frozen,
  fromPrior,
  type Joint,
  type JointPairs,
  type RatePoint,
  rateColumns,
  rateCurve,
  ratePoints,
  simulator,
  writeFrozen,
} from "../../information/index.ts";
import { method } from "../../lab/index.ts";
import { formatNumber, withError } from "../../numbers.ts";
import { estimate } from "../../sampling/index.ts";
import { loadModel, loadPairs } from "./model.ts";
import { decoderInput, rateOptions } from "./options.ts";
import { frozenByPilot, scheduleOf } from "./schedule.ts";

interface Problem extends z.infer<typeof rateOptions> {
  readonly joint: Joint;
  readonly truth?: number;
  readonly data: Pick<JointPairs, "x">;
  readonly frozen?: Frozen;
  readonly rule?: (increments: number) => ArrayLike<number>;
}

export const rate = method({
  name: "information rate",
  summary: "the rate-distortion curve of a decoder",
  examples: [
    "pushforward information rate decoder.onnx --likelihood bernoulli --most 10",
    "pushforward information rate generator.onnx --likelihood gaussian --variance 0.03 --x digits.npy --distortion squared --most 1000",
  ],
  input: decoderInput,
  options: rateOptions,
  metrics: {
    rows: ["beta", "acceptance", "invalid"],
    results: [
      "rateAtOne.*",
      "bitsAtOne",
      "acceptance",
      "thermodynamicLength",
      "curve.*.beta",
      "curve.*.rate",
      "curve.*.rateError",
      "curve.*.distortion",
      "curve.*.distortionError",
    ],
  },
  load: loadModel,

  async prepare({ joint, truth, source, notes }, options, { rng }) {
    const { most, distortion, quick } = options;
    const { frozen, rule, temperatures, notes: scheduled } = await scheduleOf(options, "prior", useOf(options));
    const data = await loadPairs(joint, options, rng);
    const chains = quick ? Math.min(options.chains, 4) : options.chains;
    const problem: Problem = { ...options, joint, truth, data: { x: data.x }, frozen, rule, temperatures, chains };
    return {
      problem,
      source,
      label: `annealing ${data.x.shape[0]} data points, ${chains} chains`,
      folder: `rate-${source.name.replace(/\.onnx$/i, "")}`,
      steps: temperatures,
      config: { temperatures, chains, pairs: data.x.shape[0] },
      warnings: [
        ...notes,
        ...scheduled,
        ...(distortion === "likelihood" && most < 1
          ? ["--most below 1: the curve ends before β = 1, where the rate of drawn x is I(X;Z)"]
          : []),
        ...(options.encoder ? ["--encoder is not needed: the curve's chains begin at the prior"] : []),
        ...(options.z ? ["--z is not needed: forward chains alone make the curve"] : []),
      ],
      divergedHint: "lower --most, or check the decoder",
    };
  },

  async learner(problem: Problem, desk) {
    const { joint, data, chains, distortion, most } = problem;
    const scaled = distortionJoint(joint, distortion, most);
    const frozen = problem.frozen ?? (await frozenByPilot(fromPrior(scaled), simulator(scaled), problem, desk));
    return { ...rateCurve(joint, { frozen, ...data, chains, distortion, most }, desk.rng), frozen };
  },

  async conclude({ state, history }, { joint, truth, data, chains, distortion, most }, { frozen }) {
    const points = ratePoints(state, { frozen, most });
    const acceptance = estimate(history.map((row) => row.acceptance)).mean;
    const one = distortion === "likelihood" ? at(points, 1) : undefined;
    const [first, last] = [points[0], points[points.length - 1]];
    const range = `β from ${formatNumber(first.beta)} to ${formatNumber(last.beta)}: rate up to ${formatNumber(last.rate)} nats, distortion down to ${formatNumber(last.distortion)}`;
    return {
      ...{ points, frozen, history, distortion },
      title: `Rate and distortion of ${joint.name}`,
      summary: `${range}. ${data.x.shape[0]} data points, ${chains} chains.`,
      numbers: [
        ...(one ? [{ name: "rate at β = 1", value: one.rate, error: one.rateError, note: "nats; above I(X;Z) for drawn x" }] : []),
        ...(truth === undefined ? [] : [{ name: "I(X;Z)", value: truth, note: "closed form" }]),
        { name: "acceptance", value: acceptance },
      ],
      warnings:
        acceptance < 0.2
          ? [`the mean acceptance is ${formatNumber(acceptance)}: chains hardly move, and the curve lies high. More --temperatures`]
          : [],
      results: {
        unit: "nats",
        ...(one && { rateAtOne: one, bitsAtOne: bits(one.rate) }),
        acceptance,
        curve: points,
        thermodynamicLength: frozen.length,
      },
      text: (took: string) => [
        range,
        ...(one
          ? [`at β = 1: rate ${withError(one.rate, one.rateError)} nats, distortion ${withError(one.distortion, one.distortionError)}`]
          : []),
        `in ${took}`,
      ],
    };
  },

  figures: ({ points, distortion, frozen, history }) => [rateFigure(points, distortion), ladderFigure(frozen, history)],
  files: ({ points, frozen }, problem) => [
    { name: "rate.csv", columns: rateColumns(points) },
    { name: "schedule.json", content: writeFrozen({ ...frozen, use: useOf(problem) }) },
  ],
});

/** What a schedule of such a curve is for. */
const useOf = ({ distortion, most }: Pick<Problem, "distortion" | "most">): string => `a rate curve (${distortion}) up to β = ${most}`;

/** The point nearest to a β, if the curve comes within 5 % of it. */
function at(points: readonly RatePoint[], beta: number): RatePoint | undefined {
  const nearest = points.reduce((best, p) => (Math.abs(Math.log(p.beta / beta)) < Math.abs(Math.log(best.beta / beta)) ? p : best));
  return Math.abs(Math.log(nearest.beta / beta)) < 0.05 ? nearest : undefined;
}
