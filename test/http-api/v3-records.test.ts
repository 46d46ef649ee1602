import * as assert from 'uvu/assert';
import { CommitLogError, type Producer } from '../../logged/commit-log.ts';
import { type Suite, suite } from '../support/suite.ts';
import { type Answer, ask, bytes, fails, producerHeaders, stored, text, type V3, v3 as create } from './v3-harness.ts';
import { base64, utf8 } from '../support/text.ts';

const AT = '2024-02-29T12:34:56.789Z';

/** Produces what stands in the body and gives the reports, each of which must end with CR LF. */
async function produce(
  own: V3,
  body: string | object,
  headers: Record<string, string> = {},
  topic = 't',
): Promise<object[]> {
  const answer = await ask(own, 'POST', `/topics/${topic}/records`, body, headers);
  assert.is(answer.status, 200, answer.text);
  assert.is(answer.headers.get('content-type'), 'application/json');
  return reportsOf(answer);
}

function reportsOf(answer: Answer): object[] {
  const parts = answer.text.split('\r\n');
  assert.is(parts.pop(), '');
  return parts.map((part) => JSON.parse(part));
}

function success(partition: number, offset: number, members: object = {}): object {
  const base = {
    error_code: 200,
    cluster_id: 'edge-1',
    topic_name: 't',
    partition_id: partition,
    offset,
    timestamp: AT,
  };
  return { ...base, ...members };
}

