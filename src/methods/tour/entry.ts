/** What the tour is made of: commands with answers that are known. */
import type { z } from "zod";

/** A number beside the number that it should be. */
export interface Verdict {
  readonly value: number;
  readonly truth: number;
  readonly tolerance: number;
  /** Whether the value should be the truth, or at least as great. */
  readonly how: "equal" | "at least";
  /** What the number is, and what it is compared with. */
  readonly words: string;
}

/** One method at work. */
export interface TourEntry {
  readonly name: string;
  /** What the method is for, in a sentence. */
  readonly purpose: string;
  /** Words of the command, and its options. */
  readonly command: readonly string[];
  readonly options: (quick: boolean) => Readonly<Record<string, unknown>>;
  readonly arguments?: readonly string[];
  /** For commands that make no run: does the work in a folder, pictures below `artifacts`, and gives the results. */
  readonly work?: (folder: string) => Promise<unknown>;
  /** The npm package of its data, which comes with the repository alone. */
  readonly needs?: string;
  /** @throws ZodError  for results of another form */
  readonly judge: (results: unknown) => Verdict;
  /** Name of the picture among those of its run. */
  readonly figure: string;
  /** The same with data of one's own. */
  readonly own: string;
  /** Its page in docs/. */
  readonly page: string;
}

/** A verdict on results of a form. */
export const judgedBy =
  <S extends z.ZodType>(form: S, verdict: (results: z.infer<S>) => Verdict): TourEntry["judge"] =>
  (results) =>
    verdict(form.parse(results));

/** Whether a number is what it should be. */
export const isRight = ({ value, truth, tolerance, how }: Verdict): boolean =>
  how === "equal" ? Math.abs(value - truth) <= tolerance : value >= truth - tolerance;
