/** Compiled programs by signature: a bounded number, the one that was used longest ago goes first. */

interface Entry<P> {
  readonly program: Promise<P>;
  /** Calls that use it now. */
  active: number;
  /** It is no longer in the cache: the last call that uses it frees it. */
  dropped: boolean;
}

interface ProgramCache<P> {
  /** Runs a job with the program of a signature, made if there is none. */
  use<R>(key: string, make: () => Promise<P>, job: (program: P) => Promise<R>): Promise<R>;
  dispose(): Promise<void>;
}

/** @param release  frees a program that no call uses any more */
export function programCache<P>(most: number, release: (program: P) => Promise<void> | undefined): ProgramCache<P> {
  // a Map keeps the order in which its keys came: the first is the one used longest ago
  const entries = new Map<string, Entry<P>>();
  const free = async (entry: Entry<P>): Promise<void> => {
    if (entry.dropped && entry.active === 0) await release(await entry.program);
  };
  const drop = (key: string, entry: Entry<P>): Promise<void> => {
    entries.delete(key);
    entry.dropped = true;
    return free(entry);
  };
  return {
    async use(key, make, job) {
      const known = entries.get(key);
      const entry = known ?? { program: make(), active: 0, dropped: false };
      entries.delete(key);
      entries.set(key, entry);
      entry.active++;
      try {
        const program = await entry.program.catch((error: unknown) => {
          if (entries.get(key) === entry) entries.delete(key);
          throw error;
        });
        if (entries.size > most) {
          const [oldest] = entries;
          await drop(...oldest);
        }
        return await job(program);
      } finally {
        entry.active--;
        if (entry.dropped) await free(entry).catch(() => undefined);
      }
    },
    async dispose() {
      await Promise.all([...entries].map(([key, entry]) => drop(key, entry)));
    },
  };
}
