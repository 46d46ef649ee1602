import { suite } from '../suite.ts';

const test = suite('missing import');

test('never runs', () => {});

await import(`./${'nowhere'}.ts`);
