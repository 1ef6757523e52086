/** Pictures of what moves walkers, and of nodes. */
import * as Plot from "@observablehq/plot";
import { type Figure, palette, panels, plot } from "../../plots/index.ts";
import type { Driven, Slice } from "../evaluation/snapshot.ts";
import type { TransportCost } from "../flows/costs.ts";
import { quantile } from "../flows/robust.ts";
import { nucleiOf, type System } from "../systems/system.ts";
import { coordinateNames, planeOf } from "./plane.ts";

/** Arrows are drawn for a time in which the fastest go this share of the picture. */
const longest = 0.12;

/** What carries and what reweights, side by side. */
export function drivenFigure(system: System, electrons: readonly Driven[], cost: TransportCost["name"]): Figure {
  const [a, b] = planeOf(system);
  const names = [a, b].map((c) => coordinateNames[c]);
  // the middle of all, and how far out nearly all are
  const [middleX, middleY] = [a, b].map((c) =>
    quantile(
      electrons.map(({ place }) => place[c]),
      0.5,
    ),
  );
  const away = electrons.map(({ place }) => Math.max(Math.abs(place[a] - middleX), Math.abs(place[b] - middleY)));
  const reach = 1.1 * quantile(away, 0.98);
  const moved = electrons.map(({ place, velocity, excess }) => ({
    x: place[a],
    y: place[b],
    u: velocity[a],
    v: velocity[b],
    excess,
  }));
  const inside = moved.filter(({ x, y }) => Math.abs(x - middleX) < reach && Math.abs(y - middleY) < reach);
  const fastest = Math.max(1e-9, ...inside.map(({ u, v }) => Math.hypot(u, v)));
  const scale = (longest * 2 * reach) / fastest;
  const limit = quantile(
    inside.map(({ excess }) => Math.abs(excess)),
    0.95,
  );
  const frame = {
    width: 420,
    height: 420,
    x: { label: `${names[0]} (bohr)`, domain: [middleX - reach, middleX + reach] },
    y: { label: `${names[1]} (bohr)`, domain: [middleY - reach, middleY + reach] },
  };
  const nuclei = Plot.text(nucleiOf(system), {
    x: (n) => n.position[a],
    y: (n) => n.position[b],
    text: () => "×",
    fontSize: 16,
    fill: palette[2],
  });
  const carried = plot({
    ...frame,
    marks: [
      Plot.arrow(inside, {
        x1: "x",
        y1: "y",
        x2: (w) => w.x + scale * w.u,
        y2: (w) => w.y + scale * w.v,
        stroke: palette[0],
        strokeWidth: 1,
        headLength: 5,
      }),
      nuclei,
    ],
  });
  const weighed = plot({
    ...frame,
    color: { domain: ["grows", "shrinks"], range: [palette[4], palette[2]], legend: true },
    marks: [
      Plot.dot(inside, {
        ...{ x: "x", y: "y", fillOpacity: 0.5, fill: (w) => (w.excess < 0 ? "grows" : "shrinks") },
        r: (w) => 6 * Math.sqrt(Math.min(1, Math.abs(w.excess) / Math.max(limit, 1e-9))),
      }),
      nuclei,
    ],
  });
  return {
    name: "walkers",
    title: "What the flows do to walkers",
    caption: `Electrons of ${electrons.length} places at the end of the run. Left: a Wasserstein flow carries them, along -∇E_loc through the cost ${cost} (longest arrow: the fastest). Right: a Fisher-Rao flow leaves them where they are and changes their weight by -(E_loc - E); areas are by size. Both vanish for an eigenstate.`,
    svg: panels([carried, weighed], 2),
  };
}

/** Where ψ changes its sign as one electron moves. */
export function nodeFigure(system: System, { plane: [a, b], range, size, values, others }: Slice): Figure {
  // roots of values show what is small too
  const shown = Array.from(values, (v) => Math.sign(v) * Math.abs(v) ** 0.3);
  // contours run along the border of their grid: its outer cells are not shown
  const cell = (range[1] - range[0]) / size;
  const shownRange = [range[0] + cell, range[1] - cell];
  const inside = others.filter(({ place }) => [a, b].every((c) => place[c] > range[0] && place[c] < range[1]));
  return {
    name: "nodes",
    title: "The wave function, seen by one electron",
    caption:
      "ψ while the first electron (spin up) moves over a plane and all others stay: orange is positive, blue negative, and the dark line is a node. Colours go by |ψ|^0.3. Dots are the other electrons, seen along the line of sight: filled for spin up, open for spin down.",
    svg: plot({
      width: 560,
      height: 520,
      x: { label: `${coordinateNames[a]} (bohr)`, domain: shownRange },
      y: { label: `${coordinateNames[b]} (bohr)`, domain: shownRange },
      color: { type: "linear", domain: [-1, 0, 1], range: [palette[0], "white", palette[1]] },
      marks: [
        Plot.contour(shown, {
          ...{ width: size, height: size, x1: range[0], x2: range[1], y1: range[0], y2: range[1] },
          fill: (v: number) => v,
          thresholds: 16,
          clip: true,
        }),
        Plot.contour(shown, {
          ...{ width: size, height: size, x1: range[0], x2: range[1], y1: range[0], y2: range[1] },
          value: (v: number) => v,
          thresholds: [0],
          stroke: "currentColor",
          strokeWidth: 2,
          clip: true,
        }),
        Plot.text(nucleiOf(system), { x: (n) => n.position[a], y: (n) => n.position[b], text: () => "×", fontSize: 18 }),
        Plot.dot(inside, { x: (e) => e.place[a], y: (e) => e.place[b], r: 5, fill: (e) => (e.up ? "black" : "white"), stroke: "black" }),
      ],
    }),
  };
}
