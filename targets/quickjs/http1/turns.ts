/** So many at a time; who comes when none is free waits, first come, first served. */
export class Turns {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  take(): Promise<void> {
    return new Promise((resolve) => {
      this.#free -= 1;
      if (this.#free >= 0) resolve();
      else this.#waiting.push(resolve);
    });
  }

  give(): void {
    this.#free += 1;
    this.#waiting.shift()?.();
  }
}
