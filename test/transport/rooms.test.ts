/** The rooms of transport are ordered, as its index says. */
import { globSync, readFileSync } from "node:fs";
import { join, normalize, sep } from "node:path";
import { expect, test } from "vitest";

const order = ["lagrangian", "paths", "forces", "learning", "motion", "evaluation", "figures"];
const root = "src/transport";

test("a room of transport imports only itself and those before it, of types too", () => {
  const rooms = order.map((room) => globSync(`${root}/${room}/*.ts`));
  for (const files of rooms) expect(files.length).toBeGreaterThan(3);
  const wrong = rooms.flatMap((files, k) =>
    files.flatMap((file) => {
      const imports = Array.from(readFileSync(file, "utf8").matchAll(/from "(\.[^"]+)"/g), ([, spec]) => normalize(join(file, "..", spec)));
      const own = imports.filter((target) => target.startsWith(normalize(root) + sep));
      return own.filter((target) => !order.slice(0, k + 1).includes(target.split(sep)[2])).map((target) => `${file} imports ${target}`);
    }),
  );
  expect(wrong).toEqual([]);
});
