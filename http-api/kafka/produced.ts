/** The reply to a produce request, which streambed's dialect and Confluent's v2 share. */
import type { ProduceResult } from '../../logged/commit-log.ts';
import { recordErrorCode } from './errors.ts';

/** One entry per record, in order. */
export function printProduced(results: readonly ProduceResult[]): string {
  let text = '{"offsets":[';
  for (let i = 0; i < results.length; i++) {
    if (i > 0) text += ',';
    text += printResult(results[i] as ProduceResult);
  }
  return `${text}],"key_schema_id":null,"value_schema_id":null}`;
}

function printResult(result: ProduceResult): string {
  if (!('error' in result)) {
    return `{"partition":${result.partition},"offset":${result.offset},"error_code":null,"error":null}`;
  }
  const { error } = result;
  return JSON.stringify({
    partition: null,
    offset: null,
    error_code: recordErrorCode(error),
    error: `${error.code}: ${error.message}`,
  });
}
