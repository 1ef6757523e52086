/** A harness that kills a run again and again, and compares what comes out with an undisturbed one. */
import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { randomStream } from "../../src/array/random.ts";

/** Metrics, results and artifacts by name, in base 64. */
type Products = Record<string, string>;

export interface Killed {
  readonly whole: Products;
  readonly killed: Products;
}

/**
 * @param job    a script that takes a folder and a number of steps, and says "training" and "trained" on standard output
 * @param kills  attempts; the last fifth aims at the artifacts
 * @param window milliseconds in which a death falls after the word, uniformly
 */
export async function killAtRandom(base: string, job: string, steps: number, kills: number, window: number): Promise<Killed> {
  const env = { ...process.env, NODE_COMPILE_CACHE: join(base, "compiled") }; // half the time to begin
  const begin = (name: string) =>
    spawn(process.execPath, [job, join(base, name), String(steps)], { stdio: ["ignore", "pipe", "inherit"], env });
  await toTheEnd(begin("whole"));
  const random = randomStream(1);
  const folder = join(base, "killed");
  for (let i = 0; i < kills; i++) {
    const child = begin("killed");
    const over = ended(child);
    const word = i < 0.8 * kills ? "training" : "trained";
    if (i % 8 !== 7) await says(child, word); // one in eight dies while it begins
    await setTimeout(random.uniform([1]).data[0] * window);
    child.kill("SIGKILL"); // no matter if it has ended
    await over;
    rmSync(join(folder, "results.json"), { force: true }); // it may have won the race: back to before its last word
  }
  await toTheEnd(begin("killed"));
  return { whole: products(join(base, "whole")), killed: products(folder) };
}

const ended = (child: ChildProcess) => new Promise<number | null>((resolve) => child.on("exit", resolve));

async function toTheEnd(child: ChildProcess): Promise<void> {
  const code = await ended(child);
  if (code !== 0) throw new Error(`the job ended with code ${code}`);
}

/** Resolves when the job says the word, or is over. */
const says = (child: ChildProcess, word: string) =>
  new Promise<void>((resolve) => {
    child.stdout?.on("data", (text) => String(text).includes(word) && resolve());
    child.on("exit", () => resolve());
  });

function products(folder: string): Products {
  const files = ["metrics.jsonl", "results.json", ...readdirSync(join(folder, "artifacts")).map((f) => `artifacts/${f}`)];
  return Object.fromEntries(files.map((file) => [file, readFileSync(join(folder, file), "base64")]));
}
