import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type NdArray, ndarray, randomStream } from "../../src/array/index.ts";
import { type Learner, openRun, progress, runLearner, withInvocation } from "../../src/lab/index.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pushforward-method-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

type Walk = { x: ReturnType<typeof ndarray> };

/** A random walk, which stops with an error after so many steps. */
function walk(stopAfter = Number.POSITIVE_INFINITY): Learner<Walk> {
  let done = 0;
  return {
    init: (rng) => ({ x: rng.normal([2]) }),
    async step({ x }, rng) {
      if (done++ === stopAfter) throw new Error("pulled the plug");
      const noise = rng.normal([2]);
      const next = ndarray(
        Float32Array.from(x.data as Float32Array, (v, i) => v + noise.data[i]),
        [2],
        "f32",
      );
      return { state: { x: next }, metrics: { height: next.data[0], side: next.data[1] } };
    },
    evaluate: async ({ x }, rng) => ({ far: Math.hypot(x.data[0] as number, x.data[1] as number) + rng.uniform([1]).data[0] }),
  };
}

const quiet = () => progress({ label: "walk", total: 1, mode: "quiet" });

async function session(name: string, method: Learner<Walk>, config: Record<string, unknown> = {}) {
  const run = await openRun(join(folder, name), config);
  try {
    return await runLearner(method, run, {
      steps: 103,
      rng: randomStream(3),
      progress: quiet(),
      logEvery: 7,
      evaluateEvery: 10,
      saveEvery: 0,
    });
  } finally {
    await run.close();
  }
}

test("a run that dies at any step goes on to the same metrics and the same state", async () => {
  const whole = await session("whole", walk());
  const expected = await readFile(join(folder, "whole", "metrics.jsonl"), "utf8");
  for (const stops of [[0], [1, 1], [5, 40], [13, 20, 30], [102]]) {
    const name = `stopped-${stops.join("-")}`;
    for (const stop of stops) await expect(session(name, walk(stop))).rejects.toThrow("plug");
    const { state, history, interrupted } = await session(name, walk());
    expect(interrupted).toBe(false);
    expect(state.x.data).toEqual(whole.state.x.data);
    expect(history).toEqual(whole.history);
    expect(await readFile(join(folder, name, "metrics.jsonl"), "utf8")).toBe(expected);
  }
});

test("the time that steps took is told beside the rows, in none of them, and does not count a pause", async () => {
  let clock = 0;
  const spy = vi.spyOn(performance, "now").mockImplementation(() => clock);
  /** Half a second a step. */
  const slow = (stop?: number): Learner<Walk> => {
    const { step, ...rest } = walk(stop);
    return {
      ...rest,
      async step(state, rng) {
        clock += 500;
        return await step(state, rng);
      },
    };
  };
  try {
    await expect(session("slow", slow(40))).rejects.toThrow("plug");
    clock += 3_600_000;
    const { history, seconds } = await session("slow", slow());
    expect(seconds).toEqual(history.map(({ step }) => step / 2));
    expect(history.some((row) => "seconds" in row)).toBe(false);
  } finally {
    spy.mockRestore();
  }
});

test("rows are means over the steps since the row before, and the last step has its row and its evaluation", async () => {
  const { history } = await session("rows", walk());
  const heights: number[] = [];
  const rng = randomStream(3);
  let x = rng.fold("init").normal([2]).data[0];
  const stream = rng.fold("steps");
  for (let i = 0; i < 103; i++) {
    x = Math.fround(x + stream.normal([2]).data[0]);
    heights.push(x);
  }
  const mean = (from: number, to: number): number => heights.slice(from, to).reduce((s, v) => s + v, 0) / (to - from);
  const rows = history.filter((row) => row.height !== undefined);
  expect(rows.map((row) => row.step)).toEqual([...Array.from({ length: 14 }, (_, i) => 7 * (i + 1)), 103]);
  for (const [i, row] of rows.entries()) expect(row.height).toBeCloseTo(mean(7 * i, Math.min(7 * (i + 1), 103)), 12);
  expect(history.filter((row) => row.far !== undefined).map((row) => row.step)).toEqual([10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 103]);
});

test("a metric that is no number ends the run with a message, and the checkpoint before it stays", async () => {
  let i = 0;
  const failing: Learner<Walk> = {
    init: walk().init,
    step: async (state) => ({ state, metrics: { loss: ++i === 30 ? Number.NaN : 1 } }),
  };
  await expect(session("nan", failing)).rejects.toThrow("step 30: the loss is NaN");
  const run = await openRun(join(folder, "nan"), {});
  expect(run.checkpoint?.step).toBe(29);
  await run.close();
});

/** Counts its steps; the evaluation falls until step 40 and rises again, with a little noise of its own. */
const valley = (): Learner<{ n: NdArray<"i32"> }> => ({
  init: () => ({ n: ndarray(new Int32Array(1), [1], "i32") }),
  async step({ n }) {
    n.data[0]++; // in place, as programs that reuse their buffers do
    return { state: { n }, metrics: { loss: 1 } };
  },
  evaluate: async ({ n }, rng) => ({ height: Math.abs(n.data[0] - 40) + 0.1 * rng.uniform([1]).data[0] }),
});

test("the state in which a metric was lowest is kept, and the run ends when it does not fall; so it does after a pause at any step", async () => {
  const best = { metric: "height", patience: 3 };
  const live = async (name: string, stopAt?: number) => {
    const run = await openRun(join(folder, name), {});
    const wishes = { command: [], arguments: [], options: {}, cwd: folder, loggers: [], stopAt };
    try {
      return await withInvocation(wishes, () =>
        runLearner(valley(), run, { steps: 200, rng: randomStream(3), progress: quiet(), evaluateEvery: 10, saveEvery: 0, best }),
      );
    } finally {
      await run.close();
    }
  };
  const whole = await live("valley");
  expect([whole.steps, whole.bestStep, whole.state.n.data[0], whole.interrupted]).toEqual([70, 40, 40, false]);
  for (const pauses of [[5], [40], [41, 55], [69]]) {
    const name = `valley-${pauses.join("-")}`;
    for (const pause of pauses) expect((await live(name, pause)).interrupted).toBe(true);
    const again = await live(name);
    expect([again.steps, again.bestStep, again.state.n.data[0]]).toEqual([70, 40, 40]);
    expect(again.history).toEqual(whole.history);
  }
});
