/** Metrics by step: what the server has thinned, and the rows that come after it. */
import type { CurvePoint } from "../../src/plots/curve.ts";
import type { Series } from "../../src/studio/api.ts";

export type Courses = ReadonlyMap<string, readonly CurvePoint[]>;

/** Points a curve; twice as many, and the server is asked to thin them again. */
export const mostPoints = 800;

export const coursesOf = (series: readonly Series[]): Courses =>
  new Map(
    series.map(({ name, step, low, high, last }) => [name, step.map((s, i) => ({ step: s, value: last[i], low: low[i], high: high[i] }))]),
  );

/** With rows that came since. Rows that are there already, after a stream broke, are not added twice. */
export function grown(courses: Courses, rows: readonly Readonly<Record<string, number | null>>[]): Courses {
  const all = new Map(courses);
  for (const { step, ...row } of rows)
    for (const [name, value] of Object.entries(row)) {
      const course = all.get(name) ?? [];
      if (step !== null && step > (course.at(-1)?.step ?? Number.NEGATIVE_INFINITY))
        all.set(name, [...course, { step, value, low: value, high: value }]);
    }
  return all;
}

export const isTooLong = (courses: Courses): boolean => [...courses.values()].some((course) => course.length > 2 * mostPoints);
