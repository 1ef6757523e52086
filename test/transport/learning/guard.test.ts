import { expect, test } from "vitest";
import { ndarray, randomStream, toNumbers } from "../../../src/array/index.ts";
import { freeMotion, goBack, guardNote, initGuard, lagrangianFlow, pathThrough, rateFactor, watch } from "../../../src/transport/index.ts";
import { normals, train } from "../training.ts";

/** A player whose parameters are `value` and whose average is `value` + 100. */
const player = (value: number) => {
  const at = (v: number) => ndarray(Float32Array.of(v), [1], "f32");
  return { params: at(value), optimizer: at(value), average: { average: at(value + 100), weight: at(1) } };
};
const state = (value: number) => ({ action: player(value), path: player(-value) });
const calm = { variance: 1, atBound: 0, loss: -1 };

/** Steps of the same signs. */
function after(steps: number, signs: typeof calm, from = initGuard(state(0)), settled = 1000) {
  let guard: typeof from | undefined = from;
  for (let i = 0; i < steps && guard; i++) guard = watch(guard, signs, state(i + 1), settled);
  return guard;
}

/** Parameters of the last good state; of a path that runs away there is none. */
const kept = (guard: ReturnType<typeof after>): number[] | undefined => guard && toNumbers(guard.good.action.params);

test("calm steps keep a good state every 250 steps, whose parameters are their averages", () => {
  const guard = after(700, calm)!;
  const { good } = guard;
  expect(toNumbers(good.action.params)).toEqual([600]);
  expect(toNumbers(good.action.optimizer)).toEqual([500]);
  expect(toNumbers(good.path.params)).toEqual([-400]);
  expect(guardNote(guard)).toBeUndefined();
});

test("a residual that grows tenfold late is a path that runs away, one that grows early or doubles is not", () => {
  const early = after(900, { ...calm, variance: 50 }, after(100, { ...calm, variance: 0.01 }));
  // the state of the last 250th step of all, the 900th of these, is a good one: its average
  expect(kept(early)).toEqual([1000]);
  const late = after(1500, calm)!;
  // running means over 50 steps pass ten times the old one within 50 steps of 100 times
  expect(after(100, { ...calm, variance: 100 }, late)).toBeUndefined();
  let slow = late;
  for (let k = 1; k <= 6; k++) slow = after(250, { ...calm, variance: 2 ** k }, slow)!;
  expect(kept(slow)).toEqual([350]);
});

test("numbers that are not finite and corrections at their bound set the training back, with half the rate, twice", () => {
  const guard = after(600, calm)!;
  for (const signs of [
    { ...calm, loss: Number.NaN },
    { ...calm, variance: Number.POSITIVE_INFINITY },
  ])
    expect(watch(guard, signs, state(0), 1000)).toBeUndefined();
  expect(after(100, { ...calm, atBound: 1 }, guard)).toBeUndefined();
  const once = goBack(guard, "hint");
  expect(rateFactor(once.guard)).toBe(0.5);
  expect(once.players).toBe(guard.good);
  expect(guardNote(once.guard)).toMatch(/ran away once.*0\.5 of/);
  const twice = goBack(after(10, calm, once.guard)!, "hint");
  expect(rateFactor(twice.guard)).toBe(0.25);
  expect(() => goBack(twice.guard, "hint")).toThrow(/ran away 3 times/);
  // without a good state since, the first one is taken again
  expect(twice.players).toBe(once.players);
});

/** Too fast a pair of players; under a force past its conjugate point the path runs away. */
const fast = {
  steps: 150,
  layers: 2,
  width: 32,
  generatorWidth: 32,
  inner: 1,
  batch: 64,
  threads: 1,
  rateRatio: 1,
  learningRate: 0.03,
  warmUp: 20,
} as const;
const model = async (potential = 0) => {
  const path = await pathThrough([0, 1], [normals([-1, 0], [0.5, 0.3], 2000, 1), normals([1, 0.5], [0.2, 0.6], 2000, 2)], {
    coupling: "independent",
  });
  return lagrangianFlow(path, { ...fast, lagrangian: { ...freeMotion, potential: (_, x) => x.square().sum(1).mul(potential) } });
};

test("a training that is set back goes on from its state alone, bit for bit", async () => {
  const flow = await model(5);
  const rng = () => randomStream(3);
  const { state: whole, metrics } = await train(flow, fast.steps, rng());
  expect(flow.note?.(whole)).toMatch(/ran away/);
  expect(metrics.every((m) => Object.values(m).every(Number.isFinite))).toBe(true);
  // the second half by another model from the state of the first, through plain numbers
  const stream = rng();
  const { state: half } = await train(flow, 75, stream);
  const copy = structuredClone(half);
  const other = await model(5);
  let now = copy;
  for (let i = 75; i < fast.steps; i++) ({ state: now } = await other.step(now, stream));
  expect(JSON.stringify(now)).toBe(JSON.stringify(whole));
});

test("a harmonic force past its conjugate point ends with an error that names the reason", async () => {
  const flow = await model(20);
  await expect(train(flow, 600, randomStream(3))).rejects.toMatchObject({
    message: expect.stringMatching(/ran away 3 times/),
    hint: expect.stringMatching(/--rate-ratio.*below π/),
  });
});
