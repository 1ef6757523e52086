/** The picture of what walkers do under each flow. */
import * as Plot from "@observablehq/plot";
import { type Figure, plot } from "../../plots/index.ts";
import type { Race } from "../laboratory/race.ts";
import { support } from "./support.ts";

/** Paths of walkers: they move under transport; under reweighting they end (crosses) and are born where others are (dots). */
export function walkersFigure(race: Race): Figure {
  const { courses, grid } = race;
  const [first, last] = support(race);
  const paths = courses.flatMap(({ name, walkers }) => {
    const count = walkers[0].places.length;
    // a life ends where a walker takes the place of another
    const lives = new Int32Array(count);
    return walkers.flatMap(({ time, places, parents }, k) =>
      Array.from(places, (x, i) => {
        const born = k > 0 && parents[i] !== i;
        if (born) lives[i]++;
        return { name, time, x, life: `${i} ${lives[i]}`, born, walker: i, k };
      }),
    );
  });
  const born = paths.filter((p) => p.born);
  const before = new Map(paths.map((p) => [`${p.name} ${p.walker} ${p.k}`, p]));
  const died = born.flatMap((p) => before.get(`${p.name} ${p.walker} ${p.k - 1}`) ?? []);
  return {
    name: "walkers",
    title: "Walkers: carried or replaced",
    caption:
      "Sixty walkers from the same places. Transport moves them along -∇c*(∂E_loc); under reweighting they stay where they are, and some die (crosses) while others double (dots). Time runs downwards, on a square-root scale.",
    svg: plot({
      ...{ height: 460, marginLeft: 56, marginTop: 40, marginBottom: 42 },
      x: { label: "x, a₀", domain: [grid.x[first], grid.x[last]], ticks: 5 },
      y: { label: "time t, 1/hartree", type: "sqrt", reverse: true },
      fx: { label: null, domain: courses.map(({ name }) => name), padding: 0.06 },
      color: { domain: courses.map(({ name }) => name) },
      marks: [
        Plot.frame({ strokeOpacity: 0.2 }),
        Plot.line(paths, {
          fx: "name",
          x: "x",
          y: "time",
          z: (p) => `${p.name} ${p.life}`,
          stroke: "name",
          strokeOpacity: 0.6,
          clip: true,
        }),
        Plot.dot(born, { fx: "name", x: "x", y: "time", r: 1.8, fill: "name", clip: true }),
        Plot.dot(died, {
          fx: "name",
          x: "x",
          y: "time",
          r: 2.2,
          symbol: "times",
          stroke: "currentColor",
          strokeWidth: 1,
          strokeOpacity: 0.7,
          clip: true,
        }),
      ],
    }),
  };
}
