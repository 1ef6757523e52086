/** The chain of section 6 of the specification: three tokens, four steps, φ = e^(number of tokens 2). */
import { allocate } from "../../src/array/index.ts";
import { readChain } from "../../src/language/chains/read.ts";
import type { Potential } from "../../src/language/potentials/potential.ts";
import type { TextTarget } from "../../src/language/steering/target.ts";
import type { Twist } from "../../src/language/twists/twist.ts";

export const file = {
  tokens: ["a", "b", "c"],
  start: [0.5, 0.3, 0.2],
  transition: [
    [0.6, 0.3, 0.1],
    [0.2, 0.5, 0.3],
    [0.3, 0.2, 0.5],
  ],
};
export const model = readChain(JSON.stringify(file), "a.json");
export const twos = (tokens: ArrayLike<number>): number => Array.from(tokens).filter((v) => v === 2).length;
export const potential: Potential = { name: "twos", logs: (texts) => texts.map(({ tokens }) => twos(tokens)) };
export const target: TextTarget = { model, prompt: [], length: 4, potential };
export const logZ = 1.6968453307646698;

/** log ψ_t = a n(s_{1:t}) */
export const family = (a: number): Twist => ({
  name: `${a} n`,
  next({ rows, tokens }, t) {
    const matrix = allocate("f64", [rows, 3]);
    for (let row = 0; row < rows; row++)
      for (let v = 0; v < 3; v++)
        matrix.data[row * 3 + v] =
          a * (twos(tokens.data.subarray(row * tokens.shape[1], row * tokens.shape[1] + t - 1)) + (v === 2 ? 1 : 0));
    return matrix;
  },
});

const P = [file.start, ...file.transition];
/** E[φ | s_{1:t}] by the recursion of the specification, in plain numbers. */
export function optimal(tokens: readonly number[]): number {
  if (tokens.length === 4) return Math.exp(twos(tokens));
  const row = tokens.length === 0 ? P[0] : P[1 + tokens[tokens.length - 1]];
  return row.reduce((sum, p, v) => sum + p * optimal([...tokens, v]), 0);
}
export const optimalTwist: Twist = {
  name: "optimal",
  next({ rows, tokens }, t) {
    const matrix = allocate("f64", [rows, 3]);
    for (let row = 0; row < rows; row++)
      for (let v = 0; v < 3; v++) matrix.data[row * 3 + v] = Math.log(optimal([...tokens.data.subarray(row * 4, row * 4 + t - 1), v]));
    return matrix;
  },
};

/** All 81 strings. */
export const strings = Array.from({ length: 81 }, (_, i) =>
  Int32Array.of(Math.floor(i / 27), Math.floor(i / 9) % 3, Math.floor(i / 3) % 3, i % 3),
);
