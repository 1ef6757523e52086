/**
 * Network simplex for the transportation problem
 *
 *   minimise sum c_ij f_ij  over f >= 0 with row sums a_i and column sums b_j (positive integers of equal total),
 *
 * on spanning trees that stay strongly feasible (Cunningham, Mathematical Programming 11, 1976), so that it cannot cycle. Masses are
 * integers held in doubles: all flows are exact. Nodes: sources 0 .. n-1, sinks n .. n+m-1, and a root n+m whose arcs, dearer than any pair
 * of points, make the first tree. Every arc leads from a source or to a sink, so a node's arc to its parent points up iff it is a source.
 */

let n: i32 = 0;
let m: i32 = 0;
let d: i32 = 0;
let nodes: i32 = 0;
let stride: i32 = 0; // doubles in a row of costs: m, rounded up to four pairs of SIMD lanes

let costs: usize = 0; // f64 [n, stride]
let x: usize = 0; // f64 [n, d]
let y: usize = 0; // f64 [d, stride]
let potential: usize = 0; // f64 [nodes + 1]
let aligned: usize = 0; // f64 [stride]: the potentials of the sinks, for aligned loads
let flow: usize = 0; // f64 [nodes]: on the arc to the parent
let parent: usize = 0; // i32 [nodes], and so the rest
let size: usize = 0; // nodes of the subtree
let child: usize = 0; // first child, or -1
let next: usize = 0; // siblings, or -1
let previous: usize = 0;
let stack: usize = 0;
let dearest: f64 = 0;

/** Sets the sizes; returns the bytes of memory needed. */
export function layout(sources: i32, sinks: i32, dimension: i32): usize {
  n = sources;
  m = sinks;
  d = dimension;
  nodes = n + m + 1;
  stride = (m + 7) & ~7;
  const even = <usize>((nodes + 1) & ~1);
  costs = 64;
  x = costs + ((<usize>n * stride) << 3);
  y = x + (<usize>((n * d + 1) & ~1) << 3);
  aligned = y + ((<usize>d * stride) << 3);
  potential = aligned + (<usize>stride << 3);
  flow = potential + (even << 3);
  parent = flow + (even << 3);
  size = parent + (even << 2);
  child = size + (even << 2);
  next = child + (even << 2);
  previous = next + (even << 2);
  stack = previous + (even << 2);
  return stack + (even << 2);
}

export function addressOfX(): usize {
  return x;
}
export function addressOfY(): usize {
  return y;
}
/** Doubles between the starts of two rows of costs, and of Y transposed. */
export function rowLength(): i32 {
  return stride;
}
export function addressOfCosts(): usize {
  return costs;
}
export function addressOfPotentials(): usize {
  return potential;
}
/** Before `solve`: the masses of all sources, then of all sinks. After it: the flow between each node and its parent. */
export function addressOfFlows(): usize {
  return flow;
}
export function addressOfParents(): usize {
  return parent;
}

/** c_ij = |x_i - y_j|² from X [n, d] and Y transposed [d, stride]; its square root if `power` is 1. Eight columns at a time. */
export function distances(power: i32): void {
  const down = <usize>stride << 3;
  for (let i = 0; i < n; i++) {
    const from = x + (<usize>(i * d) << 3);
    const to = costs + <usize>i * down;
    for (let at: usize = 0; at < down; at += 64) {
      let s0 = f64x2.splat(0);
      let s1 = s0;
      let s2 = s0;
      let s3 = s0;
      let column = y + at;
      for (let k = 0; k < d; k++, column += down) {
        const xi = f64x2.splat(real(from, k));
        const d0 = v128.sub<f64>(xi, v128.load(column));
        const d1 = v128.sub<f64>(xi, v128.load(column, 16));
        const d2 = v128.sub<f64>(xi, v128.load(column, 32));
        const d3 = v128.sub<f64>(xi, v128.load(column, 48));
        s0 = v128.add<f64>(s0, v128.mul<f64>(d0, d0));
        s1 = v128.add<f64>(s1, v128.mul<f64>(d1, d1));
        s2 = v128.add<f64>(s2, v128.mul<f64>(d2, d2));
        s3 = v128.add<f64>(s3, v128.mul<f64>(d3, d3));
      }
      v128.store(to + at, power == 1 ? v128.sqrt<f64>(s0) : s0);
      v128.store(to + at, power == 1 ? v128.sqrt<f64>(s1) : s1, 16);
      v128.store(to + at, power == 1 ? v128.sqrt<f64>(s2) : s2, 32);
      v128.store(to + at, power == 1 ? v128.sqrt<f64>(s3) : s3, 48);
    }
  }
}

