/** Clouds of points in the square [-1, 1]²: shapes to begin with, and what a stroke adds. */
import { type Cloud, rounded } from "../demos/address.ts";

type Point = Cloud[number];

/** Most points of a cloud. */
export const mostPoints = 500;

/** Numbers in [0, 1) that are the same each time: a shape is a shape. (mulberry32 by Tommy Ettinger, public domain) */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const normal = (next: () => number): number => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());

/** So many points by a rule, each a little off. */
function scattered(count: number, spread: number, at: (share: number, next: () => number) => Point): Cloud {
  const next = numbers(count);
  return Array.from({ length: count }, (_, i) => {
    const [x, y] = at(i / count, next);
    return [rounded(x + spread * normal(next)), rounded(y + spread * normal(next))] as const;
  });
}

/** Strokes of letters, in a square of its own: pairs of ends. */
const strokes: Readonly<Record<string, readonly (readonly [number, number, number, number])[]>> = {
  A: [
    [-0.6, -0.8, 0, 0.8],
    [0, 0.8, 0.6, -0.8],
    [-0.33, -0.1, 0.33, -0.1],
  ],
  P: [
    [-0.5, -0.8, -0.5, 0.8],
    [-0.5, 0.8, 0.4, 0.7],
    [0.4, 0.7, 0.4, 0.1],
    [0.4, 0.1, -0.5, 0],
  ],
  X: [
    [-0.6, -0.8, 0.6, 0.8],
    [-0.6, 0.8, 0.6, -0.8],
  ],
};

const letter = (name: string): Cloud =>
  scattered(240, 0.025, (share, next) => {
    const lines = strokes[name];
    const lengths = lines.map(([a, b, c, d]) => Math.hypot(c - a, d - b));
    let place = share * lengths.reduce((sum, length) => sum + length, 0);
    const which = lengths.findIndex((length) => (place -= length) < 0);
    const [a, b, c, d] = lines[Math.max(0, which)];
    const along = next();
    return [a + along * (c - a), b + along * (d - b)];
  });

export const presets: readonly { readonly name: string; readonly cloud: () => Cloud }[] = [
  { name: "blob", cloud: () => scattered(200, 0.16, () => [0, 0]) },
  { name: "left", cloud: () => scattered(200, 0.12, () => [-0.55, 0]) },
  { name: "right", cloud: () => scattered(200, 0.12, () => [0.55, 0]) },
  {
    name: "ring",
    cloud: () => scattered(240, 0.03, (share) => [0.65 * Math.cos(2 * Math.PI * share), 0.65 * Math.sin(2 * Math.PI * share)]),
  },
  {
    name: "two moons",
    cloud: () =>
      scattered(240, 0.04, (share, next) => {
        const angle = Math.PI * next();
        return share < 0.5
          ? [0.55 * Math.cos(angle) - 0.25, 0.55 * Math.sin(angle) - 0.1]
          : [0.25 - 0.55 * Math.cos(angle), 0.1 - 0.55 * Math.sin(angle)];
      }),
  },
  {
    name: "grid",
    cloud: () => scattered(225, 0.01, (share) => [(Math.floor(share * 15) - 7) / 10, ((Math.round(share * 225) % 15) - 7) / 10]),
  },
  { name: "four corners", cloud: () => scattered(240, 0.07, (share) => [share < 0.5 ? -0.6 : 0.6, (share * 4) % 2 < 1 ? -0.6 : 0.6]) },
  ...Object.keys(strokes).map((name) => ({ name: `letter ${name}`, cloud: () => letter(name) })),
];

/** Points that one touch adds around a place. */
const spray = 5;
const reach = 0.045;

/** The cloud with what a touch at a place adds; a full one stays as it is. */
export function sprayed(cloud: Cloud, [x, y]: Point): Cloud {
  const next = numbers(cloud.length * 7919 + Math.round(1000 * x) + Math.round(1e6 * y));
  const added = Array.from(
    { length: Math.min(spray, mostPoints - cloud.length) },
    () => [rounded(x + reach * normal(next)), rounded(y + reach * normal(next))] as const,
  );
  return [...cloud, ...added];
}
