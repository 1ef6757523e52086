/** What a page may do with runs: begin, stop, let go on, fork, remove. Each answers at once; what comes of it is told by events. */
import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { UserError } from "../errors.ts";
import { findCommand } from "../lab/command.ts";
import { camelKey } from "../lab/config-file.ts";
import { optionInfos } from "../lab/options.ts";
import { readRecord } from "../lab/record.ts";
import { removeFolder } from "../lab/remove.ts";
import type { Found } from "../lab/store/query.ts";
import { forget } from "../lab/store/sync.ts";
import type { ForkOrder, Order, Started } from "./api.ts";
import { type CheckedOrder, checkFiles, checkOrder, isStartable, readOrder, refuseOptions, words } from "./order.ts";
import { isBelow, realPath } from "./places.ts";
import { stopRun } from "./process.ts";
import { isGoing, isWaiting, type Start, type Starts } from "./starts.ts";
import type { Studio } from "./studio.ts";

/** A run, or what is to become one, as `Studio.find` gives it. */
interface Target {
  readonly run?: Found;
  readonly start?: Start;
}

function able({ starts }: Studio): Starts {
  if (starts) return starts;
  throw new UserError("the studio is open for reading only", "begin it without --read-only");
}

/** @throws UserError  for an order that the command, or the studio, refuses */
export async function startRun(studio: Studio, order: Order): Promise<Started> {
  const starts = able(studio);
  const checked = await readOrder(order, studio.registry);
  checkOrder(checked, studio.places);
  if (!isStartable(checked.command)) throw new UserError(`${checked.command.name} makes no runs`, "use the command line");
  const { out, ...options } = checked.options;
  const name = typeof out === "string" ? wantedName(studio, starts, out) : freeName(studio, starts, defaultName(checked));
  const folder = join(studio.places.root, name);
  const start = starts.add({
    kind: "new",
    command: checked.command.name,
    name,
    words: words({ ...checked, options: { ...options, out: folder, json: true } }),
  });
  return { id: start.id, name };
}

/** "trajectories-cells" for cells.csv, or the built-in data set. */
function defaultName({ command, arguments: [input], options: { data } }: CheckedOrder): string {
  const what = input ?? (typeof data === "string" ? data : "");
  const short = basename(what.replaceAll("\\", "/")).replace(/(?<=.)\.\w+(\.(gz|zst|xz|bz2))?$/, "");
  const name = [...command.name.split(" "), short].join("-").replace(/[^\w.-]+/g, "-");
  return name.replace(/^[.-]+|[.-]+$/g, "").slice(0, 80) || "run";
}

const isTaken = ({ places }: Studio, starts: Starts, name: string): boolean =>
  existsSync(join(places.root, name)) || starts.all().some((s) => s.name === name && !s.ended);

function freeName(studio: Studio, starts: Starts, base: string, k = 1): string {
  const name = k === 1 ? base : `${base}-${k}`;
  return isTaken(studio, starts, name) ? freeName(studio, starts, base, k + 1) : name;
}

/** @throws UserError  for a name that leads elsewhere, or that another run has */
function wantedName(studio: Studio, starts: Starts, name: string): string {
  if (
    !/^[\w-][\w .-]{0,99}(\/[\w-][\w .-]{0,99}){0,2}$/.test(name) ||
    !isBelow(studio.places.root, realPath(join(studio.places.root, name)))
  )
    throw new UserError(`"${name}" is no name for a folder of runs`, "letters, digits, -, _ and dots; a slash for a folder in a folder");
  if (isTaken(studio, starts, name)) throw new UserError(`there is a run "${name}" already`, "choose another name, or let that one go on");
  return name;
}

/** @throws UserError  if nothing works on it */
export function stop(studio: Studio, { run, start }: Target): void {
  const starts = able(studio);
  if (run?.status === "running") stopRun(run.folder);
  else if (start && (isWaiting(start) || isGoing(start))) starts.cancel(start);
  else throw new UserError("nothing works on this run");
}

/** @throws UserError  if it works already, or is done */
export function resume(studio: Studio, { run, start }: Target): Started {
  const starts = able(studio);
  if (!run) throw new UserError("it has not come as far as a run that could go on", "start it again");
  if (run.status === "done") throw new UserError("the run is done", "a fork goes on with more steps");
  if (run.status === "running" || (start && !start.ended)) throw new UserError("the run goes on already");
  const name = studio.nameOf(run.folder);
  starts.add({ kind: "resume", command: run.command, name, words: ["resume", "--json", "--", run.folder] });
  return { id: run.id, name };
}

/** @throws UserError  for settings that the command does not take */
export async function fork(studio: Studio, { run }: Target, { set }: ForkOrder): Promise<Started> {
  const starts = able(studio);
  if (!run) throw new UserError("it has not come as far as a run that could be forked", "start another");
  const { invocation } = await readRecord(run.folder);
  if (invocation === null) throw new UserError("it was begun by a program, not by a command", "let that program begin another run");
  const command = await findCommand(invocation.command.join(" "), studio.registry);
  const odd = Object.entries(set).find(([key, value]) => !/^[\w-]+$/.test(key) || /,\s*[\w-]+=/.test(String(value)));
  if (odd) throw new UserError(`"${odd[0]}" cannot be set to "${odd[1]}" in a fork`);
  const settings = Object.fromEntries(Object.entries(set).map(([key, value]) => [camelKey(key), value]));
  refuseOptions(settings, "out");
  checkFiles(settings, optionInfos(command.options), studio.places);
  const { out: _, ...before } = invocation.options;
  command.check({ ...before, ...settings });
  const name = freeName(studio, starts, `${studio.nameOf(run.folder)}-fork`);
  const { root } = studio.places;
  const told = Object.entries(set).map(([key, value]) => `${key}=${value}`);
  const flags = [...(told.length > 0 ? [`--set=${told.join(",")}`] : []), `--out=${join(root, name)}`, `--root=${root}`, "--json"];
  const start = starts.add({ kind: "fork", command: run.command, name, words: ["runs", "fork", ...flags, "--", run.folder] });
  return { id: start.id, name };
}

/** @throws UserError  if something works on it */
export async function remove(studio: Studio, { run, start }: Target): Promise<void> {
  const starts = able(studio);
  if (start && !start.ended) throw new UserError("the run goes on", "stop it first");
  if (run) {
    if (existsSync(run.folder)) await removeFolder(run);
    await forget(studio.store, run.id);
    await studio.tags.set(run.id, []);
    starts.forget(studio.nameOf(run.folder));
    studio.changed(run.id, "gone");
  } else if (start) {
    starts.forget(start.name);
    studio.changed(start.id, "gone");
  }
}
