/** Steering, the hypernetwork, the graph coder and the inversion as demos: what they show is right, and the same for the same seed. */
import { describe, expect, test } from "vitest";
import { demoAssets } from "../../scripts/demo-assets.ts";
import { decodeGraph, sameGraph } from "../../src/coding/index.ts";
import type { Demo, Frame, Settings } from "../../src/demos/demo.ts";
import { graph } from "../../src/demos/graph.ts";
import { hypernetwork } from "../../src/demos/hypernetwork.ts";
import { inversion } from "../../src/demos/inversion.ts";
import { steering } from "../../src/demos/steering.ts";

const assets = (name: string) => demoAssets[name]();

/** Frames of a demo, at most so many. */
async function framesOf(demo: Demo, settings: Settings, most = Number.POSITIVE_INFINITY, seed = 1): Promise<Frame[]> {
  const going = await demo.start(settings, seed, assets);
  const frames: Frame[] = [];
  for (let frame = await going.next(); frame && frames.length < most; frame = await going.next()) frames.push(frame);
  return frames;
}

/** A number of a frame by name. */
function numberOf({ numbers }: Frame, name: string): number {
  const found = numbers.find((n) => n.name === name);
  if (typeof found?.value !== "number") throw new Error(`no number "${name}" among ${numbers.map((n) => n.name).join(", ")}`);
  return found.value;
}

describe("hypernetwork", () => {
  test("a product state over ten bits comes to the best network, whose loss is that of a list of all", async () => {
    const frames = await framesOf(hypernetwork, { units: "2", layers: 0, restarts: 2 });
    const last = frames[frames.length - 1];
    expect(numberOf(last, "networks")).toBe(1024);
    const least = numberOf(last, "lowest loss there is");
    // a mean over networks is never below the lowest
    expect(numberOf(last, "mean loss of what the circuit yields")).toBeGreaterThanOrEqual(least - 1e-12);
    for (const frame of frames)
      for (const panel of frame.panels)
        if (panel.kind === "bars") for (const { heights } of panel.series) expect(heights.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 9);
    expect(last.progress).toBe(1);
    const table = last.panels.find((panel) => panel.kind === "table");
    expect(table?.rows.find(([name]) => name === "exhaustive")?.[2]).toBe(1024);
  });

  test("the same seed gives the same frames", async () => {
    const run = () => framesOf(hypernetwork, { units: "1", layers: 1, restarts: 1 }, 4);
    expect(await run()).toEqual(await run());
  });
});

describe("graph", () => {
  const bytes = (text: string) => new TextEncoder().encode(text);

  test("a file of theirs comes back from what is taken away", async () => {
    const edges = Array.from({ length: 200 }, (_, i) => [i % 40, (7 * i + 3) % 41]);
    const file = { name: "e.csv", bytes: bytes(edges.map((e) => e.join(",")).join("\n")) };
    const going = await graph.start({ file }, 1, assets);
    let last: Frame | undefined;
    for (let frame = await going.next(); frame; frame = await going.next()) last = frame;
    expect(numberOf(last!, "edges")).toBe(200);
    const [packed] = await going.files();
    const pairs = new Uint32Array(edges.flat());
    expect(sameGraph(decodeGraph(packed.bytes), { vertices: 41, directed: false, pairs })).toBe(true);
    expect(numberOf(last!, "bytes")).toBe(packed.bytes.length);
  });

  test("gzipped lists, names, and other formats are read as the command reads them; what is wrong is told with its line", async () => {
    const gz = new Uint8Array(
      await new Response(new Blob(["ann,ben\nben,cleo\n"]).stream().pipeThrough(new CompressionStream("gzip"))).arrayBuffer(),
    );
    const [first] = await framesOf(graph, { file: { name: "names.csv.gz", bytes: gz } }, 1);
    expect([numberOf(first, "vertices"), numberOf(first, "edges")]).toEqual([3, 2]);
    const mtx = bytes("%%MatrixMarket matrix coordinate pattern symmetric\n3 3 2\n2 1\n3 2\n");
    expect(numberOf((await framesOf(graph, { file: { name: "g.txt", bytes: mtx } }, 1))[0], "edges")).toBe(2);
    const wrong = (name: string, content: Uint8Array) => framesOf(graph, { file: { name, bytes: content } });
    await expect(wrong("e.txt", bytes("0 1\n1\n"))).rejects.toThrow(/e\.txt.*2/);
    await expect(wrong("e.txt", new Uint8Array())).rejects.toThrow(/no edges/);
    await expect(wrong("e.txt.gz", gz.slice(0, 20))).rejects.toThrow(/damaged gzip/);
    await expect(wrong("e.json", bytes("{"))).rejects.toThrow(/e\.json/);
    await expect(framesOf(graph, { file: "e.txt" })).rejects.toThrow(/no file/);
  });

  test("a made graph takes no more than its model says, and less than its text under gzip", async () => {
    const frames = await framesOf(graph, { vertices: 2000, links: 4 });
    const last = frames[frames.length - 1];
    const panel = last.panels.find((p) => p.kind === "curves");
    const [ours, gzip] = panel!.series;
    expect(ours.y.length).toBe(7);
    expect(ours.y.at(-1)!).toBeLessThan(gzip.y.at(-1)!);
    expect(last.numbers.find((n) => n.name === "decoded")?.value).toBe("the same graph");
  });
});

