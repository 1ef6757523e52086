/** A second reading of a graph file. */

/** What a second reader takes from a file. */
export interface SecondReading {
  /** What the file was read with. */
  readonly by: string;
  /** What it says; undefined: nothing. */
  readonly directed?: boolean;
  /** Every vertex it lists besides those on edges. */
  readonly vertices?: readonly string[];
  /** Rows as they stand: the ends, then the values beside them. The first may be a heading. */
  readonly rows: AsyncIterable<SecondRow>;
  /** The values beside vertices; undefined: none are compared. */
  readonly attributes?: readonly Attribute[];
  /** Values stand in the order of the names of their columns, and numbers are what they mean, not how they are written. */
  readonly byName?: boolean;
}

/** A value beside a vertex. */
export type Attribute = readonly [vertex: string, column: string, value: string];

/** Two ends and values; undefined where there is none. */
export type SecondRow = readonly [string, string, ...(string | undefined)[]];

/** How the ends of edges are found. */
export interface SecondOptions {
  readonly columns?: readonly number[];
  /** Whether columns beside the ends are compared too. */
  readonly beside?: boolean;
  /** Whether vertices of GML and Pajek are called by their labels or by numbers; default labels that tell them apart. */
  readonly ids?: "auto" | "number" | "name";
  /** A table of vertices beside the file. */
  readonly vertexTable?: string;
  /** What is in the file, no longer compressed. */
  readonly bytes: AsyncIterable<Uint8Array>;
}
