import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { commands } from "../../src/cli/commands.ts";
import { run } from "../../src/cli/program.ts";
import { fromOnnx, jit, ndarray, randomStream, type Tensor, toNumbers } from "../../src/tensor/index.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pushforward-trajectories-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs the command; text that went to either stream, and the exit code. */
async function pushforward(...args: string[]): Promise<{ code: number; text: string }> {
  let text = "";
  const collect = (s: string): void => {
    text += s;
  };
  const code = await run(["trajectories", ...args], commands, { out: collect, error: collect });
  return { code, text };
}

async function csv(name: string, lines: readonly string[]): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, lines.join("\n"));
  return path;
}

/** Clouds at the given times whose mean moves with velocity (1, 0). */
const moving = (times: readonly number[]): string[] => {
  const noise = randomStream(1).normal([times.length * 60]).data;
  return [
    "time,a,b",
    ...times.flatMap((t, k) =>
      Array.from({ length: 30 }, (_, i) => `${t},${t + 0.3 * noise[60 * k + 2 * i]},${0.3 * noise[60 * k + 2 * i + 1]}`),
    ),
  ];
};

test.each([
  ["one snapshot only", ["time,a", "0,1", "0,2"], [], /one time|single|two/i],
  [
    "a constant feature that was asked for",
    ["time,a,b", "0,1,5", "0,2,5", "1,3,5", "1,4,5"],
    ["--features", "a,b"],
    /column "?b"? is constant/,
  ],
  ["missing values", ["time,a", "0,1", "0,", "1,3", "1,4"], [], /a"?.*(missing|not numbers|empty)/s],
  ["text among numbers", ["time,a", "0,1", "0,x", "1,3", "1,4"], ["--features", "a"], /"a"/],
  ["no such column", ["time,alpha", "0,1", "1,3"], ["--features", "alpah"], /alpha/],
  ["a held-out time that is not there", moving([0, 1, 2]), ["--hold-out", "7"], /no time 7.*the times are 0, 1, 2/s],
  ["a held-out time at the end", moving([0, 1, 2]), ["--hold-out", "2"], /2 is the last time/],
  [
    "a training that diverges",
    moving([0, 1]),
    ["--learning-rate", "1e30", "--steps", "40", "--width", "8"],
    /step \d+: the loss is (NaN|-?Infinity).*lower --learning-rate/s,
  ],
  ["an option that is not a number", moving([0, 1]), ["--steps", "many"], /--steps: expected/],
])("%s is refused with a message", async (name, lines, options, message) => {
  const path = await csv(`${name.replaceAll(" ", "-")}.csv`, lines as string[]);
  const { code, text } = await pushforward(path, ...(options as string[]), "--out", join(folder, "refused"), "--quiet");
  expect(code).toBe(1);
  expect(text).toMatch(message);
  expect(text).toMatch(/^error: /);
  expect(text).not.toMatch(/\n\s+at /);
});

test("a run predicts a held-out snapshot, and its files agree with each other", async () => {
  const path = await csv("moving.csv", moving([0, 1, 2, 3]));
  const out = join(folder, "run");
  const { code } = await pushforward(
    path,
    "--hold-out",
    "2",
    "--steps",
    "800",
    "--width",
    "32",
    "--learning-rate",
    "0.005",
    "--out",
    out,
    "--quiet",
    "--seed",
    "3",
  );
  expect(code).toBe(0);
  const results = JSON.parse(await readFile(join(out, "results.json"), "utf8"));
  const { heldOut } = results.results ?? results;
  const w1 = (name: string): number => heldOut[0].scores.find((s: { name: string }) => s.name === name).w1;
  // The cloud moves by one unit an interval: copying is off by that, while a moved cloud is off only by its own sampling noise, as the
  // point between the neighbours is. 30 points in two dimensions: that noise is about half a unit.
  expect(w1("action matching")).toBeLessThan(0.7 * w1("copy previous"));
  expect(w1("action matching")).toBeLessThan(w1("optimal-transport midpoint") + 0.2);
  const rows = (await readFile(join(out, "artifacts/trajectories.csv"), "utf8")).trim().split("\n");
  expect(rows[0]).toBe("particle,time,a,b");
  expect(rows.length).toBe(1 + 30 * 31);
  // The exported velocity, run by our own reader, moves particles to the right at about speed one.
  const model = fromOnnx(new Uint8Array(await readFile(join(out, "artifacts/velocity.onnx"))));
  const program = jit((t: Tensor, x: Tensor) => model.apply(model.params as never, t, x)[0]);
  const t = ndarray(new Float32Array(256).fill(1), [256, 1], "f32");
  const x = ndarray(
    Float32Array.from({ length: 512 }, (_, i) => (i % 2 ? 0 : 1)),
    [256, 2],
    "f32",
  );
  const v = toNumbers(await program(t, x));
  expect(Math.abs(v[0] - 1)).toBeLessThan(0.3);
  expect(Math.abs(v[1])).toBeLessThan(0.3);
}, 60_000);

test("a run stopped between checkpoints goes on to the same metrics and the same trajectories", async () => {
  const path = await csv("stopped.csv", moving([0, 1, 2]));
  const options = (out: string): string[] => [
    path,
    "--steps",
    "150",
    "--width",
    "16",
    "--out",
    join(folder, out),
    "--quiet",
    "--seed",
    "5",
  ];
  expect((await pushforward(...options("whole"))).code).toBe(0);
  // SIGINT to ourselves after a moment: the run handles it, finishes its step and saves.
  const running = pushforward(...options("halved"));
  let sent = false;
  const poll = setInterval(async () => {
    const rows = await readFile(join(folder, "halved/metrics.jsonl"), "utf8").catch(() => "");
    if (rows.length > 0 && !sent) {
      sent = true;
      process.kill(process.pid, "SIGINT");
    }
  }, 1);
  const first = await running;
  clearInterval(poll);
  process.exitCode = 0;
  expect(first.code).toBe(130);
  expect((await pushforward(...options("halved"))).code).toBe(0);
  for (const file of ["metrics.jsonl", "artifacts/trajectories.csv"])
    expect(await readFile(join(folder, "halved", file), "utf8")).toBe(await readFile(join(folder, "whole", file), "utf8"));
}, 60_000);
