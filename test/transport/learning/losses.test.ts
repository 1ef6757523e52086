import { expect, test } from "vitest";
import { array, item, ndarray, randomStream, toNumbers } from "../../../src/array/index.ts";
import { type Feeds, grad, jit, jvp, type Tensor } from "../../../src/tensor/index.ts";
import {
  type Action,
  actionLoss,
  flowLoss,
  freeMotion,
  type Lagrangian,
  metricCost,
  type PathEnds,
  type PathSample,
  reversed,
} from "../../../src/transport/index.ts";
import { column, gaussianPath, hermite, legendre } from "../quadrature.ts";

/** Independent linear interpolation of N(0, 1) and N(2, 1/4): mean 2t, variance (1 - t)² + t²/4. */
const linearPath = gaussianPath((t) => ({ m: 2 * t, r: Math.sqrt((1 - t) ** 2 + t ** 2 / 4) }));

const lossOf = async (
  l: Lagrangian,
  s: Action,
  { sample, ends }: { sample: Feeds<PathSample>; ends: Feeds<PathEnds> },
  weight?: (t: Tensor) => Tensor,
): Promise<number> => {
  const program = jit((a: PathSample, e: PathEnds) => actionLoss(l, s, a, e, { duration: 1, weight }).loss);
  return item(await program(sample, ends));
};

/** s = m'(x - m) + (k/2)(x - m)², with mean m and slope k of the velocity as programs of t [B, 1]. */
const quadratic =
  (mean: (t: Tensor) => Tensor, slope: (t: Tensor) => Tensor, offset?: (t: Tensor) => Tensor): Action =>
  (t, x) => {
    const [m, rate] = jvp(mean, [t], [t.mul(0).add(1)]);
    const y = x.sub(m);
    const s = rate.mul(y).add(slope(t).mul(y.square()).mul(0.5));
    return (offset ? s.add(offset(t)) : s).squeeze(1);
  };
const logRate =
  (variance: (t: Tensor) => Tensor) =>
  (t: Tensor): Tensor => {
    const [v, rate] = jvp(variance, [t], [t.mul(0).add(1)]);
    return rate.div(v).mul(0.5);
  };
const linearVariance = (t: Tensor): Tensor => t.neg().add(1).square().add(t.square().div(4));
const linearMean = (t: Tensor): Tensor => t.mul(2);
const vpVariance = (t: Tensor): Tensor => {
  const alpha2 = t
    .mul(-0.1)
    .sub(t.square().mul(19.9 / 2))
    .exp();
  return alpha2.mul(0.04 - 1).add(1);
};
const vpMean = (t: Tensor): Tensor =>
  t
    .mul(-0.05)
    .sub(t.square().mul(19.9 / 4))
    .exp();
const ouVariance = (t: Tensor): Tensor => t.mul(-2).exp().mul(-0.4).add(0.5);
const ouMean = (t: Tensor): Tensor => t.neg().exp().mul(2);

const numbers =
  (f: (t: Tensor) => Tensor) =>
  (t: number): number => {
    // the same formulas on numbers, through tiny closures of Math: only for the quadrature nodes
    if (f === vpVariance) return 1 - 0.96 * Math.exp(-0.1 * t - (19.9 / 2) * t * t);
    if (f === vpMean) return Math.exp(-0.05 * t - (19.9 / 4) * t * t);
    if (f === ouVariance) return 0.5 - 0.4 * Math.exp(-2 * t);
    if (f === ouMean) return 2 * Math.exp(-t);
    throw new Error("unknown");
  };
const pathOf = (mean: (t: Tensor) => Tensor, variance: (t: Tensor) => Tensor) =>
  gaussianPath((t) => ({ m: numbers(mean)(t), r: Math.sqrt(numbers(variance)(t)) }), 12, 80);

/** Of the specification: minima -K of the losses, by independent quadrature. */
const cases: [string, number, Lagrangian, Action, ReturnType<typeof gaussianPath>][] = [
  ["independent linear path", 2.2323009183, freeMotion, quadratic(linearMean, logRate(linearVariance)), linearPath],
  ["variance-preserving path", 1.3957880384, freeMotion, quadratic(vpMean, logRate(vpVariance)), pathOf(vpMean, vpVariance)],
  ["Ornstein–Uhlenbeck path", 0.9650542474, freeMotion, quadratic(ouMean, logRate(ouVariance)), pathOf(ouMean, ouVariance)],
  [
    "Ornstein–Uhlenbeck path, entropic",
    1.0281982451,
    { ...freeMotion, noise: 1 },
    (_, x) => x.square().sum(1).mul(-0.5),
    pathOf(ouMean, ouVariance),
  ],
  [
    "heat flow",
    0.2997369091,
    freeMotion,
    (t, x) => x.square().div(t.add(0.1).mul(4)).squeeze(1),
    gaussianPath((t) => ({ m: 0, r: Math.sqrt(0.1 + t) })),
  ],
  [
    "linear path, entropic",
    2.3434880085,
    { ...freeMotion, noise: 0.5 },
    quadratic(linearMean, (t) => logRate(linearVariance)(t).sub(linearVariance(t).pow(-1).mul(0.125))),
    linearPath,
  ],
  [
    "linear path, unbalanced",
    1.6282571145,
    { ...freeMotion, growth: 1 },
    (t, x) => {
      const v = linearVariance(t);
      const c = v.add(1).pow(-1).mul(2);
      const b = logRate(linearVariance)(t).div(v.mul(0.5).add(1));
      const y = x.sub(linearMean(t));
      return c
        .mul(y)
        .add(b.mul(0.5).mul(y.square().sub(v)))
        .squeeze(1);
    },
    linearPath,
  ],
];

