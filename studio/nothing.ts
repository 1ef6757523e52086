/** Stands in the page for packages that it does not need: see vite.config.ts. */
export {};
