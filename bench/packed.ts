/** What other compressors take: programs that read one file and write another. */
import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";

export interface Packed {
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
  /** Of the file that was written. */
  readonly bytes: number;
}

/** A run of a program such as "xz -6 -c", its processor time by the shell's own clock; undefined if it is not installed. */
export function packed(tool: string, from: string, to: string): Packed | undefined {
  const script = `"$@" <${JSON.stringify(from)} >${JSON.stringify(to)}; times`;
  const start = performance.now();
  const { stdout, status } = spawnSync("bash", ["-c", script, "bash", ...tool.split(" ")], { encoding: "utf8" });
  const wallSeconds = (performance.now() - start) / 1000;
  if (status !== 0 || statSync(to).size === 0) return undefined;
  const times = [...stdout.split("\n")[1].matchAll(/(\d+)m([\d.]+)s/g)];
  const cpuSeconds = times.reduce((sum, [, minutes, seconds]) => sum + 60 * Number(minutes) + Number(seconds), 0);
  return { wallSeconds, cpuSeconds, bytes: statSync(to).size };
}
