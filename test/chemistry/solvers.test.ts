/** Solvers against each other and against dense systems. */
import { describe, expect, test } from "vitest";
import { choleskyFactor, choleskySolve, type NdArray, ndarray, randomStream, toNumbers } from "../../src/array/index.ts";
import type { Ansatz, Parameters } from "../../src/chemistry/ansatz/ansatz.ts";
import { solverOf } from "../../src/chemistry/solvers/choose.ts";
import { kroneckerStatistics, perWalkerGradients } from "../../src/chemistry/solvers/curvature.ts";
import { kfacInverse, kfacSolver } from "../../src/chemistry/solvers/kfac.ts";
import { passages } from "../../src/chemistry/solvers/passages.ts";
import { minimalReconfiguration, reconfiguration, robust, spring } from "../../src/chemistry/solvers/rows.ts";
import type { Step } from "../../src/chemistry/solvers/solver.ts";
import { combined, flattened, inner, unflattened } from "../../src/chemistry/solvers/vector.ts";
import { jit, type Tensor } from "../../src/tensor/index.ts";

const f64 = (data: ArrayLike<number>, ...shape: number[]): NdArray => ndarray(Float64Array.from(data), shape, "f64");

/** O centred over walkers, ε of sum 0, g = O ε, for so many parameters and walkers. */
function problem(count: number, walkers: number, damping: number) {
  const noise = randomStream(count).normal([count, walkers], "f64").data;
  const residuals = randomStream(walkers).normal([walkers], "f64").data;
  const centre = (v: Float64Array): Float64Array => {
    const mean = v.reduce((s, x) => s + x, 0) / v.length;
    return v.map((x) => (x - mean) / Math.sqrt(walkers));
  };
  const rows = Float64Array.from(
    Array.from({ length: count }, (_, k) => Array.from(centre(noise.subarray(k * walkers, (k + 1) * walkers)))).flat(),
  );
  const epsilon = centre(residuals);
  const times = (y: Float64Array) =>
    Float64Array.from({ length: count }, (_, k) => inner(rows.subarray(k * walkers, (k + 1) * walkers), y));
  const parameters: Parameters<NdArray> = { linear: {}, other: { all: f64(new Float64Array(count), count, 1) } };
  const step: Step = { gradient: times(epsilon), residuals: epsilon, curvature: f64(rows, count, walkers), parameters, damping };
  const fisher = Float64Array.from({ length: count * count }, (_, at) => {
    const [i, j] = [Math.floor(at / count), at % count];
    return inner(rows.subarray(i * walkers, (i + 1) * walkers), rows.subarray(j * walkers, (j + 1) * walkers));
  });
  /** (F + λ)⁻¹ g by the plain system. */
  const dense = (g: Float64Array): Float64Array => choleskySolve(choleskyFactor(fisher, count, damping)!, g);
  return { step, parameters, dense, fisher, times };
}

const closeTo = (a: Float64Array, b: Float64Array, tolerance: number) => {
  const size = Math.sqrt(inner(b, b));
  expect(Math.sqrt(inner(combined(1, a, -1, b), combined(1, a, -1, b)))).toBeLessThan(tolerance * size);
};

