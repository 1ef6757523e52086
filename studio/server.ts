/** Questions to the server, and what it tells by itself. */
import { UserError } from "../src/errors.ts";
import type { Event, Refusal } from "../src/studio/api.ts";
import { setServerAnswers } from "./settings.svelte.ts";

/**
 * The answer to a question.
 * @param path  below api/
 * @throws UserError  in the server's words
 */
export async function ask<T>(path: string, init?: RequestInit): Promise<T> {
  const response = await fetch(`api/${path}`, init).catch(() => {
    throw new UserError("the server does not answer", "is `pushforward studio` still running?");
  });
  if (response.ok) return response.json();
  const refusal: Refusal = await response.json().catch(() => ({ error: `the server answered with status ${response.status}` }));
  throw new UserError(refusal.error, refusal.hint);
}

/** Asks for a change. */
export const tell = <T>(path: string, body: unknown = {}): Promise<T> =>
  ask(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });

/** Milliseconds until a stream that the server has ended is tried again. */
const patience = 2000;

/**
 * Listens until it is told to stop. A page that is not in sight does not listen, for a browser opens few connections to one server; when it
 * comes back it is told `again`.
 * @param query  "?run=…" or nothing
 */
export function follow(query: string, heard: (event: Event) => void): () => void {
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const close = (): void => {
    clearTimeout(timer);
    source?.close();
    source = undefined;
  };
  const open = (): void => {
    close();
    const made = new EventSource(`api/events${query}`);
    source = made;
    made.onopen = () => setServerAnswers(true);
    made.onmessage = ({ data }) => heard(JSON.parse(data));
    made.onerror = () => {
      setServerAnswers(false);
      if (made.readyState === EventSource.CLOSED) timer = setTimeout(reopen, patience);
    };
  };
  const reopen = (): void => {
    open();
    heard({ kind: "again" });
  };
  const seen = (): void => (document.hidden ? close() : reopen());
  document.addEventListener("visibilitychange", seen);
  if (!document.hidden) open();
  return () => {
    document.removeEventListener("visibilitychange", seen);
    close();
  };
}

/** Calls at most once in so many milliseconds, the last time too. */
export function calmly(work: () => void, milliseconds: number): () => void {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    setTimeout(() => {
      waiting = false;
      work();
    }, milliseconds);
  };
}
