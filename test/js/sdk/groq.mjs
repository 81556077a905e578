// groq-sdk.
import Groq from 'groq-sdk';

import { answerOf, body, collect } from './openai.mjs';

export default {
  name: 'groq-sdk',
  dialect: 'groq',
  finish: { stop: 'stop', length: 'length', tools: 'tool_calls' },
  tools: true,
  json: true,
  connect: ({ key, timeout }) => new Groq({ apiKey: key, timeout, maxRetries: 0 }),
  chat: async (client, ask) => answerOf(await client.chat.completions.create(body(ask))),
  stream: async (client, ask, onChunk) => collect(await client.chat.completions.create({ ...body(ask), stream: true }), onChunk),
  models: async (client) => (await client.models.list()).data.map((m) => m.id),
  errors: {
    wrongKey: { type: Groq.AuthenticationError, status: 401 },
    unknownModel: { type: Groq.NotFoundError, status: 404 },
    retired: { type: Groq.BadRequestError, status: 400 },
    rateLimit: { type: Groq.RateLimitError, status: 429 },
    server: { type: Groq.InternalServerError, status: 500 },
    refused: { type: Groq.APIConnectionError },
    timeout: { type: Groq.APIConnectionTimeoutError },
    overload: { type: Groq.InternalServerError, status: 503 },
    inStream: { silent: true }, // the chunk has its reason in x_groq.error, which is a part of the answer's type
    truncated: { silent: true },
    chunk: { type: SyntaxError },
    cut: { type: Error },
  },
};
