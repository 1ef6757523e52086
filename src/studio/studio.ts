/** What the server knows and does, whoever asks: the runs below a root, those begun from the page, and who looks on. */
import { existsSync, mkdirSync, realpathSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { setTimeout } from "node:timers/promises";
import type { Registered } from "../lab/command.ts";
import { type Lock, lock } from "../lab/lock.ts";
import { indexFile, openStore, type Store } from "../lab/store/database.ts";
import { type Found, runById } from "../lab/store/query.ts";
import { ownProgram } from "../lab/sweep/child.ts";
import type { Event, RunRow } from "./api.ts";
import { type Curves, openCurves } from "./curves.ts";
import { type Channel, openChannel } from "./events.ts";
import { readLog } from "./log.ts";
import type { Places } from "./places.ts";
import { type ProgressBook, progressBook } from "./progress.ts";
import { isGoing, openStarts, type Start, type Starts } from "./starts.ts";
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
  /** A run by its id, or by that of its start; of one that is not a run yet, the start alone. */
  find(id: string): Promise<{ readonly run?: Found; readonly start?: Start } | undefined>;
  /** The path of a run's folder below the root. */
  nameOf(folder: string): string;
  /** Events of one run, or of all. */
  channel(id?: string): Promise<Channel>;
  changed(id: string, status: RunRow["status"] | "gone", folder?: string): void;
  close(): Promise<void>;
}

/** Milliseconds between two looks, and for which a run is followed after the last reader has left. */
const [pause, grace] = [300, 60_000];

/** @throws UserError  if another studio serves the folder already, or its index cannot be used */
export async function openStudio(options: StudioOptions): Promise<Studio> {
  mkdirSync(options.root, { recursive: true });
  const root = realpathSync(options.root);
  const own = join(root, ".studio");
  mkdirSync(own, { recursive: true });
  const held: Lock | undefined = options.readOnly ? undefined : lock(own);
  const uploads = join(own, "uploads");
  if (held) await clearUploads(uploads);
  const store = await openStore(indexFile(root));
  const everyone = openChannel();
  const channels = new Map<string, Channel>();
  const progress = progressBook();
  const nameOf = (folder: string): string => relative(root, folder).split(sep).join("/");
  const runAt = (folder: string): Promise<Found | undefined> =>
    store.selectFrom("runs").selectAll().where("folder", "=", folder).executeTakeFirst();

  const publish = (event: Exclude<Event, { kind: "again" }>): void => {
    if (event.kind !== "rows") everyone.publish(event);
    channels.get(event.run)?.publish(event);
  };
  const curves = openCurves({
    follows: (id) => channels.has(id),
    tell(id, { rows, again }) {
      if (again) channels.get(id)?.publish({ kind: "again" });
      for (let i = 0; i < rows.length; i += 500) publish({ kind: "rows", run: id, rows: rows.slice(i, i + 500) });
    },
  });
  /** Whoever follows a run has its rows before they are told that it is over. */
  const changed: Studio["changed"] = (id, status, folder) => {
    if (status === "gone") curves.forget(id);
    if (status !== "running") progress.forget(id);
    const before = channels.has(id) && folder !== undefined ? curves.advance(id, folder).catch(() => undefined) : Promise.resolve();
    void before.then(() => publish({ kind: "run", run: id, status }));
    const start = folder === undefined ? undefined : starts?.of(nameOf(folder));
    if (start) channels.get(start.id)?.publish({ kind: "run", run: start.id, status });
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
    if (start) return { start, run: start.kind === "new" || start.kind === "fork" ? await runAt(join(root, start.name)) : undefined };
    const run = await runById(store, id);
    return run && { run, start: starts?.of(nameOf(run.folder)) };
  }

  async function channel(id?: string): Promise<Channel> {
    if (id === undefined) return everyone;
    const run = await runById(store, id);
    if (run) await curves.advance(id, run.folder); // what there is already is no news
    const known = channels.get(id);
    if (known) return known;
    const left = (): void => void setTimeout(grace, undefined, { ref: false }).then(() => made.readers === 0 && leave());
    const leave = (): void => {
      made.close();
      if (channels.get(id) === made) channels.delete(id);
    };
    const made = openChannel({ left });
    channels.set(id, made);
    return made;
  }

  /** Rows for those who follow, new and changed runs, how far they are. */
  async function look(): Promise<void> {
    starts?.tick();
    const going = starts?.all().filter(isGoing) ?? [];
    await watch.tick(new Set(going.map(({ name }) => join(root, name))));
    const running = watch.running();
    for (const [id, folder] of running) {
      if (channels.has(id)) await curves.advance(id, folder);
      const start = going.find(({ name }) => name === nameOf(folder));
      const said = starts && start ? readLog(starts.logOf(start)).progress : await stepOf(store, id);
      const news = said && progress.note(id, said.step, said.total);
      if (news) publish({ kind: "progress", run: id, ...news });
    }
  }
  const closing = new AbortController();
  const looking = (async () => {
    while (!closing.signal.aborted) {
      // a folder that goes while it is looked at is no reason to stop looking
      await look().catch((error: Error) => process.env.PUSHFORWARD_DEBUG && process.stderr.write(`${error.stack}\n`));
      await setTimeout(pause, undefined, { signal: closing.signal }).catch(() => undefined);
    }
  })();

  return {
    ...options,
    places: { root, uploads, data: options.data.map((folder) => realpathSync(folder)), cwd: process.cwd() },
    store,
    watch,
    starts,
    tags: openTags(join(own, "tags.json")),
    curves,
    progress,
    find,
    nameOf,
    channel,
    changed,
    async close() {
      closing.abort();
      await looking;
      for (const each of [everyone, ...channels.values()]) each.close();
      await store.destroy();
      held?.release();
    },
  };
}

/** Of one that is not a run yet. */
export const statusOf = (start: Start): RunRow["status"] => (start.ended ? "failed" : isGoing(start) ? "running" : "waiting");

/** By the rows of metrics: of runs that were begun elsewhere. */
async function stepOf(store: Store, id: string): Promise<{ step: number; total: number } | undefined> {
  const run = await store.selectFrom("runs").select("step").where("id", "=", id).executeTakeFirst();
  const fact = await store.selectFrom("facts").select("number").where("run", "=", id).where("key", "=", "config.steps").executeTakeFirst();
  return run && typeof fact?.number === "number" ? { step: run.step, total: fact.number } : undefined;
}
