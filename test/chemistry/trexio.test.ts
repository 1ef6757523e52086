/** Nuclei and electrons from folders of TREXIO's text back end. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readSystem } from "../../src/chemistry/systems/read.ts";
import { nucleiOf } from "../../src/chemistry/systems/system.ts";
import { readTrexio } from "../../src/chemistry/systems/trexio.ts";
import { loadSystem } from "../../src/methods/molecule/load.ts";
import fc from "../property.ts";

/** As the library writes a group: sizes, scalars with their flags, strings with their lengths, arrays. */
function nucleusText(charges: readonly number[], places: readonly number[], labels: readonly string[] = []): string {
  const n = charges.length;
  return [
    "rank_nucleus_charge 1",
    `dims_nucleus_charge 0  ${n}`,
    "rank_nucleus_coord 2",
    `dims_nucleus_coord 0  ${n}`,
    "dims_nucleus_coord 1  3",
    ...(labels.length > 0 ? ["rank_nucleus_label 1", `dims_nucleus_label 0  ${n}`] : ["rank_nucleus_label 0"]),
    "len_nucleus_point_group 4",
    "nucleus_point_group",
    "C2v",
    "nucleus_num_isSet 1",
    `nucleus_num ${n}`,
    "nucleus_repulsion_isSet 0",
    "nucleus_charge",
    ...charges.map((z) => z.toExponential(16).padStart(24)),
    "nucleus_coord",
    ...places.map((x) => x.toExponential(16).padStart(24)),
    "nucleus_label",
    ...labels,
    "",
  ].join("\n");
}

const electronText = (up?: number, down?: number, all?: number): string =>
  Object.entries({ num: all, up_num: up, dn_num: down })
    .map(([name, n]) => (n === undefined ? `electron_${name}_isSet 0\n` : `electron_${name}_isSet 1\nelectron_${name} ${n}\n`))
    .join("");

const lithiumHydride = nucleusText([3, 1], [0, 0, 0, 0, 0, 3.015], ["Li", "H"]);
const folderOf = (nucleus: string, electron = "", more: { ecp?: string; pbc?: string; others?: string[] } = {}) => ({
  name: "lih",
  texts: { nucleus, electron, ecp: more.ecp ?? "", pbc: more.pbc ?? "" },
  others: more.others ?? [],
});

test("a folder is the system that its atoms are as text, and tells what was read and what left out", () => {
  const { system, notes } = readTrexio(folderOf(lithiumHydride, electronText(2, 2, 4), { others: ["ao", "mo"] }));
  expect(system).toEqual(readSystem("Li 0 0 0; H 0 0 3.015", { units: "bohr" }).system);
  expect(notes[0]).toBe("lih: read nuclei and electrons of each spin, in bohr; left out ao, mo");
});

test("charge and spin are those of the electrons; what is asked for goes before, and is told", () => {
  const electrons = (text: string, options = {}) => {
    const { system, notes } = readTrexio(folderOf(lithiumHydride, text), options);
    return { spins: [system.up, system.down], notes };
  };
  expect(electrons(electronText(2, 1, 3)).spins).toEqual([2, 1]);
  expect(electrons(electronText(1, 3)).spins).toEqual([3, 1]);
  expect(electrons(electronText(undefined, undefined, 5)).spins).toEqual([3, 2]);
  expect(electrons("").spins).toEqual([2, 2]);
  const asked = electrons(electronText(2, 2), { charge: 1 });
  expect([asked.spins, asked.notes]).toEqual([[2, 1], expect.arrayContaining(["charge 1 as asked, not 0 as in the file"])]);
  const spin = electrons(electronText(2, 2), { spin: 2, units: "angstrom" });
  expect(spin.spins).toEqual([3, 1]);
  expect(spin.notes.join()).toMatch(/spin 2S = 2 as asked, not 0.*|--units does nothing here/);
});

test("any geometry comes back as it was written, to the last digit", () => {
  const atom = fc.record({
    charge: fc.integer({ min: 1, max: 18 }),
    place: fc.tuple(...[0, 1, 2].map(() => fc.double({ min: -1, max: 1, noNaN: true }))),
  });
  fc.assert(
    fc.property(fc.array(atom, { minLength: 1, maxLength: 6 }), (atoms) => {
      // 5 bohr from each other along a line, so that no two are one; + 0 for -0, which text has not
      const places = atoms.map(({ place }, i) => [place[0] + 5 * i, place[1] + 0, place[2] + 0]);
      const text = nucleusText(
        atoms.map(({ charge }) => charge),
        places.flat(),
      );
      const { system } = readTrexio(folderOf(text));
      expect(nucleiOf(system).map(({ charge, position }) => [charge, ...position])).toEqual(
        atoms.map(({ charge }, i) => [charge, ...places[i]]),
      );
    }),
  );
});

