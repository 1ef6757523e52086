/** What there is to see of particles that learn to move. */

import type { Frame as Moment } from "../../transport/motion/frames.ts";
import { meanWeight } from "../../transport/motion/particles.ts";
import type { Panel } from "../demo.ts";
import type { Training } from "./learn.ts";
import { type Choice, obstacleWidth } from "./settings.ts";

type Points = Extract<Panel, { kind: "points" }>["groups"][number];

/** Particles whose way is drawn. */
const trails = 60;

/** What clouds are called, first to last. */
export const namesOf = ({ clouds, held }: Choice): string[] =>
  clouds.length === 2 ? ["first cloud", "last cloud"] : ["first cloud", `second cloud${held ? ", held back" : ""}`, "last cloud"];

/** The ways of some particles, one after the other. */
function waysOf(moments: readonly Moment[]): Float32Array {
  const [n] = moments[0].cloud.shape;
  const count = Math.min(n, trails);
  const rows = Array.from({ length: count }, (_, i) => Math.floor((i * n) / count));
  return Float32Array.from(
    rows.flatMap((row) => [...moments.flatMap(({ cloud }) => [cloud.data[2 * row], cloud.data[2 * row + 1]]), Number.NaN, Number.NaN]),
  );
}

/** Particles by what they weigh: of flows that grow, light ones are small. */
function particlesOf({ cloud, logWeight }: Moment, grows: boolean): Points[] {
  const group = (label: string, size: number, isOne: (w: number) => boolean): Points => {
    const rows = Array.from({ length: cloud.shape[0] }, (_, i) => i).filter((i) => isOne(Math.exp(logWeight.data[i])));
    return { label, size, color: 2, points: Float32Array.from(rows.flatMap((i) => [cloud.data[2 * i], cloud.data[2 * i + 1]])) };
  };
  if (!grows) return [group("particles", 3.5, () => true)];
  return [
    group("lighter than half", 2, (w) => w < 0.5),
    group("particles", 3.5, (w) => w >= 0.5 && w <= 2),
    group("heavier than twice", 5.5, (w) => w > 2),
  ];
}

/** The obstacle's outline, at one standard deviation. */
const outline = Float32Array.from({ length: 82 }, (_, i) => {
  const angle = (2 * Math.PI * Math.floor(i / 2)) / 40;
  return obstacleWidth * (i % 2 ? Math.sin(angle) : Math.cos(angle));
});

/** @param now  which of the moments is shown */
export function particlePanel(choice: Choice, moments: readonly Moment[], now: number, grows: boolean): Panel {
  const { clouds, potential } = choice;
  const labels = namesOf(choice);
  return {
    kind: "points",
    title: "Particles",
    x: [-1, 1],
    y: [-1, 1],
    groups: [
      ...clouds.map(({ data }, k) => ({
        label: labels[k],
        points: data,
        color: k === clouds.length - 1 ? 1 : k * 3,
        size: 2.5,
        opacity: 0.35,
      })),
      ...(potential === "obstacle" ? [{ label: "obstacle", points: outline, color: 7, joined: true }] : []),
      { label: "their ways", points: waysOf(moments.slice(0, now + 1)), color: 2, opacity: 0.3, joined: true },
      ...particlesOf(moments[now], grows),
    ],
  };
}

/** One look: after so many steps, the loss over the last of them, and the distance to each cloud but the first. */
export interface Look {
  readonly step: number;
  readonly loss: number;
  readonly distances: readonly { readonly w1: number; readonly w2: number }[];
}

export function curvePanels(choice: Choice, looks: readonly Look[], floors: readonly number[]): Panel[] {
  const x = looks.map(({ step }) => step);
  const later = namesOf(choice).slice(1);
  const learned = looks.filter(({ step }) => step > 0);
  return [
    {
      ...{ kind: "curves", title: "Loss", xLabel: "step", yLabel: "loss" },
      series: [{ label: "loss", x: learned.map(({ step }) => step), y: learned.map(({ loss }) => loss), color: 0 }],
    },
    {
      ...{ kind: "curves", title: "Distance of the moved particles", xLabel: "step", yLabel: "distance", log: true },
      series: later.flatMap((label, k) => [
        { label: `W₁ to the ${label}`, x, y: looks.map((l) => l.distances[k].w1), color: 1 + 2 * k },
        { label: `W₂ to the ${label}`, x, y: looks.map((l) => l.distances[k].w2), color: 2 + 2 * k },
        { label: `W₁ of two halves of the ${label}`, x: [0, x[x.length - 1]], y: [floors[k], floors[k]], color: 7, dashed: true },
      ]),
    },
  ];
}

/** The total mass in time, of flows that grow, beside that of the clouds. */
export function massPanel({ prepared: { clouds }, data }: Training, moments: readonly Moment[]): Panel {
  return {
    ...{ kind: "curves", title: "Mass", xLabel: "time", yLabel: "mass over that of the first cloud" },
    series: [
      { label: "moved", x: moments.map((m) => m.time), y: moments.map((m) => meanWeight(m.logWeight)), color: 2 },
      { label: "clouds", x: data.times, y: clouds.map((c) => c.mass / clouds[0].mass), color: 7, dashed: true },
    ],
  };
}
