/** Where the text of a picture stands. */
import { parseHTML } from "linkedom";

export interface Box {
  readonly text: string;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** The value of an attribute of the element, or of the nearest one around it that has it. */
const inherited = (element: Element, name: string): string | undefined => element.closest(`[${name}]`)?.getAttribute(name) ?? undefined;

/**
 * Boxes of all texts that are not turned, from their anchors and transforms; a letter is taken as 6 wide and 9 high, somewhat less than it
 * is.
 */
export function textBoxes(svg: string): Box[] {
  const { document } = parseHTML(svg);
  return Array.from(document.querySelectorAll("text"))
    .filter((t) => t.textContent !== "" && !t.getAttribute("transform")?.includes("rotate"))
    .map((t) => {
      const offset = t.getAttribute("y") ?? t.getAttribute("dy") ?? "0";
      let [x, y] = [Number(t.getAttribute("x") ?? 0), Number.parseFloat(offset) * (offset.endsWith("em") ? 12 : 1)];
      for (let at: Element | null = t; at; at = at.parentElement) {
        const shift = /translate\(([-\d.]+)[, ]*([-\d.]+)?/.exec(at.getAttribute("transform") ?? "");
        if (shift) [x, y] = [x + Number(shift[1]), y + Number(shift[2] ?? 0)];
      }
      const width = 6 * t.textContent!.length;
      const left = x - { start: 0, middle: 0.5, end: 1 }[inherited(t, "text-anchor") ?? "start"]! * width;
      return { text: t.textContent!, left, right: left + width, top: y - 9, bottom: y };
    });
}

/** Pairs of texts that cover each other. */
export function overlaps(boxes: readonly Box[]): [string, string][] {
  const covers = (a: Box, b: Box): boolean => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
  return boxes.flatMap((a, i) =>
    boxes
      .slice(i + 1)
      .filter((b) => covers(a, b))
      .map((b): [string, string] => [a.text, b.text]),
  );
}
