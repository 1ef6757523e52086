/** Formulas as programs. */
import { expect, test } from "vitest";
import { array, item, type NdArray } from "../../src/array/index.ts";
import { jit, parseFormula, type Tensor } from "../../src/tensor/index.ts";

test.each([
  ["-2*(x-1)^2 + exp(-t)*y", (x: number, y: number, t: number) => -2 * (x - 1) ** 2 + Math.exp(-t) * y],
  ["x y", undefined],
  ["min(x, 2) - max(y,-1)/2", (x: number, y: number) => Math.min(x, 2) - Math.max(y, -1) / 2],
  ["-x^2", (x: number) => -(x ** 2)],
  ["2e-1 * x^-1", (x: number) => 0.2 / x],
  ["(x", undefined],
  ["x + z", undefined],
  ["sin(x, y)", undefined],
  ["x^y", undefined],
  ["", undefined],
] as const)("the formula %s", async (text, expected) => {
  const names = ["x", "y", "t"];
  if (!expected) {
    expect(() => parseFormula(text, names)).toThrow(SyntaxError);
    return;
  }
  const f = parseFormula(text, names);
  const run = jit((x: Tensor, y: Tensor, t: Tensor) => f({ x, y, t }));
  for (const [x, y, t] of [
    [0.5, -2, 0.3],
    [-1.5, 3, 2],
  ])
    expect(item(await run(...([x, y, t].map((v) => array([v], "f64")) as [NdArray, NdArray, NdArray])))).toBeCloseTo(expected(x, y, t), 12);
});
