/** Real servers for tests, each on a free port of the loopback in a temporary folder. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { chownSync, existsSync, globSync, mkdtempSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import pg from "pg";

export interface Server {
  readonly url: string;
  /** Kills the server and starts it on the same port and folder. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

const found = (command: string): string | undefined => spawnSync("which", [command], { encoding: "utf8" }).stdout.trim() || undefined;

/** Newest installed PostgreSQL; Debian keeps its programs off the PATH. */
const postgresPrograms = globSync("/usr/lib/postgresql/*/bin").sort().at(-1) ?? found("initdb")?.replace(/\/initdb$/, "");
export const hasPostgres = postgresPrograms !== undefined && existsSync(join(postgresPrograms, "initdb"));
export const hasRedis = found("redis-server") !== undefined;

export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

export async function startPostgres(): Promise<Server> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), "pushforward-postgres-"));
  // it refuses to run as root; Debian's package brings a user for it
  const user = process.getuid?.() === 0 ? { uid: numeric("-u"), gid: numeric("-g") } : {};
  if (user.uid !== undefined) chownSync(folder, user.uid, user.gid);
  const data = join(folder, "data");
  execFileSync(join(postgresPrograms!, "initdb"), ["-D", data, "-A", "trust", "-U", "postgres", "--no-sync"], {
    ...user,
    cwd: folder,
    stdio: "ignore",
  });
  const settings = { listen_addresses: "127.0.0.1", unix_socket_directories: "", fsync: "off", port: String(port) };
  const flags = Object.entries(settings).flatMap(([key, value]) => ["-c", `${key}=${value}`]);
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  return serve(url, port, folder, () =>
    spawn(join(postgresPrograms!, "postgres"), ["-D", data, ...flags], { ...user, cwd: folder, stdio: "ignore" }),
  );
}

const numeric = (flag: string): number => Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" }));

/** Every write is on the disk before it is answered, so that a restart forgets nothing. */
export async function startRedis(): Promise<Server> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), "pushforward-redis-"));
  const settings = [
    "--port",
    String(port),
    "--bind",
    "127.0.0.1",
    "--dir",
    folder,
    "--save",
    "",
    "--appendonly",
    "yes",
    "--appendfsync",
    "always",
  ];
  return serve(`redis://127.0.0.1:${port}`, port, folder, () => spawn("redis-server", settings, { stdio: "ignore" }));
}

async function serve(url: string, port: number, folder: string, begin: () => ChildProcess): Promise<Server> {
  let server = begin();
  await answers(url, port);
  const kill = async () => {
    const over = new Promise((resolve) => server.once("exit", resolve));
    server.kill(url.startsWith("redis") ? "SIGKILL" : "SIGINT");
    await over;
  };
  return {
    url,
    async restart() {
      await kill();
      server = begin();
      await answers(url, port);
    },
    async stop() {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A port is open before the server behind it is ready: PostgreSQL is asked until it answers. */
async function answers(url: string, port: number): Promise<void> {
  for (let i = 0; i < 600; i++) {
    if (url.startsWith("redis") ? await opens(port) : await selects(url)) return;
    await setTimeout(50);
  }
  throw new Error(`no server on port ${port}`);
}

const opens = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(port, "127.0.0.1", () => resolve(socket.end() !== undefined));
    socket.on("error", () => resolve(false));
  });

async function selects(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => undefined);
  try {
    await client.connect();
    await client.query("select 1");
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}
