/** Arrays into HDF5 files, by the library's WebAssembly. */
import { rename, rm } from "node:fs/promises";
import type { NdArray } from "../array/ndarray.ts";

const types = { f32: "<f", f64: "<d", i32: "<i" } as const;

/** What a file holds: arrays by path ("walkers/x"), and texts as attributes of its root. */
export interface Hdf5Content {
  readonly arrays: Readonly<Record<string, NdArray>>;
  readonly attributes: Readonly<Record<string, string>>;
}

/** Writes a file; it appears complete or not at all. */
export async function writeHdf5(path: string, { arrays, attributes }: Hdf5Content): Promise<void> {
  const { default: h5wasm } = await import("h5wasm/node");
  await h5wasm.ready;
  const temporary = `${path}.${process.pid}.tmp`;
  const file = new h5wasm.File(temporary, "w");
  try {
    for (const [name, { dtype, shape, data }] of Object.entries(arrays)) {
      const parts = name.split("/");
      let group = "";
      for (const part of parts.slice(0, -1)) {
        group += `/${part}`;
        if (!file.get(group)) file.create_group(group);
      }
      file.create_dataset({ name: `/${name}`, data: data as Float64Array, shape: [...shape], dtype: types[dtype as keyof typeof types] });
    }
    for (const [name, text] of Object.entries(attributes)) file.create_attribute(name, text);
  } finally {
    file.close();
  }
  await rename(temporary, path).catch(async (error: unknown) => {
    await rm(temporary, { force: true });
    throw error;
  });
}
