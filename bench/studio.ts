/**
 * The studio's server under load: 2,000 runs in its list, a run of a million rows, a hundred readers of one live run, and what it costs
 * to sit there.
 * `npm run bench -- studio`
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { openRun } from "../src/lab/index.ts";
import type { RunList } from "../src/studio/api.ts";
import { serve } from "../src/studio/index.ts";

const [runs, rows, readers] = [2000, 1_000_000, 100];

export async function main(): Promise<void> {
  console.log(`${cpus()[0].model}, ${cpus().length} threads, Node ${process.version}`);
  const base = mkdtempSync(join(tmpdir(), "pushforward-bench-"));
  const root = join(base, "runs");
  writeRuns(root);
  const page = join(base, "page");
  mkdirSync(page);
  const open = () => serve({ root, page, host: "127.0.0.1", port: 0, data: [], readOnly: false, workers: 1, registry: [] });
  const began = performance.now();
  const served = await open();
  console.log(`open: ${runs} runs that nobody has read: ${((performance.now() - began) / 1000).toFixed(2)} s`);
  const { origin } = new URL(served.url);
  const { headers } = await fetch(served.url, { redirect: "manual" });
  const cookie = headers.getSetCookie()[0].split(";")[0];
  const get = async <T>(path: string): Promise<T> => (await fetch(origin + path, { headers: { cookie } })).json();

  while ((await get<RunList>("/api/runs?limit=1")).unread > 0) await setTimeout(100);
  console.log(`  all are read after ${((performance.now() - began) / 1000).toFixed(2)} s`);
  await time(`list: 200 of ${runs}, newest first`, () => get("/api/runs?columns=loss"), 15);
  await time(`list: all ${runs}, with two numbers`, () => get("/api/runs?limit=2000&columns=loss,width"), 15);
  await time("list: width=32, loss<0.5, sorted by loss", () => get("/api/runs?where=width=32,loss<0.5&sort=loss&columns=loss"), 15);
  const before = process.cpuUsage();
  await setTimeout(10_000);
  const { user, system } = process.cpuUsage(before);
  console.log(`sitting there with ${runs} runs: ${((user + system) / 100_000).toFixed(2)} % of a processor`);

  const { id } = (await get<RunList>("/api/runs?where=command=long")).runs[0];
  const memory = () => process.memoryUsage().arrayBuffers / 2 ** 20;
  const empty = memory();
  await time(`metrics: ${rows} rows read for the first time, three curves of 800 points`, () => get(`/api/runs/${id}/metrics`), 1);
  console.log(`  their columns take ${(memory() - empty).toFixed(0)} MB`);
  await time("metrics: again", () => get(`/api/runs/${id}/metrics`), 15);
  await live(root, origin, cookie, get);
  await served.close();
  await time("open again", async () => (await open()).close(), 5);
  rmSync(base, { recursive: true });
}

async function live(root: string, origin: string, cookie: string, get: <T>(path: string) => Promise<T>): Promise<void> {
  const run = await openRun(join(root, "live"), { command: "live", steps: 5000 });
  await run.log({ step: 0, loss: 1 });
  let id: string | undefined;
  while (id === undefined) {
    id = (await get<RunList>("/api/runs?where=command=live").catch(() => undefined))?.runs?.[0]?.id;
    await setTimeout(50);
  }
  const leaving = new AbortController();
  const delays: number[] = [];
  let got = 0;
  const follow = async (): Promise<void> => {
    const { body } = await fetch(`${origin}/api/events?run=${id}`, { headers: { cookie }, signal: leaving.signal });
    let text = "";
    for await (const chunk of body!.pipeThrough(new TextDecoderStream())) {
      const lines = (text + chunk).split("\n");
      text = lines.pop()!;
      for (const line of lines)
        if (line.startsWith('data: {"kind":"rows"'))
          for (const row of JSON.parse(line.slice(6)).rows as { at: number }[]) {
            delays.push(Date.now() - row.at);
            got++;
          }
    }
  };
  const following = Array.from({ length: readers }, () => follow().catch(() => undefined));
  await setTimeout(1000);
  const before = process.cpuUsage();
  const began = performance.now();
  const sent = 200;
  for (let step = 1; step <= sent; step++) {
    await run.log({ step, loss: 1 / step, at: Date.now() });
    await setTimeout(50);
  }
  while (got < sent * readers) await setTimeout(20);
  const { user, system } = process.cpuUsage(before);
  const seconds = (performance.now() - began) / 1000;
  const share = ((100 * (user + system)) / 1e6 / seconds).toFixed(0);
  console.log(`${readers} readers of a run with 20 rows a second: all ${got} rows came; ${share} % of a processor, readers included`);
  console.log(`  from the writing of a row to a reader: median ${median(delays)} ms, longest ${Math.max(...delays)} ms`);
  leaving.abort();
  await Promise.all(following);
  await run.close();
}

function writeRuns(root: string): void {
  const write = (i: number, command: string, lines: readonly string[]): void => {
    const folder = join(root, `run-${i}`);
    mkdirSync(folder, { recursive: true });
    const config = { command, width: 8 << (i % 4), learningRate: 10 ** (-2 - (i % 3)), seed: i % 5, steps: 20 * lines.length };
    const record = { format: 2, id: `bench-${i}`, created: Date.now() - i, code: "bench", invocation: null, inputs: [], config };
    writeFileSync(join(folder, "config.json"), JSON.stringify(record));
    writeFileSync(join(folder, "metrics.jsonl"), lines.join(""));
    writeFileSync(join(folder, "results.json"), JSON.stringify({ score: i / 10, seconds: 12.5 }));
  };
  const row = (i: number, k: number) =>
    `{"step":${20 * (k + 1)},"loss":${Math.exp(-k / 300) + Math.sin(k * i) / 20},"accuracy":${1 - Math.exp(-k / 200)},"speed":${k % 7}}\n`;
  for (let i = 0; i < runs - 1; i++)
    write(
      i,
      "train",
      Array.from({ length: 50 }, (_, k) => row(i, k)),
    );
  write(
    runs - 1,
    "long",
    Array.from({ length: rows }, (_, k) => row(1, k)),
  );
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1];

async function time(what: string, job: () => Promise<unknown>, times: number): Promise<void> {
  const seconds: number[] = [];
  for (let k = 0; k < times; k++) {
    const began = performance.now();
    await job();
    seconds.push((performance.now() - began) / 1000);
  }
  console.log(`${what.padEnd(75)} ${median(seconds).toFixed(3)} s`);
}
