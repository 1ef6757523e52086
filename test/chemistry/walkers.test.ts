/** Walkers in known densities: shares of accepted proposals, moments that stay. */
import { describe, expect, test } from "vitest";
import { type NdArray, ndarray, randomStream, toNumbers } from "../../src/array/index.ts";
import type { Parameters } from "../../src/chemistry/ansatz/ansatz.ts";
import { hydrogenic } from "../../src/chemistry/ansatz/trial.ts";
import { nucleiOf } from "../../src/chemistry/systems/system.ts";
import { scaledProposal } from "../../src/chemistry/walkers/scaled.ts";
import { startWalkers } from "../../src/chemistry/walkers/start.ts";
import { logDensity, moveNames, walk } from "../../src/chemistry/walkers/walk.ts";
import { constant, jit, type Tensor } from "../../src/tensor/index.ts";
import { molecule, trap } from "./cases.ts";
import { halfLine, meanError } from "./quadrature.ts";

type Nothing = Record<string, never>;
const gaussian = (x: Tensor): Tensor => x.square().sum(-1).mul(-0.5);
const within = ({ mean, error }: { mean: number; error: number }, value: number, what = "") =>
  expect(Math.abs(mean - value), what).toBeLessThan(5 * error);

/** Batches of new walkers, each in equilibrium when it begins: independent of each other. */
async function acceptance<D>(move: ReturnType<typeof walk<D>>, size: number, data: Parameters_<D>, start: (seed: number) => NdArray) {
  const shares: number[] = [];
  for (let t = 0; t < 25; t++) shares.push((await move(start(t), 4, size, data, randomStream(1000 + t))).acceptance);
  return meanError(shares);
}
type Parameters_<D> = globalThis.Parameters<ReturnType<typeof walk<D>>>[3];

test.each([
  [0.5, 0.844042],
  [1, 0.704833],
  [2, 0.5],
])("in one dimension a proposal of σ = %d is accepted with probability (2/π) arctan(2/σ) = %d", async (size, share) => {
  const move = walk<Nothing>(trap("dimension=1 up=1 down=0"), gaussian, "all");
  const found = await acceptance(move, size, {}, (seed) => randomStream(seed).normal([2000, 1], "f64"));
  within(found, share);
  within(found, (2 / Math.PI) * Math.atan(2 / size));
});

test.each([
  [0.5, 0.6945],
  [1, 0.4505],
])("in three dimensions, σ = %d: %d", async (size, share) => {
  const move = walk<Nothing>(molecule("H"), gaussian, "all");
  const { mean, error } = await acceptance(move, size, {}, (seed) => randomStream(seed).normal([2000, 3], "f64"));
  expect(Math.abs(mean - share)).toBeLessThan(5 * Math.hypot(error, 5e-4));
});

/** Exact samples of the hydrogen atom. */
function atoms(walkers: number, seed: number): NdArray<"f64"> {
  const rng = randomStream(seed);
  const [e, v] = [rng.exponential([walkers, 3], "f64").data, rng.normal([walkers, 3], "f64").data];
  const data = v.map((x, k) => {
    const b = 3 * Math.floor(k / 3);
    return ((e[b] + e[b + 1] + e[b + 2]) / 2) * (x / Math.hypot(v[b], v[b + 1], v[b + 2]));
  });
  return ndarray(data, [walkers, 3], "f64");
}

describe("in a hydrogen atom", () => {
  const hydrogen = molecule("H");
  const ansatz = hydrogenic(hydrogen);
  const parameters: Parameters<NdArray> = { linear: {}, other: { decay: ndarray(Float64Array.of(1), [1, 1, 1], "f64") } };

  test.each([
    [0.5, 0.6403],
    [1, 0.3992],
  ])("σ = %d: %d", async (size, share) => {
    const move = walk(hydrogen, logDensity(hydrogen, ansatz), "all");
    const { mean, error } = await acceptance(move, size, parameters, (seed) => atoms(2000, seed));
    expect(Math.abs(mean - share)).toBeLessThan(5 * Math.hypot(error, 5e-4));
  });

  test.each(moveNames)("moves %s leave ⟨r⟩ = 1.5, ⟨r²⟩ = 3, ⟨1/r⟩ = 1, and reach them from elsewhere", async (how) => {
    const move = walk(hydrogen, logDensity(hydrogen, ansatz), how);
    const moments = ({ x }: { x: NdArray }) => {
      const values = toNumbers(x);
      const r = Array.from({ length: values.length / 3 }, (_, b) => Math.hypot(values[3 * b], values[3 * b + 1], values[3 * b + 2]));
      within(meanError(r), 1.5, "r");
      within(meanError(r.map((v) => v * v)), 3, "r²");
      within(meanError(r.map((v) => 1 / v)), 1, "1/r");
    };
    const size = how === "langevin" ? 0.6 : 0.9;
    const stayed = await move(atoms(8000, 3), 20, size, parameters, randomStream(4));
    expect(stayed.lost).toBe(0);
    moments(stayed);
    // relaxation takes some 10 steps here: e^{-10} is left of the start
    moments(await move(randomStream(5).normal([8000, 3], "f64"), 120, size, parameters, randomStream(6)));
  });
});

