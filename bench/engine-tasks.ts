/** The engine benchmark's tasks, as programs of this library. The peers implement the same steps in bench/peers/. */

import type { NdArray } from "../src/array/index.ts";
import * as nd from "../src/array/index.ts";
import { type AdamState, adam, applyUpdates } from "../src/optim/index.ts";
import type { Arrays, Tensor } from "../src/tensor/index.ts";
import * as pf from "../src/tensor/index.ts";

type Params = Record<string, Tensor>;
type Weights = Record<string, NdArray>;

export interface Task {
  readonly name: string;
  readonly what: string;
  /** State first, then data; returns the next state. */
  // biome-ignore lint/suspicious/noExplicitAny: tasks differ in the trees they take.
  readonly step: (...args: any[]) => unknown;
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  readonly args: () => any[];
  /** How a result becomes the next call's first arguments. */
  readonly next?: (result: never) => unknown[];
}

const rng = nd.randomStream(0);
const weights = (sizes: readonly number[]): Weights => {
  const params: Weights = {};
  for (let i = 0; i + 1 < sizes.length; i++) {
    params[`w${i}`] = scaled([sizes[i], sizes[i + 1]], 1 / Math.sqrt(sizes[i]));
    params[`b${i}`] = nd.allocate("f32", [sizes[i + 1]]);
  }
  return params;
};
const scaled = (shape: number[], scale: number): NdArray => {
  const a = rng.normal(shape);
  for (let i = 0; i < a.data.length; i++) (a.data as Float32Array)[i] *= scale;
  return a;
};

const mlp = (activation: (x: Tensor) => Tensor, layers: number) => (p: Params, x: Tensor) => {
  let h = x;
  for (let i = 0; i < layers; i++) {
    h = h.matmul(p[`w${i}`]).add(p[`b${i}`]);
    if (i + 1 < layers) h = activation(h);
  }
  return h;
};

const sgd = (p: Params, g: Params, rate = 1e-3): Params => Object.fromEntries(Object.keys(p).map((k) => [k, p[k].sub(g[k].mul(rate))]));

const gradientStep =
  (loss: (p: Params, ...data: Tensor[]) => Tensor) =>
  (p: Params, ...data: Tensor[]) => {
    const [value, g] = pf.valueAndGrad(loss)(p, ...data);
    return { params: sgd(p, g), value };
  };
const again = ({ params }: Arrays<{ params: Params }>): unknown[] => [params];

const smallNet = mlp(pf.silu, 3);
const bigNet = mlp(pf.relu, 3);
const tanhNet = mlp(pf.tanh, 3);

const crossEntropy = (logits: Tensor, labels: Tensor): Tensor => pf.takeAlong(pf.logSoftmax(logits), labels.expandDims(1)).mean().neg();

const optimizer = adam(1e-3);

interface Trained {
  params: Params;
  optimizer: AdamState;
}

function adamStep(state: Trained, x: Tensor, y: Tensor): { state: Trained; value: Tensor } {
  const [value, g] = pf.valueAndGrad((p: Params) => crossEntropy(bigNet(p, x), y))(state.params);
  const { updates, state: next } = optimizer.update(g, state.optimizer, state.params);
  return { state: { params: applyUpdates(state.params, updates), optimizer: next }, value };
}

function convNet(p: Params, x: Tensor): Tensor {
  let h = pf.maxPool(pf.relu(pf.conv(x, p.k0, { padding: 1 }).add(p.c0.reshape([1, 16, 1, 1]))), 2);
  h = pf.maxPool(pf.relu(pf.conv(h, p.k1, { padding: 1 }).add(p.c1.reshape([1, 32, 1, 1]))), 2);
  return h.reshape([x.shape[0], -1]).matmul(p.w).add(p.b);
}

function transformerBlock(p: Params, x: Tensor): Tensor {
  const [batch, tokens, width] = x.shape;
  const heads = 4;
  const split = (h: Tensor): Tensor => h.reshape([batch, tokens, heads, width / heads]).transpose([0, 2, 1, 3]);
  const norm = (h: Tensor, i: number): Tensor => pf.standardize(h).mul(p[`g${i}`]).add(p[`o${i}`]);
  const h = norm(x, 0);
  const [q, k, v] = [p.wq, p.wk, p.wv].map((w) => split(h.matmul(w)));
  const scores = q.matmul(k.transpose()).mul(1 / Math.sqrt(width / heads));
  const mixed = pf.softmax(scores).matmul(v).transpose([0, 2, 1, 3]).reshape([batch, tokens, width]);
  const y = x.add(mixed.matmul(p.wo));
  return y.add(pf.gelu(norm(y, 1).matmul(p.w0).add(p.b0)).matmul(p.w1).add(p.b1));
}

