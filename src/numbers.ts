/** Numbers as people read them. */

/** Four significant digits, without an exponent between 1e-4 and 1e7. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (Number.isInteger(value) && Math.abs(value) < 1e7) return String(value);
  const size = Math.abs(value);
  return size >= 1e7 || size < 1e-4 ? value.toExponential(3) : String(Number(value.toPrecision(4)));
}

/** A value and its uncertainty, to two digits of the latter: 0.8234 ± 0.0123 is "0.823 ± 0.012". */
export function withError(value: number, error: number): string {
  if (!(error > 0 && Number.isFinite(error) && Number.isFinite(value))) return formatNumber(value);
  // the place of the second digit, after rounding: 0.0999 is 0.10
  const places = 1 - Math.floor(Math.log10(Number(error.toPrecision(2))));
  if (places < 0 || places > 12) return `${formatNumber(value)} ± ${formatNumber(Number(error.toPrecision(2)))}`;
  return `${value.toFixed(places)} ± ${error.toFixed(places)}`;
}

/** A duration for a progress line: "0.4 s", "12 s", "3 min 05 s", "2 h 10 min". */
export function duration(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const two = (n: number) => String(n).padStart(2, "0");
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  const minutes = Math.round(whole / 60);
  return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
}
