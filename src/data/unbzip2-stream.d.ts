declare module "unbzip2-stream" {
  /** A stream of what was compressed. */
  export default function unbzip2(): NodeJS.ReadWriteStream;
}
