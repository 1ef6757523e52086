/** Sequential Monte Carlo over continuations: a population of texts that grow a token a step, weighed by twists and by the potential. */
import { allocate, type NdArray, type Random } from "../../array/index.ts";
import { type SmcModel, type SmcOptions, type SmcRecord, type SmcResult, type SmcState, smc } from "../../sampling/index.ts";
import type { Decoding, NextTokenLaw } from "../model.ts";
import { checkedLogs } from "../potentials/potential.ts";
import { guides, type Prefixes, type StartedTwist, started, type Twist } from "../twists/twist.ts";
import { type Chosen, choose } from "./choose.ts";
import { type Scorer, scored, scorer, type TextTarget } from "./target.ts";

/** TextParticles, a row each. Logarithms are of the whole prefix. */
export interface TextParticles {
  /** [rows, T]; after the end token there is padding. */
  readonly tokens: NdArray<"i32">;
  /** Row of the decoder that holds the prefix. */
  readonly slot: NdArray<"i32">;
  /** 1 for a text that has ended. */
  readonly finished: NdArray<"i32">;
  /** log p0(s_{1:t}) and log q(s_{1:t}). */
  readonly logModel: NdArray<"f64">;
  readonly logProposal: NdArray<"f64">;
  /** Σ_{τ < t} log φ_τ, of intermediate potentials. */
  readonly logPassed: NdArray<"f64">;
  /** log π̃_t(s_{1:t}); log σ̃ of a finished text. */
  readonly logTarget: NdArray<"f64">;
  /** log φ of a finished text; 0 before. */
  readonly logPotential: NdArray<"f64">;
}

/** How particles move. */
export interface ProposalOptions {
  /** Default: none, ψ = 1. */
  readonly twist?: Twist;
  /** b in q ∝ p0 ψ^b. Default 1 where the twist can say ψ for every next token, else 0. A list has one for each row. */
  readonly power?: number | readonly number[];
}

/** What a step saw, before rows are moved: rollouts for learning are made of it. */
export interface StepView {
  readonly t: number;
  readonly prediction: NextTokenLaw;
  readonly chosen: Chosen;
  /** 1 for rows that were not finished before this step. */
  readonly active: Float64Array;
}

export interface ParticleOptions extends SmcOptions, ProposalOptions {
  /** Exact draws of σ, one a population: conditional SMC, whose log Ẑ is an upper bound. */
  readonly references?: readonly Int32Array[];
  /** Number of the first population among those that a twist has observations of. Default 0. */
  readonly firstPopulation?: number;
  /** Tokens that must follow, one list for every population (all of one length): infilling. */
  readonly suffixes?: readonly Int32Array[];
  readonly logs?: Scorer;
  readonly watch?: (record: SmcRecord, state: SmcState<TextParticles>, before: Float64Array) => void;
  readonly see?: (view: StepView) => void;
}

const column = (rows: number): NdArray<"f64"> => allocate("f64", [rows]);

const start = (rows: number, length: number): TextParticles => ({
  tokens: allocate("i32", [rows, length]),
  slot: { dtype: "i32", shape: [rows], data: Int32Array.from({ length: rows }, (_, row) => row) },
  finished: allocate("i32", [rows]),
  ...{ logModel: column(rows), logProposal: column(rows), logPassed: column(rows), logTarget: column(rows), logPotential: column(rows) },
});

/**
 * One SMC run of all populations as a batch. E[Ẑ] = Z for every twist, proposal, rule and scheme; with exact references E[1/Ẑ] = 1/Z. With
 * resampling never, log Ẑ is the importance-weighted (IWAE) bound.
 *
 * @source  Zhao et al., ICML 2024, section 3 and appendix F; texts that end are absorbed with their potential
 */
export async function runParticles(target: TextTarget, options: ParticleOptions, rng: Random): Promise<SmcResult<TextParticles>> {
  const { particles, populations = 1 } = options;
  const rows = particles * populations;
  const decoding = await target.model.start(target.prompt, rows);
  try {
    const twisting = await started(options.twist, target.prompt, rows);
    try {
      return await smc(smcModel(target, decoding, twisting, options), options, rng, options.watch);
    } finally {
      twisting?.close();
    }
  } finally {
    decoding.close();
  }
}

