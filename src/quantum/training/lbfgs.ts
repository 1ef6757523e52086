/**
 * L-BFGS: descent along -H ∇f, H from the last m steps s and changes of gradient y by two loops, with step lengths that fulfil the strong
 * Wolfe conditions
 *
 *   f(x + a d) ≤ f(x) + c₁ a ∇f·d,   |∇f(x + a d)·d| ≤ c₂ |∇f·d|.
 *
 * @source  Nocedal & Wright, Numerical Optimization (2006), algorithms 7.4, 3.5, 3.6
 */
import { type Differentiable, dot, type Minimiser, norm, plus } from "./minimise.ts";

export interface LbfgsOptions {
  readonly memory?: number;
  /** Norm of the gradient at which it stops. */
  readonly tolerance?: number;
}

const [c1, c2] = [1e-4, 0.9];
const mostTrials = 25;

export function* lbfgs(f: Differentiable, start: Float64Array, { memory = 10, tolerance = 1e-6 }: LbfgsOptions = {}): Minimiser {
  let [x, { value, gradient }, calls] = [start, f(start), 1];
  let pairs: Pair[] = [];
  yield { x, value, gradientNorm: norm(gradient), calls };
  while (norm(gradient) > tolerance) {
    const direction = twoLoops(pairs, gradient);
    const slope = dot(gradient, direction);
    if (!(slope < 0)) {
      if (pairs.length === 0) return;
      pairs = [];
      continue;
    }
    const origin = { length: 0, value, slope, x, gradient };
    const line = (length: number): Trial => {
      calls++;
      const at = plus(x, length, direction);
      const found = f(at);
      return { length, ...found, slope: dot(found.gradient, direction), x: at };
    };
    const first = pairs.length === 0 ? Math.min(1, 1 / norm(gradient)) : 1;
    const next = wolfe(line, origin, first);
    if (!next) {
      if (pairs.length === 0) return; // nothing better along the gradient itself: rounding
      pairs = [];
      continue;
    }
    const [s, y] = [plus(next.x, -1, x), plus(next.gradient, -1, gradient)];
    const curvature = dot(s, y);
    if (curvature > 1e-12 * dot(y, y)) pairs = [...pairs, { s, y, curvature }].slice(-memory);
    ({ x, value, gradient } = next);
    yield { x, value, gradientNorm: norm(gradient), calls };
  }
}

interface Pair {
  readonly s: Float64Array;
  readonly y: Float64Array;
  readonly curvature: number;
}

/** -H ∇f. */
function twoLoops(pairs: readonly Pair[], gradient: Float64Array): Float64Array {
  let q: Float64Array = gradient;
  const weights = pairs.toReversed().map(({ s, y, curvature }) => {
    const weight = dot(s, q) / curvature;
    q = plus(q, -weight, y);
    return weight;
  });
  const last = pairs.at(-1);
  const scale = last ? last.curvature / dot(last.y, last.y) : 1;
  let r: Float64Array = q.map((v) => scale * v);
  pairs.forEach(({ s, y, curvature }, i) => {
    r = plus(r, weights[pairs.length - 1 - i] - dot(y, r) / curvature, s);
  });
  return r.map((v) => -v);
}

/** A point of a line, and the derivative along it. */
interface Trial {
  readonly length: number;
  readonly value: number;
  readonly slope: number;
  readonly x: Float64Array;
  readonly gradient: Float64Array;
}

/** A step with the strong Wolfe conditions; without one, the lowest that descends enough, if any. */
function wolfe(line: (length: number) => Trial, origin: Trial, first: number): Trial | undefined {
  const enough = (t: Trial): boolean => t.value <= origin.value + c1 * t.length * origin.slope;
  const flat = (t: Trial): boolean => Math.abs(t.slope) <= -c2 * origin.slope;
  let [low, high]: [Trial, Trial | undefined] = [origin, undefined];
  let length = first;
  for (let trial = 0; trial < mostTrials; trial++) {
    const t = line(length);
    if (!enough(t) || t.value >= low.value) high = t;
    else if (flat(t)) return t;
    else {
      // the minimum lies beyond t while the line falls there, and between t and low where it rises
      const rises = t.slope * ((high?.length ?? Number.POSITIVE_INFINITY) - low.length) >= 0;
      if (rises) high = low;
      low = t;
    }
    length = high ? between(low, high) : 2 * length;
  }
  return low !== origin ? low : undefined;
}

/** The minimum of the cubic through both ends, not too near to either. */
function between(a: Trial, b: Trial): number {
  const width = b.length - a.length;
  const d = a.slope + b.slope - (3 * (b.value - a.value)) / width;
  const root = Math.sign(width) * Math.sqrt(d * d - a.slope * b.slope);
  const cubic = b.length - (width * (b.slope + root - d)) / (b.slope - a.slope + 2 * root);
  const share = (cubic - a.length) / width;
  return a.length + width * (share > 0.1 && share < 0.9 ? share : 0.5);
}