test.each(cases)("%s: the loss of the true action is minus its energy %f", async (_, energy, l, s, path) => {
  expect(await lossOf(l, s, path)).toBeCloseTo(-energy, 8);
});

test("backward in time: the loss of the reversed process's drift is minus its energy, in both forms for any action", async () => {
  // ∇s = -v + (σ²/2) ∇log q, whose energy is that of the forward process plus (σ²/2) log(r_1 / r_0)
  const l = { ...freeMotion, noise: 0.5 };
  const energy = 2.3434880085 + 0.25 * Math.log(0.5);
  const backward = async (s: Action): Promise<number> => {
    const program = jit((a: PathSample, e: PathEnds) => {
      const turned = reversed(s, a, e);
      return actionLoss(l, turned.s, turned.sample, turned.ends, { duration: 1 }).loss;
    });
    return item(await program(linearPath.sample, linearPath.ends));
  };
  const forward = quadratic(linearMean, (t) => logRate(linearVariance)(t).add(linearVariance(t).pow(-1).mul(0.125)));
  expect(await backward((t, x) => forward(t, x).neg())).toBeCloseTo(-energy, 8);
  // the loss by its own formula, for an action that is wrong
  const wrong: Action = (t, x) => x.sin().mul(t.add(0.5)).squeeze(1);
  const own = jit(({ t, x, mass }: PathSample, { t0, x0, t1, x1, mass0, mass1 }: PathEnds) => {
    const [, rate] = jvp((at: Tensor) => wrong(at, x), [t], [t.mul(0).add(1)]);
    const [slope, bend] = [x.cos().mul(t.add(0.5)), x.sin().mul(t.add(0.5)).neg()];
    const inner = slope.square().mul(0.5).add(bend.mul(0.125)).squeeze(1).sub(rate);
    const end = (at: Tensor, z: Tensor, m: Tensor) => wrong(at, z).mul(m.squeeze(1)).mean();
    return end(t1, x1, mass1 as Tensor)
      .sub(end(t0, x0, mass0 as Tensor))
      .add(inner.mul((mass as Tensor).squeeze(1)).mean());
  });
  expect(await backward(wrong)).toBeCloseTo(item(await own(linearPath.sample, linearPath.ends)), 12);
});

test("loss plus energy is the action gap of a wrong action", async () => {
  expect(await lossOf(freeMotion, (_, x) => x.square().sum(1).mul(0.75), linearPath)).toBeCloseTo(-0.46875, 10);
  expect(2.2323009183 - 0.46875).toBeCloseTo(1.7635509183, 9);
});

test("a function of time alone changes no loss but the unbalanced one, also with weights in time", async () => {
  const wrong: Action = (t, x) => x.square().mul(0.3).add(x.mul(t.sin())).squeeze(1);
  const shifted: Action = (t, x) => wrong(t, x).add(t.mul(3).sin().add(t.exp()).squeeze(1));
  const weight = (t: Tensor): Tensor => t.neg().add(1).square().add(0.1);
  for (const [l, w] of [[freeMotion], [{ ...freeMotion, noise: 0.7 }], [freeMotion, weight]] as [Lagrangian, typeof weight?][])
    expect(await lossOf(l, shifted, linearPath, w)).toBeCloseTo(await lossOf(l, wrong, linearPath, w), 10);
  const unbalanced = { ...freeMotion, growth: 1 };
  expect(Math.abs((await lossOf(unbalanced, shifted, linearPath)) - (await lossOf(unbalanced, wrong, linearPath)))).toBeGreaterThan(0.1);
});

test("weight one changes nothing, and any positive weight keeps the minimiser", async () => {
  const wrong: Action = (t, x) => x.square().mul(t.cos()).squeeze(1);
  expect(await lossOf(freeMotion, wrong, linearPath, (t) => t.mul(0).add(1))).toBeCloseTo(await lossOf(freeMotion, wrong, linearPath), 12);
  const weight = (t: Tensor): Tensor => t.square().add(0.2);
  const best = quadratic(linearMean, logRate(linearVariance));
  const along = async (e: number): Promise<number> => lossOf(freeMotion, (t, x) => best(t, x).add(wrong(t, x).mul(e)), linearPath, weight);
  const [less, least, more] = [await along(-1e-3), await along(0), await along(1e-3)];
  expect(Math.abs(more - less) / 2e-3).toBeLessThan(1e-7); // stationary
  expect(more + less - 2 * least).toBeGreaterThan(0);
});

