/** `pushforward molecule`, `molecule evaluate`, `molecule scan`: whole runs, small ones. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { commands } from "../../src/cli/commands.ts";
import { run } from "../../src/cli/program.ts";

const folder = mkdtempSync(join(tmpdir(), "pushforward-waves-"));
afterAll(() => rmSync(folder, { recursive: true }));

async function pushforward(...args: string[]) {
  let [out, error] = ["", ""];
  const spy = vi.spyOn(process.stderr, "write").mockImplementation(() => true);
  try {
    const code = await run(args, commands, { out: (t) => void (out += t), error: (t) => void (error += t) });
    return { code, out, error, results: code === 0 ? JSON.parse(out.trim().split("\n").at(-1) ?? "{}") : undefined };
  } finally {
    spy.mockRestore();
  }
}

const small = [
  "--walkers",
  "64",
  "--width",
  "8",
  "--heads",
  "2",
  "--determinants",
  "2",
  "--pretrain",
  "40",
  "--moves-per-step",
  "4",
  "--seed",
  "1",
];
const helium = ["molecule", "He", ...small, "--steps", "40", "--eval-steps", "40", "--json"];
const at = (name: string) => join(folder, name);

test("a run that stops while it learns orbitals, flows and evaluates goes on to the same bits, walkers among them", async () => {
  const whole = await pushforward(...helium, "--out", at("whole"));
  expect(whole.code).toBe(0);
  for (const stop of ["13", "77", "113"]) expect((await pushforward(...helium, "--out", at("paused"), "--stop-at", stop)).code).toBe(0);
  const paused = await pushforward(...helium, "--out", at("paused"));
  const same = ({ run: _, seconds: __, ...rest }: Record<string, unknown>) => rest;
  expect(same(paused.results)).toEqual(same(whole.results));
  for (const file of ["metrics.jsonl", "artifacts/evaluation.csv", "artifacts/wave-function.safetensors"])
    expect(readFileSync(join(at("paused"), file)).equals(readFileSync(join(at("whole"), file)))).toBe(true);
});

test("the last line has what other programs read; the energy lies between the exact one and Hartree-Fock's", async () => {
  const { results } = await pushforward(...helium, "--out", at("whole"));
  for (const key of ["energy", "error", "variance", "reference", "steps", "acceptance", "virial"]) expect(results).toHaveProperty(key);
  expect(results.reference).toBe(-2.903724377034);
  expect(results.energy).toBeGreaterThan(results.reference - 5 * results.error);
  // the Hartree-Fock limit of helium
  expect(results.energy).toBeLessThan(-2.86168);
  expect(results.observables.r12.mean).toBeGreaterThan(results.observables.r.mean);
});

test("another system or wave function in the same folder is refused by name", async () => {
  const other = await pushforward("molecule", "H2", ...helium.slice(2), "--out", at("whole"));
  expect(other.code).toBe(1);
  expect(other.error).toMatch(/dataset|source/);
  const wider = await pushforward(...helium, "--width", "16", "--out", at("whole"));
  expect(wider.error).toMatch(/width/);
});

test("a longer evaluation of the file agrees with the run's own", async () => {
  const { results } = await pushforward(...helium, "--out", at("whole"));
  const again = await pushforward(
    "molecule",
    "evaluate",
    at("whole"),
    "--eval-steps",
    "120",
    "--moves-per-step",
    "4",
    "--seed",
    "2",
    "--out",
    at("again"),
    "--json",
  );
  expect(again.code).toBe(0);
  // two independent estimates of one number: 5 standard errors
  expect(Math.abs(again.results.energy - results.energy)).toBeLessThan(5 * Math.hypot(again.results.error, results.error));
  expect(again.results.error).toBeLessThan(results.error * 1.2);
});

test("two electrons in a plane trap: the flow ends near 3 ω", async () => {
  const dot = ["molecule", "dot dimension=2 omega=1 up=1 down=1", ...small, "--steps", "80", "--eval-steps", "60", "--json"];
  const { code, results, error } = await pushforward(...dot, "--out", at("dot"));
  expect([code, error]).toEqual([0, ""]);
  expect(results.energy).toBeGreaterThan(3 - 5 * results.error);
  expect(results.energy).toBeLessThan(3.1);
});

test("a particle in a potential of one's own", async () => {
  const well = ["molecule", "V = x^4", ...small, "--steps", "80", "--eval-steps", "60", "--json"];
  const { code, results, error } = await pushforward(...well, "--out", at("well"));
  expect([code, error]).toEqual([0, ""]);
  expect(Math.abs(results.energy - 0.66798626)).toBeLessThan(0.02 + 5 * results.error);
});

test("a scan has a row for each distance, and the same numbers when it stopped and another process went on", async () => {
  const brief = small.with(small.indexOf("--pretrain") + 1, "10");
  const args = ["molecule", "scan", "H2", ...brief, "--steps", "8", "--eval-steps", "20", "--bond", "1:2:1", "--json"];
  const { code, results, error } = await pushforward(...args, "--out", at("scan"));
  expect([code, error]).toEqual([0, ""]);
  expect(results.points.map((p: { distance: number }) => p.distance)).toEqual([1, 2]);
  const curve = (name: string): string => readFileSync(join(at(name), "artifacts/curve.csv"), "utf8");
  expect(curve("scan").split("\n")[0]).toBe("distance,energy,error");
  await pushforward(...args, "--out", at("shared"), "--stop-at", "1");
  const shared = await pushforward(...args, "--out", at("shared"), "--workers", "1");
  expect(shared.results.points).toEqual(results.points);
  expect(curve("shared")).toBe(curve("scan"));
});

test.each([
  [["molecule"], /needs a system|missing required argument/],
  [["molecule", "Xx 0 0 0"], /Xx/],
  [["molecule", "He", "--solver", "minsr"], /--solver minsr is for gradients of the Fisher-Rao flow only/],
  [["molecule", "He", "--ansatz", "psiformer", "--width", "10", "--heads", "4"], /width of 10 is not divisible by 4 heads/],
  [["molecule", "He", "--spin", "1"], /spin/],
  [["molecule", "V = y^2"], /"y\^2", position 1/],
  [["molecule", "scan", "He", "--bond", "1:2:1"], /has no bond to stretch/],
  [["molecule", "scan", "H2", "--bond", "2:1:1"], /--bond 2:1:1 is not from:to:step/],
  [["molecule", "scan", "H2", "--bond", "1:9000:1"], /has 9000 points/],
  [["molecule", "scan", "H 0 0 0; H 1 0 0; H 0 1 0", "--bond", "1:2:1", "--spin", "1"], /is no chain of equal steps/],
  [["molecule", "evaluate", "nowhere"], /there is no file nowhere/],
  [["molecule", "He", "--walkers", "3"], /--walkers/],
])("%j is refused in words", async (args, message) => {
  const { code, error } = await pushforward(...args, "--out", at("refused"));
  expect(code).toBe(1);
  expect(error).toMatch(message);
  expect(error).not.toMatch(/\n\s+at /);
});

test("files that are no wave functions are refused in words", async () => {
  mkdirSync(join(at("broken"), "artifacts"), { recursive: true });
  const file = join(at("broken"), "artifacts", "wave-function.safetensors");
  const good = readFileSync(join(at("whole"), "artifacts/wave-function.safetensors"));
  const cases: [Uint8Array, RegExp][] = [
    [new Uint8Array(0), /wave-function|broken/],
    [good.subarray(0, good.length - 100), /broken/],
    [
      Buffer.from(good.toString("latin1").replace("pushforward-wave-function", "pushforward-wave-fiction!"), "latin1"),
      /this is no wave function/,
    ],
    [Buffer.from(good.toString("latin1").replace('\\"width\\":8', '\\"width\\":4'), "latin1"), /its tensor "linear\/[^"]+" is f32/],
  ];
  for (const [content, message] of cases) {
    writeFileSync(file, content);
    const { code, error } = await pushforward("molecule", "evaluate", at("broken"), "--out", at("refused"));
    expect(code).toBe(1);
    expect(error).toMatch(message);
  }
});
