/** What the commands on molecules take: presets, text, files. */
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { z } from "zod";
import { presets } from "../../chemistry/systems/presets.ts";
import { type ReadSystem, readSystem } from "../../chemistry/systems/read.ts";
import { lengthUnits } from "../../chemistry/systems/units.ts";
import { UserError } from "../../errors.ts";

export const systemInput = {
  name: "<system>",
  description: 'a preset (LiH), atoms ("Li 0 0 0; H 0 0 3.015"), or an XYZ file',
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
  const content = await readFile(input, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENAMETOOLONG" || error.code === "ERR_INVALID_ARG_VALUE") return undefined;
    throw new UserError(`${input} cannot be read: ${error.code === "EISDIR" ? "it is a folder" : error.message}`);
  });
  if (content !== undefined) return readSystem(content, { ...options, source: basename(input) });
  if (/\.xyz$/i.test(input) && !input.includes(";")) throw new UserError(`there is no file ${input}`);
  return readSystem(input, options);
}
