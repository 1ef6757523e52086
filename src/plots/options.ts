/**
 * What a picture is made of: the options of Observable Plot that serve here, by the names that they have there. They are spelled out because Plot's own
 * types name those of other packages, which every program that uses ours would need.
 */

/** How values become places or colours, and what is written beside an axis. */
export interface ScaleOptions {
  readonly type?: string;
  readonly domain?: Iterable<unknown>;
  readonly range?: Iterable<unknown>;
  readonly scheme?: string;
  /** The colour of what has none. */
  readonly unknown?: string;
  readonly pivot?: number;
  readonly symmetric?: boolean;
  readonly base?: number;
  readonly nice?: boolean | number;
  readonly zero?: boolean;
  readonly clamp?: boolean;
  readonly reverse?: boolean;
  readonly percent?: boolean;
  readonly inset?: number;
  readonly padding?: number;
  /** A key to the colours, in the picture. */
  readonly legend?: boolean;
  readonly axis?: "top" | "right" | "bottom" | "left" | "both" | boolean | null;
  readonly grid?: boolean;
  readonly line?: boolean;
  readonly label?: string | null;
  readonly labelAnchor?: string;
  readonly labelArrow?: string | boolean;
  readonly labelOffset?: number;
  readonly ticks?: number | Iterable<unknown>;
  readonly tickSize?: number;
  readonly tickSpacing?: number;
  readonly tickRotate?: number;
  readonly tickFormat?: string | ((value: never, index: number) => unknown) | null;
}

export interface PlotOptions {
  /** Values that functions of Plot make: `Plot.line(…)`, `Plot.dot(…)`; or lists of them. */
  readonly marks?: readonly unknown[];
  readonly width?: number;
  readonly height?: number;
  /** Height over width of a unit: 1 draws circles round. */
  readonly aspectRatio?: number | boolean | null;
  readonly margin?: number;
  readonly marginTop?: number;
  readonly marginRight?: number;
  readonly marginBottom?: number;
  readonly marginLeft?: number;
  readonly inset?: number;
  readonly grid?: boolean;
  readonly axis?: ScaleOptions["axis"];
  readonly clip?: boolean;
  readonly style?: Readonly<Record<string, string | number>>;
  readonly x?: ScaleOptions;
  readonly y?: ScaleOptions;
  readonly r?: ScaleOptions;
  readonly color?: ScaleOptions;
  readonly opacity?: ScaleOptions;
  readonly symbol?: ScaleOptions;
  readonly length?: ScaleOptions;
  readonly fx?: ScaleOptions;
  readonly fy?: ScaleOptions;
}
