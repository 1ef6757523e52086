/**
 * How a long job shows that it lives: a line that is rewritten in a terminal, plain lines in a pipe, JSON lines for programs, or nothing.
 */
import { duration, formatNumber } from "../numbers.ts";

export type ProgressMode = "live" | "plain" | "json" | "quiet";

export interface Progress {
  /** Steps done so far, with the numbers to show. Call it as often as you like: it writes only now and then. */
  update(step: number, metrics?: Readonly<Record<string, number>>): void;
  /** A message between the steps. */
  note(message: string): void;
  /** Ends the line. */
  finish(): void;
}

export interface ProgressOptions {
  label: string;
  /** Steps in all. */
  total: number;
  /** Steps that an earlier session did: they do not count for the rate. */
  start?: number;
  mode: ProgressMode;
  /** Where messages go (standard error), and JSON lines (standard output). */
  messages?: (text: string) => void;
  lines?: (text: string) => void;
  /** Seconds, for tests. */
  clock?: () => number;
  /** Signs that fit on a line of the terminal. */
  columns?: number;
}

/** JSON lines if asked for, silence if asked for, else by whether standard error is a terminal. */
export function progressMode(options: { json?: boolean; quiet?: boolean }): ProgressMode {
  if (options.json) return "json";
  if (options.quiet) return "quiet";
  return process.stderr.isTTY ? "live" : "plain";
}

/** Most values that a live line remembers; when there are more, every other one is forgotten. */
const memory = 512;

function remember(course: number[], value: number): void {
  course.push(value);
  if (course.length > memory) for (let i = 0; i < memory / 2; i++) course.splice(i, 1);
}

const bars = [..."▁▂▃▄▅▆▇█"];

/** The course of a number in one line: the last `width` means of equal stretches, lowest to highest. */
export function sparkline(values: readonly number[], width: number): string {
  const finite = values.filter(Number.isFinite);
  const count = Math.min(width, finite.length);
  const means = Array.from({ length: count }, (_, i) => {
    const part = finite.slice(Math.floor((i * finite.length) / count), Math.floor(((i + 1) * finite.length) / count));
    return part.reduce((s, v) => s + v, 0) / part.length;
  });
  const [low, high] = [Math.min(...means), Math.max(...means)];
  return means.map((v) => bars[high > low ? Math.round(((v - low) / (high - low)) * (bars.length - 1)) : 0]).join("");
}

/** Seconds between two signs of life. */
const pauses = { live: 0.1, plain: 10, json: 1 };

/** Seconds before which there is no rate to tell: the first steps of fast work take less than the clock can say. */
const shortest = 0.05;

export function progress(options: ProgressOptions): Progress {
  const { label, total, start = 0, mode } = options;
  const messages = options.messages ?? ((text: string) => process.stderr.write(text));
  const lines = options.lines ?? ((text: string) => process.stdout.write(text));
  const clock = options.clock ?? (() => performance.now() / 1000);
  const began = clock();
  let shown = Number.NEGATIVE_INFINITY;
  let last: [number, Readonly<Record<string, number>>] = [start, {}];
  let open = false; // a live line stands without its end
  const columns = options.columns ?? process.stderr.columns ?? Number.POSITIVE_INFINITY;
  const course: number[] = []; // of the first number shown

  function show(now: number): void {
    const [step, metrics] = last;
    shown = now;
    const rate = now - began >= shortest ? (step - start) / (now - began) : 0;
    const left = rate > 0 ? (total - step) / rate : undefined;
    if (mode === "json") {
      lines(`${JSON.stringify({ event: "progress", job: label, step, total, ...metrics })}\n`);
      return;
    }
    const numbers = Object.entries(metrics).map(([name, value]) => `${name} ${formatNumber(value)}`);
    const speed =
      rate > 0 ? [`${formatNumber(rate)}/s`, ...(step < total ? [`${duration(left!)} left`] : [`${duration(now - began)}`])] : [];
    const text = [`${label} ${step}/${total}`, ...speed, ...numbers].join("  ");
    if (mode === "live") {
      const width = 20;
      const done = total > 0 ? Math.round((width * step) / total) : width;
      const spark = course.length < 5 ? "" : `  ${sparkline(course, 16)}`;
      const line = `${"█".repeat(done)}${"░".repeat(width - done)} ${text}${spark}`;
      messages(`\r\x1b[K${[...line].slice(0, columns - 1).join("")}`); // a line that wraps could not be rewritten
      open = true;
    } else messages(`${text}\n`);
  }

  return {
    update(step, metrics = {}) {
      last = [step, metrics];
      const first = Object.values(metrics)[0];
      if (first !== undefined && mode === "live") remember(course, first);
      const now = clock();
      if (mode !== "quiet" && now - shown >= pauses[mode]) show(now);
    },
    note(message) {
      if (mode === "json") lines(`${JSON.stringify({ event: "note", message })}\n`);
      else if (mode !== "quiet") messages(`${open ? "\r\x1b[K" : ""}${message}\n`);
      open = false;
    },
    finish() {
      if (mode !== "quiet") show(clock());
      if (open) messages("\n");
      open = false;
    },
  };
}
