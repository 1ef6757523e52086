/** In a browser: the page is let in and may use threads, and what a report brings along does nothing. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { expect, test } from "vitest";
import { openRun } from "../../src/lab/index.ts";
import { hasBrowser } from "../page.ts";
import { folders, open } from "./visit.ts";

const nothing = "new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])"; // the smallest module

test.skipIf(!hasBrowser)(
  "the page runs its own code, WebAssembly and workers, isolated from others; a report is shown, and its scripts are not run",
  async () => {
    const place = folders();
    const run = await openRun(join(place.root, "one"), { seed: 1 });
    const evil = `<script>top.document.title = "evil"; document.title = "evil"</script><img src="/x" onerror="document.title='evil'">`;
    await run.write("report.html", `<!doctype html><title>report</title><h1 style="color: red">A report</h1>${evil}`);
    await run.write("artifacts/a.svg", '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="9"><script>top.evil = 1</script></svg>');
    await run.close();
    const at = `/api/runs/${run.record.id}`;
    const body = `<iframe src="${at}/report"></iframe><img src="${at}/files/artifacts/a.svg"><script>document.title = "inline"</script>`;
    writeFileSync(
      join(place.page, "index.html"),
      `<!doctype html><title>studio</title>${body}<script type="module" src="/assets/page.js"></script>`,
    );
    writeFileSync(
      join(place.page, "assets", "page.js"),
      `new Worker("/assets/worker.js", { type: "module" }).onmessage = ({ data }) => {
      new EventSource("/api/events").onopen = () => { globalThis.seen = [crossOriginIsolated, data]; };
    };`,
    );
    writeFileSync(
      join(place.page, "assets", "worker.js"),
      `WebAssembly.compile(${nothing}).then((module) => postMessage(String(module)));`,
    );
    const served = await open(place.root, place.page);
    const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
    try {
      const page = await browser.newPage();
      await page.goto(served.url);
      expect(new URL(page.url()).search).toBe(""); // the token does not stay in the address
      await page.waitForFunction("globalThis.seen");
      expect(await page.evaluate("globalThis.seen")).toEqual([true, "[object WebAssembly.Module]"]);
      const [, report] = page.frames();
      expect(await report.locator("h1").textContent()).toBe("A report");
      await page.waitForFunction("document.querySelector('img').complete");
      expect(await page.evaluate("[document.querySelector('img').naturalWidth, document.title, globalThis.evil]")).toEqual([
        20,
        "studio",
        undefined,
      ]);
      expect(await report.title()).toBe("report");
    } finally {
      await browser.close();
      await served.close();
      place.remove();
    }
  },
);
