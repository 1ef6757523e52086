/** How much room the labels of a plot need. */
import type * as Plot from "@observablehq/plot";
import { textWidth } from "./text-width.ts";

type Drawn = ReturnType<typeof Plot.plot>;

const widest = (drawn: Drawn, axis: "x" | "y"): number =>
  Math.max(0, ...Array.from(drawn.querySelectorAll(`[aria-label="${axis}-axis tick label"] text`), (t) => textWidth(t.textContent ?? "")));

/** The left margin that the numbers or names of the vertical axis need. */
export const leftRoom = (drawn: Drawn): number => Math.max(40, 16 + widest(drawn, "y"));

/**
 * Pixels a tick of the horizontal axis, so that neighbouring labels do not touch: round steps give up to 1.6 times as many ticks as asked
 * for.
 */
export function tickRoom(drawn: Drawn): Plot.ScaleOptions {
  const scale = drawn.scale("x");
  if (scale?.type !== "linear") return {};
  const [left, right] = [...scale.range!] as number[];
  return { tickSpacing: Math.max(Math.min(80, (right - left) / 4), 1.6 * (widest(drawn, "x") + 12)) };
}
