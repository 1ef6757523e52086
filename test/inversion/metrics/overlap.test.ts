/** Public items that are private ones again, and those that are near by chance. */
import { expect, test } from "vitest";
import { ndarray, randomStream } from "../../../src/array/index.ts";
import { overlap } from "../../../src/inversion/metrics/overlap.ts";

test.each([1, 2, 3, 8, 40])("in %i dimensions copies are found, and draws of the same law are not taken for them", async (d) => {
  // 20 pairs of clouds: one item in twenty pairs is expected to be near by chance, more than five with a chance of 6e-4
  let near = 0;
  for (let seed = 0; seed < 20; seed++) {
    const [own, others] = ["own", "others"].map((name) => randomStream(`${name} ${seed}`).normal([300, d]));
    near += (await overlap(others, own)).duplicates.length;
  }
  expect(near).toBeLessThanOrEqual(5);
  const own = randomStream("own").normal([300, d]);
  const others = randomStream("others").normal([300, d]);
  const copies = own.data.slice(0, 7 * d).map((v) => v + 1e-6);
  const mixed = ndarray(Float32Array.from([...others.data, ...copies]), [307, d], "f32");
  const { duplicates, warnings } = await overlap(mixed, own);
  const found = new Map(duplicates.map(({ publicRow, privateRow }) => [publicRow, privateRow]));
  for (let i = 0; i < 7; i++) expect(found.get(300 + i)).toBe(i);
  expect(warnings).toEqual([expect.stringMatching(/public items are private ones again/)]);
});

test("private items that are there twice do not make all others their copies", async () => {
  const own = ndarray(Float32Array.of(0, 0, 0, 1, 2.1, 3.3, 4.6, 6), [8, 1], "f32");
  const { duplicates } = await overlap(ndarray(Float32Array.of(0.5, 2.1, 9), [3, 1], "f32"), own);
  expect(duplicates).toEqual([{ publicRow: 1, privateRow: 4, distance: 0 }]);
});
