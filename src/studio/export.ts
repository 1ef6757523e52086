/** The page without a server: demos, guides and the reports of some runs, as files that any web server can show. */
import { existsSync } from "node:fs";
import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { UserError } from "../errors.ts";
import { inside, makeFolder } from "../lab/index.ts";
import { openIndex } from "../lab/store/database.ts";
import { findRun } from "../lab/store/query.ts";
import { nameOf, syncRoot } from "../lab/store/sync.ts";
import type { ReportIndex } from "./api.ts";
import { headline } from "./report.ts";

export interface ExportOptions {
  /** Folder of the built page, which may have to be built first. */
  readonly page: () => string;
  /** Where the site goes. */
  readonly folder: string;
  /** The folder of runs, and those whose reports are shown. */
  readonly root: string;
  readonly reports: readonly string[];
}

/** Says that a folder was made here, and what in it. */
const marker = ".pushforward-site.json";

/** Runs nothing and fetches nothing, wherever it is shown. */
const policy = `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">`;

/** @throws UserError  for a folder that holds something else, and for runs without a report */
export async function exportSite({ page: builtPage, folder, root, reports }: ExportOptions): Promise<{ files: number }> {
  // before anything is touched, or built
  const shown = await readReports(root, reports);
  const earlier = await earlierFiles(folder);
  const page = builtPage();
  for (const name of earlier) await rm(inside(folder, name), { force: true });
  const written: string[] = [];
  const write = async (name: string, content: string): Promise<void> => {
    const path = inside(folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
    written.push(name);
  };
  for (const name of await filesBelow(page)) {
    if (/\.(br|gz)$/.test(name) || name === "index.html") continue;
    await cp(join(page, name), join(folder, name));
    written.push(name);
  }
  const index = await readFile(join(page, "index.html"), "utf8");
  await write(
    "index.html",
    index.replace(/<head[^>]*>/, (head) => `${head}\n<meta name="pushforward-studio" content="static">`),
  );
  for (const { path, html } of shown)
    await write(
      path,
      html.replace(/<head[^>]*>/, (head) => head + policy),
    );
  await write("reports/index.json", JSON.stringify(shown.map(({ html: _, ...about }) => about) satisfies ReportIndex));
  await writeFile(join(folder, marker), JSON.stringify(written));
  return { files: written.length };
}

const filesBelow = async (folder: string): Promise<string[]> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(folder.length + 1)
        .replaceAll("\\", "/"),
    )
    .sort();
};

/** Makes the folder, or says what an earlier export left there, which is all that may be there besides what that did not write. */
async function earlierFiles(folder: string): Promise<string[]> {
  await makeFolder(folder);
  const before = await readFile(join(folder, marker), "utf8")
    .then(JSON.parse)
    .catch(() => undefined);
  const { data: files } = z.array(z.string()).safeParse(before);
  if (files === undefined && (await readdir(folder)).length > 0)
    throw new UserError(`${folder} is not empty and holds no site that was exported`, "choose another folder with --export");
  return files ?? [];
}

type Shown = ReportIndex[number] & { readonly html: string };

async function readReports(root: string, names: readonly string[]): Promise<Shown[]> {
  if (names.length === 0) return [];
  if (!existsSync(root)) throw new UserError(`there is no folder ${root}`, "--root says where the runs are");
  const store = await openIndex(root);
  try {
    await syncRoot(store, root);
    const shown: Shown[] = [];
    for (const name of names) {
      const { folder } = await findRun(store, name);
      const own = nameOf(folder, root).replaceAll("\\", "/");
      const html = await readFile(join(folder, "report.html"), "utf8").catch(() => {
        throw new UserError(`${own} has no report`, "a run has one when it is done or was stopped");
      });
      shown.push({ name: own, ...headline(html), path: `reports/${own.replace(/[^\w.-]+/g, "-")}.html`, html });
    }
    return shown;
  } finally {
    await store.destroy();
  }
}
