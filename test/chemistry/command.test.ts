/** `pushforward molecule hf`. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { commands } from "../../src/cli/commands.ts";
import { run } from "../../src/cli/program.ts";

const folder = mkdtempSync(join(tmpdir(), "pushforward-molecule-"));
afterAll(() => rmSync(folder, { recursive: true }));

async function hf(...args: string[]) {
  let [out, error, notes] = ["", "", ""];
  const spy = vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    notes += String(text);
    return true;
  });
  try {
    const code = await run(["molecule", "hf", ...args], commands, { out: (t) => void (out += t), error: (t) => void (error += t) });
    return { code, out, error, notes };
  } finally {
    spy.mockRestore();
  }
}

test("one line of JSON for other programs", async () => {
  const { code, out, notes } = await hf(
    "N 0 0 0; N 0 0 2.068",
    "--units",
    "bohr",
    "--basis",
    "sto-3g",
    "--charge",
    "0",
    "--spin",
    "0",
    "--json",
  );
  expect([code, out.trim().split("\n").length, notes]).toEqual([0, 1, ""]);
  const results = JSON.parse(out);
  expect(results.energy).toBeCloseTo(-107.4949252506, 6);
  expect(results.nuclearRepulsion).toBeCloseTo(49 / 2.068, 10);
  expect(results.orbitalEnergies).toHaveLength(10);
  expect(results).toMatchObject({
    method: "rhf",
    basis: "sto-3g",
    converged: true,
    occupations: [2, 2, 2, 2, 2, 2, 2, 0, 0, 0],
    notes: [],
  });
  expect(results).toMatchObject({ units: { energy: "hartree", length: "bohr" }, system: { name: "N2", up: 7, down: 7 } });
  expect(Math.abs(results.dipole.debyeTotal)).toBeLessThan(1e-8);
});

test("a file in Å, an ion, and spins of their own", async () => {
  const file = join(folder, "water.xyz");
  writeFileSync(file, "3\nwater\nO 0 0 0\nH 0.75695 0.58588 0\nH -0.75695 0.58588 0\n");
  const water = await hf(file, "--basis", "sto-3g");
  expect(water.out).toContain("water: RHF in sto-3g\nenergy -74.96292");
  expect(water.out).toMatch(/dipole moment 1\.7\d+ debye \(0\.6\d+ e a0\), along \(0\.000, 1\.000, 0\.000\)/);
  expect(water.notes).toContain("note: coordinates are in Å, as in all XYZ files (--units bohr if not)\n");
  const ion = await hf("H2", "--charge", "1", "--method", "uhf", "--quiet");
  expect(ion.out).toMatch(/^H2\+, 1\.4 a0 apart: UHF in sto-6g/);
  expect(ion.out).toMatch(/orbital up .*\n.*1\n.*0\n\norbital down/);
  expect(ion.notes).toBe("");
  const two = await hf("H2", "--json", "--basis", "sto-3g");
  expect(JSON.parse(two.out).fullCI).toBeCloseTo(-1.1372759436, 6);
});

test.each([
  [["He", "--spin", "1"], "error: He, charge 0: 2 electrons and spin 2S = 1 do not go together"],
  [["missing.xyz"], "error: there is no file missing.xyz\n"],
  [["src"], "error: src is a folder without nucleus.txt"],
  [["Fe 0 0 0"], "error: there is no sto-6g basis for Fe here"],
  [["He", "--basis", "6-31g"], "error: --basis: expected one of"],
  [["He", "--spin", "-1"], "error: --spin: "],
])("%j ends with a message", async (args, message) => {
  const { code, error, notes } = await hf(...args);
  expect(code).toBe(1);
  expect(error + notes).toContain(message);
});
