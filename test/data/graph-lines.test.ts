/** Lines of two plain numbers: the kernel reads what the general reader reads, says what it says, and reads what it writes. */
import { expect, test, vi } from "vitest";
import { type EdgeListOptions, graphOfEdges } from "../../src/data/graph-bytes.ts";
import { linesOf, plainLines } from "../../src/data/graph-lines.ts";
import fc from "../property.ts";

/** The same reader without the ways past it: every line is looked at by the general one. */
async function generalReader(): Promise<typeof graphOfEdges> {
  vi.resetModules();
  vi.doMock("../../src/data/graph-lines.ts", () => ({
    plainLines: () => (from: number) => ({ lines: 0, next: from }),
    plainLine: () => false,
  }));
  const module = await import("../../src/data/graph-bytes.ts");
  vi.doUnmock("../../src/data/graph-lines.ts");
  return module.graphOfEdges;
}
const general = await generalReader();

/** The graph and what was told, or the words of the refusal. */
async function outcome(read: typeof graphOfEdges, chunks: readonly Uint8Array[], options: EdgeListOptions) {
  try {
    const { graph, notes } = await read(chunks, "list.txt", options);
    return { ...graph, pairs: textOf(graph.pairs), names: graph.names && [...graph.names], notes };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return { name: error.name, message: error.message, hint: "hint" in error ? error.hint : undefined }; // two copies of UserError
  }
}

/** All numbers as one string, which is compared at once. */
const textOf = ({ buffer, byteOffset, byteLength }: Uint32Array): string => Buffer.from(buffer, byteOffset, byteLength).toString("latin1");

/** Both readings of a text in these pieces. */
const both = async (chunks: readonly Uint8Array[], options: EdgeListOptions = {}) =>
  [await outcome(graphOfEdges, chunks, options), await outcome(general, chunks, options)] as const;

const bytesOf = (text: string): Uint8Array => Buffer.from(text, "latin1");

