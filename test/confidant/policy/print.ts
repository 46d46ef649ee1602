/** Trees as text in HCL and in JSON, for tests that read them again. */
import { type HclBody, type HclItem, type HclValue, isBody } from '../../../confidant/policy/hcl.ts';

/** What may stand where a space may, one after the other, so that every printed text has all of them. */
const GAPS = [' ', '\n', '\t', ' # why\n', ' // "{\n', ' /* = */ ', '\r\n'];

class Printer {
  #gaps = 0;

  body(body: HclBody): string {
    return body.items.map((item) => this.#item(item)).join(this.#gap());
  }

  #item({ keys, value }: HclItem): string {
    const [key = '', ...labels] = keys.map((one) => (isWord(one) ? one : JSON.stringify(one)));
    const name = [key, ...labels].join(this.#gap());
    if (labels.length === 0 && (!isObject(value) || this.#gaps % 2 === 0)) {
      return `${name}${this.#gap()}=${this.#gap()}${this.#value(value)}`;
    }
    return `${name}${this.#gap()}${this.#value(value)}`;
  }

  #value(value: HclValue): string {
    if (typeof value !== 'object') return JSON.stringify(value);
    if (isBody(value)) return `{${this.#gap()}${this.body(value)}${this.#gap()}}`;
    return `[${this.#gap()}${value.map((one) => this.#value(one)).join(`${this.#gap()},`)}${this.#gap()}]`;
  }

  #gap(): string {
    this.#gaps += 1;
    return GAPS[this.#gaps % GAPS.length] ?? '';
  }
}

export function printHcl(body: HclBody): string {
  return new Printer().body(body);
}

/** An item with two names becomes an object within an object, so that it can be told only in a policy. */
export function printJson(value: HclValue): string {
  if (typeof value !== 'object') return JSON.stringify(value);
  if (!isBody(value)) return `[${value.map(printJson).join(',')}]`;
  return `{${value.items.map(({ keys, value: one }) => printPair(keys, one)).join(', ')}}`;
}

function printPair([key = '', ...rest]: readonly string[], value: HclValue): string {
  return `${JSON.stringify(key)}: ${rest.length === 0 ? printJson(value) : `{${printPair(rest, value)}}`}`;
}

function isObject(value: HclValue): boolean {
  return typeof value === 'object' && isBody(value);
}

function isWord(text: string): boolean {
  return /^[A-Za-z_][\w.-]*$/.test(text);
}
