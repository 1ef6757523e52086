/** The thread in which HDF5 reads and writes: it answers one request after the other, and can be ended when HDF5 comes to no end. */
import { basename } from "node:path";
import { parentPort } from "node:worker_threads";
import { UserError } from "../errors.ts";
import { intact, openFile } from "./h5ad-hdf5.ts";
import { type Layout, readLayout } from "./h5ad-layout.ts";
import { type Additions, addTo } from "./h5ad-write.ts";

/** What the thread is asked for. */
export type Request =
  | { readonly what: "open"; readonly path: string }
  | { readonly what: "embedding"; readonly name: string }
  | { readonly what: "genes" | "expression"; readonly layer?: string }
  | { readonly what: "write"; readonly path: string; readonly additions: Additions };

/** What it answers; messages for users keep their hints. */
export type Answer = { readonly value: unknown } | { readonly error: Error; readonly forUsers: boolean; readonly hint?: string };

let layout: Layout | undefined;

async function open(path: string): Promise<Pick<Layout, "obs" | "embeddings">> {
  const file = await openFile(path, "r");
  layout = intact(basename(path), () => readLayout(basename(path), file));
  return { obs: layout.obs, embeddings: layout.embeddings };
}

async function perform(request: Request): Promise<unknown> {
  if (request.what === "open") return open(request.path);
  if (request.what === "write") return addTo(request.path, request.additions);
  if (request.what === "embedding") return layout?.embedding(request.name);
  return layout?.[request.what](request.layer);
}

parentPort?.on("message", (request: Request) => {
  const answer = (value: Answer): void => parentPort?.postMessage(value);
  perform(request).then(
    (value) => answer({ value }),
    (error: Error) => answer({ error, forUsers: error instanceof UserError, hint: error instanceof UserError ? error.hint : undefined }),
  );
});
