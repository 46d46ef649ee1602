/** The service's Node bundle under a limit, started as a user of a machine with so much memory would start it. */
import { readFileSync } from 'node:fs';
import { programOf } from '../support/program.ts';
import { type Service, startService } from '../support/service.ts';
import { limitMemory, type MemoryLimit } from './memory-limit.ts';

export const LIMIT_BYTES = 128 * 1024 * 1024;

/**
 * What V8 takes at most for objects that live, and for new ones; with 32 for the former it gives up under this load.
 * And one arena of glibc for all threads, whose leftovers are 10 MiB otherwise.
 */
export const NODE_FLAGS = ['--max-old-space-size=48', '--max-semi-space-size=1'];
const ENVIRONMENT = ['env', 'MALLOC_ARENA_MAX=1'];

export class LimitedService {
  readonly limit: MemoryLimit;
  readonly service: Service;

  private constructor(limit: MemoryLimit, service: Service) {
    this.limit = limit;
    this.service = service;
  }

  /** Runs `use` on a service with an empty or used directory, and ends it whatever comes of that. */
  static async with<T>(
    options: { readonly data: string; readonly args: readonly string[]; readonly allowsGroups: boolean },
    use: (limited: LimitedService) => Promise<T>,
  ): Promise<T> {
    const limit = limitMemory(LIMIT_BYTES, options.allowsGroups);
    try {
      const program = programOf('node');
      const [node = '', bundle = ''] = program.streambed;
      const streambed = [...limit.prefix, ...ENVIRONMENT, node, ...NODE_FLAGS, bundle];
      const args = [...options.args, '--log-level', 'debug'];
      const service = await startService(options.data, args, { ...program, streambed });
      try {
        if (service.child.pid !== undefined) limit.watch(service.child.pid);
        return await use(new LimitedService(limit, service));
      } finally {
        await service.end('SIGKILL');
      }
    } finally {
      limit.remove();
    }
  }

  /** In KiB, by the kernel's names. */
  memory(): Readonly<Record<'VmRSS' | 'RssAnon' | 'VmHWM', number>> {
    const status = readFileSync(`/proc/${this.service.child.pid}/status`, 'utf8');
    const valueOf = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]);
    return { VmRSS: valueOf('VmRSS'), RssAnon: valueOf('RssAnon'), VmHWM: valueOf('VmHWM') };
  }

  /** The first line of its journal that matches, from a line on, once it is there. */
  async line(pattern: RegExp, from = 0): Promise<RegExpExecArray> {
    const { lines, ended } = this.service;
    let isOver = false;
    void ended.then(() => {
      isOver = true;
    });
    for (;;) {
      for (const line of lines.slice(from)) {
        const match = pattern.exec(line);
        if (match !== null) return match;
      }
      if (isOver) throw new Error(`it ended before ${pattern}: ${lines.slice(-5).join(' | ')}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
