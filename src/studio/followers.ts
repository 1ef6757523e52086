/** Who looks on: a channel for everyone, one for each run that is followed, and the reader of rows that feeds them. */
import { setTimeout } from "node:timers/promises";
import type { Event } from "./api.ts";
import { type Curves, openCurves } from "./curves.ts";
import { type Channel, openChannel } from "./events.ts";

export interface Followers {
  readonly curves: Curves;
  /** Tells those who follow the run, and everyone unless it is rows. */
  publish(event: Exclude<Event, { kind: "again" }>): void;
  follows(id: string): boolean;
  /** Events of all runs. */
  readonly everyone: Channel;
  /** Events of one; of a run that has a folder already, what is there is no news. */
  channel(id: string, folder: string | undefined): Promise<Channel>;
  close(): void;
}

/** Milliseconds for which a run is followed after its last reader has left: it may come back. Rows in one event. */
const [grace, mostRows] = [60_000, 500];

export function openFollowers(): Followers {
  const everyone = openChannel();
  const channels = new Map<string, Channel>();
  const follows = (id: string): boolean => channels.has(id);

  const publish: Followers["publish"] = (event) => {
    if (event.kind !== "rows") everyone.publish(event);
    channels.get(event.run)?.publish(event);
  };
  const curves = openCurves({
    follows,
    tell(id, { rows, again }) {
      if (again) channels.get(id)?.publish({ kind: "again" });
      for (let i = 0; i < rows.length; i += mostRows) publish({ kind: "rows", run: id, rows: rows.slice(i, i + mostRows) });
    },
  });

  function open(id: string): Channel {
    const leave = (): void => {
      if (made.readers > 0) return;
      made.close();
      if (channels.get(id) === made) channels.delete(id);
    };
    const made = openChannel({ left: () => void setTimeout(grace, undefined, { ref: false }).then(leave) });
    channels.set(id, made);
    return made;
  }

  return {
    curves,
    publish,
    follows,
    everyone,
    async channel(id, folder) {
      if (folder !== undefined) await curves.advance(id, folder);
      return channels.get(id) ?? open(id);
    },
    close() {
      for (const each of [everyone, ...channels.values()]) each.close();
    },
  };
}
