/**
 * Words that people put on runs, in .studio/tags.json below the root: not in the run's own record, which decides what it is, nor in the
 * index, which is made again from the folders.
 */
import { readFileSync } from "node:fs";
import { z } from "zod";
import { UserError } from "../errors.ts";
import { writeAside } from "../lab/index.ts";

export interface Tags {
  of(id: string): readonly string[];
  set(id: string, tags: readonly string[]): Promise<void>;
}

const fileSchema = z.record(z.string(), z.array(z.string()));

/** @throws UserError  if the file is there and damaged: it would be lost with the next tag */
export function openTags(path: string): Tags {
  const tags = new Map(Object.entries(read(path)));
  let writing: Promise<unknown> = Promise.resolve();
  return {
    of: (id) => tags.get(id) ?? [],
    async set(id, wanted) {
      if (wanted.length === 0) tags.delete(id);
      else tags.set(id, [...new Set(wanted)]);
      const write = writing.then(() => writeAside(path, `${JSON.stringify(Object.fromEntries(tags), undefined, 1)}\n`));
      writing = write.catch(() => undefined);
      await write;
    },
  };
}

function read(path: string): z.infer<typeof fileSchema> {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return {}; // none yet
  }
  try {
    return fileSchema.parse(JSON.parse(text));
  } catch {
    throw new UserError(`${path} is damaged`, "mend it, or remove it: it holds the tags of runs");
  }
}
