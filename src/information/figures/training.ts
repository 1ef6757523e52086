/** The picture of a training of critics. */
import * as Plot from "@observablehq/plot";
import { type Figure, plot } from "../../plots/index.ts";

const shown: Readonly<Record<string, string>> = {
  ba: "Barber-Agakov",
  infonce: "InfoNCE",
  giwae: "GIWAE",
  varadhan: "MINE-DV",
  fenchel: "MINE-F",
};

/** Objectives on training batches, by step. */
export function trainingFigure(
  history: readonly Readonly<Record<string, number>>[],
  { cap, certified, truth }: { readonly cap: number; readonly certified: number; readonly truth?: number },
): Figure {
  const rows = history.flatMap((row) =>
    Object.entries(shown).flatMap(([key, bound]) => (key in row ? [{ step: row.step, bound, value: row[key] }] : [])),
  );
  const highest = Math.max(certified, cap, truth ?? 0, ...rows.filter((r) => r.bound === "GIWAE").map((r) => r.value));
  const floor = -0.25 * highest;
  const marks = [
    { y: cap, text: "log K" },
    { y: certified, text: "MINE-AIS, certified" },
    ...(truth === undefined ? [] : [{ y: truth, text: "I(X;Z)" }]),
  ];
  return {
    name: "training",
    title: "Training",
    caption:
      "Objectives on training batches (no bounds: critics have seen them). Lines: the cap of InfoNCE, and the certified bound on held-out pairs. Values far below 0 are cut.",
    svg: plot({
      height: 360,
      marginRight: 130,
      x: { label: "step" },
      y: { label: "nats", grid: true, domain: [floor, 1.15 * highest] },
      color: { legend: true, label: "objective" },
      marks: [
        Plot.line(
          rows.map((r) => ({ ...r, value: Math.max(floor, Math.min(1.15 * highest, r.value)) })),
          { x: "step", y: "value", stroke: "bound" },
        ),
        Plot.ruleY(marks, { y: "y", strokeDasharray: "4 3" }),
        Plot.text(marks, { y: "y", text: "text", frameAnchor: "right", textAnchor: "start", dx: 6 }),
      ],
    }),
  };
}
