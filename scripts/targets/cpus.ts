/** The CPUs that there are binaries for, by OpenWrt's names of their packages' architectures. */
export interface Cpu {
  readonly name: string;
  /** What the compiler is told. */
  readonly flags: readonly string[];
  readonly isBigEndian: boolean;
  readonly isMips: boolean;
  /** The command of qemu's user emulation; null where the machine itself runs it. */
  readonly emulator: string | null;
}

const MIPS = ['-mcpu=mips32r2', '-fno-pic'];

export const CPUS: readonly Cpu[] = [
  {
    name: 'x86_64',
    flags: ['-target', 'x86_64-linux-musl', '-mcpu=baseline', '-fno-pie'],
    isBigEndian: false,
    isMips: false,
    emulator: process.arch === 'x64' ? null : 'qemu-x86_64',
  },
  {
    name: 'mipsel_24kc',
    flags: ['-target', 'mipsel-linux-musleabi', ...MIPS],
    isBigEndian: false,
    isMips: true,
    emulator: 'qemu-mipsel',
  },
  {
    name: 'mips_24kc',
    flags: ['-target', 'mips-linux-musleabi', ...MIPS],
    isBigEndian: true,
    isMips: true,
    emulator: 'qemu-mips',
  },
];
