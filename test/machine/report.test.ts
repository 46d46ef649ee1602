/** The table at the end of the emulated machine's report. */
import * as assert from 'uvu/assert';
import { suite } from '../support/suite.ts';
import { compareRuntimes } from './report.ts';

const test = suite('report of the machine');

test('what several runtimes were measured for stands side by side', async () => {
  const figures = [
    { runtime: 'quickjs', figure: 'memory/idle/VmRSS', value: 1500, unit: 'kB' },
    { runtime: 'quickjs', figure: 'requests/soak', value: 400, unit: 'requests/s' },
    { runtime: 'quickjs', figure: 'requests/8', value: 312.456, unit: 'requests/s', ratio: 0.6 },
    { runtime: 'whole', figure: 'memory/idle/VmRSS', value: 2000, unit: 'kB' },
    { runtime: 'node', figure: 'memory/idle/VmRSS', value: 43_000, unit: 'kB' },
    { runtime: 'node', figure: 'requests/8', value: 25, unit: 'requests/s' },
    { runtime: 'node', figure: 'size/bundle', value: 1, unit: 'bytes' },
  ];
  assert.equal(compareRuntimes(figures), [
    'figure                   quickjs  whole   node',
    'memory/idle/VmRSS (kB)      1500   2000  43000',
    'requests/8 (requests/s)    312.5      -     25',
  ]);
});

test('without a second runtime there is nothing to compare', async () => {
  assert.equal(compareRuntimes([{ runtime: 'node', figure: 'a', value: 1, unit: 'kB' }]), []);
  assert.equal(compareRuntimes([]), []);
});
