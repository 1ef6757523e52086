/** Steps whose last passes run in WebAssembly are the same steps. */
import { describe, expect, test } from "vitest";
import { type NdArray, randomStream, toNumbers } from "../../src/array/index.ts";
import {
  type AdamState,
  adam,
  applyUpdates,
  chain,
  clipByGlobalNorm,
  type GuardState,
  muon,
  type Optimizer,
  type State as OptimizerState,
  rfRmsprop,
  skipNonFinite,
} from "../../src/optim/index.ts";
import { choosesPasses } from "../../src/tensor/branches.ts";
import * as pf from "../../src/tensor/index.ts";
import { splitTail } from "../../src/tensor/tail.ts";
import { reachable } from "../../src/tensor/walk.ts";
import { expectClose } from "./check.ts";

const rng = randomStream("tail");
const optimizer = adam(1e-2);
const wide = 256;
const params = (): Record<string, NdArray> => ({ w: rng.normal([40, wide]), b: rng.normal([wide]), v: rng.normal([wide, 64]) });

type Params = Record<string, pf.Tensor>;
interface State {
  readonly p: Params;
  readonly o: AdamState;
  readonly average: Params;
}

const step = ({ p, o, average }: State, x: pf.Tensor) => {
  const loss = (q: Params) => pf.tanh(x.matmul(q.w).add(q.b)).matmul(q.v).square().mean();
  const [value, g] = pf.valueAndGrad(loss)(p);
  const { updates, state } = optimizer.update(g, o, p);
  const next = applyUpdates(p, updates);
  const averages = Object.fromEntries(Object.keys(next).map((k) => [k, average[k].mul(0.9).add(next[k].mul(0.1))]));
  return { state: { p: next, o: state, average: averages }, value, norm: pf.sum(g.w.square()) };
};

const start = () => {
  const p = params();
  return { p, o: optimizer.init(p), average: p };
};

test("is cut where nothing but elementwise primitives follows: products and sums before, moments and averages behind", () => {
  const state = start();
  const split = splitTail(pf.trace(step, [state, rng.normal([8, 40])]));
  const names = (program: { inputs: readonly pf.Tensor[]; outputs: readonly pf.Tensor[] }): Set<string> =>
    new Set(reachable(program.outputs, new Set(program.inputs.map((x) => x.node))).map((n) => n.primitive.name));
  if (!split) throw new Error("it was not cut");
  expect(names(split.head)).toContain("matmul");
  expect(names(split.tail)).not.toContain("matmul");
  expect(names(split.tail)).not.toContain("sum");
  // three gradients and the sum of the loss are all that is handed over: their squares and the rates are made behind
  const sizes = split.head.outputs.slice(0, split.fromHead).map((x) => x.size);
  expect(sizes.sort((a, b) => a - b)).toEqual([1, wide, 40 * wide, wide * 64]);
});

test("a program without such a tail, or with a small one, is left whole", () => {
  const x = rng.normal([64, 64]);
  expect(splitTail(pf.trace((a: pf.Tensor) => pf.exp(a).matmul(a), [x]))).toBeUndefined();
  expect(splitTail(pf.trace((a: pf.Tensor) => a.matmul(a).mul(2), [x]))).toBeUndefined();
});

test("a program that is nothing but a tail gives what it gives on ONNX Runtime", async () => {
  const f = (a: pf.Tensor, b: pf.Tensor) =>
    [a.mul(0.9).add(b).sub(a.mul(b).mul(0.01)), b.mul(0.5).sub(a.mul(0.1)).add(0.1).mul(1.1)] as const;
  const first = [rng.normal([600, 1000]), rng.normal([600, 1000])] as const;
  expect(splitTail(pf.trace(f, [...first]))?.head.outputs).toEqual([]);
  const run = async (device?: "cpu") => {
    const step = pf.jit(f, { device, reuse: true });
    const [a, b] = await step(...first);
    return step(b, a);
  };
  const [whole, cut] = [await run("cpu"), await run()];
  cut.forEach((y, i) => expectClose(y, whole[i], 1e-6));
});

