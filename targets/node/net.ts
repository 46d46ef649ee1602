/** TCP of Node, with reading on demand: a socket is paused but for the chunk that somebody waits for. */
import * as tcp from 'node:net';
import type { Connection, Listener, Net, NetAddress } from '../host.ts';
import { errorCode, hostError } from './host-error.ts';

export const nodeNet: Net = { listen, connect };

async function listen(address: NetAddress, accept: (connection: Connection) => void): Promise<Listener> {
  checkLiteral(address);
  const server = tcp.createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (socket) => {
    accept(new SocketConnection(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: address.host, port: address.port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  // A connection that could not be accepted (EMFILE) never was; without a listener its error would end the process.
  server.on('error', () => {});
  const { address: host, port } = server.address() as tcp.AddressInfo;
  return {
    address: { host, port },
    // The server's own callback waits for all connections; the port is free as soon as the loop has turned.
    close: () =>
      new Promise((resolve) => {
        server.close();
        setImmediate(resolve);
      }),
  };
}

async function connect(address: NetAddress): Promise<Connection> {
  checkLiteral(address);
  const socket = tcp.connect({ host: address.host, port: address.port, allowHalfOpen: true, noDelay: true });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve();
    });
  });
  return new SocketConnection(socket);
}

interface Reader {
  resolve(bytes: Uint8Array | null): void;
  reject(error: Error): void;
}

class SocketConnection implements Connection {
  readonly remote: NetAddress;
  readonly #socket: tcp.Socket;
  readonly #chunks: Uint8Array[] = [];
  #reader: Reader | null = null;
  #hasEnded = false;
  #failure: Error | null = null;

  constructor(socket: tcp.Socket) {
    this.#socket = socket;
    this.remote = { host: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 };
    socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length));
      socket.pause();
      this.#deliver();
    });
    socket.on('end', () => {
      this.#hasEnded = true;
      this.#deliver();
    });
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(hostError('ECONNRESET', 'the connection is closed')));
    socket.pause();
  }

  read(): Promise<Uint8Array | null> {
    return new Promise((resolve, reject) => {
      if (this.#reader !== null) throw hostError('EALREADY', 'a read is under way');
      this.#reader = { resolve, reject };
      this.#deliver();
      if (this.#reader !== null) this.#socket.resume();
    });
  }

  write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#socket.writableEnded || this.#socket.destroyed) {
        throw hostError('EPIPE', `this side has ended, write to ${this.remote.host}:${this.remote.port}`);
      }
      this.#socket.write(bytes, (error) => (error ? reject(asWriteError(error)) : resolve()));
    });
  }

  end(): void {
    this.#socket.end();
  }

  close(): void {
    this.#socket.destroy();
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#deliver();
  }

  #deliver(): void {
    const reader = this.#reader;
    if (reader === null) return;
    const chunk = this.#chunks.shift();
    if (chunk === undefined && !this.#hasEnded && this.#failure === null) return;
    this.#reader = null;
    if (chunk !== undefined) reader.resolve(chunk);
    else if (this.#hasEnded) reader.resolve(null);
    else reader.reject(this.#failure as Error);
  }
}

/** What is still waiting when the connection is dropped fails with a code of Node's streams. */
function asWriteError(error: Error): Error {
  const code = errorCode(error);
  return code === 'EPIPE' || code === 'ECONNRESET' ? error : hostError('EPIPE', 'the connection is closed', error);
}

function checkLiteral({ host }: NetAddress): void {
  if (tcp.isIP(host) === 0) throw hostError('EINVAL', `'${host}' is no IP address`);
}
