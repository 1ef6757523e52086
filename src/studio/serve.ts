/** The studio on a port: names that it answers to, patience with slow clients, and its end. */
import type { AddressInfo } from "node:net";
import { hostname, networkInterfaces } from "node:os";
import { createAdaptorServer } from "@hono/node-server";
import { UserError } from "../errors.ts";
import { studioApp } from "./app.ts";
import { openGuard } from "./guard.ts";
import { openStudio, type StudioOptions } from "./studio.ts";

export interface ServeOptions extends StudioOptions {
  readonly host: string;
  /** Without one, the first that is free from 4400 on; 0 for any. */
  readonly port?: number;
  /** Folder of the built page. */
  readonly page: string;
  /** Milliseconds for the headers of a request. */
  readonly patience?: number;
  readonly mostUploaded?: number;
}

export interface Served {
  /** With the token. */
  readonly url: string;
  /** Ends the server; runs go on. */
  close(): Promise<void>;
}

/** Where to look for a free port, and how far; milliseconds in which a request must be here as a whole. */
const [firstPort, ports, wholeRequest] = [4400, 100, 120_000];

/** Milliseconds until what takes long to load is loaded. */
const warmUp = 2000;

export const isLoopback = (host: string): boolean => /^(localhost|127(\.\d+){3}|::1|\[::1\])$/i.test(host);

/** @throws UserError  if the port is taken, or the studio cannot be opened */
export async function serve({ host, port, page, patience = 10_000, mostUploaded, ...options }: ServeOptions): Promise<Served> {
  const studio = await openStudio(options);
  let names: ReadonlySet<string> = new Set();
  const cookie = { name: "pushforward" };
  const guard = openGuard({ hosts: () => names, cookie: () => cookie.name, readOnly: options.readOnly });
  const server = createAdaptorServer({
    fetch: studioApp({ studio, guard, page, mostUploaded }).fetch,
    serverOptions: {
      headersTimeout: patience,
      requestTimeout: Math.max(patience, wholeRequest),
      connectionsCheckingInterval: Math.min(patience, 1000),
      keepAliveTimeout: 5000,
    },
  });
  if ("maxConnections" in server) server.maxConnections = 2000;
  try {
    const { port: taken } = await listen(server, host, port);
    names = namesOf(host, taken);
    cookie.name = `pushforward-${taken}`; // cookies know no ports
    // all methods are loaded for the form of a new run: soon, but not before the first page has its runs
    setTimeout(() => void studio.commands().catch(() => undefined), warmUp).unref();
    const shown = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host.includes(":") ? `[${host.replace(/[[\]]/g, "")}]` : host;
    return {
      url: `http://${shown}:${taken}/?token=${guard.token}`,
      async close() {
        const closed = new Promise<void>((resolve) => server.close(() => resolve()));
        await studio.close();
        if ("closeAllConnections" in server) server.closeAllConnections();
        await closed;
      },
    };
  } catch (error) {
    await studio.close();
    throw error;
  }
}

async function listen(server: ReturnType<typeof createAdaptorServer>, host: string, wanted: number | undefined): Promise<AddressInfo> {
  const last = wanted ?? firstPort + ports - 1;
  for (let port = wanted ?? firstPort; ; port++) {
    try {
      await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen(port, host.replace(/[[\]]/g, ""), () => {
          server.off("error", reject);
          resolve();
        });
      });
      const address = server.address();
      if (address !== null && typeof address === "object") return address;
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException; // what servers give
      if (code === "EADDRINUSE" && port < last) continue;
      if (code === "EADDRINUSE")
        throw new UserError(`port ${port} is taken`, "choose another with --port, or leave it out for the next free one");
      if (code === "EACCES") throw new UserError(`port ${port} may not be used`, "choose one above 1023 with --port");
      throw new UserError(
        `--host ${host}: it cannot be served there (${message})`,
        "127.0.0.1 is this machine alone, 0.0.0.0 all its networks",
      );
    }
  }
}

/** What stands behind Host: in requests that are meant for us. */
function namesOf(host: string, port: number): ReadonlySet<string> {
  const everywhere = host === "0.0.0.0" || host === "::";
  const others = everywhere ? Object.values(networkInterfaces()).flatMap((cards) => (cards ?? []).map(({ address }) => address)) : [];
  const names = ["127.0.0.1", "localhost", "::1", ...(everywhere ? [hostname(), ...others] : [host])];
  const written = names.map((name) => (name.includes(":") && !name.startsWith("[") ? `[${name}]` : name).toLowerCase());
  return new Set(written.flatMap((name) => [`${name}:${port}`, ...(port === 80 ? [name] : [])]));
}
