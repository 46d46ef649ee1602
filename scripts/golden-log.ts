/**
 * `tsx scripts/golden-log.ts`: makes the golden files of the log's format version 1, `test/fixtures/log-v1/`, as text in
 * hex. They are what logs out there look like, so a file that is there already is never touched: a change of the format
 * gets a version, and a directory, of its own. Tests read them, and make them again in memory to compare.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { encodeGolden, GOLDEN_DIRECTORY, makeGoldenLogs } from '../test/support/golden-log.ts';

mkdirSync(GOLDEN_DIRECTORY, { recursive: true });
for (const [name, log] of Object.entries(await makeGoldenLogs())) {
  const path = `${GOLDEN_DIRECTORY}/${name}.txt`;
  const isThere = existsSync(path);
  if (!isThere) writeFileSync(path, encodeGolden(log));
  console.log(`${path}: ${isThere ? 'is there already and stays as it is' : 'made'}`);
}
