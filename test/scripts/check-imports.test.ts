import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import * as assert from 'uvu/assert';
import { checkImports } from '../../scripts/check-imports.ts';
import { suite } from '../support/suite.ts';

const test = suite('import rules');

/** A small project that keeps every rule. */
const GOOD: Readonly<Record<string, string>> = {
  'targets/host.ts': 'export interface Host {}\n',
  'logged/commit-log.ts': 'export class CommitLogError extends Error {}\n',
  'logged/codecs/record-json.ts': "import type { Bytes } from '../../targets/host.ts';\n",
  'logged/file-log.ts': [
    "import type { Host } from '../targets/host.ts';",
    "import { CommitLogError } from './commit-log.ts';",
    "export { encode } from './storage/format/cbor.ts';",
    '',
  ].join('\n'),
  'logged/storage/format/cbor.ts': "import { Encoder } from 'cbor-x/index-no-eval';\n",
  'logged/cli/main.ts': '',
  'confidant/secret-store.ts': '',
  'http-api/kafka-app.ts': [
    "import { Hono } from 'hono/quick';",
    'import {',
    '  CommitLogError,',
    "} from '../logged/commit-log.ts';",
    "import { printRecord } from '../logged/codecs/record-json.ts';",
    "import type { Clock } from '../targets/host.ts';",
    '',
  ].join('\n'),
  'targets/node/host.ts': "import { open } from 'lmdb';\nimport type { Host } from '../host.ts';\n",
  'targets/node/streambed.ts': [
    "import { serve } from '@hono/node-server';",
    "import { kafkaApp } from '../../http-api/kafka-app.ts';",
    "import { openFileLog } from '../../logged/file-log.ts';",
    "import { serve as run } from '../service/serve.ts';",
    "import { nodeHost } from './host.ts';",
    '',
  ].join('\n'),
  'targets/node/files.ts': "import { name } from '../service/linux/name.ts';\n",
  'targets/service/linux/name.ts': '',
  'targets/service/serve.ts': [
    "import { kafkaApp } from '../../http-api/kafka-app.ts';",
    "import { openFileLog } from '../../logged/file-log.ts';",
    "import type { Host } from '../host.ts';",
    "import { name } from './linux/name.ts';",
    '',
  ].join('\n'),
  'test/support/suite.ts': "const uvu = await import('uvu');\n",
  'test/a.test.ts': "import * as assert from 'uvu/assert';\nimport { Hono } from 'hono';\n",
};

function check(files: Readonly<Record<string, string>>): string[] {
  const root = mkdtempSync(join(tmpdir(), 'streambed-imports-'));
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(join(root, dirname(path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    return checkImports(root);
  } finally {
    rmSync(root, { recursive: true });
  }
}

test('what is allowed is not reported', () => {
  assert.equal(check(GOOD), []);
});

const BAD: readonly (readonly [file: string, statement: string, wrong: string])[] = [
  ['logged/commit-log.ts', "import type { Host } from '../targets/host.ts';", 'a contract imports nothing'],
  ['targets/host.ts', "import { Hono } from 'hono';", 'a contract imports nothing'],
  ['logged/file-log.ts', "import { Host } from '../targets/host.ts';", 'the port is types only: import type'],
  ['logged/file-log.ts', "import '../http-api/kafka-app.ts';", 'this place may not know that one'],
  ['logged/file-log.ts', "import type { A } from '../http-api/kafka-app.ts';", 'this place may not know that one'],
  ['logged/file-log.ts', "import { A } from '../confidant/file-secret-store.ts';", 'no such file'],
  ['confidant/kv.ts', "import { openFileLog } from '../logged/file-log.ts';", 'this place may not know that one'],
  ['logged/topic.ts', "import { nodeHost } from '../targets/node/host.ts';", 'this place may not know that one'],
  ['logged/topic.ts', "import { check } from '../test/a.test.ts';", 'this place may not know that one'],
  ['logged/topic.ts', "const log = await import('../http-api/kafka-app.ts');", 'this place may not know that one'],
  ['logged/topic.ts', "export * from '../http-api/kafka-app.ts';", 'this place may not know that one'],
  ['logged/topic.ts', "import { readFileSync } from 'node:fs';", 'the package belongs to ^targets\\/node\\/'],
  ['logged/topic.ts', "import { readFileSync } from 'fs';", 'a package without an owner'],
  [
    'logged/topic.ts',
    "import { encode } from 'cbor-x';",
    'the package belongs to ^logged\\/storage\\/format\\/cbor\\.ts$',
  ],
  [
    'logged/topic.ts',
    "import { Hono } from 'hono';",
    'the package belongs to ^(http-api\\/|targets\\/quickjs\\/web\\/hono-context\\.ts$)',
  ],
  ['logged/topic.ts', "import { open } from 'lmdb';", 'the package belongs to ^targets\\/node\\/'],
  ['http-api/limits.ts', "import { openFileLog } from '../logged/file-log.ts';", 'this place may not know that one'],
  ['http-api/limits.ts', "import { serve } from '@hono/node-server';", 'the package belongs to ^targets\\/node\\/'],
  ['targets/node/files.ts', "import { a } from '../../logged/file-log.ts';", 'this place may not know that one'],
  ['targets/node/files.ts', "import { a } from '../service/serve.ts';", 'this place may not know that one'],
  ['targets/service/serve.ts', "import { a } from '../node/host.ts';", 'this place may not know that one'],
  [
    'targets/service/serve.ts',
    "import { Hono } from 'hono';",
    'the package belongs to ^(http-api\\/|targets\\/quickjs\\/web\\/hono-context\\.ts$)',
  ],
  ['targets/service/linux/name.ts', "import { a } from '../serve.ts';", 'this place may not know that one'],
  ['logged/topic.ts', "import { a } from './file-log';", 'a relative import ends in .ts'],
  ['logged/topic.ts', "import { a } from './gone.ts';", 'no such file'],
  ['logged/topic.ts', "import { a } from '../../elsewhere.ts';", 'leaves the repository'],
  ['test/b.test.ts', "import { suite } from 'uvu';", 'uvu belongs to test/support/suite.ts'],
  ['targets/desktop/host.ts', "import { a } from '../host.ts';", 'this place has no import rule'],
];

for (const [file, statement, wrong] of BAD) {
  test(`${file} with ${statement}`, () => {
    const found = check({ ...GOOD, [file]: `// the first line\n${statement}\n` });
    const name = /'([^']+)'/.exec(statement)?.[1];
    assert.equal(found, [`${file}:2: import of '${name}': ${wrong}`]);
  });
}
