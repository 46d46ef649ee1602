/** The web's Headers, of which hono and the HTTP server use this much. Values of one name are joined by commas. */
export type HeadersInput = Readonly<Record<string, string>> | Iterable<readonly [string, string]>;

export class WebHeaders {
  readonly #fields: Map<string, string>;

  /** A map is taken over as it is: its names are lower-case and its values were checked. */
  constructor(init?: HeadersInput) {
    this.#fields = init instanceof Map ? init : new Map();
    if (init === undefined || init instanceof Map) return;
    if (Symbol.iterator in init) for (const [name, value] of init) this.append(name, value);
    else for (const name of Object.keys(init)) this.append(name, init[name] as string);
  }

  get(name: string): string | null {
    return this.#fields.get(name.toLowerCase()) ?? null;
  }

  has(name: string): boolean {
    return this.#fields.has(name.toLowerCase());
  }

  set(name: string, value: string): void {
    this.#fields.set(name.toLowerCase(), value);
  }

  append(name: string, value: string): void {
    const before = this.get(name);
    this.set(name, before === null ? value : `${before}, ${value}`);
  }

  delete(name: string): void {
    this.#fields.delete(name.toLowerCase());
  }

  entries(): IterableIterator<[string, string]> {
    return this.#fields.entries();
  }

  [Symbol.iterator](): IterableIterator<[string, string]> {
    return this.#fields.entries();
  }

  forEach(visit: (value: string, name: string) => void): void {
    this.#fields.forEach(visit);
  }
}
