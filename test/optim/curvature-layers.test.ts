/** Layers are found in the traced loss, whoever wrote it. */
import { describe, expect, test } from "vitest";
import * as nd from "../../src/array/index.ts";
import { type NdArray, randomStream, toNumbers } from "../../src/array/index.ts";
import * as nn from "../../src/nn/index.ts";
import * as optim from "../../src/optim/index.ts";
import * as pf from "../../src/tensor/index.ts";
import { jit, type Tensor } from "../../src/tensor/index.ts";

interface Linear<A = Tensor> {
  readonly w: A;
  readonly b?: A;
}

describe("finding layers", () => {
  const find = <A extends unknown[]>(loss: (...args: A) => Tensor, ...args: unknown[]) => optim.layersOf(loss)(...args);

  test("of nn, with biases, norms left over", () => {
    const rng = randomStream(1);
    const params = {
      embed: nn.embedding.init(rng.split(1)[0], 11, 8),
      block: nn.transformerBlock.init(rng.split(1)[0], 8),
      head: nn.dense.init(rng.split(1)[0], 8, 11),
    };
    const loss = (p: { embed: nn.Embedding; block: nn.TransformerBlock; head: nn.Dense }, tokens: Tensor): Tensor =>
      nn.dense
        .apply(p.head, nn.transformerBlock.apply(p.block, nn.embedding.apply(p.embed, tokens), { heads: 2, causal: true }))
        .square()
        .mean();
    const { layers, uncovered } = find(loss, params, pf.like([3, 5], "i32"));
    const names = layers.map(({ weight, bias, kind }) => `${kind} ${weight} ${bias ?? ""}`).sort();
    expect(names).toEqual([
      "dense block.attention.key.w block.attention.key.b",
      "dense block.attention.out.w block.attention.out.b",
      "dense block.attention.query.w block.attention.query.b",
      "dense block.attention.value.w block.attention.value.b",
      "dense block.down.w block.down.b",
      "dense block.up.w block.up.b",
      "dense head.w head.b",
      "embedding embed.table ",
    ]);
    expect(uncovered.map((u) => u.path).sort()).toEqual([
      "block.attentionNorm.scale",
      "block.attentionNorm.shift",
      "block.norm.scale",
      "block.norm.shift",
    ]);
  });

  test("of a user's own products, transposed ones, kernels, and shared weights", () => {
    const p = {
      a: nd.allocate("f32", [3, 4]),
      b: nd.allocate("f32", [5, 4]),
      c: nd.allocate("f32", [5]),
      k: nd.allocate("f32", [2, 1, 3, 3]),
      kb: nd.allocate("f32", [2]),
    };
    const loss = (p: Record<string, Tensor>, x: Tensor, image: Tensor): Tensor => {
      const h = x.matmul(p.a).tanh();
      const twice = h.matmul(p.b.transpose()).add(p.c).sum().add(h.square().matmul(p.b.transpose()).add(p.c).sum());
      return twice.add(
        pf
          .conv(image, p.k)
          .add(p.kb.reshape([1, 2, 1, 1]))
          .mean(),
      );
    };
    const { layers, uncovered } = find(loss, p, pf.like([7, 3]), pf.like([7, 1, 5, 5]));
    expect(uncovered).toEqual([]);
    expect(layers).toEqual([
      { kind: "dense", inputs: 3, outputs: 4, inputsFirst: true, weight: "a", uses: 1 },
      { kind: "dense", inputs: 4, outputs: 5, inputsFirst: false, weight: "b", uses: 2, bias: "c" },
      { kind: "conv", inputs: 9, outputs: 2, inputsFirst: false, weight: "k", uses: 1, bias: "kb" },
    ]);
  });

  test("what is no layer is named with a reason", () => {
    const p = {
      scale: nd.allocate("f32", [4]),
      tied: nd.allocate("f32", [6, 4]),
      left: nd.allocate("f32", [4, 4]),
      unused: nd.allocate("f32", [2, 2]),
    };
    const loss = (p: Record<string, Tensor>, tokens: Tensor): Tensor => {
      const h = pf.take(p.tied, tokens).mul(p.scale);
      return h.matmul(p.tied.transpose()).mean().add(p.left.matmul(h.transpose()).mean());
    };
    const { layers, uncovered } = find(loss, p, pf.like([5], "i32"));
    expect(layers).toEqual([]);
    expect(Object.fromEntries(uncovered.map((u) => [u.path, u.why]))).toEqual({
      scale: "is used by mul",
      tied: "is shared by layers of different kinds",
      left: "is used by matmul",
      unused: "is not used by the loss",
    });
  });
});

