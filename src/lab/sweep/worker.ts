/** A worker: takes tasks from a queue, does each as a process of its own, and sends the run folders back. */
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { DelayedError, type Job, UnrecoverableError, Worker } from "bullmq";
import type { Redis } from "ioredis";
import { Cancelled, Hopeless, ownProgram, type Report, runTask } from "./child.ts";
import { isTaskName, misfit } from "./fits.ts";
import { receive, send } from "./parcel.ts";
import { type Answer, asHopeless, connect, keys, type Order, queueName } from "./queue.ts";

export interface WorkerOptions {
  /** Address of the Redis. */
  readonly url: string;
  /** Tasks at a time. */
  readonly concurrency: number;
  /** Where the folders of tasks are while they are worked on. */
  readonly folder: string;
  readonly program?: readonly string[];
  /** Milliseconds without a sign of life after which another worker takes over a task. */
  readonly patience?: number;
  tell(message: string): void;
}

/** Milliseconds between two looks whether a task is cancelled, and between two reports of its progress. */
const pulse = 1000;

/** Milliseconds before an order that does not fit here is offered again, to whoever is quicker. */
const refusalPause = 500;

/** Milliseconds that a worker has to give its tasks back. */
const farewell = 10_000;
/** Milliseconds for a Redis that has gone to come back before tasks are given back. */
const lonely = 1000;

/** Works until the signal. Tasks in hand are then given back, with nothing lost on this machine: whoever takes them here goes on. */
export async function work(options: WorkerOptions, signal: AbortSignal): Promise<void> {
  const { url, concurrency, folder, patience = 30_000, tell } = options;
  const { redis, connection, close } = await connect(url);
  await mkdir(folder, { recursive: true });
  // a Redis that forgets gives a task out again while it is still worked on here: two attempts would share a folder, which the first removes
  const inHand = new Set<string>();
  const refused = new Map<string, string>();
  const once = async (job: Job<Order, Answer>, token: string | undefined): Promise<Answer> => {
    const { id, sweep } = job.data.task;
    if (!isTaskName(id)) throw new UnrecoverableError(asHopeless(new Hopeless(`"${id}" is no name of a task`)));
    // others may have what this worker lacks: the order goes back untouched, and no more of that sweep is looked at for a while
    const why = refused.get(sweep) ?? (await misfit(job.data));
    if (why !== undefined) {
      if (!refused.has(sweep)) tell(`not for this worker: ${id}: ${why}`);
      refused.set(sweep, why);
      await job.updateProgress({ event: "refused", why: `${hostname()}: ${why}` }).catch(() => undefined);
      return later(job, token, refusalPause);
    }
    if (inHand.has(id)) return later(job, token, pulse);
    inHand.add(id);
    return perform(job, token, redis, options, signal).finally(() => inHand.delete(id));
  };
  const worker = new Worker<Order, Answer>(queueName, once, {
    connection,
    concurrency,
    name: hostname(),
    lockDuration: patience,
    stalledInterval: patience / 2,
    maxStalledCount: 1000, // workers come and go: that is no fault of the task
    removeOnComplete: { count: 1_000_000, age: 86_400 },
    removeOnFail: { count: 1_000_000, age: 86_400 },
  });
  worker.on("error", () => undefined); // lost connections come back
  worker.on("completed", (job) => tell(`done: ${job.id}`));
  worker.on("failed", (job, error) => tell(`failed: ${job?.id}: ${error.message.split("\n", 1)[0]}`));
  tell(`waiting for tasks at ${url.replace(/\/\/[^@/]*@/, "//")}, ${concurrency} at a time`);
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  // a Redis that does not answer any more must not keep the worker alive
  await Promise.race([worker.close(), setTimeout(farewell, undefined, { ref: false }), abandoned(redis)]);
  close();
}

/** When a Redis is gone and does not come back. */
async function abandoned(redis: Redis): Promise<void> {
  do {
    if (redis.status === "ready") await new Promise((resolve) => redis.once("close", resolve));
    await setTimeout(lonely, undefined, { ref: false });
  } while (redis.status === "ready");
}

/** Back to the queue with a task, for so many milliseconds. */
async function later(job: Job<Order, Answer>, token: string | undefined, pause: number): Promise<never> {
  await job.moveToDelayed(Date.now() + pause, token);
  throw new DelayedError();
}

async function perform(
  job: Job<Order, Answer>,
  token: string | undefined,
  redis: Redis,
  options: WorkerOptions,
  ending: AbortSignal,
): Promise<Answer> {
  const { task, begun } = job.data;
  const { program = ownProgram, folder: base, tell } = options;
  const folder = join(base, task.id.replace(/[^\w.-]/g, "-"));
  tell(`begun: ${task.id}`);
  const cancelling = new AbortController();
  const stop = AbortSignal.any([ending, cancelling.signal]);
  const over = new AbortController();
  let latest: Report | undefined;
  const watching = watchOver(job, redis, () => latest, cancelling, over.signal);
  let cancelled = false;
  try {
    // a folder of an earlier attempt on this machine is at least as far
    if (begun !== undefined && !existsSync(folder)) await receive(redis, begun, folder);
    await runTask(program, task, folder, { signal: stop, report: (event) => void (latest = event) });
  } catch (error) {
    if (error instanceof Hopeless) throw new UnrecoverableError(asHopeless(error));
    // the process of a worker that was killed may still be putting its run away
    const busy = /another process works on this run/.test((error as Error).message);
    if (!(error instanceof Cancelled || busy)) throw error;
    if (busy || !cancelling.signal.aborted) {
      // this worker ends, or waits; the task does not: back to the queue with it
      await later(job, token, busy ? pulse : 100);
    }
    cancelled = true;
  } finally {
    over.abort();
    await watching;
  }
  // a name of this attempt's own: a second worker on the same task cannot mix its files with ours
  const parcel = keys.parcel(task.id, randomUUID());
  await send(redis, parcel, folder);
  await rm(folder, { recursive: true, force: true });
  return { parcel, cancelled };
}

/** Passes on progress, and looks whether the task is to be cancelled. */
async function watchOver(
  job: Job<Order, Answer>,
  redis: Redis,
  latest: () => Report | undefined,
  cancelling: AbortController,
  over: AbortSignal,
): Promise<void> {
  let told: Report | undefined;
  while (!over.aborted) {
    await setTimeout(pulse, undefined, { signal: over }).catch(() => undefined);
    if (over.aborted) return;
    try {
      if (await redis.exists(keys.cancel(job.data.task.id))) cancelling.abort();
      const report = latest();
      if (report !== told) await job.updateProgress({ ...report, worker: hostname() });
      told = report;
    } catch {
      // Redis is away for a while, or the task is no longer ours: its end will tell
    }
  }
}
