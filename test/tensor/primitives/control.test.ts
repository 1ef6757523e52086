import { describe, expect, test } from "vitest";
import type { NdArray } from "../../../src/array/index.ts";
import * as nd from "../../../src/array/index.ts";
import type { Tensor } from "../../../src/tensor/index.ts";
import * as t from "../../../src/tensor/index.ts";
import { writeModel } from "../../../src/tensor/write.ts";
import { checkDerivatives, expectClose, f64, i32, normal, run } from "../check.ts";

const nodes = (f: (...xs: Tensor[]) => unknown, ...args: NdArray[]): number => writeModel(t.trace(f as () => Tensor, args)).nodes;

describe("scan", () => {
  /** A recurrent step with a captured tensor: h' = tanh(h x + w), y = h'²; the carry also counts steps. */
  const recurrence = (h: Tensor, xs: Tensor, w: Tensor, options: { reverse?: boolean; unroll?: boolean } = {}) =>
    t.scan(
      ({ h, n }: { h: Tensor; n: Tensor }, x: Tensor) => {
        const next = t.tanh(h.mul(x).add(w));
        return { carry: { h: next, n: n.add(1) }, y: { square: next.square(), n, before: h } };
      },
      { h, n: t.scalar(5, "i32") },
      xs,
      options,
    );
  const host = (h: number, xs: number[], w: number) => {
    const ys: number[] = [];
    for (const x of xs) {
      h = Math.tanh(h * x + w);
      ys.push(h * h);
    }
    return { h, ys };
  };
  const xs = [0.5, -1.2, 2, 0.3];

  test("is the loop, forwards and backwards, with integer carries and trees", async () => {
    const r = await run(
      (h: Tensor, x: Tensor, w: Tensor) => [recurrence(h, x, w), recurrence(h, x, w, { reverse: true })],
      f64([0.1], []),
      f64(xs),
      f64([0.4], []),
    );
    const [ahead, back] = [host(0.1, xs, 0.4), host(0.1, [...xs].reverse(), 0.4)];
    expectClose(r[0].carry.h, [ahead.h], 1e-15);
    expectClose(r[0].ys.square, ahead.ys, 1e-15);
    expectClose(r[1].carry.h, [back.h], 1e-15);
    expectClose(r[1].ys.square, [...back.ys].reverse(), 1e-15);
    expect([nd.item(r[0].carry.n), nd.toNumbers(r[0].ys.n), nd.toNumbers(r[1].ys.n)]).toEqual([9, [5, 6, 7, 8], [8, 7, 6, 5]]);
  });

  for (const reverse of [false, true])
    for (const unroll of [false, true])
      test(`differentiates and batches in carry, sequence and captured tensors (reverse: ${reverse}, unroll: ${unroll})`, () =>
        checkDerivatives(
          (h, x, w) => {
            const { carry, ys } = recurrence(h, x, w, { reverse, unroll });
            return t.concat([carry.h, ys.square.sum(0), ys.before.slice(2)]);
          },
          [normal([2]), normal([4, 2]), normal([2])],
        ));

  test("unrolled equals looped, values and gradients", async () => {
    const loss = (unroll: boolean) => (h: Tensor, x: Tensor, w: Tensor) => {
      const { carry, ys } = recurrence(h, x, w, { unroll });
      return carry.h.mul(ys.square.sum(0)).sum();
    };
    const all = (unroll: boolean) => (h: Tensor, x: Tensor, w: Tensor) =>
      t.valueAndGrad((p: Tensor[]) => loss(unroll)(p[0], p[1], p[2]))([h, x, w]);
    const r = await run(
      (h: Tensor, x: Tensor, w: Tensor) => [all(false)(h, x, w), all(true)(h, x, w)],
      normal([3]),
      normal([5, 3]),
      normal([3]),
    );
    expectClose(r[0][0], r[1][0], 1e-15);
    [0, 1, 2].forEach((i) => expectClose(r[0][1][i], r[1][1][i], 1e-14));
  });

  test("third derivatives go through the loop", async () => {
    // Two steps of c -> c² x: the result is c⁴ x1² x2, third derivative in c 24 c x1² x2.
    const f = (c: Tensor): Tensor => t.scan((a: Tensor, x: Tensor) => ({ carry: a.square().mul(x) }), c, t.constant(f64([3, 5]))).carry;
    const r = await run((c: Tensor) => t.grad(t.grad(t.grad(f)))(c), f64([0.5], []));
    expectClose(r, [24 * 0.5 * 9 * 5], 1e-13);
  });

  test("xs may be a number of steps, or a tree of sequences of different dtypes", async () => {
    const r = await run(
      (x: Tensor) => [
        t.scan((c: Tensor, k: Tensor) => ({ carry: c.mul(2), y: k }), x, 5),
        t.scan((c: Tensor, { a, i }: { a: Tensor; i: Tensor }) => ({ carry: c.add(a.mul(i.cast("f64"))) }), x, {
          a: t.constant(f64([1, 2, 3])),
          i: t.constant(i32([4, 5, 6])),
        }),
      ],
      f64([1], []),
    );
    expect([nd.item(r[0].carry), nd.toNumbers(r[0].ys as NdArray), nd.item(r[1].carry)]).toEqual([32, [0, 1, 2, 3, 4], 1 + 4 + 10 + 18]);
  });

  test("of no steps returns the carry and empty sequences", async () => {
    const r = await run(
      (c: Tensor, x: Tensor) => t.scan((a: Tensor, v: Tensor) => ({ carry: a.add(v), y: a }), c, x),
      f64([2], []),
      f64([], [0]),
    );
    expect([nd.item(r.carry), r.ys.shape]).toEqual([2, [0]]);
  });

  test("nests, with tensors captured through both loops", async () => {
    // Σ_i Σ_j x_i y_j w = w Σx Σy.
    const f = (x: Tensor, y: Tensor, w: Tensor): Tensor =>
      t.scan(
        (c: Tensor, a: Tensor) => ({ carry: t.scan((d: Tensor, b: Tensor) => ({ carry: d.add(a.mul(b).mul(w)) }), c, y).carry }),
        t.scalar(0, "f64"),
        x,
      ).carry;
    await checkDerivatives((x, y, w) => f(x, y, w), [normal([2]), normal([3]), f64([0.7], [])], { without: ["f32"] });
    const r = await run(f, f64([1, 2]), f64([3, 4, 5]), f64([2], []));
    expect(nd.item(r)).toBe(2 * 3 * 12);
  });

  test("computes what does not change once, before the loop", () => {
    const body = (c: Tensor, x: Tensor, w: Tensor): Tensor =>
      t.scan((a: Tensor, v: Tensor) => ({ carry: a.add(v.mul(t.exp(t.sin(w)))) }), c, x).carry;
    const model = writeModel(t.trace(body, [f64([0], []), f64([1, 2]), f64([1], [])]));
    // exp, sin, the loop, and in its body a product, a sum.
    expect(model.nodes).toBe(5);
  });

  test("the backward pass of a long loop has the size of the step, not of the loop", () => {
    const size = (n: number): number =>
      nodes(
        t.grad((w: Tensor) => recurrence(w, t.constant(normal([n])), w).carry.h),
        f64([0.1], []),
      );
    expect(size(100)).toBe(size(3));
  });

  test("in low precision rounds inside the loop", async () => {
    const f = t.lowPrecision("bf16", (c: Tensor) => t.scan((a: Tensor) => ({ carry: a.add(1 / 512) }), c, 4).carry);
    // 1 + 1/512 rounds to 1 in bf16 at every step.
    expect(nd.item(await run(f, 1))).toBe(1);
  });

  test("a carry that changes is named", async () => {
    const x = f64([1, 2]);
    const bad = (f: (c: Tensor, v: Tensor) => unknown): Promise<unknown> =>
      run((c: Tensor, v: Tensor) => t.scan(f as () => { carry: Tensor }, c, v).carry, f64([0], []), x);
    await expect(bad((c, v) => ({ carry: t.stack([c, v]) }))).rejects.toThrow(/scan: leaf 0 of the carry changes from f64\[\] to f64\[2\]/);
    await expect(bad((c) => ({ carry: c.cast("f32") }))).rejects.toThrow(/scan: leaf 0 of the carry changes from f64\[\] to f32\[\]/);
    await expect(bad((c) => ({ carry: [c, c] }))).rejects.toThrow(/scan: the carry has 1 leaves before a step and 2 after it/);
    await expect(
      run((a: Tensor, b: Tensor) => t.scan((c: Tensor) => ({ carry: c }), t.scalar(0, "f64"), { a, b }).carry, f64([1]), f64([1, 2])),
    ).rejects.toThrow(/scan: sequences differ in length/);
    await expect(run((a: Tensor) => t.scan((c: Tensor) => ({ carry: c }), a, {}).carry, f64([1]))).rejects.toThrow(/scan: .*sequence/);
  });
});

