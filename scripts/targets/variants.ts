/**
 * The ways in which the C parts of a binary are compiled: as they are shipped, and for the suites alone with everything
 * that finds faults in them.
 */
import type { Cpu } from './cpus.ts';
import { findSystemCompiler, type Toolchain } from './toolchain.ts';

export interface Variant {
  readonly compiler: Toolchain;
  /** Of every object and of the link. */
  readonly flags: readonly string[];
  /** Of the host beside those, whose code is this project's. */
  readonly hostFlags: readonly string[];
  /** Of the engine and of the host, beside those. */
  readonly defines: readonly string[];
  readonly linkFlags: readonly string[];
  /** Whether it is what `binary-check.ts` wants of a binary. */
  readonly isShipped: boolean;
}

/** Small, sections that the linker can leave out, no tables for unwinding. */
const SMALL = [
  '-Os',
  '-fstack-protector',
  '-ffunction-sections',
  '-fdata-sections',
  '-fno-unwind-tables',
  '-fno-asynchronous-unwind-tables',
  '-fomit-frame-pointer',
];

export function shippedVariant(compiler: Toolchain, cpu: Cpu): Variant {
  return {
    compiler,
    flags: [...cpu.flags, ...SMALL],
    hostFlags: [],
    defines: [],
    // No RELRO: in a static executable without relocations everything constant is read-only from the start.
    linkFlags: ['-static', '-s', '-Wl,--gc-sections', '-Wl,-z,noexecstack', '-Wl,--build-id=none'],
    isShipped: true,
  };
}

const SANITIZERS = ['-fsanitize=address,undefined', '-fno-sanitize-recover=all', '-fno-omit-frame-pointer'];
/** Functions of libsodium that nobody calls want files that are not built. */
const DEBUGGED = ['-g', '-ffunction-sections'];
/** At the end everything is freed, and told what is left. */
const LEAK_CHECK = ['-DFREE_AT_EXIT', '-DDUMP_LEAKS=1', '-DWITHOUT_POOLS'];

/**
 * By the compiler of this machine, which has the run-time of AddressSanitizer: every bad access and all undefined
 * behaviour end the process, and so do leaks at its end, of the engine's objects too.
 */
export function sanitizedVariant(): Variant {
  return {
    compiler: findSystemCompiler(),
    flags: ['-O1', ...DEBUGGED, ...SANITIZERS],
    hostFlags: [],
    defines: LEAK_CHECK,
    linkFlags: ['-pthread', '-lm', '-Wl,--gc-sections'],
    isShipped: false,
  };
}

/**
 * Garbage is collected at every allocation of an object: what the host does not hold is gone at once. The engine itself
 * is compiled for speed, without sanitizers, as it does nothing but collect; what it frees is kept and overwritten.
 */
export function gcStressVariant(): Variant {
  return {
    compiler: findSystemCompiler(),
    flags: ['-O2', ...DEBUGGED],
    hostFlags: SANITIZERS,
    defines: [...LEAK_CHECK, '-DFORCE_GC_AT_MALLOC'],
    linkFlags: ['-fsanitize=address,undefined', '-pthread', '-lm', '-Wl,--gc-sections'],
    isShipped: false,
  };
}
