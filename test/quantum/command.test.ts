import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { commands } from "../../src/cli/commands.ts";
import { run } from "../../src/cli/program.ts";
import { brick } from "../../src/quantum/ansatz.ts";
import { writeQasm } from "../../src/quantum/qasm/write.ts";

const folder = mkdtempSync(join(tmpdir(), "pushforward-quantum-"));
afterAll(() => rmSync(folder, { recursive: true }));

const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
async function binarize(...args: readonly string[]): Promise<{ code: number; out: string; text: string }> {
  let [out, text] = ["", ""];
  const code = await run(["binarize", ...args], commands, { out: (s) => void (out += s), error: (s) => void (text += s) });
  return { code, out, text };
}
const json = async (...args: readonly string[]) => {
  const { out, text } = await binarize(...args, "--json");
  expect(text).toBe("");
  return JSON.parse(out.trim().split("\n").at(-1)!);
};

const rows = [0.3, 0.8, 1.3, 0.5, 1, 1.5, 0.7, 1.2, 1.7, 0.2, 0.4, 0.6, 0.1, 0.3, 0.5, 0.9, 0.8, 0.7];
const bricks = file("brick.qasm", writeQasm(brick(3, 3), { angles: rows }));
const costs = file("costs.txt", "0.9\n0.1\n0.4\n0.7\n0.2\n0.8\n0.3\n0.6\n");

test("simulate prints the expectation of a table, probabilities and entropy of the known brick circuit", async () => {
  const { expectation, probabilities, entropy, optimum, bitOrder, notes } = await json("simulate", bricks, "--table", costs);
  expect(Math.abs(expectation - 0.5100388578732)).toBeLessThan(1e-12);
  expect(Math.abs(probabilities[6] - 0.2664686893)).toBeLessThan(1e-10);
  expect(Math.abs(entropy - 1.75265649066)).toBeLessThan(1e-10);
  expect(optimum).toEqual({ cost: 0.1, count: 1, probability: probabilities[1] });
  expect(bitOrder).toContain("q[0] is the least and q[2] the most significant bit");
  expect(notes).toEqual([]);
});

test("the order of bits is chosen: the other end first reads the table backwards", async () => {
  const x = file("x.qasm", 'OPENQASM 2.0; include "qelib1.inc"; qreg q[3]; x q[0];');
  expect((await json("simulate", x, "--table", costs)).expectation).toBe(0.1);
  expect((await json("simulate", x, "--table", costs, "--bit-order", "first-highest")).expectation).toBe(0.2);
});

test("noise and readout error shrink <Z>; shots repeat with their seed", async () => {
  const ry = file("ry.qasm", 'OPENQASM 3.0; include "stdgates.inc"; input float t; qubit q; ry(t) q;');
  const z = file("z.txt", "1\n-1\n");
  const ask = (...more: readonly string[]) => json("simulate", ry, "--table", z, "--parameters", "t=0.7", ...more);
  expect((await ask("--noise", "30")).expectation).toBeCloseTo(0.73424849979, 10);
  expect((await ask("--readout", "0.1")).expectation).toBeCloseTo(0.8 * Math.cos(0.7), 12);
  const { shots } = await ask("--shots", "1000", "--seed", "3");
  expect(shots.states.reduce((sum: number, { count }: { count: number }) => sum + count, 0)).toBe(1000);
  expect((await ask("--shots", "1000", "--seed", "3")).shots).toEqual(shots);
});

test("above 12 qubits noise is averaged over trajectories, with a standard error", async () => {
  const wide = file("wide.qasm", 'OPENQASM 2.0; include "qelib1.inc"; qreg q[13]; ry(0.7) q[12]; cx q[12], q[0];');
  const table = file("z13.txt", Array.from({ length: 2 ** 13 }, (_, k) => (k >> 12 ? -1 : 1)).join("\n"));
  const { expectation, standardError, method, probabilities } = await json(
    "simulate",
    wide,
    "--table",
    table,
    "--noise",
    "20",
    "--trajectories",
    "2000",
    "--readout",
    "0.1",
  );
  // after RY 1 - 4/3 · 0.02, after CX 1 - 16/15 · 0.075, when read 0.8
  const exact = Math.cos(0.7) * (1 - (4 / 3) * 0.02) * (1 - (16 / 15) * 0.075) * 0.8;
  expect(Math.abs(expectation - exact)).toBeLessThan(4 * standardError);
  expect(standardError).toBeLessThan(0.02);
  expect([method, probabilities]).toEqual(["2000 trajectories", undefined]);
});

test("what is wrong is said with file and line", async () => {
  const bad = file("bad.qasm", 'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[2];\nfoo q[0];');
  expect((await binarize("simulate", bad)).text).toContain('bad.qasm: line 4: gate "foo" has not been declared');
  const free = file("free.qasm", 'OPENQASM 3.0; include "stdgates.inc"; input float t; qubit q; ry(t) q;');
  expect((await binarize("simulate", free)).text).toContain("t has no value\n  hint: --parameters t=0.1");
  expect((await binarize("simulate", free, "--parameters", "t")).text).toContain('"t" is not name=number');
  expect((await binarize("simulate", bricks, "--table", file("three.txt", "1\n2\n3\n"))).text).toContain(
    "3 numbers, which is not a power of two",
  );
  expect((await binarize("simulate", bricks, "--table", file("nan.txt", "1\nNaN\n"))).text).toContain(
    'nan.txt, line 2: "NaN" is not a finite number',
  );
  expect((await binarize("simulate", bricks, "--table", file("two.txt", "1\n2\n"))).text).toContain("2 costs, and");
  expect((await binarize("simulate", join(folder, "none.qasm"))).text).toContain("there is no such file");
  const big = file("big.qasm", 'OPENQASM 2.0; include "qelib1.inc"; qreg q[40]; x q[0];');
  expect((await binarize("simulate", big)).text).toContain("a state of 40 qubits needs 16,384 GiB");
});

test("counts need an order; without one both mean costs are shown", async () => {
  const counts = file("counts.json", '{"011": 5, "100": 7}');
  const unsaid = await binarize("import-counts", counts, "--table", costs);
  expect(unsaid.code).not.toBe(0);
  expect(unsaid.text).toContain(
    "which end of a string is qubit 0?\n  hint: --order last-first or --order first-first: the mean cost is 0.4083",
  );
  const { expectation, best, states } = await json("import-counts", counts, "--table", costs, "--order", "first-first");
  expect(expectation).toBeCloseTo((5 * 0.3 + 7 * 0.1) / 12, 12);
  expect(best).toEqual({ bits: "001", cost: 0.1 });
  expect(states[0]).toEqual({ index: 1, bits: "001", count: 7, cost: 0.1 });
});
