import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { commands } from "../../src/cli/commands.ts";
import { run } from "../../src/cli/program.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pushforward-resume-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function pushforward(...args: string[]): Promise<{ code: number; error: string }> {
  let error = "";
  const code = await run(args, commands, { out: () => undefined, error: (s) => void (error += s) });
  return { code, error };
}

const training = ["trajectories", "--data", "gapminder", "--steps", "60", "--width", "8", "--batch", "32", "--quiet"];
const read = (run: string, file: string) => readFileSync(join(folder, run, file), "utf8");

test("a paused run is resumed from its folder alone, to the same metrics and artifacts", async () => {
  expect((await pushforward(...training, "--out", join(folder, "whole"))).code).toBe(0);
  expect((await pushforward(...training, "--out", join(folder, "paused"), "--stop-at", "33")).code).toBe(0);
  expect(read("paused", "report.html")).toContain("stopped at step 33 of 60");
  expect((await pushforward("resume", join(folder, "paused"), "--quiet", "--stop-at", "41")).code).toBe(0);
  expect((await pushforward("resume", join(folder, "paused"), "--quiet")).code).toBe(0);
  for (const file of ["metrics.jsonl", "artifacts/trajectories.csv", "artifacts/landscape.svg"])
    expect(read("paused", file)).toBe(read("whole", file));
  // once more: nothing is left to do, and nothing is done
  const before = read("paused", "results.json");
  expect((await pushforward("resume", join(folder, "paused"))).code).toBe(0);
  expect(read("paused", "results.json")).toBe(before);
}, 60_000);

