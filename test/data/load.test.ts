import { expect, test } from "vitest";
import { loadSnapshots } from "../../src/data/load.ts";

const options = { seed: 0, quick: false, dropMissing: false };

test("snapshots come from exactly one of a file and a built-in set", async () => {
  await expect(loadSnapshots(undefined, options)).rejects.toThrow(expect.objectContaining({ hint: expect.stringContaining("gapminder") }));
  await expect(loadSnapshots("a.csv", { ...options, data: "gapminder" })).rejects.toThrow(/not both/);
  const quick = await loadSnapshots(undefined, { ...options, data: "bifurcation", quick: true, seed: 3 });
  expect(quick.snapshots.map((s) => s.shape[0])).toEqual([200, 200, 200, 200, 200]);
});

test("snapshots from a file take the table's options", async () => {
  const file = "node_modules/vega-datasets/data/gapminder.json";
  const s = await loadSnapshots(file, { ...options, time: "year", features: "fertility,life_expect", label: "country" });
  expect([s.name, s.times.length, s.features, s.labels?.[0][0]]).toEqual([
    "gapminder.json",
    11,
    ["fertility", "life_expect"],
    "Afghanistan",
  ]);
});
