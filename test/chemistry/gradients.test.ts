/** Energies, variances and gradients of flows where they are known: by quadrature with the estimators' own code, and by Monte Carlo. */
import { describe, expect, test } from "vitest";
import { array, type NdArray, ndarray, randomStream, toNumbers } from "../../src/array/index.ts";
import { type Ansatz, type Parameters, waveOf } from "../../src/chemistry/ansatz/ansatz.ts";
import { ansatzOf } from "../../src/chemistry/ansatz/choose.ts";
import { plainNetwork } from "../../src/chemistry/ansatz/network.ts";
import { gaussian, hydrogenic } from "../../src/chemistry/ansatz/trial.ts";
import { localEnergy } from "../../src/chemistry/energy/local-energy.ts";
import { transportCost } from "../../src/chemistry/flows/costs.ts";
import { fisherRaoGradient, wassersteinGradient } from "../../src/chemistry/flows/estimators.ts";
import { perWalkerGradients } from "../../src/chemistry/solvers/curvature.ts";
import { passages } from "../../src/chemistry/solvers/passages.ts";
import { flattened, unflattened } from "../../src/chemistry/solvers/vector.ts";
import type { System } from "../../src/chemistry/systems/system.ts";
import { logDensity, walk } from "../../src/chemistry/walkers/walk.ts";
import { grad, jit, type Tensor } from "../../src/tensor/index.ts";
import { molecule, trap, widened } from "./cases.ts";
import { type Cloud, expected, gridCloud, halfLine, heliumCloud, meanError, shares } from "./quadrature.ts";

type Cost = Parameters_<typeof transportCost>[0];
type Parameters_<F extends (...args: never[]) => unknown> = globalThis.Parameters<F>;

const vector = (values: readonly number[]): NdArray => ndarray(Float64Array.from(values), [values.length], "f64");

/** The pieces of a step, compiled. */
function pieces(system: System, ansatz: Ansatz, cost: Cost) {
  const map = transportCost(cost).map;
  const energy = (p: Parameters<Tensor>, x: Tensor) => localEnergy(system, ansatz, plainNetwork(p), x);
  return {
    energies: jit((p: Parameters<Tensor>, x: Tensor) => {
      const { energy: e, logAbs } = energy(p, x);
      return { energy: e, logAbs };
    }),
    gradients: jit((p: Parameters<Tensor>, x: Tensor, residuals: Tensor, masks: Tensor) => {
      const slope = grad((y: Tensor) => energy(p, y).energy.sum())(x);
      const passed = passages(ansatz, p, x);
      return {
        fisherRao: fisherRaoGradient(passed, p, residuals),
        wasserstein: wassersteinGradient(ansatz, p, x, map(slope), masks),
        slope,
      };
    }),
    rows: jit((p: Parameters<Tensor>, x: Tensor) => perWalkerGradients(passages(ansatz, p, x), p, x.shape[2])),
  };
}

/** Energy, variance and gradients over a cloud that stands for all of space. */
async function exactly(system: System, ansatz: Ansatz, cost: Cost, p: Parameters<NdArray>, cloud: Cloud) {
  const { energies, gradients } = pieces(system, ansatz, cost);
  const { energy, logAbs } = await energies(p, cloud.x);
  const share = shares(cloud, toNumbers(logAbs));
  const e = toNumbers(energy);
  const mean = expected(share, (b) => e[b]);
  const variance = expected(share, (b) => (e[b] - mean) ** 2);
  const walkers = e.length;
  const found = await gradients(
    p,
    cloud.x,
    vector(share.map((w, b) => w * walkers * (e[b] - mean))),
    vector(share.map((w) => w * walkers)),
  );
  return { mean, variance, share, energy: e, fisherRao: flattened(found.fisherRao), wasserstein: flattened(found.wasserstein) };
}

