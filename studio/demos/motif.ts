/** A small picture for each demo: points that move from one shape to another, chosen by its place among them. */

type Point = readonly [number, number];

/** Shapes in [-1, 1]², by a share in [0, 1). */
const shapes: readonly ((share: number) => Point)[] = [
  (s) => [0.8 * Math.cos(2 * Math.PI * s), 0.8 * Math.sin(2 * Math.PI * s)],
  (s) => [0.25 * Math.cos(14 * s), 1.8 * s - 0.9],
  (s) => [1.1 * Math.sqrt(s) * Math.cos(2.4 * 24 * s) * 0.7, 1.1 * Math.sqrt(s) * Math.sin(2.4 * 24 * s) * 0.7],
  (s) => [s < 0.5 ? 0.5 * Math.sin(2 * Math.PI * s) - 0.3 : 0.3 - 0.5 * Math.sin(2 * Math.PI * (s - 0.5)), 1.6 * s - 0.8],
  (s) => [((s * 24) % 4) * 0.4 - 0.6, Math.floor((s * 24) / 4) * 0.32 - 0.8],
];

const count = 24;
const [width, height] = [320, 120];

export interface Motif {
  readonly path: string;
  readonly from: Point;
  readonly to: Point;
}

export function motifOf(number: number): Motif[] {
  const a = number % shapes.length;
  const b = (a + 1 + Math.floor(number / shapes.length)) % shapes.length;
  const place = (shape: number, middle: number, share: number): Point => {
    const [x, y] = shapes[shape](share);
    return [Math.round(middle + 42 * x), Math.round(height / 2 + 46 * y)];
  };
  return Array.from({ length: count }, (_, i) => {
    const from = place(a, 60, i / count);
    const to = place(b, width - 60, ((7 * i) % count) / count);
    const bend = Math.round((to[0] - from[0]) / 2);
    return { from, to, path: `M${from} C${from[0] + bend},${from[1]} ${to[0] - bend},${to[1]} ${to}` };
  });
}
