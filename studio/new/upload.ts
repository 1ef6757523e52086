/** A file of the reader's machine, taken to the server. */
import type { Uploaded } from "../../src/studio/api.ts";
import { ask } from "../server.ts";

export const upload = (file: File): Promise<Uploaded> =>
  ask(`upload?${new URLSearchParams({ name: file.name })}`, {
    method: "POST",
    headers: { "content-type": "application/octet-stream" },
    body: file,
  });
