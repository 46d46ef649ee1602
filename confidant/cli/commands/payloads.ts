/** `confidant encrypt` and `confidant decrypt`: one field of each line of JSON, sealed with a key from the store. */
import { CommandError } from '../../../targets/command-line/command-error.ts';
import { type Flag, UsageError } from '../../../targets/command-line/flags.ts';
import { type ByteSource, fileSource, readLines } from '../../../targets/command-line/line-reader.ts';
import { type SecretData, SecretStoreError } from '../../secret-store.ts';
import { type Command, type Context, EXIT_DONE, EXIT_INTERRUPTED, MOUNT_FLAG, mountOf } from '../command.ts';
import { findField, LineError } from '../payload/json-field.ts';
import { authenticatedCipher, KEY_BYTES, type PayloadCipher, streambedCipher } from '../payload/payload-cipher.ts';
import { openLineOutput } from '../payload/replaced-file.ts';
import { hexOf } from '../../wire/hex.ts';

const DEFAULT_MAX_LINE_BYTES = 1_048_576;
const DEFAULT_FIELD = 'value';
/** Of a secret that is a key. */
const KEY_FIELD = 'value';
const LINE_END = Uint8Array.of(10);

const FLAGS: readonly Flag[] = [
  { name: 'file', value: 'FILE', help: 'read lines from this file, - is standard input' },
  { name: 'path', value: 'SECRET', help: 'the secret with the key: its field value holds 32 hex characters' },
  { name: 'select', value: 'FIELD', help: `the field, base64 (default ${DEFAULT_FIELD})` },
  { name: 'output', value: 'FILE', help: 'write to this file, - is standard output (default -)' },
  {
    name: 'max-line-len',
    value: 'BYTES',
    help: `refuse longer lines, read or sealed (default ${DEFAULT_MAX_LINE_BYTES})`,
  },
  {
    name: 'cipher',
    value: 'NAME',
    help: 'aead: XChaCha20-Poly1305 (default); streambed: AES-128-CTR, as streambed-rs has it',
  },
  MOUNT_FLAG,
];

const NOTES = `Lines are JSON objects; all of a line but the field stays as it is, to the byte. A field that is null
stays null, and a line of white space as it is. At the first wrong line it stops: what stands above it is
written, but a file of --output that was there before is replaced only once all is done, and else stays as
it was. The store is open only until the key was read, when the first line has come.
`;

export const payloadCommands: readonly Command[] = [
  {
    name: 'encrypt',
    summary: 'seal a field of lines of JSON with a key from the store, which is made when absent',
    flags: FLAGS,
    notes: NOTES,
    begins: true,
    run: (context) => run(context, true),
  },
  {
    name: 'decrypt',
    summary: 'open what encrypt has sealed',
    flags: FLAGS,
    notes: `${NOTES}What was changed, or sealed with another key, is a wrong line; with --cipher=streambed nobody can tell.
`,
    run: (context) => run(context, false),
  },
];

async function run(context: Context, isEncrypting: boolean): Promise<number> {
  const { terminal, host, flags, input } = context;
  const inputPath = flags.text('file') ?? '';
  const outputPath = flags.text('output') ?? '-';
  const secret = (flags.text('path') ?? '').replace(/^\/+/, '');
  if (inputPath === '') throw new UsageError('want --file FILE, - is standard input');
  if (secret === '') throw new UsageError('want --path SECRET, where the key is kept');
  if (outputPath === inputPath && outputPath !== '-') throw new UsageError('--output is what --file reads');
  const isStreambed = cipherOf(flags.text('cipher'));
  const name = flags.text('select') ?? DEFAULT_FIELD;
  const maxLineBytes = flags.count('max-line-len', 1) ?? DEFAULT_MAX_LINE_BYTES;
  const read = inputPath === '-' ? input.take('lines') : fileSource(host.files, inputPath);
  // In a pipe of several, each has the store for itself once the one before is done with it.
  const first = await read();
  const key = await readKey(context, secret, isEncrypting);
  const sodium = await host.sodium();
  const cipher = isStreambed ? streambedCipher(host, key) : authenticatedCipher(host, sodium, key);
  sodium.wipe(key);
  const output = openLineOutput(outputPath, terminal, host);
  const change = isEncrypting ? sealField : openField;
  let count = 0;
  let isWhole = false;
  try {
    for await (const lines of readLines(beginningWith(first, read), maxLineBytes)) {
      const { changed, failure } = changeLines(lines, count, (line) => {
        const text = change(context, textOf(host.bytes, line), name, cipher);
        return encodeLine(host.bytes, text, maxLineBytes);
      });
      if (!(await output.write(changed))) return EXIT_DONE;
      if (failure !== null) throw failure;
      count += lines.length;
      if (terminal.interrupted.aborted) break;
    }
    isWhole = !terminal.interrupted.aborted;
  } finally {
    await output.end(isWhole);
  }
  return terminal.interrupted.aborted ? EXIT_INTERRUPTED : EXIT_DONE;
}

