// What is expected of every SDK.
//
// A check needs some of what an SDK file exports:
//   connect({key, timeout})       a client that does not retry
//   chat(client, ask)             a whole answer
//   stream(client, ask, onChunk)  the same, streamed
//   embed(client, model, texts)   {vectors, tokens}
//   models(client)                ids
//   tools, json                   it has calls of functions, JSON mode
//   errors                        what it throws: {name: {type, status, …}}
// An SDK whose streams end without an error where there should be one says so:
// errors.cut.silent, and likewise of inStream and truncated; then the answer must
// lack its finish, which is all that tells. errors.chunk.silent is of one that
// passes over what it cannot read.
//
// ask is {model, text, system, history, maxTokens, stop, tool, json}; an answer is
// {text, finish, model, usage: {input, output}, calls: [{name, args, id}], chunks}.
import assert from 'node:assert/strict';

let serial = 0;
const mark = () => `js-${process.pid}-${++serial}`;
const prompt = (id, words = 12) => `[[bo:${id}]] Describe the tide in ${words} words.`;

// weather is the function that checks let models call.
export const weather = {
  name: 'get_weather',
  description: 'Current weather of a city',
  parameters: {
    type: 'object',
    properties: { city: { type: 'string' }, unit: { type: 'string', enum: ['celsius', 'fahrenheit'] } },
    required: ['city', 'unit'],
  },
};

const chatModel = (sdk, provider) => sdk.model?.(provider) ?? provider.models.find((m) => !/embed|gte-/i.test(m));
const embedModel = (provider) => provider.models.find((m) => /embed/i.test(m));

function whole(answer, id, sdk, provider) {
  assert.ok(answer.text.includes(`[bo:${id}]`), `the answer is not of this prompt: ${answer.text}`);
  assert.equal(answer.finish, sdk.finish.stop);
  if (answer.model !== undefined) assert.equal(answer.model, chatModel(sdk, provider));
  assert.ok(answer.usage.input > 0 && answer.usage.output > 0, `usage ${JSON.stringify(answer.usage)}`);
}

function called(answer, sdk) {
  assert.equal(answer.calls.length, 1);
  const { name, args } = answer.calls[0];
  assert.equal(name, weather.name);
  assert.equal(typeof args.city, 'string');
  assert.ok(['celsius', 'fahrenheit'].includes(args.unit), `unit ${args.unit}`);
  assert.equal(answer.finish, sdk.finish.tools);
}

// failure is the error that do throws, of the expected class and status.
async function failure(expected, work) {
  let error;
  try {
    await work();
  } catch (e) {
    error = e;
  }
  assert.ok(error, 'nothing was thrown');
  const seen = `${error.constructor.name} ${error.name}: ${error.message}`;
  if (expected.type) assert.ok(error instanceof expected.type, `want ${expected.type.name}, threw ${seen}`);
  const status = error.status ?? error.statusCode ?? error.status_code ?? error.$metadata?.httpStatusCode;
  if (expected.status) assert.equal(status, expected.status, seen);
  if (expected.says) assert.match(error.message, expected.says);
  expected.check?.(error);
  return error;
}

// broken is the failure of a stream, or what stands for one where the SDK is silent.
async function broken(expected, work) {
  await failure(expected.silent ? { type: Error } : expected, async () => {
    const answer = await work();
    if (expected.silent && answer.finish === undefined) throw new Error('the stream ended, and said not why');
  });
}

// under runs something while a fault is in effect.
async function under({ mocks, provider }, kind, params, work) {
  await mocks.inject(provider.name, kind, params);
  try {
    return await work();
  } finally {
    await mocks.clear(provider.name);
    await settled(provider);
  }
}

// settled waits until kept connections that a fault has closed are out of the
// pool that SDKs share through fetch. None of them retries here.
async function settled(provider) {
  for (let tries = 0; tries < 20; tries++) {
    try {
      await (await fetch(provider.url)).arrayBuffer();
      return;
    } catch { /* that one was closed; the next is another */ }
  }
}

function check(name, needs, run) { return { name, needs, run }; }

