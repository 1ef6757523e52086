import { describe, expect, test } from "vitest";
import { randomFromState, randomStream } from "../../src/array/random.ts";
import kernelBytes from "../../src/array/random.wasm.ts";
import { instantiate } from "../../src/array/wasm.ts";
import { TensorError } from "../../src/errors.ts";

/**
 * Kolmogorov's limit: P(sup |F_n - F| > x / sqrt n) <= 2 exp(-2 x²) (Dvoretzky-Kiefer-Wolfowitz, Massart's constant, for every n).
 * x = 3 gives 3e-8: these tests hold for all but one seed in thirty million.
 */
function kolmogorovSmirnov(sample: ArrayLike<number>, cdf: (x: number) => number): number {
  const sorted = Float64Array.from(sample).sort();
  let distance = 0;
  sorted.forEach((x, i) => {
    distance = Math.max(distance, cdf(x) - i / sorted.length, (i + 1) / sorted.length - cdf(x));
  });
  return distance * Math.sqrt(sorted.length);
}

/** Phi(x) by the alternating series for |x| < 6 (terms below 1e-16 at 120); independent of the code under test. */
function normalCdf(x: number): number {
  let term = x;
  let sum = x;
  for (let k = 1; k < 400 && Math.abs(term) > 1e-18; k++) sum += term = (term * x * x) / (2 * k + 1);
  return 0.5 + (sum * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI);
}

const n = 200_000;

describe("the generator", () => {
  test("gives the known answers of Philox4x32-10 (Random123 kat_vectors)", () => {
    const { call, memory } = instantiate<{ bits(...words: number[]): void }>(kernelBytes, 1);
    const answer = (key: number[], counter: number[]) => {
      call.bits(...key, ...counter, 1);
      return [0, 4, 8, 12].map((i) => new Uint32Array(memory.buffer)[i].toString(16));
    };
    expect(answer([0, 0], [0, 0, 0, 0])).toEqual(["6627e8d5", "e169c58d", "bc57ac4c", "9b00dbd8"]);
    const ones = 0xffffffff;
    expect(answer([ones, ones], [ones, ones, ones, ones])).toEqual(["408f276d", "41c83b0e", "a20bc7c6", "6d5451fd"]);
    const pi = [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344];
    expect(answer([0xa4093822, 0x299f31d0], pi)).toEqual(["d16cfe09", "94fdcceb", "5001e420", "24126ea1"]);
  });

  test("fits the 4 kB that browsers compile on their main thread", () => {
    expect(atob(kernelBytes).length).toBeLessThan(4096);
  });

  test("crosses the wrap of the low counter word without repeating itself", () => {
    const { name } = randomStream(5).state();
    const across = randomFromState({ name, block: 2 ** 30 - 1 }).uniform([32], "f32").data;
    const start = randomFromState({ name, block: 2 ** 30 }).uniform([16], "f32").data;
    const zero = randomFromState({ name, block: 0 }).uniform([16], "f32").data;
    expect(across.slice(16)).toEqual(start);
    expect(start).not.toEqual(zero);
  });

  test("gives each of 2,048 draws of a long fill from its own block", () => {
    const { name } = randomStream(6).state();
    const long = randomStream(6).uniform([16 * 2048]).data;
    for (const block of [1, 511, 512, 513, 2047])
      expect(randomFromState({ name, block }).uniform([16]).data).toEqual(long.slice(16 * block, 16 * block + 16));
  });
});

