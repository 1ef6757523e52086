/** Layers of a traced loss, as plain data. */
export interface Layer {
  readonly weight: string;
}
export interface Curvature {
  readonly layers: readonly Layer[];
}
