/**
 * What the page and the server say to each other: plain data, in JSON. Paths begin with /api; every request carries the cookie of the
 * session; what changes something is a POST with a JSON body and the page's own origin. Errors are `Refusal`, with a status of 4xx or 5xx.
 */
import type { Argument, Command } from "../lab/command.ts";
import type { OptionInfo } from "../lab/options.ts";
import type { Listed } from "../lab/store/query.ts";

/** An error for people: what was wrong, and what to do. */
export interface Refusal {
  readonly error: string;
  readonly hint?: string;
}

/** GET /api/meta */
export interface Meta {
  readonly version: string;
  /** The folder of runs, as it was given. */
  readonly root: string;
  /** Nothing may be started, stopped or removed. */
  readonly readOnly: boolean;
  /** Folders below which files may be named, by --data. */
  readonly data: readonly string[];
}

/** GET /api/commands: everything that makes runs or does a job. */
export interface CommandInfo {
  readonly name: string;
  readonly kind: Command["kind"];
  readonly summary: string;
  readonly description: string;
  readonly examples: readonly string[];
  readonly arguments: readonly Argument[];
  readonly options: readonly OptionInfo[];
  readonly commands: readonly CommandInfo[];
}

/** A run in a list. */
export interface RunRow extends Omit<Listed, "machine" | "status"> {
  /**
   * Besides those of the index: `waiting` for other runs to end, and `failed` before it became a run. Such a run has an id of its own
   * ("start-…") until it has a folder; that id goes on to mean the run, whose detail tells the lasting one.
   */
  readonly status: Listed["status"] | "waiting" | "failed";
  /** The path of its folder below the root. */
  readonly name: string;
  readonly tags: readonly string[];
  /** Steps in all, where that is known. */
  readonly total?: number;
}

/**
 * GET /api/runs?where=loss<0.1&status=done&text=gap&sort=-created&columns=loss,width&tag=…&offset=0&limit=200
 * `text`: words that must all be part of the name or the command. `status`: as rows show it; a condition on the status in `where` asks the index,
 * which does not know of runs that wait or failed to begin. Those come first, however the others are sorted, and never with a condition.
 */
export interface RunList {
  readonly total: number;
  readonly runs: readonly RunRow[];
  /** Names of all facts that runs have, to sort and filter by. */
  readonly facts: readonly string[];
  /** Runs that lie there and will come up when they have been read. */
  readonly unread: number;
}

/** GET /api/runs/:id */
export interface RunDetail extends RunRow {
  readonly config: Readonly<Record<string, unknown>>;
  /** The command line that repeats it; undefined for a run of a program. */
  readonly commandLine?: string;
  /** results.json of a finished run. */
  readonly results?: unknown;
  /** Cautions, which are shown before everything else. */
  readonly warnings: readonly string[];
  readonly title?: string;
  readonly summary?: string;
  /** Key numbers as the report says them, with their errors. */
  readonly numbers: readonly { readonly name: string; readonly value: string; readonly note?: string }[];
  /** Names of metrics, in the order in which they came up. */
  readonly metrics: readonly string[];
  /** Files that can be taken away: paths below the run's folder. */
  readonly files: readonly { readonly path: string; readonly bytes: number }[];
  /** What the process said last, if it was started here. */
  readonly log: string;
  /** Why it ended, if it did not end well. */
  readonly failure?: string;
  /** Where the run came from, if it is a fork. */
  readonly fork?: { readonly folder: string; readonly step: number };
}

/**
 * A metric, thinned to at most so many points: buckets of rows with their extremes, so that no peak is lost. NaN and infinities are null.
 * GET /api/runs/:id/metrics?names=loss,score&points=800
 */
export interface Series {
  readonly name: string;
  /** Rows behind it. */
  readonly rows: number;
  readonly step: readonly number[];
  readonly low: readonly (number | null)[];
  readonly high: readonly (number | null)[];
  /** The last value of each bucket. */
  readonly last: readonly (number | null)[];
}

