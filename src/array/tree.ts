/**
 * Trees: a leaf, or plain objects and arrays of trees. Programs take and return trees, so that parameters keep the shape their
 * author gave them. Object keys are visited in sorted order: two objects with the same keys have the same structure.
 */
import { TensorError } from "../errors.ts";

/** What is left of a tree when its leaves are taken out: enough to put others in. */
export type Structure =
  | "leaf"
  | { readonly list: readonly Structure[] }
  | { readonly keys: readonly string[]; readonly values: readonly Structure[] };

interface Flat<L> {
  readonly leaves: L[];
  readonly structure: Structure;
}

/** Splits a tree into its leaves, in order, and its structure. `isLeaf` says what a leaf is; everything else must be a container. */
export function flatten<L>(tree: unknown, isLeaf: (x: unknown) => x is L): Flat<L> {
  const leaves: L[] = [];
  const visit = (x: unknown, path: string): Structure => {
    if (isLeaf(x)) {
      leaves.push(x);
      return "leaf";
    }
    if (Array.isArray(x)) return { list: x.map((v, i) => visit(v, `${path}[${i}]`)) };
    if (x !== null && typeof x === "object" && (Object.getPrototypeOf(x) === Object.prototype || Object.getPrototypeOf(x) === null)) {
      const keys = Object.keys(x).sort();
      return { keys, values: keys.map((k) => visit((x as Record<string, unknown>)[k], path ? `${path}.${k}` : k)) };
    }
    const what = x === null ? "null" : typeof x === "object" ? (x.constructor?.name ?? "an object") : typeof x;
    throw new TensorError(`${path || "value"} is ${what}, not an array, a plain object or a tensor`);
  };
  const structure = visit(tree, "");
  return { leaves, structure };
}

/** Inverse of `flatten`. */
export function unflatten<T>(structure: Structure, leaves: readonly unknown[]): T {
  let next = 0;
  const build = (s: Structure): unknown => {
    if (s === "leaf") return leaves[next++];
    if ("list" in s) return s.list.map(build);
    return Object.fromEntries(s.keys.map((k, i) => [k, build(s.values[i])]));
  };
  return build(structure) as T;
}

/** Names of the leaves, as paths: `{a: [x, y]}` has "a.0" and "a.1". */
export function leafPaths(structure: Structure): string[] {
  const paths: string[] = [];
  const visit = (s: Structure, path: string): void => {
    const child = (key: string | number) => (path ? `${path}.${key}` : `${key}`);
    if (s === "leaf") paths.push(path || "value");
    else if ("list" in s) s.list.forEach((v, i) => visit(v, child(i)));
    else s.values.forEach((v, i) => visit(v, child(s.keys[i])));
  };
  visit(structure, "");
  return paths;
}

/** A tensor, symbolic or concrete: what the leaves of parameter trees are. */
export const isArrayLeaf = (x: unknown): x is { readonly dtype: string; readonly shape: readonly number[] } =>
  x !== null && typeof x === "object" && "dtype" in x && "shape" in x;

/** Applies f leaf by leaf to trees of the first one's structure; after the leaves, f gets their path. */
export function mapTree<R, L extends unknown[] = never[]>(f: (...leaves: L) => unknown, tree: unknown, ...others: readonly unknown[]): R {
  const { leaves, structure } = flatten(tree, isArrayLeaf);
  const paths = leafPaths(structure);
  const rest = others.map((other) => {
    const flat = flatten(other, isArrayLeaf);
    if (JSON.stringify(flat.structure) !== JSON.stringify(structure))
      throw new TensorError(`trees differ: one has ${paths.join(", ")}, another ${leafPaths(flat.structure).join(", ")}`);
    return flat.leaves;
  });
  const results = leaves.map((x, i) => {
    const given: unknown[] = [x, ...rest.map((l) => l[i]), paths[i]];
    return f(...(given as L));
  });
  return unflatten<R>(structure, results);
}
