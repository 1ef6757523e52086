/** What the factors are made of: rows of layer inputs and output gradients, of products and convolutions. */
import { describe, expect, test } from "vitest";
import * as nd from "../../src/array/index.ts";
import { array, type NdArray, randomStream, toNumbers } from "../../src/array/index.ts";
import { frequencies, gradientRows, inputRows } from "../../src/optim/curvature/rows.ts";
import * as optim from "../../src/optim/index.ts";
import * as pf from "../../src/tensor/index.ts";
import { jit, type Tensor } from "../../src/tensor/index.ts";
import { f64, matrixOf, scale, T, times } from "./matrices.ts";
import { near } from "./steps.ts";

interface Linear<A = Tensor> {
  readonly w: A;
  readonly b?: A;
}

describe("rows of inputs and gradients", () => {
  const layer = { kind: "dense", weight: "w", bias: "b", inputs: 2, outputs: 2, inputsFirst: true, uses: 1 } as const;
  const x = array(
    [
      [
        [1, 2],
        [3, 4],
      ],
      [
        [5, 6],
        [7, 8],
      ],
    ],
    "f64",
  );
  const g = array(
    [
      [
        [0.1, 0.2],
        [0.3, 0.4],
      ],
      [
        [-0.1, 0],
        [0.2, -0.2],
      ],
    ],
    "f64",
  );
  const gram = (rows: Tensor): Tensor => rows.transpose().matmul(rows);

  test.each([
    [
      "expand",
      "batch",
      [
        [21, 25, 4],
        [25, 30, 5],
        [4, 5, 1],
      ],
      [
        [0.3, 0.2],
        [0.2, 0.48],
      ],
    ],
    [
      "expand",
      "batch+sequence",
      [
        [21, 25, 4],
        [25, 30, 5],
        [4, 5, 1],
      ],
      [
        [0.6, 0.4],
        [0.4, 0.96],
      ],
    ],
    [
      "expand",
      "none",
      [
        [21, 25, 4],
        [25, 30, 5],
        [4, 5, 1],
      ],
      [
        [0.15, 0.1],
        [0.1, 0.24],
      ],
    ],
    [
      "reduce",
      "batch",
      [
        [20, 24, 4],
        [24, 29, 5],
        [4, 5, 1],
      ],
      [
        [0.34, 0.44],
        [0.44, 0.8],
      ],
    ],
  ] as const)("%s, mean over %s", async (approximation, average, u, s) => {
    const { a, c } = await jit((x: Tensor, g: Tensor) => {
      const seen = [{ x: x.reshape([4, 2]), gradients: [g.reshape([4, 2])] }];
      return { a: gram(inputRows(layer, seen, 2, approximation)), c: gram(gradientRows(layer, seen, 2, approximation, average)) };
    })(x, g);
    near(a, u);
    near(c, s);
  });

  /** Rows that a convolution sees, through the capture itself. */
  async function convRows(
    x: NdArray,
    w: NdArray,
    options: pf.ConvOptions,
    bias: boolean,
    approximation: "expand" | "reduce",
  ): Promise<number[][]> {
    const rows = jit((x: Tensor, w: Tensor, b: Tensor) => {
      const loss = (p: Linear): Tensor => {
        const y = pf.conv(x, p.w, options);
        return (p.b ? y.add(p.b.reshape([1, p.b.size, 1, 1])) : y).square().mean();
      };
      const [, , curvature] = optim.withCurvature(loss)(bias ? { w, b } : { w });
      const [layer] = curvature.layers;
      return inputRows(layer, curvature.seen[layer.weight], x.shape[0], approximation);
    });
    const a = await rows(x, w, nd.allocate("f64", [w.shape[0]]));
    return scale(matrixOf(a), Math.sqrt(a.shape[0]));
  }

  test("patches of a convolution, channel by channel, with a one for the bias", async () => {
    const x = array(
      Array.from({ length: 9 }, (_, i) => i + 1),
      "f64",
      [1, 1, 3, 3],
    );
    const w = randomStream(1).normal([2, 1, 2, 2], "f64");
    const expand = await convRows(x, w, {}, true, "expand");
    near(f64(expand), [
      [1, 2, 4, 5, 1],
      [2, 3, 5, 6, 1],
      [4, 5, 7, 8, 1],
      [5, 6, 8, 9, 1],
    ]);
    near(f64(scale(times(T(expand), expand), 1 / 4)[0]), [11.5, 14.5, 20.5, 23.5, 3]);
    near(f64(await convRows(x, w, {}, true, "reduce")), [[3, 4, 6, 7, 1]]);
    const padded = await convRows(x, randomStream(2).normal([1, 1, 3, 3], "f64"), { padding: 1 }, false, "reduce");
    near(f64(padded), [[12, 21, 16, 27, 45, 33, 24, 39, 28].map((v) => v / 9)]);
  });

  test("groups of channels share the mean of their inputs", async () => {
    const x = array(
      Array.from({ length: 16 }, (_, i) => i + 1),
      "f64",
      [1, 4, 2, 2],
    );
    const rows = await convRows(x, randomStream(3).normal([2, 2, 2, 2], "f64"), { groups: 2 }, false, "expand");
    near(f64(rows), [[5, 6, 7, 8, 9, 10, 11, 12]]);
  });
});

test("Kᵀ times all patches is a convolution with the columns of K", async () => {
  const x = randomStream(4).normal([2, 3, 4, 4], "f64");
  const k = randomStream(5).normal([12, 12], "f64");
  const [a, b] = await jit((x: Tensor, k: Tensor) => {
    const [, , curvature] = optim.withCurvature((p: Linear) => pf.conv(x, p.w).square().mean())({
      w: pf.broadcastTo(pf.scalar(1, "f64"), [2, 3, 2, 2]),
    });
    const rows = inputRows(curvature.layers[0], curvature.seen.w, 2, "expand").mul(Math.sqrt(18)).matmul(k);
    return [
      rows,
      pf
        .conv(x, k.transpose().reshape([12, 3, 2, 2]))
        .reshape([2, 12, 9])
        .transpose([0, 2, 1])
        .reshape([18, 12]),
    ];
  })(x, k);
  near(a, toNumbers(b), 1e-12);
});

test.each(["expand", "reduce"] as const)("an embedding's diagonal is that of the one-hot rows it stands for: %s", async (approximation) => {
  const tokens = nd.array(
    [
      [0, 3, 3, 1],
      [2, 3, 0, 0],
      [4, 4, 4, 4],
    ],
    "i32",
  );
  const loss = (p: Linear, x: (w: Tensor) => Tensor): Tensor => x(p.w).square().sum(-1).mean();
  const [exact, own] = await jit((w: Tensor, i: Tensor) => {
    const [, , dense] = optim.withCurvature((p: Linear) => loss(p, (w) => pf.oneHot(i, 5, "f64").matmul(w)))({ w });
    const [, , looked] = optim.withCurvature((p: Linear) => loss(p, (w) => pf.take(w, i)))({ w });
    return [
      inputRows(dense.layers[0], dense.seen.w, 3, approximation).square().sum(0),
      frequencies(looked.layers[0], looked.seen.w, 3, approximation),
    ];
  })(randomStream("w").normal([5, 2], "f64"), tokens);
  near(own, toNumbers(exact), 1e-14);
  // counted by hand: symbol 3 is seen 2, 1 and 0 times in 4
  expect(toNumbers(own)[3]).toBeCloseTo(approximation === "expand" ? 3 / 12 : (0.5 ** 2 + 0.25 ** 2) / 3, 12);
});
