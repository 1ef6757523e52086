/** Makes WebAssembly the device of all programs of a test file. */
import { configure } from "../src/tensor/index.ts";

configure({ device: "wasm" });