test("labels may be anything; one of another element, and centres without a charge, are told", () => {
  const text = nucleusText([6, 0, 1], [0, 0, 0, 0, 0, 1, 0, 0, 2.1], ["C 66", "ghost", "Na"]);
  const { system, notes } = readTrexio(folderOf(text, electronText(4, 3)));
  expect(system.name).toBe("CH");
  expect(notes).toEqual(
    expect.arrayContaining([
      "lih/nucleus.txt: nucleus 2 has charge 0, a centre of functions only: left out",
      'lih/nucleus.txt: nucleus 3, "Na", has charge 1 and was taken as H',
    ]),
  );
});

test("older files, without flags and strings, are read too", () => {
  const text =
    "rank_nucleus_charge 1\ndims_nucleus_charge 0  1\nrank_nucleus_coord 2\ndims_nucleus_coord 0  1\ndims_nucleus_coord 1  3\nnucleus_num 1\nnucleus_charge\n2.000000\nnucleus_coord\n0.0\n0.0\n0.0\n";
  expect(readTrexio(folderOf(text)).system).toMatchObject({ name: "He", up: 1, down: 1 });
});

const cut = lithiumHydride.split("\n");
test.each([
  ["an empty file", "", "", /nucleus.txt has no nucleus_num/],
  ["a file that ends among the coordinates", cut.slice(0, -6).join("\n"), "", /line 17: 6 values of nucleus_coord announced, 4 there/],
  ["a coordinate that is none", lithiumHydride.replace("3.0150000000000001e+0", "three"), "", /line 23: "three" is no finite number/],
  ["half a charge", nucleusText([2.5], [0, 0, 0]), "", /nucleus 1 has charge 2.5, which is no element's/],
  ["a size below 0", lithiumHydride.replace("dims_nucleus_charge 0  2", "dims_nucleus_charge 0  -2"), "", /sizes of nucleus_charge are -2/],
  ["dimensions that are missing", lithiumHydride.replace("dims_nucleus_coord 1  3", ""), "", /not "dims_nucleus_coord 1" and a size/],
  ["two nuclei and three charges", lithiumHydride.replace("nucleus_num 2", "nucleus_num 3"), "", /3 nuclei, 2 charges and 6 coordinates/],
  ["another format", "2\n\nLi 0 0 0\nH 0 0 3\n", "", /nucleus.txt, line 1: "2" is no number, array or size/],
  ["electrons that do not add up", lithiumHydride, electronText(2, 2, 5), /electron.txt: 2 electrons up and 2 down are not 5/],
  ["centres without charges", nucleusText([0], [0, 0, 0]), "", /no nucleus with a charge/],
])("%s is refused in words", (_, nucleus, electron, message) => {
  expect(() => readTrexio(folderOf(nucleus, electron))).toThrow(message);
});

test("pseudopotentials and periodic cells are refused", () => {
  expect(() => readTrexio(folderOf(lithiumHydride, "", { ecp: "rank_ecp_z_core 1\n" }))).toThrow(/pseudopotentials \(ecp.txt\)/);
  expect(() => readTrexio(folderOf(lithiumHydride, "", { pbc: "pbc_periodic_isSet 1\npbc_periodic 1\n" }))).toThrow(/is periodic/);
  expect(readTrexio(folderOf(lithiumHydride, "", { pbc: "pbc_periodic_isSet 1\npbc_periodic 0\n" })).system.name).toBe("LiH");
});

const folder = mkdtempSync(join(tmpdir(), "pushforward-trexio-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("the command's input may be such a folder; other folders are none", async () => {
  const [there, other] = ["lih.txt", "other"].map((name) => join(folder, name));
  for (const path of [there, other]) mkdirSync(path);
  writeFileSync(join(there, "nucleus.txt"), lithiumHydride);
  writeFileSync(join(there, "electron.txt"), electronText(2, 2));
  writeFileSync(join(there, "basis.txt"), "whatever is in it");
  const { system, notes } = await loadSystem(there, {});
  expect(system.title).toBe("LiH, 3.015 a0 apart");
  expect(notes).toContain("lih.txt: read nuclei and electrons of each spin, in bohr; left out basis");
  await expect(loadSystem(other, {})).rejects.toThrow(/is a folder without nucleus.txt/);
});
