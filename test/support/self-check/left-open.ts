import { createServer } from 'node:net';
import { suite } from '../suite.ts';

const test = suite('left open');

test('passes, but leaves a server listening', () => {
  createServer().listen(0, '127.0.0.1');
});
