/** The tour: entries with known answers, side by side, on one page. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { run } from "../../src/cli/program.ts";
import { bridgeEnergy } from "../../src/methods/tour/bridge.ts";
import { tourEntries } from "../../src/methods/tour/entries.ts";
import { isRight, judgedBy } from "../../src/methods/tour/entry.ts";
import { tour as guided } from "../../src/methods/tour/guide.ts";
import { tour } from "../../src/methods/tour/index.ts";

const base = mkdtempSync(join(tmpdir(), "pushforward-tour-"));
afterAll(() => rmSync(base, { recursive: true }));

async function cli(...args: string[]): Promise<{ code: number; out: string; error: string }> {
  let [out, error] = ["", ""];
  const commands = [{ name: "tour", summary: tour.summary, load: async () => tour }];
  const code = await run(args, commands, { out: (t) => void (out += t), error: (t) => void (error += t) });
  return { code, out, error };
}

describe("the bridge of two Gaussians", () => {
  test("without noise it is half the squared Wasserstein distance", () => {
    // ½ (2² + (1 - ½)²) = 2.125, over the variance of both together, (1 + ¼)/2 + 1
    expect(bridgeEnergy({ deviations: [1, 0.5], distance: 2, noise: 1e-4 })).toBeCloseTo(2.125 / 1.625, 6);
  });

  test("it is the least of E|drift|²/2 over linear drifts that end right", () => {
    // dX = (a_t + b_t (X - m_t)) dt + σ dW with the variance v_t of the bridge v_t = (1-t)² v0 + t² v1 + 2t(1-t) c + σ² t (1-t): its drift has slope
    // b_t = (v' - σ²) / 2v, and energy ½ ∫ (m'² + b² v) dt
    const { deviations, distance, noise } = { deviations: [1, 0.5] as const, distance: 2, noise: 0.5 };
    const unit = Math.sqrt(1.625);
    const [v0, v1] = deviations.map((s) => (s / unit) ** 2);
    const s2 = noise ** 2;
    const c = (Math.sqrt(s2 ** 2 + 4 * v0 * v1) - s2) / 2;
    const n = 20_000;
    let energy = 0;
    for (let i = 0; i < n; i++) {
      const t = (i + 0.5) / n;
      const v = (1 - t) ** 2 * v0 + t ** 2 * v1 + 2 * t * (1 - t) * c + s2 * t * (1 - t);
      const rate = -2 * (1 - t) * v0 + 2 * t * v1 + (2 - 4 * t) * c + s2 * (1 - 2 * t);
      energy += ((distance / unit) ** 2 + ((rate - s2) / (2 * v)) ** 2 * v) / (2 * n);
    }
    expect(bridgeEnergy({ deviations, distance, noise })).toBeCloseTo(energy, 7);
  });
});

test("an answer is right within its tolerance, or at least as great", () => {
  const verdict = { value: 1.05, truth: 1, tolerance: 0.1, how: "equal", words: "" } as const;
  expect([isRight(verdict), isRight({ ...verdict, value: 1.2 }), isRight({ ...verdict, value: Number.NaN })]).toEqual([true, false, false]);
  expect([0.85, 0.95, 5].map((value) => isRight({ ...verdict, value, how: "at least" }))).toEqual([false, true, true]);
});

test("every entry has a page, a picture by name, and options that its command knows", async () => {
  const { methods } = await import("../../src/methods/index.ts");
  const { findCommand } = await import("../../src/lab/command.ts");
  for (const { name, command, options, page, own } of tourEntries) {
    expect(existsSync(`docs/${page}`), name).toBe(true);
    const found = await findCommand(command.join(" "), methods);
    for (const quick of [true, false]) expect(() => found.check(options(quick)), name).not.toThrow();
    expect(own).toMatch(/^pushforward /);
  }
});

test("names that there are not are refused before any work", async () => {
  expect(await cli("tour", "--only", "grahp")).toMatchObject({ code: 1, error: expect.stringContaining('did you mean "graph"?') });
  expect(await cli("tour", "--data", "mnist")).toMatchObject({ code: 1, error: expect.stringContaining("its own data") });
});

test("a tour of two, with its page, its numbers and what it keeps", { timeout: 120_000 }, async () => {
  const folder = join(base, "two");
  const { code, out } = await cli("tour", "graph,information", "--quick", "--json", "--out", folder);
  const { entries } = JSON.parse(out.trim().split("\n").at(-1)!);
  expect(code).toBe(0);
  expect(entries).toEqual([
    expect.objectContaining({ name: "graph", ok: true }),
    expect.objectContaining({ name: "information", ok: true, truth: expect.closeTo(34.723, 3) }),
  ]);
  // 117 thousand synsets have more than two pointers each
  expect(JSON.parse(readFileSync(join(folder, "entries/graph/results.json"), "utf8")).edges).toBeGreaterThan(2.5e5);
  const page = readFileSync(join(folder, "report.html"), "utf8");
  for (const words of ["2 of 2 known answers were met", "docs/graph.md", "pushforward graph compress roads.txt.gz"])
    expect(page).toContain(words);
  expect(page.match(/<svg/g)?.length).toBeGreaterThanOrEqual(2);
});

test("a miss, a failure and missing data are told, and the others go on", async () => {
  const form = z.object({ value: z.number() });
  const entry = (name: string, value: number, more: object = {}) => ({
    ...{ name, purpose: name, command: ["graph"], options: () => ({}), figure: "none", own: "pushforward graph", page: "graph.md" },
    work: async () => ({ value }),
    judge: judgedBy(form, (found) => ({ value: found.value, truth: 1, tolerance: 0, how: "equal" as const, words: "" })),
    ...more,
  });
  const broken = { work: async () => Promise.reject(new Error("no such luck")) };
  const entries = [entry("right", 1), entry("wrong", 2), entry("broken", 1, broken), entry("absent", 1, { needs: "no-such-package" })];
  const options = { folder: join(base, "three"), quick: true, seed: 0, jobs: 2, threads: 1, report: () => undefined };
  const stops = await guided(entries, { ...options, signal: new AbortController().signal });
  expect(stops?.map(({ verdict, failure }) => failure ?? isRight(verdict!))).toEqual([
    true,
    false,
    "no such luck",
    "its data are not here: npm install no-such-package",
  ]);
  // what is done is not done again; what is stopped gives nothing
  const again = await guided([entry("right", 5)], { ...options, signal: new AbortController().signal });
  expect(again?.[0].verdict?.value).toBe(1);
  expect(await guided(entries, { ...options, folder: join(base, "four"), signal: AbortSignal.abort() })).toBeUndefined();
});
