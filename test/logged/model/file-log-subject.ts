/** The file log on a memory disk, as the model test drives it. */
import type { CommitLog } from '../../../logged/commit-log.ts';
import { FileLog } from '../../../logged/file-log.ts';
import { MemoryDisk } from '../../support/memory-host/disk.ts';
import { cutChoices } from '../../support/memory-host/power-cut.ts';
import { partitionsOf, topicsOf } from './contents.ts';
import { Foreteller } from './foretold.ts';
import { segmentsOf } from './segments.ts';
import type { Bounds, Cleaning, Subject } from './subject.ts';
import { clock } from '../../support/platform.ts';

const root = '/data/log';

export async function fileLogSubject(seed: number): Promise<Subject> {
  const subject = new FileLogSubject(seed);
  await subject.open();
  return subject;
}

class FileLogSubject implements Subject {
  #disk: MemoryDisk;
  #log: FileLog | null = null;
  readonly #foreteller = new Foreteller();

  constructor(seed: number) {
    this.#disk = new MemoryDisk(seed);
  }

  get log(): CommitLog {
    return this.#open;
  }

  get clock() {
    return this.#disk.clock;
  }

  async open(): Promise<void> {
    this.#log = await FileLog.open(this.#disk.host(), { root, housekeepingMs: 0, reserveBytes: 0 });
  }

  async compact(topic: string): Promise<Cleaning> {
    const cleaning = await this.#foretellCompaction(topic, true);
    await this.#open.compact(topic);
    return cleaning;
  }

  async crashCompacting(topic: string, turns: number, cutSeed: number | null): Promise<Cleaning> {
    const cleaning = await this.#foretellCompaction(topic, false);
    void this.#open.compact(topic).catch(() => undefined);
    for (let turn = 0; turn < turns; turn++) {
      await new Promise<void>((resolve) => {
        clock.soon(resolve);
      });
    }
    await this.crash(cutSeed);
    return cleaning;
  }

  async keepHouse(): Promise<Cleaning> {
    const before = [];
    for (const topic of await topicsOf(this.#open)) {
      const description = await this.#open.describeTopic(topic);
      for (const stored of await partitionsOf(this.#open, topic)) {
        before.push({ description, stored, segments: this.#segments(stored.place, stored.records) });
      }
    }
    await this.#open.keepHouse();
    const cleaning = new Map<string, Bounds>();
    for (const { description, stored, segments } of before) {
      const activeBytes = this.#segments(stored.place, []).at(-1)?.bytes ?? 0;
      cleaning.set(stored.place, this.#foreteller.house(description, stored, segments, this.clock.now(), activeBytes));
    }
    return cleaning;
  }

  async reopen(): Promise<void> {
    await this.#open.close();
    await this.open();
  }

  async crash(cutSeed: number | null): Promise<void> {
    this.#disk.kill();
    const choices = cutSeed === null ? [] : cutChoices(this.#disk.pendingCount, cutSeed);
    const choice = choices[(cutSeed ?? 0) % choices.length];
    if (choice !== undefined) this.#disk = this.#disk.powerCut(choice);
    await this.open();
  }

  close(): Promise<void> {
    return this.#open.close();
  }

  get #open(): FileLog {
    if (this.#log === null) throw new Error('not open');
    return this.#log;
  }

  #segments(place: string, records: Parameters<typeof segmentsOf>[2]) {
    return segmentsOf(this.#disk.host(), `${root}/topics/${place}`, records);
  }

  async #foretellCompaction(topic: string, isCertain: boolean): Promise<Cleaning> {
    const description = await this.#open.describeTopic(topic);
    const cleaning = new Map<string, Bounds>();
    for (const stored of await partitionsOf(this.#open, topic)) {
      const bounds = this.#foreteller.compaction(description, stored, this.clock.now(), isCertain);
      cleaning.set(stored.place, bounds);
    }
    return cleaning;
  }
}
