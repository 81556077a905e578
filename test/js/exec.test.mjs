// brownout exec with an npm test of the official SDKs, unmodified: what the
// providers saw of their retries, their patience and their streams.
import { after, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const program = process.env.BROWNOUT ?? fileURLToPath(new URL('../../bin/brownout', import.meta.url));
const app = fileURLToPath(new URL('app.test.mjs', import.meta.url));
const dir = await mkdtemp(join(tmpdir(), 'brownout-exec-'));
after(() => rm(dir, { recursive: true }));

// exec runs those tests of the application whose names match under a fault of
// its first provider, and resolves to what came of it.
let count = 0;
async function exec(tests, fault, ...flags) {
  const name = join(dir, String(++count));
  await writeFile(`${name}.toml`, `title = "Under test"
load = { rate = 1, duration = "30s", mix = [{ kind = "chat" }] }
provider = [{ name = "openai" }, { name = "anthropic" }]
fault = [{ on = "openai", at = "10s", ${fault} }]
`);
  const args = ['exec', `${name}.toml`, '--throughout', '--no-journal', '--report', `json=${name}.json`, ...flags, '--',
    process.execPath, '--test', `--test-name-pattern=${tests}`, app];
  const { NODE_TEST_CONTEXT, ...env } = process.env; // else the tests would report to the runner of these
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => { said += text; });
  const code = await new Promise((resolve, reject) => { child.once('error', reject); child.once('close', resolve); });
  const conduct = JSON.parse(await readFile(`${name}.json`, 'utf8').catch(() => assert.fail(said)));
  return { code, conduct, said };
}

describe('exec', { concurrency: true, timeout: 60_000 }, () => {
  test('an SDK waits as it is told, and its test passes unchanged', async () => {
    const { code, conduct: c, said } = await exec('answers', 'kind = "rate_limit", requests_per_minute = 8');
    assert.equal(code, 0, said);
    assert.equal(c.verdict, 'pass', said);
    assert.deepEqual([c.requests, c.answered, c.moved, c.calls_before_retry_after], [2, 2, 0, 0], said);
    assert.ok(c.calls > 2 && c.calls_touched_by_faults === c.calls - 2, said);
  });

  test('it does not wait longer than it likes', async () => {
    const { code, conduct: c, said } = await exec('answers', 'kind = "overload", retry_after = "90s"');
    assert.equal(code, 1, said);
    assert.equal(c.exit_code, 0, 'the application moved on, and noticed nothing');
    assert.deepEqual([c.verdict, c.requests, c.answered, c.moved, c.calls_before_retry_after], ['fail', 2, 2, 2, 4], said);
    assert.match(c.reasons.join(), /2 requests hammered a provider/);
  });

  test('it asks again for what no retry mends', async () => {
    const { code, conduct: c, said } = await exec('answers', 'kind = "quota_exhausted"');
    assert.equal(code, 1, said);
    assert.deepEqual([c.verdict, c.answered, c.calls_of_what_no_retry_mends], ['fail', 2, 4], said);
    assert.match(c.stories[0].why, /openai was asked 3 times for what no retry mends/);
  });

  test('a private prompt that moves on is shown to two', async () => {
    const { code, conduct: c, said } = await exec('customer', 'kind = "server_error"', '--private', 'Jane Doe');
    assert.equal(code, 1, said);
    assert.deepEqual(c.violations.map((v) => v.provider), ['openai', 'anthropic'], said);
    assert.match(c.reasons.join(), /veto: 1 private prompt was shown to openai, anthropic/);
  });

  test('a story that is not read to its end is billed', async () => {
    const { code, conduct: c, said } = await exec('story', 'kind = "latency_spike", first_token = "200ms"');
    assert.equal(code, 0, said);
    assert.deepEqual([c.verdict, c.abandoned, c.abandoned_streams], ['pass', 1, 1], said);
    assert.match(c.advice.join(), /1 stream was left after its first token/);
    assert.ok(c.providers[0].cost_usd > 0, said);
  });

  test('a time-out of its own leaves every call', async () => {
    const { code, conduct: c, said } = await exec('patience', 'kind = "latency_spike", first_token = "20s"');
    assert.equal(code, 0, said);
    assert.deepEqual([c.requests, c.abandoned, c.calls, c.providers[0].aborted, c.abandoned_streams], [1, 1, 3, 3, 0], said);
  });
});
