/** Looking on: events as they come, missed ones, many readers, and the routes that show runs. */
import { mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openRun, type Run } from "../../src/lab/index.ts";
import type { CommandInfo, ComparisonView, Meta, RunDetail, RunList, Series, SweepView } from "../../src/studio/api.ts";
import { openChannel } from "../../src/studio/events.ts";
import type { Served } from "../../src/studio/index.ts";
import { progressBook } from "../../src/studio/progress.ts";
import { events, folders, open, raw, until, type Visitor, visit } from "./visit.ts";

const place = folders();
let served: Served;
let visitor: Visitor;
beforeAll(async () => {
  for (const [name, seed, width] of [
    ["old", 1, 8],
    ["group/a", 1, 16],
    ["group/b", 2, 16],
  ] as const) {
    const run = await openRun(join(place.root, name), { command: "walk", seed, width, steps: 40 });
    for (const step of [20, 40]) await run.log({ step, loss: (seed * 100) / step });
    await run.complete({ score: seed * width, warnings: ["mind the <gap>"] });
    await run.close();
  }
  const sweep = { command: "walk", grid: { width: [8, 16] }, seeds: 2, metric: "score", goal: "maximise" };
  mkdirSync(join(place.root, "sweep"));
  writeFileSync(join(place.root, "sweep", "sweep.json"), JSON.stringify({ id: "x", created: 0, sweep }));
  const run = await openRun(join(place.root, "sweep", "0-seed0"), { command: "walk", seed: 0, width: 8 });
  await run.complete({ score: 5 });
  await run.close();
  served = await open(place.root, place.page);
  visitor = await visit(served.url);
});
afterAll(async () => {
  await served.close();
  place.remove();
});

const list = async (query = "") => (await visitor.get<RunList>(`/api/runs?${query}`)).body;
const idOf = async (name: string) => (await list()).runs.find((run) => run.name === name)!.id;

test("what there is: the package, its commands with their options, the runs", async () => {
  const meta = (await visitor.get<Meta>("/api/meta")).body;
  expect(meta).toEqual({ version: JSON.parse(readFileSync("package.json", "utf8")).version, root: place.root, readOnly: false, data: [] });
  const commands = (await visitor.get<CommandInfo[]>("/api/commands")).body;
  expect(commands.map(({ name, kind }) => [name, kind])).toEqual([
    ["walk", "method"],
    ["look", "job"],
  ]);
  expect(commands[0].options.find(({ key }) => key === "map")).toMatchObject({ type: "string", file: true, description: "a map" });
  expect(commands[0].arguments).toEqual([{ name: "[file]", description: "where to begin" }]);
});

test("runs are filtered, sorted, tagged and shown by pages", async () => {
  const names = async (query: string) => (await list(query)).runs.map(({ name }) => name);
  expect(await names("sort=created")).toEqual(["old", "group/a", "group/b", "sweep/0-seed0"]);
  expect(await names("where=width=16&sort=-score")).toEqual(["group/b", "group/a"]);
  expect(await names("where=loss<3,status=done")).toEqual(expect.arrayContaining(["old", "group/a"]));
  const page = await list("sort=created&offset=1&limit=2&columns=score,nothing");
  expect([page.total, page.runs.map(({ name }) => name)]).toEqual([4, ["group/a", "group/b"]]);
  expect(page.runs.map(({ facts }) => facts)).toEqual([{ score: 16 }, { score: 32 }]);
  expect(page.runs[0]).toMatchObject({ step: 40, total: 40, status: "done", command: "walk" });
  expect(page.facts).toEqual(expect.arrayContaining(["loss", "score", "width"]));
  const id = await idOf("old");
  await visitor.post(`/api/runs/${id}/tags`, { tags: ["good", "<b>", "good"] });
  expect((await list("tag=good")).runs.map(({ name, tags }) => [name, tags])).toEqual([["old", ["good", "<b>"]]]);
  expect(JSON.parse(readFileSync(join(place.root, ".studio", "tags.json"), "utf8"))).toEqual({ [id]: ["good", "<b>"] });
});

test("of many runs the newest are read first; the others come up while one looks on, and in the end all are there", async () => {
  const [other, count] = [folders(), 320];
  for (let i = 0; i < count; i++) {
    const folder = join(other.root, `run-${i}`);
    mkdirSync(folder, { recursive: true });
    const record = { format: 2, id: `id-${i}`, created: i, code: "0", invocation: null, inputs: [], config: { seed: i } };
    writeFileSync(join(folder, "config.json"), JSON.stringify(record));
    writeFileSync(join(folder, "results.json"), "{}");
    utimesSync(join(folder, "config.json"), i, i);
  }
  const many = await open(other.root, other.page);
  try {
    const looker = await visit(many.url);
    const seen: RunList[] = [];
    await until(async () => {
      seen.push((await looker.get<RunList>("/api/runs?sort=-created&limit=1000")).body);
      return seen.at(-1)!.unread === 0;
    });
    for (const { total, runs } of seen)
      expect(runs.map(({ id }) => id)).toEqual(Array.from({ length: total }, (_, i) => `id-${count - 1 - i}`));
    expect(seen[0].total).toBeGreaterThanOrEqual(200);
    expect(seen.at(-1)!.total).toBe(count);
  } finally {
    await many.close();
    other.remove();
  }
});

