/**
 * A demo: a method at a size that a page computes while one looks. It is a value, run step by step by whoever shows it: a worker of the page,
 * or a test in Node, with the same numbers from the same seed. What it shows is plain data; how that is drawn is the page's.
 */

/** Something that people may set before it starts. */
export type Control =
  | {
      readonly kind: "range";
      readonly key: string;
      readonly label: string;
      readonly min: number;
      readonly max: number;
      readonly step: number;
      readonly value: number;
      readonly help?: string;
    }
  | {
      readonly kind: "choice";
      readonly key: string;
      readonly label: string;
      readonly choices: readonly { readonly value: string; readonly label: string }[];
      readonly value: string;
      readonly help?: string;
    }
  | { readonly kind: "switch"; readonly key: string; readonly label: string; readonly value: boolean; readonly help?: string }
  | { readonly kind: "text"; readonly key: string; readonly label: string; readonly value: string; readonly help?: string }
  /** Clouds that people draw in a square [-1, 1]²: between `least` and `most` of them. */
  | {
      readonly kind: "clouds";
      readonly key: string;
      readonly label: string;
      readonly least: number;
      readonly most: number;
      readonly value: readonly (readonly (readonly [number, number])[])[];
      readonly help?: string;
    }
  /** A file of theirs, dropped or chosen; without one the demo takes an example of its own. */
  | { readonly kind: "file"; readonly key: string; readonly label: string; readonly accept: string; readonly help?: string };

/** Settings by key: numbers, texts, switches, clouds, or the file. */
export type Settings = Readonly<Record<string, unknown>>;
export interface GivenFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** A picture as data. Arrays may be typed; coordinates are those of the problem. */
export type Panel =
  /** Points in the plane [n, 2], one colour a group; with an outline behind them (a density, levels as polygons) where there is one. */
  | {
      readonly kind: "points";
      readonly title: string;
      readonly x: readonly [number, number];
      readonly y: readonly [number, number];
      readonly groups: readonly {
        readonly label: string;
        readonly points: Float32Array;
        /** Index into the palette, size in pixels, opacity. */
        readonly color: number;
        readonly size?: number;
        readonly opacity?: number;
        /** Joins consecutive points by a line, which a point that is no number (NaN) breaks: many lines may be one group. */
        readonly joined?: boolean;
      }[];
    }
  /** Curves by x, with a band where low and high are given. */
  | {
      readonly kind: "curves";
      readonly title: string;
      readonly xLabel: string;
      readonly yLabel: string;
      readonly log?: boolean;
      readonly series: readonly {
        readonly label: string;
        readonly x: readonly number[];
        readonly y: readonly number[];
        readonly low?: readonly number[];
        readonly high?: readonly number[];
        readonly color?: number;
        readonly dashed?: boolean;
      }[];
    }
  /** Bars of a histogram, [edges n + 1], one or several over each other. */
  | {
      readonly kind: "bars";
      readonly title: string;
      readonly xLabel: string;
      readonly yLabel: string;
      readonly edges: readonly number[];
      readonly series: readonly { readonly label: string; readonly heights: readonly number[]; readonly color?: number }[];
    }
  /** Grey (1 channel) or RGB images [n, height, width, channels] in 0 … 255, with a caption each. */
  | {
      readonly kind: "images";
      readonly title: string;
      readonly width: number;
      readonly height: number;
      readonly channels: 1 | 3;
      readonly pixels: Uint8Array;
      readonly captions: readonly string[];
      readonly columns: number;
      /** Not shown sharp until the reader asks. */
      readonly blurred?: boolean;
    }
  /** Texts in the order of weight; each piece may have a tint in -1 … 1 (what it added to the score). */
  | {
      readonly kind: "texts";
      readonly title: string;
      readonly rows: readonly {
        readonly label: string;
        readonly pieces: readonly { readonly text: string; readonly tint?: number }[];
      }[];
    }
  /** Who descends from whom: parents[t][i] is the index at t of the ancestor of particle i at t + 1. */
  | {
      readonly kind: "genealogy";
      readonly title: string;
      readonly parents: readonly (readonly number[])[];
      readonly weights?: readonly (readonly number[])[];
    }
  /** A table of words and numbers. */
  | {
      readonly kind: "table";
      readonly title: string;
      readonly columns: readonly string[];
      readonly rows: readonly (readonly (string | number)[])[];
    };

export interface Quantity {
  readonly name: string;
  readonly value: number | string;
  /** Standard error. */
  readonly error?: number;
  readonly note?: string;
}

/** What there is to see now. */
export interface Frame {
  /** 0 … 1, and what is going on. */
  readonly progress: number;
  readonly label: string;
  readonly numbers: readonly Quantity[];
  readonly panels: readonly Panel[];
  /** Said before the numbers. */
  readonly cautions: readonly string[];
}

export interface TakeAway {
  readonly name: string;
  readonly type: string;
  readonly bytes: Uint8Array;
}

/** A demo that is going on. */
export interface Running {
  /** Works for about a tenth of a second; undefined when there is nothing left to do. */
  next(): Promise<Frame | undefined>;
  /** Files to take away: at the end, or so far. */
  files(): readonly TakeAway[] | Promise<readonly TakeAway[]>;
}

/** Loads a file of the page (the built-in language model, digits): by name, given by whoever runs the demo. */
export type Assets = (name: string) => Promise<Uint8Array>;

/** A demo before its code is loaded. */
export interface Registered {
  readonly title: string;
  /** Two or three sentences: what one sees, and what to try. */
  readonly about: string;
  readonly load: () => Promise<Demo>;
}

export interface Demo {
  readonly name: string;
  /** The page of docs/ that tells more. */
  readonly docs: string;
  readonly controls: readonly Control[];
  /** The command that does the same at full size. */
  readonly command: (settings: Settings) => string;
  /** @throws UserError  for settings or files that cannot be worked with */
  readonly start: (settings: Settings, seed: number, assets: Assets) => Promise<Running>;
}
