/** Running sums, sorted places, and places of extrema. */

/** Running sums of [outer, n, inner] along the middle, in S. */
@inline
function cumsum<T, S>(x: usize, out: usize, outer: i32, n: i32, inner: i32, reverse: i32): void {
  const step = <usize>inner * sizeof<T>();
  for (let o = 0; o < outer; o++) {
    for (let p = 0; p < inner; p++) {
      const first = (<usize>o * <usize>n * <usize>inner + <usize>p) * sizeof<T>();
      let sum: S = 0;
      for (let k = 0; k < n; k++) {
        const at = first + <usize>(reverse ? n - 1 - k : k) * step;
        sum += <S>load<T>(x + at);
        store<T>(out + at, <T>sum);
      }
    }
  }
}

export function cumsumF32(x: usize, out: usize, outer: i32, n: i32, inner: i32, reverse: i32): void {
  cumsum<f32, f64>(x, out, outer, n, inner, reverse);
}
export function cumsumF64(x: usize, out: usize, outer: i32, n: i32, inner: i32, reverse: i32): void {
  cumsum<f64, f64>(x, out, outer, n, inner, reverse);
}
export function cumsumI32(x: usize, out: usize, outer: i32, n: i32, inner: i32, reverse: i32): void {
  cumsum<i32, i32>(x, out, outer, n, inner, reverse);
}
export function cumsumI64(x: usize, out: usize, outer: i32, n: i32, inner: i32, reverse: i32): void {
  cumsum<i64, i64>(x, out, outer, n, inner, reverse);
}

/** Whether a comes before b. */
@inline
function before<T>(a: T, b: T, largest: i32): bool {
  return largest ? a > b : a < b;
}

/** The first k of rows of n in order, ties by their places. `room`: 8 n bytes. */
@inline
function top<T>(x: usize, values: usize, indices: usize, rows: i32, n: i32, k: i32, largest: i32, room: usize): void {
  for (let r = 0; r < rows; r++) {
    const order = sortedOrder<T>(x, n, largest, room, room + ((<usize>n) << 2));
    for (let j = 0; j < k; j++) {
      const at = load<i32>(order + ((<usize>j) << 2));
      store<i32>(indices, at);
      store<T>(values, load<T>(x + <usize>at * sizeof<T>()));
      indices += 4;
      values += sizeof<T>();
    }
    x += <usize>n * sizeof<T>();
  }
}

/** Merging of runs, which keeps the order of ties; returns where the places are. */
@inline
function sortedOrder<T>(x: usize, n: i32, largest: i32, from: usize, to: usize): usize {
  for (let j = 0; j < n; j++) store<i32>(from + ((<usize>j) << 2), j);
  for (let run = 1; run < n; run <<= 1) {
    for (let low = 0; low < n; low += run << 1) {
      const middle = min(low + run, n);
      const high = min(low + (run << 1), n);
      let i = low;
      let j = middle;
      for (let at = low; at < high; at++) {
        const left = load<i32>(from + ((<usize>i) << 2));
        const right = load<i32>(from + ((<usize>j) << 2));
        const takesRight =
          i >= middle ||
          (j < high && before<T>(load<T>(x + <usize>right * sizeof<T>()), load<T>(x + <usize>left * sizeof<T>()), largest));
        store<i32>(to + ((<usize>at) << 2), takesRight ? right : left);
        if (takesRight) j++;
        else i++;
      }
    }
    const swap = from;
    from = to;
    to = swap;
  }
  return from;
}

export function topF32(x: usize, values: usize, indices: usize, rows: i32, n: i32, k: i32, largest: i32, room: usize): void {
  top<f32>(x, values, indices, rows, n, k, largest, room);
}
export function topF64(x: usize, values: usize, indices: usize, rows: i32, n: i32, k: i32, largest: i32, room: usize): void {
  top<f64>(x, values, indices, rows, n, k, largest, room);
}
export function topI32(x: usize, values: usize, indices: usize, rows: i32, n: i32, k: i32, largest: i32, room: usize): void {
  top<i32>(x, values, indices, rows, n, k, largest, room);
}
export function topI64(x: usize, values: usize, indices: usize, rows: i32, n: i32, k: i32, largest: i32, room: usize): void {
  top<i64>(x, values, indices, rows, n, k, largest, room);
}
export function topU8(x: usize, values: usize, indices: usize, rows: i32, n: i32, k: i32, largest: i32, room: usize): void {
  top<u8>(x, values, indices, rows, n, k, largest, room);
}

/** The place of the first largest (or smallest) element of [outer, n, inner] along the middle. */
@inline
function extreme<T>(x: usize, out: usize, outer: i32, n: i32, inner: i32, largest: i32): void {
  const step = <usize>inner * sizeof<T>();
  for (let o = 0; o < outer; o++) {
    for (let p = 0; p < inner; p++) {
      const first = x + (<usize>o * <usize>n * <usize>inner + <usize>p) * sizeof<T>();
      let best = load<T>(first);
      let place = 0;
      for (let k = 1; k < n; k++) {
        const y = load<T>(first + <usize>k * step);
        if (before<T>(y, best, largest)) {
          best = y;
          place = k;
        }
      }
      store<i32>(out, place);
      out += 4;
    }
  }
}

export function extremeF32(x: usize, out: usize, outer: i32, n: i32, inner: i32, largest: i32): void {
  extreme<f32>(x, out, outer, n, inner, largest);
}
export function extremeF64(x: usize, out: usize, outer: i32, n: i32, inner: i32, largest: i32): void {
  extreme<f64>(x, out, outer, n, inner, largest);
}
export function extremeI32(x: usize, out: usize, outer: i32, n: i32, inner: i32, largest: i32): void {
  extreme<i32>(x, out, outer, n, inner, largest);
}
export function extremeI64(x: usize, out: usize, outer: i32, n: i32, inner: i32, largest: i32): void {
  extreme<i64>(x, out, outer, n, inner, largest);
}
export function extremeU8(x: usize, out: usize, outer: i32, n: i32, inner: i32, largest: i32): void {
  extreme<u8>(x, out, outer, n, inner, largest);
}
