// A node-oidc-provider for `make bench`. ../README.md describes the variables.

import cluster from 'node:cluster';
import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';

import { open } from './adapter.js';
import { build } from './provider.js';
import { seed } from './seed.js';

const [host, port] = process.env.BENCH_PEER_ADDRESS.split(':');
const processes = Number(process.env.BENCH_PEER_PROCESSES);

function newKey() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), alg: 'RS256', use: 'sig' };
}

async function listen(provider) {
  await new Promise((resolve) => provider.listen(Number(port), host, resolve));
}

if (cluster.isPrimary) {
  const key = newKey();
  const Adapter = await open();
  const provider = build(Adapter, key);
  const tokens = await seed(provider, Number(process.env.BENCH_PEER_SESSIONS));
  Adapter.ready();
  writeFileSync(process.env.BENCH_PEER_TOKENS, tokens.join('\n'), { mode: 0o600 });
  if (processes > 1) {
    const listening = Array.from({ length: processes }, () => new Promise((resolve) => {
      cluster.fork({ BENCH_PEER_KEY: JSON.stringify(key) }).once('listening', resolve);
    }));
    cluster.on('exit', () => process.exit(1));
    await Promise.all(listening);
  } else {
    await listen(provider);
  }
  console.log('ready');
} else {
  const Adapter = await open();
  Adapter.ready();
  await listen(build(Adapter, JSON.parse(process.env.BENCH_PEER_KEY)));
}