describe("distributions", () => {
  test("uniforms have a flat distribution function and stay inside the open interval", () => {
    for (const dtype of ["f32", "f64"] as const) {
      const u = randomStream(1).uniform([n], dtype).data;
      expect(kolmogorovSmirnov(u, (x) => x)).toBeLessThan(3);
      expect(u.every((x) => x > 0 && x < 1)).toBe(true);
      expect(kolmogorovSmirnov(randomStream(2).uniform([n], dtype, -3, 5).data, (x) => (x + 3) / 8)).toBeLessThan(3);
    }
  });

  test("normals follow Phi", () => {
    for (const dtype of ["f32", "f64"] as const)
      expect(kolmogorovSmirnov(randomStream(3).normal([n], dtype).data, normalCdf)).toBeLessThan(3);
  });

  test("normals have the moments 0, 1, 0, 3, 0, 15", () => {
    const x = randomStream(4).normal([4 * n], "f64").data;
    // Var of the p-th sample moment is (m_2p - m_p²) / N; double factorials. 5 standard errors: one seed in 300,000 for all six
    const doubleFactorial = [1, 0, 1, 0, 3, 0, 15, 0, 105, 0, 945, 0, 10395];
    for (let p = 1; p <= 6; p++) {
      const moment = x.reduce((sum, v) => sum + v ** p, 0) / x.length;
      const error = Math.sqrt((doubleFactorial[2 * p] - doubleFactorial[p] ** 2) / x.length);
      expect(Math.abs(moment - doubleFactorial[p])).toBeLessThan(5 * error);
    }
  });

  test("normals of neighbouring places are uncorrelated, also their squares", () => {
    const x = randomStream(7).normal([n], "f64").data;
    for (const lag of [1, 2, 3, 4, 8, 16]) {
      let product = 0;
      let squares = 0;
      for (let i = 0; i + lag < n; i++) {
        product += x[i] * x[i + lag];
        squares += (x[i] ** 2 - 1) * (x[i + lag] ** 2 - 1);
      }
      // the summands have variances 1 and 2 · 2
      expect(Math.abs(product) / Math.sqrt(n - lag)).toBeLessThan(5);
      expect(Math.abs(squares) / Math.sqrt(4 * (n - lag))).toBeLessThan(5);
    }
  });

  test("normals of f32 are those of f64, rounded; they agree with Math.log, sqrt, cos and sin to 4 ulp", () => {
    const x32 = randomStream(8).normal([1000]).data;
    const x64 = randomStream(8).normal([1000], "f64").data;
    expect(Float32Array.from(x64)).toEqual(x32);
    const u = randomStream(8).uniform([1000], "f64").data;
    for (let i = 0; i < 1000; i += 4)
      for (const lane of [0, 1]) {
        const radius = Math.sqrt(-2 * Math.log(u[i + lane]));
        const angle = 2 * Math.PI * u[i + 2 + lane];
        // the angle itself is rounded here (2 pi u, up to 2^-51): an absolute error of radius · 2^-51
        expect(Math.abs(x64[i + lane] - radius * Math.cos(angle))).toBeLessThan(radius * 2 ** -49);
        expect(Math.abs(x64[i + 2 + lane] - radius * Math.sin(angle))).toBeLessThan(radius * 2 ** -49);
      }
  });

  test("exponentials and Gumbels follow their distribution functions", () => {
    expect(kolmogorovSmirnov(randomStream(9).exponential([n]).data, (x) => 1 - Math.exp(-x))).toBeLessThan(3);
    expect(kolmogorovSmirnov(randomStream(10).gumbel([n]).data, (x) => Math.exp(-Math.exp(-x)))).toBeLessThan(3);
  });

  test("truncated normals follow the conditioned Phi on every kind of interval", () => {
    const intervals: [number, number][] = [
      [-2, 2],
      [-0.3, 0.4],
      [0.5, 0.9],
      [1, 4],
      [-3, -1],
      [-1, Number.POSITIVE_INFINITY],
      [-5, 0],
    ];
    for (const [a, b] of intervals) {
      const x = randomStream(11).truncatedNormal([n / 4], a, b, "f64").data;
      const [low, high] = [normalCdf(a), b > 6 ? 1 : normalCdf(b)];
      expect(
        kolmogorovSmirnov(x, (v) => (normalCdf(v) - low) / (high - low)),
        `[${a}, ${b}]`,
      ).toBeLessThan(3);
    }
  });

  test("truncated normals are right far in the tail", () => {
    // beyond a = 30 the density is a exp(-a (x - a)) to a relative 1/a² (Mills' ratio): mean excess 1/a (1 - 2/a² + ...), sd ~ 1/a
    const a = 30;
    const upper = randomStream(12).truncatedNormal([n], a, Number.POSITIVE_INFINITY, "f64").data;
    const mean = upper.reduce((sum, x) => sum + (x - a), 0) / n;
    expect(Math.abs(mean * a - (1 - 2 / a ** 2))).toBeLessThan(5 / Math.sqrt(n) + 12 / a ** 4);
    const lower = randomStream(12).truncatedNormal([n], Number.NEGATIVE_INFINITY, -a, "f64").data;
    expect(lower.every((x, i) => x === -upper[i])).toBe(true);
  });

  test("Bernoulli, integers and categorical draws have their frequencies", () => {
    const r = randomStream(13);
    const ones = r.bernoulli(0.3, [n]).data.reduce((a, b) => a + b, 0);
    expect(Math.abs(ones - 0.3 * n)).toBeLessThan(5 * Math.sqrt(n * 0.3 * 0.7));
    const counts = (draws: Int32Array, k: number, low = 0) => {
      const c = new Array(k).fill(0);
      for (const d of draws) c[d - low]++;
      return c;
    };
    // chi-square with k - 1 degrees of freedom; 60 is beyond 1e-8 for 9 of them
    expect(chiSquare(counts(r.integers(-4, 6, [n]).data, 10, -4), new Array(10).fill(n / 10))).toBeLessThan(60);
    const weights = [0, 1, 2, 0, 3, 4, 0];
    const drawn = counts(r.categorical(weights, [n]).data, 7);
    expect(drawn.filter((_, i) => weights[i] === 0)).toEqual([0, 0, 0]);
    expect(
      chiSquare(
        drawn.filter((c) => c),
        [1, 2, 3, 4].map((w) => (w * n) / 10),
      ),
    ).toBeLessThan(45); // 3 degrees of freedom
    expect([...r.bernoulli(0, [99]).data, ...r.bernoulli(1, [99]).data].reduce((a, b) => a + b)).toBe(99);
  });

  test("all 120 permutations of five are equally frequent", () => {
    const r = randomStream(14);
    const counts = new Map<string, number>();
    for (let i = 0; i < 60_000; i++) {
      const key = r.permutation(5).data.join("");
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect(counts.size).toBe(120);
    // 119 degrees of freedom: mean 119, sd 15.4; 220 is 6.5 of them
    expect(chiSquare([...counts.values()], new Array(120).fill(500))).toBeLessThan(220);
    expect([...r.permutation(1000).data].sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
  });
});

describe("streams", () => {
  test("the same seed gives the same numbers; a seed, a split, a fold and a text give different ones", () => {
    expect(randomStream(1).normal([9])).toEqual(randomStream(1).normal([9]));
    const r = randomStream(1);
    const families = [r, randomStream(2), randomStream("1"), r.fold(0), r.fold(1), r.fold("0"), r.fold(""), ...r.split(3), ...r.split(3)];
    const first = families.map((s) => s.uniform([1], "f64").data[0]);
    expect(new Set(first).size).toBe(families.length);
  });

  test("text is told apart by every character and its length", () => {
    const labels = ["a", "b", "ab", "ba", "abc", "abcd", "abc\0", "abc\0\0", "\0", "aaaa", "aaaaa", "日本"];
    expect(new Set(labels.map((l) => randomStream(0).fold(l).state().name.join())).size).toBe(labels.length);
  });

  test("fold neither draws nor depends on the place; split does both", () => {
    const r = randomStream(3);
    const before = r.fold("x").normal([3]);
    r.normal([100]);
    expect(r.fold("x").normal([3])).toEqual(before);
    expect(r.split(1)[0].state().name).not.toEqual(r.split(1)[0].state().name);
  });

  test("split streams are uncorrelated with their parent and with each other", () => {
    const r = randomStream(15);
    const streams = [...r.split(8), r, r.fold(0), r.fold(1)].map((s) => s.normal([20_000], "f64").data);
    for (let i = 0; i < streams.length; i++)
      for (let j = 0; j < i; j++) {
        const z = streams[i].reduce((sum, x, k) => sum + x * streams[j][k], 0) / Math.sqrt(20_000);
        expect(Math.abs(z)).toBeLessThan(5.5); // 55 pairs
      }
  });

  test("a state, also through JSON, continues exactly", () => {
    const r = randomStream(16);
    r.truncatedNormal([100], 0.5, 2);
    r.permutation(77);
    const copy = randomFromState(JSON.parse(JSON.stringify(r.state())));
    expect(copy.gumbel([50])).toEqual(r.gumbel([50]));
    expect(copy.split(2)[1].normal([4])).toEqual(r.split(2)[1].normal([4]));
  });

  test("gives on every machine the normals of an independent Philox and Box-Muller (Python integers, libm)", () => {
    const expected = [-0.15363822877407074, -0.5954070091247559, 0.18082590401172638, 0.3515823781490326];
    expected.push(0.8317351341247559, -0.898826003074646, 0.19743971526622772, 0.44540634751319885);
    expect([...randomFromState({ name: [0, 0, 0, 0], block: 0 }).normal([8]).data]).toEqual(expected);
  });

  test("fills arrays of any length with what the shaped draws give", () => {
    for (const length of [0, 1, 7, 8, 9, 4096, 4097]) {
      const x = new Float64Array(length);
      randomStream(17).fillNormal(x);
      expect(x).toEqual(randomStream(17).normal([length], "f64").data);
      const u = new Float32Array(length);
      randomStream(17).fillUniform(u);
      expect(u).toEqual(randomStream(17).uniform([length]).data);
    }
  });

  test("bad arguments are refused by name", () => {
    const r = randomStream(0);
    const bad: [() => unknown, RegExp][] = [
      [() => randomStream(-1), /seed -1 is not a non-negative integer/],
      [() => randomStream(0.5), /0\.5/],
      [() => r.uniform([1], "f32", 1, 1), /interval \(1, 1\)/],
      [() => r.truncatedNormal([1], 2, Number.NaN), /truncatedNormal: empty interval \[2, NaN\]/],
      [() => r.bernoulli(1.5, [1]), /probability 1\.5/],
      [() => r.integers(0, 2 ** 33, [1]), /integers/],
      [() => r.categorical([1, -1], [1]), /weight 1 is -1/],
      [() => r.categorical([0, 0], [1]), /add up to 0/],
      [() => r.permutation(-1), /permutation: -1/],
      [() => r.split(1.5), /split: 1\.5/],
      [() => randomFromState({ name: [1, 2, 3], block: 0 }), /not a random state/],
    ];
    for (const [f, message] of bad) {
      expect(f).toThrow(TensorError);
      expect(f).toThrow(message);
    }
  });
});

function chiSquare(observed: number[], expected: number[]): number {
  return observed.reduce((sum, o, i) => sum + (o - expected[i]) ** 2 / expected[i], 0);
}
