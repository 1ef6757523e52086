/**
 * MLflow's REST API, version 2.0 (mlflow.org/docs/latest/rest-api.html): parameters, metrics and artifacts of a run go to a tracking
 * server.
 * Rows are sent once a checkpoint stands behind them, and how many were sent is kept in the run folder: a run that is killed and resumed
 * goes on in the same MLflow run, and sends no row again but those of a request whose answer it did not live to see.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { UserError } from "../../errors.ts";
import { writeAside } from "../files.ts";
import type { LoggedRun, Logger } from "./logger.ts";

/** The server's limits for one `log-batch`. */
const [mostMetrics, mostParams, longestParam] = [1000, 100, 6000];
const timeout = 30_000;

interface Progress {
  readonly runId: string;
  readonly artifacts: string;
  readonly sent: number;
}

/** @throws UserError  if the server cannot be reached at the start; later failures only end the logging */
export async function mlflowLogger({ folder, record, metrics }: LoggedRun, url: string): Promise<Logger> {
  const call = api(url);
  const progressPath = join(folder, "mlflow.json");
  let progress: Progress = existsSync(progressPath) ? JSON.parse(readFileSync(progressPath, "utf8")) : await begin(call, folder, record);
  const keep = async (sent: number): Promise<void> => {
    progress = { ...progress, sent };
    await writeAside(progressPath, JSON.stringify(progress));
  };
  await keep(progress.sent);
  const rows = [...metrics];
  const send = async (until: number): Promise<void> => {
    const entries = rows
      .slice(progress.sent, until)
      .flatMap(({ step = 0, ...values }) =>
        Object.entries(values).map(([key, value]) => ({ key: metricName(key), value, step, timestamp: Date.now() })),
      );
    for (let i = 0; i < entries.length; i += mostMetrics)
      await call("POST", "/api/2.0/mlflow/runs/log-batch", {
        run_id: progress.runId,
        metrics: entries.slice(i, i + mostMetrics),
      });
    if (entries.length > 0) await keep(until);
  };
  return {
    row: (row) => void rows.push(row),
    saved: send,
    async ended(done) {
      if (done) {
        await send(rows.length);
        await sendArtifacts(call, folder, progress.artifacts);
      }
      const status = done ? "FINISHED" : "KILLED";
      await call("POST", "/api/2.0/mlflow/runs/update", { run_id: progress.runId, status, end_time: Date.now() });
    },
  };
}

type Call = (method: string, path: string, body?: object | Uint8Array) => Promise<unknown>;

const experimentAnswer = z.object({ experiment_id: z.string() });
const foundAnswer = z.object({ experiment: experimentAnswer });
const runAnswer = z.object({ run: z.object({ info: z.object({ run_id: z.string(), artifact_uri: z.string().optional() }) }) });

/** @throws UserError  for an answer that is not MLflow's */
function answer<S extends z.ZodType>(schema: S, value: unknown): z.infer<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues[0].path.join(".");
  throw new UserError(`the MLflow server's answer lacks ${where || "everything"}`, "is this the address of an MLflow server, version 2?");
}

/** Names of metrics may hold letters, digits and a few signs. */
const metricName = (name: string): string => name.replace(/[^\w\-. /]/g, "_");

async function begin(call: Call, folder: string, record: LoggedRun["record"]): Promise<Progress> {
  const name = `pushforward ${record.invocation?.command.join(" ") ?? ""}`.trim();
  const experiment_id = await experiment(call, name);
  const created = await call("POST", "/api/2.0/mlflow/runs/create", {
    experiment_id,
    run_name: folder.split(/[\\/]/).at(-1),
    start_time: record.created,
    tags: [
      { key: "pushforward.id", value: record.id },
      { key: "mlflow.source.name", value: "pushforward" },
      { key: "mlflow.source.git.commit", value: record.code },
    ],
  });
  const { run } = answer(runAnswer, created);
  const params = Object.entries(record.config).map(([key, value]) => ({
    key: metricName(key),
    value: (typeof value === "string" ? value : JSON.stringify(value)).slice(0, longestParam),
  }));
  for (let i = 0; i < params.length; i += mostParams)
    await call("POST", "/api/2.0/mlflow/runs/log-batch", { run_id: run.info.run_id, params: params.slice(i, i + mostParams) });
  return { runId: run.info.run_id, artifacts: run.info.artifact_uri ?? "", sent: 0 };
}

async function experiment(call: Call, name: string): Promise<string> {
  const query = `/api/2.0/mlflow/experiments/get-by-name?experiment_name=${encodeURIComponent(name)}`;
  try {
    return answer(foundAnswer, await call("GET", query)).experiment.experiment_id;
  } catch (error) {
    if (!(error instanceof ApiError && error.code === "RESOURCE_DOES_NOT_EXIST")) throw error;
  }
  return answer(experimentAnswer, await call("POST", "/api/2.0/mlflow/experiments/create", { name })).experiment_id;
}

/** The report, the results and all artifacts, through the server's own proxy; a server whose artifacts lie elsewhere gets none. */
async function sendArtifacts(call: Call, folder: string, uri: string): Promise<void> {
  const [, path] = /^mlflow-artifacts:(?:\/\/[^/]*)?\/(.+)$/.exec(uri) ?? [];
  if (path === undefined) {
    process.stderr.write(`note: this MLflow server keeps artifacts at ${uri || "no place"}, not behind itself: none are sent\n`);
    return;
  }
  const inner = readdirSync(join(folder, "artifacts"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
  for (const name of ["report.html", "results.json", "config.json", ...inner]) {
    if (!existsSync(join(folder, name))) continue;
    const target = `${path}/${name.replaceAll("\\", "/")}`.split("/").map(encodeURIComponent).join("/");
    await call("PUT", `/api/2.0/mlflow-artifacts/artifacts/${target}`, readFileSync(join(folder, name)));
  }
}

class ApiError extends UserError {
  readonly code: string;
  constructor(message: string, code: string) {
    super(message, "is it an MLflow tracking server?");
    this.code = code;
  }
}

function api(url: string): Call {
  const base = url.replace(/\/+$/, "");
  return async (method, path, body) => {
    const raw = body instanceof Uint8Array;
    let response: Response;
    try {
      response = await fetch(`${base}${path}`, {
        method,
        headers: { "content-type": raw ? "application/octet-stream" : "application/json" },
        body: body === undefined ? undefined : raw ? (body as Uint8Array<ArrayBuffer>) : JSON.stringify(body),
        signal: AbortSignal.timeout(timeout),
      });
    } catch (error) {
      const cause = (error as Error).cause as NodeJS.ErrnoException | undefined;
      throw new UserError(`MLflow at ${base} does not answer (${cause?.code ?? (error as Error).message})`, "is the server running?");
    }
    const text = await response.text();
    const json = parse(text);
    if (response.ok) return json ?? {};
    throw new ApiError(
      `MLflow at ${base} answers ${response.status} to ${path.split("?")[0]}: ${String(json?.message ?? text).slice(0, 200)}`,
      String(json?.error_code ?? ""),
    );
  };
}

function parse(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
