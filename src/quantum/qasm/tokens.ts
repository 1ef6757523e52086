/** OpenQASM as tokens with their lines. */
import { UserError } from "../../errors.ts";

export interface Token {
  readonly kind: "name" | "number" | "string" | "symbol" | "end";
  readonly text: string;
  readonly line: number;
}

/** A mistake in a file: where, what, and what to do. */
export const mistake = (line: number, message: string, hint?: string): UserError => new UserError(`line ${line}: ${message}`, hint);

const patterns: readonly (readonly [Token["kind"] | "blank", RegExp])[] = [
  ["blank", /\s+|\/\/[^\n]*|\/\*[\s\S]*?\*\//y],
  ["number", /0[xX][0-9a-fA-F_]+|0[bB][01_]+|0o[0-7_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?/y],
  ["name", /[$#]?[\p{L}\p{Nl}_][\p{L}\p{Nl}\d_]*|\$\d+/uy],
  ["string", /"[^"\n]*"|'[^'\n]*'/y],
  ["symbol", /->|\*\*|\+\+|==|!=|<=|>=|<<|>>|&&|\|\||\/(?!\*)|[-+*%^~!<>=&|@:;,.()[\]{}]/y],
];

/** @throws UserError  with the line of what is no token */
export function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let line = 1;
  for (let at = text.startsWith("\uFEFF") ? 1 : 0; at < text.length; ) {
    const rule = patterns.find(([, pattern]) => {
      pattern.lastIndex = at;
      return pattern.test(text);
    });
    if (!rule) throw wrongCharacter(text, at, line);
    const found = text.slice(at, rule[1].lastIndex);
    if (rule[0] !== "blank") tokens.push({ kind: rule[0], text: found, line });
    line += found.split("\n").length - 1;
    at += found.length;
  }
  return [...tokens, { kind: "end", text: "the end of the file", line }];
}

function wrongCharacter(text: string, at: number, line: number): UserError {
  if (text.startsWith("/*", at)) return mistake(line, "a comment is not closed", "end it with */");
  const character = text[at];
  if (character === '"' || character === "'") return mistake(line, "a text is not closed");
  const said = /[\p{L}\p{P}\p{S}]/u.test(character) ? `"${character}"` : `character ${text.charCodeAt(at)}`;
  return mistake(line, `${said} is not OpenQASM`, text.includes("\0") ? "is this a text file?" : undefined);
}

/** A position among tokens. */
export interface Cursor {
  readonly peek: (ahead?: number) => Token;
  readonly next: () => Token;
  /** Takes the next token if it is this one. */
  readonly take: (text: string) => boolean;
  /** @throws UserError  if the next token is another */
  readonly expect: (text: string, where: string) => Token;
  readonly name: (what: string) => Token;
}

export function cursor(tokens: readonly Token[]): Cursor {
  let at = 0;
  const peek = (ahead = 0): Token => tokens[Math.min(at + ahead, tokens.length - 1)];
  const next = (): Token => {
    const token = peek();
    at++;
    return token;
  };
  const is = (text: string): boolean => peek().text === text && peek().kind !== "string" && peek().kind !== "end";
  return {
    peek,
    next,
    take: (text) => is(text) && next() !== undefined,
    expect(text, where) {
      if (is(text)) return next();
      // what is missing at the end of a statement is missing in the line before
      const line = text === ";" && at > 0 ? tokens[at - 1].line : peek().line;
      throw mistake(line, `"${text}" is missing ${where}: found ${shown(peek())}`);
    },
    name(what) {
      if (peek().kind === "name") return next();
      throw mistake(peek().line, `${what} is missing: found ${shown(peek())}`);
    },
  };
}

export const shown = ({ kind, text }: Token): string => (kind === "end" ? text : `"${text.length > 40 ? `${text.slice(0, 40)}…` : text}"`);

/** The number of a token: decimal, hexadecimal, octal or binary, with underscores. */
export function numberOf({ text, line }: Token): number {
  const value = Number(text.replaceAll("_", ""));
  if (!Number.isFinite(value)) throw mistake(line, `${text} is not a finite number`);
  return value;
}
