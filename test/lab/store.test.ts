import { appendFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ndarray } from "../../src/array/ndarray.ts";
import { UserError } from "../../src/errors.ts";
import { withInvocation } from "../../src/lab/invocation.ts";
import { openRun } from "../../src/lab/run.ts";
import { openStore, type Store } from "../../src/lab/store/database.ts";
import { findRun, listRuns, metricsOf } from "../../src/lab/store/query.ts";
import { nameOf, syncRoot, syncRun } from "../../src/lab/store/sync.ts";
import { hasPostgres, type Server, startPostgres } from "./servers.ts";

const base = mkdtempSync(join(tmpdir(), "pushforward-store-"));
afterAll(() => rmSync(base, { recursive: true }));

/** A run of so many rows in which the loss is width / step. */
async function makeRun(root: string, name: string, config: Record<string, unknown>, rows: number, finish = true): Promise<string> {
  const run = await openRun(join(root, name), config);
  for (let step = 1; step <= rows; step++) await run.log({ step, loss: Number(config.width) / step });
  await run.save({ step: rows, tensors: { w: ndarray(Float32Array.of(1), [1], "f32") }, state: 0 });
  if (finish) await run.complete({ score: Number(config.width) * 10 + Number(config.seed), best: { name: "ot" } });
  await run.close();
  return run.record.id;
}

