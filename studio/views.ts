/** What is shown where: the first word of the address, and the code that is loaded for it. */
import type { Component } from "svelte";
import type { Route } from "./route.ts";
import { isStatic } from "./settings.svelte.ts";

export type View = Component<{ route: Route }>;

interface Place {
  readonly head: string;
  readonly title: string;
  /** Whether it can be shown without a server; "only" without one. */
  readonly alone: boolean | "only";
  /** Whether it stands in the line of places. */
  readonly listed: boolean;
  readonly load: (path: readonly string[]) => Promise<{ readonly default: View }>;
}

/** One import a function: Vite loads the wrong style with one of two that stand in one expression. */
const runs = () => import("./runs/Runs.svelte");
const run = () => import("./run/RunPage.svelte");
const gallery = () => import("./demos/Gallery.svelte");
const demo = () => import("./demos/DemoPage.svelte");

const all: readonly Place[] = [
  {
    head: "runs",
    title: "Runs",
    alone: false,
    listed: true,
    load: ([, id]) => (id === undefined ? runs() : run()),
  },
  { head: "compare", title: "Compare", alone: false, listed: false, load: () => import("./runs/Compare.svelte") },
  { head: "sweeps", title: "Sweeps", alone: false, listed: true, load: () => import("./runs/Sweeps.svelte") },
  { head: "new", title: "New run", alone: false, listed: true, load: () => import("./new/NewRun.svelte") },
  {
    head: "demos",
    title: "Demos",
    alone: true,
    listed: true,
    load: ([, name]) => (name === undefined ? gallery() : demo()),
  },
  { head: "tour", title: "Tour", alone: false, listed: true, load: () => import("./run/Tour.svelte") },
  { head: "reports", title: "Reports", alone: "only", listed: true, load: () => import("./docs/Reports.svelte") },
  { head: "docs", title: "Docs", alone: true, listed: true, load: () => import("./docs/Docs.svelte") },
];

export const places: readonly Place[] = all.filter(({ alone }) => (isStatic ? alone !== false : alone !== "only"));

/** Where a route leads; the first place for none; undefined for one that there is not. */
export const placeOf = ({ path }: Route): Place | undefined =>
  path.length === 0 ? places[0] : places.find(({ head }) => head === path[0]);
