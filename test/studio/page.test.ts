/** The page of the studio, driven as people do. The server says what the tests want: see test/studio/page/fake.ts. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { exportSite } from "../../src/studio/export.ts";
import { common } from "../../src/studio/headers.ts";
import { hasBrowser } from "../page.ts";
import { type BuiltFile, buildPage } from "./page/build.ts";
import { commands, comparison, runs, series, svg, sweeps } from "./page/content.ts";
import { faults, openBrowser, visit } from "./page/drive.ts";
import { type Fake, type FakeOptions, fakeServer } from "./page/fake.ts";
import { open } from "./visit.ts";

/** Waits for a value; the test's own limit of time ends it. */
const poll = <T>(ask: () => T) => expect.poll(ask, { timeout: 60_000 });

const base = mkdtempSync(join(tmpdir(), "pushforward-studio-page-"));
const folder = join(base, "page");
let built: readonly BuiltFile[];
beforeAll(async () => void (built = await buildPage(folder)));
afterAll(() => rmSync(base, { recursive: true, force: true, maxRetries: 5 }));

test("what the first view needs is below 250 kB, compressed: plots, search, docs and demos come later", () => {
  const needed = new Set<string>();
  const need = (name: string): void => {
    if (needed.has(name)) return;
    needed.add(name);
    built.find((file) => file.name === name)?.imports.forEach(need);
  };
  need("index.html");
  for (const [, name] of readFileSync(join(folder, "index.html"), "utf8").matchAll(/(?:src|href)="\.\/([^"]+)"/g)) need(name);
  for (const { name, source } of built) if (source?.endsWith("/runs/Runs.svelte")) need(name);
  const bytes = built.filter(({ name }) => needed.has(name)).map((file) => gzipSync(file.bytes).length);
  expect(needed.size).toBeGreaterThan(3);
  expect(bytes.reduce((a, b) => a + b, 0)).toBeLessThan(250_000);
  const code = built.filter(({ name }) => needed.has(name)).map((file) => String(file.bytes));
  expect(code.some((text) => /miniSearch|observablehq|WebAssembly\.instantiate/i.test(text))).toBe(false);
});

