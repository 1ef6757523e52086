/** A stand-in that speaks the part of MLflow's documented REST API that we use, and refuses what the documentation forbids. */
import { createServer, type IncomingMessage } from "node:http";

export interface LoggedMetric {
  readonly key: string;
  readonly value: number;
  readonly step: number;
  readonly timestamp: number;
}

export interface MlflowRun {
  readonly experiment: string;
  status: string;
  readonly tags: Record<string, string>;
  readonly params: Record<string, string>;
  readonly metrics: LoggedMetric[];
}

export async function startMlflow() {
  const experiments: string[] = [];
  const runs: MlflowRun[] = [];
  const artifacts: Record<string, Buffer> = {};
  /** Set to make every answer an error. */
  const state = { broken: false };
  const fail = (code: string, message: string, status = 400) => ({ status, body: { error_code: code, message } });
  const answer = (method: string, url: URL, body: Buffer) => {
    const path = url.pathname;
    if (state.broken) return fail("INTERNAL_ERROR", "out of order", 500);
    if (method === "PUT" && path.startsWith("/api/2.0/mlflow-artifacts/artifacts/")) {
      artifacts[decodeURIComponent(path.slice("/api/2.0/mlflow-artifacts/artifacts/".length))] = body;
      return { status: 200, body: {} };
    }
    const json = method === "POST" ? JSON.parse(body.toString()) : {};
    const run = runs[Number(json.run_id?.slice(4))];
    switch (path.replace("/api/2.0/mlflow/", "")) {
      case "experiments/get-by-name": {
        const name = url.searchParams.get("experiment_name")!;
        const id = experiments.indexOf(name);
        if (id < 0) return fail("RESOURCE_DOES_NOT_EXIST", `no experiment ${name}`, 404);
        return { status: 200, body: { experiment: { experiment_id: String(id), name } } };
      }
      case "experiments/create":
        if (experiments.includes(json.name)) return fail("RESOURCE_ALREADY_EXISTS", "exists");
        return { status: 200, body: { experiment_id: String(experiments.push(json.name) - 1) } };
      case "runs/create": {
        const id = runs.push({
          experiment: experiments[Number(json.experiment_id)],
          status: "RUNNING",
          tags: Object.fromEntries(json.tags.map((t: { key: string; value: string }) => [t.key, t.value])),
          params: {},
          metrics: [],
        });
        const info = { run_id: `run-${id - 1}`, status: "RUNNING", artifact_uri: `mlflow-artifacts:/0/run-${id - 1}/artifacts` };
        return { status: 200, body: { run: { info } } };
      }
      case "runs/log-batch":
        if ((json.metrics?.length ?? 0) > 1000 || (json.params?.length ?? 0) > 100) return fail("INVALID_PARAMETER_VALUE", "too many");
        for (const m of json.metrics ?? []) {
          if (!/^[\w\-. /]+$/.test(m.key) || typeof m.value !== "number" || !Number.isInteger(m.timestamp))
            return fail("INVALID_PARAMETER_VALUE", `metric ${m.key}`);
          run.metrics.push(m);
        }
        for (const { key, value } of json.params ?? []) {
          if (typeof value !== "string" || (run.params[key] ?? value) !== value) return fail("INVALID_PARAMETER_VALUE", `param ${key}`);
          run.params[key] = value;
        }
        return { status: 200, body: {} };
      case "runs/update":
        run.status = json.status;
        return { status: 200, body: {} };
      default:
        return fail("ENDPOINT_NOT_FOUND", path, 404);
    }
  };
  const server = createServer(async (request, response) => {
    const { status, body } = answer(request.method!, new URL(request.url!, "http://x"), await read(request));
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}`,
    experiments,
    runs,
    artifacts,
    state,
    stop: () => new Promise((resolve) => server.close(resolve)),
  };
}

async function read(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}
