/**
 * The engine's tasks in headless Chromium: here, in jax-js and in TensorFlow.js, one thread each, interleaved.
 *
 *   npm --prefix bench/peers install
 *   npm run bench -- browser [--tasks T1,T2] [--rounds 10] [--isolated] [--json]
 *
 * Peers that are not installed are left out. Nobody has threads, unless pages are isolated: then memory may be shared, and both jax-js and we have
 * workers.
 */
import { existsSync, globSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { openPage } from "../test/page.ts";
import { tasks } from "./engine-tasks.ts";

const options = {
  tasks: { type: "string" },
  rounds: { type: "string", default: "10" },
  isolated: { type: "boolean", default: false },
  json: { type: "boolean", default: false },
} as const;

const folder = fileURLToPath(new URL("peers/node_modules/", import.meta.url));
const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** The files of a peer's WebAssembly, by the path under which its page asks for them. */
const wasmFiles = (): Map<string, Uint8Array> =>
  new Map(globSync(`${folder}@tensorflow/tfjs-backend-wasm/dist/*.wasm`).map((file) => [`/tfjs/${basename(file)}`, readFileSync(file)]));

interface Contender {
  readonly name: string;
  readonly path: string;
  readonly files?: ReadonlyMap<string, Uint8Array>;
  /** What its page does before it is timed. */
  readonly prepare?: string;
}

const contenders = (isolated: boolean): Contender[] => [
  { name: "pushforward", path: path("browser-page.ts") },
  ...(isolated ? [{ name: "one thread", path: path("browser-page.ts"), prepare: "program.alone()" }] : []),
  ...(existsSync(`${folder}@jax-js/jax`) ? [{ name: "jax-js", path: path("peers/page-jax.js") }] : []),
  ...(existsSync(`${folder}@tensorflow/tfjs-backend-wasm`)
    ? [{ name: "TensorFlow.js", path: path("peers/page-tf.js"), files: wasmFiles() }]
    : []),
];

const median = (xs: readonly number[]): number => [...xs].sort((a, b) => a - b)[xs.length >> 1];

export async function main(argv: string[]): Promise<void> {
  const { values } = parseArgs({ args: argv, options });
  const chosen = tasks.filter((t) => !values.tasks || values.tasks.split(",").includes(t.name));
  const list = contenders(values.isolated);
  const pages = await Promise.all(list.map(({ path: of, files }) => openPage(of, { files, isolated: values.isolated })));
  for (const [k, { prepare }] of list.entries()) if (prepare) await pages[k].evaluate(prepare);
  const rows: Record<string, unknown>[] = [];
  for (const { name: task, what } of chosen) {
    const run = (k: number, reps: number): Promise<{ first: number | null; times: number[] } | undefined> =>
      pages[k].evaluate<{ first: number | null; times: number[] }>(`program.run("${task}", ${reps})`).catch(() => undefined);
    const times: number[][] = list.map(() => []);
    const first: (number | null | undefined)[] = [];
    for (const k of list.keys()) {
      first[k] = (await run(k, 1))?.first;
      await run(k, 30);
    }
    for (let round = 0; round < Number(values.rounds); round++)
      for (const k of list.keys()) {
        // the clock of a page has steps of 0.1 ms: ten calls in a row add up to less of it
        const ten = (await run(k, 10))?.times ?? [];
        if (ten.length) times[k].push(ten.reduce((a, b) => a + b, 0) / ten.length);
      }
    const ours = median(times[0]);
    const results = list.flatMap(({ name }, k) =>
      times[k].length ? [{ name, ms: median(times[k]), ratio: ours / median(times[k]), first: first[k] }] : [],
    );
    rows.push({ task, what, results });
    if (values.json) continue;
    console.log(`${task}  ${what}`);
    for (const r of results)
      console.log(
        `    ${r.name.padEnd(14)}${r.ms.toFixed(3).padStart(9)} ms${r.ratio.toFixed(2).padStart(7)}${`${r.first?.toFixed(0)}`.padStart(8)} ms first`,
      );
  }
  if (values.json) console.log(JSON.stringify({ rows }));
  await Promise.all(pages.map((page) => page.close()));
}