describe("whileLoop", () => {
  /** Newton's iteration for √a, from 1. */
  const root = (a: Tensor): Tensor =>
    t.whileLoop(
      ({ x }) => t.greater(t.abs(x.square().sub(a)), a.mul(1e-14)),
      ({ x, n }) => ({ x: x.add(a.div(x)).mul(0.5), n: n.add(1) }),
      { x: t.scalar(1, a.dtype).add(a.mul(0)), n: t.scalar(0, "i32") },
    ).x;

  test("goes on while the condition holds, and differentiates forwards", async () => {
    const r = await run((a: Tensor) => [root(a), ...t.jvp(root, [a], [t.scalar(1, "f64")])], f64([7], []));
    expectClose(r[0], [Math.sqrt(7)], 1e-14);
    // The derivative of the last iterate converges one step behind the value: quadratically, from an error of 1e-7 or less.
    expectClose(r[2], [0.5 / Math.sqrt(7)], 1e-12);
  });

  test("of a false condition does nothing", async () => {
    expect(
      nd.item(
        await run(
          (x: Tensor) =>
            t.whileLoop(
              (c: Tensor) => t.less(c, 0),
              (c) => c.add(1),
              x,
            ),
          3,
        ),
      ),
    ).toBe(3);
  });

  test("batches: every row stops on its own", async () => {
    const collatz = (n: Tensor): Tensor =>
      t.whileLoop(
        ([m]) => t.greater(m, 1),
        ([m, k]) => {
          const half = m.div(2);
          return [t.where(t.equal(half.mul(2), m), half, m.mul(3).add(1)), k.add(1)];
        },
        [n, t.scalar(0, "i32")],
      )[1];
    expect(nd.toNumbers(await run(t.vmap(collatz), i32([1, 2, 3, 7, 27])))).toEqual([0, 1, 7, 16, 111]);
    const r = await run(
      (a: Tensor) => [t.vmap(root)(a), t.vmap((x: Tensor) => t.jvp(root, [x], [t.scalar(1, "f64")])[1])(a)],
      f64([2, 9, 100]),
    );
    expectClose(r[0], [2, 9, 100].map(Math.sqrt), 1e-14);
    expectClose(
      r[1],
      [2, 9, 100].map((a) => 0.5 / Math.sqrt(a)),
      1e-12,
    );
  });

  test("conditions and bodies may use any operation and tensors from outside", async () => {
    const f = (x: Tensor, limit: Tensor): Tensor =>
      t.whileLoop(
        (c: Tensor) => t.less(t.logsumexp(t.silu(c)), t.log1p(limit)),
        (c) => c.add(t.expm1(t.stopGradient(limit))),
        x,
      );
    let c = [0, 0.5];
    const silu = (v: number): number => v / (1 + Math.exp(-v));
    while (
      Math.log(
        c
          .map(silu)
          .map(Math.exp)
          .reduce((a, b) => a + b),
      ) < Math.log1p(1.5)
    )
      c = c.map((v) => v + Math.expm1(1.5));
    expectClose(await run(f, f64([0, 0.5]), f64([1.5], [])), c, 1e-14);
  });

  test("works inside scan, and scan inside it", async () => {
    const inner = (x: Tensor): Tensor =>
      t.whileLoop(
        (c: Tensor) => t.less(c, 10),
        (c) => c.mul(2),
        x,
      );
    const r = await run(
      (x: Tensor) => [
        t.scan((s: Tensor, v: Tensor) => ({ carry: s.add(inner(v)) }), t.scalar(0, "f64"), x).carry,
        t.whileLoop(
          (c: Tensor) => t.less(c, 100),
          (c) => t.scan((a: Tensor, v: Tensor) => ({ carry: a.add(v) }), c, x).carry,
          t.scalar(0, "f64"),
        ),
      ],
      f64([1, 3, 20]),
    );
    expect(r.map((y) => nd.item(y))).toEqual([16 + 12 + 20, 120]);
  });

  test("refuses reverse mode with advice", async () => {
    await expect(run(t.grad(root), f64([2], []))).rejects.toThrow(/whileLoop: .*reverse.*scan/);
  });

  test("the condition must be one bool", async () => {
    await expect(
      run(
        (x: Tensor) =>
          t.whileLoop(
            (c: Tensor) => t.less(c, 1),
            (c) => c,
            x,
          ),
        f64([1, 2]),
      ),
    ).rejects.toThrow(/whileLoop: the condition must be one bool: got bool\[2\]/);
  });
});

