/** Contenders in processes of their own. */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";

export interface Measured {
  first: number | null;
  times: number[];
  peak: number;
}

/** One contender: runs a task some times and says how long each took (ms). */
export interface Runner {
  readonly name: string;
  run(task: string, reps: number): Promise<Measured | undefined>;
  close(): void;
}

/** A peer in a process of its own that answers one JSON line per request: times, or why it cannot do the task. */
export function external(name: string, command: string, args: readonly string[], env: Record<string, string>): Runner {
  const child: ChildProcess = spawn(command, args, { stdio: ["pipe", "pipe", "ignore"], env: { ...process.env, ...env } });
  const waiting: ((line: string | undefined) => void)[] = [];
  createInterface({ input: child.stdout as NodeJS.ReadableStream }).on("line", (line) => waiting.shift()?.(line));
  let dead = false;
  child.on("exit", () => {
    dead = true;
    for (const resolve of waiting) resolve(undefined);
  });
  return {
    name,
    async run(task, reps) {
      if (dead) return undefined;
      const line = await new Promise<string | undefined>((resolve) => {
        waiting.push(resolve);
        child.stdin?.write(`${JSON.stringify({ task, reps })}\n`);
      });
      const answer = JSON.parse(line ?? "{}") as Partial<Measured>;
      return answer.times ? (answer as Measured) : undefined;
    },
    close: () => child.kill(),
  };
}
