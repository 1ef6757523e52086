/** Routes: what is asked, checked and handed to whoever knows. */
import { type Context, Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import { z } from "zod";
import { UserError } from "../errors.ts";
import { comparisonFigures, comparisonTable } from "../lab/compare.ts";
import { version } from "../lab/invocation.ts";
import { validate } from "../lab/options.ts";
import { compareFound } from "../lab/store/compared.ts";
import { fork, remove, resume, startRun, stop } from "./acts.ts";
import type { Checked, CommandInfo, ComparisonView, Meta, Refusal, Series, Started, SweepView, Uploaded } from "./api.ts";
import { fileOf } from "./files.ts";
import type { Guard } from "./guard.ts";
import { common } from "./headers.ts";
import { checkOrder, line, orderSchema, readOrder } from "./order.ts";
import { servePage } from "./page.ts";
import { runDetail, runList } from "./runs.ts";
import { thin } from "./series.ts";
import type { Studio } from "./studio.ts";
import { sweepViews } from "./sweeps.ts";
import { takeIn } from "./uploads.ts";

export interface AppOptions {
  readonly studio: Studio;
  readonly guard: Guard;
  /** Folder of the built page. */
  readonly page: string;
  /** Bytes of an upload. */
  readonly mostUploaded?: number;
}

/** Bytes of a JSON body, runs compared at once, pictures of a comparison. */
const [mostJson, mostCompared, mostFigures] = [1 << 20, 100, 6];

const text = z.string().max(2000);
const listed = text.transform((value) =>
  value
    .split(",")
    .map((part) => part.trim())
    .filter(Boolean),
);
const listQuery = z.object({
  where: listed.default([]),
  sort: text.optional(),
  columns: listed.default([]),
  tag: text.optional(),
  status: z.enum(["running", "waiting", "done", "stopped", "failed"]).optional(),
  text: text.transform((value) => value.split(/\s+/).filter(Boolean)).default([]),
  offset: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(10_000).default(200),
});
const metricsQuery = z.object({ names: listed.optional(), points: z.coerce.number().int().min(1).max(10_000).default(800) });
const compareQuery = z.object({ runs: listed, metric: listed.default([]) });
const tag = z
  .string()
  .trim()
  .min(1)
  .max(40)
  .regex(/^[^,\p{C}]+$/u);
const tagsBody = z.strictObject({ tags: z.array(tag).max(20) });
const forkBody = z.strictObject({ set: z.record(z.string().max(100), z.union([z.string().max(10_000), z.number(), z.boolean()])) });

export function studioApp({ studio, guard, page, mostUploaded = 256 << 20 }: AppOptions): Hono {
  const app = new Hono();
  app.use(async (c, next) => {
    await next();
    for (const [name, value] of Object.entries(common)) if (!c.res.headers.has(name)) c.res.headers.set(name, value);
  });
  for (const handler of guard.handlers) app.use(handler);
  app.use("/api/*", async (c, next) => {
    await next();
    if (!c.res.headers.has("cache-control")) c.res.headers.set("cache-control", "no-store");
  });

  app.get("/api/meta", (c) => {
    const { root, readOnly, data } = studio;
    return c.json<Meta>({ version: version(), root, readOnly, data });
  });
  app.get("/api/commands", async (c) => c.json<readonly CommandInfo[]>(await studio.commands()));

  app.get("/api/runs", async (c) => c.json(await runList(studio, validate(listQuery, c.req.query()))));
  app.post("/api/runs", async (c) => c.json<Started>(await startRun(studio, validate(orderSchema, await bodyOf(c)))));
  app.post("/api/check", async (c) => c.json<Checked>(await check(studio, validate(orderSchema, await bodyOf(c)))));

  app.get("/api/runs/:id", async (c) => c.json((await runDetail(studio, await target(studio, c))) ?? {}));
  app.get("/api/runs/:id/metrics", async (c) => {
    const { names, points } = validate(metricsQuery, c.req.query());
    return c.json<Series[]>(await seriesOf(studio, await target(studio, c), names, points));
  });
  app.get("/api/runs/:id/report", (c) => fileIn(studio, c, "report.html"));
  app.get("/api/runs/:id/files/*", (c) => fileIn(studio, c, restOf(c)));
  app.post("/api/runs/:id/stop", async (c) => {
    stop(studio, await target(studio, c));
    return c.json({});
  });
  app.post("/api/runs/:id/resume", async (c) => c.json<Started>(resume(studio, await target(studio, c))));
  app.post("/api/runs/:id/fork", async (c) =>
    c.json<Started>(await fork(studio, await target(studio, c), validate(forkBody, await bodyOf(c)))),
  );
  app.post("/api/runs/:id/delete", async (c) => {
    await remove(studio, await target(studio, c));
    return c.json({});
  });
  app.post("/api/runs/:id/tags", async (c) => {
    const { run } = await target(studio, c);
    if (!run) throw new UserError("the run has not begun yet", "it can be tagged when it has");
    await studio.tags.set(run.id, validate(tagsBody, await bodyOf(c)).tags);
    studio.changed(run.id, run.status);
    return c.json({});
  });

  app.get("/api/compare", async (c) => c.json<ComparisonView>(await comparison(studio, validate(compareQuery, c.req.query()))));
  app.get("/api/sweeps", async (c) => c.json<SweepView[]>(await sweepViews(studio)));
  app.get("/api/sweeps/:name", async (c) => {
    const [found] = await sweepViews(studio, c.req.param("name"));
    return found ? c.json<SweepView>(found) : missing(c, "there is no such sweep");
  });

  app.get("/api/events", async (c) => {
    const asked = c.req.query("run");
    const found = asked === undefined ? undefined : await studio.find(asked);
    if (asked !== undefined && found === undefined) return missing(c, "there is no such run");
    const channel = await studio.channel(found && (found.run?.id ?? found.start?.id));
    return c.body(channel.stream(c.req.header("last-event-id")), 200, {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store",
      "x-accel-buffering": "no",
    });
  });

  app.post("/api/upload", async (c) => {
    if (Number(c.req.header("content-length") ?? 0) > mostUploaded) return tooLarge(c, mostUploaded);
    const name = validate(z.object({ name: text }), c.req.query()).name;
    const { body } = c.req.raw;
    if (body === null) throw new UserError("the file is empty");
    const uploaded = await takeIn(studio.places.uploads, name, body, mostUploaded);
    return uploaded ? c.json<Uploaded>(uploaded) : tooLarge(c, mostUploaded);
  });

  app.all("/api/*", (c) => missing(c, "there is nothing under this address"));
  app.get("*", servePage(page));
  app.notFound((c) => c.text("There is nothing under this address.\n", 404));
  app.onError((error, c) => {
    if (error instanceof HTTPException) return error.getResponse();
    if (error instanceof UserError) return c.json<Refusal>({ error: error.message, hint: error.hint }, 400);
    process.stderr.write(`${process.env.PUSHFORWARD_DEBUG ? error.stack : `error: ${error.message}`}\n`);
    return c.json<Refusal>({ error: `this is a fault of the program: ${error.message}` }, 500);
  });
  return app;
}

const missing = (c: Context, error: string) => c.json<Refusal>({ error }, 404);
/** What is still coming is not waited for: the connection ends. */
function tooLarge(c: Context, most: number) {
  const refusal = { error: `this is larger than ${most >> 20} MB`, hint: "a large file is better named: begin with --data FOLDER" };
  return c.json<Refusal>(refusal, 413, { connection: "close" });
}

/** The JSON of a body, of which no more is read than there may be. */
async function bodyOf(c: Context): Promise<unknown> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of c.req.raw.body ?? []) {
    pieces.push(piece);
    if ((bytes += piece.length) > mostJson) throw new HTTPException(413, { res: tooLarge(c, mostJson) });
  }
  try {
    return JSON.parse(Buffer.concat(pieces).toString("utf8"));
  } catch {
    throw new UserError("the body is no JSON");
  }
}

