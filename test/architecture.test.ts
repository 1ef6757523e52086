/** The rules of the house: which room may import which, no circles, no Node where a page comes. */
import { globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { expect, test } from "vitest";

/** Each room (a folder or a file of src) and what it may import besides itself, from the ground up. */
const rooms: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  numbers: [],
  png: ["errors"],
  array: ["errors"],
  tensor: ["errors", "array"],
  onnx: ["errors", "array", "tensor"],
  nn: ["errors", "array", "tensor", "onnx"],
  optim: ["errors", "array", "tensor"],
  solve: ["errors", "array", "tensor"],
  distances: ["errors", "array", "tensor"],
  sampling: ["errors", "numbers", "array", "tensor"],
  data: ["errors", "numbers", "png", "array", "tensor", "tokenizers"],
  plots: ["errors", "numbers", "png"],
  tokenizers: ["errors"],
  training: ["errors", "numbers", "array", "tensor", "onnx", "nn", "optim", "sampling", "tokenizers", "data", "plots"],
  transport: ["errors", "numbers", "array", "tensor", "onnx", "nn", "optim", "solve", "distances", "sampling", "data", "plots"],
  coding: ["errors", "numbers", "array", "data", "plots"],
  information: ["errors", "numbers", "array", "tensor", "onnx", "nn", "optim", "sampling", "data", "plots"],
  language: ["errors", "numbers", "array", "tensor", "onnx", "nn", "optim", "sampling", "tokenizers", "data", "plots"],
  generative: ["errors", "numbers", "array", "tensor", "onnx", "nn", "optim", "data", "plots"],
  chemistry: ["errors", "numbers", "array", "tensor", "onnx", "nn", "optim", "solve", "sampling", "data", "plots"],
  quantum: ["errors", "numbers", "array", "tensor", "onnx", "nn", "optim", "sampling", "data", "plots"],
  inversion: ["errors", "numbers", "array", "tensor", "onnx", "nn", "optim", "distances", "sampling", "data", "plots"],
  lab: ["errors", "numbers", "png", "array", "tensor", "data", "plots"],
  methods: [
    "errors",
    "numbers",
    "array",
    "tensor",
    "onnx",
    "distances",
    "sampling",
    "data",
    "plots",
    "optim",
    "training",
    "transport",
    "coding",
    "information",
    "generative",
    "language",
    "chemistry",
    "quantum",
    "inversion",
    "tokenizers",
    "lab",
  ],
  demos: [
    "errors",
    "numbers",
    "array",
    "tensor",
    "onnx",
    "nn",
    "solve",
    "distances",
    "sampling",
    "data",
    "plots",
    "optim",
    "training",
    "transport",
    "coding",
    "information",
    "generative",
    "language",
    "chemistry",
    "quantum",
    "inversion",
    "tokenizers",
  ],
  studio: ["errors", "numbers", "array", "data", "plots", "lab"],
  cli: ["errors", "numbers", "data", "lab", "methods", "studio"],
};

/** Rooms of whose index nothing needs Node, files that a page loads from the others, and rooms of which it may load every file ("room/"). */
const pages = [
  "array",
  "tensor",
  "onnx",
  "nn",
  "optim",
  "solve",
  "distances",
  "sampling",
  "plots",
  "transport",
  "errors",
  "numbers",
  "coding/index",
  "studio/api",
  "language",
  "chemistry",
  "quantum",
  "demos/",
];

interface Import {
  readonly target: string;
  /** Seen when the program runs at once: neither a type nor loaded later. */
  readonly atOnce: boolean;
}

const files = globSync("src/**/*.ts").filter((file) => !/\.(as|wasm)\.ts$/.test(file));
const imports = new Map(files.map((file) => [file, importsOf(file)]));

