/** TCP over the non-blocking sockets of the C host. */
import type { Connection, Listener, Net, NetAddress } from '../host.ts';
import { hostError } from './host-error.ts';
import type { Loop } from './loop.ts';
import type { Native } from './native.ts';

/** How long to wait with the next connection when there is no descriptor or memory for it. */
const acceptAgainMs = 100;

export function quickjsNet(native: Native, loop: Loop): Net {
  return {
    listen: async (address, accept) => new SocketListener(native, loop, address, accept),
    connect: (address) => connect(native, loop, address),
  };
}

class SocketListener implements Listener {
  readonly address: NetAddress;
  readonly #native: Native;
  readonly #loop: Loop;
  readonly #descriptor: number;
  readonly #accept: (connection: Connection) => void;
  #isClosed = false;

  constructor(native: Native, loop: Loop, { host, port }: NetAddress, accept: (connection: Connection) => void) {
    this.#native = native;
    this.#loop = loop;
    this.#accept = accept;
    this.#descriptor = native.listen(host, port);
    this.address = addressOf(native, this.#descriptor, false);
    loop.on(this.#descriptor, () => this.#acceptAll());
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#loop.off(this.#descriptor);
    this.#native.closeFile(this.#descriptor);
  }

  #acceptAll(): void {
    while (!this.#isClosed) {
      const descriptor = this.#next();
      if (descriptor === null) return;
      this.#accept(new SocketConnection(this.#native, this.#loop, descriptor));
    }
  }

  #next(): number | null {
    try {
      return this.#native.accept(this.#descriptor);
    } catch {
      // EMFILE or the like: the connection waits in the kernel, and nothing will tell of it again.
      this.#loop.timer(acceptAgainMs, () => this.#acceptAll());
      return null;
    }
  }
}

function connect(native: Native, loop: Loop, { host, port }: NetAddress): Promise<Connection> {
  return new Promise((resolve, reject) => {
    const descriptor = native.connect(host, port);
    loop.on(descriptor, () => {
      const error = native.socketError(descriptor);
      if (error === 0 && native.socketAddress(descriptor, true) === null) return;
      loop.off(descriptor);
      if (error === 0) {
        resolve(new SocketConnection(native, loop, descriptor));
        return;
      }
      native.closeFile(descriptor);
      reject(native.errorOf(error, `connect ${host}:${port}`));
    });
  });
}

function addressOf(native: Native, descriptor: number, ofPeer: boolean): NetAddress {
  const [host, port] = native.socketAddress(descriptor, ofPeer) ?? ['', 0];
  return { host, port };
}

interface Reader {
  resolve(bytes: Uint8Array | null): void;
  reject(error: unknown): void;
}

interface Writer {
  readonly bytes: Uint8Array;
  sentBytes: number;
  resolve(): void;
  reject(error: unknown): void;
}

class SocketConnection implements Connection {
  readonly remote: NetAddress;
  readonly #native: Native;
  readonly #loop: Loop;
  readonly #descriptor: number;
  readonly #writers: Writer[] = [];
  #reader: Reader | null = null;
  #hasEnded = false;
  #isClosed = false;

  constructor(native: Native, loop: Loop, descriptor: number) {
    this.#native = native;
    this.#loop = loop;
    this.#descriptor = descriptor;
    this.remote = addressOf(native, descriptor, true);
    loop.on(descriptor, () => {
      this.#receive();
      this.#send();
    });
  }

  read(): Promise<Uint8Array | null> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) throw hostError('ECONNRESET', 'the connection is closed');
      if (this.#reader !== null) throw hostError('EALREADY', 'a read is under way');
      this.#reader = { resolve, reject };
      this.#receive();
    });
  }

  write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed || this.#hasEnded) {
        throw hostError('EPIPE', `this side has ended, write to ${this.remote.host}:${this.remote.port}`);
      }
      this.#writers.push({ bytes, sentBytes: 0, resolve, reject });
      if (this.#writers.length === 1) this.#send();
    });
  }

  end(): void {
    if (this.#hasEnded || this.#isClosed) return;
    this.#hasEnded = true;
    if (this.#writers.length === 0) this.#native.endSocket(this.#descriptor);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#loop.off(this.#descriptor);
    this.#native.closeFile(this.#descriptor);
    this.#reader?.reject(hostError('ECONNRESET', 'the connection is closed'));
    this.#reader = null;
    this.#failWriters(hostError('EPIPE', 'the connection is closed'));
  }

  #receive(): void {
    const reader = this.#reader;
    if (reader === null) return;
    try {
      const bytes = this.#native.receive(this.#descriptor);
      if (bytes === null) return;
      this.#reader = null;
      reader.resolve(bytes.length === 0 ? null : bytes);
    } catch (error) {
      this.#reader = null;
      reader.reject(error);
    }
  }

  #send(): void {
    try {
      for (let writer = this.#writers[0]; writer !== undefined; writer = this.#writers[0]) {
        while (writer.sentBytes < writer.bytes.length) {
          const sentBytes = this.#native.send(this.#descriptor, writer.bytes, writer.sentBytes);
          if (sentBytes === null) return;
          writer.sentBytes += sentBytes;
        }
        this.#writers.shift();
        writer.resolve();
        if (this.#hasEnded && this.#writers.length === 0) this.#native.endSocket(this.#descriptor);
      }
    } catch (error) {
      this.#failWriters(error);
    }
  }

  #failWriters(error: unknown): void {
    for (const writer of this.#writers.splice(0)) writer.reject(error);
  }
}
