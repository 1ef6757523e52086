/** Features in time: moments through components against those of the rows themselves. */
import { expect, test } from "vitest";
import { type NdArray, ndarray, randomStream } from "../../../src/array/index.ts";
import { principalComponents, project } from "../../../src/data/components.ts";
import type { Population } from "../../../src/data/population.ts";
import { curvesToDraw, type Frame, featureCurves, shownFeatures } from "../../../src/transport/index.ts";

const rng = randomStream(12);
const [n, genes, count] = [50, 12, 3];
/** Rows of 12 genes in a space of three dimensions, so that three components hold them exactly. */
const rows = (shift: number): NdArray<"f32"> => {
  const z = rng.normal([n, count]).data;
  const W = randomStream(5).normal([count, genes]).data;
  const data = Float32Array.from({ length: n * genes }, (_, e) => {
    const [i, g] = [Math.floor(e / genes), e % genes];
    return 10 + [0, 1, 2].reduce((s, k) => s + (z[i * count + k] + (k === 0 ? shift : 0)) * W[k * genes + g], 0);
  });
  return ndarray(data, [n, genes], "f32");
};
const clouds = [rows(0), rows(2)];
const weights = clouds.map((_, k) =>
  ndarray(
    Float32Array.from({ length: n }, (_v, i) => 1 + ((i + k) % 3)),
    [n],
    "f32",
  ),
);
const names = Array.from({ length: genes }, (_, g) => `gene${g}`);

type Known = Pick<Population, "times" | "snapshots" | "weights" | "features" | "components">;

async function population(): Promise<Known> {
  const all = ndarray(Float32Array.of(...clouds[0].data, ...clouds[1].data), [2 * n, genes], "f32");
  const components = { ...(await principalComponents(all, count)), features: names };
  const features = ["PC1", "PC2", "PC3"];
  return { times: [0, 4], snapshots: clouds.map((c) => project(components, c)), weights, features, components };
}
const frame = (cloud: NdArray<"f32">): Frame => ({
  time: 2,
  cloud,
  inner: cloud,
  logWeight: ndarray(
    Float32Array.from({ length: n }, (_, i) => -(i % 4)),
    [n],
    "f32",
  ),
});

function moments(x: NdArray<"f32">, w: ArrayLike<number>, g: number): [number, number] {
  const total = Array.from(w).reduce((a, b) => a + b);
  const over = (f: (v: number) => number): number =>
    Array.from({ length: n }, (_, i) => w[i] * f(x.data[i * genes + g])).reduce((a, b) => a + b) / total;
  const mean = over((v) => v);
  return [mean, Math.sqrt(over((v) => (v - mean) ** 2))];
}

test("means and deviations of every gene come back through the components, by weight", async () => {
  const data = await population();
  const curves = await featureCurves(data, [frame(data.snapshots[1])]);
  expect(curves.map((c) => c.feature)).toEqual(names);
  const moved = Array.from({ length: n }, (_, i) => Math.exp(-(i % 4)));
  curves.forEach(({ learned, observed }, g) => {
    for (const [found, x, w] of [
      [learned[0], clouds[1], moved],
      [observed[0], clouds[0], weights[0].data],
      [observed[1], clouds[1], weights[1].data],
    ] as const) {
      const [mean, deviation] = moments(x, w as ArrayLike<number>, g);
      expect(found.mean).toBeCloseTo(mean, 3);
      expect(found.deviation).toBeCloseTo(deviation, 3);
    }
    expect([learned[0].time, observed[0].time, observed[1].time]).toEqual([2, 0, 4]);
  });
});

test("features without components are their own", async () => {
  const { times, features } = await population();
  const snapshots = clouds.map((c) =>
    ndarray(
      Float32Array.from({ length: 3 * n }, (_, e) => c.data[Math.floor(e / 3) * genes + (e % 3)]),
      [n, 3],
      "f32",
    ),
  );
  const curves = await featureCurves({ times, snapshots, features }, []);
  curves.forEach(({ observed }, j) => {
    const [mean, deviation] = moments(clouds[0], new Float64Array(n).fill(1), j);
    expect(observed[0].mean).toBeCloseTo(mean, 5);
    expect(observed[0].deviation).toBeCloseTo(deviation, 5);
  });
});

test("the eight features that move most are drawn, or those asked for", async () => {
  const data = await population();
  const curves = await featureCurves(data, []);
  const way = (c: (typeof curves)[number]): number => Math.abs(c.observed[1].mean - c.observed[0].mean);
  const drawn = curvesToDraw(curves, undefined);
  expect(drawn).toHaveLength(8);
  const least = Math.min(...drawn.map(way));
  for (const curve of curves) if (!drawn.includes(curve)) expect(way(curve)).toBeLessThanOrEqual(least);
  expect(curvesToDraw(curves, shownFeatures(data, "gene7, gene1")).map((c) => c.feature)).toEqual(["gene7", "gene1"]);
  expect(() => shownFeatures(data, "gene7,gine1")).toThrow(/"gine1" is not among the 12 features that the components/);
  expect(shownFeatures(data, undefined)).toBeUndefined();
});
