import { version } from "../../lab/invocation.ts";

/** Who wrote a model file. */
export const producer = (): string => `pushforward ${version()}`;
