/** The worker in which a demo computes: it starts one, takes one step after another, and tells what there is to see. */
import type { Running } from "../src/demos/demo.ts";
import { demos } from "../src/demos/index.ts";
import { UserError } from "../src/errors.ts";
import type { Answer, Order } from "./demos/messages.ts";

const tell = (answer: Answer): void => postMessage(answer);

async function asset(name: string): Promise<Uint8Array> {
  const response = await fetch(new URL(`../demos/${name}`, location.href));
  if (!response.ok)
    throw new UserError(`the file ${name} of this demo could not be loaded (status ${response.status})`, "load the page again");
  return new Uint8Array(await response.arrayBuffer());
}

let running: Running | undefined;

async function start({ name, settings, seed }: Extract<Order, { kind: "start" }>): Promise<void> {
  const demo = await demos[name].load();
  running = await demo.start(settings, seed, asset);
  for (let frame = await running.next(); frame !== undefined; frame = await running.next()) {
    tell({ kind: "frame", frame });
    await breath();
  }
  tell({ kind: "files", files: await running.files() });
  tell({ kind: "done" });
}

/** Lets messages come in between two steps. */
function breath(): Promise<void> {
  return new Promise((go) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      go();
    };
    port2.postMessage(undefined);
  });
}

async function work(order: Order): Promise<void> {
  try {
    if (order.kind === "start") await start(order);
    else tell({ kind: "files", files: (await running?.files()) ?? [] });
  } catch (error) {
    if (error instanceof UserError) tell({ kind: "error", error: error.message, hint: error.hint });
    else tell({ kind: "error", error: `the demo failed: ${error instanceof Error ? error.message : error}` });
  }
}

addEventListener("message", ({ data }: MessageEvent<Order>) => void work(data));
