/** Gathers and scatters. What is out of range is told at address 16: a kind, a limit, and a number of 64 bits. */

const failure: usize = 16;

function refuse(kind: i32, index: i64, rows: i32): void {
  store<i32>(failure, kind);
  store<i32>(failure + 4, rows);
  store<i64>(failure + 8, index);
}

/** An index as it is meant: negative ones count from the end; what is out of range is told, and taken for 0. */
@inline
function indexAt(kind: i32, i: usize, place: i32, rows: i32, wide: i32): usize {
  const given = wide ? load<i64>(i + ((<usize>place) << 3)) : <i64>load<i32>(i + ((<usize>place) << 2));
  const at = given < 0 ? given + <i64>rows : given;
  if (at < 0 || at >= <i64>rows) {
    refuse(kind, given, rows);
    return 0;
  }
  return <usize>at;
}

/** Rows of `chunk` bytes. */
export function gatherRows(x: usize, i: usize, out: usize, rows: i32, chunk: usize, count: i32, wide: i32): void {
  for (let k = 0; k < count; k++) {
    const from = x + indexAt(1, i, k, rows, wide) * chunk;
    if (chunk == 4) store<i32>(out, load<i32>(from));
    else if (chunk == 8) store<i64>(out, load<i64>(from));
    else memory.copy(out, from, chunk);
    out += chunk;
  }
}

/** Adds rows of `chunk` elements. */
@inline
function scatter<T>(out: usize, i: usize, updates: usize, rows: i32, chunk: i32, count: i32, wide: i32): void {
  const bytes = <usize>chunk * sizeof<T>();
  for (let k = 0; k < count; k++) {
    const to = out + indexAt(2, i, k, rows, wide) * bytes;
    for (let j: usize = 0; j < bytes; j += sizeof<T>()) store<T>(to + j, load<T>(to + j) + load<T>(updates + j));
    updates += bytes;
  }
}

export function scatterF32(out: usize, i: usize, updates: usize, rows: i32, chunk: i32, count: i32, wide: i32): void {
  scatter<f32>(out, i, updates, rows, chunk, count, wide);
}
export function scatterF64(out: usize, i: usize, updates: usize, rows: i32, chunk: i32, count: i32, wide: i32): void {
  scatter<f64>(out, i, updates, rows, chunk, count, wide);
}
export function scatterI32(out: usize, i: usize, updates: usize, rows: i32, chunk: i32, count: i32, wide: i32): void {
  scatter<i32>(out, i, updates, rows, chunk, count, wide);
}
export function scatterI64(out: usize, i: usize, updates: usize, rows: i32, chunk: i32, count: i32, wide: i32): void {
  scatter<i64>(out, i, updates, rows, chunk, count, wide);
}
export function scatterU8(out: usize, i: usize, updates: usize, rows: i32, chunk: i32, count: i32, wide: i32): void {
  scatter<u8>(out, i, updates, rows, chunk, count, wide);
}

/** y[o, j, p] = x[o, i[o, j, p], p] of x [outer, n, inner] and i [outer, m, inner], elements of `size` bytes. */
export function gatherAlong(x: usize, i: usize, out: usize, outer: i32, n: i32, m: i32, inner: i32, size: usize, wide: i32): void {
  let at = 0;
  for (let o = 0; o < outer; o++) {
    const block = x + <usize>o * <usize>n * <usize>inner * size;
    for (let j = 0; j < m; j++) {
      for (let p = 0; p < inner; p++) {
        const from = block + (indexAt(2, i, at, n, wide) * <usize>inner + <usize>p) * size;
        if (size == 4) store<i32>(out, load<i32>(from));
        else if (size == 8) store<i64>(out, load<i64>(from));
        else store<u8>(out, load<u8>(from));
        out += size;
        at++;
      }
    }
  }
}

@inline
function scatterAlong<T>(out: usize, i: usize, updates: usize, outer: i32, n: i32, m: i32, inner: i32, wide: i32): void {
  let at = 0;
  for (let o = 0; o < outer; o++) {
    const block = out + <usize>o * <usize>n * <usize>inner * sizeof<T>();
    for (let j = 0; j < m; j++) {
      for (let p = 0; p < inner; p++) {
        const to = block + (indexAt(2, i, at, n, wide) * <usize>inner + <usize>p) * sizeof<T>();
        store<T>(to, load<T>(to) + load<T>(updates));
        updates += sizeof<T>();
        at++;
      }
    }
  }
}

export function scatterAlongF32(out: usize, i: usize, updates: usize, outer: i32, n: i32, m: i32, inner: i32, wide: i32): void {
  scatterAlong<f32>(out, i, updates, outer, n, m, inner, wide);
}
export function scatterAlongF64(out: usize, i: usize, updates: usize, outer: i32, n: i32, m: i32, inner: i32, wide: i32): void {
  scatterAlong<f64>(out, i, updates, outer, n, m, inner, wide);
}
export function scatterAlongI32(out: usize, i: usize, updates: usize, outer: i32, n: i32, m: i32, inner: i32, wide: i32): void {
  scatterAlong<i32>(out, i, updates, outer, n, m, inner, wide);
}
export function scatterAlongI64(out: usize, i: usize, updates: usize, outer: i32, n: i32, m: i32, inner: i32, wide: i32): void {
  scatterAlong<i64>(out, i, updates, outer, n, m, inner, wide);
}
