/** Pictures one after the other, as a file. */
import { type Animation, animatedPng } from "../plots/index.ts";
import { toPng } from "./png.ts";

/** The pictures as one that moves; it stays at the last one. */
export async function moving({ pictures, delay, repeats }: Animation): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  for (const svg of pictures) all.push(await toPng(svg, 1));
  return animatedPng([...all, ...new Array<Uint8Array>(repeats).fill(all[all.length - 1])], delay);
}
