/** The reference of the library, from the declarations that the compiler has written: what each room makes public, with its comment. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { escape } from "../../src/lab/report.ts";
import { page, toHtml, type WrittenPage } from "./guides.ts";

interface Declared {
  readonly name: string;
  readonly comment: string;
  readonly text: string;
}

/** A page for each entry of the package; none where nothing is compiled. */
export function reference(): WrittenPage[] {
  const entries: Record<string, { types?: string }> = JSON.parse(readFileSync("package.json", "utf8")).exports;
  return Object.entries(entries).flatMap(([entry, { types }]) => {
    if (types === undefined || !existsSync(types)) return [];
    const name = entry.slice(2);
    const about = /^\/\*\*([\s\S]*?)\*\//.exec(readFileSync(types, "utf8"))?.[1] ?? "";
    const items = publicOf(types).toSorted((a, b) => (a.name.toLowerCase() < b.name.toLowerCase() ? -1 : 1));
    const html = [`<h1>pushforward/${name}</h1>`, toHtml(plain(about), types), ...items.map(itemHtml)].join("\n");
    return [page(`reference/${name}`, `pushforward/${name}`, "Reference", html)];
  });
}

const itemHtml = ({ name, comment, text }: Declared): string =>
  `<h3 id="${name}">${name}</h3>\n<pre><code>${escape(text)}</code></pre>\n${commentHtml(comment)}`;

/** A comment without its stars. */
const plain = (comment: string): string =>
  comment
    .split("\n")
    .map((line) => line.replace(/^\s*\*? ?/, ""))
    .join("\n")
    .trim();

/** Text, then what is said of parameters and the like, a line each. Formulas keep their lines: they are indented. */
function commentHtml(comment: string): string {
  const [text, ...tags] = plain(comment).split(/^@(?=\w)/m);
  const tag = (said: string): string => {
    const [, kind, rest] = /^(\w+)\s*([\s\S]*)$/.exec(said) ?? [];
    return `<li><strong>${escape(kind)}</strong> ${escape(rest.trim())}</li>`;
  };
  return `${toHtml(text, "")}${tags.length > 0 ? `<ul>${tags.map(tag).join("")}</ul>` : ""}`;
}

/** What a file of declarations exports, what it passes on from others too. */
function publicOf(file: string): Declared[] {
  const text = readFileSync(file, "utf8");
  const from = (path: string): string => join(dirname(file), path.replace(/\.[jt]s$/, ".d.ts"));
  const all = [...text.matchAll(/^export \* from "([^"]+)"/gm)].flatMap(([, path]) => publicOf(from(path)));
  const named = [...text.matchAll(/^export (?:type )?\{([^}]*)\} from "([^"]+)"/gm)].flatMap(([, names, path]) => {
    const there = publicOf(from(path));
    return names.split(",").flatMap((word) => {
      const [name, as] = word.trim().replace(/^type /, "").split(" as ");
      return there.filter((declared) => declared.name === name).map((declared) => ({ ...declared, name: as ?? name }));
    });
  });
  return [...declarations(text), ...all, ...named];
}

const begins = /^export (?:declare )?(?:abstract )?(?:const|function|interface|type|class|enum) (\w+)/;

/** The declarations of a file; a comment belongs to what follows it, overloads belong together. */
function declarations(text: string): Declared[] {
  const found: Declared[] = [];
  let comment = "";
  const lines = text.split("\n");
  for (let i = 0; i < lines.length; i++) {
    if (lines[i].startsWith("/**")) {
      const start = i;
      while (!lines[i].includes("*/")) i++;
      comment = lines.slice(start, i + 1).join("\n").replace(/^\/\*\*|\*\/\s*$/g, "");
      continue;
    }
    const name = begins.exec(lines[i])?.[1];
    if (name !== undefined) {
      const start = i;
      while (depth(lines.slice(start, i + 1).join("\n")) > 0) i++;
      const code = lines.slice(start, i + 1).join("\n").replace(/^export (declare )?/, "");
      const last = found.at(-1);
      if (last?.name === name) found[found.length - 1] = { ...last, text: `${last.text}\n${code}`, comment: last.comment || comment };
      else found.push({ name, comment, text: code });
    }
    comment = "";
  }
  return found;
}

/** Brackets that are open at the end. An arrow closes none. */
const depth = (code: string): number => {
  const bare = code.replace(/\/\*[\s\S]*?\*\/|\/\/.*$|"[^"\n]*"|'[^'\n]*'|=>/gm, "");
  return (bare.match(/[{([]/g)?.length ?? 0) - (bare.match(/[})\]]/g)?.length ?? 0);
};
