/** Modules of WebAssembly as bytes: types, imported functions and memory, functions. See the core specification, chapter 5. */
import { type Type, types, unsignedBytes } from "./bytes.ts";
import { type Code, code } from "./code.ts";

const text = (s: string): number[] => [...unsignedBytes(s.length), ...[...s].map((c) => c.charCodeAt(0))];
const list = (items: readonly (readonly number[])[]): number[] => [...unsignedBytes(items.length), ...items.flat()];

/** What a function takes and gives. */
export interface Signature {
  readonly params: readonly Type[];
  readonly results: readonly Type[];
}

/** A module that is being written. */
export interface ModuleWriter {
  /** The function of an import. */
  imported(name: string): number;
  /** A function; `write` is given its parameters as locals 0, 1, …. */
  func(signature: Signature, write: (code: Code) => void): number;
  /** The module, which exports these functions; its memory is the import `env.memory`, `shared` by threads or not. */
  finish(exports: Readonly<Record<string, number>>, shared: boolean): Uint8Array<ArrayBuffer>;
}

/** Pages of 64 KiB that shared memory may grow to: 4 GiB. */
export const mostPages = 65_536;

export function moduleWriter(imports: Readonly<Record<string, Signature>>): ModuleWriter {
  const signatures: string[] = [];
  const functions: { type: number; body: readonly number[][] }[] = [];
  const typeOf = ({ params, results }: Signature): number => {
    const part = (ts: readonly Type[]): number[] => [...unsignedBytes(ts.length), ...ts.map((t) => types[t])];
    const key = [0x60, ...part(params), ...part(results)].join();
    if (!signatures.includes(key)) signatures.push(key);
    return signatures.indexOf(key);
  };
  const names = Object.keys(imports);
  const imported = names.map((name) => [...text("kernels"), ...text(name), 0, ...unsignedBytes(typeOf(imports[name]))]);
  const section = (id: number, content: readonly number[]): readonly number[][] => [[id, ...unsignedBytes(content.length)], [...content]];
  return {
    imported: (name) => names.indexOf(name),
    func(signature, write) {
      const written = code(signature.params.length);
      write(written);
      functions.push({ type: typeOf(signature), body: written.finish() });
      return names.length + functions.length - 1;
    },
    finish(exports, shared) {
      const limits = shared ? [3, 1, ...unsignedBytes(mostPages)] : [0, 1];
      const memory = [...text("env"), ...text("memory"), 2, ...limits];
      const bodies = functions.map(({ body }) => {
        const size = body.reduce((s, part) => s + part.length, 0);
        return [unsignedBytes(size), ...body];
      });
      const codeSize = unsignedBytes(functions.length).length + bodies.flat().reduce((s, part) => s + part.length, 0);
      return joined([
        [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
        ...section(1, [...unsignedBytes(signatures.length), ...signatures.flatMap((key) => key.split(",").map(Number))]),
        ...section(2, list([...imported, memory])),
        ...section(3, list(functions.map(({ type }) => unsignedBytes(type)))),
        ...section(7, list(Object.entries(exports).map(([name, func]) => [...text(name), 0, ...unsignedBytes(func)]))),
        [10, ...unsignedBytes(codeSize)],
        unsignedBytes(functions.length),
        ...bodies.flat(),
      ]);
    },
  };
}

function joined(parts: readonly (readonly number[])[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((s, part) => s + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