export const checks = [
  check('chat', ['chat'], async (sdk, c) => {
    const id = mark();
    whole(await sdk.chat(sdk.connect(c), { model: chatModel(sdk, c.provider), text: prompt(id) }), id, sdk, c.provider);
  }),

  check('stream says word for word what chat says', ['chat', 'stream'], async (sdk, c) => {
    const id = mark();
    const ask = { model: chatModel(sdk, c.provider), text: prompt(id) };
    const client = sdk.connect(c);
    const streamed = await sdk.stream(client, ask);
    whole(streamed, id, sdk, c.provider);
    assert.ok(streamed.chunks > 1, 'it came in one piece');
    assert.equal(streamed.text, (await sdk.chat(client, ask)).text);
  }),

  check('a conversation with a system message', ['chat'], async (sdk, c) => {
    const id = mark();
    const answer = await sdk.chat(sdk.connect(c), {
      model: chatModel(sdk, c.provider), system: 'You are terse.', text: prompt(id),
      history: [{ role: 'user', text: 'Hello.' }, { role: 'assistant', text: 'Good day.' }],
    });
    whole(answer, id, sdk, c.provider);
  }),

  check('a prompt without a marker is answered, the same each time', ['chat'], async (sdk, c) => {
    const client = sdk.connect(c);
    const ask = { model: chatModel(sdk, c.provider), text: 'What is a tide? Answer in 5 words.' };
    const first = await sdk.chat(client, ask);
    assert.ok(first.text.length > 10);
    assert.equal((await sdk.chat(client, ask)).text, first.text);
  }),

  check('max tokens cut the answer off', ['chat'], async (sdk, c) => {
    const answer = await sdk.chat(sdk.connect(c), { model: chatModel(sdk, c.provider), text: prompt(mark(), 60), maxTokens: 16 });
    assert.equal(answer.finish, sdk.finish.length);
    assert.equal(answer.usage.output, 16);
  }),

  check('a tool is called and its result taken', ['chat', 'tools'], async (sdk, c) => {
    const client = sdk.connect(c);
    const id = mark();
    const ask = { model: chatModel(sdk, c.provider), text: `${prompt(id)} Use get_weather.`, tool: weather };
    const answer = await sdk.chat(client, ask);
    called(answer, sdk);
    whole(await sdk.chat(client, { ...ask, result: { call: answer, output: '{"degrees": 21}' } }), id, sdk, c.provider);
  }),

  check('a tool is called in a stream', ['stream', 'tools'], async (sdk, c) => {
    const ask = { model: chatModel(sdk, c.provider), text: `${prompt(mark())} Use get_weather.`, tool: weather };
    called(await sdk.stream(sdk.connect(c), ask), sdk);
  }),

  check('JSON mode gives an object', ['chat', 'json'], async (sdk, c) => {
    const answer = await sdk.chat(sdk.connect(c), { model: chatModel(sdk, c.provider), text: `${prompt(mark())} Answer in JSON.`, json: true });
    assert.equal(typeof JSON.parse(answer.text), 'object');
  }),

  check('embeddings', ['embed'], async (sdk, c) => {
    const model = embedModel(c.provider);
    if (!model) return c.skip(`${c.provider.name} sells no embeddings`);
    const { vectors, tokens } = await sdk.embed(sdk.connect(c), model, ['tide', 'moon', 'tide']);
    assert.equal(vectors.length, 3);
    assert.ok(vectors[0].length >= 256 && vectors[0].every(Number.isFinite), `${vectors[0].length} numbers`);
    assert.deepEqual(vectors[0], vectors[2]);
    assert.notDeepEqual(vectors[0], vectors[1]);
    if (tokens !== undefined) assert.ok(tokens > 0);
  }),

  check('models', ['models'], async (sdk, c) => {
    const ids = await sdk.models(sdk.connect(c));
    for (const id of c.provider.models) assert.ok(ids.some((i) => i.endsWith(id)), `${id} is not in ${ids}`);
  }),

  check('a wrong key', ['chat', 'wrongKey'], async (sdk, c) => {
    const client = sdk.connect({ ...c, key: 'sk-wrong-0123456789' });
    await failure(sdk.errors.wrongKey, () => sdk.chat(client, { model: chatModel(sdk, c.provider), text: prompt(mark()) }));
  }),

  check('an unknown model', ['chat', 'unknownModel'], async (sdk, c) => {
    await failure(sdk.errors.unknownModel, () => sdk.chat(sdk.connect(c), { model: 'no-such-model', text: prompt(mark()) }));
  }),

  check('an unknown model, asked for a stream', ['stream', 'unknownModel'], async (sdk, c) => {
    await failure(sdk.errors.unknownModel, () => sdk.stream(sdk.connect(c), { model: 'no-such-model', text: prompt(mark()) }));
  }),

  check('a retired model', ['chat', 'retired'], async (sdk, c) => {
    const model = chatModel(sdk, c.provider);
    await under(c, 'deprecation', { model, announced_for: '0s' }, () =>
      failure(sdk.errors.retired, () => sdk.chat(sdk.connect(c), { model, text: prompt(mark()) })));
  }),

  check('a rate limit', ['chat', 'rateLimit'], async (sdk, c) => {
    const client = sdk.connect(c);
    await under(c, 'rate_limit', { requests_per_minute: 1 }, () =>
      failure(sdk.errors.rateLimit, async () => {
        for (let i = 0; i < 3; i++) await sdk.chat(client, { model: chatModel(sdk, c.provider), text: prompt(mark(), 1) });
      }));
  }),

  check('a server error', ['chat', 'server'], (sdk, c) => under(c, 'outage', { mode: 'errors' }, () =>
    failure(sdk.errors.server, () => sdk.chat(sdk.connect(c), { model: chatModel(sdk, c.provider), text: prompt(mark()) })))),

  check('a server error, asked for a stream', ['stream', 'server'], (sdk, c) => under(c, 'outage', { mode: 'errors' }, () =>
    failure(sdk.errors.server, () => sdk.stream(sdk.connect(c), { model: chatModel(sdk, c.provider), text: prompt(mark()) })))),

  check('nobody listens', ['chat', 'refused'], (sdk, c) => under(c, 'outage', { mode: 'refused' }, () =>
    failure(sdk.errors.refused, () => sdk.chat(sdk.connect(c), { model: chatModel(sdk, c.provider), text: prompt(mark()) })))),

  check('a slow first token runs into the time-out', ['chat', 'timeout'], (sdk, c) => under(c, 'latency_spike', { first_token: '20s', sigma: 0 }, () =>
    failure(sdk.errors.timeout, () => sdk.chat(sdk.connect({ ...c, timeout: 300 }), { model: chatModel(sdk, c.provider), text: prompt(mark()) })))),

  check('a black hole runs into the time-out', ['chat', 'timeout'], (sdk, c) => under(c, 'outage', { mode: 'blackhole' }, () =>
    failure(sdk.errors.timeout, () => sdk.chat(sdk.connect({ ...c, timeout: 300 }), { model: chatModel(sdk, c.provider), text: prompt(mark()) })))),

  check('a stream that is cut does not look whole', ['stream', 'cut'], async (sdk, c) => {
    let fault;
    try {
      await broken(sdk.errors.cut, () => sdk.stream(sdk.connect(c), { model: chatModel(sdk, c.provider), text: prompt(mark(), 900) }, () => {
        fault ??= c.mocks.inject(c.provider.name, 'outage', { mode: 'reset' });
      }));
      assert.ok(fault, 'it was cut before its first chunk');
    } finally {
      if (await fault) await c.mocks.clear(c.provider.name);
      await settled(c.provider);
    }
  }),

  check('an overloaded provider', ['chat', 'overload'], (sdk, c) => under(c, 'overload', {}, () =>
    failure(sdk.errors.overload, () => sdk.chat(sdk.connect(c), { model: chatModel(sdk, c.provider), text: prompt(mark()) })))),

  check('an error of the provider\'s own in the middle of a stream', ['stream', 'inStream'], async (sdk, c) => {
    for (const reason of ['overload', 'server', 'rate_limit']) {
      await under(c, 'stream_error', { failure: reason }, () =>
        broken(sdk.errors.inStream, () => sdk.stream(sdk.connect(c), { model: chatModel(sdk, c.provider), text: prompt(mark()) })));
    }
  }),

  check('a stream that ends cleanly and too early', ['stream', 'truncated'], (sdk, c) => under(c, 'stream_truncate', {}, () =>
    broken(sdk.errors.truncated, () => sdk.stream(sdk.connect(c), { model: chatModel(sdk, c.provider), text: prompt(mark()) })))),

  check('a complete stream without its end', ['stream', 'truncated'], (sdk, c) => under(c, 'stream_truncate', { where: 1 }, () =>
    broken(sdk.errors.truncated, () => sdk.stream(sdk.connect(c), { model: chatModel(sdk, c.provider), text: prompt(mark()) })))),

  check('a stream that is cut in the middle of its body', ['stream'], (sdk, c) => under(c, 'stream_truncate', { mode: 'abort' }, () =>
    failure({ type: Error }, () => sdk.stream(sdk.connect(c), { model: chatModel(sdk, c.provider), text: prompt(mark()) })))),

  check('a chunk that cannot be read', ['stream', 'chunk'], (sdk, c) => under(c, 'malformed', { mode: 'chunk' }, async () => {
    const id = mark();
    const ask = () => sdk.stream(sdk.connect(c), { model: chatModel(sdk, c.provider), text: prompt(id) });
    if (sdk.errors.chunk.silent) whole(await ask(), id, sdk, c.provider);
    else await failure(sdk.errors.chunk, ask);
  })),

  check('all is well once the faults are gone', ['chat'], async (sdk, c) => {
    const id = mark();
    whole(await sdk.chat(sdk.connect(c), { model: chatModel(sdk, c.provider), text: prompt(id) }), id, sdk, c.provider);
  }),
];
