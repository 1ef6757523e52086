/**
 * Who may come in: those who know the token that was printed, from then on by a cookie; under the names that we serve (a page of others may
 * give our address a name of its own); and what changes something only from our own page.
 */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { MiddlewareHandler } from "hono";
import { getCookie, setCookie } from "hono/cookie";
import type { Refusal } from "./api.ts";

export interface Guard {
  /** Known to nobody else until it is printed. */
  readonly token: string;
  readonly handlers: readonly MiddlewareHandler[];
}

export interface GuardOptions {
  /** Names, with the port, under which we are called. */
  readonly hosts: () => ReadonlySet<string>;
  readonly cookie: () => string;
  readonly readOnly: boolean;
  /** POSTs at once, and a second, of one session. */
  readonly burst?: number;
  readonly rate?: number;
}

/** Sessions remembered; whoever opens the printed address again has another. */
const mostSessions = 1000;

interface Bucket {
  tokens: number;
  at: number;
}

export function openGuard({ hosts, cookie, readOnly, burst = 100, rate = 20 }: GuardOptions): Guard {
  const token = randomBytes(24).toString("base64url");
  const sessions = new Map<string, Bucket>();

  const host: MiddlewareHandler = async (c, next) => {
    if (hosts().has((c.req.header("host") ?? "").toLowerCase())) return next();
    return c.json<Refusal>({ error: "this is not served under that name", hint: "open the address that the studio has printed" }, 421);
  };

  const door: MiddlewareHandler = async (c, next) => {
    const given = c.req.query("token");
    if (given !== undefined && c.req.method === "GET" && c.req.path === "/") {
      if (!same(given, token)) return c.text("The token is not right: open the address that the studio has printed last.\n", 401);
      const session = randomBytes(24).toString("base64url");
      sessions.set(digest(session), { tokens: burst, at: performance.now() });
      if (sessions.size > mostSessions) sessions.delete(sessions.keys().next().value ?? "");
      setCookie(c, cookie(), session, { httpOnly: true, sameSite: "Strict", path: "/" });
      // a cookie of ours alone does not go along when another site led here: then the page itself goes on
      if (c.req.header("sec-fetch-site") === "cross-site") return c.html('<!doctype html><meta http-equiv="refresh" content="0; url=/">');
      return c.redirect("/", 303);
    }
    if (sessions.has(digest(getCookie(c, cookie()) ?? ""))) return next();
    if (c.req.path.startsWith("/api/"))
      return c.json<Refusal>({ error: "not let in", hint: "open the address that the studio has printed" }, 401);
    return c.text("Open the address that the studio has printed, with its token.\n", 401);
  };

  /** What changes something comes from our own page, as what only a script of ours can send, and not too often. */
  const changes: MiddlewareHandler = async (c, next) => {
    if (c.req.method === "GET" || c.req.method === "HEAD") return next();
    if (c.req.method !== "POST") return c.json<Refusal>({ error: `${c.req.method} is not understood here` }, 405);
    const [origin, site] = [c.req.header("origin"), c.req.header("sec-fetch-site")];
    const ours =
      origin === undefined
        ? site === "same-origin"
        : hosts().has(origin.replace(/^http:\/\//, "")) && (site ?? "same-origin") === "same-origin";
    if (!ours) return c.json<Refusal>({ error: "this did not come from the studio's own page" }, 403);
    const wanted = c.req.path === "/api/upload" ? "application/octet-stream" : "application/json";
    if (c.req.header("content-type")?.split(";")[0].trim() !== wanted) return c.json<Refusal>({ error: `the body must be ${wanted}` }, 415);
    if (readOnly && c.req.path !== "/api/check")
      return c.json<Refusal>({ error: "the studio is open for reading only", hint: "begin it without --read-only" }, 403);
    const bucket = sessions.get(digest(getCookie(c, cookie()) ?? ""));
    if (bucket && !take(bucket, burst, rate)) return c.json<Refusal>({ error: "too many requests", hint: "wait a second" }, 429);
    return next();
  };

  return { token, handlers: [host, door, changes] };
}

const digest = (text: string): string => createHash("sha256").update(text).digest("hex");

/** Without telling by its time how much of it was right. */
const same = (a: string, b: string): boolean => timingSafeEqual(Buffer.from(digest(a)), Buffer.from(digest(b)));

function take(bucket: Bucket, burst: number, rate: number): boolean {
  const now = performance.now();
  bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.at) / 1000) * rate);
  bucket.at = now;
  if (bucket.tokens < 1) return false;
  bucket.tokens--;
  return true;
}