/** @throws HTTPException  if there is none */
async function target(studio: Studio, c: Context) {
  const found = await studio.find(c.req.param("id") ?? "");
  if (found) return found;
  throw new HTTPException(404, { res: missing(c, "there is no such run") });
}

async function fileIn(studio: Studio, c: Context, path: string): Promise<Response> {
  const { run } = await target(studio, c);
  return (run && (await fileOf(run.folder, path))) ?? missing(c, "there is no such file");
}

/** What stands behind /files/ in the address. */
const restOf = (c: Context): string => {
  const [, rest] = /\/files\/(.*)$/.exec(new URL(c.req.url).pathname) ?? [];
  try {
    return decodeURIComponent(rest ?? "");
  } catch {
    throw new UserError("the address is not written as addresses are");
  }
};

async function check(studio: Studio, order: z.infer<typeof orderSchema>): Promise<Checked> {
  const checked = await readOrder(order, studio.registry);
  const commandLine = line(checked);
  try {
    checkOrder(checked, studio.places);
    return { commandLine };
  } catch (error) {
    if (error instanceof UserError) return { commandLine, error: error.message, hint: error.hint };
    throw error;
  }
}

async function seriesOf(
  { curves }: Studio,
  { run }: Awaited<ReturnType<typeof target>>,
  wanted: readonly string[] | undefined,
  points: number,
): Promise<Series[]> {
  if (!run) return [];
  await curves.advance(run.id, run.folder);
  const names = curves.names(run.id);
  return (wanted ?? names).filter((name) => names.includes(name)).map((name) => thin(name, curves.column(run.id, name), points));
}

async function comparison(studio: Studio, { runs: ids, metric }: z.infer<typeof compareQuery>): Promise<ComparisonView> {
  if (ids.length === 0 || ids.length > mostCompared)
    throw new UserError(`${ids.length} runs cannot be compared`, `name 1 to ${mostCompared}`);
  const found = [];
  for (const id of new Set(ids)) {
    const run = (await studio.find(id))?.run;
    if (!run) throw new UserError(`there is no run ${id}`, "it may have been removed");
    await studio.watch.refresh(run.folder);
    found.push(run);
  }
  const compared = await compareFound(studio.store, found, studio.places.root, metric);
  const figures = comparisonFigures({ ...compared, metrics: compared.metrics.slice(0, mostFigures) });
  return { figures, table: comparisonTable(compared), metrics: compared.metrics };
}
