/** A run tells the shared index how far it is. */
import { openStore, type Store } from "../store/database.ts";
import { syncRun } from "../store/sync.ts";
import type { Logger } from "./logger.ts";

/** Milliseconds between two reports. */
const pause = 2000;

export function storeLogger(folder: string, place: string): Logger {
  let store: Promise<Store> | undefined;
  let told = Number.NEGATIVE_INFINITY;
  const tell = async (status: "running" | "stopped" | "done"): Promise<void> => {
    store ??= openStore(place);
    await syncRun(await store, folder, status);
  };
  return {
    async saved() {
      if (performance.now() - told < pause) return;
      told = performance.now();
      await tell("running");
    },
    async ended(done) {
      await tell(done ? "done" : "stopped");
      await (await store)?.destroy();
    },
  };
}
