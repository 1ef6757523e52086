/** One image of a panel, as a canvas takes it. */
import type { Panel } from "../../src/demos/demo.ts";

export function imageOf({ width, height, channels, pixels }: Extract<Panel, { kind: "images" }>, index: number): ImageData {
  const image = new ImageData(width, height);
  const from = index * width * height * channels;
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < 3; c++) image.data[4 * i + c] = pixels[from + i * channels + Math.min(c, channels - 1)];
    image.data[4 * i + 3] = 255;
  }
  return image;
}
