import { expect, test } from "vitest";
import { ndarray, randomStream } from "../../../src/array/index.ts";
import { cautions, learner, metricCost, quadraticPotential, speeds } from "../../../src/transport/index.ts";
import { normals, train } from "../training.ts";

/** Two coordinates of deviation 0.4 whose mean moves by 1 a snapshot, at times 0, 1, 3. */
const clouds = [0, 1, 2].map((k) => ({ points: normals([k, 0], [0.4, 0.4], 300, k + 1), mass: 1 }));
const setting = { clouds, times: [0, 1, 3], shown: [10, 20, 40], features: ["a", "b"], metric: [1, 1] };

test("harmonic forces are refused from ω T = π on, with T the longest interval", async () => {
  const withForce = (omega: number) =>
    cautions({ ...setting, method: "wlf-potential", learn: { potential: quadraticPotential(omega ** 2) } });
  expect(await withForce(0.98 * (Math.PI / 2))).toEqual([]);
  await expect(withForce(1.02 * (Math.PI / 2))).rejects.toMatchObject({
    message: expect.stringMatching(/its ω T is at least 3\.20 at every particle/),
    hint: expect.stringMatching(/ω² = 2\.47 /),
  });
});

test("dear motion is slow motion: the same force is allowed, and other costs than quadratic ones are not judged", async () => {
  const learn = { potential: quadraticPotential(4) };
  await expect(cautions({ ...setting, method: "wlf-potential", learn })).rejects.toThrow(/pulls back too strongly/);
  const metric = [4, 4];
  expect(await cautions({ ...setting, method: "wlf-potential", metric, learn: { ...learn, cost: metricCost(metric) } })).toEqual([]);
  expect(await cautions({ ...setting, method: "wlf-potential", metric: undefined, learn })).toEqual([]);
});

test("pairs that attract each other count as the force of their mean field, a force of some places is a note", async () => {
  // W = ½ ω² r²: δU/δρ is harmonic about the mean
  const pairs = (omega: number) =>
    cautions({ ...setting, method: "wlf-potential", learn: { interaction: (r) => r.square().mul(omega ** 2 / 2) } });
  expect(await pairs(0.98 * (Math.PI / 2))).toEqual([]);
  await expect(pairs(1.02 * (Math.PI / 2))).rejects.toThrow(/--interaction: .*pulls back/);
  const [note] = await cautions({
    ...setting,
    method: "wlf-potential",
    learn: { potential: (_, x) => x.square().sum(1).square() },
  });
  expect(note).toMatch(/at some particles/);
});

test("wide noise, a short reach of growth and snapshots that do not overlap are noted", async () => {
  expect((await cautions({ ...setting, method: "eam", learn: { noise: 0.5 } })).join()).toMatch(
    /σ = 0\.5 is larger than the standard deviation 0\.\d\d of "a" at time 10/,
  );
  expect(await cautions({ ...setting, method: "eam", learn: { noise: 0.2 } })).toEqual([]);
  // the mean moves by 1 ± 0.03
  expect((await cautions({ ...setting, method: "uam", learn: { growth: 12 } })).join()).toMatch(/farther than π\/√λ = 0\.91/);
  expect(await cautions({ ...setting, method: "uam", learn: { growth: 1 } })).toEqual([]);
  const far = clouds.map((c, k) => ({ ...c, points: normals([2 * k, 0], [0.4, 0.4], 300, k + 1) }));
  expect((await cautions({ ...setting, clouds: far, method: "am", learn: {} })).join()).toMatch(
    /"a" moves by [45]\.\d of the snapshots' own/,
  );
});

test("a snapshot that is in the file twice is noted, one that shares a few points is not", async () => {
  const [a, b] = clouds;
  expect((await cautions({ ...setting, clouds: [a, a, b], method: "am", learn: {} })).join()).toMatch(
    /^100 % of the particles at time 20 are where particles at 10 are/,
  );
  const few = ndarray(
    b.points.data.map((v, i) => (i < 100 ? a.points.data[i] : v)),
    b.points.shape,
    "f32",
  );
  expect(await cautions({ ...setting, clouds: [a, { ...b, points: few }, clouds[2]], method: "am", learn: {} })).toEqual([]);
});

test("a motion of more than ten standard deviations an interval is noted, in whatever units", () => {
  const units = { mean: [0, 0], deviation: [100, 0.01], start: 0, interval: 5 };
  const at = (inner: number) => ndarray(Float32Array.of((inner * 100) / 5, (inner * 0.01) / 5), [1, 2], "f32");
  expect(speeds([at(1), at(9.9)], units, [0, 5])).toEqual([]);
  expect(speeds([at(1), at(11)], units, [0, 5])[0]).toMatch(/^at time 5 the learned motion has 11 standard deviations an interval/);
});

test("a particle that holds most of a feature's variance is noted, wide tails are not", async () => {
  const among = (value: number) => {
    const [a, ...others] = clouds;
    const points = ndarray(
      a.points.data.map((v, i) => (i === 7 ? value : v)),
      a.points.shape,
      "f32",
    );
    return cautions({ ...setting, clouds: [{ ...a, points }, ...others], method: "am", learn: {} });
  };
  // 900 rows of variance 0.16 in "b", index 7: 144 beside v², so that half is at v = 12
  expect(await among(10)).toEqual([]);
  expect((await among(15)).join()).toMatch(/^one particle at time 10 holds 6\d % of the variance of "b": /);
});

test("mixtures have no finite action: none is told, and why is; methods with one tell its lower bound below its upper", async () => {
  expect((await cautions({ ...setting, method: "am-mix", learn: { growth: 1 } })).join()).toMatch(/no finite action/);
  expect(await cautions({ ...setting, method: "uam", learn: { growth: 1 } })).toEqual([]);
  const tiny = { steps: 2, batch: 16, layers: 1, width: 4, threads: 1 };
  expect((await learner("am-mix", [0, 1, 3], clouds, tiny)).value).toBeUndefined();
  const uam = await learner("uam", [0, 1, 3], clouds, tiny);
  const { state } = await train(uam, tiny.steps, randomStream(1));
  const { dual, error, primal } = await uam.value!(state, randomStream(2), 4);
  expect(primal! - dual).toBeGreaterThan(-4 * error); // weak duality, whatever two steps have learned
});
