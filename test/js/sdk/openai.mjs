// openai, for OpenAI itself (chat completions and responses) and for the
// providers that are called through it.
import OpenAI, { AzureOpenAI, toFile } from 'openai';
import assert from 'node:assert/strict';

const { APIError, APIConnectionError, APIConnectionTimeoutError, AuthenticationError, BadRequestError, InternalServerError, NotFoundError, RateLimitError } = OpenAI;

// messages are those of chat completions.
export function messages({ system, history = [], text, result }) {
  return [
    ...(system ? [{ role: 'system', content: system }] : []),
    ...history.map((m) => ({ role: m.role, content: m.text })),
    { role: 'user', content: text },
    ...(result ? [
      { role: 'assistant', content: null, tool_calls: result.call.raw },
      { role: 'tool', tool_call_id: result.call.raw[0].id, content: result.output },
    ] : []),
  ];
}

export function body(ask) {
  return {
    model: ask.model,
    messages: messages(ask),
    ...(ask.maxTokens && { [ask.maxTokensKey ?? 'max_tokens']: ask.maxTokens }),
    ...(ask.tool && { tools: [{ type: 'function', function: ask.tool }] }),
    ...(ask.json && { response_format: { type: 'json_object' } }),
  };
}

export function answerOf(r) {
  const [choice] = r.choices;
  const raw = choice.message.tool_calls;
  return {
    text: choice.message.content ?? '',
    finish: choice.finish_reason,
    model: r.model,
    usage: { input: r.usage.prompt_tokens, output: r.usage.completion_tokens },
    calls: (raw ?? []).map((t) => ({ id: t.id, name: t.function.name, args: JSON.parse(t.function.arguments) })),
    raw,
  };
}

// collect reads a stream of chat completion chunks.
export async function collect(stream, onChunk) {
  const seen = { text: '', chunks: 0, usage: {}, calls: [] };
  for await (const chunk of stream) {
    onChunk?.();
    seen.chunks++;
    seen.model = chunk.model || seen.model;
    const usage = chunk.usage ?? chunk.x_groq?.usage;
    if (usage) seen.usage = { input: usage.prompt_tokens, output: usage.completion_tokens };
    const choice = chunk.choices[0];
    if (!choice) continue;
    seen.text += choice.delta.content ?? '';
    seen.finish = choice.finish_reason ?? seen.finish;
    for (const t of choice.delta.tool_calls ?? []) {
      const call = (seen.calls[t.index] ??= { id: t.id, name: t.function.name, args: '' });
      call.args += t.function.arguments ?? '';
    }
  }
  seen.calls = seen.calls.map((c) => ({ ...c, args: JSON.parse(c.args) }));
  return seen;
}

export const errors = {
  wrongKey: { type: AuthenticationError, status: 401 },
  unknownModel: { type: NotFoundError, status: 404 },
  retired: { type: NotFoundError, status: 404 },
  rateLimit: { type: RateLimitError, status: 429, check: (e) => assert.ok(Number(e.headers.get('retry-after')) > 0) },
  server: { type: InternalServerError, status: 500 },
  refused: { type: APIConnectionError },
  timeout: { type: APIConnectionTimeoutError },
  overload: { type: InternalServerError, status: 503 },
  inStream: { type: APIError, check: (e) => assert.equal(e.status, undefined) },
  truncated: { silent: true }, // a stream without [DONE] is a whole one to it
  chunk: { type: SyntaxError },
  cut: { type: Error },
};

const base = {
  finish: { stop: 'stop', length: 'length', tools: 'tool_calls' },
  tools: true,
  json: true,
  chat: async (client, ask) => answerOf(await client.chat.completions.create(body(ask))),
  stream: async (client, ask, onChunk) => collect(
    await client.chat.completions.create({ ...body(ask), stream: true, stream_options: { include_usage: true } }), onChunk),
  embed: async (client, model, texts) => {
    const r = await client.embeddings.create({ model, input: texts });
    return { vectors: r.data.map((d) => d.embedding), tokens: r.usage.prompt_tokens };
  },
  models: async (client) => (await client.models.list()).data.map((m) => m.id),
  errors,
};

// through is another provider that is called with this SDK.
const through = (dialect, url, more = {}) => ({
  ...base,
  name: `openai for ${dialect}`,
  dialect,
  connect: ({ key, timeout }) => new OpenAI({ baseURL: process.env[url], apiKey: key, timeout, maxRetries: 0 }),
  ...more,
  errors: { ...errors, ...more.errors },
});

const anyLimit = { type: RateLimitError, status: 429 };

