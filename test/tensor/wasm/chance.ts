/** Programs that are put together by chance, of loops, choices, products, indices and conversions. */
import { array, type NdArray, randomStream } from "../../../src/array/index.ts";
import * as pf from "../../../src/tensor/index.ts";

/** What the programs are given. */
export const inputs: readonly NdArray[] = [
  randomStream("x").normal([3, 4], "f64"),
  randomStream("y").normal([2, 1, 3]),
  array([1, -2, 3, 0, 5], "i32"),
];

/** What a step is made of: tensors from before, and small numbers. */
interface Choice {
  tensor(): pf.Tensor;
  number(below: number): number;
}

const real = (x: pf.Tensor): pf.Tensor => x.cast("f64");
/** Between -1 and 1, so that nothing grows. */
const tame = (x: pf.Tensor): pf.Tensor => pf.tanh(real(x).mul(0.3));
/** Other elements in a shape. */
const filled = (x: pf.Tensor, shape: readonly number[]): pf.Tensor => {
  const size = shape.reduce((a, b) => a * b, 1);
  if (x.size === 0) return pf.broadcastTo(pf.scalar(1, x.dtype), [...shape]);
  return pf.slice(pf.concat(new Array(Math.ceil(size / x.size) || 1).fill(x.reshape([-1]))), [0, size]).reshape([...shape]);
};
const indices = (x: pf.Tensor, n: number): pf.Tensor => pf.floor(pf.minimum(pf.abs(tame(x)), 0.999).mul(n)).cast("i32");
const someAxes = (x: pf.Tensor, c: Choice): number[] => x.shape.map((_, i) => i).filter(() => c.number(2) === 1);

const dtypes = ["f32", "f64", "i32", "i64", "u8", "bool"] as const;

const steps: readonly ((x: pf.Tensor, c: Choice) => pf.Tensor)[] = [
  (x, c) => pf.round(pf.abs(tame(x)).mul(9)).cast(dtypes[c.number(6)]),
  (x, c) => real(x).sub(filled(real(c.tensor()), x.shape)),
  (x, c) => pf.where(pf.less(real(x), filled(real(c.tensor()), x.shape)), x, filled(c.tensor().cast(x.dtype), x.shape)),
  (x, c) => pf.transpose(x, c.number(2) ? x.shape.map((_, i) => (i + 1) % x.rank) : undefined),
  (x, c) => pf.slice(x, ...x.shape.map((): pf.Index => [null, null, [1, -1, 2, -2][c.number(4)]])),
  (x, c) => pf.slice(x, ...x.shape.map((n): pf.Index => [c.number(n + 1), null])),
  (x, c) => pf.broadcastTo(x.expandDims(0), [1 + c.number(2), ...x.shape]),
  (x, c) => real(x).mul(pf.sum(tame(x), someAxes(x, c), true)),
  (x, c) => pf.sum(x, someAxes(x, c), c.number(2) === 1),
  (x, c) => pf.concat([x, filled(c.tensor().cast(x.dtype), x.shape), x], c.number(x.rank)),
  (x, c) =>
    pf.pad(
      real(x),
      x.shape.map(() => [c.number(3) - 1, c.number(2)] as const),
    ),
  (x, c) => pf.matmul(x.rank < 2 ? tame(x).expandDims(0) : tame(x), filled(tame(c.tensor()), [x.shape[x.rank - 1], 2 + c.number(4)])),
  (x, c) => pf.take(x, indices(filled(c.tensor(), [3]), x.shape[0]).sub(c.number(2) * x.shape[0])),
  (x, c) => pf.scatterAdd(real(x), indices(filled(c.tensor(), [3]), x.shape[0]), filled(tame(c.tensor()), [3, ...x.shape.slice(1)])),
  (x, c) => pf.cumsum(tame(x), c.number(x.rank)),
  (x) => pf.sort(tame(x)),
  (x, c) => {
    const outer = c.tensor();
    const step = ([a, b]: readonly pf.Tensor[], row: pf.Tensor) => {
      const next = tame(a.add(row).add(filled(real(outer), a.shape)));
      return { carry: [b, next], y: [next, a, pf.sort(next), row.mul(2)] };
    };
    const { carry, ys } = pf.scan(
      step,
      [tame(x).mul(0.5), tame(x)].map((t) => pf.sum(t, 0)),
      tame(x),
      { reverse: c.number(2) === 1 },
    );
    return c.number(2) ? ys[c.number(4)] : carry[c.number(2)];
  },
  (x, c) => {
    const outer = c.tensor();
    const yes = (t: pf.Tensor) => [t.mul(2), filled(real(outer), t.shape)];
    const no = (t: pf.Tensor) => [pf.flip(t, 0), t];
    return pf.cond(pf.less(pf.sum(tame(x)), 0.1), yes, no, tame(x))[c.number(2)];
  },
  (x, c) => {
    const [outer, times] = [c.tensor(), c.number(4)];
    const more = ({ i }: { i: pf.Tensor }) => pf.less(i, times);
    const step = ({ i, a, b }: { i: pf.Tensor; a: pf.Tensor; b: pf.Tensor }) => ({
      ...{ i: i.add(1), a: b },
      b: tame(a.add(filled(real(outer), a.shape))),
    });
    return pf.whileLoop(more, step, { i: pf.scalar(0, "i32"), a: tame(x), b: tame(x).mul(2) }).a;
  },
  (x) => pf.grad((t: pf.Tensor) => pf.sum(pf.sin(t).mul(pf.sum(t, 0, true))))(tame(x)),
];

/** The program that numbers describe. */
export function program(numbers: readonly number[]): (...inputs: pf.Tensor[]) => pf.Tensor[] {
  return (...inputs) => {
    const made = [...inputs];
    for (const n of numbers) {
      let rest = n;
      const number = (below: number): number => {
        const k = rest % below;
        rest = Math.floor(rest / below);
        return k;
      };
      const step = steps[number(steps.length)];
      const c: Choice = { number, tensor: () => made[made.length - 1 - number(Math.min(4, made.length))] };
      const x = c.tensor();
      const next = x.rank > 1 && x.size > 0 ? step(x, c) : pf.exp(tame(x)).reshape([x.size, 1]);
      if (next.size <= 400 && next.rank < 6) made.push(next);
    }
    return made.slice(inputs.length);
  };
}
