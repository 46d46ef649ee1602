/** The topics of a log: opened when they are first named, created, altered and deleted. */
import { CommitLogError, type CreateTopicOptions, type TopicChange, type TopicDescription } from '../commit-log.ts';
import { GROUPS_TOPIC, GROUPS_TOPIC_CONFIG } from '../consumer-groups.ts';
import { asLogError, guardAsync, hostCode } from '../storage/host-failure.ts';
import { readTopicFile, type TopicMeta } from '../storage/format/topic-file.ts';
import { Topic, type TopicSetup } from './topic.ts';
import { configEntries, parseTopicConfig } from './topic-config.ts';
import { checkTopicName } from './topic-name.ts';

/** What a rename says when a topic of the name is there. */
const EXISTS: ReadonlySet<string> = new Set(['EEXIST', 'ENOTEMPTY']);
const MAX_PARTITIONS = 1024;

export class Topics {
  readonly #setup: TopicSetup;
  readonly #autoCreate: boolean;
  readonly #open = new Map<string, Topic>();
  readonly #creating = new Map<string, Promise<Topic>>();
  readonly #deleting = new Map<string, Promise<void>>();

  /** `autoCreate`: writing to a topic that does not exist creates it. */
  constructor(setup: TopicSetup, autoCreate: boolean) {
    this.#setup = setup;
    this.#autoCreate = autoCreate;
  }

  /** The names, sorted. */
  list(): string[] {
    return this.#setup.directories.list();
  }

  /** An existing topic. Errors: `unknown-topic`, `invalid-topic`, `damaged`, `unknown-version`. */
  get(name: string): Topic {
    const topic = this.find(name);
    if (topic === null) throw new CommitLogError('unknown-topic', `topic ${name}: does not exist`);
    return topic;
  }

  /** As `get`, and null for a topic that does not exist. */
  find(name: string): Topic | null {
    checkTopicName(name);
    if (this.#deleting.has(name)) return null;
    const open = this.#open.get(name);
    if (open !== undefined) {
      open.reload();
      if (!open.deleted) return open;
      this.#open.delete(name);
    }
    const meta = readTopicFile(this.#setup.host, this.#setup.directories.of(name));
    return meta === null ? null : this.#add(name, meta);
  }

  /** A topic that this process writes already and that takes records, or null. */
  openWriter(name: string): Topic | null {
    return name === GROUPS_TOPIC ? null : this.#openWriter(name);
  }

  #openWriter(name: string): Topic | null {
    const topic = this.#open.get(name);
    return topic?.isWriter === true && !this.#creating.has(name) ? topic : null;
  }

  /** At once where the topic exists, so that an append begins in the very call and nobody overtakes. */
  forWriting(name: string): Topic | Promise<Topic> {
    checkNotGroups(name);
    return this.#forWriting(name);
  }

  /** The internal topic of the groups' commits, for writing. */
  groups(): Topic | Promise<Topic> {
    return this.#forWriting(GROUPS_TOPIC);
  }

  #forWriting(name: string): Topic | Promise<Topic> {
    const creating = this.#creating.get(name);
    if (creating !== undefined) return creating.then(locked);
    const topic = this.#openWriter(name) ?? this.find(name);
    return topic === null ? this.#createByUse(name).then(locked) : locked(topic);
  }

  /** Those of all topics that this process may write: others keep theirs, damaged ones show it to who uses them. */
  *writable(): Iterable<Topic> {
    for (const name of this.list()) {
      try {
        const topic = this.find(name);
        if (topic !== null) yield locked(topic);
      } catch (error) {
        if (!(error instanceof CommitLogError)) throw error;
      }
    }
  }

  async create(name: string, options: CreateTopicOptions): Promise<TopicDescription> {
    checkTopicName(name);
    checkNotGroups(name);
    const { partitions = 1, config = {}, validateOnly = false } = options;
    checkPartitionCount(partitions);
    parseTopicConfig(config);
    if (this.#creating.has(name) || this.find(name) !== null) {
      throw new CommitLogError('topic-exists', `topic ${name}: exists already`);
    }
    const meta = this.#newMeta(partitions, config);
    if (validateOnly) return new Topic(this.#setup, name, meta).describe();
    const topic = await this.#create(name, meta);
    // Another process may have been faster.
    if (topic.meta.id !== meta.id) throw new CommitLogError('topic-exists', `topic ${name}: exists already`);
    return topic.describe();
  }

  async alter(name: string, change: TopicChange): Promise<TopicDescription> {
    const topic = this.get(name);
    const changed = changedMeta(name, topic.meta, change);
    if (change.validateOnly === true) return new Topic(this.#setup, name, changed).describe();
    return locked(topic).change((meta) => changedMeta(name, meta, change));
  }

  /** `before` is called when nobody can find the topic any more, `after` when it is gone. */
  async delete(
    name: string,
    steps: Readonly<Record<'before' | 'after', (topic: Topic) => Promise<void>>>,
  ): Promise<void> {
    checkNotGroups(name);
    const topic = locked(this.get(name));
    const deleted = this.#delete(topic, steps).finally(() => this.#deleting.delete(name));
    this.#deleting.set(name, deleted);
    await deleted;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open.values()].map((topic) => topic.close(false)));
    this.#open.clear();
  }

