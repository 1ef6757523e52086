/** `pushforward studio`: runs in a page, while it is open; or a site of demos, guides and reports as files. */
import { availableParallelism } from "node:os";
import { z } from "zod";
import { type Command, job, type Outcome, onInterrupt, type Registered, talkOptions } from "../lab/index.ts";

const options = z.object({
  root: z.string().default("runs").describe("folder below which the runs are"),
  port: z.int().min(0).max(65_535).optional().describe("port (default: the first free one from 4400 on)"),
  host: z.string().default("127.0.0.1").describe("address to listen at; the default can be reached from this machine alone"),
  data: z.string().optional().describe("folders, with commas, below which runs that are begun in the page may read files"),
  readOnly: z.boolean().default(false).describe("show runs, and let nobody begin, stop or remove one"),
  open: z.boolean().default(true).describe("do not open the browser"),
  workers: z
    .int()
    .min(1)
    .max(1024)
    .default(Math.max(1, availableParallelism() >> 1))
    .describe("runs at a time that are begun in the page; others wait"),
  export: z.string().optional().describe("instead: write demos, guides and reports as a site of files into this folder"),
  reports: z.string().optional().describe("with --export: runs, with commas, whose reports are part of it"),
  ...talkOptions,
});

type Options = z.infer<typeof options>;

export const studioCommand = (registry: readonly Registered[]): Command =>
  job({
    name: "studio",
    summary: "a page with live runs, new ones, comparisons, and demos computed in the browser",
    examples: [
      "pushforward studio",
      "pushforward studio --root runs --data ~/measurements",
      "pushforward studio --export site --reports gapminder",
    ],
    notes: "The printed address holds a token: whoever has it may do what the page can. Ctrl-C ends the page; runs go on.",
    options,
    run: (_, given) => (given.export === undefined ? open(given, registry) : exported(given.export, given)),
  });

async function open(
  { root, port, host, data, readOnly, open: wanted, workers, json, quiet }: Options,
  registry: readonly Registered[],
): Promise<Outcome> {
  const [{ builtPage }, { isLoopback, serve }, { openBrowser }, { checkRoot, folders }] = await Promise.all([
    import("./page.ts"),
    import("./serve.ts"),
    import("./browser.ts"),
    import("./places.ts"),
  ]);
  const tell = (message: string): void => void (quiet || process.stderr.write(`${message}\n`));
  checkRoot(root); // before a page is built
  const given = folders(data);
  const served = await serve({ root, port, host, data: given, readOnly, workers, registry, page: builtPage(tell) });
  const { url } = served;
  process.stdout.write(json ? `${JSON.stringify({ event: "open", url, root })}\n` : `${url}\n`);
  if (!isLoopback(host)) {
    const may = readOnly ? "sees all runs" : "can begin runs";
    process.stderr.write(`caution: others can reach ${host} over the network; who has the token ${may}; nothing is encrypted\n`);
  }
  tell("Ctrl-C ends the page; runs that were begun in it go on");
  if (wanted) openBrowser(url, root, tell);
  const interrupt = onInterrupt(() => tell("\nclosing; runs go on"));
  await new Promise((resolve) => interrupt.signal.addEventListener("abort", resolve, { once: true }));
  await served.close();
  interrupt.dispose();
  return { results: { url, closed: true }, text: [] };
}

async function exported(folder: string, { root, reports, quiet }: Options): Promise<Outcome> {
  const { exportSite } = await import("./export.ts");
  const { builtPage } = await import("./page.ts");
  const page = (): string => builtPage((message) => void (quiet || process.stderr.write(`${message}\n`)));
  const names =
    reports
      ?.split(",")
      .map((name) => name.trim())
      .filter(Boolean) ?? [];
  const { files } = await exportSite({ page, folder, root, reports: names });
  return { results: { folder, files, reports: names }, text: [`${files} files in ${folder}; any web server can show them`] };
}
