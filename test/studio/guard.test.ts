/** Who is let in, and what is kept out. */

import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { hostname } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openRun } from "../../src/lab/index.ts";
import type { RunList } from "../../src/studio/api.ts";
import { openGuard } from "../../src/studio/guard.ts";
import type { Served } from "../../src/studio/index.ts";
import { checkPlace, realPath } from "../../src/studio/places.ts";
import { isLoopback } from "../../src/studio/serve.ts";
import { safeName } from "../../src/studio/uploads.ts";
import { folders, open, raw, until, type Visitor, visit } from "./visit.ts";

const place = folders();
let served: Served;
let visitor: Visitor;
let id: string;
const secret = join(place.base, "secret.txt");

beforeAll(async () => {
  writeFileSync(secret, "secret");
  mkdirSync(join(place.base, "data"));
  writeFileSync(join(place.base, "data", "cells.csv"), "a,b\n1,2\n");
  const run = await openRun(join(place.root, "one"), { seed: 1 });
  await run.write("report.html", "<h1>one</h1><script>alert(1)</script>");
  await run.write("artifacts/<img src=x onerror=alert(1)>.svg", "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>");
  symlinkSync(secret, join(place.root, "one", "artifacts", "link.txt"));
  await run.complete({});
  await run.close();
  served = await open(place.root, place.page, { mostUploaded: 1 << 20, data: [join(place.base, "data")] });
  visitor = await visit(served.url);
  id = (await visitor.get<RunList>("/api/runs")).body.runs[0].id;
});
afterAll(async () => {
  await served.close();
  place.remove();
});

test("the address with its token lets in by a cookie that scripts and other sites do not see; nothing else does", async () => {
  const answer = await raw(served.url);
  expect([answer.status, answer.headers.location]).toEqual([303, "/"]);
  expect(answer.headers["set-cookie"]?.[0]).toMatch(/^pushforward-\d+=[\w-]{32}; Path=\/; HttpOnly; SameSite=Strict$/);
  for (const path of ["/", "/assets/a-1234.js", "/api/meta", "/api/runs", "/api/events", `/api/runs/${id}/report`])
    expect((await raw(visitor.origin + path)).status).toBe(401);
  for (const token of ["", "x", `${new URL(served.url).searchParams.get("token")}x`]) {
    const refused = await raw(`${visitor.origin}/?token=${token}`);
    expect([refused.status, refused.headers["set-cookie"]]).toEqual([401, undefined]);
  }
  expect((await raw(`${visitor.origin}/api/meta`, { headers: { cookie: `${visitor.cookie}x` } })).status).toBe(401);
  expect((await raw(`${visitor.origin}/`, { headers: { cookie: visitor.cookie } })).status).toBe(200);
});

test("a link on another site leads in too, by a page of our own: the cookie does not come along with a redirect from there", async () => {
  const answer = await raw(served.url, { headers: { "sec-fetch-site": "cross-site" } });
  expect(answer.status).toBe(200);
  expect(answer.text).toContain('http-equiv="refresh" content="0; url=/"');
});

test("under a name that another site has given our address nothing is served, token or not", async () => {
  const { port } = new URL(visitor.origin);
  for (const host of [`evil.example:${port}`, "evil.example", "127.0.0.1", `127.0.0.1.evil.example:${port}`]) {
    expect((await raw(`${visitor.origin}/api/meta`, { headers: { host, cookie: visitor.cookie } })).status).toBe(421);
    expect((await raw(served.url, { headers: { host } })).headers["set-cookie"]).toBeUndefined();
  }
  expect((await raw(`${visitor.origin}/api/meta`, { headers: { host: `LOCALHOST:${port}`, cookie: visitor.cookie } })).status).toBe(200);
});

