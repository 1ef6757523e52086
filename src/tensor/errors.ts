/** Errors of the tensor layer. A message says what went wrong, where, with which shapes, and in whose line. */
export class TensorError extends Error {
  override name = "TensorError";
}

/** A file, or bytes that claim to be one, do not follow their format. */
export class FileFormatError extends Error {
  override name = "FileFormatError";
}
