/** What the commands on molecules take: presets, text, files. */
import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { z } from "zod";
import { presets } from "../../chemistry/systems/presets.ts";
import { type ReadSystem, readSystem } from "../../chemistry/systems/read.ts";
import { readTrexio, trexioGroups } from "../../chemistry/systems/trexio.ts";
import { lengthUnits } from "../../chemistry/systems/units.ts";
import { UserError } from "../../errors.ts";

export const systemInput = {
  name: "<system>",
  description: 'a preset (LiH), atoms ("Li 0 0 0; H 0 0 3.015"), an XYZ file, or a folder of TREXIO texts',
};

/** What a geometry does not say of itself. */
export const systemOptions = {
  units: z.enum(lengthUnits).optional().describe("of coordinates (default: angstrom in XYZ files, bohr in text)"),
  charge: z.int().optional().describe("of the molecule, in elementary charges (default: 0, or the preset's)"),
  spin: z
    .int()
    .min(0)
    .optional()
    .describe("2S, the number of unpaired electrons (default: the ground state of an atom, the lowest of a molecule)"),
};
type SystemOptions = z.infer<z.ZodObject<typeof systemOptions>>;

/** @throws UserError */
export async function loadSystem(input: string, { units, charge, spin }: SystemOptions): Promise<ReadSystem> {
  const options = { units, charge, spin };
  if (Object.hasOwn(presets, input.trim())) return readSystem(input, options);
  const groups = await readdir(input).catch(() => undefined);
  if (groups !== undefined) return await trexioSystem(input, groups, options);
  const content = await readFile(input, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENAMETOOLONG" || error.code === "ERR_INVALID_ARG_VALUE") return undefined;
    throw new UserError(`${input} cannot be read: ${error.message}`);
  });
  if (content !== undefined) return readSystem(content, { ...options, source: basename(input) });
  if (/\.xyz$/i.test(input) && !input.includes(";")) throw new UserError(`there is no file ${input}`);
  return readSystem(input, options);
}

/** A folder of TREXIO's text back end: only the files of four groups are opened, for others may be large. @throws UserError */
async function trexioSystem(folder: string, files: readonly string[], options: SystemOptions): Promise<ReadSystem> {
  if (!files.includes("nucleus.txt"))
    throw new UserError(`${folder} is a folder without nucleus.txt`, "give a file, or a folder that TREXIO wrote as text");
  const text = async (group: string): Promise<string> =>
    files.includes(`${group}.txt`) ? readFile(join(folder, `${group}.txt`), "utf8") : "";
  const [nucleus, electron, ecp, pbc] = await Promise.all(trexioGroups.map(text));
  const others = files.filter((file) => file.endsWith(".txt")).map((file) => file.slice(0, -4));
  const left = others.filter((group) => !trexioGroups.some((own) => own === group)).sort();
  return readTrexio({ name: basename(folder), texts: { nucleus, electron, ecp, pbc }, others: left }, options);
}
