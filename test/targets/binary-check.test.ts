/** What `build:targets` refuses as a binary of a device, on executables that are made by hand and on real code. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as assert from 'uvu/assert';
import { findFaults } from '../../scripts/targets/binary-check.ts';
import { cachePath } from '../../scripts/targets/cache.ts';
import { findToolchain } from '../../scripts/targets/toolchain.ts';
import { suite } from '../support/suite.ts';

const test = suite('binary check');

interface Made {
  readonly isBigEndian: boolean;
  readonly type?: number;
  readonly machine?: number;
  readonly floatAbi?: number;
  readonly extensions?: number;
  readonly segments?: readonly (readonly [type: number, flags: number])[];
  /** The words of its code; null leaves the section out. */
  readonly code?: readonly number[] | null;
}

const GNU_STACK = 0x6474_e551;
const good: readonly (readonly [number, number])[] = [
  [1, 5],
  [1, 6],
  [GNU_STACK, 6],
];
/** addiu sp,sp,-32; jr ra; nop. */
const plain = [0x27bd_ffe0, 0x03e0_0008, 0];

/** An ELF executable for 32-bit MIPS: header, program headers, section headers, ABI flags, code. */
function make({
  isBigEndian,
  type = 2,
  machine = 8,
  floatAbi = 3,
  extensions = 0,
  segments = good,
  code = plain,
}: Made) {
  const sectionsAt = 52 + segments.length * 32;
  const flagsAt = sectionsAt + 2 * 40;
  const codeAt = flagsAt + 24;
  const view = new DataView(new ArrayBuffer(codeAt + (code?.length ?? 0) * 4));
  const words = (at: number, values: readonly number[]): void => {
    values.forEach((value, i) => view.setUint32(at + 4 * i, value, !isBigEndian));
  };
  const halves = (at: number, values: readonly number[]): void => {
    values.forEach((value, i) => view.setUint16(at + 2 * i, value, !isBigEndian));
  };
  view.setUint32(0, 0x7f45_4c46);
  view.setUint8(4, 1);
  view.setUint8(5, isBigEndian ? 2 : 1);
  halves(16, [type, machine]);
  words(28, [52, sectionsAt]);
  halves(40, [52, 32, segments.length, 40, code === null ? 1 : 2]);
  segments.forEach(([kind, flags], i) => words(52 + i * 32, [kind, 0, 0, 0, 0, 0, flags, 4]));
  words(sectionsAt, [0, 0x7000_002a, 2, 0x1000, flagsAt, 24]);
  words(sectionsAt + 40, [0, 1, 6, 0x40_0000, codeAt, (code?.length ?? 0) * 4]);
  [0, 0, 32, 2, 1, floatAbi === 3 ? 0 : 1, 0, floatAbi].forEach((byte, i) => view.setUint8(flagsAt + i, byte));
  words(flagsAt + 12, [extensions]);
  words(codeAt, code ?? []);
  return new Uint8Array(view.buffer);
}

for (const isBigEndian of [false, true]) {
  const cpu = { isBigEndian, isMips: true };
  const name = isBigEndian ? 'big-endian' : 'little-endian';
  const faults = (made: Omit<Made, 'isBigEndian'>): string[] => findFaults(make({ isBigEndian, ...made }), cpu);

  test(`nothing is wrong with a static soft-float executable, ${name}`, () => {
    assert.equal(faults({}), []);
  });

  test(`every instruction of an FPU is found, ${name}`, () => {
    const instructions = {
      'lwc1 $f0,0(a0)': 0xc480_0000,
      'ldc1 $f0,0(a0)': 0xd480_0000,
      'swc1 $f0,0(a0)': 0xe480_0000,
      'sdc1 $f0,0(a0)': 0xf480_0000,
      'add.s $f0,$f1,$f2': 0x4602_0800,
      'mul.d $f0,$f2,$f4': 0x4624_1002,
      'mfc1 v0,$f0': 0x4402_0000,
      'mtc1 v0,$f0': 0x4482_0000,
      'ctc1 v0,$31': 0x44c2_f800,
      'bc1t .': 0x4501_ffff,
      'madd.d $f0,$f2,$f4,$f6': 0x4c46_2021,
      'movt v0,v1,$fcc0': 0x0061_1001,
    };
    for (const [text, word] of Object.entries(instructions)) {
      assert.equal(faults({ code: [...plain, word] }), ['it has 1 instructions of an FPU, the first at 40000c'], text);
    }
  });

  test(`what says that it uses an FPU, or hides its code, ${name}`, () => {
    assert.equal(faults({ floatAbi: 1 }), ['it is not soft-float']);
    assert.equal(faults({ extensions: 0x800 }), ['it has instructions of another encoding']);
    assert.equal(faults({ code: null }), ['its code cannot be found']);
  });

  test(`what needs more of a system than a kernel, or asks for danger, ${name}`, () => {
    assert.equal(faults({ type: 3 }), ['it is no static executable']);
    assert.equal(faults({ machine: 62 }), ['it is for another machine']);
    assert.equal(faults({ segments: [...good, [3, 4]] }), ['it wants a dynamic loader']);
    assert.equal(faults({ segments: [...good, [2, 6]] }), ['it wants shared libraries']);
    assert.equal(faults({ segments: [[1, 5]] }), ['it does not say that its stack is not executable']);
    assert.equal(faults({ segments: [[GNU_STACK, 7]] }), ['its stack is executable']);
    assert.equal(faults({ segments: [...good, [1, 7]] }), ['it has memory that can be written and executed']);
    const other = { isBigEndian: !isBigEndian, isMips: true };
    assert.equal(findFaults(make({ isBigEndian }), other), ['it has the wrong byte order']);
  });
}

const HARD = 'what the cross compiler makes for an FPU is refused, and what it makes for none is not';
const hasToolchain = existsSync(cachePath()) && readdirSync(cachePath()).some((name) => /^zig-\d/.test(name));

if (!hasToolchain) test.skip(HARD, 'there is no cross compiler before npm run build:targets');
else {
  test(HARD, () => {
    const directory = mkdtempSync(`${tmpdir()}/streambed-`);
    try {
      writeFileSync(`${directory}/f.c`, 'double f(double a, float b) { return a * b + 1.5; }\n');
      for (const [order, isBigEndian] of [
        ['mipsel', false],
        ['mips', true],
      ] as const) {
        const faultsOf = (abi: string): string[] => {
          const flags = ['-target', `${order}-linux-${abi}`, '-mcpu=mips32r2', '-O1', '-fno-pic'];
          findToolchain().cc([...flags, '-c', `${directory}/f.c`, '-o', `${directory}/f.o`]);
          return findFaults(readFileSync(`${directory}/f.o`), { isBigEndian, isMips: true });
        };
        assert.match(faultsOf('musleabihf').join(', '), /not soft-float, it has \d+ instructions of an FPU/);
        assert.not.match(faultsOf('musleabi').join(', '), /FPU|soft-float/);
      }
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
}
