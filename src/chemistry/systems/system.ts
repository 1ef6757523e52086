/** What a calculation is about: electrons in a field. Atomic units throughout: hartree and bohr. */

export interface Nucleus {
  readonly symbol: string;
  /** Z, in units of the elementary charge. */
  readonly charge: number;
  /** In bohr. */
  readonly position: readonly [number, number, number];
}

/** What holds the electrons. */
export type Field =
  | { readonly kind: "nuclei"; readonly nuclei: readonly Nucleus[] }
  /** ½ ω² |x|² for each electron. */
  | { readonly kind: "trap"; readonly omega: number }
  /** V(x) of one coordinate, as a formula in x. */
  | { readonly kind: "formula"; readonly formula: string };

/** What the result is compared with. */
export interface Reference {
  /** Ground-state energy in hartree. */
  readonly energy: number;
  /** Its uncertainty, where one is known. */
  readonly error?: number;
  /** Where it comes from, in a few words. */
  readonly source: string;
}

/** Electrons, what holds them, and how they repel each other. */
export interface System {
  /** Short, for folders: "LiH". */
  readonly name: string;
  /** For people: "LiH, 3.015 a0 apart". */
  readonly title: string;
  readonly dimension: 1 | 2 | 3;
  readonly field: Field;
  /** Electrons of spin up and down; those of spin up come first everywhere. */
  readonly up: number;
  readonly down: number;
  /** Factor of the repulsion 1 / √(r² + softening²) of two electrons; 0 for none. */
  readonly repulsion: number;
  /** In bohr; 0 is Coulomb's law. */
  readonly softening: number;
  readonly reference?: Reference;
}

export const electronsOf = ({ up, down }: Pick<System, "up" | "down">): number => up + down;

export const nucleiOf = ({ field }: Pick<System, "field">): readonly Nucleus[] => (field.kind === "nuclei" ? field.nuclei : []);
