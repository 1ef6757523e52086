/**
 * Events for pages that look on: numbered, kept for a while for those that come back, the same bytes for everyone. A reader too slow to
 * take them is dropped, and comes back by itself.
 */
import { randomBytes } from "node:crypto";
import type { Event } from "./api.ts";

/** All events that concern everyone, or those of one run. */
export interface Channel {
  publish(event: Event): void;
  /** A stream for one reader, which begins with what it has missed since the id that it knows. */
  stream(lastId?: string): ReadableStream<Uint8Array>;
  readonly readers: number;
  close(): void;
}

interface ChannelOptions {
  /** Events and bytes kept for those that come back. */
  readonly most?: number;
  readonly mostBytes?: number;
  /** Bytes that may wait for a reader. */
  readonly patience?: number;
  /** Called when the last reader has gone. */
  readonly left?: () => void;
}

type Reader = ReadableStreamDefaultController<Uint8Array>;

const encoder = new TextEncoder();
const message = (id: string, event: Event): Uint8Array => encoder.encode(`id: ${id}\ndata: ${JSON.stringify(event)}\n\n`);
/** Said when a stream begins: a page that lost it asks again after a second. */
const greeting = encoder.encode("retry: 1000\n\n");
/** Keeps connections open that nothing is said on, and finds those that are dead. */
const heartbeat = encoder.encode(": here\n\n");

export function openChannel({ most = 2000, mostBytes = 1 << 20, patience = 1 << 20, left }: ChannelOptions = {}): Channel {
  const epoch = randomBytes(6).toString("hex"); // numbers of another channel, or another server, mean nothing here
  const ring: Uint8Array[] = []; // the last of them is event number `last`
  let ringBytes = 0;
  let last = 0;
  const readers = new Set<Reader>();

  const drop = (reader: Reader): void => {
    if (readers.delete(reader) && readers.size === 0) left?.();
  };
  const send = (reader: Reader, bytes: Uint8Array): void => {
    if ((reader.desiredSize ?? 0) > 0) reader.enqueue(bytes);
    else {
      reader.error(new Error("too slow")); // what waits is let go of
      drop(reader);
    }
  };
  const pulse = setInterval(() => {
    for (const reader of readers) send(reader, heartbeat);
  }, 15_000);
  pulse.unref();

  /** What came after an id; undefined if that is no longer known. */
  function missed(lastId: string): readonly Uint8Array[] | undefined {
    const [theirs, number] = lastId.split(".");
    const since = Number(number);
    const known = theirs === epoch && Number.isInteger(since) && since <= last && since >= last - ring.length;
    return known ? ring.slice(ring.length - (last - since)) : undefined;
  }

  return {
    get readers() {
      return readers.size;
    },
    publish(event) {
      const bytes = message(`${epoch}.${++last}`, event);
      ring.push(bytes);
      ringBytes += bytes.length;
      while (ring.length > most || (ringBytes > mostBytes && ring.length > 1)) ringBytes -= ring.shift()!.length;
      for (const reader of readers) send(reader, bytes);
    },
    stream(lastId) {
      let own: Reader;
      const start = (reader: Reader): void => {
        own = reader;
        readers.add(reader);
        reader.enqueue(greeting);
        const gone = lastId === undefined ? [] : missed(lastId);
        for (const bytes of gone ?? [message(`${epoch}.${last}`, { kind: "again" })]) reader.enqueue(bytes);
      };
      // what was missed fits beside what may wait
      const size = { highWaterMark: patience + mostBytes, size: (chunk: Uint8Array) => chunk.length };
      return new ReadableStream({ start, cancel: () => drop(own) }, size);
    },
    close() {
      clearInterval(pulse);
      for (const reader of [...readers]) {
        reader.close();
        drop(reader);
      }
    },
  };
}
