// @anthropic-ai/sdk.
import Anthropic from '@anthropic-ai/sdk';
import assert from 'node:assert/strict';

const { APIConnectionError, APIConnectionTimeoutError, AuthenticationError, InternalServerError, NotFoundError, RateLimitError } = Anthropic;

const body = ({ model, system, history = [], text, maxTokens = 1024, tool, result }) => ({
  model,
  max_tokens: maxTokens,
  ...(system && { system }),
  messages: [
    ...history.map((m) => ({ role: m.role, content: m.text })),
    { role: 'user', content: text },
    ...(result ? [
      { role: 'assistant', content: result.call.raw },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: result.call.calls[0].id, content: result.output }] },
    ] : []),
  ],
  ...(tool && { tools: [{ name: tool.name, description: tool.description, input_schema: tool.parameters }] }),
});

const answerOf = (m) => ({
  text: m.content.filter((b) => b.type === 'text').map((b) => b.text).join(''),
  finish: m.stop_reason,
  model: m.model,
  usage: { input: m.usage.input_tokens, output: m.usage.output_tokens },
  calls: m.content.filter((b) => b.type === 'tool_use').map((b) => ({ id: b.id, name: b.name, args: b.input })),
  raw: m.content,
});

// Of the older ones the SDK warns, loudly and at each call.
const model = (provider) => provider.models.find((m) => !m.includes('sonnet-4-5'));

const connect = ({ key, timeout }) => new Anthropic({ apiKey: key, timeout, maxRetries: 0 });

export default {
  name: '@anthropic-ai/sdk',
  dialect: 'anthropic',
  finish: { stop: 'end_turn', length: 'max_tokens', tools: 'tool_use' },
  tools: true,
  model,
  connect,
  chat: async (client, ask) => answerOf(await client.messages.create(body(ask))),
  stream: async (client, ask, onChunk) => {
    let chunks = 0;
    const stream = client.messages.stream(body(ask));
    for await (const event of stream) {
      onChunk?.(event);
      chunks++;
    }
    return { ...answerOf(await stream.finalMessage()), chunks };
  },
  models: async (client) => (await client.models.list()).data.map((m) => m.id),
  errors: {
    wrongKey: { type: AuthenticationError, status: 401, check: (e) => assert.equal(e.error.error.type, 'authentication_error') },
    unknownModel: { type: NotFoundError, status: 404, check: (e) => assert.equal(e.error.error.type, 'not_found_error') },
    retired: { type: NotFoundError, status: 404 },
    rateLimit: { type: RateLimitError, status: 429, check: (e) => assert.ok(Number(e.headers.get('retry-after')) > 0) },
    server: { type: InternalServerError, status: 500 },
    refused: { type: APIConnectionError },
    timeout: { type: APIConnectionTimeoutError },
    overload: { type: InternalServerError, status: 529, check: (e) => assert.equal(e.error.error.type, 'overloaded_error') },
    inStream: { type: Anthropic.APIError, check: (e) => assert.match(e.message, /overloaded_error|api_error|rate_limit_error/) },
    truncated: { type: Anthropic.AnthropicError, says: /stream ended without producing a Message/ },
    chunk: { type: Anthropic.AnthropicError },
    cut: { type: Error },
  },
  own: {
    'tokens are counted as they are billed': async ({ key, provider }) => {
      const client = connect({ key });
      const ask = { model: model(provider), messages: [{ role: 'user', content: 'What is a tide? Answer in 5 words.' }] };
      const counted = await client.messages.countTokens(ask);
      const billed = await client.messages.create({ ...ask, max_tokens: 64 });
      assert.equal(counted.input_tokens, billed.usage.input_tokens);
    },
    'a stop sequence is told': async ({ key, provider }) => {
      const client = connect({ key });
      const ask = { model: model(provider), max_tokens: 64, messages: [{ role: 'user', content: '[[bo:js-stop]] Answer in 20 words.' }] };
      const word = (await client.messages.create(ask)).content[0].text.split(' ')[5];
      const cut = await client.messages.create({ ...ask, stop_sequences: [word] });
      assert.equal(cut.stop_reason, 'stop_sequence');
      assert.equal(cut.stop_sequence, word);
      assert.ok(!cut.content[0].text.includes(word));
    },
  },
};
