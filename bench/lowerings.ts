/**
 * One operation in several ways, so that the engine's choice among them has a reason: products, input gradients of convolutions, attention,
 * loops inside one run against a run a step, columns that many read, what kernels that stride see, and axes that change places.
 *
 *   npm run bench -- lowerings [--rounds 7 --threads 2 --only products,convolutions,attention,loops,columns,strides,moves]
 *
 * Medians of calls in turns, milliseconds; for loops of a whole loop.
 */
import { parseArgs } from "node:util";
import { type NdArray, ndarray } from "../src/array/index.ts";
import * as t from "../src/tensor/index.ts";
import type { Onnx } from "../src/tensor/proto.ts";
import { type Call, node, normal, session } from "./lowerings-calls.ts";
import { convolutions, strides } from "./lowerings-convolutions.ts";

/** Products n x n x n: by MatMul, by Gemm and its transposed forms, and in two halves beside each other. */
async function products(threads: number): Promise<Record<string, Record<string, Call>>> {
  const found: Record<string, Record<string, Call>> = {};
  const options = { intraOpNumThreads: threads };
  for (const n of [256, 512, 1024]) {
    const inputs = { a: normal([n, n]), b: normal([n, n]) };
    const one = (opType: string, attributes = {}, more = {}) =>
      session([node(opType, ["a", "b"], ["y"], attributes)], inputs, [n, n], { ...options, ...more });
    const halves = { a: normal([n / 2, n]), c: normal([n / 2, n]), b: inputs.b };
    const split = [node("MatMul", ["a", "b"], ["u"]), node("MatMul", ["c", "b"], ["v"]), node("Concat", ["u", "v"], ["y"], { axis: 0 })];
    const parallel = { executionMode: "parallel", interOpNumThreads: threads, intraOpNumThreads: 1 } as const;
    found[`product ${n}`] = {
      matmul: await one("MatMul"),
      gemm: await one("Gemm"),
      "gemm, a transposed": await one("Gemm", { transA: 1 }),
      "gemm, b transposed": await one("Gemm", { transB: 1 }),
      "no spinning": await one("MatMul", {}, { extra: { session: { intra_op: { allow_spinning: "0" } } } }),
      ...(threads > 1 && { "two halves, parallel": await session(split, halves, [n, n], parallel) }),
    };
  }
  return found;
}

/** Softmax attention of [batch, tokens, heads · d], forward: the engine's graph, and ONNX Runtime's one node. */
async function attention(threads: number): Promise<Record<string, Record<string, Call>>> {
  const found: Record<string, Record<string, Call>> = {};
  for (const [batch, tokens, heads, d] of [
    [16, 64, 4, 32],
    [64, 28, 4, 12],
    [4, 256, 8, 64],
    [1, 512, 8, 64],
  ]) {
    const shape = [batch, tokens, heads * d];
    const [q, k, v] = [normal(shape), normal(shape), normal(shape)];
    const split = (x: t.Tensor): t.Tensor => x.reshape([batch, tokens, heads, d]).transpose([0, 2, 1, 3]);
    const composed = t.jit(
      (a: t.Tensor, b: t.Tensor, c: t.Tensor) => {
        const scores = split(a)
          .mul(1 / Math.sqrt(d))
          .matmul(split(b).transpose());
        return t.softmax(scores).matmul(split(c)).transpose([0, 2, 1, 3]).reshape(shape);
      },
      { threads },
    );
    found[`attention ${batch} x ${tokens} x ${heads} heads of ${d}`] = {
      composed: () => composed(q, k, v),
      MultiHeadAttention: await session(
        [node("MultiHeadAttention", ["q", "k", "v"], ["y"], { num_heads: heads }, "com.microsoft")],
        { q, k, v },
        shape,
        { intraOpNumThreads: threads },
      ),
    };
  }
  return found;
}

type Params = readonly { readonly w: t.Tensor; readonly b: t.Tensor }[];

