/** The key to the colours of a picture: dots with the names of categories, or a band with its title and numbers. */
import * as Plot from "@observablehq/plot";
import { tickRoom } from "./room.ts";
import { textWidth } from "./text-width.ts";

export interface Legend {
  readonly element: Element;
  readonly height: number;
}

/** @param width  of the line in which it stands */
export function legend(document: Document, scale: Plot.Scale, { label, tickFormat }: Plot.ScaleOptions, width: number): Legend {
  const group = element(document, "g", { "aria-label": "legend", "text-anchor": "start", fill: "currentColor" });
  const title = label ?? "";
  const start = title === "" ? 0 : textWidth(title) + 12;
  if (title !== "") group.append(element(document, "text", { y: 4 }, title));
  if (scale.type === "ordinal" || scale.type === "categorical") {
    const rows = dots(document, scale, start, width);
    group.append(...rows.flat());
    return { element: group, height: 6 + lineHeight * rows.length };
  }
  group.append(band(document, scale, start, tickFormat));
  return { element: group, height: 36 };
}

const lineHeight = 18;

/** Names beside dots of their colour, in as many lines as they need. */
function dots(document: Document, scale: Plot.Scale, start: number, width: number): Element[][] {
  const rows: Element[][] = [[]];
  let x = start + 5;
  for (const category of scale.domain!) {
    const name = String(category);
    if (x + 9 + textWidth(name) > width && x > start + 5) {
      rows.push([]);
      x = start + 5;
    }
    const y = lineHeight * (rows.length - 1);
    rows[rows.length - 1].push(
      element(document, "circle", { cx: x, cy: y, r: 5, fill: String(scale.apply(category)) }),
      element(document, "text", { x: x + 9, y: y + 4 }, name),
    );
    x += 28 + textWidth(name);
  }
  return rows;
}

const pieces = 60;

/** A small plot of its own, whose axis is the scale. */
function band(document: Document, scale: Plot.Scale, start: number, tickFormat: Plot.ScaleOptions["tickFormat"]): Element {
  const domain = [...scale.domain!].map(Number);
  const [low, high] = [Math.min(...domain), Math.max(...domain)];
  const end = (i: number): number => low + ((high - low) * i) / pieces;
  const draw = (room: Plot.ScaleOptions) =>
    Plot.plot({
      document,
      width: 240,
      height: 30,
      margin: 0,
      marginLeft: 20,
      marginRight: 20,
      marginBottom: 20,
      x: { domain: [low, high], label: null, tickSize: 4, tickFormat, ...room },
      y: { axis: null },
      // pieces overlap a little, so that nothing shines through between them
      marks: [
        Plot.rect(
          Array.from({ length: pieces }, (_, i) => i),
          { x1: end, x2: (i) => end(i + 1), y1: 0, y2: 1, fill: (i) => scale.apply(end(i + 0.5)), insetRight: -0.6 },
        ),
      ],
    });
  const made = draw(tickRoom(draw({})));
  const group = element(document, "g", { transform: `translate(${Math.max(0, start - 20)}, -5)`, "text-anchor": "middle" });
  group.append(...Array.from(made.children).filter((child) => child.localName !== "style"));
  return group;
}

function element(document: Document, name: string, attributes: Record<string, string | number>, text = ""): Element {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  made.textContent = text;
  return made;
}
