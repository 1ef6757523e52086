/** `pushforward binarize`, and what belongs to it. */
import { landscape } from "./landscape.ts";
import { binarize as withCommands } from "./train.ts";

export const binarize = withCommands([landscape]);
