/** Opens the page in the browser of whoever sits here. */
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { escape } from "../lab/report.ts";

/** Milliseconds after which the file that leads to the page is no longer needed. */
const patience = 60_000;

/**
 * By a file that only its owner can read: all users of a machine see the words of a command, and the address holds the token.
 * @param root  the folder of runs
 */
export function openBrowser(url: string, root: string, tell: (message: string) => void): void {
  const failed = (): void => tell("no browser could be opened: open the address above, or say --no-open");
  const { platform, env } = process;
  if (platform === "linux" && !env.DISPLAY && !env.WAYLAND_DISPLAY) {
    failed();
    return;
  }
  const path = join(root, ".studio", `open-${randomUUID()}.html`);
  writeFileSync(path, `<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0; url=${escape(url)}">`, { mode: 0o600 });
  const remove = (): void => rmSync(path, { force: true });
  setTimeout(remove, patience).unref();
  process.once("exit", remove);
  const [program, ...words] = platform === "darwin" ? ["open", path] : platform === "win32" ? ["explorer", path] : ["xdg-open", path];
  const child = spawn(program, words, { detached: true, stdio: "ignore" });
  child.on("error", failed);
  child.on("exit", (code) => platform !== "win32" && code !== 0 && failed());
  child.unref();
}
