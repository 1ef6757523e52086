/**
 * Names of vertices against `xz -9e` of the sorted list.
 *
 *   node study/names.ts list.txt …     one name a line
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { decodeGraph, encodeGraph } from "../src/coding/index.ts";

for (const path of process.argv.slice(2)) {
  const names = [...new Set(readFileSync(path, "utf8").trimEnd().split("\n"))].sort((a, b) => (a < b ? -1 : 1));
  const before = performance.now();
  const bytes = encodeGraph({ vertices: names.length, directed: false, pairs: new Uint32Array(), names });
  const seconds = (performance.now() - before) / 1000;
  const back = decodeGraph(bytes).names ?? [];
  if (back.length !== names.length || names.some((name, i) => name !== back[i])) throw new Error(`${path}: the names do not come back`);
  const xz = spawnSync("xz", ["-9e", "--stdout"], { input: `${names.join("\n")}\n`, maxBuffer: 2 ** 30 }).stdout.length;
  console.log(JSON.stringify({ path, names: names.length, bytes: bytes.length, xz, seconds: Number(seconds.toFixed(1)) }));
}
