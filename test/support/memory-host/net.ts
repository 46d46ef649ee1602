/** TCP of a memory process, to others on the same disk's network. Every step takes a turn of the loop. */
import type { Connection, Listener, Net, NetAddress } from '../../../targets/host.ts';
import { hostError } from './host-error.ts';
import { type MemoryListener, Pipe } from './network.ts';
import type { MemoryProcess } from './process.ts';

/** What fits between two ends before a writer has to wait. */
const pipeBytes = 65_536;

export class MemoryNet implements Net {
  readonly #process: MemoryProcess;

  constructor(process: MemoryProcess) {
    this.#process = process;
  }

  listen(address: NetAddress, accept: (connection: Connection) => void): Promise<Listener> {
    return this.#nextTurn(() => {
      checkLiteral(address);
      const { network } = this.#process.disk;
      if (network.listenerAt(address.port) !== null) throw hostError('EADDRINUSE', 'listen', addressText(address));
      const port = address.port === 0 ? network.freePort() : address.port;
      const listener: MemoryListener = {
        address: { host: address.host, port },
        accept: (incoming, outgoing, remote) => {
          const connection = new MemoryConnection(this.#process, incoming, outgoing, remote);
          this.#process.soon(() => accept(connection));
          return connection;
        },
      };
      network.add(listener);
      const remove = this.#process.own(() => network.remove(listener));
      return { address: listener.address, close: () => this.#nextTurn(remove) };
    });
  }

  connect(address: NetAddress): Promise<Connection> {
    return this.#nextTurn(() => {
      checkLiteral(address);
      const { network } = this.#process.disk;
      const listener = network.listenerAt(address.port);
      if (listener === null) throw hostError('ECONNREFUSED', 'connect', addressText(address));
      const there = new Pipe();
      const back = new Pipe();
      listener.accept(there, back, { host: address.host, port: network.freePort() });
      return new MemoryConnection(this.#process, back, there, address);
    });
  }

  #nextTurn<T>(action: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#process.guard();
      this.#process.soon(() => {
        try {
          resolve(action());
        } catch (error) {
          reject(error);
        }
      });
    });
  }
}

class MemoryConnection implements Connection {
  readonly remote: NetAddress;
  readonly #process: MemoryProcess;
  readonly #incoming: Pipe;
  readonly #outgoing: Pipe;
  readonly #drop: () => void;
  #isReading = false;

  constructor(process: MemoryProcess, incoming: Pipe, outgoing: Pipe, remote: NetAddress) {
    this.#process = process;
    this.#incoming = incoming;
    this.#outgoing = outgoing;
    this.remote = remote;
    this.#drop = process.own(() => {
      incoming.reset();
      outgoing.reset();
    });
  }

  read(): Promise<Uint8Array | null> {
    const pipe = this.#incoming;
    return new Promise((resolve, reject) => {
      this.#process.guard();
      if (this.#isReading) throw hostError('EALREADY', 'read', addressText(this.remote));
      this.#isReading = true;
      const isReady = (): boolean => pipe.chunks.length > 0 || pipe.isEnded || pipe.isReset;
      this.#when(pipe, isReady, () => {
        this.#isReading = false;
        const bytes = pipe.shift();
        if (bytes !== null) resolve(bytes);
        else if (pipe.isReset) reject(hostError('ECONNRESET', 'read', addressText(this.remote)));
        else resolve(null);
      });
    });
  }

  write(bytes: Uint8Array): Promise<void> {
    const pipe = this.#outgoing;
    return new Promise((resolve, reject) => {
      this.#process.guard();
      const fail = (): void => reject(hostError('EPIPE', 'write', addressText(this.remote)));
      if (pipe.isEnded || pipe.isReset) return fail();
      pipe.push(bytes.slice());
      const isReady = (): boolean => pipe.bufferedBytes <= pipeBytes || pipe.isReset;
      this.#when(pipe, isReady, () => (pipe.isReset ? fail() : resolve()));
    });
  }

  end(): void {
    this.#process.guard();
    this.#outgoing.end();
  }

  close(): void {
    this.#process.guard();
    this.#drop();
  }

  /** Calls `then` in a later turn in which `isReady`. */
  #when(pipe: Pipe, isReady: () => boolean, then: () => void): void {
    this.#process.soon(() => {
      if (isReady()) then();
      else pipe.whenChanged(() => this.#when(pipe, isReady, then));
    });
  }
}

function checkLiteral({ host }: NetAddress): void {
  if (!/^[0-9.]+$|:/.test(host)) throw hostError('EINVAL', 'not an IP literal', host);
}

function addressText({ host, port }: NetAddress): string {
  return `${host}:${port}`;
}
