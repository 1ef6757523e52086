/** Made-up persons as data of an audit. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import type { NdArray } from "../../src/array/index.ts";
import { commands } from "../../src/cli/commands.ts";
import { run } from "../../src/cli/program.ts";
import { overlap } from "../../src/inversion/metrics/overlap.ts";
import { avatars } from "../../src/methods/audit/avatars.ts";
import type { Sides } from "../../src/methods/audit/data.ts";

let sides: Sides;
beforeAll(async () => {
  sides = await avatars(true);
});

const D = 3 * 16 * 16;

test("the same pictures every time, in [0, 1], none of them twice", async () => {
  const { train, heldOut, publicRows, input } = sides;
  const again = await avatars(true);
  const same = (a: NdArray<"f32">, b: NdArray<"f32">): boolean =>
    Buffer.compare(Buffer.from(a.data.buffer), Buffer.from(b.data.buffer)) === 0;
  expect([same(again.train.x, train.x), same(again.publicRows, publicRows)]).toEqual([true, true]);
  expect(input).toEqual([3, 16, 16]);
  expect([train.x.shape, heldOut!.x.shape, publicRows.shape]).toEqual([
    [200, D],
    [200, D],
    [500, D],
  ]);
  expect(train.x.data.every((v) => v >= 0 && v <= 1)).toBe(true);
  const pictures = [train.x, heldOut!.x].flatMap(({ data }) =>
    Array.from({ length: 200 }, (_, i) => Buffer.from(data.slice(i * D, (i + 1) * D).buffer).toString("base64")),
  );
  expect(new Set(pictures).size).toBe(400);
});

test("two persons are farther apart than two pictures of one, whoever they are", () => {
  const { x, y, names } = sides.train;
  const squares = (i: number, j: number): number => {
    let sum = 0;
    for (let k = 0; k < D; k++) sum += (x.data[i * D + k] - x.data[j * D + k]) ** 2;
    return sum;
  };
  const rows = (c: number): number[] => Array.from(y.keys()).filter((i) => y[i] === c);
  const mean = (a: number, b: number): number => {
    const pairs = rows(a).flatMap((i) => rows(b).flatMap((j) => (i === j ? [] : [squares(i, j)])));
    return pairs.reduce((sum, v) => sum + v / pairs.length, 0);
  };
  for (const a of names.keys())
    for (const b of names.keys()) if (a !== b) expect(mean(a, b), `${names[a]} and ${names[b]}`).toBeGreaterThan(mean(a, a));
});

test("no public picture repeats a private one", async () => {
  expect((await overlap(sides.publicRows, sides.train.x)).duplicates).toEqual([]);
});

test("an audit of them runs, and its page shows them", async () => {
  const out = mkdtempSync(join(tmpdir(), "pushforward-avatars-"));
  let [said, text] = ["", ""];
  const code = await run(
    [
      "audit",
      "--data",
      "avatars",
      "--quick",
      "--attacks",
      "vmi:0.1",
      "--train-steps",
      "20",
      "--steps",
      "20",
      "--samples",
      "20",
      "--out",
      out,
      "--json",
    ],
    commands,
    { out: (s) => void (said += s), error: (s) => void (text += s) },
  );
  expect([code, text]).toEqual([0, ""]);
  const { perClass } = JSON.parse(said.trim().split("\n").at(-1)!);
  expect(perClass.map((c: { class: string }) => c.class)).toEqual(sides.train.names);
  expect(readFileSync(join(out, "report.html"), "utf8")).toContain("data:image/png");
  rmSync(out, { recursive: true });
});
