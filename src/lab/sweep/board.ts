/** The live table of a sweep: rewritten in place in a terminal, a line for each end in a pipe, JSON lines for programs. */

import { duration, formatNumber } from "../../numbers.ts";
import type { ProgressMode } from "../progress.ts";
import { textTable } from "../text-table.ts";
import type { JobState, JobStatus } from "./sweep.ts";

export interface Board {
  changed(jobs: readonly JobStatus[], which: JobStatus): void;
  finish(jobs: readonly JobStatus[]): void;
}

/** Most running jobs shown, and milliseconds between two pictures. */
const [mostRows, pause] = [12, 200];

export function board(mode: ProgressMode, metric: string): Board {
  const began = performance.now();
  let drawn = 0; // lines
  let shown = Number.NEGATIVE_INFINITY;
  let atStart: number | undefined; // done before we came
  const count = (jobs: readonly JobStatus[], state: JobState) => jobs.filter((j) => j.state === state).length;
  const over = (jobs: readonly JobStatus[]) => jobs.filter((j) => j.state !== "waiting" && j.state !== "running").length;

  function head(jobs: readonly JobStatus[]): string {
    const states = (["done", "running", "waiting", "failed", "stopped", "dropped"] as const).map((s) => [s, count(jobs, s)] as const);
    const seconds = (performance.now() - began) / 1000;
    const rate = (over(jobs) - (atStart ?? 0)) / seconds;
    const left = jobs.length - over(jobs);
    const time = rate > 0 && left > 0 ? `  ${duration(left / rate)} left` : `  ${duration(seconds)}`;
    return `${jobs.length} runs: ${states
      .filter(([, n]) => n > 0)
      .map(([s, n]) => `${n} ${s}`)
      .join(", ")}${time}`;
  }

  const cell = (value: unknown) => (typeof value === "number" ? formatNumber(value) : "–");
  const row = ({ job, step, total, value, worker, why }: JobStatus) => [
    job.name,
    step === undefined ? "–" : `${step}/${total}`,
    cell(value),
    worker ?? "",
    why?.split("\n", 1)[0].slice(0, 60) ?? "",
  ];

  function ending({ job, state, value, why }: JobStatus): string {
    const number = value === undefined ? "" : `, ${metric} ${formatNumber(value)}`;
    return `${job.name} ${state}${number}${why ? `: ${why.split("\n", 1)[0]}` : ""}`;
  }

  function draw(jobs: readonly JobStatus[]): void {
    const running = jobs.filter((j) => j.state === "running").slice(0, mostRows);
    const width = (process.stderr.columns ?? 120) - 1;
    const table = running.length > 0 ? textTable(["run", "step", metric, "worker", ""], running.map(row)) : [];
    const lines = [head(jobs), ...table].map((line) => line.slice(0, width));
    process.stderr.write(`${drawn > 0 ? `\x1b[${drawn}A\r\x1b[J` : ""}${lines.join("\n")}\n`);
    drawn = lines.length;
  }

  return {
    changed(jobs, which) {
      atStart ??= over(jobs);
      const ended = which.state !== "running" && which.state !== "waiting";
      if (mode === "json") {
        const { job, ...rest } = which;
        process.stdout.write(`${JSON.stringify({ event: "run", run: job.name, ...rest })}\n`);
      } else if (mode === "plain" && ended) process.stderr.write(`${ending(which)}  (${head(jobs)})\n`);
      else if (mode === "live" && performance.now() - shown > pause) {
        shown = performance.now();
        draw(jobs);
      }
    },
    finish(jobs) {
      if (mode === "live") draw(jobs);
    },
  };
}
