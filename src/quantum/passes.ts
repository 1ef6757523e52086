/**
 * Operations gathered into passes over the state: rotations of a row are one pass, and so are phases with the row of CX that follows.
 * An operation joins the earliest pass of its kind behind whatever has touched its qubits.
 */
import type { Angle, Circuit } from "./circuit.ts";
import { type Operation, operationsOf } from "./operations.ts";

type Of<Kind extends Operation["kind"]> = Extract<Operation, { kind: Kind }>;

/** Angles of a row, by qubit; those of one qubit add up. */
export type Row = ReadonlyMap<number, readonly Angle[]>;

export type Pass =
  | { readonly kind: "ry"; readonly row: Row }
  /** RZ by row, then k -> k ^ ((k & mask) << 1). */
  | { readonly kind: "diagonal"; readonly row: Row; readonly mask: number }
  /** Any sequence of X and CX. */
  | { readonly kind: "linear"; readonly flips: readonly Of<"flip">[] }
  | Of<"flip" | "phase" | "table" | "depolarize">;

const bitsOf = (mask: number): readonly number[] => Array.from({ length: 32 }, (_, j) => j).filter((j) => (mask >>> j) & 1);

function qubitsOf(operation: Operation, n: number): readonly number[] {
  switch (operation.kind) {
    case "ry":
    case "rz":
      return [operation.qubit];
    case "flip":
      return [...bitsOf(operation.controls), operation.target];
    case "phase":
      return bitsOf(operation.mask);
    case "table":
      return Array.from({ length: n }, (_, j) => j);
    case "depolarize":
      return operation.bits.flat();
  }
}

/** Kinds whose operations share a pass. */
type Shared = "ry" | "rz" | "linear";
const sharedKind = (o: Operation): Shared | undefined =>
  o.kind === "ry" || o.kind === "rz" ? o.kind : o.kind === "flip" && (o.controls & (o.controls - 1)) === 0 ? "linear" : undefined;

/** Passes that give the probabilities of a circuit: what cannot change them, at its beginning and its end, is left out. */
export const passesOf = (circuit: Circuit): readonly Pass[] => schedule(circuit.gates.flatMap(operationsOf), circuit.qubits);

/** @param whole  keeps what changes only phases: for amplitudes, not probabilities */
export function schedule(operations: readonly Operation[], n: number, whole = false): readonly Pass[] {
  const gathered: { readonly kind: Shared | undefined; readonly operations: [Operation, ...Operation[]] }[] = [];
  const last = new Array<number>(n).fill(0);
  for (const operation of operations) {
    const kind = sharedKind(operation);
    const qubits = qubitsOf(operation, n);
    let at = Math.max(...qubits.map((q) => last[q]));
    // a pass of the same kind that touched these qubits last is open to them still
    while (at < gathered.length && (kind === undefined || gathered[at].kind !== kind)) at++;
    if (at === gathered.length) gathered.push({ kind, operations: [operation] });
    else gathered[at].operations.push(operation);
    for (const q of qubits) last[q] = at;
  }
  const passes = gathered.map(({ operations }) => passOf(operations));
  return fused(whole ? passes : useful(passes));
}

function passOf([first, ...rest]: readonly [Operation, ...Operation[]]): Pass {
  if (first.kind === "flip")
    return sharedKind(first) ? { kind: "linear", flips: [first, ...rest.filter((o) => o.kind === "flip")] } : first;
  if (!("qubit" in first)) return first;
  const row = new Map<number, Angle[]>();
  for (const o of [first, ...rest]) if (o.kind === first.kind) row.set(o.qubit, [...(row.get(o.qubit) ?? []), o.angle]);
  return first.kind === "ry" ? { kind: "ry", row } : { kind: "diagonal", row, mask: 0 };
}

/** Of |0…0> they make only a phase. */
const inert = (pass: Pass): boolean =>
  pass.kind === "diagonal" ||
  pass.kind === "phase" ||
  pass.kind === "table" ||
  (pass.kind === "linear" && pass.flips.every((f) => f.controls));

function useful(passes: readonly Pass[]): readonly Pass[] {
  const start = passes.findIndex((pass) => !inert(pass));
  const permutes = (pass: Pass): boolean => pass.kind === "linear" || pass.kind === "flip";
  const turns = (pass: Pass): boolean => pass.kind === "diagonal" || pass.kind === "phase" || pass.kind === "table";
  const end = passes.findLastIndex((pass) => !permutes(pass) && !turns(pass));
  return passes.filter((pass, at) => start >= 0 && at >= start && (at <= end || permutes(pass)));
}

/** Phases and the row of CX behind them as one. */
function fused(passes: readonly Pass[]): readonly Pass[] {
  const result: Pass[] = [];
  for (const pass of passes) {
    const mask = pass.kind === "linear" ? rowMask(pass.flips) : undefined;
    const before = result.at(-1);
    if (mask === undefined) result.push(pass);
    else if (before?.kind === "diagonal" && before.mask === 0) result[result.length - 1] = { ...before, mask };
    else result.push({ kind: "diagonal", row: new Map(), mask });
  }
  return result;
}

/** The controls, if all flips are CX(j, j + 1) and none touches the qubits of another. */
function rowMask(flips: readonly Of<"flip">[]): number | undefined {
  let mask = 0;
  for (const { controls, target } of flips) {
    const pair = controls | (1 << target);
    if (controls === 0 || controls << 1 !== 1 << target || ((mask | (mask << 1)) & pair) !== 0) return undefined;
    mask |= controls;
  }
  return mask;
}

/** k -> A k ^ b of flips one after the other, as images of unit vectors and b. */
export function linearMap(flips: readonly Of<"flip">[], n: number): { readonly images: readonly number[]; readonly offset: number } {
  const moved = (k: number): number => {
    for (const { controls, target } of flips) if ((k & controls) === controls) k ^= 1 << target;
    return k;
  };
  const offset = moved(0);
  return { images: Array.from({ length: n }, (_, j) => moved(1 << j) ^ offset), offset };
}
