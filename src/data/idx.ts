/** IDX files, the format of MNIST: a magic number 00 00 08 r, r big-endian lengths, then bytes. */
import { type NdArray, ndarray, sizeOf } from "../array/ndarray.ts";
import { UserError } from "../errors.ts";

const unsignedByte = 8;

/**
 * Bytes and shape of an IDX file of unsigned bytes.
 * @throws UserError  naming what does not fit
 */
export function readIdx(bytes: Uint8Array, source: string): NdArray<"u8"> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 8 || view.getUint16(0) !== 0) throw new UserError(`${source}: this is no IDX file (wrong first bytes)`);
  if (bytes[2] !== unsignedByte) throw new UserError(`${source}: elements of type ${bytes[2]}; only bytes (type 8) are read`);
  const rank = bytes[3];
  const start = 4 + 4 * rank;
  if (rank === 0 || bytes.length < start) throw new UserError(`${source}: the file ends within its header`);
  const shape = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  if (sizeOf(shape) !== bytes.length - start)
    throw new UserError(`${source}: the header announces ${shape.join(" x ")} bytes, the file has ${bytes.length - start}`);
  return ndarray(bytes.slice(start), shape, "u8");
}
