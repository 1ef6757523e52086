import { parseHTML } from "linkedom";
import { expect, test } from "vitest";
import { type NdArray, ndarray, randomStream } from "../../../src/array/index.ts";
import type { Snapshots } from "../../../src/data/snapshots.ts";
import type { Tensor } from "../../../src/tensor/index.ts";
import {
  fatesFigure,
  featuresFigure,
  growthFigure,
  heatMap,
  landscape,
  landscapeFigure,
  pusher,
  scoresFigure,
} from "../../../src/transport/index.ts";
import { overlaps, textBoxes } from "../../plots/boxes.ts";

const cloud = (n: number, seed: number) => randomStream(seed).normal([n, 2]);

const population = (times: readonly number[]): Snapshots => ({
  times,
  snapshots: times.map((_, k) => cloud(50, k)),
  features: ["a", "b"],
  warnings: [],
});

const prediction = (time: number) => ({
  time,
  scores: ["action matching", "copy previous", "copy next"].map((name, i) => ({
    name,
    ...{ w1: 0.784 + 0.5 * i, w2: 1, mmd: 0, biasedMmd: 0 },
    error: { w1: 0.05, w2: 0.05, mmd: 0.01 },
    behind: { difference: 0, error: 0 },
  })),
  floor: 0.7,
  unit: { name: "standard deviations of each feature" },
  rivals: [],
});

test.each([[[3]], [[18293]], [[1970, 1990]], [[0.5, 1 / 3, 2]]])(
  "held-out times %j are named as times, and no label covers another",
  (times) => {
    const boxes = textBoxes(scoresFigure(times.map(prediction)).svg);
    expect(boxes.filter((b) => b.text.startsWith("time ")).length).toBe(times.length);
    expect(boxes.filter((b) => b.text === "1.784").length).toBe(times.length);
    expect(boxes.filter((b) => b.text === "sampling floor 0.700").length).toBe(times.length);
    expect(overlaps(boxes)).toEqual([]);
    expect(Math.max(...boxes.map((b) => b.right))).toBeLessThanOrEqual(760);
  },
);

test("numbers below narrow panels do not touch, and points keep away from the frame", () => {
  const times = [0.5186667, 1.398469, 2.304608, 3.147354, 4.186592, 4.983485];
  const points = ndarray(Float32Array.of(-1.1, 0, 1.15, 9), [2, 2], "f32");
  const fields = times.map(() => ({ velocity: points, growth: Float64Array.of(-1, 1) }));
  const { svg } = growthFigure({ times, snapshots: times.map(() => points), features: ["x", "y"] }, fields);
  expect(overlaps(textBoxes(svg))).toEqual([]);
  const { document } = parseHTML(svg);
  const frames = Array.from(document.querySelectorAll('[aria-label="frame"] rect, rect[aria-label="frame"]'));
  const number = (e: Element, name: string): number => Number(e.getAttribute(name));
  const [left, width] = [number(frames[0], "x"), number(frames[0], "width")];
  for (const dot of document.querySelectorAll('[aria-label="dot"] circle')) {
    expect(number(dot, "cx")).toBeGreaterThanOrEqual(left + 5);
    expect(number(dot, "cx")).toBeLessThanOrEqual(left + width - 5);
  }
});

test("shares of many groups are written where there is room", () => {
  const names = (n: number) => Array.from({ length: n }, (_, i) => `group ${i}`);
  const map = (n: number) =>
    heatMap({
      ...{ rows: names(n), columns: names(n), value: names(n).map(() => names(n).map(() => 1 / n)) },
      error: names(n).map(() => names(n).map(() => 0.03)),
      names: { row: "start", column: "end", value: "part" },
    });
  for (const n of [2, 9, 40]) expect(overlaps(textBoxes(map(n)))).toEqual([]);
  expect(map(2)).toContain("0.50 ± 0.03");
  expect(map(9)).toContain(">0.11<");
});

