/** Writes guides and reference for the studio: a file a page, the list of all with their words, and the pictures. */
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { guides } from "./guides.ts";
import { reference } from "./reference.ts";

export function writeDocs(folder: string): void {
  const pages = [...guides(), ...reference()];
  for (const { path, html } of pages) {
    const file = join(folder, `${path}.html`);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, html);
  }
  writeFileSync(join(folder, "index.json"), JSON.stringify(pages.map(({ html: _, ...page }) => page)));
  cpSync("docs/images", join(folder, "images"), { recursive: true });
}
