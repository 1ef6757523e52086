/** Files of every format that is read, how they are spoilt, and the parsers that must bear it. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { threadId } from "node:worker_threads";
import { crc32, gzipSync, zstdCompressSync } from "node:zlib";
import { Table as ArrowTable, Dictionary, Int32, tableToIPC, Utf8, vectorFromArray } from "apache-arrow";
import sharp from "sharp";
import { array, readNpy, readNpz, readSafetensors, writeNpy, writeNpz, writeSafetensors } from "../../src/array/index.ts";
import { readGraph } from "../../src/data/graph-read.ts";
import { arrowAgain, webGraphAgain } from "../../src/data/graph-second-binary.ts";
import { withVertexTable } from "../../src/data/graph-vertex-table.ts";
import { readWebGraph, webGraphProperties } from "../../src/data/graph-webgraph.ts";
import { openAnnotated } from "../../src/data/h5ad.ts";
import { loadPictures, readPicture } from "../../src/data/index.ts";
import { readTable } from "../../src/data/read.ts";
import { toSnapshots } from "../../src/data/snapshots.ts";
import { FileFormatError, TensorError, UserError } from "../../src/errors.ts";
import { fromOnnx } from "../../src/onnx/index.ts";
import * as pf from "../../src/tensor/index.ts";
import { random } from "../coding/known.ts";
import { apngFile, type Part, pngFile } from "./pictures/png.ts";

type Below = (n: number) => number;

/** A parser with files that it reads. */
interface Target {
  readonly samples: readonly Uint8Array[];
  /** Reads bytes; `below` chooses options. */
  readonly parse: (bytes: Uint8Array, below: Below) => unknown;
  /** Opening a database or another heap takes long: fewer files. */
  readonly slow?: boolean;
}

const text = (s: string): Uint8Array => new TextEncoder().encode(s);
const fixture = (path: string): Uint8Array => new Uint8Array(readFileSync(new URL(path, import.meta.url)));

