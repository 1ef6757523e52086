import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseHTML } from "linkedom";
import { afterAll, beforeAll, expect, test } from "vitest";
import { commands } from "../../src/cli/commands.ts";
import { run } from "../../src/cli/program.ts";
import { readTable } from "../../src/data/read.ts";
import { column } from "../../src/data/table.ts";
import { openRun } from "../../src/lab/run.ts";

const root = mkdtempSync(join(tmpdir(), "pushforward-runs-"));
afterAll(() => rmSync(root, { recursive: true }));

/** Runs `pushforward runs …` below the root. */
async function runs(...args: string[]): Promise<{ code: number; out: string; error: string }> {
  let [out, error] = ["", ""];
  const code = await run(["runs", ...args, "--root", root], commands, {
    out: (s) => void (out += s),
    error: (s) => void (error += s),
  });
  return { code, out, error };
}

beforeAll(async () => {
  // the last loss is 0.1 times the width, plus the seed in hundredths: of width 8, 0.8, 0.81, 0.82
  for (const width of [8, 16])
    for (const seed of [0, 1, 2]) {
      const made = await openRun(join(root, `w${width}-s${seed}`), { command: "train", width, seed });
      for (let step = 10; step <= 100; step += 10) await made.log({ step, loss: 0.1 * width + 0.01 * seed + 1 / step - 0.01 });
      await made.complete({ loss: width });
      await made.close();
    }
});

test("list shows runs as a table or as JSON, and says when there are none", async () => {
  const { out } = await runs("list", "--where", "width=8, seed>0", "--sort", "seed", "--columns", "width,loss");
  const [head, ...rows] = out
    .trimEnd()
    .split("\n")
    .map((line) => line.split(/ {2,}/));
  expect(head).toEqual(["run", "command", "status", "step", "width", "loss", "begun"]);
  expect(rows.map((r) => r.slice(0, 6))).toEqual([
    ["w8-s1", "train", "done", "100", "8", "8"],
    ["w8-s2", "train", "done", "100", "8", "8"],
  ]);
  const listed = JSON.parse((await runs("list", "--json")).out);
  expect(listed.length).toBe(6);
  expect((await runs("list", "--where", "width=9")).out).toBe("no runs with width=9\n");
  expect((await runs("list", "--where", "widht=9")).error).toBe('error: no run has "widht"\n  hint: did you mean "width"?\n');
});

test("compare groups by configuration: mean and standard error over seeds, a page and pictures", async () => {
  const { out, code } = await runs("compare", "--metric", "loss", "--json");
  expect(code).toBe(0);
  const { groups, page } = JSON.parse(out);
  const of = (width: number) => groups.find((g: { label: string }) => g.label === `width ${width}`);
  // means of 0, 1, 2 hundredths; their standard deviation is 0.01, the error 0.01 / √3
  for (const width of [8, 16]) {
    expect(of(width).runs.length).toBe(3);
    expect(of(width).summaries.loss.mean).toBeCloseTo(0.1 * width + 0.01, 12);
    expect(of(width).summaries.loss.error).toBeCloseTo(0.01 / Math.sqrt(3), 12);
  }
  const { document } = parseHTML(readFileSync(page, "utf8"));
  expect(document.querySelectorAll("figure svg").length).toBe(1);
  expect(Array.from(document.querySelectorAll("td"), (d) => d.textContent)).toContain("0.8100 ± 0.0058");
  expect(existsSync(join(root, "comparison", "compare-loss.png"))).toBe(true);
  expect((await runs("compare", "w8-s0", "w16-s0")).out).toMatch(/^width +runs +loss\n +8 +1 +0\.8\n +16 +1 +1\.6\n/);
  expect((await runs("compare", "--metric", "los")).error).toMatch(/none of these runs has the metric "los"\n {2}hint: they have loss/);
  expect((await runs("compare", "w8-s0", "--where", "width=8")).error).toMatch(/either names of runs or --where/);
});

test("export writes a row for each row of metrics, with the configuration beside it", async () => {
  for (const name of ["metrics.csv", "metrics.parquet"]) {
    expect((await runs("export", "--where", "width=8", "--sort", "seed", "--out", join(root, name))).code).toBe(0);
    const t = await readTable(join(root, name));
    expect(t.rows).toBe(30);
    expect([9, 10].map((i) => column(t, "config.seed").values[i])).toEqual([0, 1]);
    expect(column(t, "loss").values[29]).toBeCloseTo(0.82, 12);
    expect(column(t, "run").values[29]).toBe("w8-s2");
  }
  await runs("export", "w8-s0", "--out", join(root, "metrics.jsonl"));
  expect(JSON.parse(readFileSync(join(root, "metrics.jsonl"), "utf8").split("\n")[9])).toMatchObject({ run: "w8-s0", step: 100 });
  expect((await runs("export", "--out", "metrics.xls")).error).toMatch(/"metrics.xls" is not a table/);
});

test("show tells what was run, and how it went", async () => {
  const { out } = await runs("show", "w16-s1");
  expect(out).toMatch(/w16-s1 \(done, /);
  expect(out).toMatch(/loss +1\.61 +█▄▃▂▂▂▁▁▁▁/);
  expect(out).toMatch(/width +16/);
  expect(JSON.parse((await runs("show", "w16-s1", "--json")).out)).toMatchObject({
    status: "done",
    step: 100,
    results: { loss: 16 },
  });
});

test("a damaged index is made again from the folders, wherever the damage is", async () => {
  const listed = async () => {
    const { code, out, error } = await runs("list", "--columns", "loss", "--json");
    expect([code, error]).toEqual([0, ""]);
    const there: { name: string; facts: object }[] = JSON.parse(out);
    return there.map(({ name, facts }) => JSON.stringify([name, facts])).sort();
  };
  const before = await listed();
  const index = join(root, "index.sqlite");
  const bytes = readFileSync(index);
  const overwritten = Buffer.concat([bytes.subarray(0, 4096), Buffer.alloc(bytes.length - 4096, 7)]);
  for (const spoiled of [Buffer.from("garbage"), bytes.subarray(0, 5000), overwritten]) {
    for (const suffix of ["-wal", "-shm"]) rmSync(index + suffix, { force: true });
    writeFileSync(index, spoiled);
    expect(await listed()).toEqual(before);
  }
});

test("rm asks first, takes no folder but the run's, and none that is worked on", async () => {
  expect((await runs("rm", "w16-s2")).error).toMatch(/this would remove .*w16-s2\n {2}hint: say --yes/);
  for (const name of ["..", "../..", ".", "w16-s%", "/"]) expect((await runs("rm", name, "--yes")).error).toMatch(/there is no run/);
  const busy = await openRun(join(root, "busy"), {});
  expect((await runs("rm", "busy", "--yes")).error).toMatch(/another process works on this run/);
  await busy.close();
  expect((await runs("rm", "busy", "w16-s2", "--yes")).code).toBe(0);
  expect([existsSync(join(root, "busy")), existsSync(join(root, "w16-s2")), existsSync(join(root, "w16-s1"))]).toEqual([
    false,
    false,
    true,
  ]);
  expect((await runs("list", "--where", "width=16")).out.split("\n").length).toBe(4);
});