export const chat = {
  ...base,
  name: 'openai',
  dialect: 'openai',
  connect: ({ key, timeout }) => new OpenAI({ apiKey: key, timeout, maxRetries: 0 }),
  errors: {
    ...errors,
    wrongKey: { type: AuthenticationError, status: 401, check: (e) => assert.equal(e.code, 'invalid_api_key') },
    unknownModel: { type: NotFoundError, status: 404, check: (e) => assert.equal(e.code, 'model_not_found') },
  },
  own: {
    'base64 embeddings are what plain ones are': async ({ key, provider, skip }) => {
      const model = provider.models.find((m) => /embed/.test(m));
      if (!model) return skip('the provider sells no embeddings');
      const client = new OpenAI({ apiKey: key, maxRetries: 0 });
      const [packed, plain] = await Promise.all(['base64', 'float'].map((encoding_format) =>
        client.embeddings.create({ model, input: 'tide', encoding_format, dimensions: 8 })));
      const bytes = Buffer.from(packed.data[0].embedding, 'base64');
      assert.equal(bytes.length, 4 * 8);
      plain.data[0].embedding.forEach((x, i) => assert.ok(Math.abs(x - bytes.readFloatLE(4 * i)) < 1e-6));
    },
    'rate limit headers move': async ({ key, provider }) => {
      const client = new OpenAI({ apiKey: key, maxRetries: 0 });
      const ask = { model: provider.models[0], messages: [{ role: 'user', content: 'Hello in 1 words.' }] };
      const { response } = await client.chat.completions.create(ask).withResponse();
      assert.ok(Number(response.headers.get('x-ratelimit-remaining-requests')) < Number(response.headers.get('x-ratelimit-limit-requests')));
      assert.match(response.headers.get('x-request-id'), /^req_/);
    },
    'a path that is not there': async ({ key }) => {
      const client = new OpenAI({ apiKey: key, maxRetries: 0 });
      await assert.rejects(client.files.create({ file: await toFile(Buffer.from('x'), 'x.txt'), purpose: 'assistants' }), (e) => e instanceof APIError && e.status === 404);
    },
  },
};

export const azure = {
  ...base,
  name: 'openai (AzureOpenAI)',
  dialect: 'azure',
  // The class prefers OPENAI_BASE_URL to AZURE_OPENAI_ENDPOINT where both are set.
  connect: ({ key, timeout }) => new AzureOpenAI({ baseURL: `${process.env.AZURE_OPENAI_ENDPOINT}/openai`, apiKey: key, timeout, maxRetries: 0 }),
  models: undefined, // the class lists with a path that Azure does not document
  errors: { ...errors, retired: { type: APIError }, overload: { type: RateLimitError, status: 429 } },
};

export const xai = through('xai', 'XAI_BASE_URL', { errors: { wrongKey: { type: BadRequestError, status: 400 }, rateLimit: anyLimit } });

export const deepseek = through('deepseek', 'DEEPSEEK_BASE_URL', {
  errors: { unknownModel: { type: BadRequestError, status: 400 }, retired: { type: BadRequestError, status: 400 }, rateLimit: anyLimit },
});

export const vllm = through('vllm', 'VLLM_BASE_URL', { errors: { rateLimit: anyLimit } });

// responses is OpenAI's newer API.
export const responses = {
  name: 'openai (responses)',
  dialect: 'openai',
  finish: { stop: 'completed', length: 'max_output_tokens', tools: 'completed' },
  tools: true,
  connect: chat.connect,
  chat: async (client, ask) => responseOf(await client.responses.create(responseBody(ask))),
  stream: async (client, ask, onChunk) => {
    let chunks = 0;
    let last;
    let text = '';
    for await (const event of await client.responses.create({ ...responseBody(ask), stream: true })) {
      onChunk?.();
      chunks++;
      if (event.type === 'response.output_text.delta') text += event.delta;
      if (/^response\.(completed|incomplete)$/.test(event.type)) last = event.response;
    }
    if (!last) return { text, chunks }; // nothing was thrown, and nothing said that it ended
    const whole = responseOf(last);
    assert.equal(text, whole.text);
    return { ...whole, chunks };
  },
  errors: chat.errors,
};

function responseBody({ model, system, history = [], text, maxTokens, tool, result }) {
  return {
    model,
    ...(system && { instructions: system }),
    input: [
      ...history.map((m) => ({ role: m.role, content: m.text })),
      { role: 'user', content: text },
      ...(result ? [...result.call.raw, { type: 'function_call_output', call_id: result.call.raw[0].call_id, output: result.output }] : []),
    ],
    ...(maxTokens && { max_output_tokens: maxTokens }),
    ...(tool && { tools: [{ type: 'function', strict: false, ...tool }] }),
  };
}

function responseOf(r) {
  const raw = r.output.filter((o) => o.type === 'function_call');
  return {
    text: r.output.filter((o) => o.type === 'message').flatMap((o) => o.content).map((c) => c.text).join(''),
    finish: r.incomplete_details?.reason ?? r.status,
    model: r.model,
    usage: { input: r.usage.input_tokens, output: r.usage.output_tokens },
    calls: raw.map((c) => ({ id: c.call_id, name: c.name, args: JSON.parse(c.arguments) })),
    raw,
  };
}