function cipherOf(name = 'aead'): boolean {
  if (name === 'aead' || name === 'streambed') return name === 'streambed';
  throw new UsageError(`--cipher is ${name}: want aead or streambed`);
}

function beginningWith(first: Uint8Array | null, read: ByteSource): ByteSource {
  let isFirst = true;
  return async () => {
    if (!isFirst) return read();
    isFirst = false;
    return first;
  };
}

/** The lines up to the first wrong one. */
function changeLines(
  lines: readonly Uint8Array[],
  linesBefore: number,
  change: (line: Uint8Array) => Uint8Array,
): { readonly changed: Uint8Array; readonly failure: Error | null } {
  const changed: Uint8Array[] = [];
  let failure: Error | null = null;
  for (const [index, line] of lines.entries()) {
    try {
      changed.push(change(line), LINE_END);
    } catch (error) {
      if (!(error instanceof LineError)) throw error;
      failure = new CommandError(`line ${linesBefore + index + 1}: ${error.message}`);
      break;
    }
  }
  const whole = new Uint8Array(changed.reduce((sum, { length }) => sum + length, 0));
  let position = 0;
  for (const part of changed) {
    whole.set(part, position);
    position += part.length;
  }
  return { changed: whole, failure };
}

/** A sealed line is longer than it was: with the same bound it must be read again. */
function encodeLine(bytes: Bytes, text: string, maxLineBytes: number): Uint8Array {
  const line = bytes.encodeUtf8(text);
  if (line.length <= maxLineBytes) return line;
  throw new LineError(`longer than ${maxLineBytes} bytes once sealed, see --max-line-len`);
}

function sealField({ host }: Context, text: string, name: string, cipher: PayloadCipher): string {
  return replaceField(host.bytes, text, name, (plain) => cipher.seal(plain));
}

function openField({ host }: Context, text: string, name: string, cipher: PayloadCipher): string {
  return replaceField(host.bytes, text, name, (sealed) => {
    const plain = cipher.open(sealed);
    if (plain !== null) return plain;
    throw new LineError(`field ${name} was sealed with another key or cipher, or was changed`);
  });
}

type Bytes = Context['host']['bytes'];

function replaceField(bytes: Bytes, text: string, name: string, change: (value: Uint8Array) => Uint8Array): string {
  if (text.trim() === '') return text;
  const { start, end, value } = findField(text, name);
  if (value === null) return text;
  return `${text.slice(0, start)}"${bytes.encodeBase64(change(decode(bytes, value, name)))}"${text.slice(end)}`;
}

function decode(bytes: Bytes, value: string, name: string): Uint8Array {
  try {
    return bytes.decodeBase64(value);
  } catch {
    throw new LineError(`field ${name} is not base64 of the standard alphabet, padded`);
  }
}

function textOf(bytes: Bytes, line: Uint8Array): string {
  try {
    return bytes.decodeUtf8(line);
  } catch {
    throw new LineError('is not text in UTF-8');
  }
}

/** The key at a path, made when it is absent and to be used for sealing. Errors: `SecretStoreError`, `CommandError`. */
async function readKey(context: Context, secret: string, isEncrypting: boolean): Promise<Uint8Array> {
  const { host, flags } = context;
  const path = `${mountOf(flags)}/data/${secret}`;
  const store = await context.openStore();
  try {
    return parseKey(secret, await find());
  } finally {
    await store.close();
  }

  async function find(): Promise<SecretData | null> {
    try {
      const reply = await store.ask('read', path);
      return reply.data?.['data'] as SecretData | null;
    } catch (error) {
      const isAbsent = error instanceof SecretStoreError && error.code === 'absent';
      if (!isAbsent || !isEncrypting) throw error;
      const key = new Uint8Array(KEY_BYTES);
      host.random.fill(key);
      const value = hexOf(key);
      await store.ask('update', path, { data: { [KEY_FIELD]: value }, options: { cas: 0 } });
      return { [KEY_FIELD]: value };
    }
  }
}

function parseKey(secret: string, data: SecretData | null): Uint8Array {
  if (data === null) throw new SecretStoreError('deleted', `${secret}: the key was deleted, see confidant undelete`);
  const value = Object.hasOwn(data, KEY_FIELD) ? data[KEY_FIELD] : null;
  if (typeof value !== 'string' || !/^[\da-f]{32}$/i.test(value)) {
    throw new CommandError(`${secret}: is no key: its field ${KEY_FIELD} must hold ${2 * KEY_BYTES} hex characters`);
  }
  return Uint8Array.from(value.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