const folder = mkdtempSync(join(tmpdir(), "pushforward-fuzz-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));

let last = "";
let files = 0;

/** Bytes as a new file that a reader of paths takes: HDF5 takes a path, or a node of the disk, that it has seen for the same file. */
function inFile(ending: string, bytes: Uint8Array): string {
  const path = join(folder, `file${threadId}-${files++}.${ending}`);
  writeFileSync(path, bytes);
  rmSync(last, { force: true });
  last = path;
  return path;
}

const graphFile =
  (ending: string) =>
  (bytes: Uint8Array, below: Below): Promise<unknown> =>
    readGraph(inFile(ending, bytes), {
      memoryLimit: 2 ** 26,
      ids: (["auto", "number", "name"] as const)[below(3)],
      heading: ([undefined, "yes", "no"] as const)[below(3)],
      columns: below(4) === 0 ? [1, 2] : undefined,
      directed: [undefined, true, false][below(3)],
      bipartite: below(8) === 0,
    });

const csv = 'source,target\nann,"b, c"\n"b, c",eve\nann,ann\n';
const edges = "# Directed graph\n0\t1\n1\t2\n2\t2\n10\t4\n";
const valued =
  '# 3 named vertices, 1 directed edges\n# columns: ["w"]\n# vertex columns: ["x","y"]\na\tb\t1.50\n# vertex\ta\t1\t"t, u"\n# vertex\t"c d"\n';
const properties = "graphclass=it.unimi.dsi.webgraph.BVGraph\nnodes=3\narcs=4\nwindowsize=7\nminintervallength=4\nzetak=3\nmaxrefcount=3\n";

const arrays = {
  X: array([
    [1, 2],
    [3, 4.5],
  ]),
  time: array([0, 1], "i64"),
  names: { dtype: "string", shape: [2], data: ["a", "é"] },
} as const;

const noise = sharp(
  Uint8Array.from({ length: 3 * 24 * 12 }, (_, i) => (i * 2654435761) >>> 24),
  {
    raw: { width: 12, height: 24, channels: 3, pageHeight: 12 },
  },
);
const drawings = {
  gif: await noise
    .clone()
    .gif({ delay: [10, 20] })
    .toBuffer(),
  webp: await noise
    .clone()
    .webp({ delay: [10, 20] })
    .toBuffer(),
  jpeg: await noise.clone().jpeg().toBuffer(),
  tiff: await noise.clone().tiff({ compression: "lzw" }).toBuffer(),
};
const parts = ([0, 1, 2] as const).map(
  (k): Part => ({
    x: 0,
    y: k,
    width: 3 - k,
    height: k === 0 ? 3 : 1,
    delay: [1, 10],
    dispose: k,
    blend: 1,
    samples: new Array<number>(36).fill(99),
  }),
);
const pngs = [
  pngFile({ width: 5, height: 4, depth: 16, colour: 6 }, new Array<number>(80).fill(777)),
  pngFile({ width: 5, height: 4, depth: 2, colour: 3 }, new Array<number>(20).fill(1), [
    { type: "PLTE", data: Uint8Array.of(1, 2, 3, 4, 5, 6) },
  ]),
  apngFile(3, 3, parts),
];

/** With right checksums, so that what is spoilt is what they guard. */
function checkedAgain(png: Uint8Array): Uint8Array {
  const result = Uint8Array.from(png);
  const view = new DataView(result.buffer);
  for (let at = 8; at + 12 <= result.length; at += 12 + view.getUint32(at)) {
    const after = at + 8 + view.getUint32(at);
    if (after + 4 <= result.length) view.setUint32(after, crc32(result.subarray(at + 4, after)));
  }
  return result;
}

/** An array of pictures: a vector first, so that spoilt shapes and types are met. */
const stack = { labels: array([0, 1], "i64"), images: array(new Array<number>(96).fill(7), "u8", [2, 4, 4, 3]) };

/** Of numbers, texts and a dictionary, as a file and as a stream. */
const arrows = (["file", "stream"] as const).map((kind) =>
  tableToIPC(
    new ArrowTable({
      source: vectorFromArray([1, 2, null, 4], new Int32()),
      target: vectorFromArray(["a", "b", null, "d"]),
      kind: vectorFromArray(["x", "y", "x", null], new Dictionary(new Utf8(), new Int32())),
      place: vectorFromArray([{ x: 1.5 }, { x: 2 }, { x: 4 }, { x: 3 }]),
    }),
    kind,
  ),
);

async function* nothing(): AsyncGenerator<Uint8Array> {}

async function all(rows: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of rows);
}

/** Every parser, by name. */
export const targets: Readonly<Record<string, Target>> = {
  "edge list": { samples: [text(edges), text(edges.replaceAll("\t", " ")), text(valued)], parse: graphFile("txt") },
  "edge list, CSV": { samples: [text(csv), text("source:long,target:long,type\n1,2,Directed\n3,,Directed\n")], parse: graphFile("csv") },
  "edge list, gzip": { samples: [gzipSync(edges), zstdCompressSync(text(edges))], parse: graphFile("txt.gz") },
  "Matrix Market": {
    samples: [text("%%MatrixMarket matrix coordinate pattern symmetric\n% c\n3 3 2\n2 1\n3 3\n")],
    parse: graphFile("mtx"),
  },
  GraphML: {
    samples: [
      text(
        '<?xml version="1.0" encoding="UTF-8"?>\n<graphml xmlns="http://x"><!-- c --><key id="k"/><key id="d" for="node" attr.name="day" attr.type="int"><default>1</default></key><graph edgedefault="directed"><node id="a&amp;b"/>' +
          '<node id="&#233;"><port name="p"><data key="d">0</data></port><data key="d">7</data><data key="k"><![CDATA[<x>]]></data></node><edge source="a&amp;b" target="&#233;" directed="true"/></graph></graphml>',
      ),
    ],
    parse: graphFile("graphml"),
  },
  "node-link JSON": {
    samples: [
      text('{"directed":true,"nodes":[{"id":"a","x":1.50,"l":[1,{"id":2}]},{"id":"b"}],"links":[{"source":"a","target":"b","weight":1}]}'),
      text('{"nodes":[{"id":0},{"id":9007199254740993}],"edges":[{"source":0,"target":0}]}'),
      text('{"nodes":[{"name":"a"},{"name":"b"}],"links":[{"source":0,"target":1}]}'),
    ],
    parse: graphFile("json"),
  },
  GML: {
    samples: [
      text(
        'graph [ directed 1\n node [ id 0 label "a&#233;" ]\n node [ id 3 label "b" x 1.5 pos 1 pos 2 graphics [ w 1 ] ]\n edge [ source 0 target 3 value 2 ]\n]\n',
      ),
    ],
    parse: graphFile("gml"),
  },
  Pajek: {
    samples: [text('*Vertices 3\n1 "a b" 0.1 0.2 box ic Red\n2 c\n3 "d" 1 [1-2]\n*Arcs\n1 2 1.5 l "x y"\n*Arcslist\n3 1 2\n')],
    parse: graphFile("net"),
  },
  METIS: {
    samples: [
      text("% c\n4 3 001\n2 1\n1 1 3 5\n2 5 3 1\n\n"),
      text("3 2\n2\n1 3\n2\n"),
      text("3 2 111 2\n1 7 8 2 5\n2 0 0 1 5 3 6\n3 9 9 2 6\n"),
    ],
    parse: graphFile("metis"),
  },
  "table of vertices": {
    samples: [text('id,x,name\n0,1.50,"a, b"\n2,,c\n'), text("name\tp:ID\nx\t1\n")],
    parse: (bytes) => {
      const graph = { vertices: 3, directed: true, pairs: Uint32Array.of(0, 1, 1, 2) };
      return withVertexTable({ graph, notes: [] }, inFile("csv", bytes), { memoryLimit: 2 ** 26 });
    },
  },
  WebGraph: {
    samples: [Uint8Array.of(0x62, 0x1c, 0x9f, 0x40, 0xd3, 0x11, 0x80), Uint8Array.of(0x25, 0xff, 0x00, 0x10, 0x33)],
    parse: (bytes, below) =>
      readWebGraph(bytes, { ...webGraphProperties(properties, "p"), nodes: 1 + below(20), arcs: below(30) }, "fuzz.graph"),
  },
  "WebGraph, second reader": {
    samples: [Buffer.from("5a726ab7e4f1462d45eb337f275a45a4eb495a77af6bd8102e9e9ad7ef60dbd24000000000000000", "hex")],
    parse: (bytes) => all(webGraphAgain(bytes, "graphclass=x.BVGraph\nnodes=24\narcs=28\n", "fuzz.graph").rows),
  },
  Arrow: { samples: arrows, parse: graphFile("arrow") },
  "Arrow, second reader": {
    samples: arrows,
    parse: (bytes) => all(arrowAgain(bytes, "fuzz.arrow", { bytes: nothing(), beside: true }).rows),
  },
  "WebGraph properties": {
    samples: [text(properties)],
    parse: (bytes) => readWebGraph(Uint8Array.of(0x62, 0x1c, 0x9f), webGraphProperties(new TextDecoder().decode(bytes), "p"), "g"),
  },
  NPY: { samples: [writeNpy(arrays.X), writeNpy(arrays.names)], parse: (bytes) => readNpy(bytes) },
  NPZ: { samples: [writeNpz(arrays), writeNpz(arrays, { compress: false })], parse: (bytes) => readNpz(bytes, { maxBytes: 2 ** 26 }) },
  safetensors: { samples: [writeSafetensors({ w: arrays.X, t: arrays.time }, { note: "x" })], parse: (bytes) => readSafetensors(bytes) },
  ONNX: { samples: ["../onnx/fixtures/convnet-13.onnx", "../onnx/fixtures/encoder.onnx"].map(fixture), parse: traced },
  "table, CSV": {
    samples: [text("day,x,y\n0,1.5,a\n0,2.5,b\n1,3,a\n1,4e2,b\n2,?,a\n2,1,b\n"), text("t;a;b\n0;1,5;2\n0;2,5;3\n1;3,5;4\n1;4,5;5\n")],
    parse: async (bytes, below) => {
      const options = { decimal: ([undefined, ",", "."] as const)[below(3)], missing: [undefined, "?"][below(2)] };
      return toSnapshots(await readTable(inFile("csv", bytes), options), {});
    },
    slow: true,
  },
  PNG: { samples: pngs, parse: (bytes) => readPicture(bytes) },
  "PNG, right checksums": { samples: pngs, parse: (bytes) => readPicture(checkedAgain(bytes)) },
  GIF: { samples: [drawings.gif], parse: (bytes) => readPicture(bytes) },
  WebP: { samples: [drawings.webp], parse: (bytes) => readPicture(bytes) },
  JPEG: { samples: [drawings.jpeg], parse: (bytes) => readPicture(bytes) },
  TIFF: { samples: [drawings.tiff], parse: (bytes) => readPicture(bytes) },
  "pictures, NPZ": {
    samples: [writeNpz(stack), writeNpz(stack, { compress: false })],
    parse: (bytes) => loadPictures(inFile("npz", bytes)),
  },
  "pictures, IDX": {
    samples: [Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 1, 1, 2, 3, 4)],
    parse: (bytes, below) => loadPictures(inFile("idx", bytes), below(2) === 0 ? {} : { size: 3 }),
  },
  h5ad: {
    samples: [fixture("fixtures/anndata-0.8.h5ad")],
    parse: async (bytes) => {
      const file = await openAnnotated(inFile("h5ad", bytes), { seconds: 2 });
      try {
        return [
          file.obs,
          await file.genes(),
          await file.expression(),
          await Promise.all(file.embeddings.map((name) => file.embedding(name))),
        ];
      } finally {
        file.close();
      }
    },
    slow: true,
  },
};

