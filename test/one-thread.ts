/** Two files of tests run at a time, on two cores or so: with one thread each none waits for another's. What an earlier file has chosen is undone. */
import { configure } from "../src/tensor/jit.ts";

configure({ threads: 1, device: undefined });