test("what is no run is refused", async () => {
  expect((await pushforward("resume", join(folder, "nothing"))).error).toMatch(/does not exist\n {2}hint: `pushforward runs list`/);
  await writeFile(join(folder, "file"), "");
  expect((await pushforward("resume", join(folder, "file"))).error).toMatch(/is a file, not the folder of a run/);
  await writeFile(join(folder, "config.json"), '{"format": 1, "config": {}}');
  expect((await pushforward("resume", folder)).error).toMatch(/holds a run of format 1; this version writes format 2/);
  await writeFile(join(folder, "config.json"), '{"format": 2, "id": "../../x", "config": {}}');
  expect((await pushforward("resume", folder)).error).toMatch(/config.json is damaged \(id: /);
  await rm(join(folder, "config.json"));
});

test("options come from YAML or JSON too; the command line counts more; mistakes get the nearest name", async () => {
  const file = join(folder, "options.yaml");
  const out = join(folder, "configured");
  await writeFile(file, "data: gapminder\nhold-out: [1970, 1990]\nsteps: 5\nwidth: 8\nquiet: true\n");
  expect((await pushforward("trajectories", "--config", file, "--steps", "7", "--out", out)).code).toBe(0);
  expect(JSON.parse(read("configured", "config.json"))).toMatchObject({
    config: { steps: 7, width: 8, layers: 3, holdOut: "1970,1990" },
    invocation: { command: ["trajectories"], options: { steps: 7, batch: 256, data: "gapminder" } },
  });
  const refused = async (text: string | Uint8Array) => {
    await writeFile(file, text);
    return (await pushforward("trajectories", "--config", file, "--out", out)).error;
  };
  expect(await refused("stpes: 5")).toMatch(/options.yaml: unknown option stpes\n {2}hint: did you mean steps\?/);
  expect(await refused("steps: many")).toMatch(/options.yaml: steps: expected .*number.* \(got "many"\)/);
  expect(await refused("- steps")).toMatch(/expected a map of options, not a list/);
  expect(await refused("")).toMatch(/expected a map of options, not nothing/);
  expect(await refused("steps: 1\nsteps: 2")).toMatch(/options.yaml: .*unique/);
  expect(await refused('{"steps": 5')).toMatch(/options.yaml: .*line 1/);
  expect(await refused(Uint8Array.of(0xff, 0xfe, 0x00))).toMatch(/is not UTF-8/);
  expect(await refused("__proto__: {polluted: 1}")).toMatch(/"__proto__" is no name that anything here has/);
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
});

test("hostile YAML is refused quickly: aliases that explode, depth, size", async () => {
  const file = join(folder, "hostile.yaml");
  const refused = async (text: string) => {
    await writeFile(file, text);
    const { code, error } = await pushforward("trajectories", "--config", file);
    expect(code).toBe(1);
    return error;
  };
  const laughs = Array.from(
    { length: 30 },
    (_, i) =>
      `a${i}: &a${i} [${
        i
          ? Array(10)
              .fill(`*a${i - 1}`)
              .join(", ")
          : "lol"
      }]`,
  );
  expect(await refused(laughs.join("\n"))).toMatch(/hostile.yaml: .*alias/i);
  expect(await refused("[".repeat(50_000))).toMatch(/hostile.yaml: /);
  expect(await refused(`a: ${"{a: ".repeat(5000)}`)).toMatch(/hostile.yaml: /);
  expect(await refused(`a: "${"x".repeat(2 << 20)}"`)).toMatch(/bytes are too many/);
  expect(await refused("a: &a [*a]")).toMatch(/hostile.yaml: /);
});

test("the JSON schema of a command describes its options", async () => {
  let out = "";
  expect(await run(["trajectories", "--schema"], commands, { out: (s) => void (out += s), error: () => undefined })).toBe(0);
  const schema = JSON.parse(out);
  expect(schema.additionalProperties).toBe(false);
  expect(schema.properties.steps).toMatchObject({ type: "integer", default: 3000, minimum: 1, description: "optimizer steps" });
});

test("an edited configuration is refused by the name of the field; changes that are accepted are written down", async () => {
  const out = join(folder, "edited");
  expect((await pushforward(...training, "--out", out, "--stop-at", "33")).code).toBe(0);
  const path = join(out, "config.json");
  const honest = readFileSync(path, "utf8");
  const record = JSON.parse(honest);
  record.config.width = 4;
  record.invocation.options.width = 4;
  await writeFile(path, JSON.stringify(record));
  expect((await pushforward("resume", out, "--quiet")).error).toMatch(
    /config\.json was edited since the checkpoint was taken \(width: 8 there, 4 here\)/,
  );
  await writeFile(path, JSON.stringify({ ...JSON.parse(honest), code: "0.0.1+aaaaaaaa" }));
  expect((await pushforward("resume", out, "--quiet")).error).toMatch(/begun by version 0\.0\.1\+aaaaaaaa of the code/);
  expect((await pushforward("resume", out, "--quiet", "--accept-changes")).code).toBe(0);
  const { changes, code } = JSON.parse(readFileSync(path, "utf8"));
  expect(changes).toMatchObject([{ code: { before: "0.0.1+aaaaaaaa", after: code }, inputs: [] }]);
  expect(readFileSync(join(out, "report.html"), "utf8")).toMatch(/it went on with code [^ ]+ instead of 0\.0\.1\+aaaaaaaa/);
});

test("a run is forked: without changes to the same numbers, with others from where it was; what cannot be is told and leaves nothing", async () => {
  const out = join(folder, "forked");
  expect((await pushforward(...training, "--out", out, "--stop-at", "33")).code).toBe(0);
  const fork = (...args: string[]) => pushforward("runs", "fork", out, "--root", folder, "--quiet", ...args);
  const before = readFileSync(join(out, "config.json"), "utf8");
  const target = (name: string): string => join(folder, name);
  expect((await fork("--set", "width=4", "--out", target("narrow"))).error).toMatch(/the checkpoint's .* is f32 \[.*, not f32/);
  expect(existsSync(target("narrow"))).toBe(false);
  expect((await fork("--set", "steps=20")).error).toMatch(/the checkpoint is of step 33, and 20 are asked for/);
  expect((await fork("--set", "lerning-rate=1")).error).toMatch(/unknown option lerning-rate\n {2}hint: did you mean learningRate\?/);
  expect((await fork("--set", "width")).error).toMatch(/"width" is not key=value/);
  expect(existsSync(`${out}-fork`)).toBe(false);
  expect(await fork("--out", target("same"))).toMatchObject({ code: 0 });
  expect(await fork("--set", "learning-rate=0.01")).toMatchObject({ code: 0 });
  expect(readFileSync(join(out, "config.json"), "utf8")).toBe(before);
  expect((await pushforward("resume", out, "--quiet")).code).toBe(0);
  const rows = (name: string): string[] => readFileSync(join(name, "metrics.jsonl"), "utf8").trim().split("\n");
  expect(rows(target("same"))).toEqual(rows(out));
  const [old, other] = [rows(out), rows(`${out}-fork`)];
  const known = old.filter((row) => JSON.parse(row).step <= 33).length;
  expect(other.slice(0, known)).toEqual(old.slice(0, known));
  expect(other.at(-1)).not.toBe(old.at(-1));
  const { fork: origin, config } = JSON.parse(readFileSync(join(`${out}-fork`, "config.json"), "utf8"));
  expect(config.learningRate).toBe(0.01);
  expect(origin).toMatchObject({
    id: JSON.parse(before).id,
    step: 33,
    changed: [expect.stringMatching(/^learningRate: .* there, 0\.01 here$/)],
  });
  expect(readFileSync(join(`${out}-fork`, "report.html"), "utf8")).toMatch(/went on from step 33 of .*forked .*learningRate/);
});
