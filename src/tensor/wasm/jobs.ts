/**
 * Work that threads share. The driver begins a job, does its own part and waits for the others; whatever takes less than that is done by it alone.
 * Parts are cut where no sum is, so that all numbers are those of one thread, bit by bit.
 */
import type { Code } from "./code.ts";
import type { ModuleWriter } from "./module.ts";
import type { Start } from "./place.ts";
import { type Place, pushPlace } from "./place.ts";

/** Microseconds that a job must take by itself: beginning one and waiting takes one or two, and some tens if a thread was asleep. */
export const worthwhile = 20;

/** What threads call each other by. */
export const signatures = { fork: { params: ["i32"], results: [] }, join: { params: [], results: [] } } as const;

/** A part of a job. */
export interface JobPart {
  readonly code: Code;
  /** Items of the part. */
  readonly count: number;
  /** Where the part begins, of items that are so many bytes apart. */
  readonly start: Start;
  /** Pushes the address of the thread's own room. */
  room(): void;
}

/** Work on items of which any may be done apart from the others. */
export interface Divisible {
  /** By one thread. */
  readonly microseconds: number;
  readonly length: number;
  /** A part begins at multiples of so many. */
  readonly multiple: number;
}

export interface Jobs {
  /** Writes a job of all threads, the last of which has the rest of the items, and calls it. @returns whether that pays; else nothing is written */
  share(code: Code, work: Divisible, write: (part: JobPart) => void): boolean;
  /** The function that does a part of a job, both as numbers; none if there are no jobs. */
  finish(): number | undefined;
}

/**
 * @param room   address of the threads' own rooms, one behind another, each of so many bytes
 * @param least  microseconds of a job
 */
export function jobsOf(
  writer: ModuleWriter,
  threads: number,
  room: { readonly address: number; readonly bytes: number },
  least: number,
): Jobs {
  const functions: number[] = [];
  return {
    share(driver, { microseconds, length, multiple }, write) {
      const each = Math.floor(length / threads / multiple) * multiple;
      if (microseconds < least || each === 0) return false;
      const job = functions.length;
      const func = writer.func({ params: ["i32"], results: [] }, (code) => {
        const start: Start = (place: Place, step: number) => () => {
          pushPlace(code, place);
          code.get(0);
          code.i32(each * step);
          code.op("i32.mul", "i32.add");
        };
        const ownRoom = (): void => {
          code.get(0);
          code.i32(room.bytes);
          code.op("i32.mul");
          code.i32(room.address);
          code.op("i32.add");
        };
        const part = (count: number): void => write({ code, count, start, room: ownRoom });
        const last = length - (threads - 1) * each;
        if (last === each) return part(each);
        code.get(0);
        code.i32(threads - 1);
        code.op("i32.eq");
        code.branch(
          () => part(last),
          () => part(each),
        );
      });
      functions.push(func);
      driver.i32(job);
      driver.call(writer.imported("fork"));
      driver.i32(0);
      driver.call(func);
      driver.call(writer.imported("join"));
      return true;
    },
    finish() {
      if (functions.length === 0) return undefined;
      return writer.func({ params: ["i32", "i32"], results: [] }, (code) => {
        functions.forEach((func, job) => {
          code.get(0);
          code.i32(job);
          code.op("i32.eq");
          code.branch(() => {
            code.get(1);
            code.call(func);
          });
        });
      });
    },
  };
}
