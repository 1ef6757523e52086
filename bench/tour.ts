/** The tour as a newcomer takes it: seconds of all and of each entry, and how many answers are met. `npm run bench -- tour [--quick] [--rounds 2]` */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

interface Told {
  readonly entries: readonly { readonly name: string; readonly ok: boolean; readonly seconds: number }[];
  readonly seconds: number;
}

export async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: { quick: { type: "boolean", default: false }, rounds: { type: "string", default: "2" } } });
  console.log(`${cpus()[0].model}, ${cpus().length} threads, Node ${process.version}`);
  const folder = mkdtempSync(join(tmpdir(), "pushforward-bench-"));
  const rounds = Array.from({ length: Number(values.rounds) }, (_, k): Told => {
    const flags = ["--json", "--out", join(folder, String(k)), ...(values.quick ? ["--quick"] : [])];
    const { stdout } = spawnSync(process.execPath, ["bin/pushforward.js", "tour", ...flags], { encoding: "utf8", maxBuffer: 2 ** 28 });
    return JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
  });
  rmSync(folder, { recursive: true });
  const row = (name: string, cells: readonly string[]): void => console.log(`| ${[name, ...cells].join(" | ")} |`);
  row(
    "entry",
    rounds.map((_, k) => `seconds, round ${k + 1}`),
  );
  console.log(`|${"---|".repeat(rounds.length + 1)}`);
  for (const [i, { name }] of rounds[0].entries.entries())
    row(
      name,
      rounds.map(({ entries }) => `${entries[i].seconds.toFixed(1)}${entries[i].ok ? "" : " (missed)"}`),
    );
  row(
    "all",
    rounds.map(({ seconds }) => seconds.toFixed(1)),
  );
}