for (const kind of ["SQLite", "PostgreSQL"])
  describe.skipIf(kind === "PostgreSQL" && !hasPostgres)(`the index of runs in ${kind}`, () => {
    let server: Server | undefined;
    let store: Store;
    let place = "";
    const root = join(base, kind);
    const names = (list: { folder: string }[]) => list.map((run) => nameOf(run.folder, root));

    beforeAll(async () => {
      mkdirSync(root);
      server = kind === "PostgreSQL" ? await startPostgres() : undefined;
      place = server?.url ?? join(root, "index.sqlite");
      store = await openStore(place);
      for (const width of [8, 32, 128])
        for (const seed of [0, 1])
          await makeRun(
            root,
            `w${width}-s${seed}`,
            { command: "train", width, seed, ...(width > 8 && { coupling: "ot" }) },
            20,
            width < 128 || seed === 0,
          );
      await syncRoot(store, root);
    });
    afterAll(async () => {
      await store.destroy();
      await server?.stop();
    });

    test("lists, filters by configuration, results, last metrics and status, and sorts", async () => {
      expect((await listRuns(store)).length).toBe(6);
      const list = async (where: string[], sort?: string) => names(await listRuns(store, { where, sort }));
      expect(await list(["width=32"], "seed")).toEqual(["w32-s0", "w32-s1"]);
      expect(await list(["score>=320", "score<1000"], "-score")).toEqual(["w32-s1", "w32-s0"]);
      expect(await list(["loss<0.5"], "seed")).toEqual(["w8-s0", "w8-s1"]); // 8/20 = 0.4, 32/20 = 1.6
      expect(await list(["status=stopped"])).toEqual(["w128-s1"]);
      expect(await list(["coupling=ot", "seed=1", "step=20"], "width")).toEqual(["w32-s1", "w128-s1"]);
      expect(await list(["best.name=ot", "width=128"])).toEqual(["w128-s0"]);
      expect(await list(["created>2020-01-01", "status!=done"])).toEqual(["w128-s1"]);
      expect(await list(["created<2020-01-01"])).toEqual([]);
      // the run without a score comes last in both directions
      expect((await list([], "score")).at(-1)).toBe("w128-s1");
      expect((await list([], "-score")).at(-1)).toBe("w128-s1");
      const [first] = await listRuns(store, { sort: "-score", limit: 1, columns: ["score", "width", "best.name"] });
      expect(first.facts).toEqual({ score: 1280, width: 128, "best.name": "ot" });
    });

    test("says what is wrong with a question; text cannot become a command of the database", async () => {
      await expect(listRuns(store, { where: ["loss"] })).rejects.toThrow(/"loss" is not a condition/);
      await expect(listRuns(store, { where: ["wdith=3"] })).rejects.toThrow(expect.objectContaining({ hint: 'did you mean "width"?' }));
      await expect(listRuns(store, { sort: "scroe" })).rejects.toThrow(expect.objectContaining({ hint: 'did you mean "score"?' }));
      await expect(listRuns(store, { where: ["created<soon"] })).rejects.toThrow(/compared with a date/);
      expect(await listRuns(store, { where: ["best.name='; drop table runs; --"] })).toEqual([]);
      expect((await listRuns(store)).length).toBe(6);
    });

    test("finds a run by path, by the end of its path and by its id; no pattern sneaks in", async () => {
      const run = await findRun(store, "w32-s1");
      expect((await findRun(store, join(root, "w32-s1"))).id).toBe(run.id);
      expect((await findRun(store, run.id.slice(0, 13))).id).toBe(run.id);
      expect((await findRun(store, `${kind}/w32-s1/`)).id).toBe(run.id);
      await expect(findRun(store, "w32-s2")).rejects.toThrow(expect.objectContaining({ hint: expect.stringContaining("w32-s") }));
      for (const name of ["%", "w32-s_", "../w32-s1", "..", "", "' or 1=1 --"])
        await expect(findRun(store, name)).rejects.toThrow(UserError);
    });

    test("holds metrics line for line, reads only what is new, and leaves half a line for later", async () => {
      const id = await makeRun(root, "growing", { width: 1, seed: 9 }, 5, false);
      const folder = join(root, "growing");
      const path = join(folder, "metrics.jsonl");
      await syncRoot(store, root);
      appendFileSync(path, '{"step":6,"loss":0.1}\n{"step":7,"lo');
      await syncRoot(store, root);
      const rows = async () => (await metricsOf(store, [id])).get(id)!.map((r) => [r.step, r.loss]);
      expect((await rows()).slice(4)).toEqual([
        [5, 0.2],
        [6, 0.1],
      ]);
      appendFileSync(path, 'ss":0.3}\nnot json\n');
      await syncRoot(store, root);
      expect((await rows()).slice(5)).toEqual([
        [6, 0.1],
        [7, 0.3],
      ]);
      // resumed: cut at the checkpoint, and grown again to other numbers
      truncateSync(path, readFileSync(path, "utf8").split("\n").slice(0, 5).join("\n").length + 1);
      appendFileSync(path, '{"step":6,"loss":0.7}\n{"step":7,"loss":0.8}\n{"step":8,"loss":0.9}\n');
      await syncRoot(store, root);
      expect((await rows()).slice(5)).toEqual([
        [6, 0.7],
        [7, 0.8],
        [8, 0.9],
      ]);
      expect((await syncRoot(store, root)).read).toBe(0); // nothing has changed, nothing is read
    });

    test("tells of damaged runs, which it forgets, and takes them back when they are mended; what holds no run is passed over", async () => {
      const whole = await makeRun(root, "spoiled", { width: 1, seed: 3 }, 3);
      const path = join(root, "spoiled", "config.json");
      await syncRoot(store, root);
      const text = readFileSync(path, "utf8");
      mkdirSync(join(root, "foreign"), { recursive: true });
      writeFileSync(join(root, "foreign", "config.json"), '{"compilerOptions": {}}');
      for (const [spoiled, why] of [
        [text.slice(0, 100), /config.json is damaged \(it is no record of a run\)/],
        ["", /is damaged/],
        [text.replace('"created": ', '"created": "x", "was": '), /is damaged \(created/],
        [text.replace('"format": 2', '"format": 3'), /a run of format 3; this version writes format 2/],
      ] as const) {
        writeFileSync(path, spoiled);
        const { damaged } = await syncRoot(store, root);
        expect(damaged).toEqual([{ folder: join(root, "spoiled"), why: expect.stringMatching(why) }]);
        await expect(findRun(store, whole)).rejects.toThrow(/there is no run/);
      }
      writeFileSync(path, text);
      expect((await syncRoot(store, root)).damaged).toEqual([]);
      expect((await findRun(store, "spoiled")).id).toBe(whole);
      rmSync(join(root, "spoiled"), { recursive: true });
    });

    test("follows a folder that begins again, that is removed, and a run that is worked on", async () => {
      const first = await makeRun(root, "again", { width: 1, seed: 1 }, 3);
      await syncRoot(store, root);
      const second = await makeRun(root, "again", { width: 1, seed: 1 }, 4);
      await syncRoot(store, root);
      expect((await findRun(store, "again")).id).toBe(second);
      await expect(findRun(store, first)).rejects.toThrow(/there is no run/);
      const run = await openRun(join(root, "again"), { width: 2 }, { overwrite: true });
      await syncRoot(store, root);
      expect((await findRun(store, "again")).status).toBe("running");
      await run.close();
      await syncRoot(store, root);
      expect((await findRun(store, "again")).status).toBe("stopped");
      rmSync(join(root, "again"), { recursive: true });
      await syncRoot(store, root);
      await expect(findRun(store, "again")).rejects.toThrow(/there is no run/);
      rmSync(join(root, "growing"), { recursive: true });
      await syncRoot(store, root);
      expect((await store.selectFrom("metrics").select("run").distinct().execute()).length).toBe(6);
    });

    test("is filled while a run goes, by a store that a team shares", async () => {
      process.env.PUSHFORWARD_STORE = place;
      try {
        const invocation = { command: ["train"], arguments: [], options: {}, cwd: base, loggers: [] };
        const folder = join(base, `elsewhere-${kind}`);
        await withInvocation(invocation, async () => {
          const run = await openRun(folder, { width: 5, seed: 0 });
          await run.log({ step: 1, loss: 0.5 });
          await run.save({ step: 1, tensors: {}, state: 0 });
          while ((await listRuns(store, { where: [`folder=${folder}`] })).length === 0) await setTimeout(10);
          expect((await findRun(store, folder)).status).toBe("running");
          await run.log({ step: 2, loss: 0.25 });
          await run.complete({});
          await run.close();
        });
        const run = await findRun(store, folder);
        expect([run.status, run.step]).toEqual(["done", 2]);
        expect((await metricsOf(store, [run.id])).get(run.id)).toEqual([
          { step: 1, loss: 0.5 },
          { step: 2, loss: 0.25 },
        ]);
      } finally {
        delete process.env.PUSHFORWARD_STORE;
      }
    });

    test("can be made again from the folders, to the same answers", async () => {
      const all = async () =>
        (await listRuns(store, { sort: "folder" })).filter((r) => r.folder.startsWith(root)).map(({ updated: _, ...rest }) => rest);
      const before = await all();
      await store.deleteFrom("runs").execute();
      expect((await store.selectFrom("facts").selectAll().execute()).length).toBe(0);
      await syncRoot(store, root);
      expect(await all()).toEqual(before);
    });

    test("is opened by several at once, also before it exists", async () => {
      const other = kind === "SQLite" ? join(base, "new.sqlite") : place;
      const stores = await Promise.all(Array.from({ length: 4 }, () => openStore(other)));
      await Promise.all(stores.map((s, i) => syncRun(s, join(root, `w8-s${i % 2}`))));
      expect((await listRuns(stores[0], { where: ["width=8"] })).length).toBe(2);
      await Promise.all(stores.map((s) => s.destroy()));
    });
  });

test("a store that is none is refused with what to do", async () => {
  await expect(openStore("mysql://user:secret@host/db")).rejects.toThrow(/"mysql:\/\/host\/db" is not a store/);
  await expect(openStore("postgres://user:secret@127.0.0.1:1/db")).rejects.toThrow(
    /postgres:\/\/127.0.0.1:1\/db cannot be used \(.*ECONNREFUSED/,
  );
  await expect(openStore(join(base, "no", "folder.sqlite"))).rejects.toThrow(UserError);
  writeFileSync(join(base, "damaged.sqlite"), "this is no database, however long it may be ".repeat(100));
  await expect(openStore(join(base, "damaged.sqlite"))).rejects.toThrow(
    expect.objectContaining({ hint: expect.stringContaining("made again") }),
  );
});

test("copies of a run's folder are runs of their own, also where they may not be written", async () => {
  const root = join(base, "copies");
  const id = await makeRun(root, "original", { command: "train", width: 8, seed: 0 }, 5);
  const store = await openStore(join(base, "copies.sqlite"));
  await syncRoot(store, root);
  for (const name of ["a", "b", "c"]) cpSync(join(root, "original"), join(root, name), { recursive: true });
  await syncRoot(store, root);
  await syncRoot(store, root);
  const rows = await store.selectFrom("runs").select(["id", "folder"]).execute();
  expect(rows.map(({ folder }) => nameOf(folder, root)).toSorted()).toEqual(["a", "b", "c", "original"]);
  expect(new Set(rows.map((row) => row.id)).size).toBe(4);
  expect(rows.find(({ folder }) => folder.endsWith("original"))?.id).toBe(id);
  expect(JSON.parse(readFileSync(join(root, "a", "config.json"), "utf8")).id).toBe(rows.find(({ folder }) => folder.endsWith("/a"))?.id);
  await store.destroy();
});
