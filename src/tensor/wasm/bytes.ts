/** Numbers and types as a module of WebAssembly writes them. */

/** Types of values. */
export const types = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b } as const;
export type Type = keyof typeof types;

/** Unsigned integers of any length, seven bits a byte. */
export function unsignedBytes(n: number): number[] {
  const bytes: number[] = [];
  for (let rest = n; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) | 128);
  }
}

/** Signed integers of any length. */
export function signedBytes(n: number): number[] {
  const bytes: number[] = [];
  for (let rest = n; ; ) {
    const low = rest & 127;
    rest = Math.floor(rest / 128);
    if ((rest === 0 && low < 64) || (rest === -1 && low >= 64)) return [...bytes, low];
    bytes.push(low | 128);
  }
}
