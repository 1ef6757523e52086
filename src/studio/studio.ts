/** What the server knows and does, whoever asks: the runs below a root, those begun from the page, and who looks on. */
import { existsSync, realpathSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { setTimeout } from "node:timers/promises";
import { UserError } from "../errors.ts";
import type { Registered } from "../lab/command.ts";
import { makeFolder } from "../lab/files.ts";
import { type Lock, lock, ownerProcess } from "../lab/lock.ts";
import { openIndex, type Store } from "../lab/store/database.ts";
import { type Found, runById } from "../lab/store/query.ts";
import { ownProgram } from "../lab/sweep/child.ts";
import type { CommandInfo, RunRow } from "./api.ts";
import type { Curves } from "./curves.ts";
import type { Channel } from "./events.ts";
import { openFollowers } from "./followers.ts";
import { commandInfos } from "./listing.ts";
import { readLog } from "./log.ts";
import { isBelow, type Places } from "./places.ts";
import { type ProgressBook, progressBook } from "./progress.ts";
import { isGoing, openStarts, type Start, type Starts, statusOf } from "./starts.ts";
import { openTags, type Tags } from "./tags.ts";
import { clearUploads } from "./uploads.ts";
import { openWatch, type Watch } from "./watch.ts";

export interface StudioOptions {
  /** The folder of runs, as it was given. */
  readonly root: string;
  /** Folders below which files may be named. */
  readonly data: readonly string[];
  readonly readOnly: boolean;
  readonly workers: number;
  readonly registry: readonly Registered[];
  /** Script and arguments before a command's; default: our own. */
  readonly program?: readonly string[];
}

export interface Studio extends StudioOptions {
  readonly places: Places;
  readonly store: Store;
  readonly watch: Watch;
  readonly starts: Starts | undefined;
  readonly tags: Tags;
  readonly curves: Curves;
  readonly progress: ProgressBook;
  /** Everything that can be begun; loaded when it is first asked for. */
  commands(): Promise<readonly CommandInfo[]>;
  /** A run by its id, or by that of its start; of one that is not a run yet, the start alone. */
  find(id: string): Promise<{ readonly run?: Found; readonly start?: Start } | undefined>;
  /** The path of a run's folder below the root. */
  nameOf(folder: string): string;
  /** Events of one run, or of all. */
  channel(id?: string): Promise<Channel>;
  changed(id: string, status: RunRow["status"] | "gone", folder?: string): void;
  close(): Promise<void>;
}

/** Milliseconds between two looks. */
const pause = 300;

/** @throws UserError  if another studio serves the folder already, or its index cannot be used */
export async function openStudio(options: StudioOptions): Promise<Studio> {
  await makeFolder(options.root);
  const root = realpathSync(options.root);
  const own = join(root, ".studio");
  await makeFolder(own);
  const places = { root, uploads: join(own, "uploads"), data: options.data.map((folder) => realpathSync(folder)), cwd: process.cwd() };
  const tags = openTags(join(own, "tags.json"));
  const held = options.readOnly ? undefined : lockStudio(own, options.root);
  if (held) await clearUploads(places.uploads);
  const store = await openIndex(root).catch((error: unknown) => {
    held?.release();
    throw error;
  });
  let commands: Promise<readonly CommandInfo[]> | undefined;
  const followers = openFollowers();
  const { curves, publish } = followers;
  const progress = progressBook();
  const nameOf = (folder: string): string => relative(root, folder).split(sep).join("/");
  const runAt = (folder: string): Promise<Found | undefined> =>
    store.selectFrom("runs").selectAll().where("folder", "=", folder).executeTakeFirst();

  /** Whoever follows a run has its rows before they are told that it is over. */
  const changed: Studio["changed"] = (id, status, folder) => {
    if (status === "gone") curves.forget(id);
    if (status !== "running") progress.forget(id);
    const before = followers.follows(id) && folder !== undefined ? curves.advance(id, folder).catch(() => undefined) : Promise.resolve();
    void before.then(() => publish({ kind: "run", run: id, status }));
    const start = folder === undefined ? undefined : starts?.of(nameOf(folder));
    if (start && followers.follows(start.id)) publish({ kind: "run", run: start.id, status });
  };
  const watch = await openWatch(store, root, changed);

  /** A start that has begun or ended says so for itself, and for its run if there is one: whose failure to go on is news too. */
  async function told(start: Start): Promise<void> {
    const folder = join(root, start.name);
    if (start.ended && existsSync(folder)) await watch.refresh(folder);
    const run = await runAt(folder);
    publish({ kind: "run", run: start.id, status: run?.status ?? statusOf(start) });
    if (run) publish({ kind: "run", run: run.id, status: run.status });
  }
  const starts =
    held &&
    openStarts({
      ...options,
      root,
      program: options.program ?? ownProgram,
      changed: (start) => void told(start).catch(() => undefined), // the folder may go meanwhile
    });

  async function find(id: string) {
    const start = starts?.get(id);
    if (start) {
      const run = await runAt(join(root, start.name));
      return { run, start: run ? starts?.of(start.name) : start };
    }
    const run = await runById(store, id);
    if (run && !isBelow(root, run.folder)) return undefined; // the index has come here with another folder
    return run && { run, start: starts?.of(nameOf(run.folder)) };
  }

  async function channel(id?: string): Promise<Channel> {
    return id === undefined ? followers.everyone : followers.channel(id, (await runById(store, id))?.folder);
  }

  /** Rows for those who follow, new and changed runs, how far they are. */
  async function look(): Promise<void> {
    starts?.tick();
    const going = starts?.all().filter(isGoing) ?? [];
    await watch.tick(new Set(going.map(({ name }) => join(root, name))));
    const running = watch.running();
    for (const [id, folder] of running) {
      if (followers.follows(id)) await curves.advance(id, folder);
      const start = going.find(({ name }) => name === nameOf(folder));
      const said = starts && start ? readLog(starts.logOf(start)).progress : await stepOf(store, id);
      const news = said && progress.note(id, said.step, said.total);
      if (news) publish({ kind: "progress", run: id, ...news });
    }
  }
  const stop = repeated(look);

  return {
    ...options,
    places,
    store,
    watch,
    starts,
    tags,
    curves,
    progress,
    commands: () => (commands ??= commandInfos(options.registry)),
    find,
    nameOf,
    channel,
    changed,
    async close() {
      starts?.close();
      await stop();
      followers.close();
      await store.destroy();
      held?.release();
    },
  };
}

/** One studio a folder may change something there: two would begin what waits twice. */
function lockStudio(own: string, root: string): Lock {
  try {
    return lock(own);
  } catch (error) {
    if (error instanceof UserError && /another process/.test(error.message))
      throw new UserError(
        `another studio serves ${root} (process ${ownerProcess(own) ?? "elsewhere"})`,
        "open that one, or begin this with --read-only",
      );
    throw error;
  }
}

/** Looks again and again; answers how to stop. A folder that goes while it is looked at is no reason to. */
function repeated(look: () => Promise<void>): () => Promise<void> {
  const closing = new AbortController();
  const looking = (async () => {
    while (!closing.signal.aborted) {
      await look().catch((error: Error) => process.env.PUSHFORWARD_DEBUG && process.stderr.write(`${error.stack}\n`));
      await setTimeout(pause, undefined, { signal: closing.signal }).catch(() => undefined);
    }
  })();
  return async () => {
    closing.abort();
    await looking;
  };
}

/** By the rows of metrics: of runs that were begun elsewhere. */
async function stepOf(store: Store, id: string): Promise<{ step: number; total: number } | undefined> {
  const run = await store.selectFrom("runs").select("step").where("id", "=", id).executeTakeFirst();
  const fact = await store.selectFrom("facts").select("number").where("run", "=", id).where("key", "=", "config.steps").executeTakeFirst();
  return run && typeof fact?.number === "number" ? { step: run.step, total: fact.number } : undefined;
}
