/** Methods that choose before they learn: the same bytes whoever makes the trials, none made twice, and a record of what was asked and what was chosen. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { forkRun } from "../../src/lab/fork.ts";
import { work } from "../../src/lab/sweep/worker.ts";
import { start, untilBy } from "./appears.ts";
import { strides } from "./choosing.ts";
import { hasRedis, type Server, startRedis } from "./servers.ts";

const base = mkdtempSync(join(tmpdir(), "pushforward-choosing-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));

process.env.NODE_COMPILE_CACHE = join(base, "compiled");
const program = ["test/lab/choosing.ts"];
const at = (name: string): string => join(base, name);
const perform = (name: string, options: Record<string, unknown> = {}) =>
  strides.perform([], { auto: true, out: at(name), quiet: true, trail: at("trail"), ...options }, { program });
const read = (name: string, file: string): string => readFileSync(join(at(name), file), "utf8");
/** What came out, without the time that it took, the folder and what names it. */
function products(name: string): string {
  const { seconds, run, ...results } = JSON.parse(read(name, "results.json"));
  const { config, asked } = JSON.parse(read(name, "config.json"));
  return JSON.stringify([results, config, asked, read(name, "metrics.jsonl"), read(name, "checkpoint/state.safetensors")]).replaceAll(
    name,
    "",
  );
}
const tried = (): string[] => (existsSync(at("trail")) ? readFileSync(at("trail"), "utf8").trim().split("\n") : []);
async function freshly<T>(job: () => Promise<T>): Promise<string[]> {
  rmSync(at("trail"), { force: true });
  await job();
  return tried().sort();
}
const all = ["stride-1", "stride-2", "stride-3"];

describe("a choice", () => {
  test("is made of trials, each once; the configuration holds what was chosen beside what was asked", async () => {
    expect(await freshly(() => perform("own"))).toEqual(all);
    const { config, asked } = JSON.parse(read("own", "config.json"));
    expect([config.stride, asked.stride, config.auto, asked.auto]).toEqual([2.1, undefined, true, true]);
    expect(JSON.parse(read("own", "results.json")).warnings).toEqual(["a road", "the stride is 2.1"]);
    expect(read("own", "report.html")).toContain("2.1");
    expect(existsSync(join(at("own"), "parts"))).toBe(false);
  });

  test("gives the same bytes by two processes", async () => {
    expect(await freshly(() => perform("two", { workers: 2 }))).toEqual(all);
    expect(products("two")).toBe(products("own"));
  });

  test("that was killed goes on with the other trials", async () => {
    rmSync(at("trail"), { force: true });
    const args = ["strides", "--auto", "--out", at("killed"), "--trail", at("trail"), "--gate", at("gate")];
    const child = start([...program, ...args]);
    await untilBy(child, base, () => tried().length >= 2);
    child.process.kill("SIGKILL");
    await child.gone;
    writeFileSync(at("gate"), "");
    expect(await freshly(() => perform("killed", { gate: at("gate") }))).toEqual(["stride-2", "stride-3"]);
    expect(read("killed", "metrics.jsonl")).toBe(read("own", "metrics.jsonl"));
  });

  test("that is made is kept while the run is paused, and not made again", async () => {
    expect(await freshly(() => perform("paused", { stopAt: 3 }))).toEqual(all);
    expect(await freshly(() => perform("paused"))).toEqual([]);
    expect(products("paused")).toBe(products("own"));
    await expect(perform("paused", { steps: 7 })).rejects.toThrow(/another configuration \(steps: 6 there, 7 here\)/);
  });

  test("is refused when config.json was edited, by the name of the field", async () => {
    await perform("edited", { stopAt: 3 });
    writeFileSync(join(at("edited"), "config.json"), read("edited", "config.json").replace('"stride": 2.1', '"stride": 3.1'));
    await expect(perform("edited")).rejects.toThrow(/config.json does not hold what is chosen here \(stride: 3.1 there, 2.1 here\)/);
  });

  test("is another's for a fork, which goes on from the checkpoint", async () => {
    await perform("origin", { stopAt: 3 });
    const registry = [{ name: "strides", summary: strides.summary, load: async () => strides }];
    await forkRun(at("origin"), { set: "steps=8", out: at("fork"), quiet: true, json: false }, registry);
    const { fork, config } = JSON.parse(read("fork", "config.json"));
    expect([fork.step, fork.changed, config.stride]).toEqual([3, ["steps: 6 there, 8 here"], 2.1]);
    expect(JSON.parse(read("fork", "results.json")).x).toBeGreaterThan(JSON.parse(read("own", "results.json")).x);
  });

  test("has no work for others where nothing is open", async () => {
    await expect(perform("closed", { auto: false, workers: 2 })).rejects.toThrow(/--workers: with these options no work of strides splits/);
    expect(existsSync(at("closed"))).toBe(false);
    await perform("closed", { auto: false });
    expect(JSON.parse(read("closed", "config.json")).asked).toBeUndefined();
  });
});

describe.skipIf(!hasRedis)("a choice over a queue", () => {
  let redis: Server;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis?.stop());

  test("gives the same bytes", async () => {
    const ending = new AbortController();
    const working = work({ url: redis.url, concurrency: 2, folder: at("work"), program, tell: () => undefined }, ending.signal);
    expect(await freshly(() => perform("queued", { queue: redis.url }))).toEqual(all);
    ending.abort();
    await working;
    expect(products("queued")).toBe(products("own"));
  }, 30_000);
});
