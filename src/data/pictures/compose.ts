/** Frames of an animated PNG laid over one another. */
import { allocate, ndarray } from "../../array/ndarray.ts";
import type { PngAnimation, PngFrame } from "../../png/frames.ts";
import type { PictureFrame } from "./picture.ts";

/** Colours and alpha of the whole canvas. */
interface Canvas {
  readonly colours: Float32Array<ArrayBuffer>;
  readonly alpha: Float32Array<ArrayBuffer>;
}

/**
 * The whole canvas as it is seen while each part is shown.
 *
 * @param parts  decoded, with alpha unless they are opaque
 * @source  PNG specification, third edition, section 11.3.4.2: disposal and blending
 */
export function composed({ width, height, frames }: PngAnimation, parts: readonly PictureFrame[]): PictureFrame[] {
  const channels = parts[0].colours.shape[0];
  let canvas: Canvas = {
    colours: allocate("f32", [channels, height, width]).data,
    alpha: allocate("f32", [height, width]).data,
  };
  return frames.map((place, k) => {
    const below = canvas;
    const shown = { colours: below.colours.slice(), alpha: below.alpha.slice() };
    lay(shown, parts[k], place, width, height);
    // what there is to restore before the first frame is an empty canvas
    canvas = place.dispose === "restore" ? below : place.dispose === "clear" ? cleared(shown, place, width, height) : shown;
    return { colours: ndarray(shown.colours, [channels, height, width], "f32"), alpha: ndarray(shown.alpha, [height, width], "f32") };
  });
}

/** out = part over canvas: α = a + b (1 - a), α c = a c_part + b (1 - a) c_canvas. */
function lay(
  canvas: Canvas,
  { colours, alpha }: PictureFrame,
  { x, y, width: w, height: h, blend }: PngFrame,
  width: number,
  height: number,
): void {
  const channels = colours.shape[0];
  for (let i = 0; i < h; i++)
    for (let j = 0; j < w; j++) {
      const from = i * w + j;
      const to = (y + i) * width + x + j;
      const a = alpha?.data[from] ?? 1;
      const b = blend === "over" ? canvas.alpha[to] * (1 - a) : 0;
      for (let c = 0; c < channels; c++) {
        const [part, below] = [colours.data[c * h * w + from], canvas.colours[c * height * width + to]];
        canvas.colours[c * height * width + to] = b === 0 ? (blend === "over" && a === 0 ? below : part) : (a * part + b * below) / (a + b);
      }
      canvas.alpha[to] = a + b;
    }
}

function cleared({ colours, alpha }: Canvas, { x, y, width: w, height: h }: PngFrame, width: number, height: number): Canvas {
  const result = { colours: colours.slice(), alpha: alpha.slice() };
  for (let i = y; i < y + h; i++) {
    result.alpha.fill(0, i * width + x, i * width + x + w);
    for (let c = 0; c < colours.length / (width * height); c++)
      result.colours.fill(0, (c * height + i) * width + x, (c * height + i) * width + x + w);
  }
  return result;
}