/** A text cut at these places. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const at = [0, ...places.map((place) => place % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
  return at.slice(1).map((to, i) => bytes.slice(at[i], to));
}

const number = fc.oneof(
  { weight: 12, arbitrary: fc.nat(40).map(String) },
  { weight: 2, arbitrary: fc.nat(2 ** 31 - 1).map(String) },
  fc.constantFrom("4294967295", "4294967296", "9999999999", "10000000000", "999999999999999", "9007199254740991", "9007199254740992"),
  fc.constantFrom("007", "00", "-3", "1e3", "1.5", "+2", "0x1f", "", "ann", '"4"', "½", "4 2", "99999999999999999999999"),
);
const separator = fc.constantFrom(" ", "\t", ",", ";", "  ", " \t", ", ");
const odd = fc.constantFrom(
  ...["", " ", "#", "# Directed graph", "% sym", "// x", "# 9 vertices, 3 directed edges", "# vertex\t7", "source,target", "a b", "1"],
  ...[
    "1 2 3",
    "1,2,3",
    "1\t2\t",
    " 1 2",
    "1 2 ",
    "1\0 2",
    "\0",
    "1 2\r",
    "\r",
    "\xff\xfe",
    "\xef\xbb\xbf1 2",
    '"a',
    "source:long,target:long",
  ],
);
const line = (usual: string, weight: number) =>
  fc.oneof(
    { weight, arbitrary: fc.tuple(fc.nat(40), fc.nat(40)).map(([a, b]) => `${a}${usual}${b}`) },
    { weight: 1, arbitrary: fc.tuple(number, fc.oneof(fc.constant(usual), separator), number).map((parts) => parts.join("")) },
    { weight: 1, arbitrary: odd },
  );
const text = fc
  .tuple(fc.constantFrom(" ", "\t", ",", ";"), fc.constantFrom("\n", "\n", "\r\n"), fc.constantFrom(3, 30, 300), fc.boolean())
  .chain(([usual, ending, weight, isWhole]) =>
    fc.array(line(usual, weight), { maxLength: 60 }).map((lines) => lines.join(ending) + (isWhole ? ending : "")),
  );
const options: fc.Arbitrary<EdgeListOptions> = fc.record(
  {
    ids: fc.constantFrom<"auto" | "number" | "name">("auto", "number", "name"),
    heading: fc.constantFrom<"yes" | "no">("yes", "no"),
    columns: fc.constantFrom([1, 2], [2, 1]),
    bipartite: fc.constant(true),
    others: fc.constantFrom<"drop" | "refuse">("drop", "refuse"),
    directed: fc.boolean(),
    memoryLimit: fc.constantFrom(100, 1 << 19),
  },
  { requiredKeys: [] },
);

test("random lists, cut anywhere, give the graph and the words of the general reader", async () => {
  const plain = fc.constant<EdgeListOptions>({});
  await fc.assert(
    fc.asyncProperty(text, fc.array(fc.nat(), { maxLength: 6 }), fc.oneof(plain, plain, options), async (list, places, how) => {
      const [fast, slow] = await both(cut(bytesOf(list), places), how);
      expect(fast).toEqual(slow);
    }),
    { numRuns: 1000 },
  );
});

test("a list cut in two at every place is read alike", async () => {
  const list = bytesOf("# Directed graph\n0\t1\r\n12\t345\n\n% note\n7\t4294967295\n4294967296\t3\n00\t1".replace("00", "9"));
  const whole = await outcome(graphOfEdges, [list], {});
  expect(whole).toMatchObject({ directed: true, notes: ["directed, as the file says"], vertices: 9 });
  for (let at = 0; at <= list.length; at++) {
    const [fast, slow] = await both(cut(list, [at]));
    expect(fast).toEqual(whole);
    expect(slow).toEqual(whole);
  }
  const single = Array.from(list, (byte) => Uint8Array.of(byte));
  expect(await outcome(graphOfEdges, single, {})).toEqual(whole);
});

test("lists longer than the kernel's window, with other lines where it ends, are read alike, and refusals name the same line", async () => {
  const plain = Array.from({ length: 62_000 }, (_, i) => `${10_000 + ((i * 7919) % 90_000)}\t${10_000 + ((i * 6701) % 90_000)}`);
  const border = Math.floor((22 * 2 ** 15) / 12); // the window begins behind the first line, of twelve bytes as the others
  for (const [i, strange] of ["# comment", "5\t5 ", "4294967296\t1", "12345678901\t2", "1\t02", "8\t8\r", "\0"].entries()) {
    const lines = plain.with(border + 1, strange).with(border + 2 - (i % 3), strange);
    const [fast, slow] = await both(cut(bytesOf(lines.join("\n")), [0, 12 * 61_000 + i]));
    expect(fast).toEqual(slow);
  }
});

test("hostile lists end in the words of the general reader", async () => {
  const digits = "9".repeat(2 ** 20 + 10);
  const hostile = [
    `0 1\n${digits} 2\n`,
    `0 1\n${digits}`,
    `0 1\n1${" ".repeat(2 ** 20)}2\n3 4\n`,
    "0 1\n2 \0",
    `0 1\n${"\0".repeat(5000)}\n`,
    "0 1\n1",
    "0 1\n1 ",
    "0 1\n1 2\r3",
  ];
  for (const list of hostile) {
    const bytes = bytesOf(list);
    for (const places of [[], [4, 9], Array.from({ length: Math.floor(bytes.length / 65_536) }, (_, i) => 65_536 * (i + 1))]) {
      const [fast, slow] = await both(cut(bytes, places));
      expect(fast).toEqual(slow);
    }
  }
});

test("more edges than the memory limit allows are refused at the same edge", async () => {
  const list = bytesOf(Array.from({ length: 200_000 }, (_, i) => `${i % 1000} ${i % 777}\n`).join("") + "no edge here\n");
  for (const memoryLimit of [2 ** 18, 2 ** 20, 2 ** 21 - 1]) {
    const [fast, slow] = await both(cut(list, [100_000, 1_000_000]), { memoryLimit });
    expect(fast).toEqual(slow);
    expect(fast).toHaveProperty("message");
  }
});

test("what is written is read again, and is what the numbers say", () => {
  const numbers = fc.oneof(fc.nat(1000), fc.constantFrom(0, 9, 10, 99, 100, 999_999_999, 1_000_000_000, 2 ** 32 - 2), fc.nat(2 ** 31 - 1));
  const pairs = fc.array(fc.tuple(numbers, numbers), { maxLength: 200 }).map((list) => Uint32Array.from(list.flat()));
  fc.assert(
    fc.property(pairs, fc.constantFrom(9, 32, 44), fc.constantFrom(0, 1), (list, sign, offset) => {
      const text = Buffer.concat([...linesOf(list, sign, offset)]);
      const lines = Array.from({ length: list.length / 2 }, (_, i) => [list[2 * i] + offset, list[2 * i + 1] + offset]);
      expect(text.toString()).toBe(lines.map((ends) => `${ends.join(String.fromCharCode(sign))}\n`).join(""));
      const back: number[] = [];
      const run = plainLines(text, (found) => void back.push(...found))(0, sign);
      expect([back, run]).toEqual([lines.flat(), { lines: lines.length, next: text.length }]);
    }),
  );
});

test("many pairs are written in pieces that go on where the last ended", () => {
  const pairs = Uint32Array.from({ length: 150_000 }, (_, i) => (i * 2_654_435_761) % 2 ** 30);
  const text = Buffer.concat([...linesOf(pairs, 9, 0)]).toString();
  expect(
    text
      .split("\n")
      .slice(0, -1)
      .flatMap((row) => row.split("\t").map(Number)),
  ).toEqual([...pairs]);
});
