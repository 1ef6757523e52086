/** Transitions, growth that is known beforehand, layers, and the folder that is looked at first. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { randomStream } from "../../src/array/index.ts";
import { writeLayout } from "../data/annotated.ts";
import { expectReported } from "../lab/reported.ts";
import { pushforward } from "./pushforward.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pushforward-lineage-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const tiny = ["--steps", "60", "--width", "8", "--layers", "1", "--batch", "32", "--threads", "1", "--quiet"];

/** Two groups 20 apart, 25 particles each, that stay where they are; the rate of one is ln 2 a unit of time. */
async function twoGroups(): Promise<string> {
  const z = randomStream(4).normal([300], "f64").data;
  const rows = [0, 1, 2].flatMap((t) =>
    Array.from({ length: 50 }, (_, i) => {
      const left = i < 25;
      return [t, (left ? 0 : 20) + z[t * 100 + 2 * i], z[t * 100 + 2 * i + 1], left ? "left" : "right", left ? Math.LN2 : 0].join();
    }),
  );
  const path = join(folder, "groups.csv");
  await writeFile(path, ["time,a,b,kind,rate", ...rows].join("\n"));
  return path;
}

const cells = async (name: string): Promise<{ names: string[]; rows: string[][] }> => {
  const [head, ...rows] = (await readFile(name, "utf8")).trim().split("\n");
  return { names: head.split(","), rows: rows.map((r) => r.split(",")) };
};

test("transitions between groups are told, tabled and drawn, the same everywhere", async () => {
  const path = await twoGroups();
  const out = join(folder, "run");
  const asked = ["--features", "a,b", "--group", "kind", "--between", "0,2; 0,1", ...tiny];
  const { code, out: text } = await pushforward(path, ...asked, "--out", out);
  expect(code).toBe(0);
  expect(text).toMatch(
    /descendants, from 0 to 2 \(± one standard error over resampled particles\)\n {2}left: left (1|0\.[89]).*\n {2}right: right (1|0\.[89])/,
  );
  const { transitions } = JSON.parse(await readFile(join(out, "results.json"), "utf8"));
  expect(transitions.map((t: { from: number; to: number }) => [t.from, t.to])).toEqual([
    [0, 2],
    [0, 1],
  ]);
  const sum = transitions[0].mass.value.flat().reduce((a: number, b: number) => a + b, 0);
  expect(sum).toBeCloseTo(1, 5); // without growth nothing is lost
  const { names, rows } = await cells(join(out, "artifacts/transitions.csv"));
  const column = (row: string[], name: string): number => Number(row[names.indexOf(name)]);
  expect(rows).toHaveLength(8);
  rows.slice(0, 4).forEach((row, r) => {
    const [s, e] = [Math.floor(r / 2), r % 2];
    expect(column(row, "mass")).toBe(transitions[0].mass.value[s][e]);
    expect(column(row, "mass error")).toBe(transitions[0].mass.error[s][e]);
    expect(column(row, "ancestors")).toBe(transitions[0].ancestors.value[e][s]);
  });
  const lineage = await cells(join(out, "artifacts/lineage.csv"));
  expect(lineage.rows).toHaveLength(200); // 50 of each side of each pair
  for (const row of lineage.rows) {
    const parts = row.slice(lineage.names.indexOf("part left")).map(Number);
    expect(parts.reduce((a, b) => a + b)).toBeCloseTo(1, 10);
  }
  for (const name of ["descendants-0-2", "ancestors-0-2", "descendants-0-1", "ancestors-0-1"])
    expect(await readFile(join(out, `artifacts/${name}.svg`), "utf8")).toContain("group at 0");
  // without groups, some are made, and told
  const made = await pushforward(path, "--features", "a,b", "--between", "0,2", "--clusters", "2", ...tiny, "--out", join(folder, "made"));
  expect(made.out).toMatch(/note: no --group: transitions are between 2 clusters of all particles/);
  expect(made.out).toMatch(/cluster 1: cluster 1 (1|0\.[89])/);
});

