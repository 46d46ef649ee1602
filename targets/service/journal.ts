/**
 * What the service tells its operator: one line per event on standard error, for procd, systemd or whoever keeps it.
 * They add the time, so it does not stand here. A line has a level and a kind; of each kind only so many are written
 * per minute, then how many were left out.
 *
 * Nothing that a client has stored, and no secret, may be in a line: callers see to it.
 */
import type { LogEvent } from '../../logged/log-event.ts';
import type { Clock, Timer } from '../host.ts';

export const levels = ['error', 'warn', 'info', 'debug'] as const;
export type Level = (typeof levels)[number];

/** `plain`: `streambed: warn: ...`. `systemd`: `<4>...`, with the priority that journald takes from a line. */
export const formats = ['plain', 'systemd'] as const;
export type Format = (typeof formats)[number];

export interface JournalOptions {
  readonly level: Level;
  readonly format: Format;
  readonly clock: Clock;
  readonly write: (line: string) => void;
}

/** Per kind. */
const linesPerWindow = 10;
const windowMs = 60_000;
/** What BusyBox's logger and a datagram of syslog take. */
const longestLine = 900;
const priorities: Readonly<Record<Level, number>> = { error: 3, warn: 4, info: 6, debug: 7 };

interface Window {
  lines: number;
  suppressed: number;
  level: Level;
  readonly timer: Timer;
}

export class Journal {
  readonly #options: JournalOptions;
  readonly #windows = new Map<string, Window>();

  constructor(options: JournalOptions) {
    this.#options = options;
  }

  /** One line that is never left out: there are only a few in the life of a service. */
  say(text: string, level: Level = 'info'): void {
    if (this.#isWanted(level)) this.#write(level, level === 'info' ? text : `${level}: ${text}`);
  }

  /** Why the service ends. */
  fail(text: string): void {
    this.#write('error', text);
  }

  /** A line that may come often. */
  tell(level: Level, kind: string, text: string): void {
    if (!this.#isWanted(level)) return;
    const window = this.#windows.get(kind) ?? this.#open(kind, level);
    if (window.lines === linesPerWindow) {
      window.suppressed += 1;
      return;
    }
    window.lines += 1;
    this.say(text, level);
  }

  event({ event, ...details }: LogEvent): void {
    this.tell(levelOf(event), event, `${event}: ${JSON.stringify(details)}`);
  }

  /** Tells what was left out so far. */
  close(): void {
    for (const [kind, window] of this.#windows) this.#end(kind, window);
  }

  #isWanted(level: Level): boolean {
    return levels.indexOf(level) <= levels.indexOf(this.#options.level);
  }

  #write(level: Level, text: string): void {
    const { format, write } = this.#options;
    write(`${format === 'systemd' ? `<${priorities[level]}>` : 'streambed: '}${oneLine(text)}\n`);
  }

  #open(kind: string, level: Level): Window {
    const timer = this.#options.clock.timer(windowMs, () => this.#end(kind, window));
    const window: Window = { lines: 0, suppressed: 0, level, timer };
    this.#windows.set(kind, window);
    return window;
  }

  #end(kind: string, { suppressed, level, timer }: Window): void {
    timer.cancel();
    this.#windows.delete(kind);
    if (suppressed > 0) this.say(`${kind}: ${suppressed} more in the last minute`, level);
  }
}

function levelOf(event: LogEvent['event']): Level {
  switch (event) {
    case 'damage':
    case 'sync-failed':
      return 'error';
    case 'torn-tail':
    case 'offsets-skipped':
    case 'background-failed':
      return 'warn';
    case 'removed':
    case 'compacted':
      return 'debug';
  }
}

/** Whatever is in the text, it is one line of the log, of bounded length and without what terminals obey. */
function oneLine(text: string): string {
  const line = text.replaceAll(/\s*\n\s*/g, ' | ').replaceAll(/[^\u0020-\u007e\u00a0-\uffff]/g, '?');
  return line.length <= longestLine ? line : `${line.slice(0, longestLine)}...`;
}
