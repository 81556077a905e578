// @aws-sdk/client-bedrock-runtime, which speaks HTTP/2 without TLS to the mocks.
import {
  AccessDeniedException, BedrockRuntimeClient, BedrockRuntimeServiceException, ConverseCommand, ConverseStreamCommand,
  InternalServerException, InvokeModelCommand, InvokeModelWithResponseStreamCommand, ServiceUnavailableException, ThrottlingException,
} from '@aws-sdk/client-bedrock-runtime';
import assert from 'node:assert/strict';

const body = ({ model, system, history = [], text, maxTokens, tool, result }) => ({
  modelId: model,
  ...(system && { system: [{ text: system }] }),
  messages: [
    ...history.map((m) => ({ role: m.role, content: [{ text: m.text }] })),
    { role: 'user', content: [{ text }] },
    ...(result ? [
      result.call.raw,
      { role: 'user', content: [{ toolResult: { toolUseId: result.call.calls[0].id, content: [{ text: result.output }] } }] },
    ] : []),
  ],
  ...(maxTokens && { inferenceConfig: { maxTokens } }),
  ...(tool && { toolConfig: { tools: [{ toolSpec: { name: tool.name, description: tool.description, inputSchema: { json: tool.parameters } } }] } }),
});

const connect = ({ key, timeout }) => new BedrockRuntimeClient({
  credentials: { accessKeyId: key, secretAccessKey: 'brownout' },
  maxAttempts: 1,
  ...(timeout && { requestHandler: { requestTimeout: timeout } }),
});

const usageOf = (u) => ({ input: u.inputTokens, output: u.outputTokens });

const claude = (provider) => provider.models.find((m) => /anthropic\./.test(m));
const invocation = (provider, id) => ({
  modelId: claude(provider), contentType: 'application/json',
  body: JSON.stringify({
    anthropic_version: 'bedrock-2023-05-31', max_tokens: 200,
    messages: [{ role: 'user', content: `[[bo:${id}]] Answer in 12 words.` }],
  }),
});

export default {
  name: '@aws-sdk/client-bedrock-runtime',
  dialect: 'bedrock',
  finish: { stop: 'end_turn', length: 'max_tokens', tools: 'tool_use' },
  tools: true,
  connect,
  chat: async (client, ask) => {
    const r = await client.send(new ConverseCommand(body(ask)));
    const { content } = r.output.message;
    return {
      text: content.map((b) => b.text ?? '').join(''),
      finish: r.stopReason,
      usage: usageOf(r.usage),
      calls: content.filter((b) => b.toolUse).map(({ toolUse: t }) => ({ id: t.toolUseId, name: t.name, args: t.input })),
      raw: r.output.message,
    };
  },
  stream: async (client, ask, onChunk) => {
    const seen = { text: '', chunks: 0, calls: [] };
    const r = await client.send(new ConverseStreamCommand(body(ask)));
    for await (const event of r.stream) {
      onChunk?.();
      seen.chunks++;
      const start = event.contentBlockStart?.start?.toolUse;
      if (start) seen.calls.push({ id: start.toolUseId, name: start.name, args: '' });
      const delta = event.contentBlockDelta?.delta;
      seen.text += delta?.text ?? '';
      if (delta?.toolUse) seen.calls.at(-1).args += delta.toolUse.input;
      if (event.messageStop) seen.finish = event.messageStop.stopReason;
      if (event.metadata) seen.usage = usageOf(event.metadata.usage);
    }
    seen.calls = seen.calls.map((c) => ({ ...c, args: JSON.parse(c.args) }));
    return seen;
  },
  errors: {
    wrongKey: { type: BedrockRuntimeServiceException, status: 403, check: (e) => assert.ok(e.name === 'UnrecognizedClientException' || e instanceof AccessDeniedException, e.name) },
    unknownModel: { type: BedrockRuntimeServiceException, status: 400, check: (e) => assert.equal(e.name, 'ValidationException') },
    retired: { type: BedrockRuntimeServiceException, status: 404, check: (e) => assert.equal(e.name, 'ResourceNotFoundException') },
    rateLimit: { type: ThrottlingException, status: 429 },
    server: { type: InternalServerException, status: 500 },
    refused: { type: Error },
    timeout: { type: Error, check: (e) => assert.equal(e.name, 'TimeoutError') },
    // Over HTTP/2 a reset connection ends the iteration without an error: only
    // the missing messageStop tells (seen with 3.1164.0).
    cut: { type: Error, silent: true },
    overload: { type: ServiceUnavailableException, status: 503 },
    inStream: { type: BedrockRuntimeServiceException },
    truncated: { silent: true },
    chunk: { type: Error, says: /message checksum/ },
  },
  own: {
    'InvokeModel answers in the model\'s own words': async ({ key, provider }) => {
      const r = await connect({ key }).send(new InvokeModelCommand(invocation(provider, 'js-invoke')));
      const told = JSON.parse(new TextDecoder().decode(r.body));
      assert.match(told.content[0].text, /\[bo:js-invoke\]/);
      assert.equal(told.stop_reason, 'end_turn');
    },
    'InvokeModelWithResponseStream too': async ({ key, provider }) => {
      const r = await connect({ key }).send(new InvokeModelWithResponseStreamCommand(invocation(provider, 'js-invoke-stream')));
      let text = '';
      const types = [];
      for await (const event of r.body) {
        const told = JSON.parse(new TextDecoder().decode(event.chunk.bytes));
        types.push(told.type);
        text += told.delta?.text ?? '';
      }
      assert.match(text, /\[bo:js-invoke-stream\]/);
      assert.equal(types[0], 'message_start');
      assert.equal(types.at(-1), 'message_stop');
    },
    'an unknown model leaves the connection in use': async ({ key, provider }) => {
      const client = connect({ key });
      await assert.rejects(client.send(new ConverseCommand(body({ model: 'no-such-model', text: 'Hello.' }))));
      await Promise.all(Array.from({ length: 8 }, (_, i) => client.send(new ConverseCommand(body({ model: provider.models[0], text: `Hello ${i} in 3 words.` })))));
    },
  },
};
