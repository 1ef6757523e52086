import { expect, test } from "vitest";
import { ndarray, type Random, randomStream, toNumbers } from "../../../../src/array/index.ts";
import { jit } from "../../../../src/tensor/index.ts";
import { changeTask, classTask } from "../../../../src/transport/images/measures/feature-task.ts";
import { featureLearner, trainFeatures } from "../../../../src/transport/images/measures/features.ts";
import { picturesAt } from "../../../../src/transport/images/measures/pictures.ts";
import { constantPictures, noisePictures } from "./pictures.ts";

/** Bars across (class 0) and upright ones (class 1), with noise. */
function bars(n: number, rng: Random) {
  const [noise, places] = [rng.uniform([n, 1, 8, 8]).data, rng.integers(0, 8, [n]).data];
  const y = Int32Array.from({ length: n }, (_, i) => i % 2);
  const on = (i: number, row: number, column: number): boolean => (y[i] ? column : row) === places[i];
  const x = noise.map((u, k) => 0.3 * u + (on(Math.floor(k / 64), Math.floor(k / 8) % 8, k % 8) ? 0.7 : 0));
  return { x: ndarray(x, [n, 1, 8, 8], "f32"), y };
}

const { x, y } = bars(600, randomStream("bars"));

test("classes that are easy are learned; features have mean 0 and deviation 1, and are the same for any number of pictures", async () => {
  const net = await trainFeatures(x, y, { steps: 80, rng: randomStream(1) });
  // 60 held out: one mistake at most
  expect(net.accuracy).toBeGreaterThan(0.98);
  expect(net).toMatchObject({ task: "to tell 2 classes apart", chance: 0.5, warnings: [] });
  const all = await net.features(x);
  expect(all.shape).toEqual([600, 64]);
  for (let f = 0; f < 64; f++) {
    const column = Array.from({ length: 600 }, (_, i) => all.data[i * 64 + f]);
    const mean = column.reduce((a, b) => a + b, 0) / 600;
    // standardised by 540 of the 600 pictures
    expect(Math.abs(mean)).toBeLessThan(0.15);
    expect(Math.abs(column.reduce((sum, v) => sum + (v - mean) ** 2, 0) / 600 - 1)).toBeLessThan(0.3);
  }
  const some = await net.features(picturesAt(x, [599, 3]));
  some.data.forEach((v, k) => expect(Math.abs(v - all.data[(k < 64 ? 599 : 3) * 64 + (k % 64)])).toBeLessThan(1e-4));
});

test("one stream gives one network; a training that was stopped and goes on ends as the one that was not", async () => {
  const run = async (steps: number): Promise<number[]> => {
    const net = await trainFeatures(x, y, { steps, rng: randomStream(2) });
    return [...(await net.features(picturesAt(x, [0, 1]))).data];
  };
  expect(await run(5)).toEqual(await run(5));
  const rng = randomStream(2);
  const [first, second] = [featureLearner(x, y, 5, rng.fold("split")), featureLearner(x, y, 5, rng.fold("split"))];
  let state = first.init(rng.fold("init"));
  for (let step = 0; step < 5; step++) {
    const learner = step < 3 ? first : second;
    ({ state } = await learner.step(structuredClone(state), rng.fold("steps").fold(step)));
  }
  const net = await second.finish(state);
  expect([...(await net.features(picturesAt(x, [0, 1]))).data]).toEqual(await run(5));
});

test("steps are told, and a training ends when it is asked to", async () => {
  const told: number[] = [];
  await trainFeatures(x, y, { steps: 50, rng: randomStream(3), report: (step) => told.push(step), stop: () => told.length === 4 });
  expect(told).toEqual([1, 2, 3, 4]);
});

test("without classes, or with one only, it learns how pictures were changed; what cannot be learned is told", async () => {
  for (const labels of [undefined, new Int32Array(600)]) {
    const net = await trainFeatures(x, labels, { steps: 3, rng: randomStream(4) });
    expect(net.task).toBe("to tell 16 ways apart in which a picture was turned, mirrored and its shades inverted");
    expect(net.warnings).toEqual([expect.stringMatching(/6.25 % by chance\): its features say little/)]);
  }
  // a plain grey picture looks the same however it is turned
  const plain = await trainFeatures(constantPictures(0.5, [200, 1, 8, 8]), undefined, { steps: 20, rng: randomStream(5) });
  expect(plain.warnings).toEqual([expect.stringMatching(/features say little/)]);
  const one = await trainFeatures(noisePictures(9, [1, 1, 8, 8]), undefined, { steps: 2, rng: randomStream(5) });
  expect(one.warnings).toEqual([expect.stringMatching(/not known from 1 pictures \(20 are needed/)]);
});

test("the changes of a square are 16, of a rectangle 8, of colours three for each move; all differ and keep the pixels", async () => {
  for (const [shape, count] of [
    [[1, 5, 5], 16],
    [[1, 4, 6], 8],
    [[3, 5, 5], 24],
    [[3, 4, 6], 12],
  ] as const) {
    const task = changeTask(shape);
    expect(task.outputs).toBe(count);
    expect(task.batch % count).toBe(0);
    const one = noisePictures(6, [1, ...shape]);
    const batch = picturesAt(one, new Int32Array(task.batch));
    const posed = await jit(task.pose)(batch, ndarray(new Int32Array(task.batch), [task.batch], "i32"));
    const size = one.data.length;
    const byClass = new Map<number, string>();
    toNumbers(posed.y).forEach((answer, i) => {
      const pixels = toNumbers(posed.x).slice(i * size, (i + 1) * size);
      const text = [...pixels].join();
      expect(byClass.get(answer) ?? text).toBe(text);
      byClass.set(answer, text);
      const sorted = (values: ArrayLike<number>): number[] => Array.from(values, (v) => v).sort((a, b) => a - b);
      const inverted = shape[0] === 1 && answer % 2 === 1;
      const expected = sorted(inverted ? one.data.map((v) => 1 - v) : one.data);
      sorted(pixels).forEach((v, k) => expect(Math.abs(v - expected[k])).toBeLessThan(1e-6));
    });
    expect(byClass.size).toBe(count);
    expect(new Set(byClass.values()).size).toBe(count);
  }
});

test("the best guess without a look is the commonest class", () => {
  expect(classTask(Int32Array.of(0, 2, 2, 2))).toMatchObject({ chance: 0.75, outputs: 3, text: "to tell 2 classes apart" });
});

test("pictures of any size and number of channels have features", async () => {
  for (const shape of [
    [1, 2, 3],
    [3, 9, 13],
    [2, 33, 6],
  ]) {
    const pictures = noisePictures(7, [30, ...shape]);
    const net = await trainFeatures(pictures, undefined, { steps: 2, rng: randomStream(8) });
    const features = await net.features(pictures);
    expect(features.shape).toEqual([30, 64]);
    expect(features.data.every(Number.isFinite)).toBe(true);
  }
});
