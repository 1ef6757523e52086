/** The command `trajectories` inside a test. */
import { commands } from "../../src/cli/commands.ts";
import { run } from "../../src/cli/program.ts";

/** Text that went to either stream, and the exit code. */
export async function pushforward(...args: string[]): Promise<{ code: number; text: string }> {
  let text = "";
  const collect = (s: string): void => {
    text += s;
  };
  const code = await run(["trajectories", ...args], commands, { out: collect, error: collect });
  return { code, text };
}
