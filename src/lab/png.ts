/** SVG to PNG, in Node. */
import { createRequire } from "node:module";

/**
 * PNG of an SVG picture on white, `scale` pixels a unit. Text is set in the Inter that comes along, also where no font is installed;
 * only signs that it lacks (such as the nabla) need one of the system's.
 */
export async function toPng(svg: string, scale = 2): Promise<Uint8Array> {
  const { Resvg } = await import("@resvg/resvg-js");
  const resolve = createRequire(import.meta.url).resolve;
  const fontFiles = ["400Regular/Inter_400Regular", "700Bold/Inter_700Bold"].map((f) => resolve(`@expo-google-fonts/inter/${f}.ttf`));
  // resvg reads no CSS variables, and takes currentColor from the attribute `color`
  const plain = svg.replaceAll("var(--plot-background)", "white").replace("<svg ", '<svg color="#1b1e23" ');
  const image = new Resvg(plain, {
    background: "white",
    fitTo: { mode: "zoom", value: scale },
    font: { fontFiles, defaultFontFamily: "Inter", sansSerifFamily: "Inter" },
  });
  return image.render().asPng();
}
