/** What an ICC profile is called. */

const text = (bytes: Uint8Array, from: number, length: number): string =>
  Buffer.from(bytes.subarray(from, from + length)).toString("latin1");

const header = 128;

/**
 * The description of a profile, in its first language; "unnamed" where there is none that can be read.
 * @source  ICC.1:2022, sections 7.3 (tag table), 10.15 (multiLocalizedUnicode); ICC.1:2001, section 6.5.17 (textDescription)
 */
export function profileName(profile: Uint8Array): string {
  const view = new DataView(profile.buffer, profile.byteOffset, profile.byteLength);
  const number = (at: number): number => (at + 4 <= profile.length ? view.getUint32(at) : 0);
  for (let tag = 0; tag < Math.min(number(header), 100); tag++) {
    const entry = header + 4 + 12 * tag;
    if (text(profile, entry, 4) !== "desc") continue;
    const at = number(entry + 4);
    if (text(profile, at, 4) === "desc") return printable(text(profile, at + 12, Math.min(number(at + 8), 100)));
    const utf16 = profile.slice(at + number(at + 24), at + number(at + 24) + Math.min(number(at + 20), 200));
    if (text(profile, at, 4) === "mluc" && utf16.length % 2 === 0) return printable(Buffer.from(utf16).swap16().toString("utf16le"));
  }
  return "unnamed";
}

/** Whether a profile is no other than what is taken for granted; "c2" is a shortened sRGB of pictures on the web. */
export const isSrgb = (profile: Uint8Array): boolean => /^(sRGB|c2$)/i.test(profileName(profile));

const printable = (name: string): string => name.replace(/[^\p{L}\p{N}\p{P}\p{S} ]/gu, "").trim() || "unnamed";
