import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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

test("decimal commas and words for what is missing are read where they are said, and refused for files that are no text", async () => {
  const folder = mkdtempSync(join(tmpdir(), "pushforward-load-"));
  try {
    const file = join(folder, "semicolons.csv");
    writeFileSync(file, "t;a;b\n0;0,5;1\n0;1,5;2\n0;2;?\n1;2,5;3\n1;3,5;4,5\n");
    await expect(loadSnapshots(file, options)).rejects.toThrow(
      expect.objectContaining({ hint: expect.stringContaining("--decimal , reads decimal commas") }),
    );
    const s = await loadSnapshots(file, { ...options, decimal: ",", missing: "?", dropMissing: true });
    expect(s.snapshots.map((c) => [...c.data])).toEqual([
      [0.5, 1, 1.5, 2],
      [2.5, 3, 3.5, 4.5],
    ]);
    await expect(loadSnapshots("node_modules/vega-datasets/data/gapminder.json", { ...options, decimal: "," })).rejects.toThrow(
      /gapminder\.json: --decimal and --missing are for text files/,
    );
    await expect(loadSnapshots(undefined, { ...options, data: "gapminder", missing: "?" })).rejects.toThrow(/are for text files/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
