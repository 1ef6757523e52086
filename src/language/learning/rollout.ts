/** Whole texts with everything that a twist learns from: what the model said on the way, and the score at the end. */
import { allocate, type NdArray, type Random } from "../../array/index.ts";
import type { Tensor } from "../../tensor/index.ts";
import { type ParticleOptions, runParticles, type TextParticles } from "../steering/particles.ts";
import type { TextTarget } from "../steering/target.ts";

/**
 * K texts of T tokens in G groups of equal size (a group has one observation; without observations there is one group). Rows of a text
 * after its end are inactive: their logarithms are 0.
 */
export interface Rollout<T = Tensor> {
  /** [K, T], i32 */
  readonly tokens: T;
  /** [K, T, d], the state before each token, with the observation beside it where there is one. */
  readonly hidden: T;
  /** [K, T, V], log p0(v | s_{1:t-1}) up to a constant; [K, T, 0] where it is not needed. */
  readonly logits: T;
  /** [K, T], log p0 and log q of each token. */
  readonly logModel: T;
  readonly logProposal: T;
  /** [K, T], 1 for tokens of the text, its end token included. */
  readonly active: T;
  /** [K, T], Σ_{τ < t} log φ_τ. */
  readonly logPassed: T;
  /** [K], log φ. */
  readonly logPotential: T;
}

export interface RolloutOptions extends Pick<ParticleOptions, "twist" | "power" | "references" | "suffixes" | "logs"> {
  readonly groups?: number;
  /** K, of all groups together. */
  readonly texts: number;
  /** Keep [K, T, V] of logits: losses that need every next token. */
  readonly everyToken: boolean;
  /** [G, c] */
  readonly observations?: NdArray;
  /** Every second text of a group is drawn from p0 instead, and log q is that of the mixture. */
  readonly mixture?: boolean;
}

type Float = "f32" | "f64";

/**
 * Samples K texts from q, never resampled. Given references (one a text), those are what is gone through.
 *
 * @returns  `steepest`: the largest |log ψ| of a token
 */
export async function rollout(
  target: TextTarget,
  options: RolloutOptions,
  rng: Random,
): Promise<{ rollout: Rollout<NdArray>; particles: TextParticles; steepest: number }> {
  const { texts: K, groups = 1, references, everyToken, observations, mixture = false } = options;
  const { length: T, model } = target;
  const V = model.tokenizer.size;
  const d = model.width;
  const c = observations ? observations.shape[1] : 0;
  const perGroup = K / groups;
  let kept: { dtype: Float; hidden: NdArray; logits: NdArray } | undefined;
  const [logModel, logProposal, active, logPassed, logTwisted] = [0, 0, 0, 0, 0].map(() => new Float64Array(K * T));
  const passed: Float64Array[] = [];
  let steepest = 0;
  const run = await runParticles(
    target,
    {
      ...options,
      ...(mixture && { power: Array.from({ length: K }, (_, row) => (fromModel(row, perGroup) ? 0 : 1)) }),
      ...(references ? { particles: 1, populations: K } : { particles: perGroup, populations: groups }),
      resampling: "never",
      watch: (_, state) => void passed.push(state.particles.logPassed.data),
      see({ t, prediction, chosen, active: on }) {
        const dtype: Float = prediction.hidden.dtype === "f64" ? "f64" : "f32";
        kept ??= { dtype, hidden: allocate(dtype, [K, T, d + c]), logits: allocate(dtype, [K, T, everyToken ? V : 0]) };
        const [hidden, logits] = [kept.hidden.data as Float64Array, kept.logits.data as Float64Array]; // of one kind with what is copied
        for (let row = 0; row < K; row++) {
          const at = row * T + t - 1;
          hidden.set(prediction.hidden.data.subarray(row * d, (row + 1) * d) as Float64Array, at * (d + c));
          const group = Math.floor(row / perGroup);
          if (observations) hidden.set(observations.data.subarray(group * c, (group + 1) * c) as Float64Array, at * (d + c) + d);
          if (everyToken) logits.set(prediction.logits.data.subarray(row * V, (row + 1) * V) as Float64Array, at * V);
          active[at] = on[row];
          if (!on[row]) continue;
          steepest = Math.max(steepest, Math.abs(chosen.logTwist[row]));
          logModel[at] = chosen.logModel[row];
          logProposal[at] = chosen.logProposal[row];
          logTwisted[at] = chosen.logTwisted?.[row] ?? chosen.logModel[row];
        }
      },
    },
    rng,
  );
  const { dtype, hidden, logits } = kept!;
  for (let t = 1; t < T; t++) for (let row = 0; row < K; row++) logPassed[row * T + t] = passed[t - 1][row];
  const matrix = (data: Float64Array): NdArray => floats(data, [K, T], dtype);
  const { particles } = run;
  return {
    ...{ particles, steepest },
    rollout: {
      tokens: particles.tokens,
      ...{
        hidden,
        logits,
        logModel: matrix(logModel),
        logProposal: matrix(mixture ? mixedLogs(logModel, logTwisted, T, Math.ceil(perGroup / 2) / perGroup) : logProposal),
        active: matrix(active),
        logPassed: matrix(logPassed),
      },
      logPotential: floats(particles.logPotential.data, [K], dtype),
    },
  };
}

/** Of a mixture, texts of p0 and of q take turns. */
const fromModel = (row: number, perGroup: number): boolean => (row % perGroup) % 2 === 0;

/**
 * The mixture of two laws of texts as a law of tokens: its prefixes have probability a p0(s_{1:t}) + (1 - a) q(s_{1:t}), and a token what
 * that gains. Sums over a text are logs of the mixture of *whole* texts.
 *
 * @param share  a, of p0
 */
function mixedLogs(logModel: Float64Array, logProposal: Float64Array, T: number, share: number): Float64Array {
  const mixed = new Float64Array(logModel.length);
  for (let start = 0; start < mixed.length; start += T) {
    let [p, q, before] = [Math.log(share), Math.log1p(-share), 0];
    for (let at = start; at < start + T; at++) {
      p += logModel[at];
      q += logProposal[at];
      const high = Math.max(p, q);
      const now = high + Math.log(Math.exp(p - high) + Math.exp(q - high));
      mixed[at] = now - before;
      before = now;
    }
  }
  return mixed;
}

const floats = (data: Float64Array, shape: readonly number[], dtype: Float): NdArray =>
  dtype === "f64" ? { dtype, shape, data: Float64Array.from(data) } : { dtype, shape, data: Float32Array.from(data) };
