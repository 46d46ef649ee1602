/** A log that does as another one does, but for the methods that are given. Not by Proxy, which QuickJS goes without. */
import type { CommitLog } from '../../logged/commit-log.ts';

type Method = (...args: unknown[]) => unknown;

export function changedLog<L extends CommitLog>(log: L, changes: Partial<L>): L {
  const methods: Record<string, Method> = {};
  const target = log as unknown as Readonly<Record<string, Method>>;
  for (let type: unknown = Object.getPrototypeOf(log); type !== Object.prototype; type = Object.getPrototypeOf(type)) {
    for (const name of Object.getOwnPropertyNames(type)) {
      methods[name] = (...args) => Reflect.apply(target[name] as Method, log, args);
    }
  }
  return { ...methods, ...changes } as unknown as L;
}

type Batches = ReturnType<ReturnType<CommitLog['subscribe']>['batches']>;

/** A log whose subscriptions give what `change` makes of their batches. */
export function logWithBatches<L extends CommitLog>(log: L, change: (batches: Batches) => Batches): L {
  const subscribe = (options: Parameters<CommitLog['subscribe']>[0]) => {
    const inner = log.subscribe(options);
    return { batches: () => change(inner.batches()), close: () => inner.close() };
  };
  return changedLog(log, { subscribe } as unknown as Partial<L>);
}
