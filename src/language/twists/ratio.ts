/** Twists around a proposal that was learned before: what it has made of p0 so far is part of the guess. */
import type { NdArray } from "../../array/index.ts";
import { cumsum, jit, logSoftmax, logsumexp, type Tensor, takeAlong } from "../../tensor/index.ts";
import type { Twisted } from "../learning/losses.ts";
import { started, type Twist } from "./twist.ts";

/**
 * log q(v | s_{1:t-1}) - log p0(v | s_{1:t-1}) of q ∝ p0 ψ, for all v: log ψ(v) - log Σ_u p0(u) ψ(u). [..., V] twice -> [..., V]
 */
const logRatios = (logits: Tensor, logTwist: Tensor): Tensor =>
  logTwist.sub(logsumexp(logSoftmax(logits).add(logTwist), -1).expandDims(-1));

const ratios = jit(logRatios);

/**
 * ψ_t(s_{1:t}) = ψ'_t(s_{1:t}) Π_{τ ≤ t} q(s_τ | s_{1:τ-1}) / p0(s_τ | s_{1:τ-1}).
 *
 * With ψ' = 1, p0 ψ is q itself: every weight but the last is 1, and resampling does nothing. ψ' then learns the factor of each prefix that
 * a proposal leaves open.
 *
 * @param inner   ψ'
 * @param around  q is its twist-induced proposal
 * @source  Zhao et al., ICML 2024, Prop. E.2, and the authors' code
 */
export function ratioTwist(inner: Twist, around: Twist, name: string): Twist {
  return {
    name,
    proposalOnly: inner.proposalOnly,
    async start(prompt, rows) {
      const both = [await started(inner, prompt, rows), await started(around, prompt, rows)] as const;
      const [own, proposal] = both;
      if (!own || !proposal) throw new RangeError(`${name}: its parts must know every next token`);
      let passed = new Float64Array(rows);
      let last: NdArray | undefined;
      return {
        async next(prefixes, t) {
          const guess = await own.next(prefixes, t);
          last = await ratios(prefixes.logits, await proposal.next(prefixes, t));
          const V = guess.shape[1];
          const data = guess.data.slice() as Float64Array;
          const ratio = last.data as Float64Array;
          for (let i = 0; i < data.length; i++) data[i] += ratio[i] + passed[Math.floor(i / V)];
          return { ...guess, data } as NdArray;
        },
        async append(tokens) {
          const V = last!.shape[1];
          passed = passed.map((sum, row) => sum + Number(last!.data[row * V + tokens[row]]));
          for (const part of both) await part!.append(tokens);
        },
        select(ancestors) {
          passed = Float64Array.from(ancestors, (row) => passed[row]);
          for (const part of both) part!.select(ancestors);
        },
        close: () => both.forEach((part) => void part!.close()),
      };
    },
  };
}

/** The same of a rollout: its logits must be there, and log ψ of all next tokens of both. */
export function ratioOf(inner: Twisted & { readonly all: Tensor }, around: Tensor): Twisted & { readonly all: Tensor } {
  const { rollout } = inner;
  const [K, T] = rollout.tokens.shape;
  const ratio = logRatios(rollout.logits, around);
  const chosen = takeAlong(ratio, rollout.tokens.expandDims(2)).reshape([K, T]);
  const passed = cumsum(chosen, 1);
  return {
    rollout,
    selected: inner.selected.add(passed),
    all: inner.all.add(ratio).add(passed.sub(chosen).expandDims(2)),
  };
}
