import { connect, createServer, type Server, type Socket } from "node:net";
import type { AddressInfo } from "node:net";

/** What a link does with bytes: carries them, holds them (a silent network), or breaks every connection. */
type Mood = "carry" | "hold" | "break";

interface Link {
  readonly from: string;
  readonly to: string;
  readonly set: (mood: Mood) => void;
  readonly close: () => void;
}

/** Every connection of a local cluster runs through a link of its own, so that it can be cut. */
export interface Links {
  /** A port that leads to `port`, as the link from one process to another. */
  readonly lay: (from: string, to: string, port: number) => Promise<number>;
  /** Cuts both directions between any of these and anybody else. Silent: what was sent is held, as by a dead switch. */
  readonly isolate: (names: readonly string[]) => void;
  /** Cuts the links from one process to others. */
  readonly hold: (from: string, to: readonly string[]) => void;
  /** Ends every connection of these links; new ones may be made at once. */
  readonly reset: (from: string) => void;
  readonly heal: () => void;
  readonly close: () => void;
}

export function layLinks(): Links {
  const links: Link[] = [];
  const each = (holds: (link: Link) => boolean, mood: Mood): void => {
    for (const link of links) if (holds(link)) link.set(mood);
  };
  return {
    async lay(from, to, port) {
      const link = await open(from, to, port);
      links.push(link);
      return link.port;
    },
    isolate(names) {
      each(({ from, to }) => names.includes(from) !== names.includes(to), "hold");
    },
    hold(from, to) {
      each((link) => link.from === from && to.includes(link.to), "hold");
    },
    reset(from) {
      each((link) => link.from === from, "break");
      each((link) => link.from === from, "carry");
    },
    heal() {
      each(() => true, "break");
      each(() => true, "carry");
    },
    close() {
      for (const link of links) link.close();
    },
  };
}

async function open(from: string, to: string, port: number): Promise<Link & { readonly port: number }> {
  const sockets = new Set<Socket>();
  let mood: Mood = "carry";
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => sockets.delete(socket));
    if (mood === "hold") socket.pause();
  };
  const server: Server = createServer((near) => {
    const far = connect(port, "127.0.0.1");
    keep(near);
    keep(far);
    carry(near, far);
    carry(far, near);
  });
  server.unref();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    from,
    to,
    port: (server.address() as AddressInfo).port,
    set(next) {
      mood = next;
      for (const socket of sockets) {
        if (next === "break") socket.destroy();
        else if (next === "hold") socket.pause();
        else socket.resume();
      }
    },
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function carry(from: Socket, to: Socket): void {
  from.on("data", (bytes) => {
    if (!to.destroyed) to.write(bytes);
  });
  from.on("end", () => to.end());
  from.on("close", () => to.destroy());
}
