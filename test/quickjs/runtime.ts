/**
 * What tests need of QuickJS: its host, directories of their own, and the few globals that uvu and tests expect. One
 * event loop per process, so this is a module of singletons.
 */
import { quickjsHost } from '../../targets/quickjs/host.ts';
import { Loop } from '../../targets/quickjs/loop.ts';
import type { Native } from '../../targets/quickjs/native.ts';

declare const native: Native;

const strays: unknown[] = [];
export const loop = new Loop(native, (error) => strays.push(error));
export const host = quickjsHost(native, loop);
export const testArguments = native.arguments;
export const { decodeLatin1, getVariable } = native;

export function write(text: string): void {
  const bytes = native.encodeUtf8(text);
  for (let written = 0; written < bytes.length; ) written += native.writeStream(1, bytes, written) ?? 0;
}

class TestTextEncoder {
  encode(text: string): Uint8Array {
    return native.encodeUtf8(text);
  }
}

// fast-check asks for it, of texts that it makes; whether they are normalised makes no difference to a test.
Object.defineProperty(String.prototype, 'normalize', {
  value(this: string) {
    return this;
  },
});

function noTimer(): never {
  throw new Error('tests use the clock of the host');
}

Object.assign(globalThis, {
  TextEncoder: TestTextEncoder,
  // fast-check keeps them at its import, for time limits that no test has.
  setTimeout: noTimer,
  clearTimeout: noTimer,
  console: { log: () => {} }, // uvu's marks; `runSuites` tells what is worth reading
});

/** Another user of the same machine: descriptors, locks and watches of its own. */
export function secondHost(): typeof host {
  return quickjsHost(native, loop);
}

/** Errors that no test awaited, so far. */
export function takeStrays(): unknown[] {
  return strays.splice(0);
}

export function exit(code: number): void {
  native.exit(code);
}

export function makeTestDirectory(): string {
  const random = new Uint8Array(8);
  host.random.fill(random);
  const path = `${native.getVariable('TMPDIR') ?? '/tmp'}/streambed-${random.join('')}`;
  host.files.makeDir(path);
  return path;
}

/** Waits for as long on the real clock. */
export function pass(durationMs: number): Promise<void> {
  return new Promise((resolve) => {
    loop.timer(durationMs, resolve);
  });
}

export function removeTree(path: string): void {
  for (const name of host.files.list(path)) {
    const inside = `${path}/${name}`;
    if (host.files.stat(inside)?.kind === 'directory') removeTree(inside);
    else host.files.remove(inside);
  }
  host.files.removeDir(path);
}
