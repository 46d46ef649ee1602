/** The parts of an ELF file that `binary-check.ts` looks at, by the ELF specification and its MIPS supplement. */
export interface Elf {
  readonly isBigEndian: boolean;
  /** `e_type`: 2 is an executable at fixed addresses. */
  readonly type: number;
  /** `e_machine`: 8 is MIPS, 62 is x86-64. */
  readonly machine: number;
  readonly segments: readonly Segment[];
  readonly sections: readonly Section[];
}

export interface Segment {
  readonly type: number;
  readonly flags: number;
}

export interface Section {
  readonly type: number;
  readonly flags: number;
  readonly address: number;
  readonly content: DataView;
}

export const SegmentType = { load: 1, dynamic: 2, interpreter: 3, gnuStack: 0x6474_e551 } as const;
export const SegmentFlag = { execute: 1, write: 2 } as const;
export const SectionType = { empty: 8, mipsAbiFlags: 0x7000_002a } as const;
export const SectionFlag = { execute: 4 } as const;

const MAGIC = 0x7f45_4c46;

/** Reads numbers at fixed places of one structure; addresses and lengths are as wide as the CPU's words. */
class Structure {
  readonly #view: DataView;
  readonly #at: number;
  readonly #isLittle: boolean;

  constructor(view: DataView, at: number, isLittle: boolean) {
    this.#view = view;
    this.#at = at;
    this.#isLittle = isLittle;
  }

  half(offset: number): number {
    return this.#view.getUint16(this.#at + offset, this.#isLittle);
  }

  word(offset: number): number {
    return this.#view.getUint32(this.#at + offset, this.#isLittle);
  }

  long(offset: number): number {
    return Number(this.#view.getBigUint64(this.#at + offset, this.#isLittle));
  }
}

/** Throws a RangeError where the file is cut off. */
export function parseElf(bytes: Uint8Array): Elf {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0) !== MAGIC) throw new RangeError('no ELF file');
  const is64 = view.getUint8(4) === 2;
  const isLittle = view.getUint8(5) === 1;
  const at = (offset: number): Structure => new Structure(view, offset, isLittle);
  const header = at(0);
  const table = (start: number, size: number, count: number): Structure[] =>
    Array.from({ length: count }, (_, i) => at(start + i * size));
  const [segments, sections] = is64
    ? [
        table(header.long(32), header.half(54), header.half(56)),
        table(header.long(40), header.half(58), header.half(60)),
      ]
    : [
        table(header.word(28), header.half(42), header.half(44)),
        table(header.word(32), header.half(46), header.half(48)),
      ];
  return {
    isBigEndian: !isLittle,
    type: header.half(16),
    machine: header.half(18),
    segments: segments.map((one) => ({ type: one.word(0), flags: one.word(is64 ? 4 : 24) })),
    sections: sections.map((one) => sectionOf(view, one, is64)),
  };
}

function sectionOf(view: DataView, one: Structure, is64: boolean): Section {
  const type = one.word(4);
  const [flags, address, offset, size] = is64
    ? [one.long(8), one.long(16), one.long(24), one.long(32)]
    : [one.word(8), one.word(12), one.word(16), one.word(20)];
  const length = type === SectionType.empty ? 0 : size;
  return { type, flags, address, content: new DataView(view.buffer, view.byteOffset + offset, length) };
}
