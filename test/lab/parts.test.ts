/** Work that splits into parts: the same bytes whoever does them, finished parts are kept, failures are told by name. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readPart } from "../../src/lab/parts.ts";
import { work } from "../../src/lab/sweep/worker.ts";
import { start, untilBy } from "./appears.ts";
import { squares } from "./parts.ts";
import { hasRedis, type Server, startRedis } from "./servers.ts";

const base = mkdtempSync(join(tmpdir(), "pushforward-parts-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));

process.env.NODE_COMPILE_CACHE = join(base, "compiled");
const program = ["test/lab/parts.ts"];
const at = (name: string): string => join(base, name);
const perform = (name: string, options: Record<string, unknown> = {}) =>
  squares.perform([], { out: at(name), quiet: true, trail: at(`${name}.log`), ...options }, { program });
/** What came out, without the time that it took and the folder. */
function results(name: string): string {
  const { seconds, run, ...rest } = JSON.parse(readFileSync(join(at(name), "results.json"), "utf8"));
  return JSON.stringify(rest);
}
const done = (name: string): string[] =>
  readFileSync(at(`${name}.log`), "utf8")
    .trim()
    .split("\n")
    .sort();
const all = [0, 1, 2].flatMap((i) => [`first-${i}`, `second-${i}`]).sort();

describe("parts", () => {
  test("in one process: each once, later ones know earlier ones; nothing of them stays behind", async () => {
    const { results: found } = await perform("own");
    const { parts, total } = found as { total: number; parts: { part: { name: string; of: number }; result: number }[] };
    expect(done("own")).toEqual(all);
    for (const [i, { part }] of parts.slice(3).entries()) expect(part.of).toBe(parts[i].result);
    expect(total).toBe(parts.reduce((sum, { result }) => sum + result, 0));
    expect(existsSync(join(at("own"), "parts"))).toBe(false);
  });

  test("two processes give the same bytes", async () => {
    await perform("two", { workers: 2 });
    expect(done("two")).toEqual(all);
    expect(results("two")).toBe(results("own"));
    const config = readFileSync(join(at("two"), "config.json"), "utf8");
    expect(config).not.toMatch(/workers/);
    expect(JSON.parse(config).config).toEqual({
      ...JSON.parse(readFileSync(join(at("own"), "config.json"), "utf8")).config,
      trail: at("two.log"),
    });
  });

  test("a run that stops keeps its parts, and others may go on with it", async () => {
    await perform("stopped", { stopAt: 2 });
    expect(done("stopped")).toEqual(["first-0", "first-1"]);
    await perform("stopped", { workers: 2, stopAt: 4 });
    expect(done("stopped")).toEqual(["first-0", "first-1", "first-2", "second-0"]);
    await perform("stopped");
    expect(done("stopped")).toEqual(all);
    expect(results("stopped")).toBe(results("own"));
  });

  test("a run that is killed keeps its parts", async () => {
    const args = ["squares", "--out", at("killed"), "--trail", at("killed.log"), "--gate", at("gate")];
    const child = start([...program, ...args]);
    await untilBy(child, base, () => existsSync(at("killed.log")) && done("killed").length >= 2);
    child.process.kill("SIGKILL");
    await child.gone;
    writeFileSync(at("gate"), "");
    await perform("killed", { gate: at("gate") });
    // the one that was being done is done again
    expect(done("killed")).toEqual([...all, "first-1"].sort());
    expect(results("killed")).toBe(results("own"));
  });

  test("a part whose result is damaged is done again, by whomever", async () => {
    for (const hands of [{}, { workers: 2 }]) {
      const name = `damaged-${Object.keys(hands).length}`;
      await perform(name, { stopAt: 2 });
      writeFileSync(join(at(name), "parts", "first-0", "results.json"), '{"part": {"name": "first-0"');
      await perform(name, hands);
      expect(done(name)).toEqual([...all, "first-0"].sort());
      expect(results(name)).toBe(results("own"));
    }
  });

  test.each([
    ["own", {}],
    ["others'", { workers: 2 }],
  ])("a failure in %s hands is told by the name of its part, and what is finished stays", async (who, hands) => {
    const name = `bad-${Object.keys(hands).length}`;
    await expect(perform(name, { bad: 1, ...hands })).rejects.toThrow(/^first-1: 1\.1 is bad/);
    expect(who === "own" ? done(name) : ["first-0", "first-1"]).toEqual(["first-0", "first-1"]);
  });

  test("hands are one or the other; a part is one", async () => {
    await expect(perform("both", { workers: 2, queue: "redis://127.0.0.1:1" })).rejects.toThrow(/either --workers or --queue/);
    for (const text of ["", "{", "[]", "null", '{"name":"../x","steps":1}', '{"name":"x"}'])
      expect(() => readPart(text)).toThrow(/is no part/);
  });
});

describe.skipIf(!hasRedis)("parts over a queue", () => {
  let redis: Server;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis?.stop());

  test("give the same bytes", async () => {
    const ending = new AbortController();
    const working = work({ url: redis.url, concurrency: 2, folder: at("work"), program, tell: () => undefined }, ending.signal);
    await perform("queued", { queue: redis.url });
    ending.abort();
    await working;
    expect(done("queued")).toEqual(all);
    expect(results("queued")).toBe(results("own"));
    expect(readFileSync(join(at("queued"), "config.json"), "utf8") + readFileSync(join(at("queued"), "report.html"), "utf8")).not.toMatch(
      /redis:/,
    );
  }, 30_000);
});