test.each(moveNames.filter((how) => how !== "scaled"))("moves %s of two electrons leave a correlated density as it is", async (how) => {
  // x = (a, b) with a + b ~ N(0, 1/0.6), a - b ~ N(0, 1/1.4) per coordinate, halves
  const density = (x: Tensor): Tensor => {
    const [a, b] = [x.slice([], [0, 2]), x.slice([], [2, 4])];
    return a.square().sum(-1).add(b.square().sum(-1)).mul(-0.5).add(a.mul(b).sum(-1).mul(0.4));
  };
  const move = walk<Nothing>(trap("dimension=2"), density, how);
  const walkers = 6000;
  const noise = randomStream(2).normal([walkers, 4], "f64").data;
  const start = noise.map((_, k) => {
    const [b, e, c] = [4 * Math.floor(k / 4), Math.floor((k % 4) / 2), k % 2];
    // eigenvalues of the precision: 0.6 along (1, 1)/√2, 1.4 along (1, -1)/√2
    const [plus, minus] = [noise[b + c] / Math.sqrt(0.6), noise[b + 2 + c] / Math.sqrt(1.4)];
    return (plus + (e === 0 ? minus : -minus)) / Math.SQRT2;
  });
  const { x, acceptance: share } = await move(ndarray(start, [walkers, 4], "f64"), 25, 0.9, {}, randomStream(9));
  expect(share).toBeGreaterThan(0.3);
  const values = toNumbers(x);
  const each = (f: (b: number) => number) => meanError(Array.from({ length: walkers }, (_, b) => f(4 * b)));
  // covariance (1/0.6 + 1/1.4) / 2 and (1/0.6 - 1/1.4) / 2
  within(
    each((b) => values[b] ** 2),
    (1 / 0.6 + 1 / 1.4) / 2,
    "variance",
  );
  within(
    each((b) => values[b + 3] ** 2),
    (1 / 0.6 + 1 / 1.4) / 2,
    "variance of the other",
  );
  within(
    each((b) => values[b] * values[b + 2]),
    (1 / 0.6 - 1 / 1.4) / 2,
    "covariance",
  );
  within(
    each((b) => values[b]),
    0,
    "mean",
  );
});