test("one run in full, its metrics thinned, its files", async () => {
  const id = await idOf("old");
  const { body } = await visitor.get<RunDetail>(`/api/runs/${id}`);
  expect(body).toMatchObject({
    name: "old",
    config: { width: 8 },
    results: { score: 8 },
    warnings: ["mind the <gap>"],
    metrics: ["loss"],
    log: "",
  });
  expect(body.files).toContainEqual({ path: "metrics.jsonl", bytes: 44 });
  expect(body.files.map(({ path }) => path)).not.toContain("lock");
  const series = (await visitor.get<Series[]>(`/api/runs/${id}/metrics?names=loss,nothing&points=10`)).body;
  expect(series).toEqual([{ name: "loss", rows: 2, step: [20, 40], low: [5, 2.5], high: [5, 2.5], last: [5, 2.5] }]);
  const file = await raw(`${visitor.origin}/api/runs/${id}/files/results.json`, { headers: { cookie: visitor.cookie } });
  expect([JSON.parse(file.text).score, file.headers["content-type"]]).toEqual([8, "application/json"]);
});

test("runs beside each other, as the command shows them; sweeps as far as they are", async () => {
  const ids = [await idOf("old"), await idOf("group/a"), await idOf("group/b")];
  const { body } = await visitor.get<ComparisonView>(`/api/compare?runs=${ids.join(",")}&metric=loss`);
  expect(body.table.columns).toEqual(["width", "runs", "loss"]);
  expect(body.table.rows).toEqual([
    [8, 1, "2.5"],
    [16, 2, "3.8 ± 1.3"], // mean of 2.5 and 5, and sd / √2
  ]);
  expect(body.figures.map(({ title, svg }) => [title, svg.startsWith("<svg")])).toEqual([["loss", true]]);
  expect((await visitor.get(`/api/compare?runs=${ids[0]}&metric=nothing`)).status).toBe(400);
  const sweeps = (await visitor.get<SweepView[]>("/api/sweeps")).body;
  expect(sweeps).toEqual([(await visitor.get("/api/sweeps/sweep")).body]);
  expect(sweeps[0]).toMatchObject({ name: "sweep", metric: "score", minimize: false, command: "walk" });
  expect(sweeps[0].jobs.map(({ name, state, value, settings }) => [name, state, value, settings])).toEqual([
    ["0-seed0", "done", 5, { width: 8, seed: 0 }],
    ["0-seed1", "waiting", undefined, { width: 8, seed: 1 }],
    ["1-seed0", "waiting", undefined, { width: 16, seed: 0 }],
    ["1-seed1", "waiting", undefined, { width: 16, seed: 1 }],
  ]);
});

test("the page: compressed where the browser takes it, kept for ever where its name says what is in it", async () => {
  const ask = (path: string, encoding: string) =>
    raw(visitor.origin + path, { headers: { cookie: visitor.cookie, "accept-encoding": encoding } });
  expect((await ask("/", "br")).headers["cache-control"]).toBe("no-cache");
  expect(await ask("/assets/a-1234.js", "gzip, br")).toMatchObject({ text: "compressed", headers: { "content-encoding": "br" } });
  const { headers, text } = await ask("/assets/a-1234.js", "gzip");
  expect([text, headers["cache-control"], headers["content-type"]]).toEqual([
    ...["export {}", "private, max-age=31536000, immutable", "text/javascript; charset=utf-8"],
  ]);
});

/** Events of one run, until one that is the last. */
async function follow(path: string, isLast: (event: Record<string, unknown>) => boolean, lastId?: string) {
  const seen: { id: string; event: Record<string, unknown> }[] = [];
  for await (const each of events(visitor, path, lastId)) {
    seen.push(each);
    if (isLast(each.event)) break;
  }
  return seen;
}
const isOver = ({ kind, status }: Record<string, unknown>): boolean => kind === "run" && status !== "running";
const stepsOf = (seen: readonly { event: Record<string, unknown> }[]) =>
  seen.flatMap(({ event }) => (event.kind === "rows" ? (event.rows as { step: number }[]).map(({ step }) => step) : []));

async function begin(name: string): Promise<{ run: Run; id: string }> {
  const run = await openRun(join(place.root, name), { command: "walk", steps: 1000 });
  return { run, id: await until(async () => (await list()).runs.find((r) => r.name === name && r.status === "running")?.id) };
}

