/**
 * TensorBoard event files: TFRecords (length, masked CRC-32C of it, data, masked CRC-32C of them) of Event protocol buffers
 * (tensorflow/core/util/event.proto: wall_time = 1, step = 2, file_version = 3, summary = 5; Summary.Value: tag = 1, simple_value = 2).
 */
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Metrics } from "../record.ts";
import type { LoggedRun, Logger } from "./logger.ts";

/** The file is made anew when a run goes on, from the rows that it kept, so that no row is there twice. */
export function tensorboardLogger({ folder, record, metrics }: LoggedRun): Logger {
  const place = join(folder, "tensorboard");
  mkdirSync(place, { recursive: true });
  const seconds = record.created / 1000;
  const path = join(place, `events.out.tfevents.${Math.floor(seconds)}.pushforward`);
  const version = tfRecord(event(seconds, 0, field(3, utf8("brain.Event:2"))));
  writeFileSync(path, Buffer.concat([version, ...metrics.map((row) => tfRecord(scalars(row, seconds)))]));
  return { row: (row) => appendFileSync(path, tfRecord(scalars(row, Date.now() / 1000))) };
}

/** A row of metrics as an Event. */
function scalars(row: Metrics, seconds: number): Buffer {
  const { step = 0, ...values } = row;
  const summary = Object.entries(values).map(([tag, value]) => field(1, Buffer.concat([field(1, utf8(tag)), key(2, 5), float(value)])));
  return event(seconds, step, field(5, Buffer.concat(summary)));
}

const event = (seconds: number, step: number, what: Buffer): Buffer =>
  Buffer.concat([key(1, 1), double(seconds), key(2, 0), varint(step), what]);

const utf8 = (text: string) => Buffer.from(text, "utf8");
const key = (number: number, wire: number) => varint((number << 3) | wire);
/** A length-delimited field. */
const field = (number: number, bytes: Buffer) => Buffer.concat([key(number, 2), varint(bytes.length), bytes]);

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = BigInt(Math.round(value)); ; rest >>= 7n) {
    if (rest < 128n) return Buffer.from([...bytes, Number(rest)]);
    bytes.push(Number(rest & 127n) | 128);
  }
}

function double(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return bytes;
}

function float(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return bytes;
}

function tfRecord(data: Buffer): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(data.length));
  return Buffer.concat([length, masked(length), data, masked(data)]);
}

/** TensorFlow's mask: rotate right by 15 and add a constant. */
function masked(bytes: Buffer): Buffer {
  const crc = crc32c(bytes);
  const out = Buffer.alloc(4);
  out.writeUInt32LE((((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0);
  return out;
}

/** CRC of the Castagnoli polynomial, reflected: 0x82f63b78. */
const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});

export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ table[(crc ^ byte) & 255];
  return ~crc >>> 0;
}
