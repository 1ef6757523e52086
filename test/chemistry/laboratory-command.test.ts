/** `pushforward molecule flow` as a whole. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { run } from "../../src/cli/program.ts";
import { methods } from "../../src/methods/index.ts";
import { expectReported } from "../lab/reported.ts";

const base = mkdtempSync(join(tmpdir(), "pushforward-flow-"));
afterAll(() => rmSync(base, { recursive: true }));

async function cli(...args: string[]): Promise<{ code: number; out: string; error: string }> {
  let [out, error] = ["", ""];
  const quiet = vi.spyOn(process.stderr, "write").mockImplementation((t) => Boolean((error += String(t))));
  const code = await run(["molecule", "flow", ...args], methods, { out: (t) => void (out += t), error: (t) => void (error += t) });
  quiet.mockRestore();
  return { code, out, error };
}

/** What results.json has of a flow. */
interface FlowResult {
  readonly energy: number;
  readonly excess: number;
  readonly variance: number;
  readonly distance: number;
  readonly fidelity: number;
  readonly rate: object;
}

const results = (name: string) => JSON.parse(readFileSync(join(base, name, "results.json"), "utf8"));

test("a double well: the run has numbers of three flows, their pictures and tables", async () => {
  const { code, out } = await cli(
    "--potential",
    "(x^2-4)^2/8",
    "--start-variance",
    "0.5",
    "--time",
    "4",
    "--quick",
    "--quiet",
    "--out",
    join(base, "well"),
  );
  expect(code).toBe(0);
  expect(out).toMatch(/E₀ = 0\.90040674\d hartree, E₁ - E₀ = 0\.0478459\d+/);
  const found = results("well");
  expect(Object.keys(found.methods)).toEqual(["W", "FR", "WFR"]);
  for (const { energy, excess, variance, distance, fidelity, rate } of Object.values<FlowResult>(found.methods)) {
    expect(energy).toBeCloseTo(found.gridGroundEnergy + excess, 12);
    for (const value of [excess, variance, distance, 1 - fidelity]) expect(value).toBeGreaterThan(0);
    expect(rate).toMatchObject({ measured: expect.any(Number), predicted: expect.any(Number) });
  }
  const page = readFileSync(join(base, "well", "report.html"), "utf8");
  for (const title of [
    "Energy above the ground state",
    "Densities on the way",
    "Walkers: carried or replaced",
    "Modes near the ground state",
  ])
    expect(page).toContain(title);
  expect(page).not.toContain("NaN");
});

test("a trap is done in closed form: E of FR after t = 1 in three dimensions", async () => {
  await cli(
    "--dimension",
    "3",
    "--start-mean",
    "0",
    "--start-variance",
    "2",
    "--time",
    "1",
    "--quick",
    "--quiet",
    "--out",
    join(base, "trap"),
  );
  // s = ½ coth(½ + arcoth 4)
  const s = 0.5 / Math.tanh(0.5 + Math.atanh(1 / 4));
  expect(results("trap").methods.FR.energy).toBeCloseTo(3 / (8 * s) + (3 * s) / 2, 10);
});

test("from the ground state nothing moves, and the pictures are drawn all the same", async () => {
  await cli("--start-mean", "0", "--start-variance", "0.5", "--quick", "--quiet", "--out", join(base, "rest"));
  for (const { excess, variance, rate } of Object.values<FlowResult>(results("rest").methods)) {
    expect([excess, variance]).toEqual([0, 0]);
    expect(rate).toMatchObject({ measured: null });
  }
  for (const name of ["energy", "variance", "densities", "walkers", "local-energy"])
    expect(readFileSync(join(base, "rest", "artifacts", `${name}.svg`), "utf8")).not.toContain("NaN");
});

test("a cost with a speed limit: slower than W, and named", async () => {
  await cli("--cost", "tanh", "--kappa", "0.5", "--time", "1", "--quick", "--quiet", "--out", join(base, "tanh"));
  const found = results("tanh").methods["W (tanh)"];
  expect(found.cost).toEqual({ name: "tanh", kappa: 0.5 });
  // W has lost (m₀² + …) by then: E = 1/(8s) + (s + m²)/2 at s = 0.5906…, m = e⁻¹
  const s = Math.sqrt(0.25 + 3.75 * Math.exp(-4));
  expect(found.energy).toBeGreaterThan(1 / (8 * s) + (s + Math.exp(-2)) / 2);
});

test.each([
  [["--potential", "-x^2"], "no state is bound"],
  [["--potential", "x^"], "expected a number after ^"],
  [["--start-variance", "-1"], "--start-variance"],
  [["--time", "0"], "--time"],
  [["--weights", "1"], "not two weights"],
  [["--weights", "0,0"], "not two weights"],
  [["--weights", "1,-1"], "not two weights"],
  [["--cost", "tanh", "--dimension", "3"], "needs one dimension"],
  [["--kappa", "1"], "no speed limit"],
  [["--potential", "x^2", "--omega", "2"], "--omega"],
  [["--potential", "x^2", "--dimension", "2"], "one dimension"],
  [["--potential", "x^2/2", "--start-variance", "0.0001"], "at least 0.00"],
  [["--potential", "x^2/2", "--start-mean", "100"], "too far from the ground state"],
  [["--potential", "x^2/2", "--start-variance", "1000"], "too coarse"],
  [["x^2"], '--potential "x^2"'],
])("%j is refused: %s", async (args, message) => {
  const { code, error } = await cli(...args, "--quiet", "--out", join(base, "refused"));
  expect(code).not.toBe(0);
  expect(error).toContain(message);
});

test("runs write the numbers that their methods declare, and no others", async () => {
  await expectReported(base, "molecule flow");
});
