/**
 * Gates with their phases, so that they can be inverted and controlled: a phase of the whole under a control is a phase of the control.
 * Here u(t, f, l) is [[cos t/2, -e^{il} sin t/2], [e^{if} sin t/2, e^{i(f+l)} cos t/2]], and s, t, z leave |0> as it is.
 */
import type { Angle, Gate } from "../circuit.ts";
import { affine } from "../operations.ts";
import { plus } from "./expressions.ts";

/** A gate, or a phase e^{i angle} of everything. */
export type Piece = Omit<Gate, "name" | "table"> & { readonly name: Exclude<Gate["name"], "table"> | "gphase"; readonly line: number };

/** Pieces of one line. */
export const pieces =
  (line: number) =>
  (name: Piece["name"], qubits: readonly number[], ...angles: readonly Angle[]): Piece => ({
    name,
    qubits,
    angles,
    line,
  });

const negative = (angle: Angle): Angle => affine(angle, -1);

const opposite: Partial<Record<Piece["name"], Piece["name"]>> = { s: "sdg", sdg: "s", t: "tdg", tdg: "t" };

export const inverse = (list: readonly Piece[]): readonly Piece[] =>
  list.toReversed().map((piece) => {
    const [t, f, l] = piece.angles.map(negative);
    return { ...piece, name: opposite[piece.name] ?? piece.name, angles: piece.name === "u" ? [t, l, f] : piece.angles.map(negative) };
  });

/** Phases e^{i angle} of |1>. */
const phases: Partial<Record<Piece["name"], number>> = { s: Math.PI / 2, sdg: -Math.PI / 2, t: Math.PI / 4, tdg: -Math.PI / 4 };

/** The pieces, where the control is 1. */
export const controlled = (control: number, list: readonly Piece[]): readonly Piece[] => list.flatMap((piece) => controlOf(control, piece));

function controlOf(c: number, piece: Piece): readonly Piece[] {
  const { name, qubits, angles, line } = piece;
  const make = pieces(line);
  const [q, r] = qubits;
  const [angle] = angles;
  switch (name) {
    case "gphase":
      return [make("u", [c], 0, 0, angle)];
    case "x":
      return [make("cx", [c, q])];
    case "cx":
      return [make("ccx", [c, q, r])];
    case "z":
      return [make("cz", [c, q])];
    case "s":
    case "sdg":
    case "t":
    case "tdg":
      return [make("cp", [c, q], phases[name] ?? 0)];
    case "y": // S X S†
      return [make("sdg", [q]), make("cx", [c, q]), make("s", [q])];
    case "h": // RY(π/4) Z RY(-π/4)
      return [make("ry", [q], -Math.PI / 4), make("cz", [c, q]), make("ry", [q], Math.PI / 4)];
    case "rz":
    case "ry":
      return [make(name, [q], affine(angle, 0.5)), make("cx", [c, q]), make(name, [q], affine(angle, -0.5)), make("cx", [c, q])];
    case "rx":
      return [make("h", [q]), ...controlOf(c, make("rz", [q], angle)), make("h", [q])];
    case "cz": // H on the target makes it a CX
      return [make("h", [r]), make("ccx", [c, q, r]), make("h", [r])];
    case "cp":
      return [
        ...[make("cp", [q, r], affine(angle, 0.5)), make("cx", [c, q]), make("cp", [q, r], affine(angle, -0.5)), make("cx", [c, q])],
        make("cp", [c, r], affine(angle, 0.5)),
      ];
    case "swap":
      return [make("cx", [r, q]), make("ccx", [c, q, r]), make("cx", [r, q])];
    case "ccx": {
      const [, , target] = qubits;
      const turn = controlOf(q, make("cp", [r, target], Math.PI));
      return [make("h", [target]), ...controlled(c, turn), make("h", [target])];
    }
    case "u":
      return controlledU(c, piece);
  }
}

/** e^{i(f+l)/2} RZ(f) RY(t) RZ(l): between two CX, halves of the angles cancel unless the control is 1 (Barenco et al., 1995). */
function controlledU(c: number, { qubits: [q], angles: [t, f, l], line }: Piece): readonly Piece[] {
  const make = pieces(line);
  const half = affine(plus(f, l, line), 0.5);
  if (t === 0) return [make("cp", [c, q], plus(f, l, line))];
  return [
    make("u", [c], 0, 0, half),
    make("rz", [q], affine(plus(l, negative(f), line), 0.5)),
    make("cx", [c, q]),
    make("rz", [q], negative(half)),
    make("ry", [q], affine(t, -0.5)),
    make("cx", [c, q]),
    make("ry", [q], affine(t, 0.5)),
    make("rz", [q], f),
  ];
}
