/**
 * A sweep from its plan to its results. The folder of a sweep holds sweep.json and the folders of its runs; what is done there is not done
 * again.
 */
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { nearest, UserError } from "../../errors.ts";
import { type Summary, summarize } from "../compare.ts";
import { makeFolder, writeAside } from "../files.ts";
import { codeVersion, inputFiles } from "../invocation.ts";
import { type Lock, lock } from "../lock.ts";
import type { OptionFacts } from "../options.ts";
import { firstDifference, readRecord } from "../record.ts";
import { Cancelled, numberNames, outcome, type Report } from "./child.ts";
import { best, rounds } from "./halving.ts";
import { expand, type Job, namedSettings, type Plan, parsePlan, type Sweep, settingKey } from "./plan.ts";
import type { Executor } from "./pool.ts";

export type JobState = "waiting" | "running" | "done" | "failed" | "stopped" | "dropped";

/** How a job stands: for tables and events. */
export interface JobStatus {
  readonly job: Job;
  state: JobState;
  /** Steps done, of so many. */
  step?: number;
  total?: number;
  /** The metric of the sweep. */
  value?: number;
  /** Why it failed, or was tried again. */
  why?: string;
  worker?: string;
}

export interface SweepResult {
  readonly jobs: readonly JobStatus[];
  /** Settings that reached the last round, best first, with the mean over their seeds. */
  readonly settings: readonly SettingResult[];
  readonly cancelled: boolean;
}

/** `refuse` ends the sweep with this error. */
type Refusing = SweepOptions & { readonly refuse: (error: UserError) => void };

export interface SettingResult {
  readonly setting: number;
  readonly options: Readonly<Record<string, unknown>>;
  readonly summary: Summary;
}

export interface SweepOptions {
  readonly folder: string;
  readonly executor: Executor;
  readonly signal: AbortSignal;
  readonly facts?: OptionFacts;
  changed(jobs: readonly JobStatus[], which: JobStatus): void;
}

/**
 * Runs a sweep; a folder that holds the same sweep, unfinished, goes on.
 * @throws UserError  if the folder holds another sweep, or another process works on it, or if the first run that ends has no such metric
 */
export async function runSweep(sweep: Sweep, given: SweepOptions): Promise<SweepResult> {
  const { folder } = given;
  const refusing = new AbortController();
  const signal = AbortSignal.any([given.signal, refusing.signal]);
  const options = { ...given, signal, refuse: (error: UserError) => refusing.abort(error) };
  await makeFolder(folder);
  const held: Lock = lock(folder);
  try {
    const { id, named } = await identify(folder, sweep);
    const jobs = expand(sweep, named).map((job): JobStatus => ({ job, state: "waiting" }));
    const settings = new Set(jobs.map(({ job }) => job.setting));
    const plan = sweep.halving ? rounds(settings.size, sweep.halving) : [undefined];
    let left = jobs;
    for (const [k, round] of plan.entries()) {
      const last = k === plan.length - 1;
      await Promise.all(left.map((status) => runJob(status, id, sweep, options, last ? undefined : round?.steps, jobs)));
      if (signal.aborted || last) break;
      const ranked = rank(left, sweep);
      const stay = new Set(ranked.slice(0, plan[k + 1]!.settings).map((r) => r.setting));
      for (const status of left) if (!stay.has(status.job.setting) && status.state === "done") setState(status, "dropped", jobs, options);
      left = left.filter((status) => stay.has(status.job.setting));
    }
    if (refusing.signal.aborted) throw refusing.signal.reason;
    return { jobs, settings: rank(left, sweep), cancelled: signal.aborted };
  } finally {
    held.release();
  }
}

/** The sweep's id, of its first beginning, by which tasks are named; and its settings, if it was extended since. */
async function identify(folder: string, sweep: Sweep): Promise<Pick<Plan, "id" | "named">> {
  const path = join(folder, "sweep.json");
  if (!existsSync(path)) {
    const id = randomUUID().slice(0, 13);
    await writePlan(path, { id, created: Date.now() }, sweep);
    return { id };
  }
  const found = parsePlan(path);
  const here: Sweep = JSON.parse(JSON.stringify(sweep));
  if (firstDifference(found.sweep, here) === undefined) return found;
  const before = namedSettings(found.sweep, found.named);
  const named = namedSettings(here, before);
  const there = new Set(named.map(({ varied }) => settingKey(varied)));
  const lost = before.some(({ varied }) => !there.has(settingKey(varied)));
  const changed = firstDifference(fixedIn(found.sweep, lost), fixedIn(here, lost));
  if (changed !== undefined)
    throw new UserError(
      `${folder} holds another sweep (${changed})`,
      "choose another folder with --out; more settings or seeds, or another metric, may go on here",
    );
  await writePlan(path, { ...found, named }, here);
  return { id: found.id, named };
}