const transformerWeights = (): Weights => {
  const d = 128;
  const p: Weights = {};
  for (const k of ["wq", "wk", "wv", "wo"]) p[k] = scaled([d, d], 1 / Math.sqrt(d));
  Object.assign(p, {
    w0: scaled([d, 4 * d], 1 / Math.sqrt(d)),
    b0: nd.allocate("f32", [4 * d]),
    w1: scaled([4 * d, d], 0.5 / Math.sqrt(d)),
    b1: nd.allocate("f32", [d]),
  });
  for (const i of [0, 1]) Object.assign(p, { [`g${i}`]: nd.array(new Array(d).fill(1)), [`o${i}`]: nd.allocate("f32", [d]) });
  return p;
};

const labels = (n: number): NdArray =>
  nd.array(
    Array.from({ length: n }, (_, i) => i % 10),
    "i32",
  );

export const tasks: readonly Task[] = [
  {
    name: "T1",
    what: "MLP 2-64-64-1, batch 256, gradient step",
    step: gradientStep((p, x, y) => smallNet(p, x).sub(y).square().mean()),
    args: () => [weights([2, 64, 64, 1]), rng.normal([256, 2]), rng.normal([256, 1])],
    next: again,
  },
  {
    name: "T2",
    what: "the same, loss = mean squared input gradient",
    step: gradientStep((p, x) =>
      pf
        .grad((z: Tensor) => smallNet(p, z).sum())(x)
        .square()
        .sum(1)
        .mean(),
    ),
    args: () => [weights([2, 64, 64, 1]), rng.normal([256, 2])],
    next: again,
  },
  {
    name: "T2w",
    what: "T2 at width 256",
    step: gradientStep((p, x) =>
      pf
        .grad((z: Tensor) => smallNet(p, z).sum())(x)
        .square()
        .sum(1)
        .mean(),
    ),
    args: () => [weights([2, 256, 256, 1]), rng.normal([256, 2])],
    next: again,
  },
  {
    name: "T3",
    what: "MLP 784-512-512-10, batch 128, Adam step",
    step: adamStep,
    args() {
      const params = weights([784, 512, 512, 10]);
      return [{ params, optimizer: optimizer.init(params) }, rng.normal([128, 784]), labels(128)];
    },
    next: ({ state }: { state: unknown }) => [state],
  },
  {
    name: "T4",
    what: "convolutional net 28x28, batch 64, gradient step",
    step: gradientStep((p, x, y) => crossEntropy(convNet(p, x), y)),
    args: () => [
      {
        k0: scaled([16, 1, 3, 3], 1 / 3),
        c0: nd.allocate("f32", [16]),
        k1: scaled([32, 16, 3, 3], 1 / 12),
        c1: nd.allocate("f32", [32]),
        w: scaled([1568, 10], 0.02),
        b: nd.allocate("f32", [10]),
      },
      rng.normal([64, 1, 28, 28]),
      labels(64),
    ],
    next: again,
  },
  {
    name: "T5",
    what: "transformer block, width 128, 64 tokens, batch 16, gradient step",
    step: gradientStep((p, x) => transformerBlock(p, x).square().mean()),
    args: () => [transformerWeights(), rng.normal([16, 64, 128])],
    next: again,
  },
  {
    name: "T6",
    what: "forward Laplacian, MLP 12-64-64-1, 256 rows",
    step: (p: Params, x: Tensor) => pf.laplacian((z: Tensor) => tanhNet(p, z).squeeze(-1))(x),
    args: () => [weights([12, 64, 64, 1]), rng.normal([256, 12])],
  },
  {
    name: "T7",
    what: "matrix product 1024 x 1024 x 1024",
    step: (a: Tensor, b: Tensor) => a.matmul(b),
    args: () => [rng.normal([1024, 1024]), rng.normal([1024, 1024])],
  },
];
