/** Runs that are begun from the page: their processes, the queue, and the death of the server. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, afterEach, beforeEach, expect, test } from "vitest";
import { lock } from "../../src/lab/lock.ts";
import type { RunDetail, RunList, Started } from "../../src/studio/api.ts";
import type { Served } from "../../src/studio/index.ts";
import { events, folders, open, until, type Visitor, visit } from "./visit.ts";

const compiled = mkdtempSync(join(tmpdir(), "pushforward-compiled-"));
process.env.NODE_COMPILE_CACHE = compiled; // most of the time of these runs is their beginning
const places: ReturnType<typeof folders>[] = [];
let place: ReturnType<typeof folders>;
let served: Served;
let visitor: Visitor;
let gate: string;

beforeEach(async () => {
  place = folders();
  places.push(place);
  gate = join(place.base, "gate");
  process.env.STUDIO_GATE = gate;
  served = await open(place.root, place.page);
  visitor = await visit(served.url);
});
afterEach(() => served.close());
afterAll(() => {
  for (const each of places) each.remove();
  rmSync(compiled, { recursive: true, force: true });
});

const detail = async (id: string) => (await visitor.get<RunDetail>(`/api/runs/${id}`)).body;
const start = async (options: Record<string, unknown>) =>
  (await visitor.post<Started>("/api/runs", { command: "walk", arguments: [], options: { steps: 200, ...options } })).body;
const reached = (id: string, ...statuses: string[]) =>
  until(async () => {
    const run = await detail(id);
    return statuses.includes(run.status) && run;
  });
async function firstProgress(): Promise<Record<string, unknown> | undefined> {
  for await (const { event } of events(visitor, "/api/events")) if (event.kind === "progress") return event;
  return undefined;
}
/** Rows of the first half are written: the run waits at the gate. */
const atGate = (name: string) => until(() => readIf(join(place.root, name, "metrics.jsonl")).split("\n").length > 4);
const readIf = (path: string): string => (existsSync(path) ? readFileSync(path, "utf8") : "");
const bytes = (name: string) =>
  ["metrics.jsonl", "checkpoint/state.safetensors"].map((file) => readFileSync(join(place.root, name, file), "base64"));

test("a run that was stopped and goes on gives the bits of one that was let alone", async () => {
  const progressed = firstProgress();
  const one = await start({ seed: 3, out: "stopped" });
  await atGate("stopped");
  const { id } = await until(async () => {
    const run = await detail(one.id);
    return run.id !== one.id && run;
  });
  expect(await progressed).toMatchObject({ run: id, total: 200 });
  expect(await detail(id)).toMatchObject({ status: "running", total: 200, metrics: ["place", "speed"] });
  expect((await visitor.post(`/api/runs/${id}/delete`)).status).toBe(400); // it works
  expect((await visitor.post(`/api/runs/${id}/resume`)).status).toBe(400);
  expect((await visitor.post(`/api/runs/${id}/stop`)).status).toBe(200);
  await until(async () => (await detail(id)).log.includes("finishing this step"));
  writeFileSync(gate, "");
  const stopped = await reached(id, "stopped");
  expect(stopped.failure).toBeUndefined();
  expect(stopped.title).toMatch(/stopped at step 100 of 200/);
  expect((await visitor.post(`/api/runs/${id}/stop`)).status).toBe(400);
  expect((await visitor.post<Started>(`/api/runs/${id}/resume`)).body).toEqual({ id, name: "stopped" });
  await reached(id, "done");
  const other = await start({ seed: 3, out: "alone" });
  await reached(other.id, "done");
  expect(bytes("stopped")).toEqual(bytes("alone"));
  expect((await visitor.post(`/api/runs/${id}/delete`)).status).toBe(200);
  expect([existsSync(join(place.root, "stopped")), (await visitor.get(`/api/runs/${id}`)).status]).toEqual([false, 404]);
});

test("so many run at a time, the others wait for them; one that waits can be taken back", async () => {
  await served.close();
  served = await open(place.root, place.page, { workers: 1 });
  visitor = await visit(served.url);
  const first = await start({});
  const second = await start({});
  const third = await start({});
  expect([first, second, third].map(({ name }) => name)).toEqual(["walk", "walk-2", "walk-3"]);
  await atGate("walk");
  const shown = async () => (await visitor.get<RunList>("/api/runs")).body.runs.map(({ name, status }) => [name, status]);
  await until(async () => (await shown()).some(([name, status]) => name === "walk" && status === "running"));
  expect((await shown()).toSorted()).toEqual([
    ["walk", "running"],
    ["walk-2", "waiting"],
    ["walk-3", "waiting"],
  ]);
  const names = async (query: string) => (await visitor.get<RunList>(`/api/runs?${query}`)).body.runs.map(({ name }) => name);
  expect(await names("sort=-created&status=waiting")).toEqual(["walk-3", "walk-2"]); // as the page asks
  expect(await names("sort=created&status=running")).toEqual(["walk"]);
  await visitor.post(`/api/runs/${second.id}/stop`);
  expect((await detail(second.id)).failure).toBe("stopped before it began");
  expect(await names("status=failed")).toEqual(["walk-2"]);
  writeFileSync(gate, "");
  await reached(third.id, "done");
  expect(
    readdirSync(place.root)
      .filter((name) => !/^\.|index/.test(name))
      .toSorted(),
  ).toEqual(["walk", "walk-3"]);
  await visitor.post(`/api/runs/${second.id}/delete`);
  expect((await shown()).map(([name]) => name).toSorted()).toEqual(["walk", "walk-3"]);
});

