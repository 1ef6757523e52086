/** Ctrl-C: once to finish the step and keep the run, twice to stop at once. */

export interface Interrupt {
  /** Aborted after the first Ctrl-C (or SIGTERM): look at it between steps. */
  readonly signal: AbortSignal;
  /** Gives Ctrl-C back its usual meaning. */
  dispose(): void;
}

let signalled = false;

/** Has a signal asked this process to end? A run that pauses where it was told to has not been interrupted. */
export const wasInterrupted = (): boolean => signalled;

/** Exit code of a run that a signal ended, by convention 128 + 2. */
export const interruptedExitCode = 130;

/** Milliseconds after SIGTERM that a process has to end: what is lost since its last checkpoint is computed again. */
const mostFarewell = 15_000;

/**
 * Looks out for signals.
 * @param farewell  milliseconds after which SIGTERM ends the process, whatever it waits for: a server that is gone, a step without an end
 */
export function onInterrupt(tell: (message: string) => void = (m) => process.stderr.write(`\n${m}\n`), farewell = mostFarewell): Interrupt {
  const controller = new AbortController();
  const handle = (name: NodeJS.Signals): void => {
    if (name === "SIGTERM") setTimeout(() => process.exit(interruptedExitCode), farewell).unref();
    if (controller.signal.aborted) process.exit(interruptedExitCode);
    controller.abort();
    signalled = true;
    tell("finishing this step and saving the run; press Ctrl-C again to stop at once");
  };
  process.on("SIGINT", handle);
  process.on("SIGTERM", handle);
  return {
    signal: controller.signal,
    dispose() {
      process.off("SIGINT", handle);
      process.off("SIGTERM", handle);
    },
  };
}
