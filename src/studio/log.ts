/** What a process has said, from the file that its words go to: progress in JSON lines, notes, errors. */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";

/** The numbers of a line of progress. */
interface Line {
  readonly step: number;
  readonly total: number;
}

export interface Said {
  /** Words for people, the last of them. */
  readonly words: string;
  /** Notes that were told before the work. */
  readonly notes: readonly string[];
  /** The error that ended it, with its hint. */
  readonly failure?: string;
  readonly progress?: Line;
}

/** Bytes of the end that are looked at, and characters of words kept. */
const [window, mostWords] = [1 << 17, 8000];

/** The end of the log of one process. */
export function readLog(path: string): Said {
  const words: string[] = [];
  const notes = new Set<string>();
  let progress: Line | undefined;
  let failure: string | undefined;
  for (const line of endOf(path).split("\n")) {
    const event = parse(line);
    if (event === undefined) {
      if (line.startsWith("error: ")) failure = line.slice("error: ".length);
      else if (failure !== undefined && line.startsWith("  hint: ")) failure += `\n${line.slice("  hint: ".length)}`;
      if (line.trim() !== "") words.push(line);
    } else if (event.event === "progress" && typeof event.step === "number" && typeof event.total === "number")
      progress = { step: event.step, total: event.total };
    else if (event.event === "note" && typeof event.message === "string") {
      notes.add(event.message.replace(/^note: /, ""));
      words.push(event.message);
    }
  }
  return { words: words.join("\n").slice(-mostWords), notes: [...notes], failure, progress };
}

function endOf(path: string): string {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch {
    return ""; // it has said nothing yet
  }
  try {
    const { size } = fstatSync(file);
    const bytes = Buffer.alloc(Math.min(window, size));
    const got = readSync(file, bytes, 0, bytes.length, size - bytes.length);
    const text = bytes.toString("utf8", 0, got);
    return size > window ? text.slice(text.indexOf("\n") + 1) : text; // a cut line is none
  } finally {
    closeSync(file);
  }
}

function parse(line: string): Readonly<Record<string, unknown>> | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
