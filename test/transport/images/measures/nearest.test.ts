import { expect, test } from "vitest";
import { ndarray } from "../../../../src/array/index.ts";
import { nearestPictures, nearestTraining } from "../../../../src/transport/images/measures/nearest.ts";
import { picturesAt } from "../../../../src/transport/images/measures/pictures.ts";
import { constantPictures, noisePictures } from "./pictures.ts";

const shape = [1, 3, 3];
const train = noisePictures("train", [5000, ...shape]);
const heldOut = noisePictures("held out", [400, ...shape]);

test("the nearest of more pictures than a block, by a loop over all", async () => {
  const samples = noisePictures("samples", [20, ...shape]);
  const found = await nearestPictures(samples, train);
  found.forEach(({ row, distance }, i) => {
    let [best, least] = [-1, Number.POSITIVE_INFINITY];
    for (let t = 0; t < 5000; t++) {
      let square = 0;
      for (let k = 0; k < 9; k++) square += (samples.data[9 * i + k] - train.data[9 * t + k]) ** 2;
      if (square < least) [best, least] = [t, square];
    }
    expect(row).toBe(best);
    expect(distance).toBeCloseTo(Math.sqrt(least), 10);
  });
});

test("copies are found at distance 0 and called copies", async () => {
  const rows = [4999, 0, 17, 4095, 4096, 77, 1, 2, 3, 4];
  const { nearest, copying, warnings } = await nearestTraining(picturesAt(train, rows), train, heldOut);
  expect(nearest.map(({ row }) => row)).toEqual(rows);
  expect(nearest.every(({ distance }) => distance === 0)).toBe(true);
  expect(copying).toMatchObject({ share: 1, copied: true });
  expect(warnings).toEqual([expect.stringMatching(/100 % of the samples.*the model copies/)]);
});

test("new pictures of the same kind are no copies: one in a hundred is as near as one in a hundred", async () => {
  const n = 2000;
  const { copying, samples, heldOut: others, warnings } = await nearestTraining(noisePictures("new", [n, ...shape]), train, heldOut);
  if ("none" in copying) throw new Error(copying.none);
  // the fourth smallest of 400 is at a share whose law is Beta(4, 397); a binomial on top: five deviations of both
  const deviation = Math.sqrt((0.01 * 0.99) / n + (4 * 397) / (401 ** 2 * 402));
  expect(Math.abs(copying.share - 4 / 401)).toBeLessThan(5 * deviation);
  expect(copying.copied).toBe(false);
  expect(warnings).toEqual([]);
  // medians of one law: distances of uniform noise vary by a tenth about it
  expect(Math.abs(samples / others - 1)).toBeLessThan(0.05);
});

test("one copy among few samples is no proof; few held-out pictures say nothing, and why", async () => {
  const samples = { ...noisePictures("few", [6, ...shape]) };
  const withCopy = ndarray(Float32Array.from([...samples.data.slice(0, 45), ...train.data.slice(0, 9)]), [6, ...shape], "f32");
  const { copying } = await nearestTraining(withCopy, train, heldOut);
  expect(copying).toMatchObject({ copied: false });
  const few = await nearestTraining(samples, train, picturesAt(heldOut, [0, 1, 2]));
  expect(few.copying).toEqual({ none: "3 held-out pictures: 100 are needed to know how near one in a hundred comes" });
  const none = await nearestTraining(samples, train, picturesAt(heldOut, []));
  expect(none).toMatchObject({ heldOut: Number.NaN, copying: { none: expect.stringMatching(/^0 held-out/) } });
});

test("training pictures that are all alike have a distance all the same", async () => {
  const [nearest] = await nearestPictures(constantPictures(0.5, [1, ...shape]), constantPictures(0.25, [3, ...shape]));
  expect(nearest.distance).toBeCloseTo(0.75, 12);
});
