/** Demos run as a page runs them: on WebAssembly, frame by frame. */
import type { Assets, Demo, Frame, Running, Settings } from "../../src/demos/demo.ts";
import { demos } from "../../src/demos/index.ts";
import { configure } from "../../src/tensor/index.ts";

configure({ device: "wasm" });

const noAssets: Assets = async (name) => {
  throw new Error(`the demo asks for ${name}`);
};

/** Files that lie beside a page. */
const fetched: Assets = async (name) => new Uint8Array(await (await fetch(`/${name}`)).arrayBuffer());

export interface Watched {
  readonly demo: Demo;
  readonly running: Running;
  readonly frames: readonly Frame[];
  readonly last: Frame;
  /** Whether the demo came to its end. */
  readonly over: boolean;
}

/** A demo for so many frames, or to its end. */
export async function watch(
  name: string,
  settings: Settings,
  { seed = 1, most = Number.POSITIVE_INFINITY, assets = noAssets } = {},
): Promise<Watched> {
  const demo = await demos[name].load();
  const running = await demo.start(settings, seed, assets);
  const frames: Frame[] = [];
  let next: Frame | undefined;
  while (frames.length < most && (next = await running.next())) frames.push(next);
  return { demo, running, frames, last: frames[frames.length - 1], over: frames.length < most };
}

/** What of a frame follows from the seed, as JSON: all but what a clock has measured. Typed arrays are plain, NaN is null. */
export function steady({ numbers, panels, ...rest }: Frame): unknown {
  const timed = /second|time|verdict/;
  const kept = {
    ...rest,
    numbers: numbers.filter(({ name }) => !timed.test(name)),
    panels: panels.filter(({ kind, title }) => kind !== "table" && !timed.test(title)),
  };
  return JSON.parse(JSON.stringify(kept, (_, value) => (ArrayBuffer.isView(value) ? Array.from(value as Float32Array) : value)));
}

/** A number of a frame. */
export function numberOf({ numbers }: Frame, name: string): { readonly value: number; readonly error: number } {
  const found = numbers.find((n) => n.name === name);
  if (typeof found?.value !== "number") throw new Error(`no number "${name}" among ${numbers.map((n) => n.name).join(", ")}`);
  return { value: found.value, error: found.error ?? Number.NaN };
}

/** A panel of a frame by its title or the beginning of it. */
export function panelOf<K extends Frame["panels"][number]["kind"]>(frame: Frame, kind: K, title: string) {
  const found = frame.panels.find((p): p is Extract<Frame["panels"][number], { kind: K }> => p.kind === kind && p.title.startsWith(title));
  if (!found) throw new Error(`no panel "${title}" among ${frame.panels.map((p) => p.title).join(", ")}`);
  return found;
}

/** Whether a demo begins with the same frames for the seed 1 that it was watched with, and with others for another. */
export async function followsSeed(name: string, settings: Settings, { frames }: Watched): Promise<{ same: boolean; other: boolean }> {
  const first = async (seed: number): Promise<string> =>
    JSON.stringify((await watch(name, settings, { seed, most: 2 })).frames.map(steady));
  const known = JSON.stringify(frames.slice(0, 2).map(steady));
  return { same: (await first(1)) === known, other: (await first(2)) !== known };
}

/** The first frames of a demo, for a page, beside which its files lie, and for Node. */
export async function firstFrames(name: string, settings: Settings, most: number, assets: Assets = fetched): Promise<unknown[]> {
  return (await watch(name, settings, { most, assets })).frames.map(steady);
}

/** Rows of a file to take away, without its heading. */
export async function rowsOf({ running }: Watched, name: string): Promise<string[][]> {
  const file = (await running.files()).find((f) => f.name === name);
  if (!file) throw new Error(`no file ${name}`);
  return new TextDecoder()
    .decode(file.bytes)
    .trimEnd()
    .split("\n")
    .slice(1)
    .map((line) => line.split(","));
}