test("a hundred readers of a live run get all rows in their order, and then its end; who comes back gets what was missed", async () => {
  const { run, id } = await begin("live");
  await run.log({ step: 1, x: 0 });
  await visitor.get(`/api/runs/${id}/metrics`); // it was there before
  const channel = `/api/events?run=${id}`;
  const opened = Array.from({ length: 100 }, () => follow(channel, isOver));
  const first = follow(channel, ({ kind }) => kind === "rows");
  const everyone = follow("/api/events", (event) => event.run === id && isOver(event));
  // a row of which nobody heard yet may have been before they came: more of them, until one is heard
  let step = 1;
  let heard = false;
  void first.then(() => (heard = true));
  while (!heard) {
    await run.log({ step: ++step, x: step });
    await setTimeout(20);
  }
  const lastId = (await first).at(-1)!.id;
  for (let i = 0; i < 500; i++) await run.log({ step: ++step, x: Math.sin(step) });
  await run.complete({});
  await run.close();
  for (const seen of await Promise.all(opened)) {
    const steps = stepsOf(seen);
    expect(steps).toEqual(Array.from({ length: steps.length }, (_, i) => steps[0] + i)); // none missing, none twice, in order
    expect(steps.at(-1)).toBe(step);
    expect(seen.at(-1)!.event).toEqual({ kind: "run", run: id, status: "done" });
  }
  expect((await everyone).some(({ event }) => event.kind === "rows")).toBe(false);
  const missed = await follow(channel, isOver, lastId);
  const before = stepsOf(await first).at(-1)!;
  expect(stepsOf(missed)).toEqual(Array.from({ length: step - before }, (_, i) => before + 1 + i));
  const [{ event }] = await follow(channel, () => true, "another.7");
  expect(event).toEqual({ kind: "again" });
});

test("a run that goes back to its checkpoint is told to be asked for anew; one that is removed is gone", async () => {
  const { run, id } = await begin("back");
  for (let step = 1; step <= 50; step++) await run.log({ step, x: step });
  const seen = follow(`/api/events?run=${id}`, ({ status }) => status === "gone");
  await visitor.get(`/api/runs/${id}/metrics`);
  await until(async () => {
    await run.log({ step: 51, x: 1 });
    return (await visitor.get<Series[]>(`/api/runs/${id}/metrics`)).body[0].rows > 51;
  });
  writeFileSync(join(run.folder, "metrics.jsonl"), '{"step":1,"x":7}\n');
  await until(async () => (await visitor.get<Series[]>(`/api/runs/${id}/metrics`)).body[0].rows === 1);
  await run.close();
  rmSync(run.folder, { recursive: true });
  expect((await seen).some(({ event }) => event.kind === "again")).toBe(true);
});

test("a channel keeps a bounded past, and says when that is not enough; a reader who takes nothing is dropped", async () => {
  let left = 0;
  const channel = openChannel({ most: 3, patience: 4000, mostBytes: 4000, left: () => left++ });
  const tell = (step: number) => channel.publish({ kind: "progress", run: "a", step, total: 9 });
  const read = async (lastId: string | undefined, count: number): Promise<string> => {
    const reader = channel.stream(lastId).getReader();
    let text = "";
    for (let i = 0; i < count; i++) text += new TextDecoder().decode((await reader.read()).value);
    await reader.cancel();
    return text;
  };
  const first = read(undefined, 2);
  tell(1);
  const id = /^id: (\S+)/m.exec(await first)![1];
  for (const step of [2, 3, 4]) tell(step);
  expect([...(await read(id, 4)).matchAll(/"step":(\d)/g)].map(([, step]) => step)).toEqual(["2", "3", "4"]);
  tell(5);
  expect(await read(id, 2)).toContain('{"kind":"again"}');
  for (const odd of ["", "x", `${id.split(".")[0]}.99`, `${id.split(".")[0]}.x`]) expect(await read(odd, 2)).toContain("again");
  const stuck = channel.stream().getReader();
  for (let step = 0; channel.readers > 0; step++) tell(step);
  await expect(async () => {
    while (!(await stuck.read()).done);
  }).rejects.toThrow("too slow");
  expect(left).toBeGreaterThan(0);
  channel.close();
});

test("the time left is what is left to do at the pace seen; a run that goes on anew has a pace of its own", () => {
  let now = 0;
  const book = progressBook(() => now);
  expect(book.note("a", 100, 1000)).toEqual({ step: 100, total: 1000 });
  now = 10;
  expect(book.note("a", 200, 1000)).toEqual({ step: 200, total: 1000, left: 80 });
  expect(book.note("a", 200, 1000)).toBeUndefined();
  now = 20;
  expect(book.note("a", 50, 1000)).toEqual({ step: 50, total: 1000 });
  now = 30;
  expect(book.note("a", 100, 1000)).toEqual({ step: 100, total: 1000, left: 180 });
});
