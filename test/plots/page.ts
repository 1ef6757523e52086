/** A picture with a legend, drawn in Node and in a page. */
import * as Plot from "@observablehq/plot";
import { animatedPng, plot } from "../../src/plots/index.ts";

const points = Array.from({ length: 30 }, (_, i) => ({ x: i, y: Math.sin(i / 3), kind: ["sine", "wave"][i % 2] }));

export const draw = (): string =>
  plot({
    grid: true,
    color: { legend: true, label: "kind" },
    marks: [Plot.dot(points, { x: "x", y: "y", fill: "kind" }), Plot.line(points, { x: "x", y: "y", clip: true })],
  });

export const animate = (png: number[]): number[] => [...animatedPng([Uint8Array.from(png), Uint8Array.from(png)], 50)];