test("features in time show levels of each feature and times with all digits", () => {
  const days = [18290, 18291, 18294];
  const names = Array.from({ length: 8 }, (_, i) => `gene ${i}`);
  const curve = (feature: string, i: number) => {
    const points = days.map((time) => ({ time, mean: 10 ** i, deviation: 0.1 * 10 ** i }));
    return { feature, learned: points, observed: points };
  };
  const { svg } = featuresFigure(names.map(curve));
  const { document } = parseHTML(svg);
  const labels = (axis: string): string[][] =>
    Array.from(document.querySelectorAll(`[aria-label="${axis}-axis tick label"]`), (g) =>
      Array.from(g.querySelectorAll("text"), (t) => t.textContent!),
    );
  expect(labels("x").length).toBe(8);
  for (const ticks of labels("x")) {
    expect(ticks.length).toBeGreaterThan(1);
    expect(new Set(ticks).size).toBe(ticks.length);
    for (const tick of ticks) expect(days[0] <= Number(tick) && Number(tick) <= days[2]).toBe(true);
  }
  labels("y").forEach((ticks, i) => {
    const levels = ticks.map((t) => Number(t.replaceAll(",", "")));
    expect(Math.abs(levels[0] / 10 ** i - 1)).toBeLessThanOrEqual(0.1 + 1e-9);
  });
  expect(overlaps(textBoxes(svg))).toEqual([]);
});

test.each([3, 11])("growth at %i times has a panel a time, and a title of its colours", (count) => {
  const times = Array.from({ length: count }, (_, k) => 1955 + 5 * k);
  const data = population(times);
  const { svg } = growthFigure(
    data,
    data.snapshots.map((s) => ({ velocity: s, growth: Float64Array.from({ length: 50 }, (_, i) => i - 25) })),
  );
  const boxes = textBoxes(svg);
  for (const text of ["growth rate", ...times.map((t) => `time ${t}`)]) expect(boxes.map((b) => b.text)).toContain(text);
  expect(overlaps(boxes)).toEqual([]);
});

test.each([2, 6, 12])("fates of %i groups show every name inside the picture", (count) => {
  const names = Array.from({ length: count }, (_, i) => `granulocyte-monocyte progenitor ${i}`);
  const matrix = {
    starts: names,
    ends: names,
    probability: names.map(() => names.map(() => 1 / count)),
    expansion: names.map(() => 1),
  };
  const { svg } = fatesFigure({ matrix });
  const boxes = textBoxes(svg);
  expect(overlaps(boxes)).toEqual([]);
  expect(Math.min(...boxes.map((b) => b.left))).toBeGreaterThanOrEqual(0);
  expect(boxes.map((b) => b.text)).toContain("probability");
});

test("arrows of the landscape stay inside its frame, and contours end there", async () => {
  const data = population([0, 1, 2]);
  const units = { mean: [0, 0], deviation: [1, 1], start: 0, interval: 1 };
  const action = ({ shape: [n] }: { shape: readonly number[] }) =>
    ndarray(
      Float32Array.from({ length: n }, (_, i) => i),
      [n],
      "f32",
    );
  const program = async (_p: unknown, _t: unknown, x: NdArray) => ({
    velocity: ndarray(
      Float32Array.from({ length: x.data.length }, (_, i) => (i % 2 ? -1 : 1)),
      x.shape,
      "f32",
    ),
    action: action(x),
  });
  const motion = { drift: (_: Tensor, x: Tensor) => x, noise: 0 };
  const model = { dynamics: () => motion, noise: 0 };
  const trained = { model, push: pusher(model), params: {} };
  const { svg } = landscapeFigure(data, await landscape(trained, program, data, { units, times: [0, 1, 2] }));
  const { document } = parseHTML(svg);
  const frame = document.querySelector("clipPath rect")!;
  const [left, top, width, height] = ["x", "y", "width", "height"].map((name) => Number(frame.getAttribute(name)));
  const arrows = Array.from(document.querySelectorAll('[aria-label="arrow"] path'), (p) => p.getAttribute("d")!);
  expect(arrows.length).toBe(100);
  for (const d of arrows)
    for (const [, x, y] of d.matchAll(/(-?[\d.]+),(-?[\d.]+)/g)) {
      expect(left <= Number(x) && Number(x) <= left + width).toBe(true);
      expect(top <= Number(y) && Number(y) <= top + height).toBe(true);
    }
  expect(document.querySelector('[aria-label="contour"]')!.closest("[clip-path]")).not.toBeNull();
});
