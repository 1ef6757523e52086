/** Pictures as text, for an image: it does not know the colours of the page, so they are written into it. */

/** @param dark  whether the page is */
export function onPaper(svg: string, dark: boolean): string {
  const [ink, paper] = dark ? ["#e6e8eb", "#15181c"] : ["#1b1e23", "#ffffff"];
  return svg.replace(/<svg\b[^>]*>/, (open) => `${open}<style>:root { color: ${ink}; --plot-background: ${paper}; }</style>`);
}
