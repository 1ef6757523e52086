/** What a score of texts is to the rest: log φ ≤ ∞, of finished texts, and where there is one, of unfinished texts too. */
import { UserError } from "../../errors.ts";

/** A text under a potential. */
export interface Scored {
  /** Numbers of the tokens that were added to the prompt, the end token included where there is one. */
  readonly tokens: Int32Array;
  /** Prompt and what was added, as text. */
  readonly text: string;
}

type Logs = ArrayLike<number> | Promise<ArrayLike<number>>;

/** φ of finished texts: what the model is tilted by. */
export interface Potential {
  readonly name: string;
  /** log φ of finished texts, one each; -∞ for what must not be. */
  readonly logs: (texts: readonly Scored[]) => Logs;
  /** log φ_t of texts with t < T tokens: intermediate potentials multiply the target too. */
  readonly intermediate?: (texts: readonly Scored[], t: number) => Logs;
  /** An upper bound of log φ, where one is known: then exact draws can be had by rejection. */
  readonly largest?: number;
  /** log φ of texts that have nothing of what is wanted, where that is not -∞ (`floored`). */
  readonly floor?: number;
  /** The same as a function of tokens that a finite automaton computes, where it is one. */
  readonly automaton?: Automaton;
}

/** Reads tokens one after the other; log φ depends on the state at the end. */
export interface Automaton {
  readonly states: number;
  readonly start: number;
  /** [states, V] */
  readonly following: Int32Array;
  /** [states] */
  readonly logs: Float64Array;
}

/** φ = 1: the model as it is, or only what must follow. */
export const noPotential: Potential = { name: "none", logs: (texts) => new Float64Array(texts.length), largest: 0 };

/** log φ, checked: NaN and ∞ are no logarithm of a potential. @throws UserError  naming the text */
export async function checkedLogs(potential: Potential, texts: readonly Scored[], t?: number): Promise<Float64Array> {
  if (texts.length === 0) return new Float64Array(0);
  const found = t === undefined ? await potential.logs(texts) : await potential.intermediate?.(texts, t);
  if (found === undefined) return new Float64Array(texts.length);
  if (found.length !== texts.length)
    throw new UserError(`the potential ${potential.name} gives ${found.length} numbers for ${texts.length} texts`);
  const logs = Float64Array.from(found);
  const bad = logs.findIndex((log) => Number.isNaN(log) || log === Number.POSITIVE_INFINITY);
  if (bad >= 0)
    throw new UserError(
      `the potential ${potential.name} is ${logs[bad]} for text ${bad + 1} of ${texts.length}, ${JSON.stringify(texts[bad].text.slice(0, 200))}`,
      "log φ is a number or -Infinity",
    );
  return logs;
}

/** φ^β. */
export const tempered = (potential: Potential, beta: number): Potential =>
  beta === 1
    ? potential
    : {
        name: `${potential.name}^${beta}`,
        logs: async (texts) => Float64Array.from(await potential.logs(texts), (log) => power(log, beta)),
        ...(potential.intermediate && {
          intermediate: async (texts, t) => Float64Array.from((await potential.intermediate?.(texts, t)) ?? [], (log) => power(log, beta)),
        }),
        ...(potential.largest !== undefined && beta >= 0 && { largest: beta * potential.largest }),
        ...(potential.floor !== undefined && { floor: beta * potential.floor }),
        ...(potential.automaton && {
          automaton: { ...potential.automaton, logs: potential.automaton.logs.map((log) => power(log, beta)) },
        }),
      };

/** What must not be stays forbidden for every β. */
const power = (log: number, beta: number): number => (log === Number.NEGATIVE_INFINITY ? log : beta * log);

/** φ + ε: no text is impossible. */
export const floored = (potential: Potential, epsilon: number): Potential => {
  const floor = Math.log(epsilon);
  const add = (log: number): number => Math.max(log, floor) + Math.log1p(Math.exp(-Math.abs(log - floor)));
  return {
    ...potential,
    logs: async (texts) => Float64Array.from(await potential.logs(texts), add),
    ...{ floor, ...(potential.largest !== undefined && { largest: add(potential.largest) }) },
    ...(potential.automaton && { automaton: { ...potential.automaton, logs: potential.automaton.logs.map(add) } }),
  };
};

/** Has a text anything of what is wanted: φ above 0, or above the floor? */
export const isHit = ({ floor = Number.NEGATIVE_INFINITY }: Potential, log: number): boolean =>
  log > (floor === Number.NEGATIVE_INFINITY ? floor : floor + 1e-6);
