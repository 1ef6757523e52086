/**
 * The lab's own cost: what it adds to a step, and how long questions to the index of runs take with a million rows of metrics in a
 * thousand runs. `npm run bench -- lab [overhead|index] [rows a run]`
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { compare, comparisonFigures } from "../src/lab/compare.ts";
import { toPng } from "../src/lab/figure.ts";
import { type Method, openRun, progress, runMethod } from "../src/lab/index.ts";
import { openStore } from "../src/lab/store/database.ts";
import { findRun, listRuns, metricsOf } from "../src/lab/store/query.ts";
import { syncRoot } from "../src/lab/store/sync.ts";
import { ndarray, randomStream } from "../src/tensor/index.ts";
import { hasPostgres, startPostgres } from "../test/lab/servers.ts";

const runs = 1000;

export async function main([what, count]: string[]): Promise<void> {
  console.log(`${cpus()[0].model}, ${cpus().length} threads, Node ${process.version}`);
  if (what !== "index") await overhead();
  if (what !== "overhead") await index(Number(count ?? 1000));
}

const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1];

/** A step that takes a millisecond of the processor, with 100,000 numbers of state to keep. */
async function overhead(): Promise<void> {
  const spin = () => {
    const until = performance.now() + 1;
    while (performance.now() < until);
  };
  const state = { w: ndarray(new Float32Array(100_000), [100_000], "f32") };
  const method: Method<typeof state> = {
    init: () => state,
    async step(s) {
      spin();
      return { state: s, metrics: { loss: 1 } };
    },
  };
  const steps = 12_000; // twelve seconds: one checkpoint on the way
  const bare = async () => {
    let s = state;
    for (let i = 0; i < steps; i++) ({ state: s } = await method.step(s, randomStream(0)));
  };
  const folder = mkdtempSync(join(tmpdir(), "pushforward-bench-"));
  const inLab = async (k: number) => {
    const run = await openRun(join(folder, String(k)), { k });
    const line = progress({ label: "", total: steps, mode: "json", lines: () => undefined });
    await runMethod(method, run, { steps, rng: randomStream(0), progress: line });
    await run.close();
  };
  const ratios: number[] = [];
  for (let k = 0; k < 3; k++) {
    const [t0, t1, t2] = [
      performance.now(),
      await bare().then(() => performance.now()),
      await inLab(k).then(() => performance.now()),
    ];
    ratios.push((t2 - t1) / (t1 - t0));
  }
  rmSync(folder, { recursive: true });
  console.log(
    `overhead on a step of 1 ms: ${((median(ratios) - 1) * 100).toFixed(2)} % (median of 3; all: ${ratios.map((r) => ((r - 1) * 100).toFixed(2)).join(", ")})`,
  );
}

async function index(rows: number): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), "pushforward-bench-"));
  for (let i = 0; i < runs; i++) {
    const folder = join(root, `run-${i}`);
    mkdirSync(folder);
    const config = { command: "train", width: 8 << (i % 4), learningRate: 10 ** (-2 - (i % 3)), seed: i % 5, steps: 20 * rows };
    const invocation = { command: ["train"], arguments: [], options: config, cwd: root, loggers: [] };
    writeFileSync(
      join(folder, "config.json"),
      JSON.stringify({ format: 2, id: `bench-${i}`, created: Date.now() - i, code: "bench", invocation, inputs: [], config }),
    );
    const lines = Array.from(
      { length: rows },
      (_, k) =>
        `{"step":${20 * (k + 1)},"loss":${Math.exp(-k / 300) + Math.sin(k * i) / 20},"accuracy":${1 - Math.exp(-k / 200)}}\n`,
    );
    writeFileSync(join(folder, "metrics.jsonl"), lines.join(""));
    writeFileSync(join(folder, "results.json"), JSON.stringify({ score: i / 10, seconds: 12.5 }));
  }
  console.log(`${runs} runs of ${rows} rows`);
  await questions("SQLite", join(root, "index.sqlite"), root);
  if (hasPostgres) {
    const server = await startPostgres();
    await questions("PostgreSQL", server.url, root);
    await server.stop();
  }
  rmSync(root, { recursive: true });
}

async function questions(kind: string, place: string, root: string): Promise<void> {
  const time = async (what: string, job: () => Promise<unknown>, times = 5) => {
    const seconds: number[] = [];
    for (let k = 0; k < times; k++) {
      const began = performance.now();
      await job();
      seconds.push((performance.now() - began) / 1000);
    }
    console.log(`  ${kind.padEnd(10)} ${what.padEnd(58)} ${median(seconds).toFixed(3)} s`);
  };
  const store = await openStore(place);
  await time("index all from the folders", () => syncRoot(store, root), 1);
  await time("look whether a folder has changed", () => syncRoot(store, root));
  await time("runs list: all, with two numbers", () => listRuns(store, { columns: ["loss", "score"] }));
  await time("runs list: width=32, loss<0.1, by score", () =>
    listRuns(store, { where: ["width=32", "loss<0.1"], sort: "score", columns: ["score"] }),
  );
  const twenty = async () => {
    const found = await Promise.all(Array.from({ length: 20 }, (_, i) => findRun(store, `run-${i}`)));
    const metrics = await metricsOf(
      store,
      found.map((r) => r.id),
    );
    return compare(found.map((r) => ({ name: r.folder, config: JSON.parse(r.record).config, metrics: metrics.get(r.id)! })));
  };
  await time("runs compare: 20 runs, the table", twenty);
  await time("runs compare: 20 runs, two pictures as SVG", async () => comparisonFigures(await twenty()));
  await time("runs compare: 20 runs, two pictures as SVG and PNG", async () => {
    for (const f of comparisonFigures(await twenty())) await toPng(f.svg, 1.5);
  });
  await store.destroy();
  const command = (args: string[]) => async () => {
    const env = { ...process.env, PUSHFORWARD_STORE: place };
    const { status, stderr } = spawnSync(process.execPath, ["bin/pushforward.js", "runs", ...args, "--root", root], { env });
    if (status !== 0) throw new Error(String(stderr));
  };
  const names = Array.from({ length: 20 }, (_, i) => join(root, `run-${i}`));
  await time("the whole command `pushforward runs list`", command(["list"]));
  await time(
    "the whole command `pushforward runs compare`, 20 runs",
    command(["compare", ...names, "--out", join(root, "comparison")]),
  );
}
