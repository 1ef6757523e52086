/** Searches that flip bits, or draw them. */
import { indexOf } from "../landscape/table.ts";
import { type Search, uniforms } from "./counter.ts";

/** Every configuration once. */
export const exhaustive: Search = ({ bits, ask }) => {
  for (let k = 0; k < 2 ** bits; k++) ask(k);
};

/** Uniform configurations. */
export const randomSearch: Search = ({ bits, ask, left }, rng) => {
  const u = uniforms(rng);
  while (left() > 0) ask(Math.floor(u() * 2 ** bits));
};

/** To the best of all neighbours at one flip, while it is better; then from another uniform start. */
export const descent: Search = ({ bits, ask, left }, rng) => {
  const u = uniforms(rng);
  while (left() > 0) {
    let k = Math.floor(u() * 2 ** bits);
    let cost = ask(k);
    for (let moved = true; moved && left() > 0; ) {
      moved = false;
      const from = k;
      for (let bit = 0; bit < bits && left() > 0; bit++) {
        const next = ask(from ^ (1 << bit));
        if (next >= cost) continue;
        [k, cost, moved] = [from ^ (1 << bit), next, true];
      }
    }
  }
};

/** Configurations from which the range of costs is guessed, and sweeps of one annealing. */
const [probes, sweeps] = [16, 60];

/**
 * Single flips accepted with probability min(1, e^{-ΔC/T}); T falls from the spread of a few random costs to a thousandth of it, again
 * and again.
 * @source  Kirkpatrick, Gelatt & Vecchi, Science 220 (1983)
 */
export const annealing: Search = ({ bits, ask, left }, rng) => {
  const u = uniforms(rng);
  const draw = (): number => Math.floor(u() * 2 ** bits);
  const seen = Array.from({ length: Math.min(probes, left()) }, () => ask(draw()));
  const spread = Math.max(...seen) - Math.min(...seen) || 1;
  while (left() > 0) {
    let k = draw();
    let cost = ask(k);
    const steps = sweeps * bits;
    for (let step = 0; step < steps && left() > 0; step++) {
      const temperature = spread * 1e-3 ** (step / steps);
      const next = k ^ (1 << Math.floor(u() * bits));
      const nextCost = ask(next);
      if (nextCost <= cost || u() < Math.exp((cost - nextCost) / temperature)) [k, cost] = [next, nextCost];
    }
  }
};

/** Configurations of a generation, and the rate at which the best of them pulls. */
const [generation, pull] = [50, 0.1];

/**
 * Population-based incremental learning: independent bits, whose probabilities move towards the best of a generation; begins again when
 * they are settled. A natural-gradient step on the same expected cost as that of a product state.
 * @source  Baluja, CMU-CS-94-163 (1994)
 */
export const pbil: Search = ({ bits, ask, left }, rng) => {
  const u = uniforms(rng);
  while (left() > 0) {
    const q = new Float64Array(bits).fill(0.5);
    while (left() > 0 && q.some((p) => p > 0.02 && p < 0.98)) {
      let [best, least] = [q, Number.POSITIVE_INFINITY];
      for (let i = 0; i < generation && left() > 0; i++) {
        const s = q.map((p) => (u() < p ? 1 : 0));
        const cost = ask(indexOf(s));
        if (cost < least) [best, least] = [s, cost];
      }
      q.forEach((p, j) => (q[j] = p + pull * (best[j] - p)));
    }
  }
};
