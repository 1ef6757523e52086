/** Where in the page one is: the part of the address after #, as a path and settings. */

export interface Route {
  readonly path: readonly string[];
  readonly query: Readonly<Record<string, string>>;
  /** A heading of a page of the docs. */
  readonly anchor?: string;
}

/** "#/runs?sort=-created", "#/docs/runs#sweeps" and the like. What cannot be decoded stays as it is. */
export function parseRoute(hash: string): Route {
  const [place, anchor] = hash.replace(/^#?\/?/, "").split(/#(.*)/s);
  const [path, query = ""] = place.split(/\?(.*)/s);
  return {
    path: path.split("/").filter(Boolean).map(decoded),
    query: Object.fromEntries(new URLSearchParams(query)),
    ...(anchor && { anchor: decoded(anchor) }),
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The address of a place; settings that are undefined or empty are left out. */
export function href(path: readonly string[], query: Readonly<Record<string, string | undefined>> = {}): string {
  const settings = new URLSearchParams(Object.entries(query).flatMap(([key, value]) => (value ? [[key, value]] : [])));
  return `#/${path.map(encodeURIComponent).join("/")}${settings.size > 0 ? `?${settings}` : ""}`;
}
