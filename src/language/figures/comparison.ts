/** Twists side by side. */
import * as Plot from "@observablehq/plot";
import { type Figure, palette, plot } from "../../plots/index.ts";
import type { Estimate } from "../../sampling/index.ts";

/** Bars of both divergences, a row a twist. */
export function comparisonFigure(
  twists: readonly { name: string; qToTarget: number | null; targetToQ: number | null; lower: Estimate; upper?: Estimate }[],
): Figure {
  const rows = twists.flatMap(({ name, qToTarget, targetToQ }) => [
    ...(qToTarget === null ? [] : [{ name, divergence: "KL(q ‖ target)", value: qToTarget }]),
    ...(targetToQ === null ? [] : [{ name, divergence: "KL(target ‖ q)", value: targetToQ }]),
  ]);
  return {
    name: "comparison",
    title: "Divergences",
    caption: "Nats between each proposal and the target. A proposal that misses modes has the second much larger than the first.",
    svg: plot({
      height: 60 + 44 * twists.length,
      marginRight: 160,
      x: { label: "nats", grid: true, zero: true },
      y: { label: null, axis: null, domain: ["KL(q ‖ target)", "KL(target ‖ q)"] },
      fy: { label: null, domain: twists.map((twist) => twist.name) },
      color: { legend: true, label: "divergence", domain: ["KL(q ‖ target)", "KL(target ‖ q)"], range: [palette[0], palette[2]] },
      marks: [Plot.barX(rows, { x: "value", y: "divergence", fy: "name", fill: "divergence" }), Plot.ruleX([0])],
    }),
  };
}
