/** Data sets that need no file: one real, from a package, and some generated, with known answers. */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { type NdArray, ndarray } from "../array/ndarray.ts";
import { type Random, randomStream } from "../array/random.ts";
import { nearest, UserError } from "../errors.ts";
import { hydrogenFrequency, hydrogenSpan, sampleHydrogen, turnHydrogen } from "./hydrogen.ts";
import { type Snapshots, toSnapshots } from "./snapshots.ts";
import { table } from "./table.ts";

/** A built-in set of snapshots. */
export interface Dataset extends Snapshots {
  readonly name: string;
  readonly title: string;
  /** Where it is from and under which licence, or how it is made. */
  readonly source: string;
  /** Fresh particles of the true population at any time, [n, d]; generated sets only. */
  readonly truth?: (time: number, n: number, random: Random) => NdArray<"f32">;
  /** True if particle i of every snapshot is the same individual, so that predicted paths can be scored. */
  readonly pathsKnown: boolean;
  /** Known values, by name. */
  readonly answers?: Readonly<Record<string, number>>;
}

interface Options {
  seed?: number;
  /** Particles a snapshot, of generated sets. */
  particles?: number;
}

const makers: Record<string, (options: Required<Options>) => Dataset | Promise<Dataset>> = {
  gapminder,
  gaussians,
  bifurcation,
  moons,
  hydrogen,
};

/** Names of the built-in sets. */
export const datasetNames = Object.keys(makers);

/** A built-in data set; the seed decides the particles of the generated ones. */
export async function dataset(name: string, { seed = 0, particles = 1000 }: Options = {}): Promise<Dataset> {
  if (!Object.hasOwn(makers, name)) {
    const guess = nearest(name, datasetNames);
    throw new UserError(`no built-in data set "${name}"`, guess ? `did you mean "${guess}"?` : `there are ${datasetNames.join(", ")}`);
  }
  return makers[name]({ seed, particles });
}

/**
 * 62 countries in eleven years, 1955 to 2005: babies per woman, life expectancy, logarithm (base 10) of the population. Every country is
 * a particle whose true path is known.
 */
async function gapminder(): Promise<Dataset> {
  type Row = { year: number; country: string; pop: number; life_expect: number; fertility: number };
  const main = createRequire(import.meta.url).resolve("vega-datasets");
  const rows: Row[] = JSON.parse(await readFile(new URL("../data/gapminder.json", `file://${main}`), "utf8"));
  rows.sort((a, b) => a.year - b.year || (a.country < b.country ? -1 : 1));
  const numbers = (f: (row: Row) => number) => Float64Array.from(rows, f);
  const countries = table("gapminder", [
    { name: "year", values: numbers((r) => r.year) },
    { name: "country", values: rows.map((r) => r.country) },
    { name: "fertility", values: numbers((r) => r.fertility) },
    { name: "life_expect", values: numbers((r) => r.life_expect) },
    { name: "log_pop", values: numbers((r) => Math.log10(r.pop)) },
  ]);
  return {
    ...toSnapshots(countries, { time: "year", features: "fertility,life_expect,log_pop", label: "country" }),
    name: "gapminder",
    title: "Countries of the world, 1955 to 2005",
    source: "Gapminder Foundation, CC BY 4.0, through the npm package vega-datasets",
    pathsKnown: true,
  };
}

type Truth = NonNullable<Dataset["truth"]>;

function generated(
  options: Required<Options>,
  times: number[],
  features: string[],
  truth: Truth,
  rest: Pick<Dataset, "name" | "title" | "source" | "answers">,
): Dataset {
  const random = randomStream(options.seed).fold(rest.name);
  const snapshots = times.map((time, k) => truth(time, options.particles, random.fold(k)));
  return { times, snapshots, features, truth, warnings: [], pathsKnown: false, ...rest };
}

/**
 * N(0, 1) at t = 0 and N(2, 1/4) at t = 1; in between, the sum of independent particles (1 - t) x0 + t x1, which is N(2 t, (1-t)² + t²/4).
 * Its kinetic energy 1/2 ∫ (m'² + r'²) dt is 2.2323009183; that of the optimal-transport path between the same ends is 2.125.
 */