function importsOf(file: string): Import[] {
  const text = readFileSync(file, "utf8");
  const at = (spec: string): string => (spec.startsWith(".") ? normalize(join(dirname(file), spec)) : spec);
  const said = text.matchAll(/^(?:import|export)\s(type\s)?[^;"]*?from\s+"([^"]+)"|^import\s+"([^"]+)"/gm);
  const later = text.matchAll(/\bimport\(\s*"([^"]+)"\s*\)/g);
  return [
    ...[...said].map(([, type, from, bare]) => ({ target: at(from ?? bare), atOnce: type === undefined })),
    ...[...later].map(([, from]) => ({ target: at(from), atOnce: false })),
  ];
}

const roomOf = (file: string): string => file.split("/")[1].replace(/\.ts$/, "");

test("imports run downwards: every room imports only those below it", () => {
  const wrong = files.flatMap((file) =>
    imports.get(file)!.flatMap(({ target }) => {
      if (!target.startsWith("src/")) return [];
      const [from, to] = [roomOf(file), roomOf(target)];
      return from === to || rooms[from]?.includes(to) ? [] : [`${file} imports ${target}`];
    }),
  );
  expect(wrong).toEqual([]);
  expect(Object.keys(rooms).toSorted()).toEqual([...new Set(files.map(roomOf))].toSorted());
});

test("no circles among files, not even of types; code that is loaded later may look back", () => {
  const state = new Map<string, "open" | "done">();
  const circles: string[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    if (state.get(file) === "done") return;
    if (state.get(file) === "open") {
      circles.push([...path.slice(path.indexOf(file)), file].join(" > "));
      return;
    }
    state.set(file, "open");
    const text = readFileSync(file, "utf8");
    for (const { target } of imports.get(file) ?? [])
      if (target.startsWith("src/") && !new RegExp(`import\\(\\s*"[^"]*${target.split("/").at(-1)}"`).test(text))
        visit(target, [...path, file]);
    state.set(file, "done");
  };
  for (const file of files) visit(file, []);
  expect(circles).toEqual([]);
});

test("what a page loads needs no Node", () => {
  const seen = new Set<string>();
  const wrong: string[] = [];
  const visit = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    for (const { target, atOnce } of imports.get(file) ?? [])
      if (atOnce && target.startsWith("node:")) wrong.push(`${file} imports ${target}`);
      else if (atOnce && target.startsWith("src/")) visit(target);
  };
  const loads = (page: string, file: string): boolean =>
    page.endsWith("/") ? file.startsWith(`src/${page}`) : file === `src/${page}.ts` || file === `src/${page}/index.ts`;
  for (const page of pages) for (const file of files) if (loads(page, file)) visit(file);
  expect(wrong).toEqual([]);
});

test("no two public things of one name in different rooms", () => {
  const homes = new Map<string, Set<string>>();
  for (const file of files.filter((f) => /^src\/\w+\/index\.ts$/.test(f)))
    for (const name of exportsOf(file)) homes.set(name, (homes.get(name) ?? new Set()).add(roomOf(file)));
  const twice = [...homes].filter(([, where]) => where.size > 1).map(([name, where]) => `${name}: ${[...where].join(", ")}`);
  expect(twice).toEqual([]);
});

/** Names that a file exports, its own and those that it passes on. */
function exportsOf(file: string): string[] {
  const text = readFileSync(file, "utf8");
  const own = [...text.matchAll(/^export (?:declare )?(?:async )?(?:const|let|function\*?|class|interface|type|enum) (\w+)/gm)];
  const listed = [...text.matchAll(/^export (?:type )?\{([^}]*)\}/gm)].flatMap(([, names]) => names.split(","));
  const passed = [...text.matchAll(/^export \* from "([^"]+)"/gm)].flatMap(([, from]) => exportsOf(normalize(join(dirname(file), from))));
  const names = listed
    .map(
      (name) =>
        name
          .trim()
          .replace(/^type /, "")
          .split(" as ")
          .at(-1)!,
    )
    .filter(Boolean);
  return [...own.map(([, name]) => name), ...names, ...passed];
}

test("what a room makes public is used: by another file, a test, a benchmark, a study or the guides", () => {
  const readers = [...files, ...globSync("{test,bench,study}/**/*.ts"), ...globSync("docs/*.md"), "README.md"];
  const isIndex = (file: string): boolean => /^src\/\w+\/index\.ts$/.test(file) && !file.startsWith("src/methods/");
  const uncommented = (file: string): string => readFileSync(file, "utf8").replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
  const words = readers.filter((file) => !isIndex(file)).map((file) => new Set(uncommented(file).match(/\w+/g)));
  const names = files.filter(isIndex).flatMap((file) => exportsOf(file).map((name) => `${name} of ${file}`));
  // once where it is made; a second time where it is used. Types of public functions are public with them.
  const types = new Set(
    files.flatMap((file) => [...readFileSync(file, "utf8").matchAll(/^export (?:interface|type) (\w+)/gm)].map(([, name]) => name)),
  );
  const unused = names
    .filter((name) => !types.has(name.split(" ")[0]))
    .filter((name) => words.filter((set) => set.has(name.split(" ")[0])).length < 2);
  expect(unused).toEqual([]);
});