test("action and flow forms agree for every action, cost, noise, growth, mass and weight", async () => {
  // Pairs N(0, 1), N(2, 1/4), mass Z(t) = (1 + t)²: quadrature over both ends and time makes both expectations exact.
  const [z, time] = [hermite(10), legendre(24)];
  const all = time.x.flatMap((t, i) => z.x.flatMap((a, j) => z.x.map((b, k) => ({ t, a, b: 2 + b / 2, w: time.w[i] * z.w[j] * z.w[k] }))));
  const n = all.length;
  const sample = {
    t: column(all.map((p) => p.t)),
    x: column(all.map((p) => (1 - p.t) * p.a + p.t * p.b)),
    v: column(all.map((p) => p.b - p.a)),
    mass: column(all.map((p) => p.w * n * (1 + p.t) ** 2)),
    massRate: column(all.map((p) => p.w * n * 2 * (1 + p.t))),
  };
  const end = (t: number) => ({
    t: column(z.x.map(() => t)),
    x: column(z.x.map((e) => (t ? 2 + e / 2 : e))),
    mass: column(z.w.map((w) => 10 * w * (1 + t) ** 2)),
  });
  const [first, last] = [end(0), end(1)];
  const ends = { t0: first.t, x0: first.x, t1: last.t, x1: last.x, mass0: first.mass, mass1: last.mass };
  const s: Action = (t, x) => x.sin().mul(t.add(0.5)).add(x.square().mul(0.2).mul(t.cos())).squeeze(1);
  const lagrangians: Lagrangian[] = [
    freeMotion,
    { ...freeMotion, noise: 0.6 },
    { ...freeMotion, growth: 0.8, noise: 0.4, potential: (t, x) => x.square().mul(t).squeeze(1), drift: (_, x) => x.cos() },
    { ...freeMotion, cost: metricCost([2.5]) },
  ];
  for (const l of lagrangians)
    for (const weight of [undefined, (t: Tensor) => t.square().add(0.3)]) {
      const program = jit((a: PathSample & { v: Tensor; massRate: Tensor }, e: PathEnds) => ({
        action: actionLoss(l, s, a, e, { duration: 1, weight }).loss,
        flow: flowLoss(l, s, a, { duration: 1, weight }).loss,
      }));
      const { action, flow } = await program(sample, ends);
      expect(item(action)).toBeCloseTo(item(flow), 8);
    }
});

test("times drawn by a density give the same loss after division by it", async () => {
  // t = (√(1 + 8u) - 1) / 2 has density ½ + t: the mean over it of f / (½ + t) is ∫ f.
  const { sample, ends } = gaussianPath((t) => ({ m: 2 * t, r: 1 - t / 2 }));
  const s: Action = (t, x) => x.square().mul(t).squeeze(1);
  const plain = await lossOf(freeMotion, s, { sample, ends });
  const time = legendre(40);
  const z = hermite(24);
  const all = time.x.flatMap((u, i) => z.x.map((e, j) => ({ t: (Math.sqrt(1 + 8 * u) - 1) / 2, e, w: time.w[i] * z.w[j] })));
  const drawn = {
    t: column(all.map((p) => p.t)),
    x: column(all.map((p) => 2 * p.t + (1 - p.t / 2) * p.e)),
    mass: column(all.map((p) => p.w * all.length)),
    density: column(all.map((p) => 0.5 + p.t)),
  };
  expect(await lossOf(freeMotion, s, { sample: drawn, ends })).toBeCloseTo(plain, 9);
});

test("derivatives of the loss in the parameters of an action are those of finite differences", async () => {
  const rng = randomStream(12);
  const x = rng.normal([32, 2], "f64");
  const t = rng.uniform([32, 1], "f64");
  const probe = ndarray(rng.normal([32, 2], "f64").data.map(Math.sign) as Float64Array<ArrayBuffer>, [32, 2], "f64");
  const l: Lagrangian = { ...freeMotion, noise: 0.5, growth: 0.7 };
  const loss = (w: Tensor, at: Tensor, z: Tensor, e: Tensor): Tensor => {
    const s: Action = (time, y) =>
      y
        .mul(w.slice(0))
        .add(time.mul(w.slice(1)))
        .sigmoid()
        .mul(w.slice(2))
        .sum(1);
    const ends = { t0: at.mul(0), x0: z, t1: at.mul(0).add(1), x1: z.mul(2) };
    return actionLoss(l, s, { t: at, x: z }, ends, { duration: 1, probe: e }).loss;
  };
  const value = jit(loss);
  const w = [0.7, -0.4, 1.3];
  const gradient = toNumbers(await jit(grad(loss))(array(w, "f64"), t, x, probe));
  for (const i of [0, 1, 2]) {
    const at = async (h: number): Promise<number> =>
      item(
        await value(
          array(
            w.map((v, j) => (i === j ? v + h : v)),
            "f64",
          ),
          t,
          x,
          probe,
        ),
      );
    const numeric = ((await at(1e-5)) - (await at(-1e-5))) / 2e-5;
    expect(Math.abs(gradient[i] - numeric)).toBeLessThan(1e-7);
  }
});