describe("hydrogen, ψ = e^{-αr}", () => {
  const hydrogen = molecule("H");
  const ansatz = hydrogenic(hydrogen);
  const at = (alpha: number): Parameters<NdArray> => ({ linear: {}, other: { decay: array([[[alpha]]], "f64") } });
  /** Walkers along one direction: all that depends on the angle is u of costs that are not rotated with x. */
  const ray = (alpha: number): Cloud => {
    const { nodes, weights } = halfLine(160);
    const r = nodes.map((v) => v / (2 * alpha));
    const data = Float64Array.from([...r.map((v) => v / 3), ...r.map((v) => (2 * v) / 3), ...r.map((v) => (-2 * v) / 3)]);
    return { x: ndarray(data, [3, 1, r.length], "f64"), volumes: Float64Array.from(weights, (w, b) => w * r[b] ** 2) };
  };

  test.each([0.5, 0.8, 1.2, 1.5, 2])("α = %d: E, its variance, F and the gradients of both flows", async (alpha) => {
    const cloud = ray(alpha);
    const { mean, variance, share, fisherRao, wasserstein } = await exactly(hydrogen, ansatz, "l2", at(alpha), cloud);
    expect(mean).toBeCloseTo(alpha ** 2 / 2 - alpha, 10);
    expect(variance).toBeCloseTo(alpha ** 2 * (alpha - 1) ** 2, 9);
    expect(fisherRao[0]).toBeCloseTo(alpha - 1, 10);
    expect(wasserstein[0]).toBeCloseTo(4 * alpha ** 2 * (alpha - 1), 8);
    // F by O = -2r at the same points
    const r = Array.from({ length: share.length }, (_, b) => Math.hypot(...[0, 1, 2].map((c) => cloud.x.data[c * share.length + b])));
    const o = expected(share, (b) => -2 * r[b]);
    expect(expected(share, (b) => (-2 * r[b] - o) ** 2)).toBeCloseTo(3 / alpha ** 2, 9);
  });

  /** Exact samples: r is a sum of three exponentials of rate 2α. */
  const sample = (alpha: number, walkers: number, seed: number): NdArray<"f64"> => {
    const rng = randomStream(seed);
    const [e, v] = [rng.exponential([3, walkers], "f64").data, rng.normal([3, walkers], "f64").data];
    const data = Float64Array.from({ length: 3 * walkers }, (_, at2) => {
      const [c, b] = [Math.floor(at2 / walkers), at2 % walkers];
      const three = (x: Float64Array): number[] => [0, 1, 2].map((k) => x[k * walkers + b]);
      const r = three(e).reduce((s, x) => s + x, 0) / (2 * alpha);
      return (r * v[c * walkers + b]) / Math.hypot(...three(v));
    });
    return ndarray(data, [3, 1, walkers], "f64");
  };

  const tanhTable: readonly [number, number][] = [
    [0.5, -0.320463557],
    [0.8, -0.326538363],
    [1.2, 0.599862149],
    [1.5, 1.378679308],
    [2, 2.264516207],
  ];
  test.each(tanhTable)("α = %d by Monte Carlo, 5 standard errors: E, F, g_FR and g_W of the cost tanh", async (alpha, tanh) => {
    const { energies, gradients, rows } = pieces(hydrogen, ansatz, "tanh");
    const [batches, walkers] = [40, 2500];
    const seen: Record<"energy" | "fisher" | "fisherRao" | "wasserstein", number[]> = {
      energy: [],
      fisher: [],
      fisherRao: [],
      wasserstein: [],
    };
    for (let t = 0; t < batches; t++) {
      const x = sample(alpha, walkers, t);
      const e = toNumbers((await energies(at(alpha), x)).energy);
      const centre = e.reduce((s, v) => s + v, 0) / walkers;
      seen.energy.push(centre);
      const o = toNumbers(await rows(at(alpha), x));
      // centred by the batch's own mean: (B - 1) / B of what is expected
      const unbiased = walkers / (walkers - 1);
      seen.fisher.push(o.reduce((s, v) => s + v * v, 0) * unbiased);
      const g = await gradients(at(alpha), x, vector(e.map((v) => (v - centre) * unbiased)), vector(e.map(() => 1)));
      seen.fisherRao.push(Number(g.fisherRao.other.decay.data[0]));
      seen.wasserstein.push(Number(g.wasserstein.other.decay.data[0]));
    }
    const exact = { energy: alpha ** 2 / 2 - alpha, fisher: 3 / alpha ** 2, fisherRao: alpha - 1, wasserstein: tanh };
    for (const [name, values] of Object.entries(seen)) {
      const { mean, error } = meanError(values);
      expect(Math.abs(mean - exact[name as keyof typeof exact]), name).toBeLessThan(5 * error);
      expect(error, name).toBeLessThan(0.02 * Math.max(1, Math.abs(exact[name as keyof typeof exact])));
    }
  });

  test("at α = 1 every gradient is 0 for every sample", async () => {
    const { energies, gradients } = pieces(hydrogen, ansatz, "tanh");
    const x = sample(1, 2000, 1);
    const e = toNumbers((await energies(at(1), x)).energy);
    e.forEach((value) => expect(value).toBeCloseTo(-0.5, 11));
    const g = await gradients(at(1), x, vector(e.map((v) => v + 0.5)), vector(e.map(() => 1)));
    expect(Math.abs(flattened(g.fisherRao)[0])).toBeLessThan(1e-13);
    expect(Math.abs(flattened(g.wasserstein)[0])).toBeLessThan(1e-11);
    // 1/r of two sources cancels: rounding ε / r² of each
    toNumbers(g.slope).forEach((s, k) => {
      const b = k % 2000;
      const r = Math.hypot(x.data[b], x.data[2000 + b], x.data[4000 + b]);
      expect(Math.abs(s)).toBeLessThan(1e-14 * (1 + r ** -2));
    });
  });
});

