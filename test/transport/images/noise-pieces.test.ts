import { expect, test } from "vitest";
import { noisePieces } from "../../../src/transport/images/noise-pieces.ts";

test.each([
  [100, 1000],
  [100, 2 ** 23],
  [99, 3 * 2 ** 20],
  [7, 2 ** 30],
  [0, 10],
])("%i steps of %i numbers each follow each other in pieces that fit", (steps, each) => {
  const pieces = noisePieces(steps, each);
  let next = 0;
  for (const { first, steps: count } of pieces) {
    expect(first).toBe(next);
    expect(count).toBeGreaterThan(0);
    if (count > 1) expect(count * each).toBeLessThanOrEqual(2 ** 24);
    next += count;
  }
  expect(next).toBe(steps);
  expect(new Set(pieces.map((piece) => piece.steps)).size).toBeLessThanOrEqual(2); // programs are compiled for each number of steps
});
