/** Images in wrong classes. */
import * as Plot from "@observablehq/plot";
import { type Figure, palette, plot } from "../../plots/index.ts";

/** One thing that the network got wrong. */
export interface Mistake {
  /** A data URI of the picture. */
  readonly image: string;
  readonly truth: string;
  readonly guess: string;
  readonly probability: number;
}

/** The mistakes that the network is surest of, in a data set with this title. */
export function mistakesFigure(mistakes: readonly Mistake[], title: string): Figure {
  const columns = 8;
  const rows = Math.ceil(mistakes.length / columns);
  const at = mistakes.map((m, i) => ({ ...m, x: i % columns, y: Math.floor(i / columns) }));
  return {
    name: "mistakes",
    title: "Surest mistakes",
    caption:
      `Test images of ${title} that the network puts into a wrong class with the highest probability: ` +
      "what it says, and below it the truth.",
    svg: plot({
      width: 760,
      height: 112 * rows + 20,
      margin: 10,
      x: { axis: null, domain: [-0.5, columns - 0.5] },
      y: { axis: null, domain: [rows - 0.4, -0.5] },
      marks: [
        Plot.image(at, { x: "x", y: (d: { y: number }) => d.y - 0.12, src: "image", width: 64, height: 64 }),
        Plot.text(at, {
          x: "x",
          y: (d: { y: number }) => d.y + 0.3,
          text: (d: Mistake) => `${d.guess} ${Math.round(100 * d.probability)} %`,
          fill: palette[2],
          fontSize: 10,
        }),
        Plot.text(at, { x: "x", y: (d: { y: number }) => d.y + 0.43, text: "truth", fontSize: 10 }),
      ],
    }),
  };
}
