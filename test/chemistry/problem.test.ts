/** What options make of a system before anything is learned: what is filled in, told and refused. */
import { expect, test } from "vitest";
import { z } from "zod";
import { moleculeOptions } from "../../src/methods/molecule/options.ts";
import { cautionsBefore, problemOf } from "../../src/methods/molecule/problem.ts";
import { molecule, trap } from "./cases.ts";

const schema = z.object(moleculeOptions);
async function prepared(system: ReturnType<typeof molecule>, options: z.input<typeof schema>) {
  const given = { ...schema.parse(options), quick: false };
  const problem = await problemOf(system, given);
  return { problem, notes: cautionsBefore(problem, given) };
}

const apart = molecule("H 0 0 0; H 0 0 6");

test("transport alone is warned of where bonds are broken, and nowhere else", async () => {
  const warned = async (text: string, method: "w" | "wfr") => (await prepared(molecule(text), { method })).notes.join();
  expect(await warned("H 0 0 0; H 0 0 6", "w")).toMatch(/--method w does not tell how much of ψ is in places that are far apart/);
  expect(await warned("H 0 0 0; H 0 0 6", "wfr")).toBe("");
  expect(await warned("H 0 0 0; H 0 0 1.4", "w")).toBe("");
});

test("what a flow does not read is told; solvers without curvature have step sizes of their own", async () => {
  const { notes } = await prepared(apart, { method: "fr", carry: 0.1, lookAhead: 0.1, kappa: 2 });
  expect(notes).toEqual(["kappa", "carry", "look-ahead"].map((name) => `--${name} is not read by --method fr`));
  const rate = async (solver: "lamb" | "adam" | "kfac") => (await prepared(apart, { solver })).problem.settings.rate;
  expect([await rate("lamb"), await rate("adam"), await rate("kfac")]).toEqual([0.01, 0.003, 0.05]);
});

test("moves that need nuclei are refused in a trap; elements without orbitals are told", async () => {
  await expect(prepared(trap("dimension=2"), { moves: "scaled" })).rejects.toThrow(/need nuclei/);
  const sodium = await prepared(molecule("Na"), { ansatz: "slater-jastrow" });
  expect([sodium.notes, sodium.problem.known?.length, sodium.problem.hartreeFock]).toEqual([[], 1, undefined]);
  expect((await prepared(molecule("K"), {})).notes.join()).toMatch(/no orbitals are known for elements beyond argon/);
});
