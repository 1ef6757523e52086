import { spawn } from "node:child_process";
import { expect, test } from "vitest";

/** Sends Ctrl-C whenever the job prints one of the words; resolves to its exit code and output. */
function interrupted(
  words: string[],
  cleanUp: "at-once" | "for-ever",
  signal: NodeJS.Signals = "SIGINT",
): Promise<{ code: number | null; out: string; error: string }> {
  const job = spawn(process.execPath, ["test/fixtures/interrupt-job.ts", cleanUp]);
  let [out, error] = ["", ""];
  job.stdout.on("data", (text) => {
    out += text;
    if (words.some((word) => String(text).includes(word))) job.kill(signal);
  });
  job.stderr.on("data", (text) => {
    error += text;
  });
  return new Promise((resolve) => job.on("close", (code) => resolve({ code, out, error })));
}

test("one Ctrl-C lets the job save what it has", async () => {
  const { code, out, error } = await interrupted(["ready"], "at-once");
  expect([code, out]).toEqual([0, "ready\nsaving\nsaved\n"]);
  expect(error).toContain("press Ctrl-C again to stop at once");
});

test("a second Ctrl-C stops it at once", async () => {
  const { code, out } = await interrupted(["ready", "saving"], "for-ever");
  expect([code, out]).toEqual([130, "ready\nsaving\n"]);
});

test("SIGTERM ends a job in its time, whatever it waits for", async () => {
  const { code, out } = await interrupted(["ready"], "for-ever", "SIGTERM");
  expect([code, out]).toEqual([130, "ready\nsaving\n"]);
});
