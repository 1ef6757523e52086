/** Which classes are taken for which. */
import * as Plot from "@observablehq/plot";
import { type Figure, palette, plot } from "../../plots/index.ts";

/** How often each class was taken for which, in per cent of the class. */
export function confusionFigure(classes: readonly string[], truth: ArrayLike<number>, guess: ArrayLike<number>): Figure {
  const k = classes.length;
  const counts = Array.from({ length: k }, () => new Array<number>(k).fill(0));
  for (let i = 0; i < truth.length; i++) counts[truth[i]][guess[i]]++;
  const cells = counts.flatMap((row, i) => {
    const total = row.reduce((s, n) => s + n, 0);
    return row.map((n, j) => ({ truth: classes[i], guess: classes[j], share: total ? (100 * n) / total : 0 }));
  });
  const longest = Math.max(...classes.map((c) => c.length));
  const side = Math.min(640, 160 + 44 * k);
  return {
    name: "confusion",
    title: "Confusion",
    caption: "Rows: the class of the test examples. Columns: what the network says. Per cent of the row.",
    svg: plot({
      width: side + 6 * longest,
      height: side,
      ...(longest > 4 && { marginBottom: 60 }),
      x: { label: "predicted", domain: classes, tickRotate: longest > 4 ? -35 : 0 },
      y: { label: "true", domain: classes, labelAnchor: "top", labelArrow: "none" },
      color: { type: "sqrt", range: ["#f2f5fc", palette[0]], domain: [0, 100] },
      marks: [
        Plot.cell(cells, { x: "guess", y: "truth", fill: "share", inset: 0.5 }),
        ...(k <= 20
          ? [
              Plot.text(
                cells.filter((c) => c.share >= 0.5),
                {
                  x: "guess",
                  y: "truth",
                  text: (c: { share: number }) => c.share.toFixed(0),
                  fill: (c: { share: number }) => (c.share > 45 ? "white" : "#222"),
                },
              ),
            ]
          : []),
      ],
    }),
  };
}
