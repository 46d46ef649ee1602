/** What stands at a path, links followed: the `look` of `service/platform.ts`. */
import { statSync } from 'node:fs';

export function look(path: string) {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (stats === undefined) return null;
  const identity = `${stats.dev.toString(16)}-${stats.ino.toString(16)}`;
  return { isDirectory: stats.isDirectory(), mode: Number(stats.mode), owner: Number(stats.uid), identity };
}
