// @google/genai, for the Gemini API.
import { ApiError, GoogleGenAI } from '@google/genai';
import assert from 'node:assert/strict';

const body = ({ model, system, history = [], text, maxTokens, tool, json, result }) => ({
  model,
  contents: [
    ...history.map((m) => ({ role: m.role === 'assistant' ? 'model' : 'user', parts: [{ text: m.text }] })),
    { role: 'user', parts: [{ text }] },
    ...(result ? [
      result.call.raw,
      { role: 'user', parts: [{ functionResponse: { id: result.call.calls[0].id, name: result.call.calls[0].name, response: { output: result.output } } }] },
    ] : []),
  ],
  config: {
    ...(system && { systemInstruction: system }),
    ...(maxTokens && { maxOutputTokens: maxTokens }),
    ...(tool && { tools: [{ functionDeclarations: [{ name: tool.name, description: tool.description, parametersJsonSchema: tool.parameters }] }] }),
    ...(json && { responseMimeType: 'application/json' }),
  },
});

const textOf = (r) => (r.candidates?.[0]?.content?.parts ?? []).map((p) => p.text ?? '').join('');
const callsOf = (r) => (r.functionCalls ?? []).map((f) => ({ id: f.id, name: f.name, args: f.args }));
const usageOf = (u) => ({ input: u?.promptTokenCount, output: u?.candidatesTokenCount });

const connect = ({ key, timeout }) => new GoogleGenAI({ apiKey: key, httpOptions: { timeout, retryOptions: { attempts: 1 } } });

const problem = (status, word) => ({ type: ApiError, status, check: (e) => assert.equal(JSON.parse(e.message).error.status, word) });

export default {
  name: '@google/genai',
  dialect: 'gemini',
  finish: { stop: 'STOP', length: 'MAX_TOKENS', tools: 'STOP' },
  tools: true,
  json: true,
  connect,
  chat: async (client, ask) => {
    const r = await client.models.generateContent(body(ask));
    return { text: textOf(r), finish: r.candidates[0].finishReason, model: r.modelVersion, usage: usageOf(r.usageMetadata), calls: callsOf(r), raw: r.candidates[0].content };
  },
  stream: async (client, ask, onChunk) => {
    const seen = { text: '', chunks: 0, calls: [] };
    for await (const r of await client.models.generateContentStream(body(ask))) {
      onChunk?.();
      seen.chunks++;
      seen.text += textOf(r);
      seen.calls.push(...callsOf(r));
      seen.finish = r.candidates?.[0]?.finishReason ?? seen.finish;
      seen.model = r.modelVersion ?? seen.model;
      if (r.usageMetadata) seen.usage = usageOf(r.usageMetadata);
    }
    return seen;
  },
  embed: async (client, model, contents) => {
    const r = await client.models.embedContent({ model, contents });
    return { vectors: r.embeddings.map((e) => e.values) };
  },
  models: async (client) => {
    const ids = [];
    for await (const m of await client.models.list()) ids.push(m.name);
    return ids;
  },
  errors: {
    wrongKey: problem(400, 'INVALID_ARGUMENT'),
    unknownModel: problem(404, 'NOT_FOUND'),
    retired: problem(404, 'NOT_FOUND'),
    rateLimit: problem(429, 'RESOURCE_EXHAUSTED'),
    server: problem(500, 'INTERNAL'),
    refused: { type: Error },
    timeout: { type: Error },
    overload: problem(503, 'UNAVAILABLE'),
    inStream: { type: ApiError, check: (e) => assert.ok([429, 500, 503].includes(e.status), `status ${e.status}`) },
    truncated: { silent: true },
    chunk: { type: SyntaxError },
    cut: { type: Error },
  },
  own: {
    'tokens are counted as they are billed': async ({ key, provider }) => {
      const client = connect({ key });
      const ask = { model: provider.models[0], contents: 'What is a tide? Answer in 5 words.' };
      const counted = await client.models.countTokens(ask);
      const billed = await client.models.generateContent(ask);
      assert.equal(counted.totalTokens, billed.usageMetadata.promptTokenCount);
    },
  },
};