// @ts-ignore: decorator
@inline
function get(base: usize, i: i32): i32 {
  return load<i32>(base + (<usize>i << 2));
}
// @ts-ignore: decorator
@inline
function set(base: usize, i: i32, value: i32): void {
  store<i32>(base + (<usize>i << 2), value);
}
// @ts-ignore: decorator
@inline
function real(base: usize, i: i32): f64 {
  return load<f64>(base + (<usize>i << 3));
}
// @ts-ignore: decorator
@inline
function setReal(base: usize, i: i32, value: f64): void {
  store<f64>(base + (<usize>i << 3), value);
}

/** Cost of the tree arc between a node and its parent. */
function arcCost(u: i32): f64 {
  const p = get(parent, u);
  if (p == n + m) return dearest;
  const source = u < n ? u : p;
  const sink = u < n ? p : u;
  return real(costs, source * stride + sink - n);
}

function setPotential(u: i32, value: f64): void {
  setReal(potential, u, value);
  if (u >= n && u < n + m) setReal(aligned, u - n, value);
}

function attach(u: i32, p: i32): void {
  const first = get(child, p);
  set(parent, u, p);
  set(next, u, first);
  set(previous, u, -1);
  if (first >= 0) set(previous, first, u);
  set(child, p, u);
}

function detach(u: i32): void {
  const before = get(previous, u);
  const after = get(next, u);
  if (before >= 0) set(next, before, after);
  else set(child, get(parent, u), after);
  if (after >= 0) set(previous, after, before);
}

/** Potentials u_i + v_j = c_ij on the arcs of the tree, from the root down, without accumulated rounding. */
function computePotentials(): void {
  let top = 0;
  set(stack, top++, n + m);
  while (top > 0) {
    const u = get(stack, --top);
    const p = get(parent, u);
    if (u < n + m) setPotential(u, arcCost(u) - (p == n + m ? 0 : real(potential, p)));
    for (let c = get(child, u); c >= 0; c = get(next, c)) set(stack, top++, c);
  }
}

/** Adds `by` to the potentials of the sources below `from` and subtracts it from those of the sinks, skipping the subtree of `except`. */
function shift(from: i32, except: i32, by: f64): void {
  let top = 0;
  set(stack, top++, from);
  while (top > 0) {
    const u = get(stack, --top);
    setPotential(u, real(potential, u) + (u < n ? by : -by));
    for (let c = get(child, u); c >= 0; c = get(next, c)) if (c != except) set(stack, top++, c);
  }
}

/** The sink of the most negative reduced cost in the row of a source, or -1. */
function price(i: i32, tolerance: f64): i32 {
  const start = costs + ((<usize>i * stride) << 3);
  const bytes = <usize>stride << 3;
  let low = f64x2.splat(Infinity);
  for (let at: usize = 0; at < bytes; at += 16) low = v128.pmin<f64>(low, v128.sub<f64>(v128.load(start + at), v128.load(aligned + at)));
  const lowest = min(f64x2.extract_lane(low, 0), f64x2.extract_lane(low, 1));
  if (lowest - real(potential, i) >= -tolerance) return -1;
  for (let j = 0; j < m; j++) if (real(start, j) - real(aligned, j) == lowest) return n + j;
  return -1;
}

