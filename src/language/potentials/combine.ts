/** Products and sums of potentials. */
import type { Automaton, Potential, Scored } from "./potential.ts";

/** Most states of a product of automata. */
const mostStates = 4096;

/** Π_i φ_i: all of it. */
export function productOf(potentials: readonly Potential[]): Potential {
  if (potentials.length === 1) return potentials[0];
  const intermediate = potentials.some((p) => p.intermediate);
  const bounds = potentials.map((p) => p.largest);
  return {
    name: potentials.map((p) => p.name).join(" * "),
    logs: async (texts) => combined(await all(potentials, texts), (a, b) => a + b),
    ...(intermediate && {
      intermediate: async (texts, t) =>
        combined(await Promise.all(potentials.map((p) => p.intermediate?.(texts, t) ?? new Float64Array(texts.length))), (a, b) => a + b),
    }),
    ...(bounds.every((b) => b !== undefined) && { largest: bounds.reduce((a, b) => a + b, 0) }),
    ...together(potentials, (a, b) => a + b),
  };
}

/** Σ_i φ_i: any of it. Intermediate potentials have no sum. */
export function sumOf(potentials: readonly Potential[]): Potential {
  if (potentials.length === 1) return potentials[0];
  const bounds = potentials.map((p) => p.largest);
  return {
    name: potentials.map((p) => p.name).join(" + "),
    logs: async (texts) => combined(await all(potentials, texts), logAdd),
    ...(bounds.every((b) => b !== undefined) && { largest: bounds.reduce(logAdd) }),
    ...together(potentials, logAdd),
  };
}

const all = (potentials: readonly Potential[], texts: readonly Scored[]) => Promise.all(potentials.map((p) => p.logs(texts)));

const combined = (logs: readonly ArrayLike<number>[], f: (a: number, b: number) => number): Float64Array =>
  logs.slice(1).reduce<Float64Array>((total, own) => total.map((a, i) => f(a, own[i])), Float64Array.from(logs[0]));

/** log(eᵃ + eᵇ) */
export function logAdd(a: number, b: number): number {
  const high = Math.max(a, b);
  return high === Number.NEGATIVE_INFINITY ? high : high + Math.log1p(Math.exp(-Math.abs(a - b)));
}

/** The automaton of pairs of states, if all have one and it stays small. */
function together(potentials: readonly Potential[], f: (a: number, b: number) => number): { automaton?: Automaton } {
  const automata = potentials.map((p) => p.automaton);
  let result = automata[0];
  for (const other of automata.slice(1)) {
    if (!result || !other || result.states * other.states > mostStates) return {};
    result = pairs(result, other, f);
  }
  return result ? { automaton: result } : {};
}

function pairs(a: Automaton, b: Automaton, f: (a: number, b: number) => number): Automaton {
  const size = a.following.length / a.states;
  const states = a.states * b.states;
  return {
    states,
    start: a.start * b.states + b.start,
    following: Int32Array.from({ length: states * size }, (_, e) => {
      const [state, v] = [Math.floor(e / size), e % size];
      return a.following[Math.floor(state / b.states) * size + v] * b.states + b.following[(state % b.states) * size + v];
    }),
    logs: Float64Array.from({ length: states }, (_, s) => f(a.logs[Math.floor(s / b.states)], b.logs[s % b.states])),
  };
}
