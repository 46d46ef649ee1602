/** `logged verify`: looks at every byte of a log, changes nothing, and says what is damaged. */
import { type Finding, type VerifyReport, verifyLog } from '../../inspection/verify.ts';
import { table } from '../../../targets/command-line/table.ts';
import { type Command, type Context, EXIT_DAMAGED, EXIT_DONE, JSON_FLAG, print } from '../command.ts';

export const verifyCommand: Command = {
  name: 'verify',
  words: '[TOPIC...]',
  wordCount: [0, Number.POSITIVE_INFINITY],
  summary: 'check every byte of all topics, or of some; changes nothing',
  flags: [JSON_FLAG],
  notes: `It may run beside a writer. Exits with 3 when anything was found but torn tails: those are
appends that were under way when the power went, never acknowledged, and cut off when the
topic is written next.
`,
  run: verify,
};

async function verify(context: Context): Promise<number> {
  const { host, words, flags } = context;
  const root = context.existingRoot();
  const reports = words.length === 0 ? [verifyLog(host, root)] : words.map((topic) => verifyLog(host, root, { topic }));
  const report: VerifyReport = {
    root,
    intact: reports.every(({ intact }) => intact),
    partitions: reports.flatMap(({ partitions }) => partitions),
    findings: reports.flatMap(({ findings }) => findings),
  };
  await print(context, flags.has('json') ? `${JSON.stringify(report)}\n` : reportText(report));
  return report.intact ? EXIT_DONE : EXIT_DAMAGED;
}

function reportText({ intact, partitions, findings }: VerifyReport): string {
  const header = ['TOPIC', 'PARTITION', 'SEGMENTS', 'RECORDS', 'BYTES', 'FIRST', 'LAST'];
  const rows = partitions.map((row) => [
    row.topic,
    row.partition,
    row.segments,
    row.records,
    row.bytes,
    row.beginningOffset ?? '-',
    row.lastOffset ?? '-',
  ]);
  const verdict = intact ? 'intact' : 'not intact';
  return `${table([header, ...rows])}\n${findings.map(findingText).join('')}${verdict}\n`;
}

function findingText({ kind, message, resumeOffset }: Finding): string {
  return `${kind}: ${message}${resumeOffset === null ? '' : `; goes on with offset ${resumeOffset}`}\n`;
}
