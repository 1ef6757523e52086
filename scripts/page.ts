/**
 * Makes the page of the studio in `dist/studio/`, where the compiled server lies too: the program, the docs, and the files of demos. The
 * reference of the library is read from the declarations in `dist/`: `npm run build` makes those first.
 */
import { rmSync } from "node:fs";
import { build } from "vite";
import { writeDocs } from "./docs/write.ts";

const folder = "dist/studio";
for (const part of ["assets", "docs"]) rmSync(`${folder}/${part}`, { recursive: true, force: true });
await build({ configFile: "studio/vite.config.ts" });
writeDocs(`${folder}/docs`);
