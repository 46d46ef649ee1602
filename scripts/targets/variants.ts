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
    defines: [],
    // No RELRO: in a static executable without relocations everything constant is read-only from the start.
    linkFlags: ['-static', '-s', '-Wl,--gc-sections', '-Wl,-z,noexecstack', '-Wl,--build-id=none'],
    isShipped: true,
  };
}

/**
 * By the compiler of this machine, which has the run-time of AddressSanitizer: every bad access and all undefined
 * behaviour end the process, and at its end it frees all and tells what is left, of the engine's objects too. With
 * `stressesCollector` garbage is collected at every allocation of an object: what was not held is gone at once.
 */
export function sanitizedVariant(stressesCollector: boolean): Variant {
  return {
    compiler: findSystemCompiler(),
    flags: [
      ...['-O1', '-g', '-fno-omit-frame-pointer', '-fsanitize=address,undefined', '-fno-sanitize-recover=all'],
      '-ffunction-sections', // functions of libsodium that nobody calls want files that are not built
    ],
    defines: ['-DFREE_AT_EXIT', '-DDUMP_LEAKS=1', ...(stressesCollector ? ['-DFORCE_GC_AT_MALLOC'] : [])],
    linkFlags: ['-pthread', '-lm', '-Wl,--gc-sections'],
    isShipped: false,
  };
}