const inputDType = (dtype: string): pf.ProgramDType =>
  dtype === "f64" || dtype === "i32" || dtype === "i64" || dtype === "bool" ? dtype : "f32";

/** Reads a model and traces it, as a program does. */
function traced(bytes: Uint8Array): unknown {
  const model = fromOnnx(bytes);
  const length = (n: number | string): number => (typeof n === "number" ? n : 2);
  const size = model.inputs.reduce((sum, p) => sum + p.shape.map(length).reduce((a, b) => a * b, 1), 0);
  if (size > 2 ** 22) return undefined;
  const inputs = model.inputs.map(({ dtype, shape }) => pf.broadcastTo(pf.scalar(1, inputDType(dtype)), shape.map(length)));
  return model.apply(model.params, ...inputs);
}

const words = [
  "-1",
  "0",
  "4294967296",
  "9007199254740993",
  "1e308",
  "NaN",
  '"',
  "\n",
  "\r",
  "\t",
  ",",
  ";",
  "<",
  ">",
  "&#x110000;",
  "&",
  "]]>",
  "<!--",
  "{",
  "[",
  "\\ud800",
  "\u0000",
  "%",
  "#",
  "999999999999999999999",
];

/** A file that was cut, flipped, spliced, or had numbers and signs of its format put in. */
export function spoilt(sample: Uint8Array, below: Below): Uint8Array {
  let bytes = Uint8Array.from(sample);
  for (let k = below(3); k >= 0; k--) {
    const at = below(bytes.length + 1);
    const [head, tail] = [bytes.subarray(0, at), bytes.subarray(at)];
    const kind = below(7);
    if (kind === 0) bytes = head.slice();
    else if (kind === 1 && bytes.length > 0) bytes[below(bytes.length)] ^= 1 << below(8);
    else if (kind === 2) bytes = Uint8Array.of(...head, ...text(words[below(words.length)]), ...tail);
    else if (kind === 3) bytes = Uint8Array.of(...head, ...tail.subarray(below(9)));
    else if (kind === 4) bytes = Uint8Array.of(...head, ...tail.subarray(0, below(40)), ...tail);
    else if (kind === 5 && bytes.length > 0) for (let i = at, n = below(8); i < bytes.length && n >= 0; i++, n--) bytes[i] = below(256);
    else bytes = otherNumber(bytes, below);
  }
  return bytes;
}

/** Another number in the place of one in a text. */
function otherNumber(bytes: Uint8Array, below: Below): Uint8Array<ArrayBuffer> {
  const latin = Buffer.from(bytes).toString("latin1");
  const found = [...latin.matchAll(/\d+/g)];
  if (found.length === 0) return Uint8Array.from(bytes);
  const { index, 0: digits } = found[below(found.length)];
  const number = words[below(6)];
  return new Uint8Array(Buffer.from(latin.slice(0, index) + number + latin.slice(index + digits.length), "latin1"));
}

/**
 * Gives a parser one spoilt file.
 *
 * @returns  whether it was refused
 * @throws   whatever is no message for a user
 */
export async function fuzz(name: string, seed: number): Promise<boolean> {
  const { samples, parse } = targets[name];
  const below = random(seed);
  const bytes = spoilt(samples[below(samples.length)], below);
  try {
    await parse(bytes, below);
    return false;
  } catch (error) {
    if (error instanceof UserError || error instanceof FileFormatError || error instanceof TensorError) return true;
    throw new Error(`${name}, seed ${seed}: ${(error as Error).stack}`, { cause: error });
  }
}