describe("cond", () => {
  /** x³ where the sum is positive, k sin x elsewhere. */
  const f = (x: Tensor, k: Tensor): Tensor =>
    t.cond(
      t.greater(x.sum(), 0),
      ({ x }) => x.pow(3),
      ({ x }) => x.sin().mul(k),
      { x },
    );

  test("takes the branch the test says, with both kinds of derivative", async () => {
    const g = await run(
      (x: Tensor, k: Tensor) => ({
        y: f(x, k),
        slope: t.jvp(f, [x, k], [x.mul(0).add(1), k])[1],
        gradient: t.grad((x: Tensor, k: Tensor) => f(x, k).sum())(x, k),
        second: t.hvp((x: Tensor) => f(x, k).sum(), x, x.mul(0).add(1)),
        outside: t.grad((k: Tensor) => f(x, k).sum())(k),
      }),
      f64([1, 2]),
      f64([3], []),
    );
    expectClose(g.y, [1, 8], 1e-14);
    expectClose(g.slope, [3, 12], 1e-14);
    expectClose(g.gradient, [3, 12], 1e-14);
    expectClose(g.second, [6, 12], 1e-14);
    expectClose(g.outside, [0], 1e-14);
    const h = await run(
      (x: Tensor, k: Tensor) => ({
        y: f(x, k),
        gradient: t.grad((x: Tensor, k: Tensor) => f(x, k).sum())(x, k),
        outside: t.grad((k: Tensor) => f(x, k).sum())(k),
      }),
      f64([-1, -2]),
      f64([3], []),
    );
    expectClose(h.y, [-3 * Math.sin(1), -3 * Math.sin(2)], 1e-14);
    expectClose(h.gradient, [3 * Math.cos(1), 3 * Math.cos(2)], 1e-14);
    expectClose(h.outside, [-Math.sin(1) - Math.sin(2)], 1e-14);
  });

  test("rows of a batch choose for themselves, and share a choice made outside", async () => {
    const y = await run((x: Tensor, k: Tensor) => t.vmap((row: Tensor) => f(row, k))(x), f64([1, 2, -1, -2], [2, 2]), f64([3], []));
    expectClose(y, [1, 8, -3 * Math.sin(1), -3 * Math.sin(2)], 1e-14);
    const shared = await run(
      (x: Tensor, go: Tensor) =>
        t.vmap((row: Tensor) =>
          t.cond(
            t.greater(go, 0),
            (r: Tensor) => r.exp(),
            (r: Tensor) => r,
            row,
          ),
        )(x),
      f64([0, 1, 2], [3, 1]),
      f64([1], []),
    );
    expectClose(shared, [1, Math.E, Math.E ** 2], 1e-14);
  });

  test("nests, works inside scan, and does not compute the other branch", async () => {
    // The branch that is not taken would loop for ever.
    const forever = (x: Tensor): Tensor =>
      t.whileLoop(
        (c: Tensor) => t.greaterEqual(c.mul(0), 0),
        (c) => c.add(1),
        x,
      );
    const y = await run(
      (xs: Tensor) =>
        t.scan(
          (s: Tensor, x: Tensor) => ({
            carry: t.cond(
              t.greater(x, 0),
              ({ s, x }) =>
                t.cond(
                  t.greater(x, 5),
                  ({ s }) => s.mul(10),
                  ({ s, x }) => s.add(x),
                  { s, x },
                ),
              ({ s }) => t.cond(t.less(s.mul(0), 1), (s: Tensor) => s, forever, s),
              { s, x },
            ),
          }),
          t.scalar(0, "f64"),
          xs,
        ).carry,
      f64([1, -3, 2, 6, -1, 4]),
    );
    expect(nd.item(y)).toBe(34);
  });

  test("branches must agree, and the test must be one bool", async () => {
    const one = (x: Tensor): Tensor => x;
    await expect(run((x: Tensor) => t.cond(true, one, (x) => x.sum(), x), f64([1, 2]))).rejects.toThrow(/result 0 differs/);
    await expect(
      run(
        (x: Tensor) =>
          t.cond(
            true,
            (x): unknown => ({ x }),
            (x) => ({ y: x }),
            x,
          ) as Tensor,
        f64([1]),
      ),
    ).rejects.toThrow(/different trees/);
    await expect(run((x: Tensor) => t.cond(t.less(x, 1), one, one, x), f64([1, 2]))).rejects.toThrow(/one bool/);
  });
});
