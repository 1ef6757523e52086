/** Other places that hear of a run: the shared index, TensorBoard, MLflow. A run never fails because one of them does. */
import { UserError } from "../../errors.ts";
import type { Metrics, RunRecord } from "../record.ts";
import { sharedStore } from "../store/shared.ts";

export interface Logger {
  /** A row was written. */
  row?(row: Metrics): void;
  /** A checkpoint stands behind the first so many rows of the run. Not awaited. */
  saved?(rows: number): Promise<void>;
  /** The run ends: done, with all its rows; or to be resumed from its last checkpoint. */
  ended?(done: boolean): Promise<void>;
}

/** What a logger begins with. */
export interface LoggedRun {
  readonly folder: string;
  readonly record: RunRecord;
  /** Rows of earlier sessions. */
  readonly metrics: readonly Metrics[];
}

/**
 * The loggers of a run, as one.
 * @param names  tensorboard, mlflow=http://…
 * @throws UserError  for a name that is none, or a server that does not answer
 */
export async function openLoggers(names: readonly string[], run: LoggedRun): Promise<Required<Logger>> {
  const opened: [string, Logger][] = [];
  for (const name of names.filter((n) => n !== "")) opened.push([name, await open(name, run)]);
  if (sharedStore() !== undefined) opened.push(["store", (await import("./store.ts")).storeLogger(run.folder, sharedStore()!)]);
  return together(opened);
}

async function open(name: string, run: LoggedRun): Promise<Logger> {
  if (name === "tensorboard") return (await import("./tensorboard.ts")).tensorboardLogger(run);
  const [, url] = /^mlflow=(https?:\/\/.+)$/.exec(name) ?? [];
  if (url !== undefined) return (await import("./mlflow.ts")).mlflowLogger(run, url);
  throw new UserError(`--log: there is no logger "${name}"`, "give tensorboard, or mlflow=http://host:5000");
}

/** Calls all of them in the background, one call at a time; the first failure of each is told, and it is left alone from then on. */
function together(loggers: [string, Logger][]): Required<Logger> {
  const failed = new Set<string>();
  let queue = Promise.resolve();
  const each = (call: (logger: Logger) => Promise<void> | void): Promise<void> => {
    queue = queue.then(async () => {
      for (const [name, logger] of loggers)
        if (!failed.has(name))
          try {
            await call(logger);
          } catch (error) {
            failed.add(name);
            process.stderr.write(`warning: no more logging to ${name} (${(error as Error).message.split("\n", 1)[0]}); the run goes on\n`);
          }
    });
    return queue;
  };
  return {
    row(row) {
      for (const [, logger] of loggers) logger.row?.(row);
    },
    saved: loggers.length === 0 ? async () => undefined : (rows) => each((logger) => logger.saved?.(rows)),
    ended: (done) => each((logger) => logger.ended?.(done)),
  };
}
