/** Pictures: figures, legends, room for labels, animation. Nothing here needs Node. */
export { animatedPng } from "../png/animate.ts";
export { type Animation, type Figure, palette, panels, plot } from "./figure.ts";
export type { PlotOptions, ScaleOptions } from "./options.ts";
export { textWidth } from "./text-width.ts";
export { type Raster, type SheetOptions, sheet, tiles } from "./tiles.ts";