function gaussians(options: Required<Options>): Dataset {
  const truth: Truth = (t, n, random) => {
    const sd = Math.sqrt((1 - t) ** 2 + t ** 2 / 4);
    return ndarray(random.normal([n]).data.map((x) => 2 * t + sd * x) as Float32Array<ArrayBuffer>, [n, 1], "f32");
  };
  return generated(options, [0, 1], ["x"], truth, {
    name: "gaussians",
    title: "One Gaussian becomes another",
    source: "generated: N(0, 1) to N(2, 1/4)",
    answers: { kineticEnergyIndependent: 2.2323009183, kineticEnergyOptimal: 2.125 },
  });
}

/**
 * A cloud that splits in two, t = 0 .. 4: x = t + 0.3 e1, y = ± c(t) + 0.3 e2 with c(t) = 2 s² (3 - 2 s), s = clamp((t - 1) / 3, 0, 1),
 * either sign with probability 1/2.
 */
function bifurcation(options: Required<Options>): Dataset {
  const truth: Truth = (t, n, random) => {
    const s = Math.min(1, Math.max(0, (t - 1) / 3));
    const centre = 2 * s * s * (3 - 2 * s);
    const noise = random.normal([n, 2]).data;
    const up = random.bernoulli(0.5, [n]).data;
    const at = (i: number) => (i % 2 === 0 ? t : up[i >> 1] ? centre : -centre);
    return ndarray(noise.map((e, i) => at(i) + 0.3 * e) as Float32Array<ArrayBuffer>, [n, 2], "f32");
  };
  return generated(options, [0, 1, 2, 3, 4], ["x", "y"], truth, {
    name: "bifurcation",
    title: "A cloud that splits in two",
    source: "generated: one Gaussian becomes two between t = 1 and t = 4",
  });
}

/** Eight Gaussians on a circle of radius 4 at t = 0 become two moons at t = 1 (sd 0.2 and 0.1); what lies between is not defined. */
function moons(options: Required<Options>): Dataset {
  const truth: Truth = (t, n, random) => {
    const noise = random.normal([n, 2]).data;
    const which = random.integers(0, 8, [n]).data;
    const along = random.uniform([n]).data;
    const cloud = new Float32Array(2 * n);
    for (let i = 0; i < n; i++) {
      const angle = t < 0.5 ? (which[i] * Math.PI) / 4 : Math.PI * along[i];
      const [x, y] = [Math.cos(angle), Math.sin(angle)];
      // the second moon is the first one turned by 180 degrees about (1/2, 1/4)
      const [cx, cy] = t < 0.5 ? [4 * x, 4 * y] : which[i] % 2 ? [3 * x - 1.5, 3 * y - 0.75] : [1.5 - 3 * x, 0.75 - 3 * y];
      const sd = t < 0.5 ? 0.2 : 0.1;
      cloud[2 * i] = cx + sd * noise[2 * i];
      cloud[2 * i + 1] = cy + sd * noise[2 * i + 1];
    }
    return ndarray(cloud, [n, 2], "f32");
  };
  return generated(options, [0, 1], ["x", "y"], truth, {
    name: "moons",
    title: "Eight Gaussians become two moons",
    source: "generated: eight Gaussians on a circle to two moons",
  });
}

/**
 * An electron of a hydrogen atom in a superposition of two states, at eleven times of 0.98 of a turn (src/data/hydrogen.ts): every
 * snapshot has particles of its own, independent of those of the others. ⟨r⟩ and ⟨r²⟩ are the same at all times, and the mean turns about
 * the z axis.
 */
async function hydrogen({ seed, particles }: Required<Options>): Promise<Dataset> {
  const times = Array.from({ length: 11 }, (_, k) => (hydrogenSpan * k) / 10);
  // proposals four times as wide as those of single chains forget their start in a tenth of the steps
  const { x } = await sampleHydrogen(times.length * particles, randomStream(seed).fold("hydrogen"), { steps: 1000, scale: 40 });
  const part = (k: number) => ndarray(x.data.slice(3 * k * particles, 3 * (k + 1) * particles), [particles, 3], "f32");
  return {
    times,
    snapshots: times.map((time, k) => turnHydrogen(part(k), time)),
    features: ["x", "y", "z"],
    warnings: [],
    pathsKnown: false,
    name: "hydrogen",
    title: "An electron of a hydrogen atom",
    source: "generated: Metropolis chains on the density of two superposed states, 1/√2 (ψ_{3,2,-1} + ψ_{2,1,0}), a = 4π, ħ = m = 1",
    answers: { meanRadius: 97.3893723, meanSquareRadius: 12317.26629, radiusOfMean: 18.8677367, period: (2 * Math.PI) / hydrogenFrequency },
  };
}
