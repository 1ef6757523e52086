/** Trainings whose values come from elsewhere: the optimiser goes as if it had computed them, and the command between its calls. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { randomStream } from "../../src/array/index.ts";
import { commands } from "../../src/cli/commands.ts";
import { run } from "../../src/cli/program.ts";
import { brick, meanCost, probabilities, readQasm, valueAndGradient } from "../../src/quantum/index.ts";
import { asking, byShift } from "../../src/quantum/training/asking.ts";
import { adam, spsa } from "../../src/quantum/training/first-order.ts";
import type { Minimiser } from "../../src/quantum/training/minimise.ts";

const folder = mkdtempSync(join(tmpdir(), "pushforward-hardware-"));
afterAll(() => rmSync(folder, { recursive: true }));

const costs = Float64Array.of(0.9, 0.1, 0.4, 0.7, 0.2, 0.8, 0.3, 0.6);
const table = join(folder, "costs.txt");
writeFileSync(table, `${[...costs].join("\n")}\n`);
const circuit = brick(3, 2);
const mean = (x: ArrayLike<number>): number => probabilities(circuit, x).reduce((sum, p, k) => sum + p * costs[k], 0);
const start = randomStream(4).uniform([circuit.parameters], "f64", 0, 2 * Math.PI).data;

test("gradients by shifted values are those of the adjoint method", () => {
  const { value, gradient } = byShift(mean)(start);
  const exact = valueAndGradient(circuit, start, meanCost(costs));
  expect(Math.abs(value - exact.value)).toBeLessThan(1e-13);
  for (const [i, g] of exact.gradient.entries()) expect(Math.abs(gradient[i] - g)).toBeLessThan(1e-13);
});

test("an optimiser that is told its values goes the way of one that computes them, to the last bit", () => {
  const begin: Record<string, (f: (x: Float64Array) => number) => Minimiser> = {
    spsa: (f) => spsa(f, start, randomStream(1)),
    adam: (f) => adam(byShift(f), start),
  };
  for (const optimiser of Object.values(begin)) {
    const direct = optimiser(mean);
    const known: number[] = [];
    for (let step = 0; step < 5; step++) {
      const at = asking(optimiser, known);
      const stand = direct.next().value!;
      expect(at.path.at(-1)).toEqual(stand.x);
      expect(at.path).toHaveLength(step + 1);
      expect(at.trace).toHaveLength(step);
      known.push(...at.wanted.map(mean));
      expect(asking(optimiser, known).trace[step]).toBe(stand.value);
    }
  }
});

async function hardware(...args: readonly string[]): Promise<{ code: number; out: string; text: string }> {
  let [out, text] = ["", ""];
  const code = await run(["binarize", "hardware", ...args], commands, { out: (s) => void (out += s), error: (s) => void (text += s) });
  return { code, out, text };
}
const json = async (...args: readonly string[]) => {
  const { out, text } = await hardware(...args, "--json");
  expect(text).toBe("");
  return JSON.parse(out.trim().split("\n").at(-1)!);
};

/** A device without noise that reads the files, with so many shots that its means are exact to 1e-8; it prints qubit 0 first. */
function measure(device: string, step: string): void {
  for (const name of readdirSync(join(device, step)).filter((n) => n.endsWith(".qasm"))) {
    const p = probabilities(readQasm(readFileSync(join(device, step, name), "utf8")).circuit, []);
    const counts = Array.from(p, (pk, k) => [[...k.toString(2).padStart(3, "0")].toReversed().join(""), Math.round(1e10 * pk)]);
    writeFileSync(join(device, step, name.replace("qasm", "json")), JSON.stringify(Object.fromEntries(counts)));
  }
}

