import { beforeAll, describe, expect, test } from "vitest";
import { type NdArray, ndarray, randomStream, toNumbers } from "../../src/array/index.ts";
import { dataset } from "../../src/data/builtin.ts";
import {
  bohrRadius,
  hydrogenEnergy,
  hydrogenFrequency,
  hydrogenLogDensity,
  hydrogenScore,
  hydrogenSpan,
  hydrogenVelocity,
  hydrogenWave,
  sampleHydrogen,
  turnHydrogen,
} from "../../src/data/hydrogen.ts";
import { constantSteps, integrate, rungeKutta4 } from "../../src/solve/index.ts";
import { jit, jvp, laplacian, type Tensor } from "../../src/tensor/index.ts";
import { legendre } from "../transport/quadrature.ts";

const double = (values: ArrayLike<number>, shape: readonly number[]): NdArray => ndarray(Float64Array.from(values), shape, "f64");
/** Fifty points where the density is not small, at times of the span. */
const points = double(
  randomStream(1)
    .normal([50, 3], "f64")
    .data.map((v) => 60 * v),
  [50, 3],
);
const times = double(
  randomStream(2)
    .uniform([50], "f64")
    .data.map((u) => u * hydrogenSpan),
  [50, 1],
);
const ones = (like: Tensor): Tensor => like.mul(0).add(1);

/** R_nl by the general formula with associated Laguerre polynomials, for the comparison with the closed forms. */
function radial(n: number, l: number, r: number): number {
  const factorial = (k: number): number => (k <= 1 ? 1 : k * factorial(k - 1));
  const rho = (2 * r) / (n * bohrRadius);
  const [k, a] = [n - l - 1, 2 * l + 1];
  let laguerre = 0;
  for (let i = 0; i <= k; i++) laguerre += ((-1) ** i * factorial(k + a) * rho ** i) / (factorial(k - i) * factorial(a + i) * factorial(i));
  const norm = Math.sqrt(((2 / (n * bohrRadius)) ** 3 * factorial(k)) / (2 * n * factorial(n + l)));
  return norm * Math.exp(-rho / 2) * rho ** l * laguerre;
}

