/** One small run of each method that no other test of its command makes: the numbers that it writes are those that it declares. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { commands } from "../../src/cli/commands.ts";
import { run } from "../../src/cli/program.ts";
import { expectReported } from "../lab/reported.ts";

const base = mkdtempSync(join(tmpdir(), "pushforward-reported-"));
afterAll(() => rmSync(base, { recursive: true }));

const small = ["--quick", "--steps", "30"];
const chains = ["--pairs", "24", "--chains", "2", "--temperatures", "10", "--samples", "16", "--proposal-steps", "20"];
const walkers = ["--walkers", "64", "--eval-steps", "40"];

test.each<[string, string[], string[]]>([
  ["information energy", ["--data", "linear-gaussian", ...small, ...chains], []],
  ["molecule", ["H2", ...small, ...walkers], ["virial", "zeroVariance.energy", "zeroVariance.error"]],
  ["molecule evaluate", ["molecule", "--quick"], ["virial"]],
  ["molecule scan", ["H2", "--bond", "1:2:1", ...small, ...walkers], ["lowest.hartreeFock", "points.*.hartreeFock"]],
])("%s", async (command, args, unseen) => {
  let error = "";
  const quiet = vi.spyOn(process.stderr, "write").mockImplementation((t) => Boolean((error += String(t))));
  const given = args.map((arg) => (arg === "molecule" ? join(base, arg) : arg));
  const where = ["--out", join(base, command.replace(" ", "-")), "--quiet"];
  const code = await run([...command.split(" "), ...given, ...where], commands, { out: () => undefined, error: (t) => void (error += t) });
  quiet.mockRestore();
  expect([code, error]).toEqual([0, expect.anything()]);
  await expectReported(base, command, unseen);
});
