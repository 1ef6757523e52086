import { expect, test } from "vitest";
import { type NdArray, randomStream, toNumbers } from "../../src/array/index.ts";
import { adam, applyUpdates, chain, clipByGlobalNorm, flat, type Optimizer, type State, sgd } from "../../src/optim/index.ts";
import { grad, jit, type Tensor } from "../../src/tensor/index.ts";

type Params<T = Tensor> = { readonly a: T; readonly b: readonly T[] };

const loss = ({ a, b }: Params): Tensor => a.square().sum().add(b[0].sub(1).pow(4).sum()).add(b[1].mul(a.sum()));

async function descend(optimizer: Optimizer, steps: number): Promise<number[]> {
  const rng = randomStream(1);
  let params: Params<NdArray> = { a: rng.normal([2, 3], "f64"), b: [rng.normal([4], "f64"), rng.normal([], "f64")] };
  let state = optimizer.init(params);
  const step = jit((p: Params, s: State) => {
    const { updates, state: next } = optimizer.update(grad(loss)(p), s, p);
    return { params: applyUpdates(p, updates), state: next };
  });
  for (let i = 0; i < steps; i++) ({ params, state } = (await step(params, state)) as { params: Params<NdArray>; state: State<NdArray> });
  return [params.a, ...params.b].flatMap(toNumbers);
}

test("one vector takes the steps that the tree takes", async () => {
  for (const make of [
    (): Optimizer => adam(0.05),
    () => chain(clipByGlobalNorm(0.5), sgd(0.1, { momentum: 0.9 })),
    () => chain(clipByGlobalNorm(1), adam(0.1)),
  ]) {
    const [tree, vector] = [await descend(make(), 20), await descend(flat(make()), 20)];
    vector.forEach((v, i) => expect(v).toBeCloseTo(tree[i], 11));
  }
});