describe("the wave function", () => {
  test("energies and period are those of the specification", () => {
    expect(hydrogenEnergy(2)).toBeCloseTo(-7.915717472e-4, 13);
    expect(hydrogenEnergy(3)).toBeCloseTo(-3.518096654e-4, 13);
    expect((2 * Math.PI) / hydrogenFrequency).toBeCloseTo(14287.6923, 4);
    expect((hydrogenSpan * hydrogenFrequency) / (2 * Math.PI)).toBeCloseTo(0.97986, 5);
  });

  test("is the sum of R_nl Y_lm of both states", async () => {
    const { re, im } = await jit(hydrogenWave)(times, points);
    const at = toNumbers(points);
    for (let i = 0; i < 50; i++) {
      const [x, y, z] = at.slice(3 * i, 3 * i + 3);
      const time = Number(times.data[i]);
      const [r, phi] = [Math.hypot(x, y, z), Math.atan2(y, x)];
      const [cos, sin] = [z / r, Math.hypot(x, y) / r];
      // Y_{2,-1} = √(15/8π) sin θ cos θ e^{-iφ}, Y_{1,0} = √(3/4π) cos θ
      const third = radial(3, 2, r) * Math.sqrt(15 / (8 * Math.PI)) * sin * cos;
      const second = radial(2, 1, r) * Math.sqrt(3 / (4 * Math.PI)) * cos;
      const [a, b] = [-phi - hydrogenEnergy(3) * time, -hydrogenEnergy(2) * time];
      const size = Math.hypot(third, second);
      expect(Math.abs(Number(re.data[i]) - (third * Math.cos(a) + second * Math.cos(b)) / Math.SQRT2) / size).toBeLessThan(1e-11);
      expect(Math.abs(Number(im.data[i]) - (third * Math.sin(a) + second * Math.sin(b)) / Math.SQRT2) / size).toBeLessThan(1e-11);
    }
  });

  test("solves Schrödinger's equation i ∂_t ψ = -½ Δψ - ψ / (a r)", async () => {
    const residual = jit((t: Tensor, x: Tensor) => {
      const part = (name: "re" | "im") => {
        const [value, rate] = jvp((at: Tensor) => hydrogenWave(at, x)[name], [t], [ones(t)]);
        const bend = laplacian((z) => hydrogenWave(t, z)[name])(x).laplacian;
        const r = x.square().sum(1).sqrt();
        return { rate, energy: bend.mul(-0.5).sub(value.div(r.mul(bohrRadius))) };
      };
      const [re, im] = [part("re"), part("im")];
      // i (re' + i im') = H re + i H im
      const scale = re.energy.square().add(im.energy.square()).sqrt();
      return [im.rate.add(re.energy).div(scale), re.rate.sub(im.energy).div(scale)];
    });
    for (const miss of await residual(times, points)) for (const v of toNumbers(miss)) expect(Math.abs(v)).toBeLessThan(1e-8);
  });

  test("|ψ|² and the Bohmian velocity satisfy the continuity equation; the score is the gradient of the density", async () => {
    const residual = jit((t: Tensor, x: Tensor) => {
      const [, rate] = jvp((at: Tensor) => hydrogenLogDensity(at, x), [t], [ones(t)]);
      const v = hydrogenVelocity(t, x);
      let flux = v.mul(hydrogenScore(t, x)).sum(1);
      let size = flux.abs();
      for (let j = 0; j < 3; j++) {
        const e = double(
          [0, 1, 2].map((k) => Number(k === j)),
          [1, 3],
        );
        const slope = jvp((z: Tensor) => hydrogenVelocity(t, z), [x], [x.mul(0).add(e)])[1].slice(null, j);
        flux = flux.add(slope);
        size = size.add(slope.abs());
      }
      return rate.add(flux).div(size.add(rate.abs()));
    });
    for (const v of toNumbers(await residual(times, points))) expect(Math.abs(v)).toBeLessThan(1e-8);
  });

  test("norm, ⟨r⟩, ⟨r²⟩ and the turning mean by quadrature, at every time", async () => {
    const [radii, cosines, turns] = [legendre(60), legendre(12), 16];
    const far = 1500;
    const nodes = radii.x.flatMap((u, i) =>
      cosines.x.flatMap((c, j) =>
        Array.from({ length: turns }, (_, k) => {
          const [r, cos, phi] = [far * u, 2 * c - 1, (2 * Math.PI * k) / turns];
          const sin = Math.sqrt(1 - cos * cos);
          const w = radii.w[i] * far * 2 * cosines.w[j] * ((2 * Math.PI) / turns) * r * r;
          return { r, w, x: [r * sin * Math.cos(phi), r * sin * Math.sin(phi), r * cos] };
        }),
      ),
    );
    const density = jit((t: Tensor, x: Tensor) => hydrogenLogDensity(t, x).exp());
    const x = double(
      nodes.flatMap((p) => p.x),
      [nodes.length, 3],
    );
    for (const time of [0, 3000, 14_000]) {
      const rho = toNumbers(await density(double([time], []), x));
      const mean = (f: (p: (typeof nodes)[number]) => number): number => nodes.reduce((s, p, i) => s + p.w * rho[i] * f(p), 0);
      expect(mean(() => 1)).toBeCloseTo(1, 8);
      expect(mean((p) => p.r)).toBeCloseTo(97.3893723, 5);
      expect(mean((p) => p.r ** 2)).toBeCloseTo(12317.26629, 3);
      const angle = -hydrogenFrequency * time;
      expect(mean((p) => p.x[0])).toBeCloseTo(18.8677367 * Math.cos(angle), 5);
      expect(mean((p) => p.x[1])).toBeCloseTo(18.8677367 * Math.sin(angle), 5);
      expect(mean((p) => p.x[2])).toBeCloseTo(0, 8);
    }
  });
});

