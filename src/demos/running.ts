/** A demo that goes on, from the frames that it makes one after the other, and what people take away. */
import { csvLines } from "../data/csv.ts";
import { type Column, table } from "../data/table.ts";
import type { Frame, Running, TakeAway } from "./demo.ts";

/** Frames of a generator; the work between two of them is done when the next one is asked for. */
export const running = (frames: AsyncGenerator<Frame, void>, files: Running["files"]): Running => ({
  async next() {
    const { value } = await frames.next();
    return value ?? undefined;
  },
  files,
});

/** A table to take away, as CSV. */
export const csvFile = (name: string, columns: readonly Column[]): TakeAway => ({
  name,
  type: "text/csv",
  bytes: new TextEncoder().encode([...csvLines(table(name, columns))].join("")),
});
