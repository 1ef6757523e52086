/** The instructions of one function of WebAssembly, as bytes. */
import { signedBytes, type Type, types, unsignedBytes } from "./bytes.ts";

/** Instructions by their names in the core specification; those of vectors have their number behind the prefix 0xfd. */
export const opcodes = {
  ...{ "i32.load": 0x28, "i64.load": 0x29, "f32.load": 0x2a, "f64.load": 0x2b, "i32.load8_u": 0x2d },
  ...{ "i32.store": 0x36, "i64.store": 0x37, "f32.store": 0x38, "f64.store": 0x39 },
  ...{ "i32.eqz": 0x45, "i32.eq": 0x46, "i32.ne": 0x47, "i32.lt_s": 0x48, "i32.lt_u": 0x49, "i64.eqz": 0x50 },
  ...{ "i32.add": 0x6a, "i32.sub": 0x6b, "i32.mul": 0x6c, "i32.div_s": 0x6d, "i64.div_s": 0x7f },
  ...{
    "f32.demote": 0xb6,
    "f64.promote": 0xbb,
    "i64.trunc_f64": 0xb0,
    "f32.convert_i64": 0xb4,
    "f64.convert_i64": 0xb9,
    "f64.add": 0xa0,
    "f32.add": 0x92,
  },
} as const;

export interface Code {
  local(type: Type): number;
  get(local: number): void;
  set(local: number): void;
  /** Instructions without immediates. */
  op(...names: (keyof typeof opcodes)[]): void;
  i32(value: number): void;
  /** An access of memory at the address on the stack plus `offset`. */
  access(name: keyof typeof opcodes, offset: number): void;
  /** An instruction of vectors, with what follows its number. */
  simd(number: number, immediates?: readonly number[]): void;
  /** An access of memory by vectors; `lane` for those of one lane. */
  simdAccess(number: number, offset: number, lane?: number): void;
  raw(...bytes: number[]): void;
  call(func: number): void;
  memoryCopy(): void;
  memoryFill(): void;
  /** Repeats the body as long as it leaves something other than 0 on the stack. */
  loop(body: () => void): void;
  /** Takes the condition from the stack. */
  branch(yes: () => void, no?: () => void): void;
  /** Sends what `write` writes to the front of the function. */
  first(write: () => void): void;
  /** Locals and instructions. */
  finish(): number[][];
}

const memory = (offset: number): number[] => [0, ...unsignedBytes(offset)];

export function code(params: number): Code {
  const front: number[] = [];
  const body: number[] = [];
  const locals: Type[] = [];
  let out = body;
  const self: Code = {
    local(type) {
      locals.push(type);
      return params + locals.length - 1;
    },
    get: (local) => void out.push(0x20, ...unsignedBytes(local)),
    set: (local) => void out.push(0x21, ...unsignedBytes(local)),
    op(...names) {
      for (const name of names) {
        // saturating conversions have a prefix
        if (name === "i64.trunc_f64") out.push(0xfc, 6);
        else out.push(opcodes[name]);
      }
    },
    i32: (value) => void out.push(0x41, ...signedBytes(value | 0)),
    access: (name, offset) => void out.push(opcodes[name], ...memory(offset)),
    simd: (number, immediates = []) => void out.push(0xfd, ...unsignedBytes(number), ...immediates),
    simdAccess: (number, offset, lane) =>
      void out.push(0xfd, ...unsignedBytes(number), ...memory(offset), ...(lane === undefined ? [] : [lane])),
    raw: (...bytes) => void out.push(...bytes),
    call: (func) => void out.push(0x10, ...unsignedBytes(func)),
    memoryCopy: () => void out.push(0xfc, 10, 0, 0),
    memoryFill: () => void out.push(0xfc, 11, 0),
    loop(write) {
      out.push(0x03, 0x40);
      write();
      out.push(0x0d, 0, 0x0b);
    },
    branch(yes, no) {
      out.push(0x04, 0x40);
      yes();
      if (no) {
        out.push(0x05);
        no();
      }
      out.push(0x0b);
    },
    first(write) {
      const now = out;
      out = front;
      write();
      out = now;
    },
    finish() {
      const runs: [number, Type][] = [];
      for (const type of locals) {
        const last = runs.at(-1);
        if (last && last[1] === type) last[0]++;
        else runs.push([1, type]);
      }
      const declared = [...unsignedBytes(runs.length), ...runs.flatMap(([n, type]) => [...unsignedBytes(n), types[type]])];
      return [declared, front, body, [0x0b]];
    },
  };
  return self;
}
