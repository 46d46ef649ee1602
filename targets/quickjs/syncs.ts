/** Syncs under way on the helper thread of the C host. */
import type { Loop } from './loop.ts';
import type { Native } from './native.ts';

interface Waiting {
  resolve(): void;
  reject(error: Error): void;
}

export class Syncs {
  readonly #native: Native;
  readonly #loop: Loop;
  readonly #waiting = new Map<number, Waiting>();
  #last = 0;
  #isListening = false;

  constructor(native: Native, loop: Loop) {
    this.#native = native;
    this.#loop = loop;
  }

  /** The descriptor must stay open until this settles. */
  sync(descriptor: number, isDirectory: boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#last = (this.#last + 1) & 0x7fff_ffff;
      this.#native.sync(descriptor, isDirectory, this.#last);
      this.#waiting.set(this.#last, { resolve, reject });
      if (this.#isListening) return;
      this.#isListening = true;
      this.#loop.on(this.#native.syncDescriptor(), () => this.#settle());
    });
  }

  #settle(): void {
    for (let done = this.#native.takeSynced(); done !== null; done = this.#native.takeSynced()) {
      const [number, error] = done;
      const waiting = this.#waiting.get(number);
      this.#waiting.delete(number);
      if (error === 0) waiting?.resolve();
      else waiting?.reject(this.#native.errorOf(error, 'sync'));
    }
  }
}