describe.runIf(hasBrowser)("in Chromium", () => {
  let browser: Browser;
  let fake: Fake | undefined;
  beforeAll(async () => void (browser = await openBrowser()));
  afterAll(() => browser?.close());
  afterEach(() => fake?.close());

  const serve = async (more: Partial<FakeOptions> = {}): Promise<Fake> => {
    fake = await fakeServer({ folder, headers: common, runs: runs(12), series, commands, sweeps, comparison, svg, ...more });
    return fake;
  };

  const views = [
    { at: "runs", shows: "gapminder-11" },
    { at: "runs/run-1", shows: "the years that were held out" },
    { at: "runs/run-2", shows: "training diverged" },
    { at: "compare?runs=run-1,run-2", shows: "Mean over seeds" },
    { at: "sweeps", shows: "2 done, 1 running, 1 waiting" },
    { at: "sweeps/width", shows: "width-256" },
    { at: "new", shows: "every method once" },
    { at: "new/trajectories", shows: "More options" },
    { at: "demos", shows: "Darts fall" },
    { at: "demos/darts", shows: "The same at full size" },
    { at: "tour", shows: "Start the tour" },
    { at: "docs/runs", shows: "It is a folder" },
    { at: "nowhere", shows: "There is no such place" },
  ];

  test("every view is accessible in light and dark, and fits 400 pixels", async () => {
    const { url } = await serve();
    await visit(browser, url, async (page) => {
      for (const { at, shows } of views) {
        await page.goto(`${url}#/${at}`);
        await page.getByText(shows).first().waitFor();
        expect(await faults(page), at).toEqual([]);
        await page.emulateMedia({ colorScheme: "dark" });
        await page.setViewportSize({ width: 400, height: 800 });
        expect(await page.evaluate(() => document.documentElement.scrollWidth), at).toBeLessThanOrEqual(400);
        expect(await faults(page), `${at} in the dark, at 400 pixels`).toEqual([]);
        await page.emulateMedia({ colorScheme: "light" });
        await page.setViewportSize({ width: 1280, height: 800 });
      }
    });
  });

  test("2,000 runs are found, sorted and scrolled through, and only those in sight are drawn", async () => {
    const { url } = await serve({ runs: runs(2000) });
    await visit(
      browser,
      url,
      async (page) => {
        const names = page.locator("tr.run .name a");
        await page.getByText("2,000 runs").waitFor();
        expect(await names.count()).toBeLessThan(60);
        expect(await names.first().textContent()).toBe("gapminder-0");
        await page.getByRole("region", { name: "List of runs" }).evaluate((list) => list.scrollTo(0, list.scrollHeight));
        await page.getByRole("link", { name: "gapminder-1999", exact: true }).waitFor();
        await page.getByRole("button", { name: "Begun" }).click();
        await page.getByRole("region", { name: "List of runs" }).evaluate((list) => list.scrollTo(0, 0));
        await poll(() => names.first().textContent()).toBe("gapminder-1999");
        await page.getByRole("searchbox", { name: "Filter" }).fill("gapminder-123");
        await page.getByText("11 runs").waitFor();
        await page.getByRole("searchbox", { name: "Filter" }).fill("nothing=3");
        await page.getByText('did you mean "width"?').waitFor();
        await page.getByRole("searchbox", { name: "Filter" }).fill("");
        await page.getByRole("combobox", { name: "Status" }).selectOption("stopped");
        await page.getByText("223 runs").waitFor();
        expect(page.url()).toContain("status=stopped");
      },
      /status of 400/,
    );
  });

  test("runs are chosen and compared; tags filter, and names that are markup are text", async () => {
    const { url } = await serve();
    await visit(browser, url, async (page) => {
      await page.getByRole("checkbox", { name: "Choose gapminder-1", exact: true }).check();
      await page.getByRole("checkbox", { name: "Choose gapminder-2", exact: true }).check();
      await page.getByRole("link", { name: "Compare them" }).click();
      await page.getByRole("img", { name: "Mean over seeds" }).waitFor();
      expect(page.url()).toContain("runs=run-1%2Crun-2");
      await page.goBack();
      await page.getByRole("button", { name: "Runs with tag <b>bold</b>" }).click();
      await page.getByText("1 run", { exact: true }).waitFor();
    });
  });

  test("a run goes on before one's eyes: rows, time left and its end; what was missed while the server was away comes later", async () => {
    const server = await serve();
    await visit(
      browser,
      `${server.url}#/runs/run-0`,
      async (page) => {
        const curve = page.getByRole("img", { name: "loss by step" }).locator("svg");
        await curve.waitFor();
        await poll(server.listeners).toBe(1);
        const before = await curve.innerHTML();
        server.tell({ kind: "rows", run: "run-0", rows: [{ step: 800, loss: 9 }] });
        server.tell({ kind: "progress", run: "run-0", step: 800, total: 2000, left: 90 });
        await page.getByText("step 800 of 2000, about 1 min 30 s left").waitFor();
        await poll(() => curve.innerHTML()).not.toBe(before);
        server.leave();
        await page.getByText("The server does not answer").waitFor();
        server.tell({ kind: "progress", run: "run-0", step: 900, total: 2000, left: 80 });
        await server.come();
        await page.getByText("step 900 of 2000").waitFor();
        await poll(() => page.getByText("The server does not answer").count()).toBe(0);
        await page.getByRole("button", { name: "Stop" }).click();
        await poll(() => server.asked).toEqual(["stop run-0"]);
        server.runs[0] = { ...server.runs[0], status: "stopped" };
        server.tell({ kind: "run", run: "run-0", status: "stopped" });
        await page.getByRole("button", { name: "Resume" }).click();
        await poll(() => server.asked.at(-1)).toBe("resume run-0");
      },
      /net::ERR_/,
    );
  });

  test("a finished run shows cautions before numbers with their errors; it is forked with other settings, and deleted by name", async () => {
    const server = await serve();
    await visit(browser, `${server.url}#/runs/run-1`, async (page) => {
      await page.getByText("0.0312 ± 0.0041").waitFor();
      const text = (await page.locator("main").textContent()) ?? "";
      expect(text.indexOf("the flow is stiff")).toBeLessThan(text.indexOf("Wasserstein"));
      await poll(() => page.getByRole("img", { name: "motion" }).evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(640);
      await page.getByText("Report", { exact: true }).click();
      await page.frameLocator("iframe").getByText("The report").waitFor();
      await page.getByRole("button", { name: "Fork" }).click();
      await page.getByRole("combobox", { name: "Setting 1" }).selectOption("steps");
      await page.getByRole("textbox", { name: "Value of steps" }).fill("4000");
      await page.getByRole("button", { name: "Start the fork" }).click();
      await poll(() => server.asked).toEqual(['fork run-1 {"set":{"steps":4000}}']);
      await page.getByRole("button", { name: "Delete" }).click();
      await page.getByRole("button", { name: "Delete gapminder-1" }).click();
      await page.getByText("11 runs").waitFor();
      expect(server.asked.at(-1)).toBe("delete run-1");
    });
  });

  test("a new run from the form: checked as one types, a file taken along, only what was changed is sent", async () => {
    const server = await serve();
    await visit(browser, `${server.url}#/new/trajectories`, async (page) => {
      const line = page.getByRole("group", { name: "Command line" });
      await page.getByLabel("steps").fill("many");
      await page.getByText('--steps: expected int (got "many")').first().waitFor();
      expect(await page.getByLabel("steps").getAttribute("aria-invalid")).toBe("true");
      expect(await page.getByRole("button", { name: "Start the run" }).isDisabled()).toBe(true);
      await page.getByLabel("steps").fill("500");
      await page.getByLabel("quick").check();
      await poll(() => line.textContent()).toBe("pushforward trajectories --steps=500 --quick=true");
      await page
        .getByLabel("A file of this machine")
        .first()
        .setInputFiles({ name: "cells.csv", mimeType: "text/csv", buffer: Buffer.from("day,x\n") });
      await poll(() => page.getByRole("textbox", { name: "file" }).first().inputValue()).toBe("uploads/cells.csv");
      expect(page.url()).toContain("steps=500");
      await page.getByRole("button", { name: "Start the run" }).click();
      await page.getByRole("heading", { name: "begun" }).waitFor();
      expect(server.asked).toEqual(["upload cells.csv 6", 'start trajectories ["uploads/cells.csv"] {"steps":"500","quick":true}']);
    });
  });

  test("the tour begins in its place, and is seen there", async () => {
    const server = await serve();
    await visit(browser, `${server.url}#/tour`, async (page) => {
      await page.getByRole("button", { name: "Start the tour" }).click();
      await page.getByRole("region", { name: "The last tour" }).getByRole("heading", { name: "begun" }).waitFor();
      expect(server.asked).toEqual(['start tour [] {"quick":true}']);
    });
  });

  test("who may only look is offered nothing else", async () => {
    const { url } = await serve({ readOnly: true });
    await visit(browser, `${url}#/runs/run-0`, async (page) => {
      await page.getByText("step 700 of 2000").waitFor();
      await poll(() => page.getByRole("button", { name: "Stop" }).count()).toBe(0);
      await page.goto(`${url}#/new/trajectories`);
      await page.getByText("This studio is for looking only").waitFor();
      expect(await page.getByRole("button", { name: "Start the run" }).count()).toBe(0);
    });
  });

  test("a demo starts, its numbers change, it stops at once, and its files are taken away", async () => {
    const { url } = await serve();
    await visit(browser, `${url}#/demos/darts?rounds=100000&caution=true`, async (page) => {
      await page.getByRole("button", { name: "Start" }).click();
      const darts = page.locator("dl > div", { hasText: "darts" }).locator("dd").first();
      const first = Number(await darts.textContent());
      await poll(async () => Number(await darts.textContent())).toBeGreaterThan(first);
      await page.getByText("these darts are not quite random").waitFor();
      for (const name of ["Where they fell", "The estimate by round", "How far from the middle"])
        await page.getByRole("img", { name }).waitFor();
      await page.getByRole("img", { name: "The estimate by round" }).locator("svg").waitFor();
      expect(await faults(page)).toEqual([]);
      const [blurred, show] = [page.getByRole("img", { name: "blurred image" }), page.getByRole("button", { name: "Show the images" })];
      expect(await blurred.count()).toBe(2);
      await show.click();
      await page.getByRole("img", { name: "light" }).waitFor();
      await page.getByRole("button", { name: "Stop" }).click();
      await page.getByText("Stopped.").waitFor();
      const loading = page.waitForEvent("download");
      await page.getByRole("button", { name: "darts.csv" }).click();
      const rows = readFileSync(await (await loading).path(), "utf8")
        .trim()
        .split("\n");
      expect(rows[0]).toBe("pi");
      // a round is 50 darts; what was shown last is what there was, or a step less
      expect(Math.abs(50 * (rows.length - 1) - Number(await darts.textContent()))).toBeLessThanOrEqual(50);
      expect(await page.getByRole("group", { name: "Command line" }).textContent()).toBe("pushforward pi --rounds 100000 --law uniform");
    });
  });

  test("settings are kept in the address: whoever opens it sees the same numbers; what cannot be is said", async () => {
    const { url } = await serve();
    const end = async (page: Page): Promise<string> => {
      await page.getByRole("button", { name: "Start" }).click();
      await page.getByText("Done.").waitFor();
      return (await page.locator("dl").textContent()) ?? "";
    };
    let [address, numbers] = ["", ""];
    await visit(browser, `${url}#/demos/darts`, async (page) => {
      await page.getByLabel("Seed").fill("7");
      await page.getByLabel("law").selectOption("halton");
      await page.getByRole("application").click({ position: { x: 40, y: 60 } });
      await page.getByRole("button", { name: "Add a cloud" }).click();
      await page.getByRole("combobox", { name: "Shape for the third cloud" }).selectOption("ring");
      numbers = await end(page);
      address = page.url();
    });
    expect(address).toMatch(/law=halton&clouds=[0-9a-f-]+&seed=7$/);
    expect(numbers).toContain("247"); // a point and five of a touch; one; 240 of the ring
    await visit(browser, address, async (page) => {
      expect(await end(page)).toBe(numbers);
      await page.getByLabel("name").fill("");
      await page.getByRole("button", { name: "Start" }).click();
      await page.getByText("type one").waitFor();
      await page.getByLabel("name").fill("x");
      await page.locator('input[type="file"]').setInputFiles({ name: "a.txt", mimeType: "text/plain", buffer: Buffer.from("abc") });
      expect(await end(page)).toContain("a.txt: 3");
    });
  });

  test("with the keys alone: skip to the content, draw a cloud, run a demo, go elsewhere", async () => {
    const { url } = await serve();
    await visit(browser, `${url}#/demos/darts`, async (page) => {
      await page.getByRole("heading", { name: "Darts" }).waitFor();
      await page.keyboard.press("Tab");
      expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Skip to content");
      await page.keyboard.press("Enter");
      expect(await page.evaluate(() => document.activeElement?.id)).toBe("main");
      const tabTo = async (name: string, key = "Tab"): Promise<void> => {
        for (let i = 0; i < 40; i++) {
          await page.keyboard.press(key);
          const label = await page.evaluate(
            () => document.activeElement?.getAttribute("aria-label") ?? document.activeElement?.textContent ?? "",
          );
          if (label.includes(name)) return;
        }
        throw new Error(`${name} is not reached with the keys`);
      };
      await tabTo("Square to draw");
      for (const key of ["ArrowLeft", "ArrowUp", "Space", "Space"]) await page.keyboard.press(key);
      await page.getByRole("application", { name: "first cloud in: 11 points" }).waitFor();
      await tabTo("Start", "Shift+Tab");
      await page.keyboard.press("Enter");
      await page.getByText("Done.").waitFor();
      await tabTo("All demos", "Shift+Tab");
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { name: "Demos" }).waitFor();
    });
  });

  test("where little motion is wished for, a demo shows few pictures, and the last one", async () => {
    const { url } = await serve();
    await visit(
      browser,
      `${url}#/demos/darts?rounds=60`,
      async (page) => {
        await page.evaluate(
          `globalThis.seen = new Set(); new MutationObserver(() => seen.add(document.querySelector("dl")?.innerText)).observe(document.querySelector("main"), { subtree: true, childList: true, characterData: true })`,
        );
        await page.getByRole("button", { name: "Start" }).click();
        await page.getByText("Done.").waitFor();
        expect(await page.locator("dl").textContent()).toContain("3000");
        expect(await page.evaluate<number>("seen.size")).toBeLessThan(30);
      },
      undefined,
      { reducedMotion: "reduce" },
    );
  });

  test("the docs are read and searched, and links lead to headings", async () => {
    const { url } = await serve();
    await visit(browser, `${url}#/docs`, async (page) => {
      await page.getByRole("heading", { name: "Begin" }).waitFor();
      await page.locator("article").getByRole("link", { name: "runs" }).click();
      await page.getByRole("heading", { name: "The folder" }).waitFor();
      await page.getByRole("searchbox", { name: "Search the docs" }).fill("begn");
      await page.getByRole("region", { name: "Found" }).getByRole("link", { name: "Begin" }).click();
      await page.getByRole("heading", { name: "Begin" }).waitFor();
    });
  });

  test("light or dark is kept", async () => {
    const { url } = await serve();
    await visit(browser, url, async (page) => {
      await page.getByRole("combobox", { name: "Light or dark" }).selectOption("dark");
      await page.reload();
      expect(await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).toBe("rgb(21, 24, 28)");
    });
  });

  test("a site of files, in any folder: demos, docs and reports, and nothing is asked of a server", async () => {
    const site = join(base, "site", "some", "where");
    mkdirSync(site, { recursive: true });
    await exportSite({ page: () => folder, folder: site, root: join(base, "none"), reports: [] });
    writeFileSync(join(site, "reports", "index.json"), JSON.stringify([{ name: "a/b", title: "A report", path: "reports/a-b.html" }]));
    writeFileSync(join(site, "reports", "a-b.html"), "<h1>What came out</h1>");
    const { url } = await serve({ folder: join(base, "site"), headers: {} });
    await visit(browser, "about:blank", async (page) => {
      const asked: string[] = [];
      page.on("request", (request) => asked.push(request.url()));
      await page.goto(`${url}some/where/index.html`);
      await page.getByRole("heading", { name: "Demos" }).waitFor();
      expect(await page.getByRole("navigation").getByRole("link").allTextContents()).toEqual(["Demos", "Reports", "Docs"]);
      await page.getByRole("link", { name: "Darts" }).click();
      await page.getByRole("button", { name: "Start" }).click();
      await page.getByText("Done.").waitFor();
      await page.getByRole("link", { name: "Reports" }).click();
      await page.getByRole("link", { name: "A report" }).waitFor();
      expect(await faults(page)).toEqual([]);
      await page.getByRole("link", { name: "A report" }).click();
      await page.frameLocator("iframe").getByText("What came out").waitFor();
      expect(await faults(page)).toEqual([]);
      await page.getByRole("link", { name: "Docs" }).click();
      await page.getByRole("heading", { name: "Begin" }).waitFor();
      expect(asked.filter((address) => address.includes("/api/"))).toEqual([]);
    });
  });

  test("with the real server: a run from the form to its end, tagged, found and deleted", async () => {
    const served = await open(join(base, "runs"), folder);
    try {
      await visit(browser, served.url, async (page) => {
        await page.getByText("Nothing has run here yet").waitFor();
        await page.getByRole("link", { name: "New run" }).first().click();
        await page.getByRole("link", { name: "walk" }).click();
        await page.getByLabel("steps").fill("-1");
        await page.getByText("--steps").first().waitFor();
        await page.getByLabel("steps").fill("8");
        await page.getByRole("button", { name: "Start the run" }).click();
        await page.getByRole("heading", { name: "A walk <b>" }).waitFor();
        await page.locator("dl", { hasText: "place" }).waitFor();
        await page.getByRole("region", { name: "Cautions" }).getByText("a short walk tells little").waitFor();
        await page.getByRole("img", { name: "place by step" }).locator("svg").waitFor();
        await page.getByRole("button", { name: "Tags" }).click();
        await page.getByRole("textbox", { name: "Tags" }).fill("first");
        await page.getByRole("button", { name: "Save" }).click();
        await page.getByRole("main").getByRole("link", { name: "first" }).click();
        await page.getByText("1 run", { exact: true }).waitFor();
        await page.locator("tr.run .name a").click();
        await page.getByRole("button", { name: "Delete" }).click();
        await page.getByRole("button", { name: "Delete walk" }).click();
        await page.getByText("Nothing has run here yet").waitFor();
      });
    } finally {
      await served.close();
    }
  });
});
