/** A run as it goes on: what it is, its curves, how far it is. */
import { untrack } from "svelte";
import type { RunDetail, Series } from "../../src/studio/api.ts";
import { ask, calmly, follow } from "../server.ts";
import { announce } from "../settings.svelte.ts";
import { type Courses, coursesOf, grown, isTooLong, mostPoints } from "./course.ts";

export interface LiveRun {
  readonly detail: RunDetail | undefined;
  readonly courses: Courses;
  readonly step: number;
  readonly total: number | undefined;
  /** Seconds, while it runs. */
  readonly left: number | undefined;
  readonly error: unknown;
  readonly refresh: () => void;
  /** Asks and listens no more: the run is about to go; and again, if it did not. */
  readonly leave: () => void;
  readonly listen: () => void;
}

/**
 * Follows a run for as long as the effect in which it is called lives.
 * @param onlasting  told the run's own id, where `id` is that of its start
 */
export function liveRun(id: string, onlasting: (id: string) => void): LiveRun {
  let detail: RunDetail | undefined = $state.raw();
  let courses: Courses = $state.raw(new Map());
  let progress: { readonly step: number; readonly total: number; readonly left?: number } | undefined = $state.raw();
  let error: unknown = $state();

  async function loadCourses(): Promise<void> {
    if (!detail?.metrics.length) return;
    const names = detail.metrics.join(",");
    courses = coursesOf(await ask<Series[]>(`runs/${id}/metrics?${new URLSearchParams({ names, points: String(mostPoints) })}`));
  }
  async function load(): Promise<void> {
    try {
      const before = detail?.status;
      detail = await ask<RunDetail>(`runs/${id}`);
      if (detail.id !== id) onlasting(detail.id);
      error = undefined;
      if (before !== undefined && before !== detail.status) announce(`${detail.name} is ${detail.status}`);
      await loadCourses();
    } catch (thrown) {
      error = thrown;
    }
  }
  const refresh = calmly(() => void (end && load()), 300);
  let end: (() => void) | undefined;

  const leave = (): void => {
    end?.();
    end = undefined;
  };
  const listen = (): void => {
    void load();
    end = follow(`?run=${encodeURIComponent(id)}`, (event) => {
      if (event.kind === "run" && event.status === "gone") {
        leave();
        error = new Error("the run was deleted");
      } else if (event.kind === "progress") progress = event;
      else if (event.kind === "rows") {
        courses = grown(courses, event.rows);
        if (
          isTooLong(courses) ||
          event.rows.some((row) => Object.keys(row).some((name) => name !== "step" && !detail?.metrics.includes(name)))
        )
          refresh();
      } else refresh();
    });
  };
  $effect(() => {
    untrack(listen);
    return leave;
  });

  return {
    get detail() {
      return detail;
    },
    get courses() {
      return courses;
    },
    get step() {
      return Math.max(progress?.step ?? 0, detail?.step ?? 0);
    },
    get total() {
      return progress?.total ?? detail?.total;
    },
    get left() {
      return detail?.status === "running" ? progress?.left : undefined;
    },
    get error() {
      return error;
    },
    refresh,
    leave,
    listen,
  };
}