describe.each([
  [14, 9],
  [6, 40],
  [1, 5],
])("%i parameters, %i walkers", (count, walkers) => {
  const { step, parameters, dense, fisher } = problem(count, walkers, 1e-3);
  const exact = dense(step.gradient);

  test.each([
    ["primal", reconfiguration],
    ["MinSR", minimalReconfiguration],
    ["Woodbury", robust((damping) => 1 / damping)],
    ["SPRING without memory", spring(true, 0)],
  ] as const)("%s solves (F + λ) v = g for g = O ε", async (_, solver) => {
    const direction = await solver.direction(step, solver.init(parameters));
    closeTo(direction!.vector, exact, 1e-8);
  });

  test("for any gradient the robust inverse is (F + λ)⁻² (F + γ λ²), with γ = 1/λ the dense one", async () => {
    const g = randomStream(77).normal([count], "f64").data;
    for (const gamma of [0, 1, 30, 1e3]) {
      const { vector } = (await robust(() => gamma).direction({ ...step, gradient: g }, {}))!;
      const through = Float64Array.from({ length: count }, (_, i) => inner(fisher.subarray(i * count, (i + 1) * count), g));
      const expected = dense(dense(combined(1, through, gamma * 1e-6, g)));
      closeTo(vector, expected, 1e-8);
      if (gamma === 1e3) closeTo(vector, dense(g), 1e-8);
    }
  });

  test("v · g = vᵀ F v + λ |v|², and what `apply` gives is the same inverse", async () => {
    const direction = (await reconfiguration.direction(step, reconfiguration.init(parameters)))!;
    const v = direction.vector;
    const through = Float64Array.from({ length: count }, (_, i) => inner(fisher.subarray(i * count, (i + 1) * count), v));
    expect(inner(v, step.gradient)).toBeCloseTo(inner(v, through) + 1e-3 * inner(v, v), 8);
    const g = randomStream(78).normal([count], "f64").data;
    closeTo(direction.apply!(g), dense(g), 1e-8);
  });
});

test("the average of the primal solver is that of the steps, weighted, and does not remember that it began at zero", async () => {
  const [a, b] = [problem(5, 20, 1e-2), problem(5, 30, 1e-2)];
  let memory = reconfiguration.init(a.parameters);
  memory = (await reconfiguration.direction(a.step, memory))!.memory;
  const second = (await reconfiguration.direction(b.step, memory))!;
  const [older, newer] = [0.95 * 0.05, 0.05].map((w) => w / (1 - 0.95 ** 2));
  const mean = a.fisher.map((f, k) => older * f + newer * b.fisher[k]);
  closeTo(second.vector, choleskySolve(choleskyFactor(mean, 5, 1e-2)!, b.step.gradient), 1e-10);
});

test("SPRING is the nearest to a fraction of its last direction that explains the residuals, damped", async () => {
  const { step, parameters } = problem(14, 9, 1e-3);
  const mu = 0.9;
  const solver = spring(true, mu);
  const first = (await solver.direction(step, solver.init(parameters)))!;
  const other = problem(14, 9, 1e-3);
  const residuals = other.step.residuals.map((e, k) => e + 0.1 * Math.sin(k));
  const mean = residuals.reduce((s, e) => s + e, 0) / residuals.length;
  const centred = residuals.map((e) => e - mean);
  const second = (await solver.direction({ ...step, residuals: centred }, first.memory))!;
  // v minimises |Oᵀv - ε|² + λ |v - μ v_before|²: (F + λ) v = O ε + λ μ v_before
  const right = combined(1, other.times(centred), 1e-3 * mu, first.vector);
  closeTo(second.vector, other.dense(right), 1e-8);
});

test("in its general form SPRING adds the damped rest of its last direction to the robust inverse", async () => {
  const { step, parameters, dense } = problem(14, 9, 1e-3);
  const solver = spring(false, 0.9);
  const first = (await solver.direction(step, solver.init(parameters)))!;
  const plain = (await robust().direction(step, {}))!.vector;
  closeTo(first.vector, plain, 1e-10);
  const second = (await solver.direction(step, first.memory))!;
  closeTo(second.vector, combined(1, plain, 1e-3 * 0.9, dense(first.vector)), 1e-8);
});

test("rows in single precision change directions by what their rounding allows", async () => {
  const { step, dense } = problem(6, 40, 1e-3);
  const { data, shape } = step.curvature as NdArray;
  const narrow = ndarray(Float32Array.from(data as Float64Array), shape, "f32");
  const direction = (await minimalReconfiguration.direction({ ...step, curvature: narrow }, {}))!;
  closeTo(direction.vector, dense(step.gradient), 1e-4);
});

