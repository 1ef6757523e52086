/**
 * Keeps the index of runs up to date while the studio is open, by cheap looks: at the times of folders in which runs may come up, of the
 * files of those that work, and now and then of the others. Nothing is locked that does not look as if it worked: a lock that is tried is a
 * lock that a run about to begin might miss.
 */
import { statSync } from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { isLocked } from "../lab/lock.ts";
import type { Store } from "../lab/store/database.ts";
import { forget, outdated, scan, syncRun } from "../lab/store/sync.ts";
import type { RunRow } from "./api.ts";

export interface Watch {
  /** Looks once: at what works, at folders that are about to, and every so many looks at the others. */
  tick(expected: ReadonlySet<string>): Promise<void>;
  /** Reads a folder again at once. */
  refresh(folder: string): Promise<void>;
  /** Runs that work, as far as the last look tells: folder by id. */
  running(): ReadonlyMap<string, string>;
  /** Runs that lie there and are not in the index yet, as far as the last look tells. */
  unread(): number;
}

interface Known {
  readonly id: string | undefined;
  readonly status: string;
  readonly stamp: string;
  readonly metrics: string;
}

/** Looks between two at runs that do not work, and between two readings of one that does. */
const [seldom, reading] = [10, 4];

/** Runs that are read before anything is shown, and in one look after: thousands are read while one looks on, the newest first. */
const [atFirst, atOnce] = [200, 50];

export async function openWatch(
  store: Store,
  root: string,
  changed: (id: string, status: RunRow["status"] | "gone", folder?: string) => void,
): Promise<Watch> {
  const stale = newestFirst(await outdated(store, root));
  for (const folder of stale.splice(0, atFirst)) await syncRun(store, folder);
  const later = new Set(stale);
  const known = new Map<string, Known>();
  for (const row of await store.selectFrom("runs").select(["id", "folder", "status"]).execute())
    if (!later.has(row.folder))
      known.set(row.folder, {
        id: row.id,
        status: row.status,
        stamp: stampOf(row.folder),
        metrics: timeOf(join(row.folder, "metrics.jsonl")),
      });
  let unread = stale.length;
  let places = new Map<string, string>();
  let ticks = 0;
  let unsettled = true; // what came up while one looked is seen by a second look

  async function refresh(folder: string): Promise<void> {
    const before = known.get(folder);
    const stamp = stampOf(folder);
    const metrics = timeOf(join(folder, "metrics.jsonl"));
    await syncRun(store, folder);
    const row = await store.selectFrom("runs").select(["id", "status"]).where("folder", "=", folder).executeTakeFirst();
    known.set(folder, { id: row?.id, status: row?.status ?? "none", stamp, metrics });
    if (before?.id !== undefined && before.id !== row?.id) changed(before.id, "gone");
    if (row && (before?.id !== row.id || before.status !== row.status)) changed(row.id, row.status, folder);
  }

  /** Runs that are new, and those that are gone. */
  async function discover(): Promise<void> {
    const { runs, others } = scan(root);
    places = new Map(others.map((place) => [place, timeOf(place)]));
    const fresh = newestFirst(runs.filter((folder) => !known.has(folder)));
    unread = fresh.length;
    for (const folder of fresh.slice(0, atOnce)) {
      await refresh(folder);
      unread--;
      await setImmediate(); // the index answers without waiting: others have their turn here
    }
    const here = new Set(runs);
    for (const [folder, { id }] of known) {
      if (here.has(folder)) continue;
      known.delete(folder);
      if (id === undefined) continue;
      await forget(store, id);
      changed(id, "gone");
    }
  }

  async function look(folder: string, { status, stamp, metrics }: Known, expected: boolean): Promise<void> {
    const works = status === "running";
    if (!works && !expected && ticks % seldom !== 0) return;
    if (stampOf(folder) !== stamp || (works && !isLocked(folder))) return refresh(folder);
    if (works && ticks % reading === 0 && timeOf(join(folder, "metrics.jsonl")) !== metrics) await refresh(folder);
  }

  return {
    refresh,
    running: () =>
      new Map([...known].flatMap(([folder, { id, status }]) => (status === "running" && id !== undefined ? [[id, folder]] : []))),
    unread: () => unread,
    async tick(expected) {
      const moved = [...places].some(([place, time]) => timeOf(place) !== time);
      if (moved || unsettled) await discover();
      unsettled = moved || unread > 0;
      for (const [folder, state] of known) await look(folder, state, expected.has(folder));
      ticks++;
    },
  };
}

const newestFirst = (folders: readonly string[]): string[] => {
  const begun = new Map(folders.map((folder) => [folder, Number(timeOf(join(folder, "config.json"))) || 0]));
  return folders.toSorted((a, b) => begun.get(b)! - begun.get(a)!);
};

const timeOf = (path: string): string => String(statSync(path, { throwIfNoEntry: false })?.mtimeMs);

/** What changes when somebody begins to work on a run, and when it is done. */
const stampOf = (folder: string): string => ["owner", "config.json", "results.json"].map((name) => timeOf(join(folder, name))).join(" ");
