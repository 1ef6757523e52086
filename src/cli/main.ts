/** Entry of the command: importing it runs it. */
import { wasInterrupted } from "../lab/interrupt.ts";
import { commands } from "./commands.ts";
import { run } from "./program.ts";

// a reader such as `head` may close the pipe: no reason to complain
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
// a command that a sweep or a worker has started ends with it: it saves its run and goes
if (process.channel) {
  process.once("disconnect", () => process.kill(process.pid, "SIGTERM"));
  process.channel.unref();
}
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 12)) {
  console.error(`error: this is Node ${process.versions.node}; pushforward needs 22.12 or newer`);
  process.exit(2);
}
process.exitCode = await run(process.argv.slice(2), commands);
// connections to a server that is gone would be tried for ever
if (wasInterrupted()) process.exit();
