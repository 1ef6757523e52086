/** Who descends from whom, on a canvas: lines that have living descendants are strong, those that died out are faint. */
import type { Panel } from "../../src/demos/demo.ts";
import { colourOf, fresh } from "./points.ts";

export type Genealogy = Extract<Panel, { kind: "genealogy" }>;

/** alive[t][i]: whether particle i at time t has descendants at the end. */
export function living({ parents }: Genealogy): boolean[][] {
  const last = parents.at(-1)?.length ?? 0;
  const alive = [Array.from({ length: last }, () => true)];
  for (const generation of parents.toReversed()) {
    const before = Array.from({ length: Math.max(0, ...generation.map((parent) => parent + 1)) }, () => false);
    generation.forEach((parent, i) => {
      if (alive[0][i]) before[parent] = true;
    });
    alive.unshift(before);
  }
  return alive;
}

/** How many of the first have descendants at the end. */
export const founders = (panel: Genealogy): number => living(panel)[0].filter(Boolean).length;

export function paintGenealogy(canvas: HTMLCanvasElement, width: number, panel: Genealogy, dark: boolean): void {
  const { parents, weights } = panel;
  const most = Math.max(1, ...parents.map((generation) => generation.length));
  const height = Math.min(360, Math.max(120, 9 * most));
  const context = fresh(canvas, width, height);
  const alive = living(panel);
  const x = (time: number): number => 8 + ((width - 16) * time) / Math.max(1, parents.length);
  const y = (index: number): number => 8 + ((height - 16) * (index + 0.5)) / most;
  for (const strong of [false, true]) {
    context.strokeStyle = colourOf(strong ? 0 : 9, dark);
    context.globalAlpha = strong ? 0.9 : 0.35;
    context.lineWidth = strong ? 1.6 : 1;
    context.beginPath();
    parents.forEach((generation, t) =>
      generation.forEach((parent, i) => {
        if (alive[t + 1][i] !== strong) return;
        const middle = (x(t) + x(t + 1)) / 2;
        context.moveTo(x(t), y(parent));
        context.bezierCurveTo(middle, y(parent), middle, y(i), x(t + 1), y(i));
      }),
    );
    context.stroke();
  }
  context.fillStyle = colourOf(0, dark);
  context.globalAlpha = 0.9;
  weights?.forEach((generation, t) => {
    const largest = Math.max(...generation);
    generation.forEach((weight, i) => {
      context.beginPath();
      context.arc(x(t), y(i), 1 + 2.5 * Math.sqrt(largest > 0 ? weight / largest : 0), 0, 2 * Math.PI);
      context.fill();
    });
  });
  context.globalAlpha = 1;
}
