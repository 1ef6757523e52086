/** How deep a JSON text is nested: native parsers recurse, and a file of brackets alone ends the process. */
import { createReadStream } from "node:fs";
import { createGunzip } from "node:zlib";
import { UserError } from "../errors.ts";

/** Tables of records have two or three levels; a parser's stack has room for some thousands. */
const deepest = 500;

const [quote, backslash, openSquare, closeSquare, openCurly, closeCurly] = [0x22, 0x5c, 0x5b, 0x5d, 0x7b, 0x7d];

/**
 * Reads a file of JSON, or of a JSON value a line, byte by byte, and refuses it where values are nested deeper than 500.
 * @throws UserError  naming the place
 */
export async function checkJsonDepth(path: string, source: string): Promise<void> {
  const file = createReadStream(path);
  const stream = /\.gz$/i.test(path) ? file.pipe(createGunzip()) : file;
  let [depth, at, inText, escaped] = [0, 0, false, false];
  try {
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      for (const byte of chunk) {
        at++;
        if (inText) {
          if (escaped) escaped = false;
          else if (byte === backslash) escaped = true;
          else if (byte === quote) inText = false;
        } else if (byte === quote) inText = true;
        else if (byte === openSquare || byte === openCurly) {
          if (++depth > deepest)
            throw new UserError(
              `${source}: at byte ${at} values are nested more than ${deepest} deep`,
              "a table of JSON has a record a row, or a record a line",
            );
        } else if (byte === closeSquare || byte === closeCurly) depth = Math.max(0, depth - 1);
      }
    }
  } catch (error) {
    // a damaged gzip is told by who reads it
    if (error instanceof UserError) throw error;
  } finally {
    file.destroy();
  }
}