/** ⟨r⟩, ⟨r²⟩, mean turned back to t = 0, each with its standard error. */
function moments(cloud: NdArray, time: number): { value: number; error: number; exact: number }[] {
  const back = turnHydrogen(cloud as NdArray<"f32">, -time).data;
  const n = cloud.shape[0];
  const over = (f: (x: number, y: number, z: number) => number, exact: number) => {
    const values = Array.from({ length: n }, (_, i) => f(back[3 * i], back[3 * i + 1], back[3 * i + 2]));
    const value = values.reduce((a, b) => a + b, 0) / n;
    return { value, exact, error: Math.sqrt(values.reduce((s, v) => s + (v - value) ** 2, 0) / n / n) };
  };
  return [
    over((...x) => Math.hypot(...x), 97.3893723),
    over((...x) => Math.hypot(...x) ** 2, 12317.26629),
    over((x) => x, 18.8677367),
    over((_, y) => y, 0),
    over((_x, _y, z) => z, 0),
  ];
}

describe("sampled", () => {
  const n = 1500;
  let x: NdArray<"f32">;
  beforeAll(async () => {
    ({ x } = await sampleHydrogen(n, randomStream(1)));
  });

  test("chains have the radial distribution and keep it: Kolmogorov and Smirnov's distance", async () => {
    // both states have angular parts of their own, so radii are distributed as ½ (R_32² + R_21²) r²
    const cumulated = [0];
    for (let i = 1; i <= 15_000; i++) {
      const r = (i - 0.5) / 10;
      cumulated.push(cumulated[i - 1] + 0.05 * (radial(3, 2, r) ** 2 + radial(2, 1, r) ** 2) * r * r);
    }
    const distance = (cloud: NdArray<"f32">): number => {
      const radii = Float64Array.from({ length: n }, (_, i) => Math.hypot(...cloud.data.subarray(3 * i, 3 * i + 3))).sort();
      return Math.max(...radii.map((r, i) => Math.abs(cumulated[Math.round(10 * r)] - (i + 0.5) / n)));
    };
    const later = await sampleHydrogen(n, randomStream(2), { steps: 500, scale: 40, start: x });
    // exceeded with probability 2 exp(-2 · 2.2²) = 1e-4 by independent points
    for (const cloud of [x, later.x]) expect(distance(cloud)).toBeLessThan(2.2 / Math.sqrt(n));
    expect(later.acceptance).toBeGreaterThan(0.3);
  });

  test("⟨r⟩, ⟨r²⟩ and the turning mean hold along the Bohmian motion", async () => {
    const method = { solver: rungeKutta4, control: constantSteps(100) };
    const move = jit((x0: Tensor, at: Tensor) => integrate(hydrogenVelocity, x0, at, method).states);
    const at = Array.from({ length: 6 }, (_, k) => (hydrogenSpan * k) / 5);
    const states = (await move(x, ndarray(Float32Array.from(at), [6], "f32"))).data as Float32Array<ArrayBuffer>;
    const clouds = [x, ...at.slice(1).map((_, k) => ndarray(states.slice(3 * n * k, 3 * n * (k + 1)), [n, 3], "f32"))];
    clouds.forEach((cloud, k) => {
      for (const { value, error, exact } of moments(cloud, at[k])) expect(Math.abs(value - exact)).toBeLessThan(5 * error);
    });
  });

  test("the built-in set has the moments at each of its times, and particles of its own in each", async () => {
    const { times: at, snapshots } = await dataset("hydrogen", { seed: 3, particles: 300 });
    expect(at.length).toBe(11);
    snapshots.forEach((cloud, k) => {
      for (const { value, error, exact } of moments(cloud, at[k])) expect(Math.abs(value - exact)).toBeLessThan(5 * error);
    });
    expect(new Set(snapshots.map((s, k) => turnHydrogen(s, -at[k]).data[2])).size).toBe(11);
  });
});
