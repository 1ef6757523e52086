/** Threads: workers that run a function of ours, in Node and in pages. */

/** What a thread and its maker tell each other. */
export interface Port {
  send(message: unknown): void;
  receive(listen: (message: unknown) => void): void;
}

/** A thread as its maker sees it. */
export interface Thread extends Port {
  /** Calls when it has failed: pages may forbid workers of text. */
  failed(listen: () => void): void;
  /** Whether the process waits for it to end; at first it does not. */
  hold(wait: boolean): void;
}

/** Whether threads may share memory: in Node, and in pages that are kept apart from others. */
export const mayShare = (): boolean => typeof SharedArrayBuffer !== "undefined" && Reflect.get(globalThis, "crossOriginIsolated") !== false;

/** Whether a thread may sleep: the main one of a page may not. */
export const maySleep = typeof document === "undefined";

/**
 * Starts a thread.
 *
 * @param run  is sent as text, and knows nothing but its arguments
 */
export function startThread<Data>(run: (data: Data, port: Port) => void, data: Data): Thread {
  const code = `(${run.toString()})`;
  if (typeof Worker === "undefined") {
    const { Worker: NodeWorker } = process.getBuiltinModule("node:worker_threads");
    const begin = `const { parentPort, workerData } = require("node:worker_threads");
      ${code}(workerData, { send: (m) => parentPort.postMessage(m), receive: (listen) => parentPort.on("message", listen) })`;
    const worker = new NodeWorker(begin, { eval: true, workerData: data });
    worker.unref();
    return {
      send: (message) => worker.postMessage(message),
      receive: (listen) => void worker.on("message", listen),
      failed: (listen) => void worker.once("error", listen),
      hold: (wait) => (wait ? worker.ref() : worker.unref()),
    };
  }
  const begin = `onmessage = ({ data }) =>
    ${code}(data, { send: (m) => postMessage(m), receive: (listen) => { onmessage = ({ data }) => listen(data); } })`;
  const worker = new Worker(URL.createObjectURL(new Blob([begin], { type: "text/javascript" })));
  worker.postMessage(data);
  return {
    send: (message) => worker.postMessage(message),
    receive: (listen) => worker.addEventListener("message", ({ data }) => listen(data)),
    failed: (listen) => worker.addEventListener("error", () => listen(), { once: true }),
    hold: () => undefined,
  };
}