describe("twelve steps of training", () => {
  test("give the numbers of the whole program on ONNX Runtime, and leave a result as it is during the next call", async () => {
    const data = Array.from({ length: 12 }, () => rng.normal([8, 40]));
    const first = start();
    const run = async (device?: "cpu") => {
      const f = pf.jit(step, { device, reuse: true });
      let state: pf.Arrays<State> = first;
      const values: number[] = [];
      for (const x of data) {
        const before = toNumbers(state.p.w);
        const result = await f(state, x);
        expect(toNumbers(state.p.w)).toEqual(before);
        state = result.state;
        values.push(...toNumbers(result.value), ...toNumbers(result.norm));
      }
      return { state, values };
    };
    const [whole, cut] = [await run("cpu"), await run()];
    // rates are powers of 0.9 and 0.999 by two libraries; the rest is the same arithmetic
    for (const k of ["w", "b", "v"]) {
      expectClose(cut.state.p[k], whole.state.p[k], 1e-6, k);
      expectClose(cut.state.average[k], whole.state.average[k], 1e-6, k);
    }
    cut.values.forEach((v, i) => expect(Math.abs(v / whole.values[i] - 1)).toBeLessThan(1e-5));
  });
});

describe("choices of branches that are passes over their operands", () => {
  type Guarded = Optimizer<GuardState<OptimizerState>>;
  const guardedStep = (optimizer: Guarded) => (p: Params, o: GuardState<OptimizerState>, x: pf.Tensor) => {
    const [value, g] = pf.valueAndGrad((q: Params) => pf.tanh(x.mul(0.1).matmul(q.w).add(q.b)).matmul(q.v).square().mean())(p);
    const { updates, state } = optimizer.update(g, o, p, { batchSize: 8 });
    return { p: applyUpdates(p, updates), o: state, value };
  };
  const traced = (optimizer: Guarded) => {
    const p = params();
    return pf.trace(guardedStep(optimizer), [p, optimizer.init(p), rng.normal([8, 40])]);
  };
  const choices = ({ inputs, outputs }: Pick<pf.Traced, "inputs" | "outputs">) =>
    reachable(outputs, new Set(inputs.map((x) => x.node))).filter((n) => n.primitive.name === "cond");
  /** Choices of branches in both halves of a step that is cut. */
  const left = (program: pf.Traced): number => {
    const split = splitTail(program);
    if (!split) throw new Error("it was not cut");
    return choices(split.head).length + choices(split.tail).length;
  };

  test("are told from those with products, which stay choices of branches", () => {
    expect(choices(traced(skipNonFinite<OptimizerState>(adam(1e-2)))).map(choosesPasses)).toEqual([true]);
    expect(choices(traced(skipNonFinite<OptimizerState>(muon(1e-2)))).map(choosesPasses)).toEqual([false]);
  });

  test.each([
    ["adam", adam(1e-2)],
    ["adam of clipped gradients, whose norm is a sum in the branch", chain(clipByGlobalNorm(0.01), adam(1e-2))],
    ["rf-rmsprop", rfRmsprop(1e-2)],
  ] as const)("take the steps of the branches, and none where the gradient is not finite: %s", async (_, inner: Optimizer) => {
    const optimizer = skipNonFinite(inner);
    expect(left(traced(optimizer))).toBe(0);
    const p = params();
    const [good, bad] = [rng.normal([8, 40]), rng.normal([8, 40])];
    bad.data[7] = Number.NaN;
    const run = async (device?: "cpu") => {
      const f = pf.jit(guardedStep(optimizer), { device, reuse: true });
      let now = await f(p, optimizer.init(p), good);
      const kept = toNumbers(now.p.w);
      now = await f(now.p, now.o, bad);
      expect(toNumbers(now.p.w)).toEqual(kept);
      return f(now.p, now.o, good);
    };
    const [whole, chosen] = [await run("cpu"), await run()];
    // gradients of two libraries, to some rounding; a step is 1e-2 long
    for (const k of ["w", "b", "v"]) expectClose(chosen.p[k], whole.p[k], 1e-5, k);
    expect(toNumbers(chosen.o.skipped)).toEqual([1]);
  });
});
