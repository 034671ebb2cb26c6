import { connect, type Socket } from "node:net";

/**
 * A bare HTTP/1.1 client for load: a connection holds one request at a time and looks at nothing but the status and the
 * length. The load generator shares the machine with what it measures, and Node's own client costs as much as a fifth
 * of a transaction.
 */
export interface Connections {
  /** Resolves with the status of the answer, 0 when the connection broke. Waits for a free connection. */
  readonly send: (request: Uint8Array) => Promise<number>;
  readonly close: () => void;
}

/** A submission as it goes over the wire, to be made before anything is measured. */
export const requestOf = (host: string, body: Uint8Array): Uint8Array =>
  Buffer.concat([
    Buffer.from(
      `POST /v1/transactions HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/cbor\r\ncontent-length: ${body.length}\r\n\r\n`,
    ),
    body,
  ]);

const HEAD_END = Buffer.from("\r\n\r\n");

interface Connection {
  readonly socket: Socket;
  answered: ((status: number) => void) | undefined;
  received: Buffer;
}

/** The status, once head and body are here; answers of this API always tell their length. */
function statusOf(received: Buffer): number | undefined {
  const headEnd = received.indexOf(HEAD_END);
  if (headEnd < 0) return undefined;
  const head = received.toString("latin1", 0, headEnd);
  const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
  return received.length < headEnd + HEAD_END.length + length ? undefined : Number(head.slice(9, 12));
}

function openConnection(host: string, port: number, onClose: (connection: Connection) => void): Connection {
  const connection: Connection = {
    socket: connect({ host, port, noDelay: true }),
    answered: undefined,
    received: Buffer.alloc(0),
  };
  const settle = (status: number): void => {
    const { answered } = connection;
    connection.answered = undefined;
    connection.received = Buffer.alloc(0);
    answered?.(status);
  };
  connection.socket.on("data", (chunk) => {
    connection.received = connection.received.length === 0 ? chunk : Buffer.concat([connection.received, chunk]);
    const status = statusOf(connection.received);
    if (status !== undefined) settle(status);
  });
  connection.socket.on("error", () => {
    // "close" follows, and tells whoever waits.
  });
  connection.socket.on("close", () => {
    onClose(connection);
    settle(0);
  });
  return connection;
}

export function openConnections(at: {
  readonly host: string;
  readonly port: number;
  readonly max: number;
}): Connections {
  const idle: Connection[] = [];
  const waiting: ((connection: Connection) => void)[] = [];
  const all = new Set<Connection>();
  const open = (): Connection => {
    const connection = openConnection(at.host, at.port, (closed) => all.delete(closed));
    all.add(connection);
    return connection;
  };
  const take = (): Promise<Connection> => {
    // The server lets go of those that were idle for long.
    for (let free = idle.pop(); free !== undefined; free = idle.pop())
      if (!free.socket.destroyed) return Promise.resolve(free);
    if (all.size < at.max) return Promise.resolve(open());
    return new Promise((resolve) => waiting.push(resolve));
  };
  const giveBack = (connection: Connection): void => {
    const next = waiting.shift();
    const usable = connection.socket.destroyed ? open() : connection;
    if (next === undefined) idle.push(usable);
    else next(usable);
  };
  return {
    async send(request) {
      const connection = await take();
      const status = await new Promise<number>((resolve) => {
        connection.answered = resolve;
        connection.socket.write(request);
      });
      giveBack(connection);
      return status;
    },
    close() {
      for (const { socket } of all) socket.destroy();
    },
  };
}
