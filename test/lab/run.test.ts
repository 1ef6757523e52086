import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { ndarray } from "../../src/array/ndarray.ts";
import { randomStream } from "../../src/array/random.ts";
import { UserError } from "../../src/errors.ts";
import { openFreeRun, openRun } from "../../src/lab/run.ts";

const base = mkdtempSync(join(tmpdir(), "pushforward-run-"));
afterAll(() => rmSync(base, { recursive: true }));
let count = 0;
const fresh = () => join(base, String(count++));
const tensor = (v: number) => ({ w: ndarray(Float32Array.of(v), [1], "f32") });

describe("a run", () => {
  test("goes on at its checkpoint; rows logged after it are dropped", async () => {
    const folder = fresh();
    const run = await openRun(folder, { seed: 1 });
    expect(run.checkpoint).toBeUndefined();
    await run.log({ step: 1, loss: 0.5 });
    await run.save({ step: 1, tensors: tensor(3), state: { random: [1, 2] } });
    await run.log({ step: 2, loss: 0.4 });
    await run.close();
    writeFileSync(join(folder, "metrics.jsonl"), '{"step": 3, "los', { flag: "a" }); // killed in the middle of a row
    const again = await openRun(folder, { seed: 1 });
    expect(again.checkpoint).toEqual({ step: 1, tensors: tensor(3), state: { random: [1, 2] } });
    expect(again.metrics).toEqual([{ step: 1, loss: 0.5 }]);
    await again.log({ step: 2, loss: 0.3 });
    await again.close();
    expect(readFileSync(join(folder, "metrics.jsonl"), "utf8")).toBe('{"step":1,"loss":0.5}\n{"step":2,"loss":0.3}\n');
  });

  test("keeps its configuration, artifacts and results where they belong", async () => {
    const folder = fresh();
    const run = await openRun(folder, { seed: 1, net: [64, 64], skipped: undefined });
    expect(await run.write("artifacts/loss.svg", "<svg/>")).toBe(join(folder, "artifacts", "loss.svg"));
    await run.write("report.html", "page");
    await run.complete({ w1: 0.5 });
    await run.close();
    expect(JSON.parse(readFileSync(join(folder, "config.json"), "utf8")).config).toEqual({ seed: 1, net: [64, 64] });
    expect(JSON.parse(readFileSync(join(folder, "results.json"), "utf8"))).toEqual({ w1: 0.5 });
    expect(readdirSync(folder, { recursive: true }).sort()).toEqual(
      ["artifacts", "artifacts/loss.svg", "config.json", "lock", "metrics.jsonl", "owner", "report.html", "results.json"].map((p) =>
        join(p),
      ),
    );
  });

  test("that is finished begins again; so does any with overwrite, also under another configuration", async () => {
    const folder = fresh();
    const begin = async (seed: number, overwrite: boolean, complete: boolean) => {
      const run = await openRun(folder, { seed }, { overwrite });
      expect(run.checkpoint).toBeUndefined();
      expect(run.metrics).toEqual([]);
      await run.log({ step: 1 });
      await run.save({ step: 1, tensors: tensor(1), state: 0 });
      if (complete) await run.complete({});
      await run.close();
    };
    await begin(1, false, true);
    await begin(1, false, false);
    await begin(1, true, false);
    await begin(2, true, false);
    expect(JSON.parse(readFileSync(join(folder, "config.json"), "utf8")).config).toEqual({ seed: 2 });
    expect(existsSync(join(folder, "results.json"))).toBe(false);
  });

  test("is not begun in a folder that holds something else, and nothing there is touched", async () => {
    const folder = fresh();
    mkdirSync(folder);
    writeFileSync(join(folder, "thesis.txt"), "mine");
    await expect(openRun(folder, {}, { overwrite: true })).rejects.toThrow(/is not empty and holds no run/);
    writeFileSync(join(folder, "config.json"), "{}");
    await expect(openRun(folder, {})).rejects.toThrow(/holds no run/);
    expect(readFileSync(join(folder, "thesis.txt"), "utf8")).toBe("mine");
    await expect(openRun(join(folder, "thesis.txt"), {})).rejects.toThrow(UserError);
  });

  test("without a folder of its own goes to the next free one, says why, and is found there again", async () => {
    const folder = fresh();
    const close = async ({ run, note }: Awaited<ReturnType<typeof openFreeRun>>) => {
      await run.close();
      return [run.folder, note];
    };
    expect(await close(await openFreeRun(folder, { seed: 1 }))).toEqual([folder, undefined]);
    const why = `${folder} holds a run with another configuration (seed: 1 there, 2 here): this run is in ${folder}-2`;
    expect(await close(await openFreeRun(folder, { seed: 2 }))).toEqual([`${folder}-2`, why]);
    expect(await close(await openFreeRun(folder, { seed: 1 }))).toEqual([folder, undefined]);
    expect(await close(await openFreeRun(folder, { seed: 2 }))).toEqual([`${folder}-2`, why]);
    expect((await close(await openFreeRun(folder, { seed: 3 })))[0]).toBe(`${folder}-3`);
    expect(await close(await openFreeRun(folder, { seed: 4 }, { overwrite: true }))).toEqual([folder, undefined]);
  });

  test("of another configuration is refused, naming the difference", async () => {
    const folder = fresh();
    await (await openRun(folder, { seed: 1, steps: 5 })).close();
    await expect(openRun(folder, { seed: 2, steps: 5 })).rejects.toThrow(/another configuration \(seed: 1 there, 2 here\)/);
    await expect(openRun(folder, { seed: 1 })).rejects.toThrow(/steps: 5 there, nothing here/);
  });

  test("with a damaged checkpoint says so instead of trusting it", async () => {
    const folder = fresh();
    const run = await openRun(folder, {});
    await run.save({ step: 1, tensors: tensor(1), state: 0 });
    await run.close();
    const path = join(folder, "checkpoint", "state.safetensors");
    const whole = readFileSync(path);
    for (const damaged of [whole.subarray(0, whole.length - 1), new Uint8Array(0), Buffer.from("{}")]) {
      writeFileSync(path, damaged);
      await expect(openRun(folder, {})).rejects.toThrow(/the checkpoint is damaged/);
    }
    await (await openRun(folder, {}, { overwrite: true })).close();
    expect(existsSync(path)).toBe(false);
  });

  test("killed again and again gives bit for bit what an undisturbed one gives", async () => {
    // the undisturbed walk, computed here
    const random = randomStream(7);
    const x = new Float32Array(4);
    const rows: string[] = [];
    for (let step = 1; step <= 60; step++) {
      random.normal([4]).data.forEach((e, i) => void (x[i] += e));
      rows.push(JSON.stringify({ step, x0: x[0] }));
    }
    const folder = fresh();
    for (const last of ["13", "30", "44", "none"]) {
      const { signal } = spawnSync(process.execPath, ["test/fixtures/run-job.ts", folder, last], { stdio: "inherit" });
      expect(signal).toBe(last === "none" ? null : "SIGKILL");
    }
    expect(JSON.parse(readFileSync(join(folder, "results.json"), "utf8"))).toEqual({ x: [...x] });
    expect(readFileSync(join(folder, "metrics.jsonl"), "utf8")).toBe(`${rows.join("\n")}\n`);
  });
});
