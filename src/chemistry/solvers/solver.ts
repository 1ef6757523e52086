/** Solvers turn the gradient of a flow into a direction for the parameters: v = (F + λ)⁻¹ g, F = Cov(∇_θ log q). */
import type { NdArray } from "../../array/index.ts";
import type { Parameters } from "../ansatz/ansatz.ts";

/** A tree of arrays: what a solver remembers. */
export interface Memory {
  readonly [part: string]: NdArray | Memory;
}

/** What a solver knows of a step. */
export interface Step {
  /** g = w_W g_W + w_FR g_FR, in the order of `flattened`. */
  readonly gradient: Float64Array;
  /** ε_b = (E^clip_b - mean) / √walkers, of which g_FR = O ε. */
  readonly residuals: Float64Array;
  /** What `curvature` of the solver asks of the compiled step. */
  readonly curvature: NdArray | KroneckerArrays | undefined;
  readonly parameters: Parameters<NdArray>;
  /** λ. */
  readonly damping: number;
}

/** Averages of Kronecker factors: see `kroneckerStatistics`. */
export interface KroneckerArrays {
  readonly linear: Readonly<Record<string, { readonly inputs: NdArray; readonly outputs: NdArray }>>;
  readonly other: Readonly<Record<string, NdArray>>;
}

export interface Direction {
  /** v. */
  readonly vector: Float64Array;
  readonly memory: Memory;
  /** The same solver applied to another vector, for diagnostics; absent where it would cost as much as the step. */
  readonly apply?: (vector: Float64Array) => Float64Array;
}

export interface Solver {
  readonly name: SolverName;
  /** What it needs of the wave function: second moments by layer, gradients of single walkers, or neither. */
  readonly curvature: "factors" | "rows" | "none";
  readonly init: (parameters: Parameters<NdArray>) => Memory;
  /** @returns  nothing where the system could not be solved */
  readonly direction: (step: Step, memory: Memory) => Promise<Direction | undefined>;
}

export const solverNames = ["kfac", "sr", "minsr", "robust", "spring", "adam", "lamb"] as const;
export type SolverName = (typeof solverNames)[number];