describe("helium", () => {
  const helium = molecule("He");
  const bare = hydrogenic(helium, { correlated: false });
  const correlated = hydrogenic(helium);
  /** J = ½ r / (1 + β r) is ours with α = 1/β, but for a constant. */
  const at = (zeta: number, beta?: number): Parameters<NdArray> => ({
    linear: {},
    other: {
      decay: array([[[zeta]]], "f64"),
      ...(beta && { "jastrow.parallel": array([1], "f64"), "jastrow.antiparallel": array([1 / beta], "f64") }),
    },
  });

  test.each([27 / 16, 2])("e^{-ζ(r1+r2)}, ζ = %d: E and variance are those of the formulas", async (zeta) => {
    const { mean, variance } = await exactly(helium, bare, "l2", at(zeta), heliumCloud(36, 29, 1 / (2 * zeta)));
    const delta = zeta - 2;
    expect(mean).toBeCloseTo(zeta ** 2 - (27 / 8) * zeta, 6);
    expect(variance).toBeCloseTo(zeta ** 2 * (6 * delta ** 2 + 2 / 3 + 3 * delta - (2 * delta + 5 / 8) ** 2), 5);
  });

  test.each([
    [2, 0.3, -2.871216327, 0.08482],
    [2, 0.15, -2.87817467, 0.11174],
    [1.843269, 0.346558, -2.890267138, 0.137732],
  ])("with e^J, ζ = %d, β = %d: E and variance computed elsewhere", async (zeta, beta, energy, spread) => {
    const cloud = heliumCloud(36, 29, 1 / (2 * zeta));
    const { mean, variance, fisherRao } = await exactly(helium, correlated, "l2", at(zeta, beta), cloud);
    expect(Math.abs(mean - energy)).toBeLessThan(1e-7);
    expect(Math.abs(variance - spread)).toBeLessThan(6e-5);
    if (zeta !== 2) expect(Math.max(...fisherRao.map(Math.abs))).toBeLessThan(1e-5);
  });

  test("g_FR is the derivative of the energy", async () => {
    const cloud = heliumCloud(36, 29, 0.25);
    const h = 1e-4;
    const { energies } = pieces(helium, correlated, "l2");
    const energy = async (zeta: number, beta: number) => {
      const found = await energies(at(zeta, beta), cloud.x);
      return expected(shares(cloud, toNumbers(found.logAbs)), (b) => Number(found.energy.data[b]));
    };
    const { fisherRao } = await exactly(helium, correlated, "l2", at(2, 0.3), cloud);
    const [byZeta, byBeta] = [
      ((await energy(2 + h, 0.3)) - (await energy(2 - h, 0.3))) / (2 * h),
      ((await energy(2, 0.3 + h)) - (await energy(2, 0.3 - h))) / (2 * h),
    ];
    const named = unflattened(fisherRao, at(2, 0.3)).other;
    expect(Number(named.decay.data[0])).toBeCloseTo(byZeta, 6);
    // α = 1/β: dβ = -β² dα
    expect(Number(named["jastrow.antiparallel"].data[0])).toBeCloseTo(-(0.3 ** 2) * byBeta, 6);
  });

  test("by Monte Carlo within 5 standard errors of independent walkers: the energy, and both gradients without bias", async () => {
    const p = at(2, 0.3);
    const exact = await exactly(helium, correlated, "relativistic", p, heliumCloud(36, 29, 0.25));
    const { energies, gradients } = pieces(helium, correlated, "relativistic");
    const move = walk(helium, logDensity(helium, correlated), "all");
    const [walkers, groups, rounds] = [1000, 20, 30];
    const rng = randomStream(21);
    let { x } = await move(rng.normal([walkers, 6], "f64"), 100, 0.4, p, rng);
    const perGroup = Array.from({ length: groups }, () => ({ energy: 0, fisherRao: [0, 0, 0], wasserstein: [0, 0, 0] }));
    for (let t = 0; t < rounds; t++) {
      ({ x } = await move(x, 10, 0.4, p, rng));
      for (let g = 0; g < groups; g++) {
        const size = walkers / groups;
        const own = ndarray(
          Float64Array.from({ length: 6 * size }, (_, k) =>
            Number(x.data[(g * size + (k % size)) * 6 + (Math.floor(k / size) % 2) * 3 + Math.floor(k / (2 * size))]),
          ),
          [3, 2, size],
          "f64",
        );
        const e = toNumbers((await energies(p, own)).energy);
        // energies less the exact mean: no bias by their own
        const found = await gradients(p, own, vector(e.map((v) => v - exact.mean)), vector(e.map(() => 1)));
        perGroup[g].energy += e.reduce((s, v) => s + v, 0) / size / rounds;
        flattened(found.fisherRao).forEach((v, k) => {
          perGroup[g].fisherRao[k] += v / rounds;
        });
        flattened(found.wasserstein).forEach((v, k) => {
          perGroup[g].wasserstein[k] += v / rounds;
        });
      }
    }
    const within = (values: readonly number[], value: number, what: string) => {
      const { mean, error } = meanError(values);
      expect(Math.abs(mean - value), what).toBeLessThan(5 * error + 1e-12);
    };
    within(
      perGroup.map(({ energy }) => energy),
      exact.mean,
      "E",
    );
    for (const k of [0, 1, 2]) {
      within(
        perGroup.map(({ fisherRao }) => fisherRao[k]),
        exact.fisherRao[k],
        `g_FR ${k}`,
      );
      within(
        perGroup.map(({ wasserstein }) => wasserstein[k]),
        exact.wasserstein[k],
        `g_W ${k}`,
      );
    }
  });
});

