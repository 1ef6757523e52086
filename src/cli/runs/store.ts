/** The index that the `runs` commands ask: the team's, or the one beside the folders, brought up to date first. */
import { existsSync } from "node:fs";
import { UserError } from "../../errors.ts";
import { dropIndex, isDamage, openIndex, openStore, type Store } from "../../lab/store/database.ts";
import { type Found, findRun, listRuns, type Selection } from "../../lab/store/query.ts";
import { sharedStore } from "../../lab/store/shared.ts";
import { type Damaged, nameOf, syncRoot } from "../../lab/store/sync.ts";

/** @throws UserError  if there is neither a shared store nor a folder of runs */
export async function withStore<T>(root: string, job: (store: Store) => Promise<T>): Promise<T> {
  const shared = sharedStore();
  if (shared === undefined && !existsSync(root))
    throw new UserError(`there is no folder ${root}`, "--root says where the runs are; without --out, commands write below runs");
  const ask = async (): Promise<T> => {
    const store = await (shared === undefined ? openIndex(root) : openStore(shared));
    try {
      if (existsSync(root)) tell((await syncRoot(store, root)).damaged, root);
      return await job(store);
    } finally {
      await store.destroy();
    }
  };
  return ask().catch((error: unknown) => {
    if (shared !== undefined || !isDamage(error)) throw error;
    dropIndex(root); // damaged further in: a question found it
    return ask();
  });
}

/** Most damaged runs that are named. */
const mostNamed = 5;

/** Damaged runs are in no list: what they are is said beside it. */
function tell(damaged: readonly Damaged[], root: string): void {
  const named = damaged.slice(0, mostNamed).map(({ folder, why }) => `note: ${nameOf(folder, root)} is left out: ${why}\n`);
  const more = damaged.length > mostNamed ? [`note: so are ${damaged.length - mostNamed} more damaged runs\n`] : [];
  process.stderr.write([...named, ...more].join(""));
}

/** Text with commas as a list. */
export const listed = (text: string | undefined): string[] =>
  text
    ?.split(",")
    .map((t) => t.trim())
    .filter(Boolean) ?? [];

interface Some {
  readonly where?: string;
  readonly sort?: string;
  readonly limit?: number;
}

export const selection = ({ where, sort, limit }: Some): Selection => ({ where: listed(where), sort, limit });

/**
 * The runs that were named, or those that the conditions choose.
 * @throws UserError  if there is none
 */
export async function chosen(store: Store, names: readonly string[], options: Some): Promise<Found[]> {
  if (names.length === 0) {
    const ids = (await listRuns(store, selection(options))).map((run) => run.id);
    if (ids.length === 0) throw new UserError("no run fits", "`pushforward runs list` shows what there is");
    return inOrder(store, ids);
  }
  if (options.where !== undefined) throw new UserError("give either names of runs or --where, not both");
  const found: Found[] = [];
  for (const name of names) found.push(await findRun(store, name));
  return [...new Map(found.map((run) => [run.id, run])).values()];
}

async function inOrder(store: Store, ids: readonly string[]): Promise<Found[]> {
  const rows: Found[] = [];
  for (let i = 0; i < ids.length; i += 500)
    rows.push(
      ...(await store
        .selectFrom("runs")
        .selectAll()
        .where("id", "in", ids.slice(i, i + 500))
        .execute()),
    );
  return rows.toSorted((a, b) => ids.indexOf(a.id) - ids.indexOf(b.id));
}
