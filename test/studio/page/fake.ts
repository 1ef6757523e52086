/** A server that says what tests want it to: runs of its own, and events when a test says so. It keeps to the contract of src/studio/api.ts. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createAdaptorServer } from "@hono/node-server";
import { Hono } from "hono";
import { streamSSE } from "hono/streaming";
import { getMimeType } from "hono/utils/mime";
import type {
  CommandInfo,
  ComparisonView,
  Event,
  Meta,
  Order,
  RunDetail,
  RunList,
  RunRow,
  Series,
  SweepView,
} from "../../../src/studio/api.ts";
import { sandbox } from "../../../src/studio/headers.ts";

export interface Fake {
  readonly url: string;
  /** What the page has asked to be done, in order: "stop a", … */
  readonly asked: string[];
  readonly runs: RunDetail[];
  readonly tell: (event: Event) => void;
  /** Pages that listen. */
  readonly listeners: () => number;
  /** Ends, with all that it says; and begins again in the same place. */
  readonly leave: () => void;
  readonly come: () => Promise<void>;
  readonly close: () => void;
}

export interface FakeOptions {
  readonly folder: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly runs: readonly RunDetail[];
  readonly series: readonly Series[];
  readonly commands: readonly CommandInfo[];
  readonly sweeps: readonly SweepView[];
  readonly comparison: ComparisonView;
  readonly svg: string;
  readonly readOnly?: boolean;
}

export async function fakeServer({ folder, headers, readOnly = false, ...given }: FakeOptions): Promise<Fake> {
  const asked: string[] = [];
  const runs = [...given.runs];
  const ends = new Set<() => void>();
  const listeners = new Map<(event: Event, id: number) => void, string | undefined>();
  const told: Event[] = [];
  const tell = (event: Event): void => {
    told.push(event);
    for (const [listener, run] of listeners)
      if (run === undefined || event.kind === "again" || event.run === run) listener(event, told.length);
  };
  const app = new Hono();
  app.use(async (c, next) => {
    await next();
    for (const [name, value] of Object.entries(headers)) c.header(name, value);
    if (c.req.path.endsWith("/report")) c.header("content-security-policy", sandbox);
  });
  app.get("/api/meta", (c) => c.json<Meta>({ version: "0.1.0", root: "runs", readOnly, data: [] }));
  app.get("/api/commands", (c) => c.json(given.commands));
  app.get("/api/runs", (c) => {
    const { text = "", where = "", tag = "", status, sort = "-created", offset = "0", limit = "200" } = c.req.query();
    if (where.includes("nothing")) return c.json({ error: 'no run has "nothing"', hint: 'did you mean "width"?' }, 400);
    const fits = runs.filter(
      (run) => run.name.includes(text) && (status === undefined || run.status === status) && (tag === "" || run.tags.includes(tag)),
    );
    const by = sort.replace("-", "");
    const key = (run: RunRow): number => (by === "step" ? run.step : run.created);
    const sorted = fits.toSorted((a, b) => (sort.startsWith("-") ? key(b) - key(a) : key(a) - key(b)));
    const shown = sorted.slice(Number(offset), Number(offset) + Number(limit));
    return c.json<RunList>({ total: fits.length, runs: shown, facts: ["loss", "width"], unread: 0 });
  });
  app.get("/api/runs/:id", (c) => {
    const run = runs.find(({ id }) => id === c.req.param("id"));
    return run ? c.json(run) : c.json({ error: "there is no such run" }, 404);
  });
  app.get("/api/runs/:id/metrics", (c) => c.json(given.series));
  app.get("/api/runs/:id/report", (c) => c.html("<h1>The report</h1>"));
  app.get("/api/runs/:id/files/*", (c) =>
    c.body(c.req.path.endsWith(".svg") ? given.svg : "a,b\n1,2\n", 200, {
      "content-type": c.req.path.endsWith(".svg") ? "image/svg+xml" : "text/csv",
    }),
  );
  app.get("/api/compare", (c) => c.json(given.comparison));
  app.get("/api/sweeps", (c) => c.json(given.sweeps));
  app.get("/api/sweeps/:name", (c) => c.json(given.sweeps.find(({ name }) => name === c.req.param("name"))));
  app.post("/api/check", async (c) => {
    const { command, options }: Order = await c.req.json();
    const commandLine = ["pushforward", command, ...Object.entries(options).map(([key, value]) => `--${key}=${value}`)].join(" ");
    const wrong = options.steps !== undefined && !/^\d+$/.test(String(options.steps));
    return c.json({ commandLine, ...(wrong && { error: `--steps: expected int (got "${options.steps}")` }) });
  });
  app.post("/api/upload", async (c) => {
    const body = await c.req.arrayBuffer();
    asked.push(`upload ${c.req.query("name")} ${body.byteLength}`);
    return c.json({ path: `uploads/${c.req.query("name")}`, bytes: body.byteLength });
  });
  app.post("/api/runs", async (c) => {
    const order: Order = await c.req.json();
    asked.push(`start ${order.command} ${JSON.stringify(order.arguments)} ${JSON.stringify(order.options)}`);
    runs.unshift({
      ...runs[0],
      id: "begun",
      name: "begun",
      title: undefined,
      status: "running",
      step: 0,
      command: order.command,
      created: runs[0].created + 1,
    });
    return c.json({ id: "begun", name: "begun" });
  });
  app.post("/api/runs/:id/:what", async (c) => {
    const { id, what } = c.req.param();
    const body = await c.req.text();
    asked.push(`${what} ${id}${body === "{}" ? "" : ` ${body}`}`);
    if (what === "delete")
      runs.splice(
        runs.findIndex((run) => run.id === id),
        1,
      );
    return c.json(what === "fork" || what === "resume" ? { id, name: id } : {});
  });
  app.get("/api/events", (c) => {
    const missed = told.slice(Number(c.req.header("last-event-id") ?? told.length));
    return streamSSE(c, async (stream) => {
      const send = (event: Event, id: number): void => void stream.writeSSE({ data: JSON.stringify(event), id: String(id) });
      for (const [i, event] of missed.entries()) send(event, told.length - missed.length + i + 1);
      await stream.write("retry: 100\n\n");
      listeners.set(send, c.req.query("run"));
      await new Promise<void>((done) => {
        ends.add(done);
        stream.onAbort(done);
      });
      listeners.delete(send);
    });
  });
  app.get("*", async (c) => {
    const path = c.req.path === "/" ? "index.html" : decodeURIComponent(c.req.path.slice(1));
    const bytes = await readFile(join(folder, path)).catch(() => undefined);
    return bytes ? c.body(new Uint8Array(bytes), 200, { "content-type": getMimeType(path) ?? "application/octet-stream" }) : c.notFound();
  });
  const leave = (): void => {
    for (const end of ends) end();
    ends.clear();
    server.close();
    if ("closeAllConnections" in server) server.closeAllConnections();
  };
  const server = createAdaptorServer({ fetch: app.fetch });
  const listen = (port: number): Promise<void> => new Promise((done) => server.listen(port, "127.0.0.1", () => done()));
  await listen(0);
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const url = `http://127.0.0.1:${port}/`;
  return { url, asked, runs, tell, listeners: () => listeners.size, leave, come: () => listen(port), close: leave };
}
