/** The command `trajectories` inside a test. */
import { commands } from "../../src/cli/commands.ts";
import { run } from "../../src/cli/program.ts";

/** What went to standard output, the error, and the exit code. */
export async function pushforward(...args: string[]): Promise<{ code: number; out: string; text: string }> {
  let [out, text] = ["", ""];
  const code = await run(["trajectories", ...args], commands, { out: (s) => void (out += s), error: (s) => void (text += s) });
  return { code, out, text };
}
