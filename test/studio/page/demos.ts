/** A demo with a control and a panel of every kind: it throws darts at a square and counts those in the circle. Stands for all demos in tests. */
import type { Demo, Frame, GivenFile, Panel, Registered, Settings } from "../../../src/demos/demo.ts";
import { UserError } from "../../../src/errors.ts";

const darts: Demo = {
  name: "darts",
  docs: "runs.md",
  controls: [
    { kind: "range", key: "rounds", label: "rounds", min: 5, max: 100_000, step: 5, value: 20 },
    {
      kind: "choice",
      key: "law",
      label: "law",
      choices: ["uniform", "halton"].map((value) => ({ value, label: value })),
      value: "uniform",
    },
    { kind: "switch", key: "caution", label: "with a caution", value: false, help: "Says something before the numbers." },
    { kind: "text", key: "name", label: "name", value: "π" },
    { kind: "clouds", key: "clouds", label: "clouds", least: 1, most: 3, value: [[[0, 0]], [[0.5, 0.5]]] },
    { kind: "file", key: "file", label: "a file", accept: ".txt" },
  ],
  command: ({ rounds, law }) => `pushforward pi --rounds ${rounds} --law ${law}`,
  async start(settings, seed) {
    if (settings.name === "") throw new UserError("a name is needed", "type one");
    const rounds = Number(settings.rounds);
    const points: number[] = [];
    const course: number[] = [];
    let state = seed + 1;
    const next = (): number => (state = (48271 * state) % 2147483647) / 2147483647;
    return {
      async next() {
        if (course.length === rounds) return undefined;
        for (let i = 0; i < 50; i++) points.push(2 * next() - 1, 2 * next() - 1);
        course.push(estimate(points));
        await new Promise((go) => setTimeout(go, 5));
        return frame(settings, points, course, rounds);
      },
      files: () => [{ name: "darts.csv", type: "text/csv", bytes: new TextEncoder().encode(`pi\n${course.join("\n")}\n`) }],
    };
  },
};

function estimate(points: readonly number[]): number {
  let inside = 0;
  for (let i = 0; i < points.length; i += 2) if (points[i] ** 2 + points[i + 1] ** 2 < 1) inside++;
  return (8 * inside) / points.length;
}

const isFile = (value: unknown): value is GivenFile => typeof value === "object" && value !== null && "bytes" in value;

function frame(settings: Settings, points: readonly number[], course: readonly number[], rounds: number): Frame {
  const steps = course.map((_, i) => i + 1);
  const n = points.length / 2;
  const p = course.at(-1)! / 4;
  const clouds: unknown = settings.clouds;
  return {
    progress: course.length / rounds,
    label: `round ${course.length}`,
    numbers: [
      { name: String(settings.name), value: 4 * p, error: 4 * Math.sqrt((p * (1 - p)) / n), note: "known 3.1416" },
      { name: "darts", value: n },
      { name: "points drawn", value: Array.isArray(clouds) ? clouds.flat().length : 0 },
      { name: "file", value: isFile(settings.file) ? `${settings.file.name}: ${settings.file.bytes.length}` : "none" },
    ],
    cautions: settings.caution === true ? ["these darts are not quite random"] : [],
    panels: panels(points, course, steps),
  };
}

const panels = (points: readonly number[], course: readonly number[], steps: readonly number[]): Panel[] => [
  {
    kind: "points",
    title: "Where they fell",
    x: [-1, 1],
    y: [-1, 1],
    groups: [
      { label: "darts", points: Float32Array.from(points.slice(-8000)), color: 0, size: 3, opacity: 0.6 },
      {
        label: "circle",
        points: Float32Array.from({ length: 202 }, (_, i) => (i % 2 ? Math.sin : Math.cos)((Math.PI * Math.floor(i / 2)) / 50)),
        color: 2,
        joined: true,
      },
    ],
  },
  {
    kind: "curves",
    title: "The estimate by round",
    xLabel: "round",
    yLabel: "estimate",
    series: [
      { label: "estimate", x: steps, y: course, low: course.map((v) => v - 0.05), high: course.map((v) => v + 0.05) },
      { label: "known", x: steps, y: steps.map(() => Math.PI), dashed: true },
    ],
  },
  {
    kind: "bars",
    title: "How far from the middle",
    xLabel: "distance",
    yLabel: "darts",
    edges: [0, 0.5, 1, 1.5],
    series: [{ label: "darts", heights: rings(points) }],
  },
  {
    kind: "images",
    title: "Pictures",
    width: 4,
    height: 4,
    channels: 1,
    pixels: Uint8Array.from({ length: 32 }, (_, i) => 8 * i),
    captions: ["dark", "light"],
    columns: 4,
    blurred: true,
  },
  {
    kind: "texts",
    title: "Words",
    rows: [{ label: "0.7", pieces: [{ text: "a " }, { text: "good ", tint: 1 }, { text: "bad", tint: -0.5 }] }],
  },
  {
    kind: "genealogy",
    title: "Who descends from whom",
    parents: [
      [0, 0, 2],
      [0, 1, 1],
    ],
    weights: [
      [0.2, 0.3, 0.5],
      [0.3, 0.3, 0.4],
      [0.1, 0.5, 0.4],
    ],
  },
  { kind: "table", title: "Rounds", columns: ["round", "estimate"], rows: course.slice(-3).map((value, i) => [i + 1, value]) },
];

function rings(points: readonly number[]): number[] {
  const counts = [0, 0, 0];
  for (let i = 0; i < points.length; i += 2) counts[Math.min(2, Math.floor(2 * Math.hypot(points[i], points[i + 1])))]++;
  return counts;
}

export const demos: Readonly<Record<string, Registered>> = {
  darts: {
    title: "Darts",
    about: "Darts fall into a square; the share of those in the circle tells π. Throw more of them.",
    load: async () => darts,
  },
};
