/** What every binary must be: static, without a loader, and for MIPS without a single instruction of an FPU. */
import type { Cpu } from './cpus.ts';
import { BuildError, installMissing, run } from './system.ts';

export function checkBinary(path: string, cpu: Cpu): void {
  installMissing({ readelf: 'binutils' });
  const headers = run('readelf', ['-W', '-h', '-l', '-d', path]);
  const wrong = [
    /INTERP/.test(headers) ? 'it wants a dynamic loader' : null,
    /NEEDED/.test(headers) ? 'it wants shared libraries' : null,
    /Type:\s+EXEC/.test(headers) ? null : 'it is no static executable',
    /GNU_STACK.* RWE /.test(headers) ? 'its stack is executable' : null,
    /LOAD.* RWE /.test(headers) ? 'it has memory that can be written and executed' : null,
    headers.includes(cpu.isBigEndian ? 'big endian' : 'little endian') ? null : 'it has the wrong byte order',
    cpu.isMips && !/FP ABI: Soft float/.test(run('readelf', ['-A', path])) ? 'it is not soft-float' : null,
  ].filter((fault) => fault !== null);
  if (wrong.length > 0) throw new BuildError(`${path} for ${cpu.name}: ${wrong.join(', ')}`);
}
