/** Compression that Node itself does not undo: bzip2 and xz, by libraries that are loaded when a file needs them. */
import { PassThrough, Readable } from "node:stream";
import { UserError } from "../errors.ts";

export type OtherCompression = "bzip2" | "xz";

/** What the first bytes of a file announce. */
export function otherCompression(bytes: Uint8Array): OtherCompression | undefined {
  const start = Buffer.from(bytes.subarray(0, 6)).toString("latin1");
  if (/^BZh[1-9]/.test(start)) return "bzip2";
  return start === "\xfd7zXZ\0" ? "xz" : undefined;
}

/**
 * The bytes of a stream as they were before bzip2 or xz.
 * @throws UserError  for damaged or cut data
 */
export async function* undone(kind: OtherCompression, input: AsyncIterable<Uint8Array>, source: string): AsyncGenerator<Uint8Array> {
  try {
    yield* kind === "xz" ? xz(input) : await bzip2(input);
  } catch (error) {
    if (error instanceof UserError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new UserError(`${source}: damaged compression (${kind}: ${why})`, "the file may be cut off");
  }
}

async function* xz(input: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const { default: library } = await import("xz-decompress");
  const source = input[Symbol.asyncIterator]();
  const bytes = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      const next = await source.next();
      if (next.done) controller.close();
      else controller.enqueue(Uint8Array.from(next.value));
    },
  });
  const reader = new library.XzReadableStream(bytes).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await source.return?.();
  }
}

async function* copies(input: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const piece of input) yield piece.slice();
}

async function bzip2(input: AsyncIterable<Uint8Array>): Promise<AsyncIterable<Uint8Array>> {
  const { default: unbzip2 } = await import("unbzip2-stream");
  const source = Readable.from(copies(input)); // it reads ahead
  const out = new PassThrough();
  const decoder = unbzip2();
  const fail = (error: Error): void => void out.destroy(error);
  source.on("error", fail);
  decoder.on("error", fail);
  out.on("close", () => source.destroy()); // who stops early closes the file too
  source.pipe(decoder).pipe(out);
  return out;
}
