/** Sheets of pictures: samples, ways, restorations, neighbours. */
import { type NdArray, sizeOf } from "../../../array/index.ts";
import { type Figure, sheet } from "../../../plots/index.ts";

/** Some pictures of a set, one after another. */
const taken = ({ data, shape }: NdArray<"f32">, from: number, count: number): number[] => {
  const d = sizeOf(shape.slice(1));
  return Array.from(data.subarray(from * d, (from + count) * d));
};

/** Made pictures. @param x  [n, C, H, W] in [0, 1], as all here */
export async function samplesFigure(x: NdArray<"f32">, kind: "samples" | "begins" = "samples"): Promise<Figure> {
  const [n, ...shape] = x.shape;
  const columns = Math.min(n, shape[2] <= 32 ? 14 : 8);
  const count = Math.min(n, columns * 8);
  const words = {
    samples: { title: "Samples", caption: "Pictures that the model made, none chosen." },
    begins: { title: "To begin with", caption: "The pictures that those above were made from." },
  };
  return { name: kind, ...words[kind], svg: await sheet(taken(x, 0, count - (count % columns)), shape, columns) };
}

/** A line for each picture on its way, the start first. */
export async function waysFigure(ways: readonly NdArray<"f32">[], start: string): Promise<Figure> {
  const [n, ...shape] = ways[0].shape;
  const images = Array.from({ length: n }, (_, i) => ways.flatMap((x) => taken(x, i, 1))).flat();
  return {
    name: "ways",
    title: "From start to picture",
    caption: `Each line is one picture on its way: ${start} at the left, the picture at the right, at times as even as the steps of the solver allow.`,
    svg: await sheet(images, shape, ways.length),
  };
}

/** A picture of each kind below each other. */
export async function restoredFigure(kinds: readonly { readonly name: string; readonly x: NdArray<"f32"> }[]): Promise<Figure> {
  const [n, ...shape] = kinds[0].x.shape;
  const columns = Math.min(n, shape[2] <= 32 ? 12 : 6);
  const lines = Math.min(2, Math.floor(n / columns));
  const images = Array.from({ length: lines }, (_, line) => kinds.flatMap(({ x }) => taken(x, line * columns, columns))).flat();
  return {
    name: "restored",
    title: "Before, after and truth",
    caption:
      "Held-out pictures, none chosen: what is known of them, what is made of it without a model, what the model makes of it, and the picture.",
    svg: await sheet(images, shape, columns, { lines: Array.from({ length: lines }, () => kinds.map(({ name }) => name)).flat() }),
  };
}

/** Samples above the training pictures that are nearest to them. */
export async function neighboursFigure(samples: NdArray<"f32">, neighbours: NdArray<"f32">): Promise<Figure> {
  const [n, ...shape] = neighbours.shape;
  return {
    name: "neighbours",
    title: "Samples and their nearest training pictures",
    caption: "By all pixels. A model that copies has the same picture twice.",
    svg: await sheet([...taken(samples, 0, n), ...taken(neighbours, 0, n)], shape, n, { lines: ["samples", "training"] }),
  };
}
