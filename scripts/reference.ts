/**
 * What each room makes public, from the declarations that the compiler writes: names, signatures and doc comments. TypeScript 7 has no
 * interface for tools that would read them; its declarations are plain enough to be read as text.
 */
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

export interface Item {
  readonly name: string;
  readonly declaration: string;
  /** Markdown. */
  readonly doc: string;
}

export interface Room {
  readonly name: string;
  readonly about: string;
  /** By name. */
  readonly items: readonly Item[];
}

/** Rooms that users of the package can import. */
const { exports: entries } = JSON.parse(readFileSync("package.json", "utf8"));
const isPublished = (room: string): boolean => `./${room}` in entries;

/** @param types  folder of declarations (.d.ts) */
export function reference(types: string): Room[] {
  return globSync("*/index.d.ts", { cwd: types })
    .map((file) => file.replaceAll("\\", "/"))
    .filter((file) => isPublished(file.split("/")[0]))
    .sort()
    .map((file) => {
      const items = publicIn(join(types, file));
      const about = docOf(/^\s*(\/\*\*[\s\S]*?\*\/)/.exec(readFileSync(join(types, file), "utf8"))?.[1] ?? "");
      return {
        name: file.split("/")[0],
        about,
        items: [...items.values()].sort((a, b) => (a.name.toLowerCase() < b.name.toLowerCase() ? -1 : 1)),
      };
    });
}

/** Everything that a file exports, its own and what it passes on. */
function publicIn(file: string): Map<string, Item> {
  const text = readFileSync(file, "utf8");
  const items = new Map(declarations(text).map((item) => [item.name, item]));
  for (const [, names, from] of text.matchAll(/^export (?:type )?\{([^}]*)\}(?: from "([^"]+)")?/gm)) {
    const theirs =
      from === undefined ? new Map(locals(text)) : from.startsWith(".") ? publicIn(fileOf(file, from)) : new Map<string, Item>();
    for (const [inner, outer] of renamed(names)) {
      const item = theirs.get(inner);
      if (item) items.set(outer, { ...item, name: outer });
    }
  }
  for (const [, from] of text.matchAll(/^export \* from "([^"]+)"/gm))
    if (from.startsWith(".")) for (const [name, item] of publicIn(fileOf(file, from))) items.set(name, item);
  return items;
}

/** What a file declares and names in its list of exports, which may be elsewhere itself. */
const locals = (text: string): [string, Item][] =>
  declarations(text.replace(/^(declare |interface |type )/gm, "export $1")).map((item) => [item.name, item]);

function fileOf(file: string, from: string): string {
  const base = normalize(join(dirname(file), from)).replace(/\.(ts|js)$/, "");
  const [found] = [`${base}.d.ts`, join(base, "index.d.ts")].filter(existsSync);
  if (found === undefined) throw new Error(`${file}: there are no declarations for "${from}"`);
  return found;
}

/** [name there, name here] of "a, type B, c as d". */
const renamed = (names: string): [string, string][] =>
  names.split(",").flatMap((part) => {
    const [inner, outer = inner] = part
      .trim()
      .replace(/^type /, "")
      .split(" as ");
    return inner === "" ? [] : [[inner, outer]];
  });

const beginning = /^export (?:declare )?(?:const|let|function|interface|type|class|abstract class|enum) (\w+)/;

/** Exported declarations of a file; overloads are joined. */
export function declarations(text: string): Item[] {
  const items = new Map<string, Item>();
  let doc = "";
  for (const part of statements(text)) {
    if (part.startsWith("/**")) {
      doc = docOf(part);
      continue;
    }
    const name = beginning.exec(part)?.[1];
    if (name !== undefined) {
      const declaration = part.replace(/^export (?:declare )?/, "");
      const before = items.get(name);
      items.set(name, before ? { ...before, declaration: `${before.declaration}\n${declaration}` } : { name, declaration, doc });
    }
    if (!part.startsWith("/*") && !part.startsWith("//")) doc = "";
  }
  return [...items.values()];
}

/** Comments and statements of the outermost level, in order. */
function statements(text: string): string[] {
  const found: string[] = [];
  let start = 0;
  let depth = 0;
  const end = (at: number): void => {
    const part = text.slice(start, at).trim();
    if (part !== "") found.push(part);
    start = at;
  };
  for (let i = 0; i < text.length; i++) {
    const comment = /^(?:\/\*[\s\S]*?\*\/|\/\/[^\n]*)/.exec(
      text.slice(i, i + 2) === "/*" || text.slice(i, i + 2) === "//" ? text.slice(i) : "",
    )?.[0];
    if (comment !== undefined) {
      const outside = depth === 0 && text.slice(start, i).trim() === "";
      i += comment.length - 1;
      if (outside) end(i + 1);
      continue;
    }
    const sign = text[i];
    if (sign === '"' || sign === "'" || sign === "`") i = closing(text, i);
    else if ("{([<".includes(sign)) depth++;
    else if ("})]".includes(sign) || (sign === ">" && text[i - 1] !== "=")) depth--;
    const over =
      sign === ";" ||
      (sign === "}" && /^\s*export (?:declare )?(?:interface|class|abstract class|enum) /.test(text.slice(start, start + 200)));
    if (depth === 0 && over) end(i + 1);
  }
  end(text.length);
  return found;
}

/** The place of the quote that closes another. */
function closing(text: string, from: number): number {
  for (let i = from + 1; i < text.length; i++) {
    if (text[i] === "\\") i++;
    else if (text[i] === text[from]) return i;
  }
  return text.length;
}

/** The words of a doc comment as Markdown: formulas, which are set in, as blocks, and tags as a list. */
function docOf(comment: string): string {
  const lines = comment
    .replace(/^\/\*\*/, "")
    .replace(/\*\/$/, "")
    .split("\n")
    .map((line) => line.replace(/^\s*\* ?/, "").trimEnd());
  const tagged = lines.map((line) =>
    line.replace(/^\s*@(\w+)\s*(\S*)/, (_, tag: string, word: string) => tagOf(tag, word)).replace(/(\*\*) {2,}/, "$1 "),
  );
  return tagged
    .map((line) => (/^ {2,3}\S/.test(line) ? `    ${line}` : line))
    .join("\n")
    .replace(/([^\n])\n- \*\*/, "$1\n\n- **")
    .trim();
}

const tagOf = (tag: string, word: string): string =>
  tag === "param" ? `- **\`${word}\`**` : `- **${{ returns: "gives", throws: "throws", source: "source" }[tag] ?? tag}** ${word}`;
