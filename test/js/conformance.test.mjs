// The official SDKs, unmodified, against brownout mocks. Each SDK is a file in
// sdk/ that says how it is called and which of its error classes it should
// throw; what is expected of all of them is in checks.mjs. Clients find the
// mocks by the environment variables that brownout prints, where they read any.
import { after, describe, test } from 'node:test';
import assert from 'node:assert/strict';

import { start } from './mocks.mjs';
import { checks } from './checks.mjs';
import * as openai from './sdk/openai.mjs';
import anthropic from './sdk/anthropic.mjs';
import bedrock from './sdk/bedrock.mjs';
import gemini from './sdk/gemini.mjs';
import groq from './sdk/groq.mjs';
import mistral from './sdk/mistral.mjs';
import ollama from './sdk/ollama.mjs';

const sdks = [
  openai.chat, openai.responses, openai.azure, openai.xai, openai.deepseek, openai.vllm,
  anthropic, gemini, bedrock, groq, mistral, ollama,
];

const key = 'sk-conformance-0123456789';
const mocks = await start(key);
Object.assign(process.env, mocks.env);

const passed = new Map(sdks.map((s) => [s.name, 0]));

// counted runs a check and counts it, unless it skips itself.
async function counted(sdk, provider, t, run) {
  let skipped = false;
  await run({ mocks, provider, key, skip: (why) => { skipped = true; t.skip(why); } });
  if (!skipped) passed.set(sdk.name, passed.get(sdk.name) + 1);
}

after(async () => {
  assert.equal(await mocks.stop(), 0, 'mocks that are told to stop exit with 0');
  console.log('checks passed: ' + [...passed].map(([name, n]) => `${name} ${n}`).join(', '));
});

// Faults act on a provider, so that what shares one runs one after the other,
// and the providers beside each other.
const byProvider = new Map();
for (const sdk of sdks) byProvider.set(sdk.dialect, [...(byProvider.get(sdk.dialect) ?? []), sdk]);

describe('conformance', { concurrency: true }, () => {
  for (const [dialect, group] of byProvider) {
    const provider = mocks.provider(dialect);
    describe(dialect, { concurrency: false, skip: provider ? false : `brownout has no provider of the dialect ${dialect}` }, () => {
      for (const sdk of group) {
        describe(sdk.name, { concurrency: false }, () => {
          for (const check of checks) {
            const missing = check.needs.filter((n) => !sdk[n] && !sdk.errors[n]);
            const skip = missing.length > 0 && `${sdk.name} has no ${missing.join(', ')}`;
            test(check.name, { skip, timeout: 30_000 }, (t) => counted(sdk, provider, t, (c) => check.run(sdk, c)));
          }
          for (const [name, run] of Object.entries(sdk.own ?? {})) {
            test(name, { timeout: 30_000 }, (t) => counted(sdk, provider, t, run));
          }
        });
      }
    });
  }
});