test("curvature that is not a number gives no direction", async () => {
  const { step, parameters } = problem(6, 8, 1e-3);
  const { data, shape } = step.curvature as NdArray;
  const spoilt = { ...step, curvature: f64((data as Float64Array).with(3, Number.NaN), ...shape) };
  for (const solver of [reconfiguration, minimalReconfiguration, robust(), spring(true), spring(false)])
    expect(await solver.direction(spoilt, solver.init(parameters))).toBeUndefined();
});

describe("KFAC", () => {
  /** Every input with every slope: independent, so that mean O Oᵀ is the Kronecker product of both moments. */
  const inputs = Array.from({ length: 7 }, (_, k) => Array.from(randomStream(k).normal([3], "f64").data));
  const slopes = Array.from({ length: 5 }, (_, k) => Array.from(randomStream(100 + k).normal([2], "f64").data));
  const gram = (vectors: readonly (readonly number[])[]): NdArray => {
    const n = vectors[0].length;
    const data = Float64Array.from(
      { length: n * n },
      (_, at) => vectors.reduce((s, v) => s + v[Math.floor(at / n)] * v[at % n], 0) / vectors.length,
    );
    return f64(data, n, n);
  };
  const withBias = inputs.map((a) => [...a, 1]);
  const samples = withBias.flatMap((a) => slopes.map((d) => a.flatMap((ai) => d.map((dj) => ai * dj))));
  const parameters: Parameters<NdArray> = {
    linear: { map: { weight: f64(new Float64Array(6), 3, 2), bias: f64(new Float64Array(2), 2) } },
    other: { shift: f64(new Float64Array(2), 2, 1) },
  };
  const shifts = Array.from({ length: 9 }, (_, k) => Array.from(randomStream(200 + k).normal([2], "f64").data));
  const factors = { linear: { map: { inputs: gram(withBias), outputs: gram(slopes) } }, other: { shift: gram(shifts) } };
  const g = randomStream(5).normal([10], "f64").data;

  test("without damping it is the exact inverse where inputs and slopes are independent", () => {
    const v = kfacInverse(parameters, factors, 1e-20)!(g);
    closeTo(v.subarray(0, 8), choleskySolve(choleskyFactor(toNumbers(gram(samples)), 8)!, g.subarray(0, 8)), 1e-7);
    closeTo(v.subarray(8), choleskySolve(choleskyFactor(toNumbers(factors.other.shift), 2)!, g.subarray(8)), 1e-9);
  });

  test("with damping it is the inverse of (A + √λ π) ⊗ (G + √λ / π)", async () => {
    const damping = 0.3;
    const [a, s] = [toNumbers(factors.linear.map.inputs), toNumbers(factors.linear.map.outputs)];
    const mean = (m: number[], n: number) => Array.from({ length: n }, (_, k) => m[k * (n + 1)]).reduce((x, y) => x + y, 0) / n;
    const pi = Math.sqrt(mean(a, 4) / mean(s, 2));
    const kron = Float64Array.from({ length: 64 }, (_, at) => {
      const [row, column] = [Math.floor(at / 8), at % 8];
      const [i, j, p, q] = [row >> 1, column >> 1, row % 2, column % 2];
      return (a[i * 4 + j] + (i === j ? Math.sqrt(damping) * pi : 0)) * (s[p * 2 + q] + (p === q ? Math.sqrt(damping) / pi : 0));
    });
    const direction = await kfacSolver.direction({ gradient: g, residuals: g, curvature: factors, parameters, damping }, {});
    closeTo(direction!.vector.subarray(0, 8), choleskySolve(choleskyFactor(kron, 8)!, g.subarray(0, 8)), 1e-11);
  });

  test("a factor that is not a number gives no direction", () => {
    const spoilt = { ...factors, other: { shift: f64(Float64Array.of(1, Number.NaN, Number.NaN, 1), 2, 2) } };
    expect(kfacInverse(parameters, spoilt, 1e-3)).toBeUndefined();
  });

  test("of one electron and one map whose slopes do not depend on its inputs: moments give the whole matrix", async () => {
    const walkers = 50;
    /** ℓ = c · (W x + b): slopes are 2 c. */
    const c = [0.7, -1.3];
    const ansatz: Ansatz = {
      name: "linear",
      init: () => parameters,
      electrons: (x, network) => [network.linear("map", x)],
      wave: (_, [y]) => {
        const logAbs = y
          .slice([0, 1])
          .mul(c[0])
          .add(y.slice([1, 2]).mul(c[1]))
          .sum([0, 1]);
        return { logAbs, sign: logAbs };
      },
    };
    const own: Parameters<NdArray> = { linear: { map: parameters.linear.map }, other: {} };
    const x = randomStream(8).normal([3, 1, walkers], "f64");
    const found = await jit((p: Parameters<Tensor>, y: Tensor) => {
      const passed = passages(ansatz, p, y);
      return { moments: kroneckerStatistics(passed, p, walkers), rows: perWalkerGradients(passed, p, walkers) };
    })(own, x);
    const [a, s] = [toNumbers(found.moments.linear.map.inputs), toNumbers(found.moments.linear.map.outputs)];
    const o = Array.from({ length: walkers }, (_, b) =>
      [0, 1, 2]
        .map((k) => x.data[k * walkers + b])
        .concat(1)
        .flatMap((ai) => c.map((cj) => 2 * ai * cj)),
    );
    toNumbers(gram(o)).forEach((value, at) => {
      const [row, column] = [Math.floor(at / 8), at % 8];
      expect(a[(row >> 1) * 4 + (column >> 1)] * s[(row % 2) * 2 + (column % 2)]).toBeCloseTo(value, 12);
    });
    // rows are the same gradients, centred
    const mean = Array.from({ length: 8 }, (_, k) => o.reduce((sum, v) => sum + v[k], 0) / walkers);
    toNumbers(found.rows).forEach((value, at) => {
      const [k, b] = [Math.floor(at / walkers), at % walkers];
      expect(value).toBeCloseTo((o[b][k] - mean[k]) / Math.sqrt(walkers), 12);
    });
  });
});

