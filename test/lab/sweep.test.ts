import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { randomStream } from "../../src/array/random.ts";
import { codeVersion, inputFiles } from "../../src/lab/invocation.ts";
import { isTaskName, misfit } from "../../src/lab/sweep/fits.ts";
import { best, rounds } from "../../src/lab/sweep/halving.ts";
import { expand, jobCount, type Sweep, sweepSchema } from "../../src/lab/sweep/plan.ts";
import { type Executor, localPool } from "../../src/lab/sweep/pool.ts";
import { connect, queueExecutor } from "../../src/lab/sweep/queue.ts";
import { type JobStatus, runSweep, type SweepResult } from "../../src/lab/sweep/sweep.ts";
import { freePort, hasRedis, type Server, startRedis } from "./servers.ts";

const base = mkdtempSync(join(tmpdir(), "pushforward-sweep-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));
process.env.CODE = codeVersion();

const program = ["test/fixtures/sweep-job.js"];
const plan = (rest: object): Sweep => sweepSchema.parse({ command: "job", metric: "score", ...rest });
const never = new AbortController().signal;

/** Runs a sweep; `ends` counts how often each run was said to be done; `began` is told of the first step of a run. */
async function sweep(
  name: string,
  of: Sweep,
  executor: Executor,
  { signal = never, done = (_: number) => {}, began = (_: string) => {} } = {},
): Promise<SweepResult & { ends: Map<string, number> }> {
  const ends = new Map<string, number>();
  const changed = (_: unknown, { job, state, step }: JobStatus) => {
    if (state === "running" && step === 1) began(job.name);
    if (state !== "done") return;
    ends.set(job.name, (ends.get(job.name) ?? 0) + 1);
    done(ends.size);
  };
  return { ...(await runSweep(of, { folder: join(base, name), executor, signal, changed })), ends };
}

/** What the runs of a sweep left behind, by run and file. */
function products(name: string): Record<string, string> {
  const runs = readdirSync(join(base, name), { withFileTypes: true }).filter((e) => e.isDirectory());
  return Object.fromEntries(
    runs.flatMap((run) =>
      ["config.json", "metrics.jsonl", "results.json", "artifacts/value.txt"].map((file) => [
        `${run.name}/${file}`,
        readFileSync(join(base, name, run.name, file), "utf8"),
      ]),
    ),
  );
}

describe("the plan of a sweep", () => {
  test("is the product of grid, samples and seeds, the same every time", () => {
    const of = plan({
      options: { a: 1 },
      grid: { w: [1, 2, 3], k: ["x", "y"] },
      random: {
        samples: 4,
        space: { lr: { min: 1e-4, max: 1e-2, scale: "log" }, n: { min: 1, max: 6, integer: true }, c: [true, false] },
      },
      seeds: [7, 9],
    });
    const jobs = expand(of);
    expect(jobs.length).toBe(3 * 2 * 4 * 2);
    expect(jobCount(of)).toBe(jobs.length);
    expect(expand(of)).toEqual(jobs);
    expect(new Set(jobs.map((j) => j.name)).size).toBe(jobs.length);
    expect(jobs.slice(0, 2).map((j) => [j.name, j.setting, j.options.seed, j.options.w])).toEqual([
      ["00-seed7", 0, 7, 1],
      ["00-seed9", 0, 9, 1],
    ]);
    for (const { options } of jobs) expect(Number(options.lr) >= 1e-4 && Number(options.lr) <= 1e-2).toBe(true);
    for (const { options } of jobs) expect([1, 2, 3, 4, 5, 6]).toContain(options.n);
  });

  test("draws log-uniform, uniform and integer values with the right moments", () => {
    const space = { lr: { min: 1e-4, max: 1, scale: "log" }, u: { min: 2, max: 4 }, n: { min: 1, max: 6, integer: true } };
    const jobs = expand(plan({ random: { samples: 4000, seed: 3, space } }));
    const mean = (f: (o: Record<string, unknown>) => number) => jobs.reduce((s, j) => s + f(j.options), 0) / jobs.length;
    // five standard errors of the mean over 4000 draws: width / √12 / √4000
    expect(Math.abs(mean((o) => Math.log10(Number(o.lr))) + 2)).toBeLessThan((5 * 4) / Math.sqrt(12 * 4000));
    expect(Math.abs(mean((o) => Number(o.u)) - 3)).toBeLessThan((5 * 2) / Math.sqrt(12 * 4000));
    expect(Math.abs(mean((o) => Number(o.n)) - 3.5)).toBeLessThan(5 * Math.sqrt(35 / 12 / 4000));
  });

  test("successive halving: rounds as in the paper, the best stay", () => {
    // η = 3, from 1 to 27 steps, 27 settings: 27 at 1, 9 at 3, 3 at 9, 1 at 27
    expect(rounds(27, { factor: 3, min: 1, max: 27 }).map((r) => [r.settings, r.steps])).toEqual([
      [27, 1],
      [9, 3],
      [3, 9],
      [1, 27],
    ]);
    expect(rounds(8, { factor: 2, min: 40, max: 100 }).map((r) => [r.settings, r.steps])).toEqual([
      [8, 40],
      [4, 80],
      [2, 100],
    ]);
    expect(rounds(1, { factor: 2, min: 1, max: 9 })).toEqual([{ settings: 1, steps: 9 }]);
    expect(best([3, Number.NaN, 1, 2, 1], 3, "minimise")).toEqual([2, 4, 3]);
    expect(best([3, Number.NaN, 1, 2, 1], 2, "maximise")).toEqual([0, 3]);
  });
});

describe("a sweep on this machine", () => {
  test("runs everything once, ranks settings by their mean over seeds, and goes on where it was", async () => {
    const of = plan({ grid: { x: [1, 2, 3] }, seeds: 2 });
    const { settings, jobs, ends } = await sweep("local", of, localPool(3, 0, program));
    expect([...ends.values()]).toEqual([1, 1, 1, 1, 1, 1]);
    const mean = (x: number) => (Math.sin(x * 12.9898) + Math.sin(x * 12.9898 + 1)) / 2;
    expect(settings.map((s) => s.options.x)).toEqual([1, 2, 3].sort((a, b) => mean(a) - mean(b)));
    for (const { options, summary } of settings) expect(summary.mean).toBeCloseTo(mean(Number(options.x)), 12);
    // a run that is there is not run again: its results may be marked to see it
    const path = join(base, "local", jobs[0].job.name, "results.json");
    writeFileSync(path, '{"score": 5}');
    rmSync(join(base, "local", jobs[1].job.name), { recursive: true });
    const again = await sweep("local", of, localPool(3, 0, program));
    expect(again.jobs[0].value).toBe(5);
    expect(again.jobs[1].value).toBe(jobs[1].value);
    await expect(sweep("local", plan({ grid: { x: [1, 2] } }), localPool(1, 0, program))).rejects.toThrow(/holds another sweep/);
  });

  test("takes more seeds and another metric without repeating what is done; not in successive halving", async () => {
    const first = await sweep("extended", plan({ grid: { x: [1, 2] } }), localPool(2, 0, program));
    const path = join(base, "extended", first.jobs[0].job.name, "results.json");
    writeFileSync(path, '{"score": 5, "other": 7}');
    const more = await sweep("extended", plan({ grid: { x: [1, 2] }, seeds: 3, goal: "maximise" }), localPool(2, 0, program));
    expect(more.jobs.length).toBe(6);
    expect(more.jobs.find(({ job }) => job.name === first.jobs[0].job.name)?.value).toBe(5);
    const other = await sweep("extended", plan({ grid: { x: [1, 2] }, metric: "other" }), localPool(2, 0, program));
    expect(other.jobs.map(({ value }) => value)).toEqual([7, undefined]);
    // whichever of them is looked at first
    writeFileSync(path, '{"score": 5}');
    writeFileSync(join(base, "extended", first.jobs[1].job.name, "results.json"), '{"another": 7}');
    const another = await sweep("extended", plan({ grid: { x: [1, 2] }, metric: "another" }), localPool(1, 0, program));
    expect(another.jobs.map(({ value }) => value)).toEqual([undefined, 7]);
    // a wider grid keeps the names of what is done, a narrower one is another sweep
    const wider = await sweep("extended", plan({ grid: { x: [3, 1, 2] } }), localPool(2, 0, program));
    expect(wider.jobs.map(({ job }) => [job.options.x, job.name])).toEqual([
      [3, "2-seed0"],
      [1, "0-seed0"],
      [2, "1-seed0"],
    ]);
    expect(wider.jobs[1].value).toBe(5);
    const widest = await sweep("extended", plan({ grid: { x: Array.from({ length: 11 }, (_, i) => i) } }), localPool(2, 0, program));
    expect(widest.jobs.map(({ job }) => job.name)).toEqual(
      [3, 0, 1, 2, 4, 5, 6, 7, 8, 9, 10].map((n) => `${n > 2 ? String(n).padStart(2, "0") : n}-seed0`),
    );
    await expect(sweep("extended", plan({ grid: { x: [1, 2] } }), localPool(1, 0, program))).rejects.toThrow(/holds another sweep \(grid/);
    const halved = { options: {}, grid: { x: [1] }, halving: { min: 1, max: 1 } };
    await sweep("halved", plan(halved), localPool(1, 0, program));
    await expect(sweep("halved", plan({ ...halved, seeds: 2 }), localPool(1, 0, program))).rejects.toThrow(/holds another sweep \(seeds/);
  });

  test("a metric that runs do not have is refused after the first of them, with the nearest; what is done serves the right one", async () => {
    const of = plan({ grid: { x: [1, 2, 3, 4, 5, 6] }, metric: "scroe" });
    await expect(sweep("mistyped", of, localPool(1, 0, program))).rejects.toThrow(/"scroe" is no number of these runs; 0-seed0 has score/);
    expect(existsSync(join(base, "mistyped", "5-seed0"))).toBe(false);
    const right = await sweep("mistyped", { ...of, metric: "score" }, localPool(2, 0, program));
    expect(right.jobs.map(({ state }) => state)).toEqual(Array(6).fill("done"));
  });

  test("tries a process again that dies, but not one that says why it cannot", async () => {
    const { jobs } = await sweep("failing", plan({ grid: { x: ["shaky", "hopeless", 1] } }), localPool(2, 2, program));
    expect(jobs.map((j) => [j.state, j.why])).toEqual([
      ["done", undefined],
      ["failed", "x is hopeless; choose another"],
      ["done", undefined],
    ]);
    expect(existsSync(join(base, "failing", "0-seed0", "results.json"))).toBe(true);
    const without = await sweep("giving-up", plan({ grid: { x: ["shaky"] } }), localPool(2, 0, program));
    expect(without.jobs[0].why).toMatch(/ended by SIGKILL/);
  });

  test("is cancelled: what runs is stopped, what waits is not begun", async () => {
    const stop = new AbortController();
    const going = new Set<string>();
    const began = (name: string) => void (going.add(name).size === 2 && stop.abort());
    const slow = plan({ grid: { x: ["slow"] }, seeds: 5 });
    const { cancelled, jobs } = await sweep("cancelled", slow, localPool(2, 0, program), { signal: stop.signal, began });
    expect([...going].sort()).toEqual(["0-seed0", "0-seed1"]);
    expect(cancelled).toBe(true);
    expect(jobs.map((j) => j.state)).toEqual(Array(5).fill("stopped"));
    expect(existsSync(join(base, "cancelled", "0-seed4"))).toBe(false);
  });
});

describe.skipIf(!hasRedis)("a sweep over a queue", () => {
  let redis: Server;
  const workers: ChildProcess[] = [];
  const startWorker = (patience: number) => {
    const args = ["test/fixtures/sweep-worker.ts", redis.url, join(base, "work"), String(patience)];
    workers.push(
      spawn(process.execPath, args, {
        stdio: ["ignore", "ignore", "inherit", "ipc"],
        env: { ...process.env, NODE_COMPILE_CACHE: join(base, "compiled") },
      }),
    );
  };
  const gone = (worker: ChildProcess) => new Promise((resolve) => (worker.exitCode === null ? worker.once("exit", resolve) : resolve(0)));

  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(async () => {
    for (const worker of workers) worker.kill("SIGKILL");
    await redis?.stop();
  });

  /** `npm run study:sweep` makes it 200. */
  const runs = Number(process.env.SWEEP_RUNS ?? 60);

  test(`gives ${runs} results of ${runs} runs, none doubled, those of this machine, while workers are killed and Redis restarts`, async () => {
    const of = plan({ grid: { x: Array.from({ length: runs / 5 }, (_, i) => i) }, seeds: 5 });
    for (let i = 0; i < 3; i++) startWorker(3000);
    const executor = await queueExecutor(redis.url, 10);
    const random = randomStream(4);
    // by what has been done, not by the clock: machines differ in speed
    let trouble: Promise<unknown> = Promise.resolve();
    const kill = async (): Promise<void> => {
      const living = workers.filter((w) => w.exitCode === null && w.signalCode === null);
      const victim = living[Math.floor(random.uniform([1]).data[0] * living.length)];
      victim.kill("SIGKILL");
      await gone(victim);
      startWorker(3000);
    };
    const done = (count: number): void => {
      if (count === runs / 5) trouble = trouble.then(() => redis.restart());
      if (count % 15 === 10) trouble = trouble.then(kill);
    };
    const { jobs, ends } = await sweep("queued", of, executor, { done });
    await trouble;
    await executor.close();
    expect(jobs.filter((j) => j.state !== "done").map((j) => [j.job.name, j.state, j.why])).toEqual([]);
    expect(jobs.length).toBe(runs);
    expect([...ends.values()]).toEqual(Array(runs).fill(1));
    await sweep("in-process", of, localPool(4, 0, program));
    expect(products("queued")).toEqual(products("in-process"));
    expect(Object.keys(products("queued")).length).toBe(4 * runs);
  }, 400_000);

  test("brings back failures as they are, cancels, and asks again for what Redis has forgotten", async () => {
    if (workers.every((w) => w.exitCode !== null || w.signalCode !== null)) startWorker(3000);
    const executor = await queueExecutor(redis.url, 1);
    const failed = await sweep("queue-failing", plan({ grid: { x: ["hopeless"] } }), executor);
    expect(failed.jobs.map((j) => [j.state, j.why])).toEqual([["failed", "x is hopeless; choose another"]]);
    const stop = new AbortController();
    const running = sweep("queue-cancelled", plan({ grid: { x: ["slow"] }, seeds: 2 }), executor, { signal: stop.signal });
    const client = new Redis(redis.url);
    const queued = async () => {
      while ((await client.keys("bull:pushforward:*-seed*")).length === 0) await setTimeout(20);
    };
    await queued();
    await client.flushall(); // as a Redis without persistence after a restart
    await queued();
    stop.abort();
    expect((await running).jobs.map((j) => j.state)).toEqual(["stopped", "stopped"]);
    client.disconnect();
    await executor.close();
  }, 60_000);

  test("a worker that lacks the file hands orders back untouched, with the reason, and the others do them all", async () => {
    const data = join("test", "fixtures", "numpy.json");
    const blind = mkdtempSync(join(base, "blind-"));
    const here = process.cwd();
    const words: string[] = [];
    const args = [join(here, "test/fixtures/sweep-worker.ts"), redis.url, join(base, "blind-work"), "3000"];
    const worker = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit", "ipc"], cwd: blind });
    worker.stdout?.on("data", (text) => void words.push(String(text)));
    workers.push(worker);
    startWorker(3000);
    const executor = await queueExecutor(redis.url, 1);
    const { jobs } = await sweep("blind", plan({ arguments: [data], grid: { x: [1, 2, 3, 4] }, seeds: 3 }), executor);
    await executor.close();
    expect(jobs.map(({ state }) => state)).toEqual(Array(12).fill("done"));
    expect(existsSync(join(base, "blind-work", "0-seed0"))).toBe(false);
    for (const text of words) expect(text).not.toMatch(/begun|failed/);
  }, 60_000);

  test("orders of another version, and files that differ, do not fit; names that lead out of a folder are none", async () => {
    const task = { id: "s-0-seed0", sweep: "s", command: ["job"], arguments: [join("test", "fixtures", "numpy.json")], options: {} };
    const inputs = await inputFiles({ command: [], arguments: task.arguments, options: {}, cwd: process.cwd(), loggers: [] });
    expect(await misfit({ task, code: codeVersion(), inputs })).toBeUndefined();
    expect(await misfit({ task, code: "0.0.0+other", inputs })).toMatch(/it stands on version 0\.0\.0\+other of the code, this is/);
    const changed = inputs.map((file) => ({ ...file, sha256: "0".repeat(64) }));
    expect(await misfit({ task, code: codeVersion(), inputs: changed })).toMatch(/numpy\.json here is another file/);
    for (const id of ["..", ".", "", "../x", "a/../b", "/etc", "a..b", "x\u0000", "-rf", 7]) expect(isTaskName(id)).toBe(false);
    expect(isTaskName("3f9a12c0-1b2c-00-seed7-250")).toBe(true);
  });

  test("a worker ends when it is told to, also when its Redis is gone", async () => {
    const lost = await startRedis();
    const worker = spawn(process.execPath, ["bin/pushforward.js", "worker", "--queue", lost.url, "--folder", join(base, "lost")], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    await new Promise<void>((resolve) => worker.stderr.on("data", (text) => void (String(text).includes("waiting") && resolve())));
    await lost.stop();
    worker.kill("SIGTERM");
    await gone(worker);
    expect([0, 130]).toContain(worker.exitCode);
  }, 60_000);

  test("a Redis that wants a password says so", async () => {
    const guarded = await startRedis();
    const client = new Redis(guarded.url);
    await client.config("SET", "requirepass", "secret");
    await expect(connect(guarded.url)).rejects.toThrow(/wants a password/);
    await expect(connect(guarded.url.replace("//", "//:wrong@"))).rejects.toThrow(/wants another password/);
    const right = await connect(guarded.url.replace("//", "//:secret@"));
    right.close();
    client.disconnect();
    await guarded.stop();
  });
});

test("an address that is none, or where nothing answers, is told at once", async () => {
  await expect(connect("http://x")).rejects.toThrow(/is not the address of a Redis/);
  await expect(connect(`redis://user:secret@127.0.0.1:${await freePort()}`)).rejects.toThrow(
    /the queue at redis:\/\/127.0.0.1:\d+ does not answer \(.*ECONNREFUSED/,
  );
});
