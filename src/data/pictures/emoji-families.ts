/** Which emoji are the same one with another skin or hair, and which go together. */

const skin = /-(medium-light|medium-dark|light|medium|dark)-skin-tone|-tone[1-5]/g;
const hair = /-(red-hair|curly-hair|white-hair|blond-hair|bald|beard)(?=-|$)/g;

/** Of several emoji that differ by the tone of a skin, by hair or by the direction that they face, the plain name. */
export const plainName = (name: string): string =>
  name
    .replace(skin, "")
    .replace(hair, "")
    .replace(/-facing-right$/, "");

/** Series that differ by more than a word. */
const series: readonly [pattern: RegExp, family: string][] = [
  [/-(oclock|thirty)$/, "clock"],
  [/^keycap/, "keycap"],
  [/^letter-/, "letter"],
  [/-moon(-face)?$/, "moon"],
  [/^family/, "family"],
  [/^couple-with-heart/, "couple-with-heart"],
  [/^kiss(-(man|woman|person)|$)/, "kiss"],
  [/^mer(man|maid|person)$/, "merperson"],
  [/-claus$/, "santa-claus"],
  [/^(prince|princess)$/, "prince"],
];

/** Words by which emoji of one drawing differ: people, colours, sizes, sides. */
const differing = new Set(
  (
    "man men mans mens woman women womans womens person people boy girl child adult old older and black blue brown green grey light orange " +
    "pink purple red white yellow large small medium left right up down leftwards rightwards upwards downwards 1st 2nd 3rd open closed"
  ).split(" "),
);

/** What an emoji has in common with those that are drawn alike: they are on one side when some are held out. */
export function familyOf(name: string): string {
  const plain = plainName(name);
  const found = series.find(([pattern]) => pattern.test(plain));
  if (found) return found[1];
  return (
    plain
      .split("-")
      .filter((word) => !differing.has(word))
      .join("-") || "person"
  );
}
