/** Tables of another population. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readParticles } from "../../src/data/new-particles.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pushforward-particles-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function file(text: string): Promise<string> {
  const path = join(folder, "others.csv");
  await writeFile(path, text);
  return path;
}

const data = { features: ["b", "a"] };

test("features are taken by name in the order of the data, velocities beside them", async () => {
  const path = await file("a,note,b,va,vb\n1,x,2,10,20\n3,y,4,30,40\n");
  const { points, velocities } = await readParticles(path, data, { velocity: "vb,va" });
  expect([Array.from(points.data), points.shape]).toEqual([
    [2, 1, 4, 3],
    [2, 2],
  ]);
  expect(Array.from(velocities!.data)).toEqual([20, 10, 40, 30]);
});

test("components are those that were made of the features", async () => {
  const path = await file("a,b\n1,2\n3,5\n");
  const components = {
    ...{ features: ["a", "b"], mean: Float64Array.of(1, 1), directions: Float64Array.of(0, 1), explained: [1] },
  };
  const { points } = await readParticles(path, { features: ["pc1"], components });
  expect(Array.from(points.data)).toEqual([1, 4]);
  await expect(readParticles(path, { features: ["pc1"], components }, { velocity: "a" })).rejects.toThrow(
    /velocities of principal components/,
  );
});

test.each([
  ["a,b\n1,\n3,4\n", /others\.csv: 1 missing or infinite value in 1 of 2 rows \(first: column "b", row 1/],
  ["a,b\n1,two\n", /others\.csv.*"b".*two/s],
  ["a\n1\n", /others\.csv: no column "b"/],
  ["a,b\n", /others\.csv/],
  ["a,b\n1,1e300\n", /column "b", row 1: too large a number/],
])("%j is refused", async (text, message) => {
  await expect(readParticles(await file(text), data)).rejects.toThrow(message);
});

test("rows with missing values are left out when that is asked for, and counted", async () => {
  const path = await file("a,b\n1,\n3,4\n");
  const { points, warnings } = await readParticles(path, data, { dropMissing: true });
  expect([points.shape, warnings.join()]).toEqual([[1, 2], expect.stringMatching(/1 missing .* rows left out/)]);
});
