import { expect, test } from "vitest";
import { array, grad, item, jit, type NdArray, ndarray, randomStream, type Tensor, toNumbers } from "../../src/tensor/index.ts";
import { type Action, actionLoss, drawPath, flowLoss, interpolant, matching, pathPoints } from "../../src/transport/index.ts";

/** The path of independent pairs N(0, 1), N(2, 1/4): mean 2t, variance (1 - t)² + t²/4. Its kinetic energy, by quadrature. */
const K = 2.2323009183;
const normals = (n: number, seed: number): NdArray<"f32">[] => {
  const rng = randomStream(seed);
  const x = rng.normal([n, 1]);
  const y = rng.normal([n, 1]);
  return [x, ndarray(y.data.map((z) => 2 + z / 2) as Float32Array<ArrayBuffer>, [n, 1], "f32")];
};
const moments = (xs: readonly number[]): { mean: number; sd: number; error: number } => {
  const mean = xs.reduce((a, b) => a + b) / xs.length;
  const sd = Math.sqrt(xs.reduce((s, x) => s + (x - mean) ** 2, 0) / (xs.length - 1));
  return { mean, sd, error: sd / Math.sqrt(xs.length) };
};

/** Per-batch losses of a fixed action on the path above, by both objectives. */
async function losses(s: Action, batches: number): Promise<{ action: number[]; flow: number[] }> {
  const [x, y] = normals(20_000, 3);
  const run = jit((x0: Tensor, x1: Tensor, t: Tensor) => {
    const at = x0.add(x1.sub(x0).mul(t));
    return { action: actionLoss(s, { first: x0, last: x1, t, x: at }, [0, 1]), flow: flowLoss(s, t, at, x1.sub(x0), [0, 1]) };
  });
  const rng = randomStream(4);
  const result = { action: [] as number[], flow: [] as number[] };
  for (let b = 0; b < batches; b++) {
    const part = (a: NdArray<"f32">): NdArray => ndarray(a.data.slice(b * 500, (b + 1) * 500), [500, 1], "f32");
    const { action, flow } = await run(part(x), part(y), rng.uniform([500, 1]));
    result.action.push(item(action));
    result.flow.push(item(flow));
  }
  return result;
}

test("both objectives give the exact loss of a wrong action, and the flow objective varies less", async () => {
  // s = ¾ x²: loss -0.46875 and gap 1.7635509183 in closed form.
  const { action, flow } = await losses((_, x) => x.square().sum(1).mul(0.75), 40);
  for (const m of [moments(action), moments(flow)]) expect(Math.abs(m.mean + 0.46875)).toBeLessThan(5 * m.error);
  expect(moments(flow).sd).toBeLessThan(moments(action).sd);
  expect(K - 0.46875).toBeCloseTo(1.7635509183, 9);
});

test("a function of time alone changes neither loss", async () => {
  const [x, y] = normals(64, 5);
  const t = randomStream(6).uniform([64, 1], "f64");
  const double = (a: NdArray): NdArray => ndarray(Float64Array.from(a.data as Float32Array), a.shape, "f64");
  // ∫ f' dt = f(1) - f(0) holds for the mean over these times if f is linear.
  const value = (extra: number) =>
    jit((x0: Tensor, x1: Tensor, at: Tensor) => {
      const s: Action = (time, z) => z.square().sum(1).mul(0.3).add(time.squeeze(1).mul(extra));
      const p = x0.add(x1.sub(x0).mul(at));
      return actionLoss(s, { first: x0, last: x1, t: at, x: p }, [0, 1]).add(flowLoss(s, at, p, x1.sub(x0), [0, 1]));
    })(double(x), double(y), t);
  expect(Math.abs(item(await value(0)) - item(await value(7)))).toBeLessThan(1e-12);
});