/** HMC and Metropolis on the density of a network: all steps in one run, or a run a step. */
async function loops(threads: number): Promise<Record<string, Record<string, Call>>> {
  const sizes = [2, 64, 64, 1];
  const params = sizes.slice(1).map((n, i) => ({ w: normal([sizes[i], n]), b: normal([n]) }));
  const energy = (p: Params, x: t.Tensor): t.Tensor =>
    p
      .reduce((h, { w, b }, i) => (i + 1 < p.length ? t.tanh(h.matmul(w).add(b)) : h.matmul(w).add(b)), x)
      .sum()
      .add(x.square().sum().div(2));
  const slope = t.grad((x: t.Tensor, p: Params) => energy(p, x));
  const leapfrog = (p: Params, x: t.Tensor, v: t.Tensor): readonly [t.Tensor, t.Tensor] => {
    const half = v.sub(slope(x, p).mul(0.05));
    const moved = x.add(half.mul(0.1));
    return [moved, half.sub(slope(moved, p).mul(0.05))];
  };
  const trajectory = (p: Params, x: t.Tensor, v: t.Tensor): readonly [t.Tensor, t.Tensor] => {
    let at: readonly [t.Tensor, t.Tensor] = [x, v];
    for (let i = 0; i < 10; i++) at = leapfrog(p, ...at);
    return at;
  };
  const steps = 50;
  const found: Record<string, Record<string, Call>> = {};
  for (const chains of [64, 1024]) {
    const [x, v] = [normal([chains, 2]), normal([steps, chains, 2])];
    const each = ndarray(v.data.slice(0, chains * 2), [chains, 2], "f32");
    const whole = t.jit(
      (p: Params, start: t.Tensor, draws: t.Tensor) =>
        t.scan((at: t.Tensor, draw: t.Tensor) => ({ carry: trajectory(p, at, draw)[0], y: at.sum() }), start, draws).carry,
      { threads },
    );
    const single = t.jit((p: Params, at: t.Tensor, draw: t.Tensor) => trajectory(p, at, draw)[0], { threads, reuse: true });
    const apart = t.jit((p: Params, at: t.Tensor, speed: t.Tensor) => leapfrog(p, at, speed), { threads, reuse: true });
    found[`HMC, ${chains} chains, ${steps} steps of 10 leapfrogs`] = {
      "one scan": () => whole(params, x, v),
      "a run a step": async () => {
        let at: NdArray = x;
        for (let i = 0; i < steps; i++) at = await single(params, at, each);
      },
      "a run a leapfrog": async () => {
        let at: NdArray = x;
        for (let i = 0; i < steps; i++) {
          let speed: NdArray = each;
          for (let j = 0; j < 10; j++) [at, speed] = await apart(params, at, speed);
        }
      },
    };
  }
  return found;
}

/** A factor a row, and a mask a row, for twenty operations on short rows: as they are, or written out once. */
async function columns(threads: number): Promise<Record<string, Record<string, Call>>> {
  const found: Record<string, Record<string, Call>> = {};
  const [rows, uses] = [1024, 20];
  for (const width of [2, 10, 32, 64]) {
    const inputs = { x: normal([rows, width]), c: normal([rows, 1]), z: normal([1]) };
    const chain = (operand: "c" | "wide", mask: "m" | "broad"): Onnx.INodeProto[] =>
      Array.from({ length: uses }, (_, i) => [
        node("Mul", [i === 0 ? "x" : `s${i - 1}`, operand], [`p${i}`]),
        node("Where", [mask, "z", `p${i}`], [i === uses - 1 ? "y" : `s${i}`]),
      ]).flat();
    const masked = node("Greater", ["c", "z"], ["m"]);
    const written = [node("Shape", ["x"], ["n"]), node("Expand", ["c", "n"], ["wide"]), node("Expand", ["m", "n"], ["broad"])];
    const made = (nodes: Onnx.INodeProto[]) => session(nodes, inputs, [rows, width], { intraOpNumThreads: threads });
    found[`column and mask of ${rows} rows of ${width}, ${uses} times`] = {
      broadcast: await made([masked, ...chain("c", "m")]),
      "written out": await made([masked, ...written, ...chain("wide", "broad")]),
    };
  }
  return found;
}

/** Walkers from the last axis to the front of matrices: with the axes of the matrices changing places, and by themselves. */
async function moves(threads: number): Promise<Record<string, Record<string, Call>>> {
  const x = normal([30, 4, 8, 10, 512]);
  const moved = (order: readonly number[]): Call => {
    const move = t.jit((a: t.Tensor) => a.transpose(order), { threads, device: "cpu", reuse: true });
    return () => move(x);
  };
  const doubled = t.jit((a: t.Tensor) => a.mul(2), { threads, device: "cpu", reuse: true });
  return {
    "axes of 30 x 4 x 8 x 10 x 512": {
      "one and two": moved([0, 4, 1, 3, 2]),
      one: moved([0, 4, 1, 2, 3]),
      "none, doubled": () => doubled(x),
    },
  };
}

const all = { products, convolutions, attention, loops, columns, strides, moves };

const median = (xs: readonly number[]): number => xs.toSorted((a, b) => a - b)[xs.length >> 1];

/** At most so many calls a round, and so many milliseconds. */
const [most, patience] = [20, 400];

export async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      rounds: { type: "string", default: "7" },
      threads: { type: "string", default: "2" },
      only: { type: "string", default: Object.keys(all).join() },
    },
  });
  for (const [name, make] of Object.entries(all)) {
    if (!values.only.split(",").includes(name)) continue;
    for (const [what, ways] of Object.entries(await make(Number(values.threads)))) {
      const times = new Map(Object.keys(ways).map((way) => [way, [] as number[]]));
      for (const call of Object.values(ways)) await call();
      for (let round = 0; round < Number(values.rounds); round++)
        for (const [way, call] of Object.entries(ways)) {
          const end = performance.now() + patience;
          for (let i = 0; i < most && (i === 0 || performance.now() < end); i++) {
            const start = performance.now();
            await call();
            times.get(way)?.push(performance.now() - start);
          }
        }
      const lines = [...times].map(([way, ms]) => `${way} ${median(ms).toPrecision(3)} (${Math.min(...ms).toPrecision(3)})`);
      console.log(`${what}: ${lines.join(", ")}`);
    }
  }
}
