/** Dtypes of programs. */

/** Dtypes that programs compute with. The others exist in files and are cast on the way in. */
export type ProgramDType = "f32" | "f64" | "i32" | "i64" | "bool" | "u8";

export const isFloat = (dtype: string): dtype is "f32" | "f64" => dtype === "f32" || dtype === "f64";
