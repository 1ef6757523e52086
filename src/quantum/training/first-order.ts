/** Optimisers that go along the gradient, or an estimate of it. They never end by themselves. */
import type { Random } from "../../array/index.ts";
import { type Differentiable, type Minimiser, norm, plus } from "./minimise.ts";

/** @source  Kingma & Ba, ICLR 2015 */
export function* adam(f: Differentiable, start: Float64Array, { rate = 0.05, first = 0.9, second = 0.999 } = {}): Minimiser {
  let [x, m, v] = [start, start.map(() => 0), start.map(() => 0)];
  for (let t = 1; ; t++) {
    const { value, gradient } = f(x);
    yield { x, value, gradientNorm: norm(gradient), calls: t };
    m = m.map((old, i) => first * old + (1 - first) * gradient[i]);
    v = v.map((old, i) => second * old + (1 - second) * gradient[i] ** 2);
    const [a, b] = [1 - first ** t, 1 - second ** t];
    x = x.map((xi, i) => xi - (rate * (m[i] / a)) / (Math.sqrt(v[i] / b) + 1e-8));
  }
}

/**
 * Simultaneous perturbation: g = (f(x + c d) - f(x - c d)) / (2c) d with random signs d; two values a step, however many angles there are.
 *
 *   a_t = a / (t + 1 + A)^0.602,   c_t = c / (t + 1)^0.101
 *
 * @source  Spall, IEEE Trans. Aerospace and Electronic Systems 34 (1998)
 */
export function* spsa(
  f: (x: Float64Array) => number,
  start: Float64Array,
  rng: Random,
  { rate = 3, width = 0.2, delay = 20 } = {},
): Minimiser {
  let x = start;
  for (let t = 0; ; t++) {
    const [a, c] = [rate / (t + 1 + delay) ** 0.602, width / (t + 1) ** 0.101];
    const d = Float64Array.from(rng.bernoulli(0.5, [x.length]).data, (bit) => 2 * bit - 1);
    const [above, below] = [f(plus(x, c, d)), f(plus(x, -c, d))];
    yield { x, value: (above + below) / 2, calls: 2 * t + 2 };
    x = plus(x, (-a * (above - below)) / (2 * c), d);
  }
}