test.for([
  { optimiser: "spsa", circuits: 2, qasm: "3", steps: 3 },
  { optimiser: "adam", circuits: 2 * circuit.parameters + 1, qasm: "2", steps: 2 },
])("circuits out and counts in train as a simulation does: $optimiser", async ({ optimiser, circuits, qasm, steps }) => {
  const device = join(folder, optimiser);
  const first = await json(device, "--table", table, "--layers", "1", "--optimiser", optimiser, "--qasm", qasm, "--seed", "3");
  expect(first).toMatchObject({ step: 0, circuits: 0, shots: 0 });
  expect(first.waiting).toHaveLength(circuits);
  const values: number[] = [];
  for (let step = 1; step <= steps; step++) {
    measure(device, `step-000${step}`);
    const { value, best, waiting } = await json(device, ...(step === 1 ? ["--order", "first-first"] : []));
    expect(best).toEqual({ bits: "001", cost: 0.1 });
    expect(waiting[0]).toBe(`step-000${step + 1}/circuit-00.json`);
    values.push(value);
  }
  // the same in one go, costs as the optimiser sees them
  const rng = randomStream(3);
  const angles = rng.fold("angles").uniform([circuit.parameters], "f64", 0, 2 * Math.PI).data;
  const scaled = (x: Float64Array): number => (mean(x) - 0.5) / 0.8;
  const direct = optimiser === "spsa" ? spsa(scaled, angles, rng.fold("steps")) : adam(byShift(scaled), angles);
  for (const value of values) expect(Math.abs(value - (0.5 + 0.8 * direct.next().value!.value))).toBeLessThan(1e-6);
  const { angles: reached } = JSON.parse(readFileSync(join(device, "angles.json"), "utf8"));
  const { x } = direct.next().value!;
  for (const [i, angle] of reached.entries()) expect(Math.abs(angle - x[i])).toBeLessThan(1e-5);
  expect(readFileSync(join(device, "training.png")).subarray(1, 4).toString()).toBe("PNG");
});

test("what does not go together is refused before anything is written", async () => {
  const device = join(folder, "refused");
  expect((await hardware(device, "--table", table, "--layers", "1")).code).toBe(0);
  const session = readFileSync(join(device, "session.json"), "utf8");
  const refused = async (message: string, ...args: readonly string[]): Promise<void> => {
    const { code, text } = await hardware(device, ...args);
    expect(code).not.toBe(0);
    expect(text).toContain(message);
    expect(readFileSync(join(device, "session.json"), "utf8")).toBe(session);
    expect(existsSync(join(device, "step-0002"))).toBe(false);
  };
  const counts = (i: number, text: string): void => writeFileSync(join(device, "step-0001", `circuit-0${i}.json`), text);
  await refused("step 1 waits for step-0001/circuit-00.json and step-0001/circuit-01.json");
  counts(0, '{"011": 5, "100": 7}');
  await refused("step 1 waits for step-0001/circuit-01.json");
  counts(1, '{"011": 5');
  await refused("circuit-01.json is not JSON");
  counts(1, '{"0110": 5}');
  await refused("circuit-01.json has strings of 4 bits, the circuit measures 3", "--order", "last-first");
  counts(1, '{"0x5": 5}');
  await refused("hexadecimal", "--order", "last-first");
  counts(1, '{"101": 5}');
  await refused("which end of a string is qubit 0?\n  hint: --order last-first or --order first-first: the mean cost is 0.4083");
  await refused("has begun with --layers 1", "--layers", "2", "--order", "last-first");
  await refused("has begun with --optimiser spsa", "--optimiser", "adam", "--order", "last-first");
  writeFileSync(table, `${[...costs].toReversed().join("\n")}\n`);
  await refused("the costs are others than those", "--order", "last-first");
  writeFileSync(table, `${[...costs].join("\n")}\n`);
  expect((await hardware(device, "--order", "last-first")).code).toBe(0);
  expect((await hardware(device, "--order", "first-first")).text).toContain("strings of this training are last-first");
  writeFileSync(join(device, "session.json"), session.slice(0, 40));
  expect((await hardware(device)).text).toContain("session.json");
  expect((await hardware(folder, "--table", table)).text).toContain("holds something else");
  expect((await hardware(table)).text).toContain("is no folder");
  expect((await hardware(join(folder, "new"))).text).toContain("no data");
});

test("of a family of networks the best that was measured is told as a network", async () => {
  const data = join(folder, "data.csv");
  writeFileSync(data, ["x,y", ...Array.from({ length: 40 }, (_, i) => `${i - 20},${i < 20 ? 0 : 1}`)].join("\n"));
  const device = join(folder, "networks");
  const { waiting } = await json(device, data, "--target", "y", "--ansatz", "product", "--test", "0");
  const circuits = readFileSync(join(device, waiting[0].replace("json", "qasm")), "utf8");
  const { qubits } = readQasm(circuits).circuit;
  const every = Object.fromEntries(Array.from({ length: 2 ** qubits }, (_, k) => [k.toString(2).padStart(qubits, "0"), 1]));
  for (const file of waiting) writeFileSync(join(device, file), JSON.stringify(every));
  const { best, shots } = await json(device, "--order", "last-first");
  expect(shots).toBe(2 * 2 ** qubits);
  expect(best).toMatchObject({ accuracy: 1, network: expect.anything() });
});
