/** A studio for tests, and a visitor who has opened its address. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type IncomingHttpHeaders, request } from "node:http";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout } from "node:timers/promises";
import { type Served, type ServeOptions, serve } from "../../src/studio/index.ts";
import { registry } from "../fixtures/studio.ts";

export const program = [resolve("test/fixtures/studio.ts")];

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface Visitor {
  readonly origin: string;
  readonly cookie: string;
  get<T = unknown>(path: string): Promise<{ status: number; body: T }>;
  post<T = unknown>(path: string, body?: unknown): Promise<{ status: number; body: T }>;
}

/** Folders that are removed after the tests: of runs, and of a page. */
export function folders() {
  const base = mkdtempSync(join(tmpdir(), "pushforward-studio-"));
  const page = join(base, "page");
  mkdirSync(join(page, "assets"), { recursive: true });
  writeFileSync(join(page, "index.html"), "<!doctype html><html><head><title>studio</title></head><body></body></html>");
  writeFileSync(join(page, "assets", "a-1234.js"), "export {}");
  writeFileSync(join(page, "assets", "a-1234.js.br"), "compressed");
  return { base, page, root: join(base, "runs"), remove: () => rmSync(base, { recursive: true, force: true, maxRetries: 5 }) };
}

export const open = (root: string, page: string, more: Partial<ServeOptions> = {}): Promise<Served> =>
  serve({ root, page, host: "127.0.0.1", port: 0, data: [], readOnly: false, workers: 2, registry, program, ...more });

/** A request in which everything may be set, the name of the host too. */
export function raw(
  url: string,
  options: { method?: string; headers?: Record<string, string>; body?: string | Uint8Array } = {},
): Promise<Answer> {
  return new Promise((done, failed) => {
    const asked = request(
      url,
      { method: options.method, headers: options.headers, setHost: options.headers?.host === undefined },
      (answer) => {
        let text = "";
        answer.on("data", (chunk) => (text += String(chunk)));
        answer.on("end", () => done({ status: answer.statusCode ?? 0, headers: answer.headers, text }));
        answer.on("error", failed);
      },
    );
    asked.on("error", failed);
    asked.end(options.body);
  });
}

export async function visit(url: string): Promise<Visitor> {
  const { origin } = new URL(url);
  const { headers } = await raw(url);
  const cookie = headers["set-cookie"]?.[0].split(";")[0] ?? "";
  const asked = async <T>(path: string, init: RequestInit): Promise<{ status: number; body: T }> => {
    const answer = await fetch(origin + path, init);
    return { status: answer.status, body: await answer.json() };
  };
  return {
    origin,
    cookie,
    get: (path) => asked(path, { headers: { cookie } }),
    post: (path, body = {}) =>
      asked(path, { method: "POST", body: JSON.stringify(body), headers: { cookie, origin, "content-type": "application/json" } }),
  };
}

/** Asks again until the answer is given; the test's own limit of time ends it. */
export async function until<T>(ask: () => T | undefined | false | Promise<T | undefined | false>): Promise<T> {
  for (;;) {
    const found = await ask();
    if (found !== undefined && found !== false) return found;
    await setTimeout(25);
  }
}

/** Events of a stream, as they come. */
export async function* events(
  visitor: Visitor,
  path: string,
  lastId?: string,
): AsyncGenerator<{ id: string; event: Record<string, unknown> }> {
  const headers = { cookie: visitor.cookie, ...(lastId !== undefined && { "last-event-id": lastId }) };
  const leaving = new AbortController();
  const { body } = await fetch(visitor.origin + path, { headers, signal: leaving.signal });
  let text = "";
  try {
    for await (const chunk of body!.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      const blocks = text.split("\n\n");
      text = blocks.pop()!;
      for (const block of blocks) {
        const [, id, data] = /^id: (.*)\ndata: (.*)$/.exec(block) ?? [];
        if (data !== undefined) yield { id, event: JSON.parse(data) };
      }
    }
  } finally {
    leaving.abort();
  }
}
