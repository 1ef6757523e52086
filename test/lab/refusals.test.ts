/** What a run refuses, and that nothing is damaged by it. */
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { ndarray } from "../../src/array/ndarray.ts";
import { UserError } from "../../src/errors.ts";
import { type Invocation, withInvocation } from "../../src/lab/invocation.ts";
import { isLocked } from "../../src/lab/lock.ts";
import { openRun, type Run } from "../../src/lab/run.ts";

const base = mkdtempSync(join(tmpdir(), "pushforward-refusals-"));
afterAll(() => rmSync(base, { recursive: true }));
let count = 0;
const fresh = () => join(base, String(count++));
const tensor = { w: ndarray(Float32Array.of(1, 2, 3), [3], "f32") };

/** Every file of a folder and its bytes. */
const bytes = (folder: string) =>
  Object.fromEntries(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((f) => f.isFile())
      .map((f) => [join(f.parentPath, f.name), readFileSync(join(f.parentPath, f.name), "hex")]),
  );

async function halfway(folder: string, invocation?: Invocation): Promise<void> {
  const open = () => openRun(folder, { seed: 1 });
  const run: Run = await (invocation ? withInvocation(invocation, open) : open());
  await run.log({ step: 1, loss: 0.5 });
  await run.save({ step: 1, tensors: tensor, state: {} });
  await run.log({ step: 2, loss: 0.25 });
  await run.close();
}

/** A process that holds the run until it is killed. */
async function holder(folder: string) {
  const child = spawn(process.execPath, [
    "-e",
    `import("./src/lab/lock.ts").then((m) => { m.lock(${JSON.stringify(folder)}); console.log("held"); process.stdin.resume(); })`,
  ]);
  await new Promise((resolve) => child.stdout.once("data", resolve));
  return child;
}

