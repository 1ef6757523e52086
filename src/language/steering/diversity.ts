/** How different texts are from each other. */

/**
 * distinct-n: different n-grams of tokens over all of them, n = 1, 2, 3; 1 where none comes twice. 0 where texts are shorter than n.
 *
 * @source  Li et al., NAACL 2016
 */
export function distinctGrams(texts: readonly (readonly number[])[]): readonly [number, number, number] {
  const share = (n: number): number => {
    const grams = texts.flatMap((tokens) =>
      Array.from({ length: Math.max(0, tokens.length - n + 1) }, (_, i) => tokens.slice(i, i + n).join()),
    );
    return grams.length === 0 ? 0 : new Set(grams).size / grams.length;
  };
  return [share(1), share(2), share(3)];
}
