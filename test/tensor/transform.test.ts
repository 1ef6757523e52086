import { describe, expect, test } from "vitest";
import type { NdArray } from "../../src/array/index.ts";
import * as nd from "../../src/array/index.ts";
import type { Tensor } from "../../src/tensor/index.ts";
import * as t from "../../src/tensor/index.ts";
import { writeModel } from "../../src/tensor/write.ts";
import { checkDerivatives, expectClose, f32, f64, i32, normal, run, spread } from "./check.ts";

const nodes = (f: (...xs: Tensor[]) => unknown, ...args: NdArray[]): number => writeModel(t.trace(f as () => Tensor, args)).nodes;
const third = (f: (x: Tensor) => Tensor) => t.grad(t.grad(t.grad(f)));

describe("derivatives of derivatives", () => {
  test("third derivatives of compositions are their closed forms", async () => {
    const x = 0.7;
    const cases: [(v: Tensor) => Tensor, number][] = [
      [(v) => t.sin(t.square(v)), -12 * x * Math.sin(x * x) - 8 * x ** 3 * Math.cos(x * x)],
      [(v) => t.exp(v.mul(2)).mul(v), (8 * x + 12) * Math.exp(2 * x)],
      [(v) => t.log(v.square().add(1)), (4 * x * (x * x - 3)) / (1 + x * x) ** 3],
      [(v) => t.tanh(v), (1 - Math.tanh(x) ** 2) * (6 * Math.tanh(x) ** 2 - 2)],
      [(v) => t.reciprocal(v), -6 / x ** 4],
      [(v) => t.pow(v, 2.5), 2.5 * 1.5 * 0.5 * x ** -0.5],
      [(v) => t.pow(v, 3), 6],
      [(v) => t.sqrt(v), (3 / 8) * x ** -2.5],
      [(v) => t.atan(v), (6 * x * x - 2) / (1 + x * x) ** 3],
      [(v) => t.erf(v), (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * (4 * x * x - 2)],
      [(v) => t.prod(t.stack([v, v, v, v])), 24 * x],
      [(v) => t.matmul(t.stack([v, v.square()]), t.stack([v.square(), v])), 12],
    ];
    const at = f64([x], []);
    const reverse = await run((v: Tensor) => cases.map(([f]) => third(f)(v)), at);
    const one = t.scalar(1, "f64");
    const along = (f: (v: Tensor) => Tensor) => (v: Tensor) => t.jvp(f, [v], [one])[1];
    const forward = await run((v: Tensor) => cases.map(([f]) => along(along(along(f)))(v)), at);
    const mixed = await run((v: Tensor) => cases.map(([f]) => t.grad(along(t.grad(f)))(v)), at);
    cases.forEach(([, expected], i) => {
      for (const r of [reverse, forward, mixed]) expectClose(r[i], [expected], 1e-13, `case ${i}`);
    });
  });

  test("an inner derivative does not see the outer variable", async () => {
    // d/dx (x · d/dy (x + y)) = 1; d/dx (x · d/dy (x y)) = 2x; and the same with forward mode inside, outside, and both.
    const one = t.scalar(1, "f64");
    const forward = (f: (v: Tensor) => Tensor) => (v: Tensor) => t.jvp(f, [v], [one])[1];
    const modes = [t.grad, forward] as ((f: (v: Tensor) => Tensor) => (v: Tensor) => Tensor)[];
    const results = await run(
      (v: Tensor) =>
        modes.flatMap((outer) =>
          modes.map((inner) => [
            outer((x) => x.mul(inner((y) => x.add(y))(x)))(v),
            outer((x) => x.mul(inner((y) => x.mul(y))(x)))(v),
            outer((x) => inner((y) => x.mul(y).mul(y))(x.mul(x)))(v),
          ]),
        ),
      f64([3], []),
    );
    // d/dx (2 x x²) = 6 x².
    for (const r of results) expect(r.map((y) => nd.item(y))).toEqual([1, 6, 54]);
  });

  test("hvp is the Hessian times a vector, and the Hessian is symmetric", async () => {
    const w = normal([4, 4]);
    const f = (x: Tensor): Tensor => t.tanh(x.matmul(w)).square().sum().add(t.logsumexp(x));
    const [x, v] = [normal([4], 2), normal([4], 3)];
    const [h, hv] = await run((a: Tensor, b: Tensor) => [t.hessian(f)(a), t.hvp(f, a, b)], x, v);
    const [m, d] = [nd.toNumbers(h), nd.toNumbers(v)];
    expectClose(
      hv,
      [0, 1, 2, 3].map((i) => d.reduce((s, dj, j) => s + m[4 * i + j] * dj, 0)),
      1e-14,
    );
    expectClose(
      h,
      [0, 1, 2, 3].flatMap((i) => [0, 1, 2, 3].map((j) => m[4 * j + i])),
      1e-14,
    );
  });

  test("hvp of a tree is a tree", async () => {
    const f = (p: { a: Tensor; b: Tensor[] }): Tensor => p.a.mul(p.b[0]).mul(p.b[0]).sum();
    const r = await run((a: Tensor, b: Tensor) => t.hvp(f, { a, b: [b] }, { a: a.mul(0).add(1), b: [b.mul(0)] }), f64([2]), f64([3]));
    // ∂²/∂a² = 0, ∂²/∂a∂b = 2b = 6.
    expect([nd.toNumbers(r.a), nd.toNumbers(r.b[0])]).toEqual([[0], [6]]);
  });
});

describe("jacobian", () => {
  const w = normal([3, 2]);
  test("is the same in either mode, for tall and wide functions and ranks", async () => {
    // Wide: 6 inputs, 2 outputs (reverse); tall: 2 inputs, 6 outputs (forward). J[o, i] by one vjp or jvp at a time.
    const wide = (x: Tensor): Tensor => t.sin(x).mul(w).sum(0);
    const tall = (x: Tensor): Tensor =>
      t
        .exp(x)
        .mul(t.stack([x, x, t.square(x)]))
        .reshape([3, 2]);
    const r = await run(
      (a: Tensor, b: Tensor) => {
        const unit = (n: number, k: number, shape: number[]): Tensor => t.eye(n, "f64").slice(k).reshape(shape);
        const columns = [0, 1].map((k) => t.jvp(tall, [b], [unit(2, k, [2])])[1]);
        const rows = [0, 1].map((k) => t.vjp(wide, a)[1](unit(2, k, [2]))[0]);
        const wideByForward = Array.from({ length: 6 }, (_, k) => t.jvp(wide, [a], [unit(6, k, [3, 2])])[1]);
        return [
          t.jacobian(wide)(a),
          t.stack(rows),
          t.stack(wideByForward, 1).reshape([2, 3, 2]),
          t.jacobian(tall)(b),
          t.stack(columns, -1),
        ];
      },
      normal([3, 2], 2),
      normal([2], 3),
    );
    expect(r[0].shape).toEqual([2, 3, 2]);
    expect(r[3].shape).toEqual([3, 2, 2]);
    expectClose(r[0], r[1], 1e-15);
    expectClose(r[0], r[2], 1e-15);
    expectClose(r[3], r[4], 1e-15);
  });

  test("of scalars, to scalars, and of functions that ignore their argument", async () => {
    const r = await run(
      (x: Tensor, v: Tensor) => [
        t.jacobian((y) => y.square())(x),
        t.jacobian((y) => t.stack([y, y.mul(2)]))(x),
        t.jacobian((y) => y.square().sum())(v),
        t.jacobian((y) => y.mul(0).add(1))(v),
        t.jacobian(() => t.scalar(2, "f64"))(v),
      ],
      f64([3], []),
      f64([1, 2]),
    );
    expect(r.map((y) => [y.shape, nd.toNumbers(y)])).toEqual([
      [[], [6]],
      [[2], [1, 2]],
      [[2], [2, 4]],
      [
        [2, 2],
        [0, 0, 0, 0],
      ],
      [[2], [0, 0]],
    ]);
  });
});

describe("vmap composes with", () => {
  const w = normal([3, 3], 9);
  const f = (x: Tensor, y: Tensor): Tensor =>
    t
      .tanh(x.matmul(w))
      .mul(y)
      .sum()
      .add(t.logsumexp(x.mul(y)));
  const [x, y] = [normal([4, 3], 1), normal([4, 3], 2)];

  test("grad, both ways", async () => {
    const r = await run(
      (a: Tensor, b: Tensor) => [
        t.vmap(t.grad(f))(a, b),
        t.grad((c: Tensor) => t.vmap(f)(c, b).sum())(a),
        t.stack([0, 1, 2, 3].map((k) => t.grad(f)(a.slice(k), b.slice(k)))),
      ],
      x,
      y,
    );
    expectClose(r[0], r[2], 1e-14);
    expectClose(r[1], r[2], 1e-14);
  });

  test("vmap: the outer product of two batches", async () => {
    const r = await run(
      (a: Tensor, b: Tensor) => [
        t.vmap((u: Tensor) => t.vmap((v: Tensor) => f(u, v))(b))(a),
        t.vmap(t.vmap(f, [null, 0]), [0, null])(a, b),
        t.stack([0, 1, 2, 3].map((i) => t.stack([0, 1, 2, 3].map((j) => f(a.slice(i), b.slice(j)))))),
      ],
      x,
      y,
    );
    expect(r[0].shape).toEqual([4, 4]);
    expectClose(r[0], r[2], 1e-14);
    expectClose(r[1], r[2], 1e-14);
  });

  test("jacobian and hessian", async () => {
    const g = (u: Tensor): Tensor => t.softmax(u.matmul(w));
    const h = (u: Tensor): Tensor => g(u).square().sum();
    const r = await run(
      (a: Tensor) => [
        [t.vmap(t.jacobian(g))(a), t.stack([0, 1, 2, 3].map((k) => t.jacobian(g)(a.slice(k))))],
        [t.vmap(t.hessian(h))(a), t.stack([0, 1, 2, 3].map((k) => t.hessian(h)(a.slice(k))))],
      ],
      x,
    );
    for (const [batched, single] of r) expectClose(batched, single, 1e-13);
  });

  test("any axis of trees, shared arguments and results that do not depend on the batch", async () => {
    const g = (p: { a: Tensor; b: Tensor }, s: Tensor) => ({ sum: p.a.add(p.b).mul(s), constant: s.mul(2) });
    const r = await run(
      (a: Tensor, b: Tensor, s: Tensor) => t.vmap(g, [1, null])({ a, b }, s),
      f64([1, 2, 3, 4, 5, 6], [2, 3]),
      f64([10, 20, 30, 40, 50, 60], [2, 3]),
      f64([2], []),
    );
    expect(r.sum.shape).toEqual([3, 2]);
    expect(nd.toNumbers(r.sum)).toEqual([22, 88, 44, 110, 66, 132]);
    expect(nd.toNumbers(r.constant)).toEqual([4, 4, 4]);
  });

  test("names batches that do not fit", async () => {
    const add = (a: Tensor, b: Tensor): Tensor => a.add(b);
    await expect(run(t.vmap(add), f64([1, 2]), f64([1, 2, 3]))).rejects.toThrow(/vmap: batch sizes differ: 2, 3/);
    await expect(run(t.vmap(add), f64([1, 2]), f64([1], []))).rejects.toThrow(/vmap: argument 1 has no axis to map over/);
    await expect(run(t.vmap(add, [null, null]), f64([1]), f64([1]))).rejects.toThrow(/vmap: no argument is mapped/);
  });
});

describe("the forward Laplacian", () => {
  const [w1, w2, b1, a1] = [normal([3, 6], 11), normal([6, 6], 12), normal([6], 13), normal([6], 14)];
  const networks: Record<string, (x: Tensor) => Tensor> = {
    "tanh and silu": (x) =>
      t
        .silu(t.tanh(x.matmul(w1).add(b1)).matmul(w2))
        .mul(a1)
        .sum(-1),
    "exp, log1p, reciprocal and sqrt": (x) =>
      t
        .log1p(t.exp(x.matmul(w1)))
        .add(t.reciprocal(t.square(x.matmul(w1)).add(1)))
        .mul(t.sqrt(x.square().sum(-1, true).add(0.3)))
        .sum(-1),
    softmax: (x) => t.softmax(x.matmul(w1)).mul(a1).sum(-1),
    "logsumexp and logSoftmax": (x) => t.logsumexp(x.matmul(w1), -1).add(t.logSoftmax(x.mul(2)).mul(x).sum(-1)),
    "a product of two dependent tensors": (x) => t.sin(x).mul(t.exp(x)).sum(-1).mul(x.square().sum(-1)),
    "a quotient and powers of dependent tensors": (x) =>
      t
        .div(t.sin(x), t.exp(x).add(1))
        .add(t.pow(t.exp(x), t.sin(x)))
        .sum(-1),
    "a matrix product of two dependent tensors": (x) => {
      const m = t.sin(t.expandDims(x, -1).mul(f64([1, 2, 0.5]))); // [..., 3, 3]
      return t
        .matmul(m, m.transpose())
        .matmul(t.expandDims(t.exp(x), -1))
        .sum([-1, -2]);
    },
    standardize: (x) => t.standardize(x.matmul(w1)).mul(a1).sum(-1),
    where: (x) => t.where(t.less(x, 0.2), t.exp(x), t.square(x)).sum(-1),
    "maximum, max and sort": (x) =>
      t
        .maximum(x.square(), t.sin(x))
        .sum(-1)
        .add(t.exp(x).max(-1))
        .add(
          t
            .sort(t.exp(x))
            .mul(f64([1, 2, 3]))
            .sum(-1),
        ),
    "prod and cumsum": (x) => t.prod(t.cumsum(t.sin(x)), -1),
    "distances between points": (x) => {
      const r = t.expandDims(x, -1).sub(t.expandDims(x, -2)).square().add(1);
      return t
        .sqrt(r)
        .sum([-1, -2])
        .add(
          t
            .concat([x, t.exp(x)], -1)
            .slice(...new Array(x.rank - 1).fill(null), [1, 5])
            .square()
            .sum(-1),
        );
    },
    "slogdet of dependent matrices": (x) => t.slogdet(t.sin(t.expandDims(x, -1).mul(f64([1, 2, 0.5]))).add(t.eye(3, "f64"))).logAbs,
    "a linear function": (x) => x.matmul(f64([1, 2, 3])),
    "a function of nothing": (x) => x.mul(0).sum(-1).add(1),
    scan: (x) =>
      (t.scan((c: Tensor, k: Tensor) => ({ carry: t.tanh(c.mul(k)).add(x) }), x, t.constant(f64([0.5, 1.5]))).carry as Tensor)
        .square()
        .sum(-1),
    checkpoint: (x) =>
      t
        .checkpoint((y: Tensor) => t.tanh(y.matmul(w1)).square())(x)
        .sum(-1),
  };
  for (const [name, f] of Object.entries(networks))
    test(`is the trace of the Hessian: ${name}`, async () => {
      const x = spread(-1.2, 1.3, [4, 3], 4);
      const r = await run((z: Tensor) => {
        const rows = [0, 1, 2, 3].map((k) => z.slice(k));
        return {
          forward: t.laplacian(f)(z),
          value: f(z),
          gradient: t.grad((y: Tensor) => f(y).sum())(z),
          trace: t.stack(rows.map((row) => t.diagonal(t.hessian(f)(row)).sum())),
          single: t.laplacian(f)(rows[0]),
        };
      }, x);
      expectClose(r.forward.value, r.value, 1e-14);
      expectClose(r.forward.gradient, r.gradient, 1e-13);
      expectClose(r.forward.laplacian, r.trace, 1e-12);
      expectClose(r.single.laplacian, nd.toNumbers(r.trace).slice(0, 1), 1e-12);
    });

  test("has derivatives of its own", async () => {
    const energy = (x: Tensor): Tensor => {
      const l = t.laplacian(networks["tanh and silu"])(x);
      return l.laplacian.add(l.gradient.square().sum(-1));
    };
    await checkDerivatives(energy, [normal([2, 3], 5)], { without: ["f32"] });
  });

  test("of Σ x⁴ is 12 Σ x²", async () => {
    const x = f32([1, 2, 3, -1], [2, 2]);
    const r = await run(
      t.laplacian((z: Tensor) => t.pow(z, 4).sum(-1)),
      x,
    );
    expect([nd.toNumbers(r.value), nd.toNumbers(r.gradient), nd.toNumbers(r.laplacian)]).toEqual([
      [17, 82],
      [4, 32, 108, -4],
      [60, 120],
    ]);
  });

  test("needs a function of rows", async () => {
    await expect(
      run(
        t.laplacian((z: Tensor) => z),
        f64([1, 2]),
      ),
    ).rejects.toThrow(/laplacian: f must map \[..., d\] to \[...\]/);
  });
});

describe("stopGradient", () => {
  test("keeps values and drops derivatives of every order and mode", async () => {
    const f = (x: Tensor): Tensor => t.stopGradient(t.exp(x)).mul(x.square());
    const r = await run(
      (x: Tensor) => [
        f(x),
        t.grad(f)(x),
        t.grad(t.grad(f))(x),
        t.jvp(f, [x], [t.scalar(1, "f64")])[1],
        t.laplacian((z: Tensor) => f(z).sum(-1))(x.reshape([1])).laplacian,
      ],
      f64([2], []),
    );
    const e = Math.exp(2);
    r.forEach((y, i) => expectClose(y, [[4 * e], [4 * e], [2 * e], [4 * e], [2 * e]][i], 1e-15));
  });

  test("takes trees and works under vmap", async () => {
    const g = t.grad((p: { a: Tensor; b: Tensor }) => {
      const { a, b } = t.stopGradient(p);
      return a.mul(p.b).add(b).sum();
    });
    const r = await run((a: Tensor, b: Tensor) => t.vmap(g)({ a, b }), f64([2, 3]), f64([5, 7]));
    expect([nd.toNumbers(r.a), nd.toNumbers(r.b)]).toEqual([
      [0, 0],
      [2, 3],
    ]);
  });
});

describe("customVjp", () => {
  // log(1 + e^x) with its derivative in a form of its own, so that all orders can be checked against the built-in function.
  const own = t.customVjp(
    (x: Tensor, y: Tensor) => t.log(t.exp(x).add(1)).mul(y),
    ([x, y], ct, value) => [ct.mul(y).div(t.exp(x.neg()).add(1)), ct.mul(value.div(y))],
  );
  test("gives its rule to reverse mode, its transpose to forward mode, and derivatives of both", () =>
    checkDerivatives((x, y) => own(x, y), [normal([3]), spread(1, 2, [3])]));

  test("may state a rule that is not the derivative", async () => {
    const clipped = t.customVjp(
      (x: Tensor) => x.mul(1),
      (_, ct) => [t.clamp(ct, -1, 1)],
    );
    const r = await run(
      (x: Tensor) => [t.grad((y: Tensor) => clipped(y).mul(5).sum())(x), t.vmap(t.grad((y: Tensor) => clipped(y).mul(5)))(x)],
      f64([1, 2]),
    );
    for (const g of r) expect(nd.toNumbers(g)).toEqual([1, 1]);
  });

  test("takes and returns trees", async () => {
    const f = t.customVjp(
      (p: { a: Tensor; b: Tensor }) => ({ product: p.a.mul(p.b), sum: p.a.add(p.b) }),
      ([p], ct) => [{ a: ct.product.mul(p.b).add(ct.sum), b: ct.product.mul(p.a).add(ct.sum).mul(10) }],
    );
    const g = await run(
      (a: Tensor, b: Tensor) => t.grad((p: { a: Tensor; b: Tensor }) => f(p).product.add(f(p).sum))({ a, b }),
      f64([2], []),
      f64([3], []),
    );
    expect([nd.item(g.a), nd.item(g.b)]).toEqual([4, 30]);
  });

  test("refuses tensors from outside and rules of another length", async () => {
    await expect(
      run(
        (x: Tensor) =>
          t.customVjp(
            (y: Tensor) => y.mul(x),
            (_, ct) => [ct],
          )(x),
        f64([1]),
      ),
    ).rejects.toThrow(/customVjp: the function uses tensors from outside/);
    await expect(
      run(
        t.grad((x: Tensor) =>
          t.customVjp(
            (y: Tensor) => y.square(),
            () => [],
          )(x),
        ),
        f64([1], []),
      ),
    ).rejects.toThrow(/customVjp: the rule gives 0 cotangents for 1 inputs/);
  });
});

describe("checkpoint", () => {
  const w = normal([4, 4], 21);
  const block = (x: Tensor, s: Tensor): Tensor => t.tanh(t.tanh(t.tanh(x.matmul(w)).matmul(w)).mul(s));
  test("has the values and all derivatives of the function", () =>
    checkDerivatives((x, s) => t.checkpoint((y: Tensor) => block(y, s))(x), [normal([2, 4]), normal([4])], { without: ["f32"] }));

  test("computes again in the backward pass: the graph has the block twice", async () => {
    const [x, s] = [normal([2, 4]), normal([4])];
    const loss = (f: (a: Tensor, b: Tensor) => Tensor) => t.valueAndGrad((a: Tensor, b: Tensor) => f(a, b).sum());
    const forward = nodes(block, x, s);
    // All of the block but its last operation, whose value the loss needs, are made again.
    expect(nodes(loss(t.checkpoint(block)), x, s)).toBeGreaterThanOrEqual(nodes(loss(block), x, s) + forward - 1);
    const [[v, g], [cv, cg]] = await run((a: Tensor, b: Tensor) => [loss(block)(a, b), loss(t.checkpoint(block))(a, b)], x, s);
    expectClose(cv, v, 1e-15);
    expectClose(cg, g, 1e-14);
  });
});

describe("valueAndGrad", () => {
  test("gives value, auxiliary results and a gradient shaped like its first argument", async () => {
    const f = (p: { w: Tensor; b: Tensor[] }, x: Tensor): [Tensor, { y: Tensor }] => {
      const y = x.matmul(p.w).add(p.b[0]);
      return [y.square().sum(), { y }];
    };
    const r = await run(
      (w: Tensor, b: Tensor, x: Tensor) => t.valueAndGrad(f, { aux: true })({ w, b: [b] }, x),
      f64([1, 2], [2, 1]),
      f64([3]),
      f64([1, 1], [1, 2]),
    );
    const [[value, { y }], gradient] = r;
    expect([nd.item(value), nd.toNumbers(y), nd.toNumbers(gradient.w), nd.toNumbers(gradient.b[0])]).toEqual([36, [6], [12, 12], [12]]);
  });

  test("is zero for arguments that the function ignores", async () => {
    const g = await run(
      t.grad((p: { a: Tensor; b: Tensor }) => p.a.square().sum()),
      { a: f64([3]), b: f64([1, 2]) },
    );
    expect([nd.toNumbers(g.a), nd.toNumbers(g.b)]).toEqual([[6], [0, 0]]);
  });

  test("vjp of a tree with integers leaves them out", async () => {
    const r = await run(
      (x: Tensor, i: Tensor) => t.vjp((p: { x: Tensor; i: Tensor }) => t.take(p.x, p.i), { x, i })[1](t.constant(f64([1, 10])))[0],
      f64([1, 2, 3]),
      i32([2, 2]),
    );
    expect(nd.toNumbers(r.x)).toEqual([0, 0, 11]);
    expect(r.i.dtype).toBe("i32");
  });
});

describe("lowPrecision", () => {
  /** Round to nearest even with `bits` fraction bits and subnormals below 2^minimum, by exact arithmetic in f64. */
  const rounded = (x: number, bits: number, minimum: number): number => {
    if (x === 0 || !Number.isFinite(x)) return x;
    const unit = 2 ** (Math.max(Math.floor(Math.log2(Math.abs(x))), minimum) - bits);
    const q = x / unit;
    const low = Math.floor(q);
    const even = q - low === 0.5 ? low + (((low % 2) + 2) % 2) : Math.round(q);
    return even * unit;
  };
  const modes = { bf16: (x: number) => rounded(x, 7, -126), f16: (x: number) => rounded(x, 10, -14) } as const;
  const x = spread(-2, 2, [5, 8]);
  const single = f32(nd.toNumbers(x), [5, 8]);
  for (const mode of ["bf16", "f16"] as const) {
    test(`${mode}: every operation is rounded, one by one`, async () => {
      const round = modes[mode];
      const r = await run(
        t.lowPrecision(mode, (y: Tensor) => y.mul(1.1).add(0.3).mul(y)),
        single,
      );
      const c = [1.1, 0.3].map(Math.fround);
      const expected = Array.from(single.data as Float32Array, (v) =>
        round(Math.fround(round(Math.fround(round(Math.fround(v * c[0])) + c[1])) * v)),
      );
      expect(nd.toNumbers(r)).toEqual(expected);
    });

    test(`${mode}: values, gradients and second derivatives are representable`, async () => {
      const w = f32(nd.toNumbers(normal([8, 8])), [8, 8]);
      const f = t.lowPrecision(mode, (y: Tensor) =>
        t
          .silu(t.tanh(y.matmul(w)).matmul(w))
          .square()
          .sum(),
      );
      const r = await run((y: Tensor) => [f(y), t.grad(f)(y), t.hvp(f, y, y.roundTo(mode)), t.vmap(f)(y)], single);
      for (const y of r) for (const v of nd.toNumbers(y)) expect(v).toBe(modes[mode](v));
    });

    test(`${mode}: nothing outside is rounded`, async () => {
      const r = await run(
        (y: Tensor) => [
          t
            .lowPrecision(mode, (z: Tensor) => z.mul(3))(y)
            .mul(1.1),
          y.mul(1.1),
        ],
        single,
      );
      expect(nd.toNumbers(r[1])).toEqual(Array.from(single.data as Float32Array, (v) => Math.fround(v * Math.fround(1.1))));
    });
  }

  test("overflow to infinity in f16, not in bf16", async () => {
    const r = await run((y: Tensor) => [y.roundTo("f16"), y.roundTo("bf16")], f32([70000, 2 ** -25, 65519]));
    expect(nd.toNumbers(r[0])).toEqual([Number.POSITIVE_INFINITY, 0, 65504]);
    expect(nd.toNumbers(r[1])).toEqual([70144, 2 ** -25, 65536]);
  });
});
