/** What a twist does along texts, as a picture. */
import * as Plot from "@observablehq/plot";
import { type Figure, plot } from "../../plots/index.ts";
import type { TextGains } from "../steering/explain.ts";

/** Largest gain that has a colour of its own. */
const strongest = 4;

/** Texts as rows of tokens, coloured by what each does to the guess of the score. */
export function gainsFigure(texts: readonly TextGains[]): Figure {
  const cells = texts.flatMap(({ tokens, gains }, row) => tokens.map((token, t) => ({ token, row, t: t + 1, gain: gains[t] })));
  const longest = Math.max(...texts.map(({ tokens }) => tokens.length));
  return {
    name: "gains",
    title: "What tokens do to the score",
    caption: `A row is a text. Colour is log ψ_t - log ψ_{t-1}, what the token adds to the guess of log φ (to log φ itself at the end); beyond ±${strongest} it stays the same.`,
    svg: plot({
      width: Math.max(760, 54 * longest),
      height: 90 + 34 * texts.length,
      x: { label: "token", domain: Array.from({ length: longest }, (_, t) => t + 1), ticks: [] },
      y: { label: null, axis: null },
      color: { legend: true, label: "gain", scheme: "RdBu", domain: [-strongest, strongest], clamp: true },
      marks: [
        Plot.cell(cells, { x: "t", y: "row", fill: "gain", inset: 1 }),
        Plot.text(cells, { x: "t", y: "row", text: "token", fill: "black", fontSize: 10 }),
      ],
    }),
  };
}
