/** Waits for what other processes write, by the system's word and not by looking again and again. */
import { watch } from "node:fs";

/** Resolves when it is so; asked once the folder is watched, and after every change in it. */
export const until = (folder: string, isSo: () => boolean): Promise<void> =>
  new Promise((resolve) => {
    const look = (): void => {
      if (!isSo()) return;
      watcher.close();
      resolve();
    };
    const watcher = watch(folder, look);
    look();
  });
