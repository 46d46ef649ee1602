/** What every binary must be: static, without a loader, and for MIPS without a single instruction of an FPU. */
import { readFileSync } from 'node:fs';
import type { Cpu } from './cpus.ts';
import { type Elf, parseElf, type Section, SectionFlag, SectionType, SegmentFlag, SegmentType } from './elf.ts';
import { BuildError } from './system.ts';

const EXECUTABLE = 2;
const MACHINES = { mips: 8, x86_64: 62 } as const;

export function checkBinary(path: string, cpu: Cpu): void {
  const wrong = findFaults(readFileSync(path), cpu);
  if (wrong.length > 0) throw new BuildError(`${path} for ${cpu.name}: ${wrong.join(', ')}`);
}

/** What is wrong with an executable, in words. */
export function findFaults(bytes: Uint8Array, cpu: Pick<Cpu, 'isBigEndian' | 'isMips'>): string[] {
  const elf = parseElf(bytes);
  const has = (type: number, flags = 0): boolean =>
    elf.segments.some((one) => one.type === type && (one.flags & flags) === flags);
  const writeAndExecute = SegmentFlag.write | SegmentFlag.execute;
  return [
    elf.machine === (cpu.isMips ? MACHINES.mips : MACHINES.x86_64) ? null : 'it is for another machine',
    elf.isBigEndian === cpu.isBigEndian ? null : 'it has the wrong byte order',
    elf.type === EXECUTABLE ? null : 'it is no static executable',
    has(SegmentType.interpreter) ? 'it wants a dynamic loader' : null,
    has(SegmentType.dynamic) ? 'it wants shared libraries' : null,
    has(SegmentType.gnuStack) ? null : 'it does not say that its stack is not executable',
    has(SegmentType.gnuStack, SegmentFlag.execute) ? 'its stack is executable' : null,
    has(SegmentType.load, writeAndExecute) ? 'it has memory that can be written and executed' : null,
    ...(cpu.isMips ? floatFaults(elf) : []),
  ].filter((fault) => fault !== null);
}

/** Of `.MIPS.abiflags`: where the fields are, and the values that a device without an FPU takes. */
const AbiFlags = { registerSize: 5, floatAbi: 7, extensions: 12 } as const;
const SOFT_FLOAT = 3;
const OTHER_ENCODINGS = 0x400 | 0x800; // MIPS16 and microMIPS: their instructions are not the words that are looked at

function floatFaults(elf: Elf): (string | null)[] {
  const abi = elf.sections.find(({ type }) => type === SectionType.mipsAbiFlags)?.content;
  const code = elf.sections.filter(({ flags }) => (flags & SectionFlag.execute) !== 0);
  const found = code.flatMap((section) => floatInstructions(section, elf.isBigEndian));
  const first = found[0]?.toString(16);
  const isSoft = abi?.getUint8(AbiFlags.floatAbi) === SOFT_FLOAT && abi.getUint8(AbiFlags.registerSize) === 0;
  const isPlain = abi !== undefined && (abi.getUint32(AbiFlags.extensions, !elf.isBigEndian) & OTHER_ENCODINGS) === 0;
  return [
    isSoft ? null : 'it is not soft-float',
    isPlain ? null : 'it has instructions of another encoding',
    code.length > 0 ? null : 'its code cannot be found',
    first === undefined ? null : `it has ${found.length} instructions of an FPU, the first at ${first}`,
  ];
}

/** Major opcodes of MIPS32 that need an FPU: COP1, COP1X, LWC1, LDC1, SWC1, SDC1. */
const FLOAT_OPCODES = new Set([0x11, 0x13, 0x31, 0x35, 0x39, 0x3d]);
/** Under the major opcode 0: MOVF and MOVT, which ask for a condition of the FPU. */
const MOVE_ON_CONDITION = 1;

/** The addresses of all words that are such instructions. The compiler puts no data between instructions. */
function floatInstructions({ content, address }: Section, isBigEndian: boolean): number[] {
  const found: number[] = [];
  for (let at = 0; at + 4 <= content.byteLength; at += 4) {
    const word = content.getUint32(at, !isBigEndian);
    const opcode = word >>> 26;
    if (FLOAT_OPCODES.has(opcode) || (opcode === 0 && (word & 0x3f) === MOVE_ON_CONDITION)) found.push(address + at);
  }
  return found;
}