test("a vector and a tree of parameters are each other's inverse, with precisions", () => {
  const tree: Parameters<NdArray> = {
    linear: {
      b: { weight: f64(Float64Array.of(1, 2), 1, 2), bias: ndarray(Float32Array.of(3, 4), [2], "f32") },
      a: { weight: f64(Float64Array.of(5), 1, 1) },
    },
    other: { z: f64(Float64Array.of(6), 1), y: ndarray(Float32Array.of(7), [1], "f32") },
  };
  const vector = flattened(tree);
  expect(Array.from(vector)).toEqual([5, 1, 2, 3, 4, 7, 6]);
  expect(unflattened(vector, tree)).toEqual(tree);
});

test("without curvature: Adam's direction is the sign of the first gradient, LAMB's has for each array its length", async () => {
  const parameters: Parameters<NdArray> = { linear: {}, other: { a: f64([3, 0, -4], 3, 1), b: f64([12], 1, 1) } };
  const step: Step = {
    gradient: Float64Array.of(0.2, -7, 3, -5),
    residuals: new Float64Array(0),
    curvature: undefined,
    parameters,
    damping: 1,
  };
  const direction = async (name: "adam" | "lamb") => {
    const solver = solverOf(name, false);
    return Array.from((await solver.direction(step, solver.init(parameters)))!.vector);
  };
  const close = (mine: readonly number[], wanted: readonly number[]) => mine.forEach((v, k) => expect(v).toBeCloseTo(wanted[k], 4)); // ε = 1e-6 beside 0.2
  close(await direction("adam"), [1, -1, 1, -1]);
  const part = 5 / Math.sqrt(3);
  close(await direction("lamb"), [part, -part, part, -12]);
});