describe("steering", () => {
  test("at β = 0 the target is the model: φ = 1/2 for every text, and both bounds are log 1/2", async () => {
    const frames = await framesOf(steering, { beta: 0, length: 4, particles: "16" }, 5);
    for (const frame of frames) expect(numberOf(frame, "log Z, lower bound")).toBeCloseTo(Math.log(0.5), 5);
    expect(numberOf(frames[frames.length - 1], "log Z, upper bound")).toBeCloseTo(Math.log(0.5), 5);
  });

  test("with a score the texts are kinder than the model's, and texts begin as they were told", async () => {
    const frames = await framesOf(steering, { beta: 2, length: 10, particles: "32", prompt: "The king said" }, 6);
    const last = frames[frames.length - 1];
    expect(numberOf(last, "mean AFINN score, steered")).toBeGreaterThan(numberOf(last, "mean AFINN score, model alone"));
    const texts = last.panels.find((panel) => panel.kind === "texts");
    for (const row of texts!.rows) expect(row.pieces.map((p) => p.text).join("")).toMatch(/^The king said/);
    const tree = last.panels.find((panel) => panel.kind === "genealogy");
    expect(tree!.parents.every((line) => line.length === 32 && line.every((i) => i >= 0 && i < 32))).toBe(true);
  });

  test("what cannot be read is told", async () => {
    await expect(framesOf(steering, { prompt: "a".repeat(121) })).rejects.toThrow(/121 signs/);
    await expect(framesOf(steering, { beta: Number.NaN })).rejects.toThrow(/not a number from -2 to 2/);
    await expect(framesOf(steering, { particles: "17" })).rejects.toThrow(/there is no "17"/);
    await expect(framesOf(steering, { colour: 1 })).rejects.toThrow(/no setting "colour"/);
  });
});

describe("inversion", () => {
  test("the classifier learns, posteriors leave the prior, and pictures stay blurred", async () => {
    const frames = await framesOf(inversion, { gamma: "0.01" }, 14);
    const last = frames[frames.length - 1];
    // chance is 0.2; 1,000 digits are held out: four standard errors of a share are below 0.07
    expect(numberOf(last, "accuracy of the classifier")).toBeGreaterThan(0.8);
    expect(numberOf(last, "taken for the class by the classifier")).toBeGreaterThan(0.5);
    expect(numberOf(last, "distance from the prior")).toBeGreaterThan(0);
    const pictures = last.panels.find((panel) => panel.kind === "images");
    expect(pictures?.blurred).toBe(true);
    expect(pictures?.pixels.length).toBe(5 * 8 * 196);
  });
});
