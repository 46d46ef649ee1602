import { suite } from '../suite.ts';

const test = suite('never settles');

test('passes', () => {});

test('waits for nothing', () => new Promise<void>(() => {}));
