/**
 * Counts the long polls and streams that are open, so that they cannot take all memory there is.
 */
import { KafkaHttpError } from './errors.ts';

export class WaitGate {
  readonly #limit: number;
  #open = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get open(): number {
    return this.#open;
  }

  /** Takes a place, or throws 429; the result gives it back, once. */
  enter(): () => void {
    if (this.#open >= this.#limit) {
      throw new KafkaHttpError(42901, `more than ${this.#limit} long polls and streams are open`);
    }
    this.#open += 1;
    let entered = true;
    return () => {
      if (entered) this.#open -= 1;
      entered = false;
    };
  }
}
