/** What the contract suites of the host port have in common. No API of any runtime in here. */
import * as assert from 'uvu/assert';
import type { Host } from '../../../targets/host.ts';
import type { Suite } from '../../support/suite.ts';

export interface HostFactory {
  readonly name: string;
  create(): Promise<HostFixture>;
}

export interface HostFixture {
  readonly host: Host;
  /** The host port as another process on the same machine has it, or at least another user of this one. */
  readonly other: Host;
  /** An empty directory, without a slash at its end. */
  readonly root: string;
  /** Lets time pass on the host's clock. */
  pass(durationMs: number): Promise<void>;
  /** Removes the directory and whatever was left open. */
  dispose(): Promise<void>;
}

export type HostTest = (title: string, body: (fixture: HostFixture) => Promise<void>) => void;

/** Gives each test a host and a directory of its own. */
export function withHost(test: Suite, factory: HostFactory): HostTest {
  return (title, body) => {
    test(title, async () => {
      const fixture = await factory.create();
      try {
        await body(fixture);
      } finally {
        await fixture.dispose();
      }
    });
  };
}

export function throwsCode(action: () => unknown, ...codes: readonly string[]): void {
  let thrown: unknown = null;
  try {
    action();
  } catch (error) {
    thrown = error;
  }
  checkCode(thrown, codes);
}

export async function rejectsCode(action: () => Promise<unknown>, ...codes: readonly string[]): Promise<void> {
  let promise: Promise<unknown>;
  try {
    promise = action();
  } catch (error) {
    throw new Error('an asynchronous member threw', { cause: error });
  }
  const thrown = await promise.then(
    () => null,
    (error: unknown) => error,
  );
  checkCode(thrown, codes);
}

function checkCode(thrown: unknown, codes: readonly string[]): void {
  assert.ok(thrown instanceof Error, 'an error was expected');
  const { code } = thrown as { code?: unknown };
  assert.ok(typeof code === 'string' && codes.includes(code), `${String(code)}: want ${codes.join(' or ')}`);
}

/** One byte per character. */
export function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

export function asciiText(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
}

export function writeFile(host: Host, path: string, text: string): void {
  const file = host.files.open(path, 'create');
  file.write(ascii(text), 0);
  file.close();
}

export function readFile(host: Host, path: string): string {
  const file = host.files.open(path, 'read');
  const bytes = new Uint8Array(file.lengthBytes());
  assert.is(file.read(bytes, 0), bytes.length);
  file.close();
  return asciiText(bytes);
}
