/** A long list of runs of which pages are asked for when they come in sight. */
import { SvelteMap } from "svelte/reactivity";
import type { RunList, RunRow } from "../../src/studio/api.ts";
import { ask } from "../server.ts";

/** Runs a page. */
const length = 200;

export interface PagedRuns {
  readonly total: number | undefined;
  readonly unread: number;
  readonly facts: readonly string[];
  readonly error: unknown;
  readonly row: (index: number) => RunRow | undefined;
  /** Asks for what is in sight and not here. */
  readonly show: (first: number, end: number) => void;
  /** Begins anew with another question; or asks the same again, and shows what there was until the answer comes. */
  readonly question: (query: string) => void;
  readonly refresh: () => void;
  /** How far a run is, without asking. */
  readonly progressed: (id: string, step: number, total: number) => void;
}

export function pagedRuns(): PagedRuns {
  const pages = new SvelteMap<number, readonly RunRow[]>();
  const asked = new Set<number>();
  let query = "";
  /** Answers to earlier questions are not looked at. */
  let round = 0;
  let sight = { first: 0, end: length };
  let total: number | undefined = $state();
  let unread = $state(0);
  let facts: readonly string[] = $state.raw([]);
  let error: unknown = $state();

  async function load(page: number): Promise<void> {
    if (asked.has(page)) return;
    asked.add(page);
    const mine = round;
    try {
      const answer = await ask<RunList>(`runs?${query}&offset=${page * length}&limit=${length}`);
      if (mine !== round) return;
      [total, facts, unread, error] = [answer.total, answer.facts, answer.unread, undefined];
      pages.set(page, answer.runs);
    } catch (thrown) {
      if (mine === round) error = thrown;
    }
  }

  const loadSight = (): void => {
    for (let page = Math.floor(sight.first / length); page * length < Math.max(1, sight.end); page++) void load(page);
  };
  const refresh = (): void => {
    round++;
    asked.clear();
    loadSight();
  };

  return {
    get total() {
      return total;
    },
    get unread() {
      return unread;
    },
    get facts() {
      return facts;
    },
    get error() {
      return error;
    },
    row: (index) => pages.get(Math.floor(index / length))?.[index % length],
    show(first, end) {
      sight = { first, end };
      loadSight();
    },
    question(text) {
      if (text === query && round > 0) return;
      query = text;
      pages.clear();
      refresh();
    },
    refresh,
    progressed(id, step, total) {
      for (const [page, rows] of pages) {
        const at = rows.findIndex((row) => row.id === id);
        if (at >= 0) pages.set(page, rows.with(at, { ...rows[at], step, total }));
      }
    },
  };
}
