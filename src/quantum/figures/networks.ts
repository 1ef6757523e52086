/** What a network looks like, and what it says of the plane. */
import * as Plot from "@observablehq/plot";
import { type Figure, palette, panels, plot } from "../../plots/index.ts";
import { type BinaryNetwork, logits } from "../families/network.ts";
import type { Points } from "../families/points.ts";

/** Weights of a network as tiles: those of pictures in the picture's shape, others as [in, out] with the biases below. */
export function weightsFigure({ layers }: BinaryNetwork, inputNames: readonly string[], pictures: boolean): Figure {
  const values = [...new Set(layers.flatMap((layer) => [...layer.weights, ...layer.biases]))].sort((a, b) => a - b);
  const side = Math.sqrt(layers[0].inputs);
  const drawn = layers.map((layer, l) => {
    const asPicture = pictures && l === 0 && layer.units === 1 && Number.isInteger(side);
    const tiles = layer.weights.map((value, at) => {
      const [j, u] = [Math.floor(at / layer.units), at % layer.units];
      if (asPicture) return { column: String((j % side) + 1), row: String(Math.floor(j / side) + 1), value };
      return { column: String(u + 1), row: l === 0 ? (inputNames[j] ?? String(j + 1)) : `unit ${j + 1}`, value };
    });
    const biases = layer.biases.map((value, u) => ({ column: String(u + 1), row: "bias", value }));
    const all = [...tiles, ...biases];
    const rows = [...new Set(all.map((tile) => tile.row))];
    return { all, rows, label: asPicture ? "columns of the picture" : l === layers.length - 1 ? "output" : `units of layer ${l + 1}` };
  });
  const height = 90 + 34 * Math.max(...drawn.map(({ rows }) => rows.length));
  const pictured = drawn.map(({ all, rows, label }) =>
    plot({
      width: Math.min(380, 760 / drawn.length),
      height,
      color: {
        type: "ordinal",
        domain: values,
        range: values.length === 2 ? [palette[1], palette[0]] : palette,
        legend: true,
        label: "weight",
      },
      x: { label, domain: [...new Set(all.map((tile) => tile.column))].sort((a, b) => Number(a) - Number(b)), tickSize: 0 },
      y: { label: null, domain: rows, tickSize: 0 },
      marks: [
        Plot.cell(all, { x: "column", y: "row", fill: "value", inset: 1.5, rx: 3 }),
        Plot.text(all, { x: "column", y: "row", text: (d: { value: number }) => String(d.value), fill: "white", fontWeight: 700 }),
      ],
    }),
  );
  return {
    name: "weights",
    title: "Weights of the best network",
    caption: "A tile for each weight, inputs from top to bottom, with the biases in the last line; layers from left to right.",
    svg: panels(pictured, pictured.length),
  };
}

/** Points of each class that are drawn at most. */
const mostDots = 600;
const steps = 90;

/** The probability of class 1 over the plane of two features, with the points. */
export function boundaryFigure(
  network: BinaryNetwork,
  { x, y, count }: Points,
  features: readonly string[],
  classes: readonly string[],
): Figure {
  const every = Math.ceil(count / mostDots);
  const dots = Array.from(y, (label, i) => ({ a: x[2 * i], b: x[2 * i + 1], label: classes[label] })).filter((_, i) => i % every === 0);
  const span = (key: "a" | "b"): readonly [number, number] => {
    const values = dots.map((d) => d[key]);
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const room = 0.08 * (high - low || 1);
    return [low - room, high + room];
  };
  const [[x1, x2], [y1, y2]] = [span("a"), span("b")];
  // the field goes a little beyond the frame, so that the line of one half does not run along it
  const [dx, dy] = [0.03 * (x2 - x1), 0.03 * (y2 - y1)];
  const field = { x1: x1 - dx, x2: x2 + dx, y1: y1 - dy, y2: y2 + dy, width: steps, height: steps, clip: true };
  const grid = Float64Array.from({ length: 2 * steps * steps }, (_, at) => {
    const [i, j] = [Math.floor(at / 2) % steps, Math.floor(at / 2 / steps)];
    const [low, high] = at % 2 === 0 ? [field.x1, field.x2] : [field.y1, field.y2];
    return low + ((high - low) * ((at % 2 === 0 ? i : j) + 0.5)) / steps;
  });
  const values = logits(network, grid).map((z) => 1 / (1 + Math.exp(-z)));
  return {
    name: "boundary",
    title: "Decision boundary of the best network",
    caption: `Probability of "${classes[1]}" over both features; the thick line is one half.`,
    svg: plot({
      height: 440,
      color: { type: "linear", scheme: "RdBu", domain: [0, 1], legend: true, label: `P(${classes[1]})` },
      x: { label: features[0], domain: [x1, x2] },
      y: { label: features[1], domain: [y1, y2] },
      marks: [
        Plot.contour(values, {
          ...field,
          fill: Plot.identity,
          thresholds: Array.from({ length: 10 }, (_, i) => i / 10),
          stroke: "none",
          fillOpacity: 0.75,
        }),
        Plot.contour(values, { ...field, stroke: "black", fill: "none", thresholds: [0.5], strokeWidth: 2 }),
        Plot.dot(dots, {
          x: "a",
          y: "b",
          fill: (d: { label: string }) => (d.label === classes[1] ? "#08306b" : "#67000d"),
          r: 2,
          fillOpacity: 0.8,
        }),
      ],
    }),
  };
}
