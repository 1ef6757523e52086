/** Times, sizes and errors as people read them. */
import { UserError } from "../src/errors.ts";
import { duration } from "../src/numbers.ts";

/** "3 min ago"; a date when it is long ago. */
export function ago(time: number, now: number): string {
  const seconds = (now - time) / 1000;
  if (seconds < 60) return "just now";
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  return new Date(time).toISOString().slice(0, 10);
}

export function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const power = Math.min(4, Math.floor(Math.log10(bytes) / 3));
  return `${Number((bytes / 1000 ** power).toPrecision(3))} ${["", "kB", "MB", "GB", "TB"][power]}`;
}

export const left = (seconds: number): string => `about ${duration(seconds)} left`;

export interface Said {
  readonly error: string;
  readonly hint?: string;
}

/** What went wrong, for people. */
export const said = (error: unknown): Said =>
  error instanceof UserError
    ? { error: error.message, hint: error.hint }
    : { error: error instanceof Error ? error.message : String(error) };

/** A value of a configuration. */
export const shown = (value: unknown): string => (typeof value === "string" ? value : (JSON.stringify(value) ?? "–"));