/** GET /api/compare?runs=id,id&metric=loss: as `pushforward runs compare` shows it. */
export interface ComparisonView {
  readonly figures: readonly { readonly name: string; readonly title: string; readonly caption: string; readonly svg: string }[];
  readonly table: {
    readonly title: string;
    readonly columns: readonly string[];
    readonly rows: readonly (readonly (string | number)[])[];
    readonly caption?: string;
  };
  readonly metrics: readonly string[];
}

/** GET /api/sweeps and /api/sweeps/:name (URL-encoded path below the root). */
export interface SweepView {
  readonly name: string;
  readonly metric: string;
  readonly minimize: boolean;
  readonly command: string;
  readonly jobs: readonly {
    readonly name: string;
    /** Id of its run, once there is one. */
    readonly run?: string;
    readonly state: string;
    readonly step?: number;
    readonly total?: number;
    readonly value?: number;
    readonly settings: Readonly<Record<string, unknown>>;
  }[];
}

/** Body of POST /api/check and POST /api/runs. Options by key, as text or values; files by path or by the path that an upload answered. */
export interface Order {
  readonly command: string;
  readonly arguments: readonly string[];
  readonly options: Readonly<Record<string, unknown>>;
}

/** Answer of POST /api/check: the line that does the same in a terminal, and what the command would refuse before it looks at data. */
export interface Checked extends Partial<Refusal> {
  readonly commandLine: string;
}

/** Answer of POST /api/runs, and of POST /api/runs/:id/{resume,fork}. The run may not be in the index yet: its folder is. */
export interface Started {
  readonly id: string;
  readonly name: string;
}

/** Body of POST /api/runs/:id/fork. */
export interface ForkOrder {
  readonly set: Readonly<Record<string, string | number | boolean>>;
}

/** Answer of POST /api/upload?name=… (the body is the file). */
export interface Uploaded {
  readonly path: string;
  readonly bytes: number;
}

/**
 * GET /api/events?run=:id (or without: of all runs). Each event has an id; a client that comes back with Last-Event-ID is given what it
 * has missed, or `again`, after which it asks for everything anew.
 */
export type Event =
  /** Rows of metrics came, or the status changed; of a single run only, with those rows. */
  | { readonly kind: "rows"; readonly run: string; readonly rows: readonly Readonly<Record<string, number | null>>[] }
  /** The numbers of the line of progress. */
  | { readonly kind: "progress"; readonly run: string; readonly step: number; readonly total: number; readonly left?: number }
  /** A run is new, has changed its status or its tags, or is gone. */
  | { readonly kind: "run"; readonly run: string; readonly status: RunRow["status"] | "gone" }
  | { readonly kind: "again" };

// POST /api/runs/:id/stop, resume, fork, delete, tags ({ tags: string[] }); answers {} unless said above.
// GET /api/runs/:id/files/<path>: a file; GET /api/runs/:id/report: report.html, kept in a sandbox.

// Files beside the page, in an exported site too; their paths are relative to index.html. An exported index.html has
// <meta name="pushforward-studio" content="static">.

export interface DocHeading {
  readonly id: string;
  readonly text: string;
  readonly depth: number;
}

/** docs/<path>.json, shown at #/docs/<path>; links inside are written so, with a further #<id> where they lead to a heading. */
export interface DocPage {
  /** "runs", "measurements/runs", "api/tensor": the last are the reference, a page a room. */
  readonly path: string;
  readonly title: string;
  readonly headings: readonly DocHeading[];
  /** Safe to be put into the page; pictures are docs/images/<name>. */
  readonly html: string;
}

/** docs/index.json: all pages, with plain text to search in. */
export type DocIndex = readonly (Omit<DocPage, "html"> & { readonly text: string })[];

/** reports/index.json of an exported site. */
export type ReportIndex = readonly {
  /** Of the run, and where its report is: reports/<…>.html. */
  readonly name: string;
  readonly path: string;
  readonly title?: string;
  readonly summary?: string;
}[];
