/** The route that the page shows, which follows the address. */
import { parseRoute, type Route } from "./route.ts";

let route = $state.raw(parseRoute(location.hash));
addEventListener("hashchange", () => {
  route = parseRoute(location.hash);
});

export const current = (): Route => route;

/** Changes the address without a step in the history: for settings that change while one types. */
export function replace(address: string): void {
  if (address === location.hash) return;
  history.replaceState(history.state, "", address);
  route = parseRoute(address);
}

export function go(address: string): void {
  location.hash = address;
}