test("what changes something comes from the page itself, in JSON", async () => {
  const json = { cookie: visitor.cookie, "content-type": "application/json" };
  const post = (headers: Record<string, string>, body = "{}") =>
    raw(`${visitor.origin}/api/check`, { method: "POST", headers, body }).then(({ status }) => status);
  const order = JSON.stringify({ command: "walk", arguments: [], options: {} });
  expect(await post({ ...json, origin: visitor.origin }, order)).toBe(200);
  expect(await post({ ...json, "sec-fetch-site": "same-origin" }, order)).toBe(200);
  expect(await post(json, order)).toBe(403); // from nowhere
  expect(await post({ ...json, origin: "http://evil.example" }, order)).toBe(403);
  expect(await post({ ...json, origin: "null" }, order)).toBe(403);
  expect(await post({ ...json, origin: visitor.origin, "sec-fetch-site": "cross-site" }, order)).toBe(403);
  expect(await post({ ...json, "sec-fetch-site": "same-site" }, order)).toBe(403);
  // a form of another site can send these kinds without being asked
  for (const type of ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"])
    expect(await post({ ...json, origin: visitor.origin, "content-type": type }, order)).toBe(415);
  expect((await raw(`${visitor.origin}/api/runs/${id}`, { method: "DELETE", headers: { ...json, origin: visitor.origin } })).status).toBe(
    405,
  );
});

test("every answer says that only our own code runs, here and in no frame of others", async () => {
  for (const path of ["/", "/api/meta", "/api/nothing", "/nothing"]) {
    const { headers } = await raw(visitor.origin + path, { headers: { cookie: visitor.cookie } });
    expect(headers["content-security-policy"]).toMatch(
      /^default-src 'none'; script-src 'self' 'wasm-unsafe-eval';.*frame-ancestors 'none'$/,
    );
    expect(headers["x-content-type-options"]).toBe("nosniff");
    expect(headers["referrer-policy"]).toBe("no-referrer");
    expect(headers["access-control-allow-origin"]).toBeUndefined();
  }
});

test("reports and files of runs come in a sandbox, where their scripts do nothing", async () => {
  const name = encodeURIComponent("artifacts/<img src=x onerror=alert(1)>.svg");
  for (const path of [`/api/runs/${id}/report`, `/api/runs/${id}/files/${name}`]) {
    const { status, headers, text } = await raw(visitor.origin + path, { headers: { cookie: visitor.cookie } });
    expect(status).toBe(200);
    expect(text).toContain("<script>");
    expect(headers["content-security-policy"]).toMatch(/^sandbox; default-src 'none'/);
    expect(headers["content-security-policy"]).not.toContain("allow-scripts");
  }
});

test("no path leads out of a run, and no id to anything but a run", async () => {
  const out = [
    "../../secret.txt",
    "..%2f..%2fsecret.txt",
    "%2e%2e/%2e%2e/secret.txt",
    "artifacts/link.txt",
    secret,
    encodeURIComponent(secret),
  ];
  for (const path of [...out, "", "artifacts", "%00", "%zz", "..\\..\\secret.txt"]) {
    const answer = await raw(`${visitor.origin}/api/runs/${id}/files/${path}`, { headers: { cookie: visitor.cookie } });
    expect(answer.status, path).toBeGreaterThanOrEqual(400);
    expect(answer.text).not.toBe("secret");
  }
  const ids = ["..", "%2e%2e", "one", "..%2f..", "start-0000000000000000", encodeURIComponent("' or 1=1 --"), "%00"];
  for (const wrong of ids)
    for (const path of ["", "/metrics", "/report", "/files/config.json"]) {
      const { status } = await raw(`${visitor.origin}/api/runs/${wrong}${path}`, { headers: { cookie: visitor.cookie } });
      expect(status, wrong + path).toBeGreaterThanOrEqual(400);
      expect(status, wrong + path).toBeLessThan(500);
    }
  for (const name of ["..", "../secret", "/etc", "one"])
    expect((await visitor.get(`/api/sweeps/${encodeURIComponent(name)}`)).status).toBe(404);
  for (const path of [
    "/../secret.txt",
    "/assets/../../secret.txt",
    "/%2e%2e/secret.txt",
    "/..%2fsecret.txt",
    "/assets/..%5c..%5csecret.txt",
  ])
    expect((await raw(visitor.origin + path, { headers: { cookie: visitor.cookie } })).status, path).toBe(404);
});

test("runs are begun on files of given folders and of uploads only, and nothing in the options reaches further", async () => {
  const refuse = async (args: string[], options: Record<string, unknown>, why: RegExp) => {
    const { status, body } = await visitor.post<{ error: string }>("/api/runs", { command: "walk", arguments: args, options });
    expect(status, JSON.stringify([args, options])).toBe(400);
    expect(body.error).toMatch(why);
  };
  const outside = /outside the folders/;
  for (const file of [
    secret,
    "/etc/passwd",
    "../x.csv",
    "~/x.csv",
    "package.json",
    "src",
    "/etc/*.conf",
    "C:\\x",
    `${secret}:part`,
    "a.csv,/etc/passwd",
  ])
    await refuse([file], {}, outside);
  for (const file of [secret, "package.json", "x=/etc/passwd", `${join(place.base, "data")}/../secret.txt`])
    await refuse([], { map: file }, outside);
  await refuse([], { words: "/etc/passwd" }, outside);
  await refuse(["http://169.254.169.254/"], {}, /is an address/);
  await refuse(["a", "b"], {}, /at most 1/);
  for (const key of ["json", "overwrite", "config", "log", "queue", "part"]) await refuse([], { [key]: "x" }, /cannot be set/);
  for (const name of ["../out", "/tmp/out", ".studio", "a/../../b", "a/.b", "one", "-x/..", "a//b"])
    await refuse([], { out: name }, /no name for a folder|a run "one" already/);
  await refuse([], { steps: { a: 1 } }, /takes a text, a number/);
  await refuse([], { speps: 3 }, /unknown option --speps/);
  const { body } = await visitor.post<{ commandLine: string; error?: string }>("/api/check", {
    command: "walk",
    arguments: [join(place.base, "data", "cells.csv")],
    options: { words: "(x - 1) / 2 or /2", polite: false },
  });
  expect(body).toEqual({
    commandLine: `pushforward walk ${join(place.base, "data", "cells.csv")} --words "(x - 1) / 2 or /2" --no-polite`,
  });
  const sets = [
    { map: secret },
    { out: "x" },
    { overwrite: true },
    { words: "a,map=/etc/passwd" },
    { "a b": 1 },
    { log: "mlflow=http://x" },
  ];
  for (const set of sets) expect((await visitor.post(`/api/runs/${id}/fork`, { set })).status, JSON.stringify(set)).toBe(400);
  expect(readdirSync(place.root)).not.toContain("walk");
});

test("a link inside a folder that may be read does not open what lies behind it", () => {
  const data = join(place.base, "data");
  symlinkSync(place.base, join(data, "up"));
  const places = {
    root: realPath(place.root),
    uploads: join(realPath(place.root), ".studio", "uploads"),
    data: [realPath(data)],
    cwd: process.cwd(),
  };
  expect(() => checkPlace(join(data, "up", "secret.txt"), true, places)).toThrow(/outside/);
  expect(() => checkPlace(join(data, "up", "not-there.txt"), true, places)).toThrow(/outside/);
  expect(() => checkPlace(join(data, "cells.csv"), true, places)).not.toThrow();
  expect(() => checkPlace(join(place.root, ".studio", "uploads", "score.mjs"), true, places)).toThrow(/is a program/);
});

test("bodies that are too large, no JSON, or of another shape are refused with what is wrong", async () => {
  const headers = { cookie: visitor.cookie, origin: visitor.origin, "content-type": "application/json" };
  const post = (path: string, body: string | Uint8Array, more: Record<string, string> = {}) =>
    raw(visitor.origin + path, { method: "POST", headers: { ...headers, ...more }, body });
  expect((await post("/api/check", `"${"x".repeat(1 << 20)}"`)).status).toBe(413);
  expect((await post("/api/runs", new Uint8Array(2 << 20), { "transfer-encoding": "chunked" })).status).toBe(413);
  expect(JSON.parse((await post("/api/check", "{")).text).error).toBe("the body is no JSON");
  expect(JSON.parse((await post("/api/check", "[]")).text).error).toMatch(/expected object/);
  expect(JSON.parse((await post("/api/check", '{"command":"walk","arguments":[],"options":{},"x":1}')).text).error).toMatch(
    /unknown option x/,
  );
  expect(JSON.parse((await post("/api/check", '{"command":"wlak","arguments":[],"options":{}}')).text).hint).toMatch(/walk/);
  const file = { "content-type": "application/octet-stream" };
  expect((await post("/api/upload?name=a.csv", new Uint8Array((1 << 20) + 1), file)).status).toBe(413);
  const growing = await post("/api/upload?name=a.csv", new Uint8Array((1 << 20) + 1), { ...file, "transfer-encoding": "chunked" });
  expect(growing.status).toBe(413);
  expect((await post("/api/upload?name=a.csv", "x")).status).toBe(415);
  for (const tags of [["a,b"], [""], ["x".repeat(41)], "a", ["a\u0000"]])
    expect((await post(`/api/runs/${id}/tags`, JSON.stringify({ tags }))).status).toBe(400);
  for (const query of ["limit=0", "limit=x", "offset=-1", "where=loss", "sort=nothing", "where=status=odd"])
    expect((await visitor.get(`/api/runs?${query}`)).status, query).toBe(400);
});

test("a file that is dropped is kept once, whole, under a name that is only a name", async () => {
  const send = (name: string, body: string) =>
    raw(`${visitor.origin}/api/upload?name=${encodeURIComponent(name)}`, {
      ...{ method: "POST", body },
      headers: { cookie: visitor.cookie, origin: visitor.origin, "content-type": "application/octet-stream" },
    }).then(({ text }) => JSON.parse(text) as { path: string; bytes: number });
  const [one, again, other] = [await send("../../cells.csv", "a,b\n"), await send("cells.csv", "a,b\n"), await send("<b>.csv", "a,b\n")];
  expect(again).toEqual(one);
  expect(one.bytes).toBe(4);
  expect(one.path.startsWith(join(realPath(place.root), ".studio", "uploads"))).toBe(true);
  expect(other.path).toMatch(/\/b-\.csv$/);
  expect(readFileSync(other.path, "utf8")).toBe("a,b\n");
  expect(readdirSync(join(place.root, ".studio", "uploads")).length).toBe(1);
  expect((await visitor.post("/api/check", { command: "look", arguments: [one.path], options: {} })).body).not.toHaveProperty("error");
  expect(["..", "", "a/b.csv", ".hidden", "-rf", "\u202Egpj.exe", "a".repeat(200) + ".csv", "日本.csv"].map(safeName)).toEqual([
    ...["file", "file", "b.csv", "hidden", "rf", "gpj.exe", `${"a".repeat(96)}.csv`, "日本.csv"],
  ]);
});

test("a client that dawdles over its headers is shut out", async () => {
  const hasty = await open(join(place.base, "other"), place.page, { patience: 100 });
  const socket = connect(Number(new URL(hasty.url).port), "127.0.0.1");
  let told = "";
  socket.on("data", (text) => (told += String(text)));
  socket.write("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ");
  await new Promise((closed) => socket.on("close", closed));
  expect(told).toMatch(/^HTTP\/1.1 408/);
  await hasty.close();
});

test("a session that sends too much at once is told to wait, others are not", async () => {
  const loud = await visit(served.url);
  const answers = await until(async () => {
    const some = await Promise.all(
      Array.from({ length: 150 }, () => loud.post("/api/check", { command: "walk", arguments: [], options: {} })),
    );
    return some.some(({ status }) => status === 429) && some;
  });
  expect(answers.some(({ status }) => status === 200)).toBe(true);
  const calm = await visit(served.url);
  expect((await calm.post("/api/check", { command: "walk", arguments: [], options: {} })).status).toBe(200);
});

test("a port that is taken is told, or the next one is used; who listens to others knows the names that they call", async () => {
  const port = Number(new URL(served.url).port);
  await expect(open(join(place.base, "second"), place.page, { port })).rejects.toThrow(`port ${port} is taken`);
  const [one, two] = [
    await open(join(place.base, "a"), place.page, { port: undefined }),
    await open(join(place.base, "b"), place.page, { port: undefined }),
  ];
  const [first, second] = [one, two].map(({ url }) => Number(new URL(url).port));
  expect(second).toBeGreaterThan(first);
  for (const each of [one, two]) await each.close();
  const wide = await open(join(place.base, "wide"), place.page, { host: "0.0.0.0" });
  const { origin, host } = new URL(wide.url);
  expect((await raw(`${origin}/`, { headers: { host: `${hostname().toLowerCase()}:${host.split(":")[1]}` } })).status).toBe(401);
  expect((await raw(`${origin}/`, { headers: { host: `example.org:${host.split(":")[1]}` } })).status).toBe(421);
  await wide.close();
  expect(["localhost", "127.0.0.1", "::1", "0.0.0.0", "192.168.0.2", "127.0.0.1.example"].map(isLoopback)).toEqual([
    true,
    true,
    true,
    false,
    false,
    false,
  ]);
});

test("two studios have two tokens", () => {
  const token = () => openGuard({ hosts: () => new Set(), cookie: () => "x", readOnly: false }).token;
  expect(token()).not.toBe(token());
  expect(Buffer.from(token(), "base64url").length).toBe(24);
});
