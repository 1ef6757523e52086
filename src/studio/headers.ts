/** What browsers are told about answers: that only our own code runs, in no other page's frame, and that files of runs run nothing. */

/** The page: scripts, workers and programs of its own, threads among them, which are text of ours; pictures drawn with inline styles. */
const page = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self' blob:",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src 'self'",
  "connect-src 'self'",
  "frame-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** A report or a file of a run: shown, in a frame of the page too, but a place where nothing runs and nothing is fetched. */
export const sandbox = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'";

/** Shared memory in the page needs the cross-origin headers. */
export const common: Readonly<Record<string, string>> = {
  "content-security-policy": page,
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
  "cross-origin-resource-policy": "same-origin",
};