  async #delete(
    topic: Topic,
    { before, after }: Readonly<Record<'before' | 'after', (topic: Topic) => Promise<void>>>,
  ): Promise<void> {
    const { name, meta } = topic;
    topic.markDeleted();
    this.#open.delete(name);
    await before(topic);
    await topic.close(true);
    await guardAsync(`topic ${name}`, () => this.#setup.directories.delete(name, meta.id));
    await after(topic);
  }

  #createByUse(name: string): Promise<Topic> {
    const isGroups = name === GROUPS_TOPIC;
    if (!this.#autoCreate && !isGroups) {
      throw new CommitLogError('unknown-topic', `topic ${name}: does not exist`);
    }
    return this.#create(name, this.#newMeta(1, isGroups ? GROUPS_TOPIC_CONFIG : {}));
  }

  #create(name: string, meta: TopicMeta): Promise<Topic> {
    const gone = this.#deleting.get(name)?.catch(() => undefined) ?? Promise.resolve();
    const created = gone.then(() => this.#createNow(name, meta));
    this.#creating.set(name, created);
    const ended = (): boolean => this.#creating.delete(name);
    created.then(ended, ended);
    return created;
  }

  async #createNow(name: string, meta: TopicMeta): Promise<Topic> {
    try {
      await this.#setup.directories.create(name, meta);
    } catch (error) {
      const theirs = EXISTS.has(hostCode(error)) ? this.find(name) : null;
      if (theirs === null) throw asLogError(error, `topic ${name}`);
      return theirs;
    }
    // It could be found before its name was durable, and there is to be one of it.
    return this.find(name) ?? this.#add(name, meta);
  }

  #add(name: string, meta: TopicMeta): Topic {
    const topic = new Topic(this.#setup, name, meta);
    this.#open.set(name, topic);
    return topic;
  }

  #newMeta(partitions: number, config: Readonly<Record<string, string>>): TopicMeta {
    const { random, clock } = this.#setup.host;
    const id = new Uint8Array(16);
    random.fill(id);
    const digits = Array.from(id, (byte) => byte.toString(16).padStart(2, '0')).join('');
    return { id: digits, createdAt: clock.now(), partitions, config: { ...config } };
  }
}

/** Anybody else's records there would be taken for commits. */
function checkNotGroups(name: string): void {
  if (name !== GROUPS_TOPIC) return;
  throw new CommitLogError('invalid-topic', `topic ${name}: holds the commits of groups, and only they write it`);
}

/** The topic, with this process as its writer. */
export function locked(topic: Topic): Topic {
  topic.lock();
  return topic;
}

/** Throws `invalid-config` when the change is not possible. */
function changedMeta(topicName: string, meta: TopicMeta, change: TopicChange): TopicMeta {
  const { partitions = meta.partitions, set = {}, reset = [] } = change;
  checkPartitionCount(partitions);
  if (partitions < meta.partitions) {
    const message = `topic ${topicName}: has ${meta.partitions} partitions, they can only become more`;
    throw new CommitLogError('invalid-config', message);
  }
  parseTopicConfig(Object.fromEntries(reset.map((name) => [name, defaultOf(name)])));
  const config = { ...meta.config, ...set };
  for (const name of reset) delete config[name];
  parseTopicConfig(config);
  return { ...meta, partitions, config };
}

function defaultOf(name: string): string {
  return configEntries({}).find((entry) => entry.name === name)?.defaultValue ?? '';
}

function checkPartitionCount(partitions: number): void {
  if (Number.isInteger(partitions) && partitions >= 1 && partitions <= MAX_PARTITIONS) return;
  throw new CommitLogError('invalid-config', `partitions ${partitions}: want 1 to ${MAX_PARTITIONS}`);
}
