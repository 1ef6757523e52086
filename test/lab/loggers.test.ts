import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { withInvocation } from "../../src/lab/invocation.ts";
import { crc32c } from "../../src/lab/log/tensorboard.ts";
import { openRun, type Run } from "../../src/lab/run.ts";
import { startMlflow } from "./mlflow-server.ts";
import { freePort } from "./servers.ts";

const base = mkdtempSync(join(tmpdir(), "pushforward-loggers-"));
afterAll(() => rmSync(base, { recursive: true }));

const logged = <T>(logger: string, job: () => Promise<T>): Promise<T> =>
  withInvocation({ command: ["train"], arguments: [], options: { seed: 1 }, cwd: base, loggers: [logger] }, job);

const open = (logger: string, name: string): Promise<Run> => logged(logger, () => openRun(join(base, name), { seed: 1, net: [8, 8] }));
const save = (run: Run, step: number) => run.save({ step, tensors: {}, state: 0 });

/** Two rows and a checkpoint, a row more; then, resumed, other rows to the end. */
async function killedAndResumed(logger: string, name: string): Promise<void> {
  const first = await open(logger, name);
  await first.log({ step: 1, loss: 0.5 });
  await first.log({ step: 2, loss: 0.25, "accuracy (test)": 0.75 });
  await save(first, 2);
  await first.log({ step: 3, loss: 7 });
  await first.close();
  const second = await open(logger, name);
  await second.log({ step: 3, loss: 0.125 });
  await save(second, 3);
  await second.write("artifacts/sub picture.svg", "<svg/>");
  await second.complete({ loss: 0.125 });
  await second.close();
}

describe("event files for TensorBoard", () => {
  test("CRC-32C has its known values", () => {
    // RFC 3720, B.4, and the check value of the CRC catalogue
    expect(crc32c(Buffer.from("123456789"))).toBe(0xe3069283);
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
    expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
  });

  test("are TFRecords of events, and hold every row once, also after a resume", async () => {
    const noon = Date.UTC(2026, 0, 1, 12);
    vi.useFakeTimers({ toFake: ["Date"], now: noon });
    await killedAndResumed("tensorboard", "board").finally(() => vi.useRealTimers());
    const files = readdirSync(join(base, "board", "tensorboard"));
    expect(files.length).toBe(1);
    expect(files[0]).toMatch(/^events\.out\.tfevents\.\d+\.pushforward$/);
    const events = readEvents(readFileSync(join(base, "board", "tensorboard", files[0])));
    expect(events[0].version).toBe("brain.Event:2");
    expect(events.slice(1).map(({ step, values }) => [step, values])).toEqual([
      [1, { loss: 0.5 }],
      [2, { loss: 0.25, "accuracy (test)": 0.75 }],
      [3, { loss: 0.125 }],
    ]);
    expect(events.map((event) => event.seconds)).toEqual(Array(4).fill(noon / 1000));
  });
});

interface Event {
  seconds: number;
  step: number;
  version?: string;
  values: Record<string, number>;
}

/** A reader of its own: checks lengths and checksums, and walks the protocol buffers by their wire types. */
function readEvents(file: Buffer): Event[] {
  const events: Event[] = [];
  for (let at = 0; at < file.length; ) {
    const length = Number(file.readBigUInt64LE(at));
    expect(file.readUInt32LE(at + 8)).toBe(mask(crc32c(file.subarray(at, at + 8))));
    const data = file.subarray(at + 12, at + 12 + length);
    expect(file.readUInt32LE(at + 12 + length)).toBe(mask(crc32c(data)));
    at += 16 + length;
    const fields = readFields(data);
    const one = (n: number) => fields.find(([number]) => number === n)?.[1];
    const values = readFields((one(5) as Buffer) ?? Buffer.alloc(0)).map(([, value]) => {
      const inner = Object.fromEntries(readFields(value as Buffer));
      return [String(inner[1]), (inner[2] as Buffer).readFloatLE(0)];
    });
    const version = one(3) as Buffer | undefined;
    events.push({
      seconds: (one(1) as Buffer).readDoubleLE(0),
      step: Number(one(2)),
      version: version?.toString(),
      values: Object.fromEntries(values),
    });
  }
  return events;
}

const mask = (crc: number) => Number((((BigInt(crc) >> 15n) | (BigInt(crc) << 17n)) + 0xa282ead8n) & 0xffffffffn);

function readFields(data: Buffer): [number, Buffer | number][] {
  const fields: [number, Buffer | number][] = [];
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = data[at++];
      value += (byte & 127) * shift;
      if (byte < 128) return value;
    }
  };
  while (at < data.length) {
    const key = varint();
    const wire = key & 7;
    if (wire === 0) fields.push([key >> 3, varint()]);
    else {
      const length = wire === 1 ? 8 : wire === 5 ? 4 : varint();
      fields.push([key >> 3, data.subarray(at, (at += length))]);
    }
  }
  return fields;
}

describe("MLflow", () => {
  let server: Awaited<ReturnType<typeof startMlflow>>;
  beforeAll(async () => {
    server = await startMlflow();
  });
  afterAll(() => server.stop());

  test("gets parameters, each row once also after a resume, and the artifacts", async () => {
    await killedAndResumed(`mlflow=${server.url}/`, "tracked");
    expect(server.experiments).toEqual(["pushforward train"]);
    expect(server.runs.length).toBe(1);
    const [run] = server.runs;
    expect(run.status).toBe("FINISHED");
    expect(run.params).toEqual({ seed: "1", net: "[8,8]" });
    // MLflow has no way to take a row back: the one that no checkpoint stood behind was not sent
    expect(run.metrics.map(({ key, step, value }) => [key, step, value])).toEqual([
      ["loss", 1, 0.5],
      ["loss", 2, 0.25],
      ["accuracy _test_", 2, 0.75],
      ["loss", 3, 0.125],
    ]);
    expect(server.artifacts["0/run-0/artifacts/artifacts/sub picture.svg"].toString()).toBe("<svg/>");
    expect(JSON.parse(server.artifacts["0/run-0/artifacts/results.json"].toString())).toEqual({ loss: 0.125 });
    await killedAndResumed(`mlflow=${server.url}`, "tracked-too");
    expect(server.experiments.length).toBe(1);
    expect(server.runs.length).toBe(2);
  });

  test("that breaks down ends the logging, not the run", async () => {
    const run = await open(`mlflow=${server.url}`, "broken");
    server.state.broken = true;
    await run.log({ step: 1, loss: 1 });
    await save(run, 1);
    await run.complete({});
    await run.close();
    server.state.broken = false;
    expect(JSON.parse(readFileSync(join(base, "broken", "results.json"), "utf8"))).toEqual({});
  });

  test("that is not there, or is none, is said at the start", async () => {
    await expect(open(`mlflow=http://127.0.0.1:${await freePort()}`, "nowhere")).rejects.toThrow(
      /MLflow at http:\/\/127.0.0.1:\d+ does not answer \(ECONNREFUSED\)/,
    );
    await expect(open("mlflow=ftp://x", "ftp")).rejects.toThrow(/there is no logger "mlflow=ftp:\/\/x"/);
    await expect(open("tensorbord", "typo")).rejects.toThrow(/there is no logger "tensorbord"/);
    await expect(open(`mlflow=${server.url}/elsewhere`, "path")).rejects.toThrow(/answers 404/);
  });
});
