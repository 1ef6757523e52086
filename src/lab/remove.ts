/** Removing a run. */
import { rm } from "node:fs/promises";
import { UserError } from "../errors.ts";
import { diskError } from "./files.ts";
import { lock } from "./lock.ts";
import { readRecord } from "./record.ts";

/**
 * Removes the folder of a run.
 * @throws UserError  unless it holds this very run, on which nothing works
 */
export async function removeFolder({ id, folder }: { readonly id: string; readonly folder: string }): Promise<void> {
  const record = await readRecord(folder);
  if (record.id !== id) throw new UserError(`${folder} holds another run by now`, "list the runs again");
  const held = lock(folder);
  try {
    await rm(folder, { recursive: true });
  } catch (error) {
    throw diskError(folder, error);
  } finally {
    held.release();
  }
}
