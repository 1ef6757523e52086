/** How a program is written as an ONNX model: public, so that nothing here names the types of the file format. */
export interface WriteOptions {
  /** Only operators of the ONNX standard, so that any runtime can load the model. */
  readonly portable?: boolean;
  /** Channels that convolutions take at a time on this processor, for models that stay on it. */
  readonly channelBlock?: number | undefined;
  readonly inputNames?: readonly string[];
  readonly outputNames?: readonly string[];
  readonly metadata?: Readonly<Record<string, string>>;
}