function records(test: Suite, v3: typeof create): void {
  test('one record: its report, and what is stored', async () => {
    const own = v3();
    const record = {
      partition_id: null,
      headers: [{ name: 'h', value: base64('1') }, { name: 'h', value: null }, { name: 'g' }],
      key: { type: 'BINARY', data: base64('the-key') },
      value: { type: 'JSON', data: { temp: 21.5, ok: true } },
      timestamp: '2022-05-25T05:22:24.138956+02:00',
    };
    const report = success(0, 0, {
      timestamp: '2022-05-25T03:22:24.138956Z',
      key: { type: 'BINARY', size: 7 },
      value: { type: 'JSON', size: 23 },
    });
    assert.equal(await produce(own, record), [report]);
    const [one] = await stored(own, 't');
    assert.is(text(one?.key ?? null), 'the-key');
    assert.is(text(one?.value ?? null), '{"temp":21.5,"ok":true}');
    assert.is(one?.timestamp, Date.UTC(2022, 4, 25, 3, 22, 24) + 138.956);
    const headers = one?.headers.map(({ name, value }) => [name, text(value)]);
    assert.equal(headers, [
      ['h', '1'],
      ['h', null],
      ['g', null],
    ]);
  });

  test('key and value are left out of the report when they were not sent; the arrival is the timestamp', async () => {
    const own = v3();
    assert.equal(await produce(own, {}), [success(0, 0)]);
    assert.equal(await produce(own, { key: null, value: null }), [success(0, 1)]);
    const [one] = await stored(own, 't');
    assert.equal([one?.key, one?.value, one?.timestamp], [null, null, Date.parse(AT)]);
  });

  test('BINARY, JSON and STRING store what they say; without a type it is BINARY; null data is null', async () => {
    const cases: [data: string, stored: string | null, type: string][] = [
      [`{"type":"BINARY","data":"${base64('\u0000ÿ')}"}`, '\u0000ÿ', 'BINARY'],
      [`{"data":"${base64('plain')}"}`, 'plain', 'BINARY'],
      [`{"type":null,"data":""}`, '', 'BINARY'],
      [`{"type":"BINARY","data":null}`, null, 'BINARY'],
      [`{"type":"BINARY"}`, null, 'BINARY'],
      [`{"type":"STRING","data":"é😀\\n\\""}`, 'é😀\n"', 'STRING'],
      [`{"type":"STRING","data":null}`, null, 'STRING'],
      [`{"type":"JSON","data":"text"}`, '"text"', 'JSON'],
      [`{"type":"JSON","data":18446744073709551615}`, '18446744073709551615', 'JSON'],
      [`{"type":"JSON","data":{"n":[9007199254740993,-1.5e3]}}`, '{"n":[9007199254740993,-1500]}', 'JSON'],
      [`{"type":"JSON","data":false}`, 'false', 'JSON'],
      [`{"type":"JSON","data":null}`, null, 'JSON'],
    ];
    const own = v3();
    for (const [data, expected, type] of cases) {
      const [report] = await produce(own, `{"key":${data},"value":${data}}`);
      const size = expected === null ? 0 : bytes(expected).length;
      assert.equal(report, { ...report, error_code: 200, key: { type, size }, value: { type, size } }, data);
      const last = (await stored(own, 't')).at(-1);
      assert.equal([text(last?.key ?? null), text(last?.value ?? null)], [expected, expected], data);
    }
  });

  test('what is wrong with one record is its report, and the others are stored', async () => {
    const good = '{"value":{"type":"STRING","data":"x"}}';
    const cases: [record: string, code: number, message: string | RegExp][] = [
      ['{"value":{"type":"BINARY","data":1}}', 400, 'Bad Request: data=1 is not a base64 string.'],
      ['{"value":{"type":"BINARY","data":"a b"}}', 400, 'Bad Request: data="a b" is not a valid base64 string.'],
      ['{"key":{"data":{"a":1}}}', 400, 'Bad Request: data={...} is not a base64 string.'],
      [
        '{"key":{"data":18446744073709551615}}',
        400,
        /^Bad Request: data=18446744073709551615 is not a base64 string\.$/,
      ],
      ['{"value":{"type":"STRING","data":1}}', 400, 'Bad Request: data=1 is not a string.'],
      ['{"value":{"type":"TEXT","data":"x"}}', 400, /^Bad Request: type="TEXT" is not one of/],
      [
        '{"value":{"type":"AVRO","data":"x"}}',
        422,
        /^Error: 42206 : Payload error\. Type AVRO needs a schema registry/,
      ],
      ['{"value":"x"}', 400, 'Bad Request: value="x" is not an object.'],
      ['{"value":{"dat":"x"}}', 400, 'Bad Request: unrecognized field "dat"'],
      ['{"records":[]}', 400, 'Bad Request: unrecognized field "records"'],
      ['{"partition_id":"0"}', 400, 'Bad Request: partition_id="0" is not an integer.'],
      ['{"partition_id":-1}', 40402, 'Partition not found.'],
      ['{"partition_id":7}', 40403, 'This server does not host this topic-partition.'],
      ['{"headers":[{"value":"eA=="}]}', 422, 'Error: 422 : name must not be null'],
      ['{"headers":[{"name":"h","value":1}]}', 400, 'Bad Request: data=1 is not a base64 string.'],
      ['{"headers":"h"}', 400, 'Bad Request: headers is not a list of objects.'],
      ['{"timestamp":"yesterday"}', 400, 'Bad Request: timestamp="yesterday" is not an RFC 3339 time.'],
      ['{"timestamp":1700000000000}', 400, 'Bad Request: timestamp=1700000000000 is not an RFC 3339 time.'],
      [`{"value":{"type":"STRING","data":"${'x'.repeat(300_000)}"}}`, 413, /record of 30\d{4} bytes/],
    ];
    const own = v3();
    await own.log.createTopic('t');
    for (const [record, code, message] of cases) {
      const before = (await stored(own, 't')).length;
      const [first, report, last, ...none] = (await produce(own, good + record + good)) as {
        error_code: number;
        message: string;
      }[];
      assert.equal([first?.error_code, last?.error_code, none], [200, 200, []], record);
      assert.equal(Object.keys(report ?? {}), ['error_code', 'message']);
      assert.is(report?.error_code, code, record);
      if (typeof message === 'string') assert.is(report?.message, message);
      else assert.match(report?.message ?? '', message);
      assert.is((await stored(own, 't')).length, before + 2, record);
    }
    assert.equal(own.reported, []);
  });

  test('any white space may stand between records, also none, and around them', async () => {
    const own = v3();
    const values = [...'abcde'];
    const [a, b, c, d, e] = values.map((data) => JSON.stringify({ value: { type: 'STRING', data } }));
    const reports = await produce(own, ` \r\n\t${a}${b} ${c}\n\n${d}\r\n${e}\n`);
    assert.equal(
      reports.map((report) => (report as { offset: number }).offset),
      [0, 1, 2, 3, 4],
    );
    assert.equal(
      (await stored(own, 't')).map(({ value }) => text(value)),
      values,
    );
  });

  test('broken JSON is a last report with 400, after those of the records before it', async () => {
    const good = '{"value":{"data":"eA=="}}';
    const broken = [
      'x',
      '{"value":}',
      '{"value":{"data":"eA=="}',
      '{"a":1]',
      '"text"',
      '[{}]',
      '1',
      '{"a":"b\n"}',
      ',',
      '{} }',
    ];
    for (const end of broken) {
      const own = v3();
      const reports = (await produce(own, good + good + end + good)) as { error_code: number; message?: string }[];
      const last = reports.at(-1);
      assert.is(last?.error_code, 400, end);
      assert.match(last?.message ?? '', /^Bad Request: Error processing message: /);
      const whole = end.startsWith('{} ') ? 3 : 2;
      assert.equal(
        reports.slice(0, -1).map(({ error_code }) => error_code),
        Array(whole).fill(200),
      );
      assert.is((await stored(own, 't')).length, whole);
    }
  });

  test('bytes that are no UTF-8 are broken JSON', async () => {
    const own = v3();
    const body = Uint8Array.from([...utf8('{}{"value":{"type":"STRING","data":"'), 0xff, ...utf8('"}}{}')]);
    const answer = await own.app.request('http://x/v3/clusters/edge-1/topics/t/records', { method: 'POST', body });
    const reports = (await answer.text())
      .trim()
      .split('\r\n')
      .map((report) => JSON.parse(report).error_code);
    assert.equal(reports, [200, 400]);
  });

  test('a record above the limit of bytes ends the stream with 413, one nested too deeply with 400', async () => {
    const { defaultLimits } = await import('../../http-api/limits.ts');
    const own = v3({ limits: { ...defaultLimits, bodyBytes: 100 } });
    const big = JSON.stringify({ value: { type: 'STRING', data: 'x'.repeat(100) } });
    const [first, second, ...none] = (await produce(own, `{}${big}{}`)) as { error_code: number; message: string }[];
    assert.equal([first?.error_code, second?.error_code, none], [200, 413, []]);
    assert.match(second?.message ?? '', /larger than 100 bytes/);
    const deep = `{"value":{"type":"JSON","data":${'['.repeat(200)}${']'.repeat(200)}}}`;
    const [report] = (await produce(v3(), deep)) as { error_code: number; message: string }[];
    assert.is(report?.error_code, 400);
    assert.match(report?.message ?? '', /more than 128 levels/);
  });

  test('an empty body is 42206, and nothing is stored', async () => {
    for (const body of ['', ' ', '\r\n\t ']) {
      const own = v3();
      const answer = await ask(own, 'POST', '/topics/t/records', body);
      fails(answer, 422, 42206, 'Payload error. Request body is empty. Data is required.');
      assert.equal(await own.log.listTopics(), []);
    }
    fails(await ask(v3(), 'POST', '/topics/t/records'), 422, 42206, /empty/);
  });

  test('failures of the log are reports; only those of the service itself reach the operator, once a batch', async () => {
    const codes: [CommitLogError['code'], number, boolean][] = [
      ['unknown-topic', 40403, false],
      ['invalid-topic', 422, false],
      ['no-space', 50003, true],
      ['io-failed', 50003, true],
      ['locked', 50302, true],
      ['busy', 42901, false],
      ['stale-sequence', 409, false],
    ];
    for (const [code, expected, told] of codes) {
      const own = v3();
      own.log.faults = (method) => (method === 'produceBatch' ? new CommitLogError(code, `it is ${code}`) : null);
      const reports = (await produce(own, '{}{}{}')) as { error_code: number }[];
      assert.equal(
        reports.map(({ error_code }) => error_code),
        [expected, expected, expected],
        code,
      );
      assert.is(own.reported.length, told ? 1 : 0, code);
      if (told) assert.match(own.reported[0] ?? '', new RegExp(`t: .*it is ${code}`));
    }
  });

  test('a topic that does not exist is 40403 where topics are not created by use', async () => {
    const own = v3({ createTopicsByUse: false });
    const [report] = await produce(own, '{}');
    assert.equal(report, { error_code: 40403, message: 'This server does not host this topic-partition.' });
  });

  test('a name that no topic can have is a report with 422', async () => {
    const [report] = (await produce(v3(), '{}', {}, 'a%20b')) as { error_code: number; message: string }[];
    assert.is(report?.error_code, 422);
    assert.match(report?.message ?? '', /^Error: 42206 : .*a b/);
  });

  test('records go to the partition that is named, or to the one of their key', async () => {
    const own = v3();
    await own.log.createTopic('t', { partitions: 4 });
    const keyed = Array.from({ length: 20 }, (_, i) => `{"key":{"type":"STRING","data":"k${i % 5}"}}`).join('');
    const reports = (await produce(own, `{"partition_id":3}${keyed}`)) as { partition_id: number; offset: number }[];
    assert.equal([reports[0]?.partition_id, reports[0]?.offset], [3, 0]);
    const records = await stored(own, 't');
    for (const [i, report] of reports.slice(1).entries()) {
      const found = records.find(
        ({ partition, offset }) => partition === report.partition_id && offset === report.offset,
      );
      assert.is(text(found?.key ?? null), `k${i % 5}`);
      assert.is(report.partition_id, reports[1 + (i % 5)]?.partition_id);
    }
  });

  test('with a producer id and sequence a repeated request stores nothing twice', async () => {
    const own = v3();
    const body = '{"value":{"data":"YQ=="}}{"value":{"data":"!"}}{"value":{"data":"Yw=="}}';
    const send = (producer: Producer) => produce(own, body, producerHeaders(producer));
    const first = (await send({ id: 7, sequence: 100 })) as { offset?: number }[];
    assert.equal(
      first.map(({ offset }) => offset),
      [0, undefined, 1],
    );
    assert.equal(await send({ id: 7, sequence: 100 }), first);
    // The refused record has used up its number: the next request begins behind it.
    const again = (await send({ id: 7, sequence: 103 })) as { offset?: number }[];
    assert.equal(
      again.map(({ offset }) => offset),
      [2, undefined, 3],
    );
    assert.is((await stored(own, 't')).length, 4);
  });

  test('the producer headers must be whole numbers, both of them', async () => {
    const own = v3();
    for (const headers of [
      { 'streambed-producer-id': '1' },
      { 'streambed-producer-sequence': '1' },
      { 'streambed-producer-id': '-1', 'streambed-producer-sequence': '1' },
      { 'streambed-producer-id': '9007199254740992', 'streambed-producer-sequence': '1' },
    ]) {
      fails(await ask(own, 'POST', '/topics/t/records', {}, headers), 400, 400, /Streambed-Producer-/);
    }
    assert.equal(await own.log.listTopics(), []);
  });

  test('records:batch answers 207 with successes and failures by id', async () => {
    const own = v3();
    const entries = [
      { id: 'a', value: { type: 'STRING', data: 'one' } },
      { id: 'b', value: { type: 'BINARY', data: 1 } },
      { id: 'c', partition_id: 9 },
      { id: 'd', key: { type: 'JSON', data: [1] } },
    ];
    const answer = await ask(own, 'POST', '/topics/t/records:batch', { entries });
    assert.is(answer.status, 207);
    const { error_code: _, ...zero } = success(0, 0, { value: { type: 'STRING', size: 3 } }) as { error_code: number };
    assert.equal(answer.json, {
      successes: [
        { id: 'a', ...zero },
        { id: 'd', ...zero, offset: 1, value: undefined, key: { type: 'JSON', size: 3 } },
      ].map((entry) => JSON.parse(JSON.stringify(entry))),
      failures: [
        { id: 'b', error_code: 400, message: 'Bad Request: data=1 is not a base64 string.' },
        { id: 'c', error_code: 40403, message: 'This server does not host this topic-partition.' },
      ],
    });
    assert.equal(
      (await stored(own, 't')).map(({ value }) => text(value)),
      ['one', null],
    );
  });

  test('records:batch refuses a whole batch with 42208, and stores nothing of it', async () => {
    const own = v3();
    const batch = (entries: unknown) => ask(own, 'POST', '/topics/t/records:batch', { entries });
    const many = (count: number) => Array.from({ length: count }, (_, i) => ({ id: `${i}` }));
    fails(await batch([]), 422, 42208, 'Empty batch.');
    fails(await batch(null), 422, 42208, 'Empty batch.');
    fails(await batch(many(11)), 422, 42208, 'Too many entries in batch.');
    fails(await batch([{ id: 'a' }, { id: 'a' }]), 422, 42208, 'Batch entry IDs are not distinct.');
    for (const id of ['', 'x'.repeat(81), 1, null, undefined]) {
      fails(await batch([{ id }]), 422, 42208, 'Batch entry identifier is not a valid string.');
    }
    fails(await batch('x'), 422, 42208, 'entries must be a list of objects.');
    const raw = (body: string) => ask(own, 'POST', '/topics/t/records:batch', body);
    fails(await raw(''), 422, 42208, 'Request body is empty. Data is required.');
    fails(await raw('{"entries":'), 400, 400, /^Malformed JSON/);
    fails(await raw('{"records":[]}'), 400, 400, /unrecognized field "records"/);
    assert.equal(await own.log.listTopics(), []);
    assert.is((await batch(many(10))).status, 207);
    assert.is((await batch([{ id: 'x'.repeat(80) }])).status, 207);
    assert.is((await stored(own, 't')).length, 11);
  });

  test('records:batch is repeatable with a producer id', async () => {
    const own = v3();
    const send = () =>
      ask(
        own,
        'POST',
        '/topics/t/records:batch',
        { entries: [{ id: 'a' }, { id: 'b' }] },
        producerHeaders({ id: 1, sequence: 5 }),
      );
    const { json } = await send();
    assert.equal((await send()).json, json);
    assert.is((await stored(own, 't')).length, 2);
  });
}

for (const hasLength of [true, false]) {
  const name = `v3 records, requests ${hasLength ? 'with' : 'without'} a length`;
  records(suite(name), (deps) => create({ ...deps, hasLength }));
}
