// ollama. It has no keys and no time-outs; its error class is not exported.
import { Ollama } from 'ollama';

const body = ({ model, system, history = [], text, maxTokens, tool, json, result }) => ({
  model,
  messages: [
    ...(system ? [{ role: 'system', content: system }] : []),
    ...history.map((m) => ({ role: m.role, content: m.text })),
    { role: 'user', content: text },
    ...(result ? [
      { role: 'assistant', content: '', tool_calls: result.call.raw },
      { role: 'tool', tool_name: result.call.calls[0].name, content: result.output },
    ] : []),
  ],
  ...(maxTokens && { options: { num_predict: maxTokens } }),
  ...(tool && { tools: [{ type: 'function', function: tool }] }),
  ...(json && { format: 'json' }),
});

const callsOf = (raw) => (raw ?? []).map((t) => ({ name: t.function.name, args: t.function.arguments }));
const usageOf = (r) => ({ input: r.prompt_eval_count, output: r.eval_count });
const isResponseError = (e) => { if (e.name !== 'ResponseError') throw e; };

export default {
  name: 'ollama',
  dialect: 'ollama',
  finish: { stop: 'stop', length: 'length', tools: 'stop' },
  tools: true,
  json: true,
  connect: () => new Ollama({ host: process.env.OLLAMA_HOST }),
  chat: async (client, ask) => {
    const r = await client.chat(body(ask));
    const raw = r.message.tool_calls;
    return { text: r.message.content, finish: r.done_reason, model: r.model, usage: usageOf(r), calls: callsOf(raw), raw };
  },
  stream: async (client, ask, onChunk) => {
    const seen = { text: '', chunks: 0, calls: [] };
    for await (const r of await client.chat({ ...body(ask), stream: true })) {
      onChunk?.();
      seen.chunks++;
      seen.model = r.model;
      seen.text += r.message.content;
      seen.calls.push(...callsOf(r.message.tool_calls));
      if (r.done) Object.assign(seen, { finish: r.done_reason, usage: usageOf(r) });
    }
    return seen;
  },
  embed: async (client, model, input) => {
    const r = await client.embed({ model, input });
    return { vectors: r.embeddings, tokens: r.prompt_eval_count };
  },
  models: async (client) => (await client.list()).models.map((m) => m.name),
  errors: {
    unknownModel: { status: 404, says: /not found/, check: isResponseError },
    retired: { status: 404, check: isResponseError },
    server: { status: 500, check: isResponseError },
    refused: { type: Error },
    overload: { status: 503, says: /server busy/, check: isResponseError },
    inStream: { type: Error, says: /server busy|an error was encountered|too many requests/ },
    truncated: { type: Error, says: /Did not receive done/ },
    chunk: { silent: true }, // it logs the line and goes on
    cut: { type: Error },
  },
};
