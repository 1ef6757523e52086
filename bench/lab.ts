/**
 * The lab's own cost: what it adds to a step, and how long questions to the index of runs take with a million rows of metrics in a
 * thousand runs. `npm run bench -- lab [overhead|index] [rows a run]`
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { ndarray, randomStream } from "../src/array/index.ts";
import { compare, comparisonFigures } from "../src/lab/compare.ts";
import { type Learner, openRun, progress, runLearner } from "../src/lab/index.ts";
import { toPng } from "../src/lab/png.ts";
import { openStore } from "../src/lab/store/database.ts";
import { findRun, listRuns, metricsOf } from "../src/lab/store/query.ts";
import { syncRoot } from "../src/lab/store/sync.ts";
import { hasPostgres, startPostgres } from "../test/lab/servers.ts";

const runs = 1000;

export async function main([what, count]: string[]): Promise<void> {
  console.log(`${cpus()[0].model}, ${cpus().length} threads, Node ${process.version}`);
  if (what !== "index") await overhead();
  if (what !== "overhead") await index(Number(count ?? 1000));
}

const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1];

/**
 * What the lab adds to a step, in time of the processor, which other programs do not disturb: a method that does nothing, but has 100,000
 * numbers of state to keep; and checkpoints, of which there is one in ten seconds.
 */
async function overhead(): Promise<void> {
  const state = { w: ndarray(new Float32Array(100_000), [100_000], "f32") };
  const method: Learner<typeof state> = {
    init: () => state,
    step: async (s) => ({ state: s, metrics: { loss: 1, accuracy: 0.5 } }),
  };
  const folder = mkdtempSync(join(tmpdir(), "pushforward-bench-"));
  const seconds = async (job: () => Promise<unknown>) => {
    const [before, began] = [process.cpuUsage(), performance.now()];
    await job();
    const { user, system } = process.cpuUsage(before);
    return { cpu: (user + system) / 1e6, wall: (performance.now() - began) / 1000 };
  };
  const steps = 100_000;
  const perStep: number[] = [];
  for (let k = 0; k < 5; k++) {
    const run = await openRun(join(folder, String(k)), { k });
    const line = progress({ label: "", total: steps, mode: "json", lines: () => undefined });
    const { cpu } = await seconds(() => runLearner(method, run, { steps, rng: randomStream(0), progress: line }));
    perStep.push((cpu / steps) * 1e6);
    await run.close();
  }
  const run = await openRun(join(folder, "saves"), {});
  const saves: { cpu: number; wall: number }[] = [];
  for (let k = 0; k < 20; k++) saves.push(await seconds(() => run.save({ step: k, tensors: state, state: {} })));
  await run.close();
  rmSync(folder, { recursive: true });
  const [step, save] = [median(perStep), median(saves.map((s) => s.wall))];
  console.log(
    `a step: ${step.toFixed(1)} µs of processor (median of 5: ${perStep.map((t) => t.toFixed(1)).join(", ")}), a row of metrics every 20 steps`,
  );
  console.log(`a checkpoint of 400 kB: ${(save * 1000).toFixed(1)} ms, waiting for the disk included; one in 10 s`);
  console.log(`overhead on a step of 1 ms: ${(100 * (step / 1000 + save / 10)).toFixed(2)} %`);
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
      (_, k) => `{"step":${20 * (k + 1)},"loss":${Math.exp(-k / 300) + Math.sin(k * i) / 20},"accuracy":${1 - Math.exp(-k / 200)}}\n`,
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
  await time("the whole command `pushforward runs compare`, 20 runs", command(["compare", ...names, "--out", join(root, "comparison")]));
}
