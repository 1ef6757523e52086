import { flatten, type Structure } from "../../array/tree.ts";
import { describe, fail, sameShape } from "../primitive.ts";
import type { Tensor } from "../tensor.ts";
import { type Program, substitute } from "../walk.ts";
import { liftOne, placeholder, type Value } from "./constant.ts";

export const isValue = (x: unknown): x is Value =>
  typeof x === "number" || typeof x === "boolean" || (x !== null && typeof x === "object" && "dtype" in x && "shape" in x);

/** Leaves of a tree as tensors, and its structure. */
export function tensors(operation: string, tree: unknown): { leaves: Tensor[]; structure: Structure } {
  const { leaves, structure } = flatten<Value>(tree, isValue);
  return { leaves: leaves.map((v) => liftOne(operation, v)), structure };
}

export const fresh = (like: Tensor): Tensor => placeholder(like.dtype, like.shape);

/** Replaces the tensors a program uses from outside by placeholders. */
export function rebind(closure: readonly Tensor[], bound: readonly Tensor[], program: Program): Tensor[] {
  return closure.length
    ? substitute([...program.inputs, ...closure], program.outputs, [...program.inputs, ...bound])
    : [...program.outputs];
}

export function checkCarry(operation: string, before: readonly Tensor[], after: readonly Tensor[]): void {
  const differs = after.findIndex((t, i) => t.dtype !== before[i]?.dtype || !sameShape(t.shape, before[i].shape));
  if (before.length !== after.length) fail(operation, `the carry has ${before.length} leaves before a step and ${after.length} after it`);
  if (differs >= 0)
    fail(operation, `leaf ${differs} of the carry changes from ${describe(before[differs])} to ${describe(after[differs])}`);
}
