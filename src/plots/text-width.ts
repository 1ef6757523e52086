/** No font is at hand to measure text; Inter's letters are about 0.58 em wide. */
export const textWidth = (text: string): number => 7 * text.length;
