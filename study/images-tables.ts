/** Results of runs of `pushforward images` side by side, as tables in Markdown. */
import { estimate } from "../src/sampling/index.ts";

interface Error {
  readonly mean: number;
  readonly se: number;
}

/** What is read of results.json. */
export interface RunResults {
  readonly psnr?: Readonly<Record<string, number>>;
  readonly ssim?: Readonly<Record<string, number>>;
  readonly gain?: { readonly psnr: Error; readonly ssim: Error };
  readonly frechetExcess?: Error | null;
  readonly prdc?: { readonly precision: number; readonly recall: number; readonly coverage: number } | { readonly none: string };
  readonly bitsPerDimension?: Error;
  readonly evaluations: number;
  readonly seconds: number;
}

/** A row of a table: a method, its steps, and its runs, one a seed. */
export interface MethodRuns {
  readonly method: string;
  readonly secondsOfStep: number;
  readonly steps: number;
  readonly runs: readonly RunResults[];
}

type Read = (run: RunResults) => Error | number | null | undefined;

/**
 * Mean over runs, and the greater of two errors: over runs, of which two tell little, and over the pictures that all were judged by, which more
 * runs do not make smaller.
 */
function over(runs: readonly RunResults[], read: Read): Error | undefined {
  const found = runs.flatMap((run) => {
    const value = read(run);
    return value === null || value === undefined ? [] : [typeof value === "number" ? { mean: value, se: 0 } : value];
  });
  if (found.length === 0) return undefined;
  const { mean, error } = estimate(found.map((value) => value.mean));
  const ofPictures = Math.sqrt(found.reduce((sum, { se }) => sum + se ** 2, 0) / found.length);
  return { mean, se: Math.max(Number.isNaN(error) ? 0 : error, ofPictures) };
}

const text = (value: Error | undefined, digits: number): string =>
  value === undefined ? "–" : `${value.mean.toFixed(digits)}${value.se > 0 ? ` ± ${value.se.toFixed(digits)}` : ""}`;

interface Column {
  readonly title: string;
  readonly digits: number;
  readonly read: Read;
}

const ofPrdc =
  (name: "precision" | "recall" | "coverage"): Read =>
  ({ prdc }) =>
    prdc && !("none" in prdc) ? prdc[name] : undefined;

const generated: readonly Column[] = [
  { title: "Fréchet excess", digits: 2, read: (run) => run.frechetExcess },
  { title: "precision", digits: 3, read: ofPrdc("precision") },
  { title: "recall", digits: 3, read: ofPrdc("recall") },
  { title: "coverage", digits: 3, read: ofPrdc("coverage") },
  { title: "bits/dim", digits: 2, read: (run) => run.bitsPerDimension },
];

/** @param baseline  what does without a model */
const restored = (baseline: string): readonly Column[] => [
  { title: "PSNR, dB", digits: 2, read: (run) => run.psnr?.model },
  { title: `over ${baseline}`, digits: 2, read: (run) => run.gain?.psnr },
  { title: "SSIM", digits: 3, read: (run) => run.ssim?.model },
  { title: `over ${baseline}`, digits: 3, read: (run) => run.gain?.ssim },
];

const last: readonly Column[] = [
  { title: "evaluations", digits: 0, read: (run) => run.evaluations },
  { title: "seconds", digits: 0, read: (run) => run.seconds },
];

const baselineOf = (runs: readonly RunResults[]): string | undefined =>
  runs.flatMap(({ psnr }) => Object.keys(psnr ?? {})).find((name) => name !== "model");

const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

/** Lines of a table of one task; seconds are those of whole runs, with judging. */
export function tableOf(methods: readonly MethodRuns[]): string[] {
  const all = methods.flatMap(({ runs }) => runs);
  const baseline = baselineOf(all);
  const columns = [...(baseline === undefined ? generated : restored(baseline)), ...last];
  const rows = methods.map(({ method, secondsOfStep, steps, runs }) => [
    ...[method, String(steps), (1000 * secondsOfStep).toFixed(1)],
    ...columns.map(({ digits, read }) => text(over(runs, read), digits)),
  ]);
  const simple = (read: Read, digits: number): string => text(over(all, read), digits);
  const without =
    baseline === undefined
      ? []
      : [
          [baseline, "", "", simple(({ psnr }) => psnr?.[baseline], 2), "", simple(({ ssim }) => ssim?.[baseline], 3)].concat(
            columns.slice(3).map(() => ""),
          ),
        ];
  const titles = ["method", "steps", "ms a step", ...columns.map(({ title }) => title)];
  return [line(titles), line(titles.map(() => "---")), ...[...rows, ...without].map(line)];
}

/** Where differences of neighbours are within so many of their standard errors, no order is seen. */
const certain = 1.96;

/** Methods from the best on: by the gain in PSNR, or the Fréchet excess. */
export function ranking(methods: readonly MethodRuns[]): string {
  const restores = methods.some(({ runs }) => baselineOf(runs) !== undefined);
  const scores = methods
    .flatMap(({ method, runs }) => {
      const score = over(runs, restores ? (run) => run.gain?.psnr : (run) => run.frechetExcess);
      return score ? [{ method, ...score, better: restores ? score.mean : -score.mean }] : [];
    })
    .toSorted((a, b) => b.better - a.better);
  if (scores.length === 0) return "nothing yet";
  const words = scores.map(({ method, mean, se }, i) => {
    const next = scores[i + 1];
    if (!next) return method;
    return `${method} ${Math.abs(mean - next.mean) > certain * Math.hypot(se, next.se) ? ">" : "≈"} `;
  });
  return `${words.join("")} by ${restores ? "PSNR" : "the Fréchet distance"}`;
}
