#!/usr/bin/env node
// In a clone the TypeScript sources run as they are (Node 22.18 or later strips types); a published package holds only dist/.
import { existsSync } from "node:fs";
import { enableCompileCache } from "node:module";

enableCompileCache?.(); // half the time to begin
const source = new URL("../src/cli/main.ts", import.meta.url);
await import(existsSync(source) ? source.href : new URL("../dist/cli/main.js", import.meta.url).href);
