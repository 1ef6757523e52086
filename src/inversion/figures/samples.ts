/** Samples of an attack beside the real items that are nearest to them. Needs Node. */
import { type Figure, sheet } from "../../plots/index.ts";
import type { AttackRecord } from "../audit/judge.ts";
import type { Material } from "../audit/material.ts";
import { blurred as blur } from "./blurred.ts";

/** Classes that are shown. */
const mostClasses = 12;

/**
 * For every class a line of samples, of the nearest training items, and of the nearest held-out ones.
 * @param blurred  what is blurred, lest a person be recognised
 */
export async function samplesSheet(
  { attack, shown, classes }: AttackRecord,
  material: Material,
  blurred: { readonly samples: boolean; readonly items: boolean },
): Promise<Figure> {
  const { input, train, heldOut } = material;
  const D = train.x.shape[1];
  const each = shown ? shown.train.length / classes.length : 0;
  const bytes = shown ? Buffer.from(shown.samples, "base64") : Buffer.alloc(0);
  const samples = Float32Array.from(bytes, (v) => v / 255);
  const row = (x: Float32Array, i: number, hide: boolean): Float32Array => {
    const image = x.subarray(i * D, (i + 1) * D);
    return hide ? blur(image, input) : image;
  };
  const images: number[] = [];
  const lines: string[] = [];
  for (const [j, c] of classes.slice(0, mostClasses).entries()) {
    const name = material.classes[c.class];
    const at = Array.from({ length: each }, (_, i) => j * each + i);
    lines.push(`${name}: samples`, "trained on");
    images.push(
      ...at.flatMap((i) => [...row(samples, i, blurred.samples)]),
      ...at.flatMap((i) => [...row(train.x.data, shown!.train[i], blurred.items)]),
    );
    if (!heldOut || !shown?.heldOut) continue;
    lines.push("held out");
    images.push(...at.flatMap((i) => [...row(heldOut.x.data, shown.heldOut![i], blurred.items)]));
  }
  return {
    name: "samples",
    title: `Samples of ${attack}, and the nearest real items`,
    caption:
      "For every class a line of samples, below each the nearest item that the classifier was trained on, and the nearest of those that were held out: if samples are copies, the first line is closer than the second." +
      (blurred.samples ? " Blurred; --show-samples shows samples as they are." : blurred.items ? " Private items are blurred." : ""),
    svg: await sheet(images, input, each, { lines }),
  };
}