test("Slater-Jastrow without its factors has the energy of Hartree-Fock, with them a lower one of less variance", async () => {
  const helium = molecule("He");
  const ansatz = ansatzOf("slater-jastrow", helium);
  const at = (alpha: number, bend: number): Parameters<NdArray> => ({
    linear: {},
    other: {
      "cusp.bend": array([[bend]], "f64"),
      "jastrow.parallel": array([1], "f64"),
      "jastrow.antiparallel": array([alpha], "f64"),
    },
  });
  const cloud = heliumCloud(40, 25, 0.25);
  // J of α = 0 vanishes, and the factor at the nucleus with a bend without end
  const bare = await exactly(helium, ansatz, "l2", at(0, 1e12), cloud);
  // what so few points leave of the sharpest Gaussians
  expect(Math.abs(bare.mean + 2.84629209)).toBeLessThan(1e-5);
  const start = ansatz.init(randomStream(1)).other;
  const first = await exactly(
    helium,
    ansatz,
    "l2",
    at(Number(start["jastrow.antiparallel"].data[0]), Number(start["cusp.bend"].data[0])),
    cloud,
  );
  expect(first.mean).toBeLessThan(bare.mean);
  expect(first.variance).toBeLessThan(bare.variance);
});

describe("a Gaussian in a trap", () => {
  test.each([
    [1, 1, 2, 0.7],
    [2, 0.5, 0.3, -0.4],
  ] as const)("d = %d, ω = %d, s = %d, m = %d: gradients of both flows", async (d, omega, s, m) => {
    const system = trap(`dimension=${d} omega=${omega} up=1 down=0`);
    const ansatz = gaussian(system);
    const p: Parameters<NdArray> = {
      linear: {},
      other: { mean: ndarray(new Float64Array(d).fill(m), [d, 1, 1], "f64"), logSigma: array([Math.log(s) / 2], "f64") },
    };
    const { mean, variance, fisherRao, wasserstein } = await exactly(
      system,
      ansatz,
      "l2",
      p,
      gridCloud(d, 1, 9 * Math.sqrt(s) + Math.abs(m), d === 1 ? 301 : 101),
    );
    expect(mean).toBeCloseTo(d / (8 * s) + (omega ** 2 * d * (s + m * m)) / 2, 10);
    const [fr, w] = [fisherRao, wasserstein].map((g) => unflattened(g, p).other);
    expect(Number(fr.logSigma.data[0])).toBeCloseTo(d * (omega ** 2 * s - 1 / (4 * s)), 9);
    expect(Number(w.logSigma.data[0])).toBeCloseTo(2 * d * (omega ** 2 - 1 / (4 * s * s)), 9);
    expect(Number(fr.mean.data[0])).toBeCloseTo(omega ** 2 * m, 9);
    expect(Number(w.mean.data[0])).toBeCloseTo((omega ** 2 * m) / s, 9);
    // the family is closed under both flows: energy falls as fast as that of densities, -Var E_loc and -E |∇E_loc|²
    const fall = (g: Float64Array) => {
      const velocity = unflattened(g, p).other;
      const dots = fr.mean.data.length * Number(fr.mean.data[0]) * Number(velocity.mean.data[0]) * s;
      return dots + (Number(fr.logSigma.data[0]) * Number(velocity.logSigma.data[0])) / (2 * d);
    };
    expect(fall(fisherRao)).toBeCloseTo(variance, 8);
    expect(fall(wasserstein)).toBeCloseTo(d * ((omega ** 2 - 1 / (4 * s * s)) ** 2 * s + omega ** 4 * m * m), 8);
  });

  test.each([0, 0.1, 0.7])("looking h = %d ahead: 2 d c (1 - h c) for u = c x; half of a step ahead is the step itself", async (h) => {
    const [d, omega, sigma2] = [2, 0.5, 0.3];
    const system = trap("dimension=2 omega=0.5 up=1 down=0");
    const ansatz = gaussian(system);
    const p: Parameters<NdArray> = {
      linear: {},
      other: { mean: ndarray(new Float64Array(d), [d, 1, 1], "f64"), logSigma: array([Math.log(sigma2) / 2], "f64") },
    };
    const cloud = gridCloud(d, 1, 9 * Math.sqrt(sigma2), 101);
    const c = omega ** 2 - 1 / (4 * sigma2 ** 2);
    const logAbs = toNumbers(await jit((q: Parameters<Tensor>, x: Tensor) => waveOf(ansatz, x, plainNetwork(q)).logAbs)(p, cloud.x));
    const share = shares(cloud, logAbs);
    const masks = vector(share.map((w) => w * share.length));
    const gradient = jit((q: Parameters<Tensor>, x: Tensor, m: Tensor) => wassersteinGradient(ansatz, q, x, x.mul(c), m, h));
    const g = Number((await gradient(p, cloud.x, masks)).other.logSigma.data[0]);
    expect(g).toBeCloseTo(2 * d * c * (1 - h * c), 9);
    // (E[O(x)] - E[O(x - 2h u)]) / 2h, O = |x|²/σ² - d by log σ
    const moved = (time: number): number => d * (1 - time * c) ** 2 - d;
    if (h > 0) expect(g).toBeCloseTo((moved(0) - moved(2 * h)) / (2 * h), 9);
  });
});

