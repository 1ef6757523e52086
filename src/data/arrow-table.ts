/** Columns of an Arrow file by Arrow's own library. */
import { arrowLayout, notArrow } from "./arrow-layout.ts";
import type { Column } from "./table.ts";

/** Columns of numbers or of texts; integers of 64 bits are texts, with all their digits. @throws UserError  for what is no such file */
export async function arrowTable(bytes: Uint8Array, source: string): Promise<Column[]> {
  const { tableFromIPC } = await import("apache-arrow");
  try {
    arrowLayout(bytes); // the library takes lengths on trust
    const table = tableFromIPC(bytes);
    return table.schema.fields.map(({ name }) => {
      const values = Array.from(table.getChild(name) ?? [], (v) => (typeof v === "bigint" ? String(v) : v)) as (number | string | null)[];
      const numeric = values.every((v) => typeof v === "number");
      return {
        name,
        values: numeric ? Float64Array.from(values as number[]) : values.map((v) => (v === null ? null : String(v))),
      };
    });
  } catch (error) {
    throw notArrow(source, error);
  }
}
