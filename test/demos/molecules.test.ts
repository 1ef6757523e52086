/** Three flows of walkers: the same beginning, energies against what is known, files. */
import { expect, test } from "vitest";
import { numberOf, panelOf, rowsOf, watch } from "./watch.ts";

const flows = ["W: carried", "FR: reweighted", "WFR: both"];

test("hydrogen: all flows begin alike, and come down to -1/2 but not below", async () => {
  const watched = await watch("molecules", { system: "H", walkers: 64, steps: 60 });
  const { frames, last, over } = watched;
  expect(over).toBe(true);
  expect(last.progress).toBe(1);
  const { series } = panelOf(last, "curves", "Energy");
  expect(series.map((s) => s.label)).toEqual([...flows, "known: exact"]);
  // the first energies are those of the same parameters at the same walkers
  expect(series[1].y[0]).toBe(series[0].y[0]);
  expect(series[2].y[0]).toBe(series[0].y[0]);
  expect(series[3].y).toEqual([-0.5, -0.5]);
  for (const flow of flows) {
    const { value, error } = numberOf(last, `energy, ${flow}`);
    // an expectation of H is never below the ground state: 4 standard errors
    expect(value).toBeGreaterThan(-0.5 - 4 * error);
    expect(value).toBeLessThan(-0.48);
    expect(numberOf(last, `above the known, ${flow}`).value).toBeCloseTo(1000 * (value + 0.5), 8);
  }
  const rows = await rowsOf(watched, "flows.csv");
  expect(rows.length).toBe(3 * 60);
  expect((await rowsOf(watched, "walkers.csv")).map((row) => row.length)).toEqual(new Array(3 * 64).fill(5));
  expect(frames.map((f) => f.progress)).toEqual(frames.map((f) => f.progress).toSorted((a, b) => a - b));
});

test("walkers of a molecule are seen along its axis, and move from frame to frame by the seed", async () => {
  const groups = async (seed: number) =>
    (await watch("molecules", { system: "H2", walkers: 64 }, { seed, most: 2 })).frames.map(
      (frame) => panelOf(frame, "points", flows[0]).groups,
    );
  const [first, second] = await groups(1);
  expect([first[0].points.length, first[1].points.length]).toEqual([2 * 64, 2 * 64]);
  expect(Array.from(first[2].points)).toEqual([0, 0, Math.fround(1.4), 0]);
  expect(second[0].points).not.toEqual(first[0].points);
  expect((await groups(2))[0][0].points).not.toEqual(first[0].points);
});
