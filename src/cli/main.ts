/** Entry of the command: importing it runs it. */
import { commands } from "./commands.ts";
import { run } from "./program.ts";

// a reader such as `head` may close the pipe: no reason to complain
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
process.exitCode = await run(process.argv.slice(2), commands);