test("a path starts and ends at its snapshots and moves with its velocity", async () => {
  const rng = randomStream(8);
  const clouds = [rng.normal([40, 2]), rng.normal([30, 2]), rng.normal([50, 2])];
  for (const coupling of ["independent", "ot", "sinkhorn"] as const) {
    const path = interpolant([0, 1, 3], clouds, coupling);
    const batch = drawPath(path, rng, 400);
    const { x, v } = await jit(pathPoints)(path.points, batch);
    const rows = toNumbers(path.points);
    toNumbers(x).forEach((value, e) => {
      const [i, j] = [e >> 1, e & 1];
      const [a, b] = [rows[Number(batch.from.data[i]) * 2 + j], rows[Number(batch.to.data[i]) * 2 + j]];
      const [u, gap] = [Number(batch.u.data[i]), Number(batch.gap.data[i])];
      expect(value).toBeCloseTo((1 - u) * a + u * b, 5);
      expect(toNumbers(v)[e]).toBeCloseTo((b - a) / gap, 4);
      expect(u >= 0 && u <= 1 && [1, 2].includes(gap)).toBe(true);
    });
  }
});

test("action matching finds the velocity, the energy and the marginals of a Gaussian path", async () => {
  const m = matching([0, 1], normals(20_000, 9), {
    coupling: "independent",
    layers: 3,
    width: 64,
    batch: 512,
    steps: 1500,
    learningRate: 2e-3,
  });
  const rng = randomStream(10);
  let state = m.init(rng);
  const tail: number[] = [];
  for (let i = 0; i < 1500; i++) {
    const next = await m.step(state, rng);
    state = next.state;
    if (i >= 1000) tail.push(next.metrics.loss);
  }
  const loss = moments(tail);
  expect(Math.abs(loss.mean + K)).toBeLessThan(0.03 + 4 * loss.error);
  const start = randomStream(11).normal([4000, 1]);
  const { states } = await m.push(state, start, 0, [0.5, 1]);
  const [half, end] = [toNumbers(states).slice(0, 4000), toNumbers(states).slice(4000)];
  // 4000 particles: standard error of the mean sd / 63, of the sd sd / 89; 5 of these and 0.03 for the training.
  expect(Math.abs(moments(half).mean - 1)).toBeLessThan(0.075);
  expect(Math.abs(moments(end).mean - 2)).toBeLessThan(0.075);
  expect(Math.abs(moments(half).sd - Math.sqrt(0.25 + 1 / 16))).toBeLessThan(0.06);
  expect(Math.abs(moments(end).sd - 0.5)).toBeLessThan(0.06);
  const back = await m.push(state, ndarray(states.data.slice(4000) as Float32Array<ArrayBuffer>, [4000, 1], "f32"), 1, [0]);
  toNumbers(back.states).forEach((x, i) => expect(Math.abs(x - start.data[i])).toBeLessThan(2e-3));
}, 120_000);

test("derivatives of the loss in the parameters of an action are those of finite differences", async () => {
  const [x, y] = normals(32, 12).map((a) => ndarray(Float64Array.from(a.data), a.shape, "f64"));
  const t = randomStream(13).uniform([32, 1], "f64");
  const loss = (w: Tensor, x0: Tensor, x1: Tensor, at: Tensor): Tensor => {
    const s: Action = (time, z) =>
      z
        .mul(w.slice(0))
        .add(time.mul(w.slice(1)))
        .sigmoid()
        .mul(w.slice(2))
        .sum(1);
    return actionLoss(s, { first: x0, last: x1, t: at, x: x0.add(x1.sub(x0).mul(at)) }, [0, 1]);
  };
  const value = jit(loss);
  const w = [0.7, -0.4, 1.3];
  const gradient = toNumbers(await jit(grad(loss))(array(w, "f64"), x, y, t));
  for (const i of [0, 1, 2]) {
    const shifted = (h: number): NdArray =>
      array(
        w.map((v, j) => (i === j ? v + h : v)),
        "f64",
      );
    const numeric = (item(await value(shifted(1e-5), x, y, t)) - item(await value(shifted(-1e-5), x, y, t))) / 2e-5;
    expect(Math.abs(gradient[i] - numeric)).toBeLessThan(1e-7);
  }
});
