/**
 * `tsx scripts/golden-confidant.ts`: makes the golden files of the secret store's format version 1,
 * `test/fixtures/confidant-v1/`, as text in hex. They are what stores out there look like, so a file that is there
 * already is never touched: a change of the format gets a version, and a directory, of its own. Tests read them, and make
 * them again in memory to compare.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { encodeGolden, GOLDEN_DIRECTORY, makeGoldenStores } from '../test/confidant/sealing/golden-stores.ts';

mkdirSync(GOLDEN_DIRECTORY, { recursive: true });
for (const [name, golden] of Object.entries(await makeGoldenStores())) {
  const path = `${GOLDEN_DIRECTORY}/${name}.txt`;
  if (existsSync(path)) console.log(`${path}: there already`);
  else writeFileSync(path, encodeGolden(golden));
}