test("prior growth is refused where nothing could come of it, and told where it counts", async () => {
  const path = await twoGroups();
  const tried = async (...more: string[]) => {
    const { code, out, text } = await pushforward(path, "--prior-growth", "rate", ...tiny, "--out", join(folder, "prior"), ...more);
    return `${code} ${text}${out}`;
  };
  expect(await tried()).toMatch(/^1 error: --prior-growth: am has no growth\n {2}hint: use a method with growth: uam/);
  expect(await tried("--method", "am-mix")).toMatch(/^1 error: .* the pairs are independent here/);
  expect(await tried("--method", "uam", "--coupling", "ot")).toMatch(/^1 error: .* the pairs are ot here\n {2}hint: leave --coupling out/);
  expect(await tried("--auto")).toMatch(/^1 error: --auto chooses among methods of which not all take --prior-growth/);
  const { text } = await pushforward("--data", "moons", "--prior-growth", "rate", "--method", "uam");
  expect(text).toMatch(/built-in data sets have no column of growth rates/);
  const done = await tried("--method", "am-wfr", "--growth", "1");
  expect(done).toMatch(
    /^0 note: .*\n?(.*\n)*note: growth rates from column "rate", 0.00 to 0.693 a unit of time, decide the pairs: only diff/,
  );
  expect(done).toMatch(/features: "a", "b"\n/); // the rate is none
  const wild = join(folder, "wild.csv");
  await writeFile(wild, (await readFile(path, "utf8")).replace("left,0.69", "left,99.69"));
  const refused = await pushforward(wild, "--prior-growth", "rate", "--method", "uam", ...tiny, "--out", join(folder, "wild"));
  expect(refused.text).toMatch(/column "rate" has a rate of 99\.7, e\^100 in an interval of 1\n {2}hint: give logarithmic rates/);
});

test("components come from the layer that is asked for", async () => {
  const path = join(folder, "layers.h5ad");
  await writeLayout(path, { cells: 60, genes: 12, x: "csr", embedding: true, others: true });
  const of = async (...more: string[]) => {
    const { code, text, out } = await pushforward(path, "--time", "day", ...more, ...tiny, "--out", join(folder, more.join("")));
    return `${code} ${text}${out}`;
  };
  expect(await of("--layer", "raw", "--components", "3")).toMatch(/^0 (.*\n)*?note: log-normalised counts of raw\.X, 11 genes/);
  expect(await readFile(join(folder, "--layerraw--components3", "artifacts/features.csv"), "utf8")).toMatch(/^r\d+,0,/m);
  expect(await of("--layer", "spliced")).toMatch(/^0 (.*\n)*?note: log-normalised counts of layer "spliced", 12 genes/);
  expect(await of("--layer", "splced")).toMatch(/^1 error: layers.h5ad: there is no layer "splced"\n {2}hint: did you mean "spliced"\?/);
  expect(await of("--layer", "raw", "--embedding", "X_pca")).toMatch(/^1 error: --layer raw and --embedding X_pca/);
  const table = await pushforward(await twoGroups(), "--layer", "raw");
  expect(table.text).toMatch(/^error: --layer is for h5ad files/);
});

test("a folder of another run is refused before λ is looked for, and the search shows how far it is", async () => {
  const path = await twoGroups();
  const out = join(folder, "taken");
  const asked = [path, "--features", "a,b", "--method", "uam", ...tiny.filter((o) => o !== "--quiet"), "--out", out];
  let written = "";
  const error = vi.spyOn(process.stderr, "write").mockImplementation((t) => Boolean((written += String(t))));
  expect((await pushforward(...asked)).code).toBe(0);
  expect(written).toMatch(/looking for λ, the price of growth 7\/7/);
  written = "";
  const { code, text } = await pushforward(...asked, "--seed", "7");
  expect(code).toBe(1);
  expect(text).toMatch(/holds a run with another configuration \(seed: 0 there, 7 here\)/);
  expect(written).not.toMatch(/looking for λ/);
  // what was found in between is no difference: the same command goes on, or here begins again
  expect((await pushforward(...asked)).code).toBe(0);
  const strange = join(folder, "strange");
  const { mkdir } = await import("node:fs/promises");
  await mkdir(strange);
  await writeFile(join(strange, "mine.txt"), "mine");
  const foreign = await pushforward(...asked.slice(0, -1), strange);
  expect(foreign.text).toMatch(/strange is not empty and holds no run/);
  expect(written.match(/looking for λ/g)?.length ?? 0).toBeGreaterThan(0); // by the second run above alone
  error.mockRestore();
});

test.each([
  ["0", /"0" is no pair of times\n {2}hint: write "0,4"/],
  ["0,1,2", /is no pair of times/],
  ["0,7", /--between: there is no time 7\n {2}hint: the times are 0, 1, 2/],
  ["2,0", /--between: 2 is not before 0/],
  ["1,1", /--between: 1 is not before 1/],
])("--between %s is refused with a message", async (between, message) => {
  const { code, text } = await pushforward(await twoGroups(), "--features", "a,b", "--between", between, "--out", join(folder, "no"));
  expect(code).toBe(1);
  expect(text).toMatch(message);
});

test("clusters without a question, or beside groups, are refused", async () => {
  const path = await twoGroups();
  expect((await pushforward(path, "--clusters", "3", "--features", "a,b")).text).toMatch(/--clusters makes groups for --between/);
  const both = await pushforward(path, "--clusters", "3", "--group", "kind", "--between", "0,1");
  expect(both.text).toMatch(/give --group or --clusters, not both/);
});

test("runs write numbers that are declared alone", () => expectReported(folder, "trajectories", "elsewhere"));
