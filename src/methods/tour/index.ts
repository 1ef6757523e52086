/** `pushforward tour`: every method once, against known answers, on one page. */
import { availableParallelism } from "node:os";
import { z } from "zod";
import { nearest, UserError } from "../../errors.ts";
import { experiment, onInterrupt } from "../../lab/index.ts";
import { duration, formatNumber } from "../../numbers.ts";
import { tourEntries } from "./entries.ts";
import { isRight, type TourEntry } from "./entry.ts";
import { commandOf, tour as guided, type Stop } from "./guide.ts";

/** Steps of an entry on the line of progress. */
const fine = 100;

export const tour = experiment({
  name: "tour",
  summary: "every method once, on real data or exact problems, against known answers",
  examples: ["pushforward tour", "pushforward tour --quick", "pushforward tour --only graph,molecule"],
  notes: `Entries: ${tourEntries.map(({ name }) => name).join(", ")}.\nThe exit code is 1 if a known answer is missed.`,
  input: { name: "[names]", description: "entries with commas between them, as --only (default: all)" },
  options: z.object({ only: z.string().optional().describe("entries with commas between them (default: all)") }),
  metrics: { rows: [], results: ["entries.*.value", "entries.*.truth", "entries.*.tolerance", "entries.*.seconds"] },

  load: async (input, { only, data }) => {
    if (data !== undefined) throw new UserError("the tour has its own data: leave --data out");
    if (input !== undefined && only !== undefined) throw new UserError("give either names or --only, not both");
    return { name: "tour", title: "all methods", source: "built-in data and exact problems", entries: chosen(input ?? only) };
  },

  prepare: async (data, { quick, seed, threads }) => {
    const cores = threads ?? availableParallelism();
    const jobs = Math.min(2, cores);
    return {
      problem: { entries: data.entries, quick, seed, jobs, threads: Math.max(1, Math.floor(cores / jobs)) },
      source: data,
      label: "touring",
      folder: "tour",
      steps: data.entries.length * fine,
      config: { entries: data.entries.map(({ name }) => name) },
      warnings: [],
    };
  },

  async work(problem, { folder, progress }) {
    const { entries, quick } = problem;
    const line = progress("touring", entries.length * fine);
    const interrupt = onInterrupt(() => undefined); // the run tells
    const shares = new Map<string, number>();
    const report = (name: string, share: number): void => {
      shares.set(name, share);
      line.update(Math.round(fine * [...shares.values()].reduce((a, b) => a + b, 0)));
    };
    try {
      const stops = await guided(entries, { ...problem, folder, signal: interrupt.signal, report });
      return stops && foundOf(stops, quick);
    } finally {
      interrupt.dispose();
      line.finish();
    }
  },

  figures: ({ stops }, { quick }) =>
    stops.flatMap(({ svg, ...stop }) =>
      svg === undefined ? [] : [{ name: stop.entry.name, title: stop.entry.purpose, caption: captionOf(stop, quick), svg }],
    ),
});

/** @throws UserError  for names that there are not */
function chosen(names: string | undefined): readonly TourEntry[] {
  if (names === undefined) return tourEntries;
  const known = tourEntries.map(({ name }) => name);
  return names.split(",").map((text) => {
    const entry = tourEntries.find(({ name }) => name === text.trim());
    if (entry) return entry;
    const guess = nearest(text.trim(), known);
    throw new UserError(`the tour has no "${text.trim()}"`, guess ? `did you mean "${guess}"?` : `there are ${known.join(", ")}`);
  });
}

/** "1.418, known 1.420 ± 0.1: right". */
function saidOf({ verdict, failure }: Pick<Stop, "verdict" | "failure">): string {
  if (!verdict) return `failed: ${failure}`;
  const { value, truth, tolerance, how } = verdict;
  const wanted =
    how === "equal"
      ? `should be ${formatNumber(truth)} ± ${formatNumber(tolerance)}`
      : `should be at least ${formatNumber(truth - tolerance)}`;
  return `${formatNumber(value)}, ${wanted}: ${isRight(verdict) ? "right" : "MISSED"}`;
}

const captionOf = ({ entry, verdict, failure, seconds }: Stop, quick: boolean): string =>
  `${saidOf({ verdict, failure })}${verdict ? ` (${verdict.words})` : ""}. ${duration(seconds)} by: ${commandOf(entry, quick)}. With data of your own: ${entry.own}. More in docs/${entry.page}.`;

function foundOf(stops: readonly Stop[], quick: boolean) {
  const right = stops.filter(({ verdict }) => verdict && isRight(verdict)).length;
  const sentence = `${right} of ${stops.length} known answers were met`;
  return {
    stops,
    title: "A tour of all methods",
    summary: `${sentence}. Each picture below is of a run on real data or a problem with an exact answer; the line under it says what came out, what should have, and how to do the same with data of your own.`,
    numbers: stops.map((stop) => ({ name: stop.entry.name, value: saidOf(stop), note: stop.verdict?.words ?? "" })),
    tables: [
      {
        title: "Commands",
        columns: ["entry", "seconds", "command", "with data of one's own", "page"],
        rows: stops.map(({ entry, seconds }) => [entry.name, seconds.toFixed(1), commandOf(entry, quick), entry.own, `docs/${entry.page}`]),
      },
    ],
    warnings: stops.flatMap((stop) => (stop.verdict && isRight(stop.verdict) ? [] : [`${stop.entry.name}: ${saidOf(stop)}`])),
    results: {
      entries: stops.map(({ entry, verdict, failure, seconds }) => ({
        name: entry.name,
        ...{ value: verdict?.value ?? null, truth: verdict?.truth ?? null, tolerance: verdict?.tolerance ?? null },
        ...{ ok: verdict !== undefined && isRight(verdict), seconds, ...(failure !== undefined && { failure }) },
      })),
    },
    text: (took: string) => [...stops.map((stop) => `${stop.entry.name.padEnd(13)} ${saidOf(stop)}`), `${sentence}, in ${took}`],
    ...(right < stops.length && { exitCode: 1 }),
  };
}
