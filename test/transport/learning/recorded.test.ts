import { expect, test } from "vitest";
import { ndarray, randomStream, toNumbers } from "../../../src/array/index.ts";
import { jit, type Tensor } from "../../../src/tensor/index.ts";
import { type ActionParams, drawRecorded, freeMotion, matchingRecorded, recordingOf } from "../../../src/transport/index.ts";
import { normals, pushed, train } from "../training.ts";

test("records are drawn as often as the time that they stand for, with rows of their own", () => {
  const times = [0, 1, 3, 4];
  const recording = recordingOf(
    times,
    times.map((t) => ndarray(new Float32Array(5).fill(t), [5, 1], "f32")),
  );
  const n = 8000;
  const { t, row, first, last } = drawRecorded(recording, randomStream(1), n);
  const counts = times.map(() => 0);
  for (let i = 0; i < n; i++) {
    counts[times.indexOf(Number(t.data[i]))]++;
    expect(recording.points.data[Number(row.data[i])]).toBe(Number(t.data[i]));
    expect(Number(first.data[i])).toBeLessThan(5);
    expect(Number(last.data[i])).toBeGreaterThanOrEqual(15);
  }
  // half of the gaps on both sides; the places have low discrepancy
  [0.5, 1.5, 1.5, 0.5].forEach((w, k) => void expect(counts[k] / n).toBeCloseTo(w / 4, 2));
});

test("the velocity of the independent linear path of two Gaussians, from samples of its records alone", async () => {
  const variance = (t: number): number => (1 - t) ** 2 + t ** 2 / 4;
  const times = Array.from({ length: 101 }, (_, k) => k / 100);
  const recording = recordingOf(
    times,
    times.map((t, k) => normals([2 * t], [Math.sqrt(variance(t))], 1000, 100 + k)),
  );
  const model = matchingRecorded(recording, { layers: 2, width: 32, steps: 1000, learningRate: 4e-3, batch: 256 });
  const { state, metrics } = await train(model, 1000, randomStream(2));
  const tail = metrics.slice(-300).reduce((s, m) => s + m.loss / 300, 0);
  // the minimum is -2.2323; batches of 256 have a spread of about 0.4, the mean of 300 of them one of 0.02
  expect(Math.abs(tail + 2.2323)).toBeLessThan(0.1);
  const drift = jit((p: ActionParams, t: Tensor, x: Tensor) => model.dynamics(p).drift(t, x));
  let [miss, size] = [0, 0];
  for (const t of [0.1, 0.5, 0.9]) {
    const x = normals([2 * t], [Math.sqrt(variance(t))], 300, 7);
    const v = toNumbers(await drift(model.average(state), ndarray(new Float32Array(300).fill(t), [300, 1], "f32"), x));
    v.forEach((value, i) => {
      const exact = 2 + ((1.25 * t - 1) / variance(t)) * (x.data[i] - 2 * t);
      miss += (value - exact) ** 2;
      size += exact ** 2;
    });
  }
  expect(Math.sqrt(miss / size)).toBeLessThan(0.1);
  const [end] = await pushed(model, state, normals([0], [1], 2000, 5), [1], randomStream(6));
  expect(Math.abs(end.mean[0] - 2)).toBeLessThan(0.1);
  expect(Math.abs(end.deviation[0] - 0.5)).toBeLessThan(0.06);
});

test("what cannot be a recording is refused", () => {
  const cloud = normals([0], [1], 5, 1);
  expect(() => recordingOf([0], [cloud])).toThrow(/at least two/);
  expect(() => recordingOf([0, 1], [cloud])).toThrow(/2 times and 1 clouds/);
  expect(() => recordingOf([1, 1], [cloud, cloud])).toThrow(/ascend/);
  expect(() => recordingOf([0, 1], [cloud, normals([0, 0], [1, 1], 5, 1)])).toThrow(/cloud 1 is \[5, 2\], not \[n, 1\]/);
  const recording = recordingOf([0, 1], [cloud, cloud]);
  expect(() => matchingRecorded(recording, { lagrangian: { ...freeMotion, growth: 1 }, head: "inner" })).toThrow(/cannot represent growth/);
});
