/**
 * AnnData files (.h5ad): columns of obs, embeddings of obsm, the expression matrix X, and results written back.
 *
 * HDF5 works in a thread of its own: a damaged file can keep it busy without end, and then the thread is ended.
 */
import { existsSync } from "node:fs";
import { copyFile, stat } from "node:fs/promises";
import { basename, extname } from "node:path";
import { Worker } from "node:worker_threads";
import type { NdArray } from "../array/ndarray.ts";
import { UserError } from "../errors.ts";
import type { Layout } from "./h5ad-layout.ts";
import type { SparseRows } from "./h5ad-matrix.ts";
import type { Answer, Request } from "./h5ad-worker.ts";
import type { Additions } from "./h5ad-write.ts";
import type { Table } from "./table.ts";

export type { SparseRows } from "./h5ad-matrix.ts";
export type { Additions } from "./h5ad-write.ts";

/** What an h5ad file holds, as far as it is read. */
export interface Annotated {
  /** Columns of obs: numbers, or text for categories. */
  readonly obs: Table;
  /** Names of the embeddings in obsm. */
  readonly embeddings: readonly string[];
  embedding(name: string): Promise<NdArray<"f32">>;
  /** Names of the features (genes) of X and the layers, or of "raw". */
  genes(layer?: string): Promise<string[]>;
  /** X, a matrix of layers, or "raw". */
  expression(layer?: string): Promise<SparseRows>;
  close(): void;
}

/** How long HDF5 may take. */
export interface AnnotatedOptions {
  /** Seconds for each part that is read; default: 30, and one more a mebibyte of the file. */
  readonly seconds?: number;
}

/**
 * Seconds after which no file of so many bytes is still being read. 18 MiB of gzip data take 2 s on busy cores: a machine ten times as
 * slow has time enough.
 */
const patience = (bytes: number): number => 30 + bytes / 2 ** 20;

/**
 * Opens a file for reading.
 * @throws UserError  for files that are missing, no HDF5, not laid out as AnnData, or that HDF5 comes to no end with
 */
export async function openAnnotated(path: string, options: AnnotatedOptions = {}): Promise<Annotated> {
  if (!existsSync(path)) throw new UserError(`${path}: there is no such file`, "check the path");
  const { ask, close } = await thread(path, options);
  // the answer to each request is what the layout gives, see h5ad-worker.ts; messages of threads have no types
  const { obs, embeddings } = (await ask({ what: "open", path }).catch((error: Error) => {
    close();
    throw error;
  })) as Pick<Layout, "obs" | "embeddings">;
  return {
    obs,
    embeddings,
    embedding: async (name) => (await ask({ what: "embedding", name })) as NdArray<"f32">,
    genes: async (layer) => (await ask({ what: "genes", layer })) as string[],
    expression: async (layer) => (await ask({ what: "expression", layer })) as SparseRows,
    close,
  };
}

/** A copy of a file with more columns in obs and matrices in obsm; names that are there already are replaced. */
export async function writeAnnotated(from: string, to: string, additions: Additions): Promise<void> {
  await copyFile(from, to);
  const { ask, close } = await thread(to, {});
  await ask({ what: "write", path: to, additions }).finally(close);
}

interface Thread {
  /** What the thread answers; an error ends nothing but the request, except when the time is over. */
  ask(request: Request): Promise<unknown>;
  close(): void;
}

async function thread(path: string, { seconds }: AnnotatedOptions): Promise<Thread> {
  const limit = seconds ?? patience((await stat(path)).size);
  // beside this file: .ts where it is run as it is, .js where it was built
  const worker = new Worker(new URL(`./h5ad-worker${extname(import.meta.url)}`, import.meta.url));
  let open = true;
  worker.once("exit", () => (open = false));
  const close = (): void => {
    open = false;
    void worker.terminate();
  };
  // loading the thread's own code does not count
  await new Promise<void>((resolve, reject) => void worker.once("online", resolve).once("error", reject));
  const send = (request: Request): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const end = (finish: () => void): void => {
        clearTimeout(timer);
        worker.off("message", answered).off("error", failed).off("exit", gone);
        worker.unref(); // a file that nobody closes keeps no program from ending
        finish();
      };
      const answered = (answer: Answer): void => end(() => ("value" in answer ? resolve(answer.value) : reject(restored(answer))));
      const failed = (error: Error): void => end(() => reject(error));
      const gone = (): void => failed(new UserError(`${basename(path)}: the file was closed, or HDF5 broke down on it`, again));
      const timer = setTimeout(() => {
        close();
        failed(endless(path, limit));
      }, 1000 * limit);
      if (!open) return gone();
      worker.ref();
      worker.on("message", answered).on("error", failed).on("exit", gone);
      worker.postMessage(request);
    });
  // one request at a time, so that each has its time
  let last: Promise<unknown> = Promise.resolve();
  const ask = (request: Request): Promise<unknown> => {
    const next = last.then(() => send(request));
    last = next.catch(() => undefined);
    return next;
  };
  return { ask, close };
}

const again = "copy it again, or write it anew with AnnData";

const restored = ({ error, forUsers, hint }: Extract<Answer, { error: Error }>): Error =>
  forUsers ? new UserError(error.message, hint, { cause: error.cause }) : error;

const endless = (path: string, seconds: number): UserError =>
  new UserError(`${basename(path)}: HDF5 has not come to an end after ${Math.round(seconds)} s: the file is damaged`, again);
