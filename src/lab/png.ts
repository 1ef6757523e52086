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
  const image = new Resvg(drawable(svg), {
    background: "white",
    fitTo: { mode: "zoom", value: scale },
    font: { fontFiles, defaultFontFamily: "Inter", sansSerifFamily: "Inter" },
  });
  return image.render().asPng();
}

/** Farther out than any picture is wide. */
const farthest = 1e5;

/** What resvg can draw: it reads no CSS variables, and numbers without bound are more than it can hold. */
function drawable(svg: string): string {
  // resvg reads no CSS variables, and takes currentColor from the attribute `color`
  const plain = svg.replaceAll("var(--plot-background)", "white").replace("<svg ", '<svg color="#1b1e23" ');
  return plain.replace(/\s(d|points|transform|[cr]?[xy][12]?)="([^"]*)"/g, (_, name: string, value: string) => {
    const near = value.replace(/-?(\d+(\.\d+)?(e[-+]?\d+)?|Infinity)/gi, (n) =>
      Math.abs(Number(n)) > farthest ? String(Math.sign(Number(n)) * farthest) : n,
    );
    return ` ${name}="${near}"`;
  });
}
