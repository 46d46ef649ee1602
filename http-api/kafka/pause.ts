/** Waiting on the injected clock. */
import type { Signal } from '../../logged/commit-log.ts';
import type { Clock } from '../../targets/host.ts';

/** Resolves after the delay, or at once when the signal is or gets aborted. */
export function pause(clock: Clock, delayMs: number, signal: Signal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = (): void => {
      timer.cancel();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = clock.timer(delayMs, end);
    signal.addEventListener('abort', end);
  });
}
