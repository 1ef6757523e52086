/** A demo that is going on in its worker, as the page sees it. */
import type { Frame, Settings, TakeAway } from "../../src/demos/demo.ts";
import { announce, prefersStillness } from "../settings.svelte.ts";
import type { Answer, Order } from "./messages.ts";

export interface Session {
  readonly state: "idle" | "starting" | "running" | "done" | "stopped" | "failed";
  readonly frame: Frame | undefined;
  readonly files: readonly TakeAway[];
  readonly problem: { readonly error: string; readonly hint?: string } | undefined;
  readonly start: (name: string, settings: Settings, seed: number) => void;
  /** Ends it at once; the files so far are kept if it gives them in a moment. */
  readonly stop: () => void;
  /** Ends it without a word. */
  readonly end: () => void;
}

/** Milliseconds that a worker which is to stop has for its files. */
const farewell = 1000;
/** Milliseconds between pictures where little motion is wished for. */
const stillness = 1500;

export function session(): Session {
  let worker: Worker | undefined;
  let state: Session["state"] = $state("idle");
  let frame: Frame | undefined = $state.raw();
  let files: readonly TakeAway[] = $state.raw([]);
  let problem: Session["problem"] = $state.raw();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let latest: Frame | undefined;
  let shownAt = 0;

  const end = (): void => {
    clearTimeout(timer);
    worker?.terminate();
    worker = undefined;
  };
  const finish = (how: Session["state"], words: string): void => {
    end();
    frame = latest;
    state = how;
    announce(words);
  };
  /** The latest picture at the next drawing of the page. */
  const show = (): void =>
    void requestAnimationFrame((now) => {
      if (frame !== undefined && prefersStillness() && now - shownAt < stillness) return;
      shownAt = now;
      frame = latest;
    });
  const heard = (answer: Answer): void => {
    if (answer.kind === "frame") {
      latest = answer.frame;
      if (state === "starting") state = "running";
      show();
    } else if (answer.kind === "files") {
      files = answer.files;
      if (state === "stopped") end();
    } else if (answer.kind === "done") finish("done", "The demo has come to its end");
    else {
      problem = answer;
      finish("failed", "The demo failed");
    }
  };

  return {
    get state() {
      return state;
    },
    get frame() {
      return frame;
    },
    get files() {
      return files;
    },
    get problem() {
      return problem;
    },
    start(name, settings, seed) {
      end();
      [frame, latest, files, problem, state] = [undefined, undefined, [], undefined, "starting"];
      const made = new Worker(new URL("../worker.ts", import.meta.url), { type: "module" });
      worker = made;
      made.onmessage = ({ data }: MessageEvent<Answer>) => {
        if (made === worker) heard(data);
      };
      made.onerror = ({ message }) => {
        if (made === worker) heard({ kind: "error", error: `the demo failed: ${message || "its code could not be loaded"}` });
      };
      const order: Order = { kind: "start", name, settings, seed };
      made.postMessage(order);
      announce("The demo starts");
    },
    stop() {
      if (!worker || state === "stopped") return;
      const order: Order = { kind: "files" };
      worker.postMessage(order);
      state = "stopped";
      frame = latest;
      announce("The demo is stopped");
      timer = setTimeout(end, farewell);
    },
    end,
  };
}
