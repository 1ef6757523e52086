/** Three networks for the benchmark of optimizers; bench/peers/optimizers_torch.py builds the same. */

import type { NdArray } from "../src/array/index.ts";
import * as nd from "../src/array/index.ts";
import * as nn from "../src/nn/index.ts";
import type { Tensor } from "../src/tensor/index.ts";
import * as pf from "../src/tensor/index.ts";

export interface Model {
  readonly name: string;
  readonly what: string;
  readonly batch: number;
  /** How the curvature of its layers is taken. */
  readonly curvature: Readonly<Record<string, string>>;
  init(): object;
  data(): NdArray[];
  // biome-ignore lint/suspicious/noExplicitAny: models differ in the trees they take.
  loss(params: any, ...data: Tensor[]): Tensor;
}

const labels = (n: number, classes: number): NdArray =>
  nd.array(
    Array.from({ length: n }, (_, i) => i % classes),
    "i32",
  ); // prettier-ignore
const crossEntropy = (logits: Tensor, y: Tensor): Tensor => pf.takeAlong(pf.logSoftmax(logits), y.expandDims(-1)).mean().neg();
const rng = nd.randomStream("optimizers");

interface ConvNet {
  readonly convs: readonly nn.Conv[];
  readonly head: nn.Dense;
}

interface Language {
  readonly table: nn.Embedding;
  readonly blocks: readonly nn.TransformerBlock[];
  readonly norm: nn.Norm;
  readonly head: nn.Dense;
}

export const models: readonly Model[] = [
  {
    name: "mlp",
    what: "MLP 784-512-512-10, batch 128 (669,706 parameters)",
    batch: 128,
    curvature: {},
    init: () => nn.mlp.init(rng.fold("mlp"), [784, 512, 512, 10]),
    data: () => [rng.fold("mlp data").normal([128, 784]), labels(128, 10)],
    loss: (p: nn.Mlp, x, y) => crossEntropy(nn.mlp.apply(p, x, "relu"), y),
  },
  {
    name: "cnn",
    what: "convolutions 1-16-32-64, 3x3, stride 2, on 28x28, batch 128 (23,946 parameters)",
    batch: 128,
    curvature: { approximation: "reduce" },
    init: () => ({
      convs: [1, 16, 32].map((c, i) => nn.conv2d.init(rng.fold(`conv ${i}`), c, [16, 32, 64][i], 3)),
      head: nn.dense.init(rng.fold("head"), 64, 10),
    }),
    data: () => [rng.fold("cnn data").normal([128, 1, 28, 28]), labels(128, 10)],
    loss(p: ConvNet, x, y) {
      const h = p.convs.reduce((h, conv) => pf.relu(nn.conv2d.apply(conv, h, { strides: 2, padding: 1 })), x);
      return crossEntropy(nn.dense.apply(p.head, h.mean([2, 3])), y);
    },
  },
  {
    name: "transformer",
    what: "2 transformer blocks, width 128, 4 heads, 96 symbols, 16 x 64 tokens (421,088 parameters)",
    batch: 16,
    curvature: { lossAverage: "batch+sequence" },
    init: () => ({
      table: nn.embedding.init(rng.fold("table"), 96, 128),
      blocks: [0, 1].map((i) => nn.transformerBlock.init(rng.fold(`block ${i}`), 128)),
      norm: nn.layerNorm.init(128),
      head: nn.dense.init(rng.fold("head"), 128, 96),
    }),
    data: () => [labels(16 * 64, 96), labels(16 * 64, 95)].map((a) => ({ ...a, shape: [16, 64] })),
    loss(p: Language, x, y) {
      const h = p.blocks.reduce(
        (h, block) => nn.transformerBlock.apply(block, h, { heads: 4, causal: true }),
        nn.embedding.apply(p.table, x),
      );
      return crossEntropy(nn.dense.apply(p.head, nn.layerNorm.apply(p.norm, h)), y);
    },
  },
];