test("a run that cannot begin says why in its own words; what is known before is refused before", async () => {
  const order = (options: Record<string, unknown>) =>
    visitor.post<{ error?: string }>("/api/runs", { command: "walk", arguments: [], options });
  expect((await order({ steps: 0 })).body.error).toMatch(/^--steps: /);
  expect((await visitor.post<{ error: string }>("/api/runs", { command: "look", arguments: ["x"], options: {} })).body.error).toMatch(
    /makes no runs/,
  );
  await served.close();
  // a program of which each run fails, and one that dies
  served = await open(place.root, place.page, {
    program: ["-e", "console.error('error: no such file\\n  hint: give one'); process.exit(1)", "--"],
  });
  visitor = await visit(served.url);
  const failed = await reached((await start({})).id, "failed");
  expect(failed.failure).toBe("no such file\ngive one");
  expect(failed.log).toContain("error: no such file");
  await served.close();
  served = await open(place.root, place.page, { program: ["-e", "process.kill(process.pid, 'SIGKILL')", "--"] });
  visitor = await visit(served.url);
  expect((await reached((await start({})).id, "failed")).failure).toBe("the process was ended by SIGKILL");
});

test("a fork goes on from where a run is, with other settings", async () => {
  writeFileSync(gate, "");
  const { id } = await reached((await start({ words: "first" })).id, "done");
  const made = (await visitor.post<Started>(`/api/runs/${id}/fork`, { set: { steps: 300, words: "a, b" } })).body;
  const forked = await reached(made.id, "done");
  expect(forked).toMatchObject({ name: "walk-fork", config: { steps: 300, words: "a, b" }, fork: { step: 200 }, step: 300 });
  expect(forked.commandLine).toBe('pushforward walk --steps 300 --words "a, b"');
});

test("read-only: everything can be seen, nothing changed, and a studio that changes things may serve the same folder", async () => {
  const reader = await open(place.root, place.page, { readOnly: true });
  const looker = await visit(reader.url);
  writeFileSync(gate, "");
  const { id } = await reached((await start({})).id, "done");
  await until(async () => (await looker.get<RunList>("/api/runs")).body.runs.some((run) => run.id === id));
  const posts = [
    "/api/runs",
    ...["stop", "resume", "fork", "delete", "tags"].map((what) => `/api/runs/${id}/${what}`),
    "/api/upload?name=x",
  ];
  const answers = [];
  for (const path of posts) answers.push((await looker.post(path, {})).status);
  expect(answers).toEqual([...Array(6).fill(403), 415]);
  expect((await looker.post("/api/check", { command: "walk", arguments: [], options: {} })).status).toBe(200);
  await reader.close();
  await expect(open(place.root, place.page)).rejects.toThrow(/another studio serves/);
});

/** The server as a process of its own. */
async function spawnServer(): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(process.execPath, ["test/fixtures/studio-server.ts", place.root, place.page], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const url = await new Promise<string>((done) => createInterface({ input: child.stdout! }).once("line", done));
  return { child, url };
}

test("a server that is killed while runs go on loses nothing: they end, and the next one knows them, those that wait too", async () => {
  await served.close();
  const { child, url } = await spawnServer();
  visitor = await visit(url);
  const going = await start({ seed: 1 });
  const waiting = await start({ seed: 2 });
  await atGate("walk");
  child.kill("SIGKILL");
  await new Promise((gone) => child.on("exit", gone));
  expect(() => lock(join(place.root, "walk")).release()).toThrow(/another process works/); // it goes on
  served = await open(place.root, place.page, { workers: 1 });
  visitor = await visit(served.url);
  expect([(await detail(going.id)).status, (await detail(waiting.id)).status]).toEqual(["running", "waiting"]);
  writeFileSync(gate, "");
  const done = await reached(going.id, "done");
  expect(done.step).toBe(200);
  await reached(waiting.id, "done");
  const twin = await start({ seed: 1, out: "twin" });
  await reached(twin.id, "done");
  expect(bytes("walk")).toEqual(bytes("twin"));
});
