/**
 * Tasks for workers on any machine, through BullMQ on Redis. A task has one name for ever, so that it is queued once however often it is
 * asked for; its run comes back as a parcel that the answer names. A worker may die at any moment and a task be worked on twice: the first
 * answer counts, and the folder is replaced as a whole. Redis may restart, and even forget: what it no longer knows is queued again.
 */
import { existsSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { type ConnectionOptions, type Job, Queue } from "bullmq";
import { Redis } from "ioredis";
import { UserError } from "../../errors.ts";
import { codeVersion, type InputFile, inputFiles } from "../invocation.ts";
import { Cancelled, Hopeless, isReached, type Report, type Task, type Watch } from "./child.ts";
import { receive, send } from "./parcel.ts";
import { type Executor, firstBackOff } from "./pool.ts";

export const queueName = "pushforward";

/** What a worker is given. */
export interface Order {
  readonly task: Task;
  /** The parcel with the folder so far, of a run that goes on. */
  readonly begun?: string;
  /** The code and the files that the sweep stands on: a worker with others is none of its workers. */
  readonly code: string;
  readonly inputs: readonly InputFile[];
}

/** What it answers. */
export interface Answer {
  /** The parcel with the folder. */
  readonly parcel: string;
  readonly cancelled?: boolean;
}

export const keys = {
  begun: (id: string) => `pushforward:begun:${id}`,
  cancel: (id: string) => `pushforward:cancel:${id}`,
  parcel: (id: string, attempt: string) => `pushforward:parcel:${id}:${attempt}`,
};

/** Milliseconds between two looks at a task: the more there are, the rarer, so that Redis has better things to do. */
const pause = (outstanding: number): number => 200 + 5 * outstanding;

/** @throws UserError  if the URL is none of Redis, or nothing answers there */
export async function connect(url: string): Promise<{ redis: Redis; connection: ConnectionOptions; close(): void }> {
  if (!/^rediss?:\/\/./.test(url)) throw new UserError(`--queue: "${url}" is not the address of a Redis`, "give redis://host:6379");
  const redis = new Redis(url, {
    maxRetriesPerRequest: null,
    retryStrategy: (times) => Math.min(1000, 50 * times),
    lazyConnect: true,
  });
  let why = "";
  redis.on("error", (error: Error & { code?: string }) => {
    why = error.message || error.code || "";
  });
  const shown = url.replace(/\/\/[^@/]*@/, "//");
  const answer = await Promise.race([
    redis.connect().then(
      () => redis.ping(),
      () => redis.ping(),
    ),
    setTimeout(3000, "late"),
  ]).catch((error: Error) => {
    why = error.message;
    return "refused";
  });
  if (answer !== "PONG") {
    redis.disconnect();
    if (/NOAUTH|WRONGPASS|NOPERM|invalid password|authentication/i.test(why))
      throw new UserError(
        `the queue at ${shown} wants ${url.includes("@") ? "another" : "a"} password`,
        "give redis://:password@host:6379, or redis://user:password@host:6379",
      );
    throw new UserError(`the queue at ${shown} does not answer${why ? ` (${why})` : ""}`, "does the server run?");
  }
  // waits through a restart of the server instead of failing
  const connection = { url, maxRetriesPerRequest: null, retryStrategy: (times: number) => Math.min(1000, 50 * times) };
  return { redis, connection, close: () => redis.disconnect() };
}

/** @param retries  further attempts for a task whose process dies */
export async function queueExecutor(url: string, retries: number): Promise<Executor> {
  const { redis, connection, close } = await connect(url);
  const queue = new Queue<Order, Answer>(queueName, { connection });
  queue.on("error", () => undefined); // a lost connection comes back, and what was asked is asked again
  let outstanding = 0;
  const hashed = new Map<string, Promise<InputFile[]>>();
  /** Files of a task; those of a sweep are nearly always the same ones. */
  const inputsOf = ({ arguments: args, options, fileOptions = [] }: Task): Promise<InputFile[]> => {
    const key = JSON.stringify([args, fileOptions.map((name) => options[name])]);
    const known = hashed.get(key) ?? inputFiles({ command: [], arguments: args, options, fileOptions, cwd: process.cwd(), loggers: [] });
    hashed.set(key, known);
    return known;
  };
  const add = (order: Order) =>
    queue.add(order.task.command.join(" "), order, {
      jobId: order.task.id,
      attempts: retries + 1,
      backoff: { type: "exponential", delay: firstBackOff },
      removeOnComplete: false,
      removeOnFail: false,
    });
  const cancel = async (task: Task): Promise<void> => {
    await redis.set(keys.cancel(task.id), "1", "EX", 86_400);
    const job = await queue.getJob(task.id);
    await job?.remove().catch(() => undefined); // one that is worked on cannot be removed: its worker looks at the key
  };
  return {
    async run(task, folder, watch) {
      if (await isReached(task, folder)) return;
      await redis.del(keys.cancel(task.id));
      let begun: string | undefined;
      if (existsSync(folder)) await send(redis, (begun = keys.begun(task.id)), folder);
      const inputs = await inputsOf(task);
      const order = { task, begun, code: codeVersion(), inputs };
      const onAbort = () => void cancel(task);
      watch.signal.addEventListener("abort", onAbort);
      outstanding++;
      try {
        const answer = await ended(queue, order, add, watch, () => pause(outstanding));
        if (!(await receive(redis, answer.parcel, folder))) throw new Error(`the files of ${task.id} were lost on the way`);
        await redis.del(answer.parcel);
        if (answer.cancelled) throw new Cancelled();
      } finally {
        outstanding--;
        watch.signal.removeEventListener("abort", onAbort);
        const job = await queue.getJob(task.id);
        await job?.remove().catch(() => undefined);
        if (begun) await redis.del(begun);
      }
    },
    async close() {
      await queue.close();
      close();
    },
  };
}

/** Waits for a task, and queues it when the queue does not know it. */
async function ended(
  queue: Queue<Order, Answer>,
  order: Order,
  add: (o: Order) => Promise<unknown>,
  { signal, report }: Watch,
  wait: () => number,
): Promise<Answer> {
  let told = "";
  for (;;) {
    const job: Job<Order, Answer> | undefined = await queue.getJob(order.task.id);
    const state = job === undefined ? "unknown" : await job.getState();
    // read again: the job was read before its state, and may have ended in between
    const last = state === "completed" || state === "failed" ? await queue.getJob(order.task.id) : undefined;
    if (last?.returnvalue) return last.returnvalue;
    if (last?.failedReason) throw failure(last.failedReason);
    if (state === "unknown") {
      if (signal.aborted) throw new Cancelled();
      await add(order);
    }
    const progress = JSON.stringify(job?.progress ?? 0);
    if (progress !== told && typeof job?.progress === "object") report(job.progress as Report);
    told = progress;
    await setTimeout(wait());
  }
}

const hopeless = "hopeless: ";
/** How a worker writes a failure that no retry would mend. */
export const asHopeless = (error: Hopeless): string => `${hopeless}${error.message}`;

const failure = (reason: string): Error => (reason.startsWith(hopeless) ? new Hopeless(reason.slice(hopeless.length)) : new Error(reason));