function smcModel(
  target: TextTarget,
  decoding: Decoding,
  twisting: StartedTwist | undefined,
  options: ParticleOptions,
): SmcModel<TextParticles> {
  const { particles: K, twist, references, suffixes, see } = options;
  const { length, potential, model } = target;
  const end = model.tokenizer.end;
  const logs = options.logs ?? scorer(target);
  const power = guides(twist) ? (options.power ?? 1) : 0;
  const population = (row: number): number => Math.floor(row / K);
  const observed = (row: number): number => (options.firstPopulation ?? 0) + population(row);

  return {
    steps: length,
    init: () => start(decoding.rows, length),

    async propagate(from, t, rng) {
      const rows = decoding.rows;
      if (from.slot.data.some((slot, row) => slot !== row)) {
        decoding.select(from.slot.data);
        twisting?.select(from.slot.data);
      }
      const prediction = decoding.next;
      const logTwist = await twisting?.next({ rows, tokens: from.tokens, ...prediction, population: observed }, t);
      const forced = from.finished.data.map((f, row) => {
        if (f) return end!; // padding
        return row % K === 0 && references ? references[population(row)][t - 1] : -1;
      });
      const uniforms = rng.uniform([rows], prediction.logits.dtype === "f64" ? "f64" : "f32");
      const chosen = await choose(prediction.logits, logTwist, power, uniforms, forced);
      see?.({ t, prediction, chosen, active: Float64Array.from(from.finished.data, (f) => 1 - f) });
      const next = extended(from, t, chosen, end);
      if (t < length || suffixes) await decoding.append(chosen.token);
      if (t < length) await twisting?.append(chosen.token);
      return weighed(next, from, t, chosen);
    },

    weigh: (particles, previous) =>
      particles.logTarget.data.map(
        (log, row) => log - previous.logTarget.data[row] - (particles.logProposal.data[row] - previous.logProposal.data[row]),
      ),
    ...(references && { reference: (particles: TextParticles) => particles }), // its tokens were forced
  };

  /** log π̃_t: the twist's guess for texts that go on, the potential for those that have ended. */
  async function weighed(next: TextParticles, from: TextParticles, t: number, chosen: Chosen): Promise<TextParticles> {
    const rows = next.tokens.shape[0];
    const ended = Array.from({ length: rows }, (_, row) => row).filter(
      (row) => !from.finished.data[row] && (t === length || next.finished.data[row]),
    );
    const going = Array.from({ length: rows }, (_, row) => row).filter((row) => t < length && !next.finished.data[row]);
    const textOf = (row: number): Int32Array => next.tokens.data.slice(row * length, row * length + t);
    const [logTarget, logPotential, logPassed] = [from.logTarget.data.slice(), from.logPotential.data.slice(), from.logPassed.data.slice()];

    const final = await logs(ended.map(textOf));
    const follow = suffixes && t === length ? await suffixLogs(decoding, (row) => suffixes[population(row)], from, next) : undefined;
    ended.forEach((row, i) => {
      logPotential[row] = final[i] + (suffixes ? (follow?.[row] ?? Number.NEGATIVE_INFINITY) : 0);
      logTarget[row] = next.logModel.data[row] + logPassed[row] + logPotential[row];
    });

    const guess = twisting ? chosen.logTwist : going.length > 0 ? await twist?.prefix?.(prefixesOf(next), t) : undefined;
    const passing =
      going.length > 0 && potential.intermediate ? await checkedLogs(potential, scored(target, going.map(textOf)), t) : undefined;
    going.forEach((row, i) => {
      logTarget[row] = next.logModel.data[row] + logPassed[row] + (guess?.[row] ?? 0);
      logPassed[row] += passing?.[i] ?? 0;
    });
    return {
      ...next,
      logTarget: { ...next.logTarget, data: logTarget },
      logPotential: { ...next.logPotential, data: logPotential },
      logPassed: { ...next.logPassed, data: logPassed },
    };
  }

  function prefixesOf(particles: TextParticles): Prefixes {
    return { rows: particles.tokens.shape[0], tokens: particles.tokens, ...decoding.next, population: observed };
  }
}

/** With token t, and what it adds to log p0 and log q. */
function extended(from: TextParticles, t: number, chosen: Chosen, end: number | undefined): TextParticles {
  const [rows, length] = from.tokens.shape;
  const tokens = from.tokens.data.slice();
  const finished = from.finished.data.slice();
  const [logModel, logProposal] = [from.logModel.data.slice(), from.logProposal.data.slice()];
  for (let row = 0; row < rows; row++) {
    tokens[row * length + t - 1] = chosen.token[row];
    if (finished[row]) continue;
    logModel[row] += chosen.logModel[row];
    logProposal[row] += chosen.logProposal[row];
    if (chosen.token[row] === end) finished[row] = 1;
  }
  const slot = from.slot.data.map((_, row) => row);
  return {
    ...from,
    tokens: { ...from.tokens, data: tokens },
    slot: { ...from.slot, data: slot },
    finished: { ...from.finished, data: finished },
    logModel: { ...from.logModel, data: logModel },
    logProposal: { ...from.logProposal, data: logProposal },
  };
}

/** log p0(o | prompt, s_{1:T}) of each row that did not end before T; a text that has ended has nothing after it. */
async function suffixLogs(
  decoding: Decoding,
  suffix: (row: number) => Int32Array,
  from: TextParticles,
  next: TextParticles,
): Promise<Float64Array> {
  const rows = decoding.rows;
  const sums = new Float64Array(rows);
  const given = Array.from({ length: rows }, (_, row) => suffix(row));
  for (let i = 0; i < given[0].length; i++) {
    const forced = Int32Array.from(given, (tokens) => tokens[i]);
    const { logits } = decoding.next;
    const { logModel } = await choose(logits, undefined, 0, allocate(logits.dtype === "f64" ? "f64" : "f32", [rows]), forced);
    for (let row = 0; row < rows; row++) sums[row] += logModel[row];
    if (i < given[0].length - 1) await decoding.append(forced);
  }
  return sums.map((sum, row) => (from.finished.data[row] || next.finished.data[row] ? Number.NEGATIVE_INFINITY : sum));
}
