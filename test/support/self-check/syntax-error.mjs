import { suite } from '../suite.ts';

const test = suite('syntax error';
