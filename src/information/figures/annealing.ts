/** Pictures of a run: its ladder of temperatures, and how forward and reverse work meet. */
import * as Plot from "@observablehq/plot";
import { type Figure, palette, plot } from "../../plots/index.ts";
import { byDatum } from "../../sampling/index.ts";
import type { AnnealedWeights, PointBounds } from "../annealed/bounds.ts";
import type { Frozen } from "../annealed/frozen.ts";

/** Temperatures, step sizes, fluctuations of the pilot and acceptance, against β. */
export function ladderFigure({ betas, stepSizes, fluctuations }: Frozen, history: readonly Readonly<Record<string, number>>[]): Figure {
  const T = betas.length - 1;
  const every = Math.max(1, Math.floor(T / 400));
  const steps = Array.from({ length: T }, (_, t) => t + 1).filter((t) => t % every === 0 || t === 1);
  const panel = (name: string, rows: { t: number; value: number }[]) => rows.map((r) => ({ ...r, panel: name }));
  const largest = fluctuations
    ? Array.from(fluctuations.betas).reduce((top, b, i) => Math.max(top, b * Math.sqrt(fluctuations.variances[i])), 0)
    : 1;
  const speedAt = (beta: number): number => {
    const i = Array.from(fluctuations!.betas).findIndex((b) => b >= beta);
    return (beta * Math.sqrt(fluctuations!.variances[Math.max(0, i)])) / largest;
  };
  const data = [
    ...panel(
      "log₁₀ β",
      steps.map((t) => ({ t, value: Math.log10(betas[t]) })),
    ),
    ...panel(
      "step size ε",
      steps.map((t) => ({ t, value: stepSizes[t - 1] })),
    ),
    ...(fluctuations
      ? panel(
          "β √V(β), relative",
          steps.map((t) => ({ t, value: speedAt(betas[t]) })),
        )
      : []),
    ...panel(
      "acceptance",
      history.map((row) => ({ t: row.step, value: row.acceptance })),
    ),
  ];
  const names = [...new Set(data.map((d) => d.panel))];
  const drawn = names.map((name) =>
    plot({
      height: 130,
      marginLeft: 60,
      marginTop: 24,
      marginBottom: name === names.at(-1) ? 36 : 14,
      x: { label: name === names.at(-1) ? "temperature t" : null, domain: [0, T], ticks: name === names.at(-1) ? 6 : [] },
      y: { label: name, grid: true, ticks: 4, nice: true, ...(name === "acceptance" && { domain: [0, 1] }) },
      marks: [
        Plot.line(
          data.filter((d) => d.panel === name),
          { x: "t", y: "value", stroke: palette[0] },
        ),
      ],
    }),
  );
  return {
    name: "ladder",
    title: "Temperatures",
    caption:
      "What the pilot froze, and how the reported chains did: inverse temperature, step size (jittered against resonance), fluctuations of the log likelihood, acceptance of the forward chains.",
    svg: stacked(drawn, 760),
  };
}

/** Pictures below one another, as one. */
function stacked(pictures: readonly string[], width: number): string {
  const heights = pictures.map((svg) => Number(/height="([\d.]+)"/.exec(svg)?.[1] ?? 0));
  let y = 0;
  const placed = pictures.map((svg, i) => {
    const moved = svg.replace("<svg ", `<svg y="${y}" `);
    y += heights[i];
    return moved;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${y}" viewBox="0 0 ${width} ${y}">${placed.join("")}</svg>`;
}

/** Forward and reverse log weights about Bennett's estimate of each pair: they meet at 0. */
export function workFigure({ fit, forward, reverse }: AnnealedWeights, points: PointBounds): Figure {
  const of = (weights: ArrayLike<number>, name: string) =>
    byDatum(weights, fit.length).flatMap((row, b) => Array.from(row, (w) => ({ name, work: w - points.bennett[b] })));
  const data = [...of(forward, "forward"), ...of(reverse, "reverse")];
  const sizes = data.map(({ work }) => Math.abs(work)).toSorted((a, b) => a - b);
  const reach = Math.max(1, sizes[Math.floor(0.99 * (sizes.length - 1))]);
  const shown = data.filter(({ work }) => Math.abs(work) <= reach);
  const width = (2 * reach) / 50;
  const bars = ["forward", "reverse"].flatMap((name) =>
    Array.from({ length: 50 }, (_, i) => {
      const from = -reach + i * width;
      return {
        name,
        from,
        to: from + width,
        count: shown.filter((d) => d.name === name && Math.floor((d.work + reach) / width) === i).length,
      };
    }),
  );
  const left = data.length - shown.length;
  return {
    name: "work",
    title: "Forward and reverse",
    caption:
      "Log weights of forward and reverse chains about Bennett's estimate of log p(x). By Crooks' relation the two laws cross at 0; the less they overlap, the wider the interval." +
      (left > 0 ? ` ${left} of ${data.length} weights lie outside.` : ""),
    svg: plot({
      height: 280,
      x: { label: "log w - log p̂(x), nats", domain: [-reach, reach] },
      y: { label: "chains", grid: true },
      color: { legend: true, label: "chains", domain: ["forward", "reverse"], range: [palette[0], palette[2]] },
      marks: [
        Plot.rect(bars, { x1: "from", x2: "to", y1: 0, y2: "count", fill: "name", fillOpacity: 0.55, inset: 0.5 }),
        Plot.ruleX([0], { strokeDasharray: "4 3" }),
      ],
    }),
  };
}
