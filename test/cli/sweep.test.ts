import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { commands } from "../../src/cli/commands.ts";
import { run } from "../../src/cli/program.ts";

const base = mkdtempSync(join(tmpdir(), "pushforward-sweeps-"));
afterAll(() => rmSync(base, { recursive: true }));
const file = join(base, "sweep.yaml");

async function sweep(text: string, ...args: string[]): Promise<{ code: number; out: string; error: string }> {
  writeFileSync(file, text);
  let [out, error] = ["", ""];
  const write = vi.spyOn(process.stdout, "write").mockImplementation((t) => Boolean((out += String(t))));
  const output = { out: (s: string) => void (out += s), error: (s: string) => void (error += s) };
  const code = await run(["sweep", file, "--quiet", "--out", join(base, "out"), ...args], commands, output);
  write.mockRestore();
  process.exitCode = 0;
  return { code, out, error };
}

test("a file is checked as a whole before anything runs; mistakes get the nearest name", async () => {
  const refused = async (text: string) => (await sweep(text)).error;
  const whole = "command: trajectories\nmetric: loss\noptions: { data: gapminder }\n";
  expect(await refused("command: trajectoris\nmetric: loss")).toMatch(
    /sweep.yaml: command: there is no command "trajectoris"\n {2}hint: did you mean trajectories/,
  );
  expect(await refused("command: graph\nmetric: loss")).toMatch(/"graph" makes no runs with seeds/);
  expect(await refused(`${whole}gird: { width: [1] }`)).toMatch(/unknown option gird\n {2}hint: did you mean grid/);
  expect(await refused(`${whole}halving: { facto: 2, min: 1, max: 2 }`)).toMatch(
    /unknown option halving.facto\n {2}hint: did you mean halving.factor/,
  );
  expect(await refused(`${whole}grid: { widht: [1] }`)).toMatch(/unknown option widht\n {2}hint: did you mean width/);
  expect(await refused(`${whole}grid: { width: [8, wide] }`)).toMatch(/--width: expected number \(got "wide"\)/);
  for (const at of ["grid: { __proto__: [1, 2] }", "__proto__: { a: 1 }", "random: { samples: 1, space: { __proto__: [1] } }"])
    expect(await refused(`${whole}${at}`)).toMatch(/"__proto__" is no name/);
  expect(await refused(`{"command": "trajectories", "metric": "loss", "grid": {"__proto__": [1]}}`)).toMatch(/"__proto__" is no name/);
  expect(await refused(`${whole}grid: { seed: [1, 2] }`)).toMatch(/a sweep sets seed itself/);
  expect(await refused(`${whole}grid: { data: [moons] }`)).toMatch(/data is set twice/);
  expect(await refused(`${whole}grid: { steps: [1] }\nhalving: { min: 1, max: 2 }`)).toMatch(/halving sets steps itself/);
  expect(await refused(`${whole}random: { samples: 2, space: { learning-rate: { min: 0, max: 1, scale: log } } }`)).toMatch(
    /learningRate: min must be below max, and positive/,
  );
  // before the first run, and by what there is at the time
  const measured = (metric: string, command = "trajectories", more = "") =>
    refused(`command: ${command}\nmetric: ${metric}\noptions: { data: gapminder }\n${more}`);
  expect(await measured("los")).toMatch(
    /metric: "los" is no number of runs of trajectories\n {2}hint: did you mean "loss"\? They have loss, /,
  );
  expect(await measured("heldOut.0.scroes.1.w1")).toMatch(/did you mean "heldOut.0.scores.1.w1"\?/);
  expect(await measured("dual")).toMatch(/did you mean "value.dual"\?/);
  expect(await measured("solverError", "trajectories", "halving: { min: 1, max: 2 }")).toMatch(
    /"solverError" is known only when a run of trajectories has ended\n {2}hint: By step they have loss, /,
  );
  expect(await measured("methods.W.exces", "molecule flow")).toMatch(/did you mean "methods.W.excess"\?/);
  expect(await measured("elbo", "train", "grid: { model: [mlp] }")).toMatch(/"elbo" is no number of runs of train/);
  expect(existsSync(join(base, "out"))).toBe(false);
  const many = Array.from({ length: 1000 }, (_, i) => i + 1).join(", ");
  expect(await refused(`${whole}grid: { width: [${many}], batch: [${many}] }`)).toMatch(/1000000 runs are too many/);
});

test("runs of a real command, each a process: the table, the results and the page", async () => {
  const text = "command: trajectories\nmetric: loss\noptions: { data: gapminder, steps: 20, batch: 16 }\ngrid: { width: [4, 8] }";
  const { code, out } = await sweep(text, "--workers", "2");
  expect(code).toBe(0);
  expect(out).toMatch(/^width +runs +loss\n/);
  const rows = readFileSync(join(base, "out", "results.csv"), "utf8")
    .trim()
    .split("\n");
  expect(rows.length).toBe(3);
  for (const name of ["0-seed0", "1-seed0"]) {
    const { loss } = JSON.parse(readFileSync(join(base, "out", name, "results.json"), "utf8"));
    expect(rows.find((r) => r.startsWith(name))?.endsWith(`,${loss}`)).toBe(true);
    expect(JSON.parse(readFileSync(join(base, "out", name, "config.json"), "utf8")).invocation.options.threads).toBe(1);
  }
  expect(readFileSync(join(base, "out", "report.html"), "utf8")).toContain("best loss");
}, 120_000);
