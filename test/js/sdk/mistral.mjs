// @mistralai/mistralai.
import { Mistral } from '@mistralai/mistralai';
import { ConnectionError, HTTPClientError, MistralError, RequestTimeoutError } from '@mistralai/mistralai/models/errors';

const body = ({ model, system, history = [], text, maxTokens, tool, json, result }) => ({
  model,
  messages: [
    ...(system ? [{ role: 'system', content: system }] : []),
    ...history.map((m) => ({ role: m.role, content: m.text })),
    { role: 'user', content: text },
    ...(result ? [
      { role: 'assistant', content: '', toolCalls: result.call.raw },
      { role: 'tool', toolCallId: result.call.raw[0].id, name: result.call.calls[0].name, content: result.output },
    ] : []),
  ],
  ...(maxTokens && { maxTokens }),
  ...(tool && { tools: [{ type: 'function', function: tool }] }),
  ...(json && { responseFormat: { type: 'json_object' } }),
});

const parsed = (args) => (typeof args === 'string' ? JSON.parse(args) : args);
const callsOf = (raw) => (raw ?? []).map((t) => ({ id: t.id, name: t.function.name, args: parsed(t.function.arguments) }));
const usageOf = (u) => ({ input: u.promptTokens, output: u.completionTokens });

export default {
  name: '@mistralai/mistralai',
  dialect: 'mistral',
  finish: { stop: 'stop', length: 'length', tools: 'tool_calls' },
  tools: true,
  json: true,
  connect: ({ key, timeout }) => new Mistral({
    apiKey: key, serverURL: process.env.MISTRAL_BASE_URL, timeoutMs: timeout ?? -1, retryConfig: { strategy: 'none' },
  }),
  chat: async (client, ask) => {
    const r = await client.chat.complete(body(ask));
    const [choice] = r.choices;
    const raw = choice.message.toolCalls;
    return { text: choice.message.content ?? '', finish: choice.finishReason, model: r.model, usage: usageOf(r.usage), calls: callsOf(raw), raw };
  },
  stream: async (client, ask, onChunk) => {
    const seen = { text: '', chunks: 0, calls: [] };
    const raw = [];
    for await (const { data } of await client.chat.stream(body(ask))) {
      onChunk?.();
      seen.chunks++;
      seen.model = data.model;
      if (data.usage) seen.usage = usageOf(data.usage);
      const [choice] = data.choices;
      seen.text += choice.delta.content ?? '';
      seen.finish = choice.finishReason ?? seen.finish;
      for (const t of choice.delta.toolCalls ?? []) {
        const call = (raw[t.index ?? 0] ??= { id: t.id, function: { name: t.function.name, arguments: '' } });
        call.function.arguments += t.function.arguments;
      }
    }
    seen.calls = callsOf(raw);
    return seen;
  },
  embed: async (client, model, inputs) => {
    const r = await client.embeddings.create({ model, inputs });
    return { vectors: r.data.map((d) => d.embedding), tokens: r.usage.promptTokens };
  },
  models: async (client) => (await client.models.list()).data.map((m) => m.id),
  errors: {
    wrongKey: { type: MistralError, status: 401 },
    unknownModel: { type: MistralError, status: 400 },
    retired: { type: MistralError, status: 400 },
    rateLimit: { type: MistralError, status: 429 },
    server: { type: MistralError, status: 500 },
    refused: { type: ConnectionError },
    timeout: { type: RequestTimeoutError },
    overload: { type: MistralError, status: 503 },
    inStream: { type: Error, check: (e) => { if (e.name !== 'ZodError') throw e; } }, // it is no chunk, and that is all it knows
    truncated: { silent: true },
    chunk: { type: Error, check: (e) => { if (e.name !== 'ZodError') throw e; } },
    cut: { type: Error },
  },
};
