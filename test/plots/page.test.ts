/** Pictures in a page: the same text as in Node. */
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { toPng } from "../../src/lab/png.ts";
import { hasBrowser, inPage } from "../page.ts";
import { animate, draw } from "./page.ts";

const program = fileURLToPath(new URL("./page.ts", import.meta.url));

/**
 * Tags with their attributes in order, and texts; without what serialisers may choose, the half pixel by which lines
 * are moved to be sharp, and names made of the text itself.
 */
const plain = (svg: string): string[] =>
  [...svg.replace(/clip-[0-9a-f]{8}/g, "clip").matchAll(/<([\w-]+)([^<>]*)>([^<]*)/g)].map(([, tag, attributes, text]) => {
    const own = [...attributes.matchAll(/([\w:-]+)="[^"]*"/g)].filter(([, name]) => name !== "style" && name !== "transform");
    return `${tag} ${own
      .map(([whole]) => whole)
      .sort()
      .join(" ")} ${text.trim()}`;
  });

test.runIf(hasBrowser)("a figure with a legend, and an animation, are drawn in Chromium as in Node", async () => {
  const png = [...(await toPng(draw(), 1))];
  const [svg, animation] = await inPage<[string, number[]]>(program, `[program.draw(), program.animate(${JSON.stringify(png)})]`);
  expect(plain(svg)).toEqual(plain(draw()));
  expect(animation).toEqual(animate(png));
});
