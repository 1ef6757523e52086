/** The command on real files of every format, and on bad ones: what comes out, what is said, and never a stack trace. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as zlib from "node:zlib";
import { DuckDBInstance } from "@duckdb/node-api";
import { tableFromArrays, tableToIPC } from "apache-arrow";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { commands } from "../../src/cli/commands.ts";
import { run } from "../../src/cli/program.ts";
import { crc32 } from "../../src/coding/bytes.ts";
import { canonicalPairs, encodeGraph, type Graph } from "../../src/coding/index.ts";
import { work } from "../../src/lab/sweep/worker.ts";
import { karate, random } from "../coding/known.ts";
import { hasRedis, startRedis } from "../lab/servers.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "pushforward-graph-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const path = (name: string) => join(folder, name);
function file(name: string, content: string | Uint8Array): string {
  writeFileSync(path(name), content);
  return path(name);
}

/** Runs `pushforward graph ...` in this process. */
async function graph(...args: string[]) {
  let [out, error] = ["", ""];
  const catcher = (add: (text: string) => void) => (chunk: string | Uint8Array) => {
    add(String(chunk));
    return true;
  };
  const spies = [
    vi.spyOn(process.stdout, "write").mockImplementation(catcher((t) => (out += t)) as never),
    vi.spyOn(process.stderr, "write").mockImplementation(catcher((t) => (error += t)) as never),
  ];
  try {
    const output = { out: (t: string) => void (out += t), error: (t: string) => void (error += t) };
    return { code: await run(["graph", ...args], commands, output), out, error };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

/** The same as a process of its own, for standard input and output. */
const spawned = (args: string[], input?: string | Uint8Array) =>
  spawnSync(process.execPath, ["bin/pushforward.js", "graph", ...args], { input, maxBuffer: 2 ** 28 });

const pairsOf = ({ pairs }: Graph, separator: string) =>
  Array.from({ length: pairs.length / 2 }, (_, i) => `${pairs[2 * i]}${separator}${pairs[2 * i + 1]}\n`).join("");

/** Lines of an edge list without its comments, sorted. */
const edges = (text: string) =>
  text
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .sort();
const karateEdges = edges(pairsOf({ ...karate, pairs: canonicalPairs(karate) }, "\t"));

async function parquet(name: string, g: Graph): Promise<string> {
  const connection = await (await DuckDBInstance.create()).connect();
  const rows = pairsOf(g, ",").trim().split("\n");
  await connection.run(
    `COPY (SELECT * FROM (VALUES ${rows.map((row) => `(${row})`).join(",")}) t(source, target)) TO '${path(name)}' (FORMAT parquet)`,
  );
  return path(name);
}

/** A graph in WebGraph's BV format, every row by residuals alone (window 0, no intervals). */
function webGraph(name: string, g: Graph): string {
  let bits = "";
  const binary = (x: number, width: number) => (width ? x.toString(2).padStart(width, "0") : "");
  const gamma = (x: number) => {
    const size = Math.floor(Math.log2(x + 1));
    bits += "0".repeat(size) + "1" + binary(x + 1 - 2 ** size, size);
  };
  const zeta3 = (x: number) => {
    const h = Math.floor(Math.log2(x + 1) / 3);
    const low = 2 ** (3 * h);
    const rest = x + 1 - low;
    bits += "0".repeat(h) + "1" + (rest < low ? binary(rest, 3 * h + 2) : binary(rest + low, 3 * h + 3));
  };
  const pairs = canonicalPairs({ ...g, directed: true });
  for (let u = 0, i = 0; u < g.vertices; u++) {
    const row: number[] = [];
    for (; pairs[i] === u; i += 2) row.push(pairs[i + 1]);
    gamma(row.length);
    row.forEach((v, j) => zeta3(j > 0 ? v - row[j - 1] - 1 : v >= u ? 2 * (v - u) : 2 * (u - v) - 1));
  }
  const bytes = Uint8Array.from({ length: Math.ceil(bits.length / 8) }, (_, i) =>
    Number.parseInt(bits.slice(8 * i, 8 * i + 8).padEnd(8, "0"), 2),
  );
  const properties = `graphclass=it.unimi.dsi.webgraph.BVGraph\nnodes=${g.vertices}\narcs=${pairs.length / 2}\nwindowsize=0\nminintervallength=0\nzetak=3\n`;
  file(`${name}.properties`, properties);
  return file(`${name}.graph`, bytes);
}

const columns = () => ({
  source: Int32Array.from(karate.pairs.filter((_, i) => i % 2 === 0)),
  target: Int32Array.from(karate.pairs.filter((_, i) => i % 2 === 1)),
});
const ids = Array.from({ length: 34 }, (_, v) => String(v).padStart(2, "0"));
const graphMl = () =>
  `<?xml version="1.0"?>\n<graphml><!-- <edge source="x"/> --><graph edgedefault="undirected">${ids.map((id) => `<node id="${id}"><data key="d">a &amp; b</data></node>`).join("\n")}
${Array.from({ length: 78 }, (_, i) => `<edge source='${ids[karate.pairs[2 * i]]}' target="${ids[karate.pairs[2 * i + 1]]}"/>`).join("\n")}</graph></graphml>`;
const nodeLink = () =>
  JSON.stringify({
    directed: false,
    nodes: ids.map((_, id) => ({ id })),
    links: Array.from({ length: 78 }, (_, i) => ({ source: karate.pairs[2 * i], target: karate.pairs[2 * i + 1] })),
  });
const matrix = () =>
  `%%MatrixMarket matrix coordinate pattern symmetric\n% karate\n34 34 78\n${Array.from({ length: 78 }, (_, i) => `${karate.pairs[2 * i + 1] + 1} ${karate.pairs[2 * i] + 1}\n`).join("")}`;
const zstd = (zlib as { zstdCompressSync?: (text: string) => Uint8Array }).zstdCompressSync;

describe("every format gives the same graph", () => {
  const inputs: [string, () => string | Promise<string>, string[]?][] = [
    ["blanks and comments", () => file("a.txt", `# karate\n% more\n// and more\n\n${pairsOf(karate, "   ")}`)],
    ["tabs, Windows line ends, no last one", () => file("b.tsv", pairsOf(karate, "\t").replaceAll("\n", "\r\n").trimEnd())],
    ["CSV with a heading", () => file("c.csv", `Source,Target\n${pairsOf(karate, ",")}`)],
    [
      "CSV with quotes and a weight",
      () =>
        file(
          "d.csv",
          pairsOf(karate, '","').replace(/^(.*)$/gm, (l) => (l ? `"${l}",7` : l)),
        ),
      ["--columns", "1,2"],
    ],
    ["semicolons", () => file("e.csv", pairsOf(karate, ";"))],
    ["gzip", () => file("f.txt.gz", zlib.gzipSync(pairsOf(karate, " ")))],
    ["Matrix Market", () => file("g.mtx", matrix())],
    ["GraphML", () => file("h.graphml", graphMl())],
    ["node-link JSON", () => file("i.json", nodeLink())],
    ["WebGraph", () => webGraph("j", karate), ["--undirected"]],
    ["Parquet", () => parquet("k.parquet", karate)],
    ["Arrow", () => file("l.arrow", tableToIPC(tableFromArrays(columns()), "file"))],
  ];
  if (zstd) inputs.push(["zstd", () => file("m.txt.zst", zstd(pairsOf(karate, " ")))]);

  test.each(inputs)("%s", async (_, make, options = []) => {
    const input = await make();
    const packed = `${input}.pfg`;
    const made = await graph("compress", input, ...options);
    expect([made.code, made.out]).toEqual([0, expect.stringContaining("78 edges")]);
    const back = await graph("decompress", packed, "--quiet", "-o", path("back.txt"));
    expect(back.code).toBe(0);
    // the names of GraphML nodes are kept as they are written, with their zeros
    const lines = edges(readFileSync(path("back.txt"), "utf8").replace(/\b0(\d)/g, "$1"));
    expect(lines).toEqual(karateEdges);
    expect((await graph("verify", packed, input, ...options)).out).toContain("intact, 78 edges, the graph of");
  });

  test("weights and labels are kept, shown, verified and given back; or dropped", async () => {
    const input = file("weighted.csv", 'from,to,weight,label\na,b,1.50,x\nb,c,2,"y, z"\nb,a,3,\n');
    const packed = `${input}.pfg`;
    const made = await graph("compress", input);
    expect([made.code, made.error]).toEqual([0, expect.stringContaining('kept beside each edge: "weight", "label"')]);
    expect((await graph("inspect", packed, "--quick")).out).toMatch(/beside the edges: "weight" \(number\), \d+ bytes more/);
    const lines = async (...options: string[]) => {
      await graph("decompress", packed, "-o", path("weighted.txt"), ...options);
      return readFileSync(path("weighted.txt"), "utf8")
        .split("\n")
        .filter((line) => !line.startsWith("#"));
    };
    expect(await lines()).toEqual(["a\tb\t1.50\tx", "a\tb\t3\t", 'b\tc\t2\t"y, z"', ""]);
    expect(await lines("--drop-columns")).toEqual(["a\tb", "a\tb", "b\tc", ""]);
    expect((await graph("verify", packed, input)).out).toContain("intact, 3 edges, the graph of");
    const other = await graph("verify", packed, file("other.csv", "from,to,weight,label\na,b,1.5,x\nb,c,2,y\nb,a,3,\n"));
    expect([other.code, other.error]).toEqual([1, expect.stringMatching(/1\.5/)]);
    expect((await graph("compress", input, "--drop-columns")).error).toContain('not kept: "weight", "label"');
    expect((await graph("compress", input, "--distinct")).error).toContain("--drop-columns");
  });

  test("what is not kept is said", async () => {
    expect((await graph("compress", file("notes.graphml", graphMl()))).error).toContain('note: kept beside each vertex: "d"');
    expect((await graph("compress", file("notes.mtx", matrix()))).error).toContain("note: rows 1, 2, ... are vertices 0, 1");
  });
});

test("Les Misérables: names come back, and the ideal size is the published 1137.1031 bits at bias 1", async () => {
  const input = "node_modules/vega-datasets/data/miserables.json";
  const out = path("miserables.pfg");
  const { code, out: text } = await graph("compress", input, "-o", out, "--model", "urn", "--bias", "1", "--json");
  const result = JSON.parse(text.trim().split("\n").at(-1)!);
  expect(code).toBe(0);
  expect(result).toMatchObject({ model: "urn", vertices: 77, edges: 254 });
  expect(8 * result.idealBytes).toBeCloseTo(1137.1031, 3);
  const refused = await graph("decompress", out, "-o", path("miserables.csv"));
  expect([refused.code, refused.error]).toEqual([
    1,
    expect.stringMatching(/csv has no place for the 2 column\(s\) of vertices: "group", "index"/),
  ]);
  expect(existsSync(path("miserables.csv"))).toBe(false);
  const table = path("miserables-vertices.csv");
  const written = await graph("decompress", out, "-o", path("miserables.csv"), "--vertex-table", table);
  expect(written.out).toContain(`${table}: 2 columns of the vertices`);
  expect((await graph("inspect", out, "--quick")).out).toMatch(/beside the vertices: "group" \(number\), \d+ bytes more/);
  expect((await graph("verify", out, input)).out).toContain("intact, 254 edges, the graph of");
  expect((await graph("verify", out, path("miserables.csv"), "--vertex-table", table)).out).toContain("intact, 254 edges, the graph of");
  writeFileSync(table, readFileSync(table, "utf8").replace("Myriel,1,", "Myriel,2,"));
  const other = await graph("verify", out, path("miserables.csv"), "--vertex-table", table);
  expect([other.code, other.error]).toEqual([
    1,
    expect.stringMatching(/"group" of the vertex "Myriel" is "2" in the file, "1" in the graph/),
  ]);
  const { nodes, links } = JSON.parse(readFileSync(input, "utf8"));
  const named = (i: number) => nodes[i].name as string;
  const expected = links.map((l: { source: number; target: number; value: number }) =>
    [String(l.value), named(l.source), named(l.target)].sort().join(","),
  );
  const found = readFileSync(path("miserables.csv"), "utf8").trim().split("\n").slice(1);
  expect(found.map((line) => line.split(",").sort().join(",")).sort()).toEqual(expected.sort());
});

test("names with commas, quotes, blanks and other scripts come back through CSV; sparse numbers up to 2^53 - 1 too", async () => {
  const names = file("names.csv", 'source,target\n"a, b","c ""d"""\nñandú,漢字\n" x ",漢字\n');
  expect((await graph("compress", names, "--ids", "name", "--directed")).code).toBe(0);
  const csv = path("names2.csv");
  await graph("decompress", `${names}.pfg`, "-o", csv, "--to", "csv");
  const rows = readFileSync(csv, "utf8").replace("source,target,type", "source,target").replaceAll(",Directed\n", "\n");
  expect(rows.split("\n").sort()).toEqual(readFileSync(names, "utf8").split("\n").sort());
  const sparse = file("sparse.txt", "9007199254740991\t5000000000\n17\t5000000000\n");
  await graph("compress", sparse, "--directed");
  await graph("decompress", `${sparse}.pfg`, "-o", path("sparse2.txt"));
  expect(edges(readFileSync(path("sparse2.txt"), "utf8"))).toEqual(edges(readFileSync(sparse, "utf8")));
  expect((await graph("decompress", `${sparse}.pfg`, "--to", "mtx")).error).toContain("use --to csv");
});

test("decompressed Matrix Market is the matrix that was read", async () => {
  const input = file("same.mtx", matrix());
  await graph("compress", input);
  await graph("decompress", `${input}.pfg`, "--to", "mtx", "-o", path("same2.mtx"));
  const body = (text: string) =>
    text
      .split("\n")
      .filter((line) => !line.startsWith("%"))
      .sort();
  expect(body(readFileSync(path("same2.mtx"), "utf8"))).toEqual(body(readFileSync(input, "utf8")));
});

test("standard input to standard output, and back; only the result goes there", () => {
  const packed = spawned(["compress", "-", "--json"], pairsOf(karate, " "));
  expect([packed.status, packed.stdout.subarray(0, 3).toString()]).toEqual([0, "PFG"]);
  expect(JSON.parse(packed.stderr.toString().trim().split("\n").at(-1)!)).toMatchObject({ out: "-", edges: 78 });
  const back = spawned(["decompress", "-"], packed.stdout);
  expect([back.status, back.stderr.toString()]).toEqual([0, expect.not.stringContaining("error")]);
  expect(edges(back.stdout.toString())).toEqual(karateEdges);
});

test("inspect tells degrees and the ideal size of every model, and writes pictures; .pfg files too", async () => {
  const input = file("inspect.txt", pairsOf(karate, " "));
  const { out } = await graph("inspect", input, "--json", "--out", path("report"));
  const result = JSON.parse(out.trim().split("\n").at(-1)!);
  expect(result).toMatchObject({ vertices: 34, edges: 78, isolated: 0, loops: 0, repeats: 0, largestDegree: 17 });
  const size = (name: string) => result.sizes.find((s: { name: string }) => s.name.startsWith(name));
  // bias 3.1728 is the best, with 4.0482 bits an edge (rounded bias may cost 1e-4 more)
  expect(size("urn (").bitsPerEdge).toBeCloseTo(4.048, 2);
  expect(size("gaps").bits).toBeGreaterThan(0);
  expect(size("text, gzip").bits).toBeGreaterThan(size("urn (").bits);
  for (const picture of ["sizes.svg", "sizes.png", "degrees.svg", "degrees.png"])
    expect(existsSync(join(path("report"), picture))).toBe(true);
  await graph("compress", input);
  expect((await graph("inspect", `${input}.pfg`, "--quick")).out).toContain("34 vertices (0 isolated), 78 undirected edges");
});

describe("shards in other hands", () => {
  const below = random(5);
  const lines = Array.from({ length: 4000 }, () => `${below(500)} ${below(500)}`);
  const compressed = (name: string) => readFileSync(path(`${name}.pfg`));
  /** With five shards, in a file of a name. */
  const compress = (name: string, ...args: string[]) =>
    graph("compress", path("hands.txt"), "--shards", "5", "--json", "-o", path(`${name}.pfg`), ...args);
  beforeAll(async () => {
    file("hands.txt", `${lines.join("\n")}\n`);
    await compress("own");
  });

  test("give the same bytes, by two processes or more than there are shards; nothing stays behind", async () => {
    for (const workers of ["2", "9"]) {
      expect((await compress(`by-${workers}`, "--workers", workers)).code).toBe(0);
      expect(compressed(`by-${workers}`).equals(compressed("own"))).toBe(true);
      expect(existsSync(path(`by-${workers}.pfg.parts`))).toBe(false);
    }
  });

  test("keep what is finished until the file is there, and only for the same command", async () => {
    mkdirSync(path("kept.pfg")); // where no file can be written
    expect((await compress("kept", "--workers", "2")).error).toMatch(/kept.pfg: cannot be written/);
    rmdirSync(path("kept.pfg"));
    // the ideal size of a part, changed to see that it is taken as it is
    const part = join(path("kept.pfg.parts"), "parts", "group-1-of-2", "results.json");
    const found = JSON.parse(readFileSync(part, "utf8"));
    found.result[0].bits += 800;
    writeFileSync(part, JSON.stringify(found));
    const idealBytes = (text: string) => JSON.parse(text.trim().split("\n").at(-1)!).idealBytes;
    const kept = idealBytes((await compress("kept", "--workers", "2")).out);
    expect(kept).toBeCloseTo(idealBytes((await compress("own")).out) + 100, 6);
    expect(compressed("kept").equals(compressed("own"))).toBe(true);
    mkdirSync(path("other.pfg"));
    await compress("other", "--workers", "2");
    rmdirSync(path("other.pfg"));
    await compress("other", "--workers", "2", "--lanes", "2");
    await compress("lanes", "--lanes", "2");
    expect(compressed("other").equals(compressed("lanes"))).toBe(true);
  });

  test("are refused where there is nothing to share out, or what is there is not theirs", async () => {
    expect((await graph("compress", path("hands.txt"), "--workers", "2")).error).toMatch(
      /--workers shares out the shards.*\n.*--shards 16/,
    );
    expect((await graph("compress", "-", "--shards", "4", "--queue", "redis://x")).error).toMatch(/--queue goes from file to file/);
    mkdirSync(path("strange.pfg.parts"));
    file("strange.pfg.parts/thesis.txt", "mine");
    expect((await compress("strange", "--workers", "2")).error).toMatch(/strange.pfg.parts holds something else \(thesis.txt\)/);
    expect(existsSync(path("strange.pfg.parts/thesis.txt"))).toBe(true);
    expect((await compress("both", "--workers", "2", "--queue", "redis://127.0.0.1:1")).error).toMatch(/either --workers or --queue/);
  });

  test("of no edges are an empty file", async () => {
    const none = file("none.mtx", "%%MatrixMarket matrix coordinate pattern symmetric\n3 3 0\n");
    const two = ["--shards", "2", "-o", path("none.pfg")];
    await graph("compress", none, ...two);
    const own = compressed("none");
    expect((await graph("compress", none, ...two, "--workers", "2")).code).toBe(0);
    expect(compressed("none").equals(own)).toBe(true);
  });

  test.skipIf(!hasRedis)("give the same bytes over a queue", async () => {
    const redis = await startRedis();
    const ending = new AbortController();
    const working = work({ url: redis.url, concurrency: 2, folder: path("work"), tell: () => undefined }, ending.signal);
    expect((await compress("queued", "--queue", redis.url)).code).toBe(0);
    ending.abort();
    await working;
    await redis.stop();
    expect(compressed("queued").equals(compressed("own"))).toBe(true);
  });
});

test("shards report what they lose; one shard decompresses alone", async () => {
  const below = random(3);
  const lines = Array.from({ length: 5000 }, () => `${below(900)} ${below(900)}`);
  const input = file("shards.txt", `${lines.join("\n")}\n`);
  const last = (text: string) => JSON.parse(text.trim().split("\n").at(-1)!);
  const whole = last((await graph("compress", input, "--model", "urn", "--json")).out);
  const result = last((await graph("compress", input, "--shards", "3", "--json")).out);
  expect(result.model).toBe("shards");
  expect(result.lossOfShardsBytes).toBeCloseTo(result.idealBytes - whole.idealBytes, 6);
  // three states of 7 bytes, of which 45 bits are the initial one
  expect(result.bytes - result.overheadBytes - result.idealBytes).toBeLessThan(3 * 10);
  const parts: string[] = [];
  for (const shard of [0, 1, 2]) {
    await graph("decompress", `${input}.pfg`, "--shard", String(shard), "-o", path("shard.txt"));
    parts.push(...edges(readFileSync(path("shard.txt"), "utf8")));
  }
  const oriented = lines.map((line) =>
    line
      .split(" ")
      .map(Number)
      .sort((a, b) => a - b)
      .join("\t"),
  );
  expect(parts.sort()).toEqual(oriented.sort());
});

describe("bad input ends in a message that says where and what to do", () => {
  const packed = () => encodeGraph(karate);
  const flipped = (at: number) => packed().map((b, i) => (i === at ? b ^ 16 : b));
  const newer = () => packed().map((b, i) => (i === 3 ? 4 : b));
  const huge = () => {
    const bytes = Uint8Array.from([...packed().slice(0, 9), 255, 255, 255, 127, 255, 255, 255, 127, 1]);
    new DataView(bytes.buffer).setUint32(4, crc32(bytes.subarray(8)), true);
    return bytes;
  };
  const cases: [string, string, () => string | Uint8Array, RegExp, string[]?][] = [
    ["half a line", "half.txt", () => "0 1\n1 2\n3", /half\.txt, line 3: "3" has 1 column/],
    ["letters among numbers", "letters.txt", () => "0 1\n1 x2\n", /letters\.txt, line 2: "x2" is not a whole number/],
    ["a negative number", "negative.txt", () => "0 1\n-4 2\n", /negative\.txt, line 2: vertex -4 is negative/],
    ["a number of 2^53", "big.txt", () => "0 1\n9007199254740992 2\n", /big\.txt, line 2: vertex 9007199254740992 is above 2\^53 - 1/],
    ["a fraction", "fraction.txt", () => "0 1\n1.5 2\n", /line 2: "1.5" is not a whole number/],
    ["a column too many", "weights.txt", () => "0 1 0.5\n", /line 1: 3 columns/, ["--strict"]],
    ["a column that is not there", "few.txt", () => "0 1\n", /line 1: .*an edge needs two/, ["--columns", "1,3"]],
    ["not text", "binary.txt", () => Uint8Array.of(255, 254, 0, 10, 200, 10), /binary\.txt, line 1: not UTF-8/],
    ["a cut gzip", "cut.txt.gz", () => zlib.gzipSync(pairsOf(karate, " ")).subarray(0, 60), /damaged compression/],
    [
      "a matrix with values",
      "values.mtx",
      () => "%%MatrixMarket matrix coordinate real general\n2 2 1\n1 2 0.5\n",
      /has values/,
      ["--strict"],
    ],
    ["a cut matrix", "short.mtx", () => "%%MatrixMarket matrix coordinate pattern general\n3 3 2\n1 2\n", /1 entries, 2 announced/],
    ["a matrix entry out of range", "range.mtx", () => "%%MatrixMarket matrix coordinate pattern general\n3 3 1\n1 4\n", /line 3/],
    ["cut GraphML", "cut.graphml", () => graphMl().slice(0, 900), /cut off|no end/],
    ["cut JSON", "cut.json", () => nodeLink().slice(0, 900), /not JSON/],
    ["JSON of something else", "other.json", () => "[1, 2]", /no "nodes"/],
    ["a link to nowhere", "nowhere.json", () => '{"nodes":[{"id":"a"}],"links":[{"source":"a","target":"b"}]}', /link 0/],
    ["a WebGraph without properties", "lonely.graph", () => Uint8Array.of(1), /lonely\.properties is not beside it/],
    ["no Parquet", "no.parquet", () => "PAR1 or so", /no\.parquet/],
    ["no Arrow", "no.arrow", () => "ARROW1 or so", /not an Arrow file/],
    ["too few vertices", "few2.txt", () => "0 9\n", /vertex 9 of a graph with 5 vertices/, ["--vertices", "5"]],
    [
      "more than the memory limit",
      "limit.txt",
      () => pairsOf({ ...karate, pairs: new Uint32Array(200_000) }, " "),
      /more than the memory limit/,
      ["--memory", "400k"],
    ],
  ];
  const noTrace = ({ code, error }: { code: number; error: string }, pattern: RegExp) => {
    expect(error).toMatch(pattern);
    expect(error).toMatch(/^error: [^\n]+\n( {2}hint: [^\n]+\n)?$/m);
    expect(error).not.toMatch(/\n\s+at |fault of the program/);
    expect(code).toBe(1);
  };

  test.each(cases)("%s", async (_, name, content, pattern, options = []) => {
    noTrace(await graph("compress", file(name, content()), "--quiet", ...options), pattern);
    expect(existsSync(path(`${name}.pfg`))).toBe(false);
  });

  const files: [string, () => string | Uint8Array, RegExp][] = [
    ["an empty file", () => "", /does not begin with PFG/],
    ["an edge list", () => "0 1\n", /does not begin with PFG/],
    ["a newer version", newer, /version 4, this program reads versions 1 to 3/],
    ["a flipped bit in the checksum", () => flipped(5), /checksum/],
    ["a flipped bit in the header", () => flipped(9), /checksum/],
    ["a flipped bit in the code", () => flipped(30), /checksum/],
    ["a cut file", () => packed().slice(0, -3), /checksum/],
    ["a header that announces too much", huge, /more than the limit of 4096 MiB/],
  ];
  test.each(files)("decompress, verify, inspect: %s", async (_, content, pattern) => {
    const name = file("bad.pfg", content());
    for (const command of ["decompress", "verify", "inspect"]) noTrace(await graph(command, name, "--quiet"), pattern);
  });

  const options: [RegExp, ...string[]][] = [
    [/no such file/, "compress", "missing.txt"],
    [/cannot be read/, "compress", "."],
    [/cannot be read/, "decompress", "missing.pfg"],
    [/exclude each other/, "compress", "KARATE", "--directed", "--undirected"],
    [/--strict and --drop-columns exclude each other/, "compress", "KARATE", "--strict", "--drop-columns"],
    [/--columns 0,1/, "compress", "KARATE", "--columns", "0,1"],
    [/--lanes: expected number \(got "x"\)/, "compress", "KARATE", "--lanes", "x"],
    [/0 lanes/, "compress", "KARATE", "--lanes", "0"],
    [/bias/, "compress", "KARATE", "--bias", "much"],
    [/--memory lots is not a size/, "compress", "KARATE", "--memory", "lots"],
    [/--model: expected one of "auto"\|"urn"\|"block-urn"\|"gaps" \(got "best"\)/, "compress", "KARATE", "--model", "best"],
    [/unknown option/, "compress", "KARATE", "--modle", "urn"],
    [/no shards/, "decompress", "PACKED", "--shard", "0"],
    [/cannot be written/, "compress", "KARATE", "-o", "NOWHERE/x.pfg"],
    [/is not the graph of/, "verify", "PACKED", "OTHER"],
  ];
  test.each(options)("options: %s", async (pattern, ...args) => {
    const names: Record<string, string> = {
      KARATE: file("karate.txt", pairsOf(karate, " ")),
      PACKED: file("karate.pfg", packed()),
      OTHER: file("other.txt", pairsOf(karate, " ").replace("0 1\n", "0 33\n")),
      NOWHERE: path("nowhere"),
    };
    noTrace(await graph(...args.map((a) => a.replace(/^[A-Z]+/, (name) => names[name] ?? name)), "--quiet"), pattern);
  });

  test("as a process: exit code 1, two lines, nothing on standard output", () => {
    const { status, stdout, stderr } = spawned(["compress", "-"], "0 1\n2\n");
    expect([status, stdout.length]).toEqual([1, 0]);
    expect(stderr.toString()).toMatch(/^error: standard input, line 2: .*\n {2}hint: .*\n$/);
  });
});

test("an empty graph and a million isolated vertices are graphs", async () => {
  const nothing = file("nothing.txt", "# nothing\n");
  expect(await graph("compress", nothing)).toMatchObject({ code: 0, out: expect.stringContaining("0 edges, 11 bytes") });
  expect((await graph("inspect", nothing)).out).toContain("0 vertices");
  expect((await graph("verify", `${nothing}.pfg`, nothing)).code).toBe(0);
  const isolated = ["--vertices", "1000000"];
  expect((await graph("compress", nothing, ...isolated)).out).toContain("0 edges, 13 bytes");
  expect((await graph("verify", `${nothing}.pfg`, nothing, ...isolated)).code).toBe(0);
  const one = file("one.txt", "3 999999\n");
  expect((await graph("compress", one, ...isolated)).code).toBe(0);
  expect((await graph("inspect", `${one}.pfg`, "--quick")).out).toContain("1,000,000 vertices (999,998 isolated), 1 undirected edges");
});

test("verify reads the original with other code; decompress writes vertices on no edge in each format, by the ending of the file", async () => {
  const input = file(
    "alone.json",
    '{"directed":true,"nodes":[{"id":"a"},{"id":"b, c"},{"id":"iso"}],"links":[{"source":"b, c","target":"a"}]}',
  );
  await graph("compress", input);
  expect((await graph("verify", `${input}.pfg`, input)).out).toContain("(read by DuckDB)");
  for (const ending of ["txt", "csv", "json", "graphml", "parquet"]) {
    const out = path(`alone-out.${ending}`);
    expect((await graph("decompress", `${input}.pfg`, "-o", out)).code).toBe(0);
    expect((await graph("verify", `${input}.pfg`, out)).out).toContain("intact, 1 edges, the graph of");
  }
  const lost = file("lost.json", readFileSync(input, "utf8").replace('{"id":"iso"}', '{"id":"other"}'));
  expect((await graph("verify", `${input}.pfg`, lost)).error).toContain('the vertex "other", which is on no edge, is missing');
  const other = file("other.csv", 'source,target,type\n"b, c",b,Directed\n');
  expect((await graph("verify", `${input}.pfg`, other)).error).toContain('the edge ["b, c","b"] of the file is missing');
  const undirected = file("undirected.json", readFileSync(input, "utf8").replace("true", "false"));
  expect((await graph("verify", `${input}.pfg`, undirected)).error).toContain("the file says undirected");
  expect((await graph("verify", `${input}.pfg`, undirected, "--directed")).code).toBe(0);
});
