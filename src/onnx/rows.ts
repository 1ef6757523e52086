/**
 * Models for any number of rows. Programs have static shapes; a model for all of them is found by writing the program for three numbers of
 * rows b and comparing: integers that change must be p + q b, which the model then computes from its first input.
 */

import { TensorError } from "../errors.ts";
import { attributeProto, type Onnx, onnx } from "../tensor/proto.ts";

type Graph = Onnx.IGraphProto;
type Tensor = Onnx.ITensorProto;
type Node = Onnx.INodeProto;

/** Primes, so that no other length of a program is taken for the number of rows. */
export const probes = [1009, 1013, 1021] as const;

type Three<T> = readonly [T, T, T];
export const each = <T, U>([a, b, c]: Three<T>, f: (x: T) => U): Three<U> => [f(a), f(b), f(c)];

const int64 = onnx.TensorProto.DataType.INT64;

/**
 * One graph from the graphs that a program has for `probes` rows. Every input of rank 1 or more has the rows as its first axis.
 * @throws  TensorError if the program depends on the number of rows in another way than through its shapes
 */
export function anyRows(given: Three<Graph>): Graph {
  const graphs = each(given, (g) => ({ ...g, node: (g.node ?? []).map(unshaped) }));
  const [first] = graphs;
  const same = (part: (g: Graph) => unknown): boolean => {
    const [a, ...others] = graphs.map((g) => JSON.stringify(part(g)));
    return others.every((b) => a === b);
  };
  if (!same((g) => g.node)) fail("its operators change with them");
  if (!same((g) => (g.initializer ?? []).map((t) => t.name))) fail("its constants change with them");
  const rows = (first.input ?? []).find((i) => (i.type?.tensorType?.shape?.dim ?? []).length > 0);
  if (!rows) fail("no input has rows");
  const added: Node[] = [
    {
      opType: "Shape",
      input: [rows.name as string],
      output: ["rows"],
      attribute: [attributeProto("start", 0), attributeProto("end", 1)],
    },
  ];
  const kept: Tensor[] = [];
  for (const [i, t] of (first.initializer ?? []).entries()) {
    const versions = each(graphs, (g) => (g.initializer ?? [])[i]);
    if (versions.every((v) => equalBytes(v.rawData, t.rawData))) kept.push(t);
    else if (t.dataType === int64 && equal(versions.map((v) => v.dims))) affine(versions, added, kept);
    else filled(versions, added, kept);
  }
  const info = (part: "input" | "output"): Onnx.IValueInfoProto[] =>
    (first[part] ?? []).map((port, i) =>
      symbolic(
        port,
        graphs.map((g) => dims((g[part] ?? [])[i])),
      ),
    );
  return { ...first, node: [...added, ...(first.node ?? [])], initializer: kept, input: info("input"), output: info("output") };
}

/** A node whose branches and bodies leave the shapes of what they take and give to the runtime: these may be the rows. */
function unshaped(n: Node): Node {
  const bare = (port: Onnx.IValueInfoProto): Onnx.IValueInfoProto => ({
    ...port,
    type: { tensorType: { elemType: port.type?.tensorType?.elemType } },
  });
  const inner = (g: Graph): Graph => ({
    ...g,
    node: (g.node ?? []).map(unshaped),
    input: (g.input ?? []).map(bare),
    output: (g.output ?? []).map(bare),
  });
  return { ...n, attribute: n.attribute?.map((a) => (a.g ? { ...a, g: inner(a.g) } : a)) };
}

function fail(why: string): never {
  throw new TensorError(`toOnnx: the program cannot be written for any number of rows: ${why}`);
}

/** Integers p + q b, as `p + q · rows`. */
function affine(versions: Three<Tensor>, added: Node[], kept: Tensor[]): void {
  const [a, b, c] = versions.map(integers);
  const slopes = a.map((v, i) => (b[i] - v) / (probes[1] - probes[0]));
  const offsets = a.map((v, i) => v - slopes[i] * probes[0]);
  if (slopes.some((q, i) => !Number.isInteger(q) || offsets[i] + q * probes[2] !== c[i])) fail("a shape is not linear in them");
  const [{ name, dims }] = versions;
  const tensor = (suffix: string, values: readonly number[]): string => {
    const rawData = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
    kept.push({ name: `${name}_${suffix}`, dataType: int64, dims, rawData });
    return `${name}_${suffix}`;
  };
  const product = `${name}_rows`;
  const scalar = (dims ?? []).length === 0;
  added.push({ opType: "Mul", input: ["rows", tensor("slope", slopes)], output: [product] });
  const sum = scalar ? `${name}_sum` : (name as string);
  added.push({ opType: "Add", input: [product, tensor("offset", offsets)], output: [sum] });
  if (scalar) added.push({ opType: "Squeeze", input: [sum], output: [name as string] });
}

/** An array whose length changes and whose elements are all the same: one of them, expanded. */
function filled(versions: Three<Tensor>, added: Node[], kept: Tensor[]): void {
  const [t] = versions;
  const count = lengths(t).reduce((n, d) => n * d, 1);
  const bytes = t.rawData as Uint8Array;
  const size = bytes.length / Math.max(1, count);
  const one = bytes.slice(0, size);
  const constant = versions.every((v) => {
    const data = v.rawData as Uint8Array;
    for (let i = 0; i < data.length; i++) if (data[i] !== one[i % size]) return false;
    return true;
  });
  if (!constant || count === 0 || equal(versions.map((v) => v.dims))) fail("the values of a constant change with them");
  const asTensor = (shape: number[]): Tensor => ({
    name: `${t.name}_shape`,
    dataType: int64,
    dims: [shape.length],
    rawData: new Uint8Array(BigInt64Array.from(shape, BigInt).buffer),
  });
  affine(
    each(versions, (v) => asTensor(lengths(v))),
    added,
    kept,
  );
  kept.push({ name: `${t.name}_value`, dataType: t.dataType, dims: [], rawData: one });
  added.push({ opType: "Expand", input: [`${t.name}_value`, `${t.name}_shape`], output: [t.name as string] });
}

const lengths = (t: Tensor): number[] => (t.dims ?? []).map(Number);

function integers({ rawData }: Tensor): number[] {
  const bytes = (rawData as Uint8Array).slice();
  return Array.from(new BigInt64Array(bytes.buffer), Number);
}

const dims = (port: Onnx.IValueInfoProto): number[] => (port.type?.tensorType?.shape?.dim ?? []).map((d) => Number(d.dimValue));

/** Lengths that change get a name: "rows", or "3*rows+1". */
function symbolic(port: Onnx.IValueInfoProto, shapes: readonly number[][]): Onnx.IValueInfoProto {
  const dim = shapes[0].map((n, axis) => {
    const slope = (shapes[1][axis] - n) / (probes[1] - probes[0]);
    const offset = n - slope * probes[0];
    if (slope === 0) return { dimValue: n };
    return { dimParam: `${slope === 1 ? "" : `${slope}*`}rows${offset === 0 ? "" : `+${offset}`}` };
  });
  return { ...port, type: { tensorType: { ...port.type?.tensorType, shape: { dim } } } };
}

const equal = (values: readonly unknown[]): boolean => values.every((v) => JSON.stringify(v) === JSON.stringify(values[0]));

function equalBytes(a: Uint8Array | null | undefined, b: Uint8Array | null | undefined): boolean {
  if (a?.length !== b?.length) return false;
  for (let i = 0; i < (a?.length ?? 0); i++) if (a?.[i] !== b?.[i]) return false;
  return true;
}
