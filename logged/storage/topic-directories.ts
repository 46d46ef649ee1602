/**
 * The directories of a log and how topics come and go in them, each step safe at a power cut:
 *
 *   <root>/topics/<name>/topic              see `format/topic-file.ts`
 *   <root>/topics/<name>/writer.lock        held by the process that writes the topic
 *   <root>/topics/<name>/<partition>/       segments, their indexes, torn tails
 *   <root>/staging/<id>                     a topic that is being made: renamed into place when it is whole
 *   <root>/trash/<id>                       a topic that was deleted: renamed away, then removed file by file
 */
import type { Host, Lock } from '../../targets/host.ts';
import { guard, hostCode } from './host-failure.ts';
import { type TopicMeta, writeTopicFile } from './format/topic-file.ts';

const LOCK_RETRY_MS = 5;

export class TopicDirectories {
  readonly root: string;
  readonly #host: Host;
  #lastCreation: Promise<unknown> = Promise.resolve();
  /** Null until it is certain that the names on the way to the topics are durable. */
  #settled: Promise<void> | null = null;

  constructor(host: Host, root: string) {
    this.#host = host;
    this.root = root;
  }

  get #topics(): string {
    return `${this.root}/topics`;
  }

  of(topic: string): string {
    return `${this.#topics}/${topic}`;
  }

  partition(topic: string, partition: number): string {
    return `${this.of(topic)}/${partition}`;
  }

  /** Makes the directories of a new log and removes what a crash has left half made or half deleted. */
  async prepare(): Promise<void> {
    const { files } = this.#host;
    // So nothing is in a root whose own name could still be lost, whoever has made it.
    if (files.stat(this.#topics) === null) await this.#makeWithParents(this.root);
    for (const directory of [this.#topics, `${this.root}/staging`, `${this.root}/trash`]) {
      if (files.stat(directory) === null) files.makeDir(directory);
    }
    await this.#settle();
    for (const name of files.list(`${this.root}/trash`)) this.#removeAll(`${this.root}/trash/${name}`);
    const lock = this.#tryLock();
    if (lock === null) return;
    try {
      for (const name of files.list(`${this.root}/staging`)) this.#removeAll(`${this.root}/staging/${name}`);
    } finally {
      lock.release();
    }
  }

  /**
   * Makes the names durable on the way to a topic's partitions: what stands there may be the work of a process that
   * was killed, or told of an error, before it could.
   */
  async settle(topic: string): Promise<void> {
    await this.#settle();
    await this.#host.files.syncDir(this.of(topic));
  }

  async #settle(): Promise<void> {
    const { files } = this.#host;
    this.#settled ??= files.syncDir(this.root).then(() => files.syncDir(this.#topics));
    try {
      await this.#settled;
    } catch (error) {
      this.#settled = null;
      throw error;
    }
  }

  /** Whoever holds this makes a topic, so what is in `staging` is not rubbish. */
  #tryLock(): Lock | null {
    try {
      return this.#host.files.lock(`${this.root}/staging.lock`);
    } catch (error) {
      if (hostCode(error) !== 'EAGAIN') throw error;
      return null;
    }
  }

  async #lock(): Promise<Lock> {
    for (;;) {
      const lock = this.#tryLock();
      if (lock !== null) return lock;
      await new Promise<void>((resolve) => {
        this.#host.clock.timer(LOCK_RETRY_MS, resolve);
      });
    }
  }

  list(): string[] {
    const { files } = this.#host;
    return guard(`log ${this.root}`, () => (files.stat(this.#topics) === null ? [] : files.list(this.#topics).sort()));
  }

  /** Errors are the host's; EEXIST or ENOTEMPTY when the topic is there. */
  create(topic: string, meta: TopicMeta): Promise<void> {
    const created = this.#lastCreation.then(() => this.#createLocked(topic, meta));
    this.#lastCreation = created.catch(() => undefined);
    return created;
  }

  async #createLocked(topic: string, meta: TopicMeta): Promise<void> {
    if (this.#host.files.stat(`${this.root}/staging`) === null) await this.prepare();
    const lock = await this.#lock();
    try {
      await this.#create(topic, meta);
    } finally {
      lock.release();
    }
  }

  async #create(topic: string, meta: TopicMeta): Promise<void> {
    const { files } = this.#host;
    const staged = `${this.root}/staging/${meta.id}`;
    files.makeDir(staged);
    try {
      for (let partition = 0; partition < meta.partitions; partition++) files.makeDir(`${staged}/${partition}`);
      await writeTopicFile(this.#host, staged, meta);
      files.rename(staged, this.of(topic));
    } catch (error) {
      this.#removeAll(staged);
      throw error;
    }
    this.#settled = null;
    await this.#settle();
  }

  /** Adds what is missing for more partitions and then says so in the topic's file. */
  async change(topic: string, meta: TopicMeta): Promise<void> {
    const { files } = this.#host;
    const directory = this.of(topic);
    for (let partition = 0; partition < meta.partitions; partition++) {
      if (files.stat(`${directory}/${partition}`) === null) files.makeDir(`${directory}/${partition}`);
    }
    await files.syncDir(directory);
    await writeTopicFile(this.#host, directory, meta);
  }

  async delete(topic: string, id: string): Promise<void> {
    const { files } = this.#host;
    if (files.stat(`${this.root}/trash`) === null) await this.prepare();
    const trashed = `${this.root}/trash/${id}`;
    files.rename(this.of(topic), trashed);
    await files.syncDir(this.#topics);
    await files.syncDir(`${this.root}/trash`);
    this.#removeAll(trashed);
  }

  /** What cannot be removed now is removed when the log is opened next. */
  #removeAll(path: string): void {
    const { files } = this.#host;
    try {
      if (files.stat(path)?.kind !== 'directory') {
        files.remove(path);
        return;
      }
      for (const name of files.list(path)) this.#removeAll(`${path}/${name}`);
      files.removeDir(path);
    } catch (error) {
      if (hostCode(error) === '') throw error;
    }
  }

  async #makeWithParents(directory: string): Promise<void> {
    const { files } = this.#host;
    const parent = parentOf(directory);
    if (parent === directory) return;
    await this.#makeWithParents(parent);
    if (files.stat(directory) === null) files.makeDir(directory);
    try {
      await files.syncDir(parent);
    } catch (error) {
      // A directory that may not be read was made by somebody else, long ago.
      if (hostCode(error) !== 'EACCES') throw error;
    }
  }
}

function parentOf(directory: string): string {
  const slash = directory.lastIndexOf('/');
  if (slash === 0) return '/';
  return slash < 0 ? '.' : directory.slice(0, slash);
}
