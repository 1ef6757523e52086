/** The studio: a server for the page of runs. What page and server say to each other is in api.ts. */
export { studioCommand } from "./command.ts";
export { type Served, type ServeOptions, serve } from "./serve.ts";
