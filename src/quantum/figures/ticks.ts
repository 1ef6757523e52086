/** Numbers along logarithmic axes. */
import { formatNumber } from "../../numbers.ts";

/** 0.01, 1e-6. */
export const powerTick = (value: number): string => (value < 1e-3 ? value.toExponential(0) : formatNumber(value));