/** Brings the arc i -> j into the tree. */
function pivot(i: i32, j: i32): void {
  let u = i;
  let v = j;
  while (u != v) {
    if (get(size, u) < get(size, v)) u = get(parent, u);
    else v = get(parent, v);
  }
  const join = u;

  // around the cycle join .. i -> j .. join: the last arc that limits the flow leaves (the rule that keeps trees strongly feasible)
  let delta = Infinity;
  let leaving = -1;
  let onSource = true;
  for (u = i; u != join; u = get(parent, u))
    if (u < n && real(flow, u) < delta) {
      delta = real(flow, u);
      leaving = u;
    }
  for (u = j; u != join; u = get(parent, u))
    if (u >= n && real(flow, u) <= delta) {
      delta = real(flow, u);
      leaving = u;
      onSource = false;
    }
  if (delta > 0) {
    for (u = i; u != join; u = get(parent, u)) setReal(flow, u, real(flow, u) + (u < n ? -delta : delta));
    for (u = j; u != join; u = get(parent, u)) setReal(flow, u, real(flow, u) + (u < n ? delta : -delta));
  }

  // the subtree below the leaving arc is hung by its end of the entering arc
  const reduced = real(costs, i * stride + j - n) - real(potential, i) - real(potential, j);
  const moved = get(size, leaving);
  for (u = get(parent, leaving); u != join; u = get(parent, u)) set(size, u, get(size, u) - moved);
  for (u = onSource ? j : i; u != join; u = get(parent, u)) set(size, u, get(size, u) + moved);
  let hung = onSource ? j : i;
  let arcFlow = delta;
  let below = 0; // old size of the stem node before
  u = onSource ? i : j;
  while (true) {
    const above = get(parent, u);
    const oldFlow = real(flow, u);
    const oldSize = get(size, u);
    detach(u);
    attach(u, hung);
    setReal(flow, u, arcFlow);
    set(size, u, moved - below);
    if (u == leaving) break;
    hung = u;
    arcFlow = oldFlow;
    below = oldSize;
    u = above;
  }
  // potentials matter up to a constant: the smaller part is shifted
  const top = onSource ? i : j;
  const by = onSource ? reduced : -reduced;
  if (moved * 2 < nodes) shift(top, -1, by);
  else shift(n + m, top, -by);
}

/** Solves; returns the number of pivots, or -1 if it exceeds `limit`. Rows are searched in turn, the best arc of a row enters. */
export function solve(limit: i32): i32 {
  const root = n + m;
  let largest = f64x2.splat(0);
  for (let i = 0; i < n; i++) {
    const start = costs + ((<usize>i * stride) << 3);
    for (let j = 0; j + 1 < m; j += 2) largest = v128.max<f64>(largest, v128.load(start + (<usize>j << 3)));
    largest = v128.max<f64>(largest, f64x2.splat(real(start, m - 1)));
  }
  dearest = max(f64x2.extract_lane(largest, 0), f64x2.extract_lane(largest, 1));
  const tolerance = dearest * 5.684341886080802e-14; // 2^-44, above the rounding of potentials
  dearest = dearest * 1.0625 + 1e-300;
  for (let u = 0; u <= root; u++) {
    set(child, u, -1);
    set(size, u, 1);
  }
  set(parent, root, -1);
  // a sink without mass has no place in a strongly feasible tree: like the columns that only fill the stride, it never wins
  for (let j = 0; j < stride; j++) setReal(aligned, j, -Infinity);
  let empty = 0;
  for (let u = root - 1; u >= 0; u--) {
    if (u < n || real(flow, u) > 0) attach(u, root);
    else {
      set(parent, u, root);
      empty++;
    }
  }
  set(size, root, nodes - empty);
  computePotentials();

  let pivots = 0;
  let row = 0;
  let exact = true;
  for (let idle = 0; idle < n; ) {
    const sink = price(row, tolerance);
    if (sink >= 0) {
      if (++pivots > limit) return -1;
      pivot(row, sink);
      exact = false;
      idle = 0;
    } else idle++;
    row = row + 1 == n ? 0 : row + 1;
    if (idle == n && !exact) {
      computePotentials();
      exact = true;
      idle = 0;
    }
  }
  for (let j = 0; j < m && empty > 0; j++) if (real(aligned, j) == -Infinity) setReal(potential, n + j, largestPotential(j));
  return pivots;
}

/** The largest potential that a sink may have: min over i of c_ij - u_i. */
function largestPotential(j: i32): f64 {
  let lowest = Infinity;
  for (let i = 0; i < n; i++) lowest = min(lowest, real(costs, i * stride + j) - real(potential, i));
  return lowest;
}
