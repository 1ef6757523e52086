/** `pushforward binarize`, and what belongs to it. */
import { hardware } from "./hardware.ts";
import { importCounts } from "./import-counts.ts";
import { landscape } from "./landscape.ts";
import { simulate } from "./simulate.ts";
import { binarize as withCommands } from "./train.ts";

export const binarize = withCommands([landscape, simulate, importCounts, hardware]);
