/** Small tables with default options. The numbers of linear models are scikit-learn's on the same splits (`npm run study:tables -- --python …`). */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import { train } from "../../src/methods/train/index.ts";

const data = `${process.env.PUSHFORWARD_DATA ?? "../shared/data"}/tab-mlbench`;
const base = mkdtempSync(join(tmpdir(), "pushforward-tables-"));
afterAll(() => rmSync(base, { recursive: true }));

/** Mean test score over seeds 0, 1, 2. */
async function score(name: string, options: object): Promise<number> {
  const file = join(base, `${name}.csv`);
  writeFileSync(file, gunzipSync(readFileSync(join(data, `${name}.csv.gz`))));
  const scores: number[] = [];
  for (const seed of [0, 1, 2]) {
    const out = join(base, `${name}-${seed}`);
    await train.perform([file], { ...options, seed, out, threads: 1, quiet: true });
    scores.push(JSON.parse(readFileSync(join(out, "results.json"), "utf8")).test.score);
  }
  return scores.reduce((a, b) => a + b) / 3;
}

describe.skipIf(!existsSync(data))("a training with default options is no worse than a linear model", () => {
  test("Vehicle", async () => expect(await score("Vehicle", { target: "Class" })).toBeGreaterThan((0.7647 + 0.7176 + 0.8) / 3));
  test("Glass", async () => expect(await score("Glass", { target: "Type" })).toBeGreaterThan((0.7273 + 0.6364 + 0.6364) / 3));
  test("Boston", async () => {
    expect(await score("BostonHousing", { target: "medv", task: "numbers" })).toBeLessThan((6.275 + 5.774 + 6.145) / 3);
  });
});
