/** Shares of red, green and blue in what is seen as brightness: ITU-R BT.601, of values as they are stored. */
export const brightness = [0.299, 0.587, 0.114] as const;
