/**
 * Spoilt files through every parser: cut, flipped, spliced, with numbers and signs of the format put in.
 *
 *   npm run study:fuzz [-- --count 100000 --only ONNX --from 1]
 *
 * Each parser gets `count` files, those that open a database or another heap a twentieth of it. A worker reads them; if one takes more
 * than five seconds, the worker is ended and the file is told. Prints one JSON line; anything that is no message for a user is a failure.
 */
import { parseArgs } from "node:util";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { fuzz, targets } from "../test/data/mutations.ts";

interface Task {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  /** The seed that is being tried, seen by both threads. */
  readonly now: SharedArrayBuffer;
}

interface Found {
  refused: number;
  failures: string[];
  slowest: number;
}

if (isMainThread) await main();
else await work(workerData as Task);

async function work({ name, from, to, now }: Task): Promise<void> {
  const seen = new Int32Array(now);
  const found: Found = { refused: 0, failures: [], slowest: 0 };
  for (let seed = from; seed < to; seed++) {
    Atomics.store(seen, 0, seed);
    const before = performance.now();
    await fuzz(name, seed).then(
      (refused) => void (found.refused += Number(refused)),
      (error: Error) => void found.failures.push(error.message.slice(0, 400)),
    );
    found.slowest = Math.max(found.slowest, performance.now() - before);
    if (found.failures.length >= 20) break;
  }
  Atomics.store(seen, 0, -1); // all are read: what follows is none of a file's time
  parentPort?.postMessage(found);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { count: { type: "string", default: "100000" }, only: { type: "string" }, from: { type: "string", default: "1" } },
  });
  const start = performance.now();
  const report: Record<string, Found & { files: number }> = {};
  for (const [name, { slow }] of Object.entries(targets)) {
    if (values.only && name !== values.only) continue;
    const files = Math.ceil(Number(values.count) / (slow ? 20 : 1));
    report[name] = { files, ...(await all(name, Number(values.from), files)) };
    console.error(`${name}: ${JSON.stringify(report[name])}`);
  }
  const failures = Object.values(report).reduce((sum, { failures }) => sum + failures.length, 0);
  console.log(
    JSON.stringify({
      report,
      failures,
      peakMebibytes: Math.round(process.resourceUsage().maxRSS / 1024),
      seconds: Math.round((performance.now() - start) / 1000),
    }),
  );
  process.exitCode = failures > 0 ? 1 : 0;
}

/** All files of a parser; a file that hangs costs its worker. */
async function all(name: string, first: number, files: number): Promise<Found> {
  const total: Found = { refused: 0, failures: [], slowest: 0 };
  const now = new SharedArrayBuffer(4);
  Atomics.store(new Int32Array(now), 0, -1); // none yet: loading the parsers is none of a file's time
  for (let from = first; from < first + files; ) {
    const to = Math.min(first + files, from + (targets[name].slow ? 200 : 2000));
    const part = await batch({ name, from, to, now });
    total.failures.push(...part.failures);
    total.refused += part.refused;
    total.slowest = Math.max(total.slowest, Math.round(part.slowest));
    from = part.stopped ? new Int32Array(now)[0] + 1 : to;
  }
  return total;
}

function batch(task: Task): Promise<Found & { stopped: boolean }> {
  const seen = new Int32Array(task.now);
  const worker = new Worker(new URL(import.meta.url), { workerData: task, resourceLimits: { maxOldGenerationSizeMb: 1024 } });
  return new Promise((resolve) => {
    let [last, since] = [-1, performance.now()];
    const end = (failures: string[]): void => {
      clearInterval(timer);
      void worker.terminate();
      resolve({ refused: 0, failures, slowest: 0, stopped: true });
    };
    const timer = setInterval(() => {
      const seed = Atomics.load(seen, 0);
      if (seed !== last) [last, since] = [seed, performance.now()];
      else if (seed >= 0 && performance.now() - since > 5000 + 10_000 * Number(seed === task.from))
        end([`${task.name}, seed ${seed}: more than 5 s`]);
    }, 200);
    worker.once("message", (found: Found) => {
      clearInterval(timer);
      resolve({ ...found, stopped: false });
    });
    worker.once("error", (error) => end([`${task.name}, seed ${Atomics.load(seen, 0)}: the thread ended: ${error.message}`]));
  });
}