describe("a run refuses", () => {
  test("a second process, which learns who holds it, until the first has ended, however that ended", async () => {
    const folder = fresh();
    await halfway(folder);
    const child = await holder(folder);
    expect(isLocked(folder)).toBe(true);
    await expect(openRun(folder, { seed: 1 })).rejects.toThrow(new RegExp(`another process works on this run \\(process ${child.pid} on `));
    await expect(openRun(folder, { seed: 1 }, { overwrite: true })).rejects.toThrow(/another process/);
    child.kill("SIGKILL");
    await new Promise((resolve) => child.on("exit", resolve));
    expect(isLocked(folder)).toBe(false);
    const run = await openRun(folder, { seed: 1 });
    expect(run.checkpoint?.step).toBe(1);
    await expect(openRun(folder, { seed: 1 })).rejects.toThrow(/another process/); // also within one process
    await run.close();
    expect(isLocked(folder)).toBe(false);
  });

  test("changed input files and changed code, unless the user accepts them", async () => {
    const [folder, input] = [fresh(), join(base, "cells.csv")];
    const other = { command: ["x"], arguments: ["cells.csv"], options: {}, cwd: base, loggers: [] };
    writeFileSync(input, "a\n1\n");
    await halfway(folder, other);
    writeFileSync(input, "a\n2\n");
    const before = bytes(folder);
    const go = (wishes: Partial<Invocation> = {}) => withInvocation({ ...other, ...wishes }, () => openRun(folder, { seed: 1 }));
    await expect(go()).rejects.toThrow(/the input cells.csv has changed since the run began/);
    expect(bytes(folder)).toEqual(before);
    await (await go({ acceptChanges: true })).close();
    await (await go()).close(); // what was accepted is what it stands on now
    writeFileSync(input, "a\n1\n");
    await expect(go()).rejects.toThrow(/the input cells.csv has changed/);
    await (await go({ acceptChanges: true })).close();
    const config = join(folder, "config.json");
    const [first, second] = JSON.parse(readFileSync(config, "utf8")).changes;
    expect(first.inputs).toEqual([{ path: "cells.csv", before: second.inputs[0].after, after: second.inputs[0].before }]);
    writeFileSync(config, readFileSync(config, "utf8").replace(/"code": "[^"]*"/, '"code": "0.0.1+00000000"'));
    await expect(go()).rejects.toThrow(/begun by version 0.0.1\+00000000 of the code, this is /);
    await (await go({ acceptChanges: true })).close();
  });

  test("to take for an input what only has the name of a file: a method, or the folder of the run itself", async () => {
    const folder = fresh();
    for (const name of ["wlf-uot", "net.onnx"]) writeFileSync(join(base, name), name);
    const options = { method: "wlf-uot", model: "net.onnx", out: folder };
    await halfway(folder, { command: ["x"], arguments: [], options, fileOptions: ["model"], cwd: base, loggers: [] });
    const { inputs } = JSON.parse(readFileSync(join(folder, "config.json"), "utf8"));
    expect(inputs.map((input: { path: string }) => input.path)).toEqual(["net.onnx"]);
  });

  test("a checkpoint or metrics with any byte changed", async () => {
    for (const name of ["checkpoint/state.safetensors", "metrics.jsonl"]) {
      const folder = fresh();
      await halfway(folder);
      const path = join(folder, name);
      const whole = readFileSync(path);
      const kept = name === "metrics.jsonl" ? '{"step":1,"loss":0.5}\n'.length : whole.length;
      for (let i = 0; i < kept; i += 7) {
        const damaged = Buffer.from(whole);
        damaged[i] ^= 0x10;
        writeFileSync(path, damaged);
        await expect(openRun(folder, { seed: 1 })).rejects.toThrow(UserError);
      }
      writeFileSync(path, whole.subarray(0, Math.min(kept, whole.length) - 1));
      await expect(openRun(folder, { seed: 1 })).rejects.toThrow(/damaged|not those/);
      writeFileSync(path, whole);
      await (await openRun(folder, { seed: 1 })).close();
    }
  });

  test("names that lead out of its folder", async () => {
    const run = await openRun(fresh(), {});
    for (const name of ["../x", "/etc/x", "a/../../x", "", "..", "a\0b"]) {
      await expect(run.write(name, "")).rejects.toThrow(/is not a name inside/);
      expect(() => run.artifact(name)).toThrow(UserError);
    }
    await run.close();
  });

  test("a folder that cannot be written", () => {
    const folder = join(base, "closed");
    mkdirSync(folder);
    chmodSync(base, 0o755);
    chmodSync(folder, 0o555);
    // root may write everywhere: the process becomes another user, after a first run has loaded the modules that this one may not read
    const { stdout } = spawnSync(process.execPath, ["test/fixtures/closed-folder-job.ts", fresh(), folder], { encoding: "utf8" });
    expect(stdout).toMatch(/^UserError .*(no permission|cannot be locked)/);
    expect(readdirSync(folder)).toEqual([]);
  });

  test("a folder that is removed while the run writes to it", async () => {
    const folder = fresh();
    const run = await openRun(folder, { seed: 1 });
    await run.log({ step: 1, loss: 0.5 });
    rmSync(folder, { recursive: true });
    await expect(run.save({ step: 1, tensors: tensor, state: {} })).rejects.toThrow(/the folder is gone/);
    await run.close();
  });

  test("goes on after a full disk: rows and checkpoints that did not fit are written again", () => {
    const folder = join(base, "full");
    // a limit on the size of files stands for the end of the disk: the same partial writes, another error number
    const job = `trap "" XFSZ; ulimit -f $0; exec "$1" test/fixtures/walk-job.ts "$2" 300`;
    const run = (blocks: string) => spawnSync("bash", ["-c", job, blocks, process.execPath, folder], { encoding: "utf8" });
    const full = run("4");
    expect(full.status).not.toBe(0);
    expect(full.stderr).toMatch(/UserError: .*metrics.jsonl: (the disk is full|the file would be larger)/);
    expect(run("unlimited").status).toBe(0);
    const whole = join(base, "not-full");
    spawnSync(process.execPath, ["test/fixtures/walk-job.ts", whole, "300"]);
    for (const name of ["metrics.jsonl", "results.json", "artifacts/state.json"])
      expect(readFileSync(join(folder, name), "utf8")).toBe(readFileSync(join(whole, name), "utf8"));
  });
});