test.each(["psiformer", "ferminet", "lapnet", "slater-jastrow"] as const)(
  "%s, two electrons in a line: g_FR is the derivative of E, g_W is integrated by parts, on a grid",
  async (name) => {
    const system = trap("dimension=1 up=1 down=1 softening=1");
    const ansatz = ansatzOf(name, system, { width: 4, pairWidth: 3, layers: 1, heads: 2, determinants: 2 });
    const p = widened(ansatz.init(randomStream(1)), 0.05);
    const cloud = gridCloud(1, 2, 6, 91);
    const exact = await exactly(system, ansatz, "tanh", p, cloud);
    const v = randomStream(9).normal([flattened(p).length], "f64").data;
    const h = 1e-5;
    const program = jit((q: Parameters<Tensor>, x: Tensor) => {
      const { energy, logAbs, gradient } = localEnergy(system, ansatz, plainNetwork(q), x);
      return { energy, logAbs, gradient };
    });
    const at = async (s: number) => {
      const moved = unflattened(
        flattened(p).map((value, k) => value + s * h * v[k]),
        p,
      );
      const { energy, logAbs, gradient } = await program(moved, cloud.x);
      const l = toNumbers(logAbs);
      return { mean: expected(shares(cloud, l), (b) => Number(energy.data[b])), l, gradient: toNumbers(gradient) };
    };
    const [behind, here, ahead] = [await at(-1), await at(0), await at(1)];
    const along = (g: Float64Array) => g.reduce((sum, value, k) => sum + value * v[k], 0);
    expect(along(exact.fisherRao)).toBeCloseTo((ahead.mean - behind.mean) / (2 * h), 5);
    // any field u: E_q[u · ∇f] = -E_q[f (∇·u + u · ∇ log q)], f the derivative of log q along v
    const walkers = here.l.length;
    const x = (e: number, b: number) => cloud.x.data[e * walkers + b];
    const u = Float64Array.from({ length: 2 * walkers }, (_, k) => (k < walkers ? Math.sin(x(0, k) + 0.3) : Math.cos(x(1, k - walkers))));
    const found = await jit((q: Parameters<Tensor>, y: Tensor, field: Tensor, masks: Tensor) =>
      wassersteinGradient(ansatz, q, y, field, masks),
    )(p, cloud.x, ndarray(u, [1, 2, walkers], "f64"), vector(exact.share.map((w) => w * walkers)));
    // f but for a constant, of which the integral is 0; differences of log |ψ| would fail near nodes
    const f = toNumbers(
      await jit((q: Parameters<Tensor>, y: Tensor, d: Tensor) =>
        perWalkerGradients(passages(ansatz, q, y), q, walkers)
          .mul(d.expandDims(1))
          .sum(0)
          .mul(Math.sqrt(walkers)),
      )(p, cloud.x, vector(Array.from(v))),
    );
    const byParts = expected(exact.share, (b) => {
      const divergence = Math.cos(x(0, b) + 0.3) - Math.sin(x(1, b));
      const drift = 2 * (u[b] * here.gradient[b] + u[walkers + b] * here.gradient[walkers + b]);
      return -f[b] * (divergence + drift);
    });
    expect(along(flattened(found))).toBeCloseTo(byParts, 5);
  },
);
