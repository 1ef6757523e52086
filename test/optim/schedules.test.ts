import { expect, test } from "vitest";
import type { NdArray } from "../../src/array/index.ts";
import * as nd from "../../src/array/index.ts";
import * as optim from "../../src/optim/index.ts";
import type { Tensor } from "../../src/tensor/index.ts";
import * as pf from "../../src/tensor/index.ts";

const cases: [string, optim.Schedule, [step: number, rate: number][]][] = [
  [
    "constant",
    optim.constantSchedule(0.3),
    [
      [0, 0.3],
      [1000, 0.3],
    ],
  ],
  [
    "linear",
    optim.linear(1, 0.5, 10),
    [
      [0, 1],
      [5, 0.75],
      [10, 0.5],
      [50, 0.5],
    ],
  ],
  [
    "cosine",
    optim.cosine(2, 100, 1),
    [
      [0, 2],
      [25, 1.5 + Math.SQRT1_2 / 2],
      [50, 1.5],
      [100, 1],
      [500, 1],
    ],
  ],
  [
    "exponential",
    optim.exponential(2, 0.25, 10),
    [
      [0, 2],
      [5, 1],
      [10, 0.5],
      [20, 0.125],
    ],
  ],
  [
    "warm-up",
    optim.warmUp(4, 2),
    [
      [0, 0.5],
      [1, 1],
      [3, 2],
      [4, 2],
      [9, 2],
    ],
  ],
  [
    "warm-up and cosine",
    optim.warmUpCosine(1, 10, 110),
    [
      [0, 0.1],
      [9, 1],
      [10, 1],
      [60, 0.5],
      [110, 0],
    ],
  ],
  [
    "joined pieces, each from its own zero",
    optim.join([optim.linear(0, 1, 10), optim.constantSchedule(5), optim.linear(8, 6, 4)], [3, 6]),
    [
      [0, 0],
      [2, 0.2],
      [3, 5],
      [5, 5],
      [6, 8],
      [8, 7],
      [10, 6],
    ],
  ],
];
test.each(cases)("schedule: %s", async (_, schedule, points) => {
  const rate = pf.jit((step: Tensor) => schedule(step));
  for (const [step, expected] of points) {
    const value = await rate(nd.ndarray(Float64Array.of(step), [], "f64"));
    expect(nd.item(value)).toBeCloseTo(expected, 14);
  }
});

test("schedules of no steps and boundaries out of order are refused", () => {
  expect(() => optim.cosine(1, 0)).toThrow(/cosine: 0 is not a positive number of steps/);
  expect(() => optim.join([optim.constantSchedule(1)], [3])).toThrow(/1 schedules need 0/);
  const [a, b, c] = [1, 2, 3].map(optim.constantSchedule);
  expect(() => optim.join([a, b, c], [5, 5])).toThrow(/increasing/);
});

test.each([false, true])("the moving average is its closed form (debias: %s)", async (debias) => {
  const average = optim.ema(0.8, { debias });
  const values = [
    [1, 5],
    [2, -1],
    [4, 0],
    [-3, 2],
  ];
  const update = pf.jit((s: optim.EmaState, p: { w: Tensor }) => {
    const state = average.update(s, p);
    return { state, value: average.value<{ w: Tensor }>(state) };
  });
  const at = (i: number): { w: NdArray } => ({ w: nd.array(values[i], "f64") });
  let state = average.init(at(0));
  let value = at(0);
  for (const i of [1, 2, 3]) {
    const result = await update(state, at(i));
    state = result.state as typeof state;
    value = result.value;
  }
  const weights = [0.2 * 0.8 ** 2, 0.2 * 0.8, 0.2];
  const expected = [0, 1].map((c) => {
    const recent = weights.reduce((s, w, k) => s + w * values[k + 1][c], 0);
    return debias ? recent / (1 - 0.8 ** 3) : recent + 0.8 ** 3 * values[0][c];
  });
  nd.toNumbers(value.w).forEach((v, c) => expect(v).toBeCloseTo(expected[c], 14));
});
