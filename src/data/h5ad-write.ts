/** Results written into h5ad files. */
import type { Group } from "h5wasm/node";
import type { NdArray } from "../array/ndarray.ts";
import { UserError } from "../errors.ts";
import { entry, isDataset, openFile } from "./h5ad-hdf5.ts";

/** What is written beside what a file holds. */
export interface Additions {
  /** New columns of obs, of the length of the table; NaN for rows without a value. */
  readonly obs: Readonly<Record<string, Float64Array>>;
  /** New matrices of obsm. */
  readonly obsm: Readonly<Record<string, NdArray<"f32">>>;
}

/** More columns in obs and matrices in obsm; names that are there already are replaced. */
export async function addTo(path: string, { obs, obsm }: Additions): Promise<void> {
  const file = await openFile(path, "a");
  try {
    const frame = file.get("obs") as Group;
    const existing = (frame.attrs["column-order"]?.value ?? []) as string[];
    for (const [name, values] of Object.entries(obs)) put(frame, name, values, [values.length]);
    const order = [...Array.from(existing, String), ...Object.keys(obs).filter((n) => !Array.from(existing, String).includes(n))];
    if (frame.attrs["column-order"]) frame.delete_attribute("column-order");
    frame.create_attribute("column-order", order);
    const group = (entry(file, "obsm") ?? file.create_group("obsm")) as Group;
    for (const [name, { data, shape }] of Object.entries(obsm)) put(group, name, data, [...shape]);
  } finally {
    file.close();
  }
}

function put(group: Group, name: string, data: Float32Array | Float64Array, shape: number[]): void {
  const old = entry(group, name);
  if (isDataset(old)) {
    const same = old.shape?.length === shape.length && old.shape.every((n, i) => n === shape[i]);
    if (!same) throw new UserError(`the file already has "${name}" of another shape`, "remove it, or use the original file");
    old.write_slice(
      shape.map(() => []),
      data,
    );
    return;
  }
  const made = group.create_dataset({ name, data, shape, dtype: data instanceof Float32Array ? "<f" : "<d" });
  made.create_attribute("encoding-type", "array");
  made.create_attribute("encoding-version", "0.2.0");
}
