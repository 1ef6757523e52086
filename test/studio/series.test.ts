/** Thinning keeps what matters; reading on sees every row once. */
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Advance, openCurves } from "../../src/studio/curves.ts";
import { thin } from "../../src/studio/series.ts";
import fc from "../property.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "pushforward-series-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const value = fc.oneof(fc.double({ min: -1e6, max: 1e6, noNaN: true }), fc.constant(Number.NaN));

test("buckets hold every row once, and the extremes of all", () => {
  const law = fc.property(fc.array(value, { maxLength: 300 }), fc.integer({ min: 1, max: 50 }), (values, points) => {
    const step = Float64Array.from(values, (_, i) => i + 1);
    const series = thin("x", { step, value: Float64Array.from(values) }, points);
    const finite = values.filter(Number.isFinite);
    const numbers = (list: readonly (number | null)[]) => list.filter((x) => x !== null);
    expect([series.rows, series.step.length, series.step.at(-1) ?? 0]).toEqual([
      values.length,
      Math.min(points, values.length),
      values.length,
    ]);
    if (finite.length > 0) {
      expect(Math.min(...numbers(series.low))).toBe(Math.min(...finite));
      expect(Math.max(...numbers(series.high))).toBe(Math.max(...finite));
    }
    // each bucket against the rows between its step and that of the one before
    series.step.forEach((last, k) => {
      const rows = values.slice(k === 0 ? 0 : series.step[k - 1], last).filter(Number.isFinite);
      expect(series.low[k]).toBe(rows.length > 0 ? Math.min(...rows) : null);
      expect(series.high[k]).toBe(rows.length > 0 ? Math.max(...rows) : null);
      expect(series.last[k]).toBe(Number.isFinite(values[last - 1]) ? values[last - 1] : null);
    });
  });
  fc.assert(law);
});

const line = (row: Record<string, unknown>): string => `${JSON.stringify(row)}\n`;
const path = () => join(folder, "metrics.jsonl");

function reader(budget?: number) {
  const news: Advance[] = [];
  return { news, curves: openCurves({ follows: () => true, tell: (_, said) => news.push(said), budget }) };
}

test("rows are read once, whole lines only; metrics that some rows lack have rows of their own", async () => {
  const { news, curves } = reader();
  await curves.advance("a", folder); // no file yet
  writeFileSync(path(), line({ step: 20, loss: 2 }) + line({ step: 40, loss: null, score: 7 }) + '{"step": 60, "lo');
  await Promise.all([curves.advance("a", folder), curves.advance("a", folder)]);
  appendFileSync(path(), 'ss": 1}\nno row\n');
  await curves.advance("a", folder);
  expect(news.flatMap(({ rows }) => rows).map((row) => row.step)).toEqual([20, 40, 60]);
  expect(news.some(({ again }) => again)).toBe(false);
  expect(curves.names("a")).toEqual(["loss", "score"]);
  expect([...curves.column("a", "loss").step]).toEqual([20, 40, 60]);
  expect(thin("loss", curves.column("a", "loss"), 10).last).toEqual([2, null, 1]);
  expect([...curves.column("a", "score").value]).toEqual([7]);
});

test("a run that went back to its checkpoint is read anew, also when it is longer again by the next look", async () => {
  const { news, curves } = reader();
  writeFileSync(path(), line({ step: 1, x: 1 }) + line({ step: 2, x: 2 }));
  await curves.advance("a", folder);
  writeFileSync(path(), line({ step: 1, x: 1 }) + line({ step: 2, x: 5 }) + line({ step: 3, x: 6 }));
  await curves.advance("a", folder);
  expect(news.map(({ again }) => again)).toEqual([false, true, false]);
  expect([...curves.column("a", "x").value]).toEqual([1, 5, 6]);
});

test("a million rows: all are counted, and a peak of one row is seen among 800 points", async () => {
  const rows = 1_000_000;
  const lines: string[] = [];
  for (let i = 1; i <= rows; i++) lines.push(`{"step":${i},"loss":${i === 123_457 ? 99 : i === 876_543 ? -99 : (i % 1000) / 1000}}`);
  writeFileSync(path(), `${lines.join("\n")}\n`);
  const curves = openCurves({ follows: () => false, tell: () => undefined });
  await curves.advance("a", folder);
  const series = thin("loss", curves.column("a", "loss"), 800);
  expect(series.rows).toBe(rows);
  expect(series.step.length).toBe(800);
  const [high, low] = [series.high.indexOf(99), series.low.indexOf(-99)];
  expect(series.step[high - 1] < 123_457 && 123_457 <= series.step[high]).toBe(true);
  expect(series.step[low - 1] < 876_543 && 876_543 <= series.step[low]).toBe(true);
});

test("what nobody follows is let go of when there is no room", async () => {
  const curves = openCurves({ follows: (id) => id === "kept", tell: () => undefined, budget: 3000 });
  writeFileSync(path(), line({ step: 1, x: 1, y: 2 })); // two columns of 1 kB
  for (const id of ["kept", "first", "second"]) await curves.advance(id, folder);
  expect(["kept", "first", "second"].map((id) => curves.names(id).length)).toEqual([2, 0, 2]);
});
