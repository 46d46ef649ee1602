/** A line as a sensor gateway writes it: `NAME VALUE [TIME]`, TIME in milliseconds since 1970. */

export interface Reading {
  readonly sensor: string;
  readonly value: number;
  readonly at: number;
}

const LINE = /^([\w./:-]{1,64})[ \t]+(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)(?:[ \t]+(\d{1,15}))?$/i;

/** Null: not such a line. Without a time it is of now. */
export function parseSensorLine(line: string, now: number): Reading | null {
  const [, sensor, value, time] = LINE.exec(line) ?? [];
  if (sensor === undefined || !Number.isFinite(Number(value))) return null;
  return { sensor, value: Number(value), at: time === undefined ? now : Number(time) };
}

/** Cuts bytes into lines, whatever pieces they come in. */
export class LineCutter {
  readonly #decode: (bytes: Uint8Array) => string;
  /** What came since the last end of a line. */
  #rest: number[] = [];

  /** `decode` throws for what is no text. */
  constructor(decode: (bytes: Uint8Array) => string) {
    this.#decode = decode;
  }

  /** The lines that end in `bytes`; null for one that is too long or no text. */
  push(bytes: Uint8Array): (string | null)[] {
    const lines: (string | null)[] = [];
    for (const byte of bytes) {
      if (byte === 0x0a) lines.push(this.end());
      else if (this.#rest.length <= longestLine) this.#rest.push(byte);
    }
    return lines;
  }

  /** The line that nothing has ended. */
  end(): string | null {
    const bytes = Uint8Array.from(this.#rest);
    this.#rest = [];
    if (bytes.length > longestLine) return null;
    try {
      return this.#decode(bytes).trim();
    } catch {
      return null; // Noise on a serial line is no text, and no reason to stop.
    }
  }
}

const longestLine = 256;
