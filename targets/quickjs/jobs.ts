/** What the threads of the C host do beside the loop: syncs, and hashes of passwords. */
import type { Loop } from './loop.ts';
import type { Native } from './native.ts';

interface Waiting {
  readonly name: string;
  resolve(): void;
  reject(error: Error): void;
}

export class Jobs {
  readonly #native: Native;
  readonly #loop: Loop;
  readonly #waiting = new Map<number, Waiting>();
  #last = 0;
  #isListening = false;

  constructor(native: Native, loop: Loop) {
    this.#native = native;
    this.#loop = loop;
  }

  /** `begin` gives the job of that number to a thread; what it works on must stay until this settles. */
  run(name: string, begin: (number: number) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#last = (this.#last % 0x7fff_ffff) + 1;
      begin(this.#last);
      this.#waiting.set(this.#last, { name, resolve, reject });
      if (this.#isListening) return;
      this.#isListening = true;
      this.#loop.on(this.#native.doneDescriptor(), () => this.#settle());
    });
  }

  /** The descriptor must stay open until this settles. */
  sync(descriptor: number, isDirectory: boolean): Promise<void> {
    return this.run('sync', (number) => this.#native.sync(descriptor, isDirectory, number));
  }

  #settle(): void {
    for (let done = this.#native.takeDone(); done !== null; done = this.#native.takeDone()) {
      const [number, error] = done;
      const waiting = this.#waiting.get(number);
      this.#waiting.delete(number);
      if (error === 0) waiting?.resolve();
      else waiting?.reject(this.#native.errorOf(error, waiting.name));
    }
  }
}
