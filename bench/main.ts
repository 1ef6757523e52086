/** `npm run bench -- NAME …` runs bench/NAME.ts. */
const [name, ...rest] = process.argv.slice(2);
if (!name || !/^[a-z-]+$/.test(name)) throw new Error("usage: npm run bench -- NAME (engine, graph, random, …)");
const { main } = (await import(`./${name}.ts`)) as { main(args: string[]): Promise<void> };
await main(rest);