test("every curvature method trains a network of convolutions, attention-like products, embeddings and norms", async () => {
  const rng = randomStream("mixed");
  const init = {
    conv: nn.conv2d.init(rng.split(1)[0], 1, 4, 3),
    norm: nn.groupNorm.init(4),
    embed: nn.embedding.init(rng.split(1)[0], 7, 4),
    head: nn.dense.init(rng.split(1)[0], 4, 3),
  };
  const loss = (
    p: { conv: nn.Conv; norm: nn.Norm; embed: nn.Embedding; head: nn.Dense },
    image: Tensor,
    token: Tensor,
    label: Tensor,
  ): Tensor => {
    const h = pf
      .relu(nn.groupNorm.apply(p.norm, nn.conv2d.apply(p.conv, image), 2))
      .mean([2, 3])
      .add(nn.embedding.apply(p.embed, token));
    return pf
      .takeAlong(pf.logSoftmax(nn.dense.apply(p.head, h)), label.expandDims(1))
      .mean()
      .neg();
  };
  const [image, token] = [
    rng.normal([16, 1, 6, 6]),
    nd.array(
      Array.from({ length: 16 }, (_, i) => i % 7),
      "i32",
    ),
  ];
  const label = nd.array(
    Array.from({ length: 16 }, (_, i) => (i * 2) % 3),
    "i32",
  );
  for (const [name, options] of [
    ["singd", {}],
    ["singd", { structure: "hierarchical(2,2)", approximation: "reduce" }],
    ["singd", { structure: "diagonal", precondEvery: 1 }],
    ["ikfac", {}],
    ["kfac", { damping: 1e-3, lr: 0.03 }],
    ["ingd", { klClip: 1e-3, burnIn: 3 }],
  ] as const) {
    const run = optim.training(loss, optim.makeOptimizer(name, { lr: 0.01, ...options }), { clip: 10 });
    let [params, state] = [init, run.init(init, image, token, label)];
    const values: number[] = [];
    for (let i = 0; i < 30; i++) {
      const next = await run.step(params, state, image, token, label);
      values.push(next.value);
      [params, state] = [next.params, next.state];
    }
    expect(values[29], `${name} ${JSON.stringify(options)}: ${values}`).toBeLessThan(0.9 * values[0]);
    if (name === "ingd") expect(values[3]).toBe(values[0]);
  }
});

test("mistakes are named: no curvature, no layers, another loss, a batch that does not fit, bad numbers", async () => {
  const loss = (p: Linear, x: Tensor): Tensor => x.matmul(p.w).square().mean();
  const params = {
    w: nd.array([
      [1, 2],
      [3, 4],
    ]),
  };
  const optimizer = optim.singd(0.1);
  expect(() => optimizer.init(params)).toThrow(/singd: needs the layers of the loss/);
  const { layers } = optim.layersOf(loss)(params, pf.like([4, 2]));
  const state = optimizer.init(params, layers);
  await expect(jit((p: Linear, s: optim.State) => optimizer.update(p, s, p, { batchSize: 4 }).updates)(params, state)).rejects.toThrow(
    /singd: needs what the layers saw/,
  );
  const other = jit((p: { v: Tensor }, s: optim.State, x: Tensor) => {
    const [, grads, curvature] = optim.withCurvature((p: { v: Tensor }) => x.matmul(p.v).mean())(p);
    return optimizer.update(grads, s, p, { curvature, batchSize: 4 }).updates;
  });
  await expect(other({ v: params.w }, state, nd.array([[1, 2]]))).rejects.toThrow(
    /the loss has the layers v, but the state was made for w/,
  );
  const run = optim.training(loss, optimizer, { batchSize: 3 });
  const x = randomStream(1).normal([4, 2]);
  await expect(run.step(params, run.init(params, x), x)).rejects.toThrow(/saw 4 rows, which is no multiple of the 3 examples/);
  await expect(optim.training(loss, optimizer, { microBatches: 3 }).step(params, run.init(params, x), x)).rejects.toThrow(
    /does not split into 3 equal pieces/,
  );
  expect(() => optim.singd(0.1, { precondLr: 1 })).toThrow(/precondLr = 1 is not in \(0, 1\)/);
  expect(() => optim.singd(0.1, { lossAverage: "tokens" as "batch" })).toThrow(/lossAverage = tokens is none of/);
  const bad = { ...x, data: x.data.map(() => Number.NaN) } as NdArray;
  const patient = optim.training(loss, optimizer, { patience: 2 });
  const first = await patient.step(params, patient.init(params, x), bad);
  expect(first.skipped).toBe(1);
  expect(toNumbers(first.params.w)).toEqual([1, 2, 3, 4]);
  await expect(patient.step(first.params, first.state, bad)).rejects.toThrow(/not finite in 2 steps in a row/);
});