const writePlan = (path: string, { id, created, named }: Omit<Plan, "sweep">, sweep: unknown): Promise<void> =>
  writeAside(path, `${JSON.stringify({ id, created, sweep, named }, undefined, 2)}\n`);

/**
 * What may not change when a sweep is asked for again. Other seeds and more settings leave the names of runs as they are, and the metric is read from
 * what they left; what successive halving has dropped was dropped by the old ones.
 * @param lost  whether settings would be given up
 */
function fixedIn(plan: Sweep, lost: boolean): Record<string, unknown> {
  if (plan.halving !== undefined) return plan;
  const { seeds: _, metric: __, goal: ___, grid, random, ...fixed } = plan;
  return lost ? { ...fixed, grid, random } : fixed;
}

function setState(status: JobStatus, state: JobState, jobs: readonly JobStatus[], { changed }: SweepOptions): void {
  status.state = state;
  changed(jobs, status);
}

async function runJob(
  status: JobStatus,
  id: string,
  sweep: Sweep,
  options: Refusing,
  stopAt: number | undefined,
  jobs: readonly JobStatus[],
): Promise<void> {
  const { job } = status;
  const { executor, signal } = options;
  const folder = join(options.folder, job.name);
  const steps = sweep.halving && { steps: sweep.halving.max };
  const task = {
    id: `${id}-${job.name}${stopAt === undefined ? "" : `-${stopAt}`}`,
    sweep: id,
    ...options.facts,
    command: sweep.command.split(/\s+/),
    arguments: sweep.arguments,
    options: { ...job.options, ...steps },
    stopAt,
  };
  const report = (event: Report): void => {
    if (event.event === "retry" || event.event === "refused") status.why = String(event.why);
    else
      Object.assign(status, {
        step: event.step,
        total: event.total,
        worker: event.worker,
        value: event[sweep.metric] ?? status.value,
      });
    setState(status, "running", jobs, options);
  };
  setState(status, "waiting", jobs, options);
  try {
    await executor.run(task, folder, { signal, report });
    await checkTwin(folder, sweep, job, options.facts?.fileOptions);
    status.value = outcome(folder, sweep.metric, stopAt);
    if (status.value === undefined) refuseMissing(sweep, job, options, jobs);
    status.why = status.value === undefined ? `it has no number "${sweep.metric}"` : undefined;
    setState(status, status.value === undefined ? "failed" : "done", jobs, options);
  } catch (error) {
    status.why = (error as Error).message;
    setState(status, error instanceof Cancelled ? "stopped" : "failed", jobs, options);
  }
}

/**
 * A metric that no run has is told after the first of them, not after the last. What the others have is read from their folders: a run that is done
 * there may not have been looked at yet.
 */
function refuseMissing({ metric, halving }: Sweep, { name }: Job, { folder, refuse }: Refusing, jobs: readonly JobStatus[]): void {
  if (jobs.some(({ job }) => numberNames(join(folder, job.name)).includes(metric))) return;
  const names = numberNames(join(folder, name));
  const guess = nearest(metric, names);
  const again = halving ? "begin again in another folder" : "the same command goes on from what is done";
  refuse(
    new UserError(
      `metric: "${metric}" is no number of these runs; ${name} has ${
        names
          .filter((n) => n !== "step")
          .slice(0, 20)
          .join(", ") || "none"
      }`,
      `${guess === undefined ? "" : `did you mean "${guess}"? `}With another metric, ${again}`,
    ),
  );
}

/** A worker elsewhere must have run the same code on the same files; a result of others is none of this sweep. */
async function checkTwin(folder: string, sweep: Sweep, job: Job, fileOptions: readonly string[] = []): Promise<void> {
  const { code, inputs } = await readRecord(folder);
  if (code !== codeVersion()) throw new Error(`it was run by version ${code} of the code, this is ${codeVersion()}`);
  const here = await inputFiles({
    command: [],
    arguments: sweep.arguments,
    options: job.options,
    fileOptions,
    cwd: process.cwd(),
    loggers: [],
  });
  const other = here.find((ours) => inputs.some((theirs) => theirs.path === ours.path && theirs.sha256 !== ours.sha256));
  if (other) throw new Error(`it was run on another ${other.path} than the one here`);
}

/** Settings by the mean of the metric over their seeds, best first; a setting of which a seed failed is last. */
function rank(statuses: readonly JobStatus[], { goal }: Sweep): SettingResult[] {
  const settings = [...new Set(statuses.map(({ job }) => job.setting))];
  const results = settings.map((setting) => {
    const members = statuses.filter(({ job }) => job.setting === setting);
    const { seed: _, ...options } = members[0].job.options;
    return {
      setting,
      options,
      summary: summarize(members.map((m) => (m.state === "done" ? (m.value ?? Number.NaN) : Number.NaN))),
    };
  });
  return best(
    results.map((r) => r.summary.mean),
    results.length,
    goal,
  ).map((i) => results[i]);
}
