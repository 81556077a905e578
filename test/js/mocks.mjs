// Starts brownout mocks and speaks to its admin API.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const program = process.env.BROWNOUT ?? fileURLToPath(new URL('../../bin/brownout', import.meta.url));

// start serves all providers, accepting one key alone, and resolves once they
// listen: what they announced, faults to switch, and an end.
export async function start(key) {
  const child = spawn(program, ['mocks', '--json', '--key', key], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text) => { said += text; });
  const ended = new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(signal ?? code));
  });
  const lines = createInterface({ input: child.stdout });
  const first = await Promise.race([
    new Promise((resolve) => lines.once('line', resolve)),
    ended.then((code) => { throw new Error(`${program} mocks ended with ${code} before it listened:\n${said}`); }),
  ]);
  const announced = JSON.parse(first);

  async function ask(method, path, body) {
    const answer = await fetch(announced.admin + path, { method, body: body && JSON.stringify(body) });
    const told = await answer.json();
    if (!answer.ok) throw new Error(`${method} ${path}: ${told.error}`);
    return told;
  }
  return {
    ...announced,
    // provider is the one that speaks a dialect, or undefined.
    provider: (dialect) => announced.providers.find((p) => p.name === dialect)
      ?? announced.providers.find((p) => p.dialect === dialect),
    status: () => ask('GET', '/v1/status'),
    inject: (provider, kind, params) => ask('POST', '/v1/faults', { provider, kind, params }),
    clear: (name) => ask('DELETE', `/v1/faults/${encodeURIComponent(name)}`),
    stop: async () => { child.kill('SIGTERM'); return ended; },
  };
}
