/** What the headers of many picture files say. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../../errors.ts";
import { each } from "./each.ts";
import type { Listed } from "./list.ts";
import { opened } from "./open.ts";
import { isSrgb } from "./profile.ts";
import { counted } from "./set.ts";
import type { Facts } from "./shape.ts";

/** A picture of a folder that can be read, as far as its header says. */
export interface Surveyed {
  readonly name: string;
  readonly label?: string;
  readonly heldOut: boolean;
  readonly facts: Facts;
}

/** @param after  called after each file */
export async function survey(folder: string, { names, labels, testFrom }: Listed, after: () => void): Promise<Tried<Surveyed>[]> {
  return each(
    names,
    (name, i) =>
      attempt(name, async () => ({
        ...{ name, label: labels?.[i], heldOut: testFrom !== undefined && i >= testFrom },
        facts: await factsOf(await readFile(join(folder, name)), name),
      })),
    after,
  );
}

async function factsOf(bytes: Uint8Array, name: string): Promise<Facts> {
  const { metadata } = await opened(bytes, name);
  const { autoOrient, channels, hasAlpha, pages = 1, space, icc } = metadata;
  const foreign = space === "cmyk" || (icc !== undefined && !isSrgb(icc));
  return { ...autoOrient, foreign, grey: channels - (hasAlpha ? 1 : 0) < 3, several: pages > 1 || isAnimatedPng(bytes) };
}

/** An animation says so before its first pixels. */
const isAnimatedPng = (bytes: Uint8Array): boolean => {
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 4096));
  return start.includes("acTL") && start.subarray(1, 4).toString("latin1") === "PNG";
};

/** A result, or why there is none. */
export type Tried<T> = { readonly value: T } | { readonly fault: string };

/** A file that cannot be read is no reason to stop. */
export async function attempt<T>(name: string, f: () => Promise<T>): Promise<Tried<T>> {
  try {
    return { value: await f() };
  } catch (error) {
    if (error instanceof UserError) return { fault: error.message };
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    return { fault: `${name}: ${message}` };
  }
}

/** What could be read; why the others could not goes to the faults. */
export function readable<T>(tried: readonly Tried<T>[], faults: string[]): T[] {
  return tried.flatMap((one) => {
    if ("value" in one) return [one.value];
    faults.push(one.fault);
    return [];
  });
}

/** A note about files that are left out. */
export function faultNotes(faults: readonly string[], all: number): string[] {
  if (faults.length === 0) return [];
  const shown = faults.toSorted().slice(0, 3).join("; ");
  return [`${faults.length} of ${counted(all, "file")} left out: ${shown}${faults.length > 3 ? `; and ${faults.length - 3} more` : ""}`];
}
