/** Pictures made of images. Needs Node: images are written by sharp. */
import { type NdArray, toNumbers } from "../../array/index.ts";
import { type Figure, type SheetOptions, sheet } from "../../plots/index.ts";

type Words = Pick<Figure, "name" | "title" | "caption">;

/** Images [n, D] in lines of `columns`, with words beside the lines. */
export const gridFigure = async (
  words: Words,
  images: NdArray,
  shape: readonly number[],
  columns: number,
  options?: SheetOptions,
): Promise<Figure> => ({
  ...words,
  svg: await sheet(toNumbers(images), shape, columns, options),
});

/** Originals and their reconstructions, below each other in pairs of lines. */
export function reconstructionFigure(originals: NdArray, reconstructions: NdArray, shape: readonly number[]): Promise<Figure> {
  const columns = Math.min(12, originals.shape[0]);
  const size = originals.shape[1];
  const pairs = Math.min(3, Math.floor(originals.shape[0] / columns));
  const [a, b] = [originals, reconstructions].map((x) => toNumbers(x));
  const line = (x: readonly number[], i: number): readonly number[] => x.slice(i * columns * size, (i + 1) * columns * size);
  const data = Float32Array.from(Array.from({ length: pairs }, (_, i) => [...line(a, i), ...line(b, i)]).flat());
  return gridFigure(
    {
      name: "reconstructions",
      title: "Reconstructions",
      caption: "Lines in pairs: test images, and below each what the decoder makes of the mean of q(z|x).",
    },
    { dtype: "f32", shape: [pairs * 2 * columns, size], data },
    shape,
    columns,
    { lines: Array.from({ length: pairs }, () => ["data", "decoded"]).flat() },
  );
}
