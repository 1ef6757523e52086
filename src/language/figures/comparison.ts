/** Two numbers a row, side by side as bars. */
import * as Plot from "@observablehq/plot";
import { type Figure, palette, plot, textWidth } from "../../plots/index.ts";
import type { TokenShares } from "../steering/explain.ts";

/** Of each row a bar for each kind, in the order of the kinds. */
function pairedBars(
  rows: readonly { readonly row: string; readonly kind: string; readonly value: number }[],
  { rows: names, kinds, colours, label, legend }: Bars,
): string {
  return plot({
    height: 60 + 36 * names.length,
    marginLeft: 30 + Math.max(...names.map((name) => textWidth(short(name)))),
    x: { label, grid: true, zero: true },
    y: { label: null, axis: null, domain: kinds },
    fy: { label: null, domain: names, axis: "left", tickFormat: short },
    color: { legend: true, label: legend, domain: kinds, range: colours },
    marks: [Plot.barX(rows, { x: "value", y: "kind", fy: "row", fill: "kind" }), Plot.ruleX([0])],
  });
}

/** Of a long name, such as a path, its end. */
const short = (name: string): string => (name.length > 36 ? `…${name.slice(-35)}` : name);

interface Bars {
  readonly rows: readonly string[];
  readonly kinds: readonly string[];
  readonly colours: readonly string[];
  /** Of the axis, and of the legend. */
  readonly label: string;
  readonly legend: string;
}

/** Both divergences of each twist. */
export function comparisonFigure(twists: readonly { name: string; qToTarget: number | null; targetToQ: number | null }[]): Figure {
  const kinds = ["KL(q ‖ target)", "KL(target ‖ q)"];
  const rows = twists.flatMap(({ name, qToTarget, targetToQ }) =>
    [qToTarget, targetToQ].flatMap((value, i) => (value === null ? [] : [{ row: name, kind: kinds[i], value }])),
  );
  return {
    name: "comparison",
    title: "Divergences",
    caption: "Nats between each proposal and the target. A proposal that misses modes has the second much larger than the first.",
    svg: pairedBars(rows, {
      rows: twists.map(({ name }) => name),
      kinds,
      colours: [palette[0], palette[2]],
      label: "nats",
      legend: "divergence",
    }),
  };
}

/** Probabilities of the first token, by the model and by the proposal. */
export function firstTokensFigure(tokens: readonly TokenShares[]): Figure {
  const kinds = ["model", "proposal q"];
  const rows = tokens.flatMap(({ token, model, proposal }) => [model, proposal].map((value, i) => ({ row: token, kind: kinds[i], value })));
  return {
    name: "first-tokens",
    title: "First token",
    caption: "Probability of the token after the prompt: the model's, and that of the proposal which the twist makes of it.",
    svg: pairedBars(rows, {
      rows: tokens.map(({ token }) => token),
      kinds,
      colours: [palette[9], palette[0]],
      label: "probability",
      legend: "law",
    }),
  };
}