describe("moves as large as nuclei are far", () => {
  const pair = molecule("Li 0 0 0; H 0 0 3");

  test("the ratio of proposals is that of their densities", async () => {
    const proposal = scaledProposal<Nothing>(nucleiOf(pair));
    const [walkers, size] = [50, 0.7];
    const [x, xi] = [1, 2].map((seed) => randomStream(seed).normal([walkers, 6], "f64"));
    const { y, logRatio } = await jit((at: Tensor, noise: Tensor, stepSize: Tensor) => {
      const { y: to, logRatio: ratio } = proposal.propose(at, noise, { stepSize }, {});
      return { y: to, logRatio: ratio ?? at.sum(1).mul(0) };
    })(x, xi, size);
    const scale = (r: number[]) => size * Math.min(Math.hypot(r[0], r[1], r[2], 1 / 3), Math.hypot(r[0], r[1], r[2] - 3, 1));
    /** log N(b; a, scale(a)² I). */
    const logDensityOf = (a: number[], b: number[]) =>
      -3 * Math.log(scale(a)) - 1.5 * Math.log(2 * Math.PI) - b.reduce((s, v, c) => s + (v - a[c]) ** 2, 0) / (2 * scale(a) ** 2);
    const electron = (values: number[], b: number, e: number) => values.slice(6 * b + 3 * e, 6 * b + 3 * e + 3);
    const [from, to, ratios] = [x, y, logRatio].map((a) => toNumbers(a));
    for (let b = 0; b < walkers; b++) {
      const parts = [0, 1].map((e) => {
        const [p, q] = [electron(from, b, e), electron(to, b, e)];
        return logDensityOf(q, p) - logDensityOf(p, q);
      });
      expect(ratios[b]).toBeCloseTo(parts[0] + parts[1], 9);
    }
  });

  test("an electron that is near lithium half of the time stays so: closed forms of ⟨z⟩, ⟨r²⟩ and ⟨1/r⟩ about both", async () => {
    // half of e^{-6 r} 27/π about the first nucleus and half of e^{-2 r} / π about the second, 3 bohr away
    const far = 3;
    const distance = (x: Tensor, z: number): Tensor =>
      x
        .sub(constant(ndarray(Float64Array.of(0, 0, z), [1, 3], "f64")))
        .square()
        .sum(1)
        .sqrt();
    const density = (x: Tensor): Tensor => distance(x, 0).mul(-6).add(Math.log(27)).exp().add(distance(x, far).mul(-2).exp()).log();
    const move = walk<Nothing>({ ...pair, up: 1, down: 0 }, density, "scaled");
    const walkers = 20_000;
    const start = Float64Array.from(atoms(walkers, 8).data as Float64Array, (v, k) => {
      const core = Math.floor(k / 3) % 2 === 0;
      return core ? v / 3 : v + (k % 3 === 2 ? far : 0);
    });
    const moved = await move(ndarray(start, [walkers, 3], "f64"), 30, 0.5, {}, randomStream(10));
    expect(moved.acceptance).toBeGreaterThan(0.3);
    const values = toNumbers(moved.x);
    const each = (f: (z: number, near: number, other: number) => number) =>
      meanError(
        Array.from({ length: walkers }, (_, b) => {
          const [x, y, z] = values.slice(3 * b, 3 * b + 3);
          return f(z, Math.hypot(x, y, z), Math.hypot(x, y, z - far));
        }),
      );
    /** ⟨1/r⟩ of the charge e^{-2 α r} seen from the other nucleus. */
    const outside = (alpha: number): number => (1 - Math.exp(-2 * alpha * far) * (1 + alpha * far)) / far;
    within(
      each((z) => z),
      far / 2,
      "z",
    );
    within(
      each((_, r) => r * r),
      (3 / 9 + 3 + far * far) / 2,
      "r²",
    );
    within(
      each((_, r) => 1 / r),
      (3 + outside(1)) / 2,
      "1/r about lithium",
    );
    within(
      each((_, __, r) => 1 / r),
      (1 + outside(3)) / 2,
      "1/r about hydrogen",
    );
    within(
      each((_, r) => Math.exp(-6 * r)),
      27 / 2 / 6 ** 3 + overlap(6, far) / 2,
      "e^{-6r}",
    );
  });

  /** ∫ e^{-a |x|} e^{-2 |x - R|} / π dx, in spheres about the second nucleus. */
  function overlap(a: number, far: number): number {
    const { nodes, weights } = halfLine(400);
    const inner = (s: number) => (1 + a * s) * Math.exp(-a * s);
    // the mean of e^{-a |x|} over a sphere of radius r whose centre is R away
    const sphere = (r: number) => (inner(Math.abs(far - r)) - inner(far + r)) / (2 * a * a * far * r);
    return nodes.reduce((sum, r, k) => sum + weights[k] * 4 * r * r * Math.exp(-2 * r) * sphere(r), 0);
  }

  test("without nuclei they are refused", () => {
    expect(() => walk(trap("dimension=3"), gaussian, "scaled")).toThrow(/need nuclei/);
  });
});

test("walkers whose density is no number are counted, and rejected proposals are not taken", async () => {
  const system = trap("dimension=1 up=1 down=0");
  const half = (x: Tensor): Tensor => x.squeeze(1).log().sub(x.squeeze(1));
  // log of a negative coordinate is no number: proposals there are refused; a walker that begins there is lost
  const move = walk<Nothing>(system, half, "all");
  const start = Float64Array.from({ length: 100 }, (_, k) => (k < 3 ? -1e6 : 1 + k / 100));
  const { x, lost } = await move(ndarray(start, [100, 1], "f64"), 10, 0.5, {}, randomStream(1));
  expect(lost).toBe(3);
  expect(
    toNumbers(x)
      .slice(3)
      .every((v) => v > 0),
  ).toBe(true);
});

test("walkers begin at their nuclei, neighbours with unlike spins, in both ways", async () => {
  const chain = molecule("H 0 0 0; H 0 0 20; H 0 0 40; H 0 0 60");
  const values = toNumbers(startWalkers(chain, 2, randomStream(1)));
  const atom = (walker: number, electron: number) => Math.round(Math.abs(values[walker * 12 + electron * 3 + 2]) / 20);
  const [even, odd] = [0, 1].map((walker) => [0, 1, 2, 3].map((electron) => atom(walker, electron)));
  expect(even).toEqual([0, 2, 1, 3]);
  expect(odd).toEqual([1, 3, 0, 2]);
});
