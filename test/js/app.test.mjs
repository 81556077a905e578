// An application's own tests, as its makers would write them: nothing here
// knows of Brownout. exec.test.mjs has them run under faults.
import { test } from 'node:test';
import assert from 'node:assert/strict';

import OpenAI from 'openai';
import Anthropic from '@anthropic-ai/sdk';

const openai = new OpenAI();
const anthropic = new Anthropic();
const messages = (content) => [{ role: 'user', content }];

// ask has one provider answer, or the other where that one fails.
async function ask(content) {
  try {
    const r = await openai.chat.completions.create({ model: 'gpt-5.4', messages: messages(content) });
    return r.choices[0].message.content;
  } catch {
    const r = await anthropic.messages.create({ model: 'claude-sonnet-4-5', max_tokens: 100, messages: messages(content) });
    return r.content[0].text;
  }
}

test('answers', async () => {
  assert.ok((await ask('What is the weather like in Oslo?')).length > 10);
  assert.ok((await ask('And in Rome?')).length > 10);
});

test('writes to a customer', async () => {
  assert.ok((await ask('Write a letter to Jane Doe, in 20 words')).length > 10);
});

test('shows the beginning of a story', async () => {
  let seen = 0;
  for await (const chunk of await openai.chat.completions.create({ model: 'gpt-5.4', stream: true, messages: messages('A story of Oslo') })) {
    if (chunk.choices[0]?.delta.content && ++seen === 5) break;
  }
  assert.equal(seen, 5);
});

test('has little patience', async () => {
  await assert.rejects(openai.chat.completions.create({ model: 'gpt-5.4', messages: messages('Quick!') }, { timeout: 300 }), OpenAI.APIConnectionTimeoutError);
});
