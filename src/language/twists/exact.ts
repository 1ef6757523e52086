/** The optimal twist, where model and potential have finitely many states: backward recursion over pairs of them. */
import { allocate, type NdArray } from "../../array/index.ts";
import type { Chain } from "../chains/chain.ts";
import { isChain } from "../chains/chain.ts";
import type { Automaton } from "../potentials/potential.ts";
import type { TextTarget } from "../steering/target.ts";
import type { Twist } from "./twist.ts";

/** Most numbers of a table of values. */
const mostEntries = 2 ** 26;

export interface ExactTwist extends Twist {
  readonly logZ: number;
}

/**
 * ψ*_t(s_{1:t}) = E_{p0}[φ | s_{1:t}], which depends on the states of model and automaton and on how many steps are left:
 *
 *   log β_0 = log φ,   log β_r(s, a) = log Σ_v p0(v | s) β_{r-1}(s', a'),   log Z = log β_T.
 *
 * Its proposal draws from σ exactly, and every weight is 1. Undefined where the model is no chain, the potential no automaton, or the table
 * too large.
 *
 * @source  Zhao et al., ICML 2024, Prop. 3.2 (Eq. 13 has ψ_t on the right for ψ_{t+1})
 */
export function exactTwist({ model, prompt, length, potential }: TextTarget): ExactTwist | undefined {
  const { automaton, intermediate } = potential;
  if (!isChain(model) || !automaton || intermediate || model.states * automaton.states * (length + 1) > mostEntries) return undefined;
  const tables = values(model, automaton, length);
  const size = model.tokenizer.size;
  const A = automaton.states;
  const begun = prompt.reduce((s, v) => model.following[s * size + v], 0);
  return {
    name: "exact",
    logZ: tables[length][begun * A + automaton.start],
    next({ rows, tokens }, t) {
      const matrix: NdArray<"f64"> = allocate("f64", [rows, size]);
      for (let row = 0; row < rows; row++) {
        let [s, a] = [begun, automaton.start];
        for (let i = 0; i < t - 1; i++) {
          const v = tokens.data[row * tokens.shape[1] + i];
          [s, a] = [model.following[s * size + v], automaton.following[a * size + v]];
        }
        for (let v = 0; v < size; v++) {
          const after = automaton.following[a * size + v];
          matrix.data[row * size + v] =
            v === model.tokenizer.end ? automaton.logs[after] : tables[length - t][model.following[s * size + v] * A + after];
        }
      }
      return matrix;
    },
  };
}

/** log β_r of every pair of states, r = 0 … T. */
function values(model: Chain, { states: A, following, logs }: Automaton, length: number): Float64Array[] {
  const size = model.tokenizer.size;
  const tables = [Float64Array.from({ length: model.states * A }, (_, e) => logs[e % A])];
  const terms = new Float64Array(size);
  for (let r = 1; r <= length; r++) {
    const before = tables[r - 1];
    const table = new Float64Array(model.states * A);
    for (let s = 0; s < model.states; s++)
      for (let a = 0; a < A; a++) {
        let high = Number.NEGATIVE_INFINITY;
        for (let v = 0; v < size; v++) {
          const after = following[a * size + v];
          const value = v === model.tokenizer.end ? logs[after] : before[model.following[s * size + v] * A + after];
          terms[v] = model.logProbability[s * size + v] + value;
          if (terms[v] > high) high = terms[v];
        }
        let sum = 0;
        for (let v = 0; v < size; v++) sum += Math.exp(terms[v] - (high === Number.NEGATIVE_INFINITY ? 0 : high));
        table[s * A + a] = high === Number.NEGATIVE_INFINITY ? high : high + Math.log(sum);
      }
    tables.push(table);
  }
  return tables;
}
