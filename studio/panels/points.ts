/** Points of the plane on a canvas. */
import type { Panel } from "../../src/demos/demo.ts";

export type Points = Extract<Panel, { kind: "points" }>;

/** The palette of src/plots/figure.ts, with its last two colours lighter in the dark. It stands here so that a page without curves loads no plots. */
export const colours = ["#4269d0", "#efb118", "#ff725c", "#6cc5b0", "#3ca951", "#ff8ab7", "#a463f2", "#97bbf5", "#9c6b4e", "#9498a0"];
const inTheDark: Readonly<Record<string, string>> = { "#4269d0": "#7c9cf0", "#9c6b4e": "#c39478" };
export const colourOf = (index: number, dark: boolean): string => {
  const colour = colours[index % colours.length];
  return dark ? (inTheDark[colour] ?? colour) : colour;
};

/** Points in [-1, 1]². */
export const square = (groups: Points["groups"]): Points => ({ kind: "points", title: "", x: [-1, 1], y: [-1, 1], groups });

/** A canvas as sharp as the screen, emptied. */
export function fresh(canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D {
  const ratio = devicePixelRatio;
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w || canvas.height !== h) [canvas.width, canvas.height] = [w, h];
  [canvas.style.width, canvas.style.height] = [`${width}px`, `${height}px`];
  const context = canvas.getContext("2d")!;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

/** Paints a panel as wide as is said, units of both axes of one length where they are of one size. */
export function paint(canvas: HTMLCanvasElement, width: number, { x, y, groups }: Points, dark: boolean): void {
  const height = width * heightOver(x, y);
  const context = fresh(canvas, width, height);
  const toX = (value: number): number => (width * (value - x[0])) / (x[1] - x[0]);
  const toY = (value: number): number => height * (1 - (value - y[0]) / (y[1] - y[0]));
  for (const { points, color, size = 3, opacity = 0.8, joined = false } of groups) {
    context.globalAlpha = opacity;
    context.fillStyle = context.strokeStyle = colourOf(color, dark);
    if (joined) line(context, points, toX, toY, size);
    else dots(context, points, toX, toY, size);
  }
  context.globalAlpha = 1;
}

const heightOver = (x: readonly [number, number], y: readonly [number, number]): number =>
  Math.min(1.2, Math.max(0.4, (y[1] - y[0]) / (x[1] - x[0])));

type To = (value: number) => number;

/** Squares are filled far faster than discs; small ones look the same. */
function dots(context: CanvasRenderingContext2D, points: Float32Array, toX: To, toY: To, size: number): void {
  const isSmall = size <= 2 || points.length > 8000;
  context.beginPath();
  for (let i = 0; i < points.length; i += 2) {
    const [px, py] = [toX(points[i]), toY(points[i + 1])];
    if (isSmall) context.rect(px - size / 2, py - size / 2, size, size);
    else {
      context.moveTo(px + size / 2, py);
      context.arc(px, py, size / 2, 0, 2 * Math.PI);
    }
  }
  context.fill();
}

/** NaN ends a line and begins another. */
function line(context: CanvasRenderingContext2D, points: Float32Array, toX: To, toY: To, size: number): void {
  context.lineWidth = Math.max(0.75, size / 2);
  context.lineJoin = "round";
  context.beginPath();
  let pen = false;
  for (let i = 0; i < points.length; i += 2) {
    const isGap = Number.isNaN(points[i]);
    if (!isGap && pen) context.lineTo(toX(points[i]), toY(points[i + 1]));
    else if (!isGap) context.moveTo(toX(points[i]), toY(points[i + 1]));
    pen = !isGap;
  }
  context.stroke();
}
