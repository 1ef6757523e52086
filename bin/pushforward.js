#!/usr/bin/env node
// In a clone the TypeScript sources run as they are (Node 22.18 or later strips types); a published package holds only dist/.
import { existsSync } from "node:fs";
import * as module from "node:module"; // an older Node lacks names of it, and must get as far as the message below

const source = new URL("../src/cli/main.ts", import.meta.url);
const inClone = existsSync(source);
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < (inClone ? 18 : 12))) {
  const wanted = inClone ? "22.18" : "22.12";
  process.stderr.write(`error: this is Node ${process.versions.node}, pushforward needs ${wanted} or later\n`);
  process.stderr.write("  hint: update Node (https://nodejs.org), or run npx pushforward, which finds the one that is installed with it\n");
  process.exit(1);
}
module.enableCompileCache?.(); // half the time to begin
await import(inClone ? source.href : new URL("../dist/cli/main.js", import.meta.url).href);
