// Sessions that exist before the measurement.

import { clientId, resource, scope, year } from './provider.js';

// Concurrent inserts, because PostgreSQL would otherwise wait for each commit in turn.
const together = 500;

export async function seed(provider, count) {
  const client = await provider.Client.find(clientId);
  const tokens = [];
  while (tokens.length < count) {
    const batch = Array.from({ length: Math.min(together, count - tokens.length) }, () => session(provider, client));
    tokens.push(...await Promise.all(batch));
  }
  return tokens;
}

async function session(provider, client) {
  const grant = new provider.Grant({ accountId: 'ada', clientId });
  grant.addOIDCScope('offline_access');
  grant.addResourceScope(resource, 'read');
  const grantId = await grant.save(year);
  const token = new provider.RefreshToken({
    accountId: 'ada',
    authTime: Math.floor(Date.now() / 1000),
    claims: {},
    client,
    expiresWithSession: false,
    grantId,
    gty: 'authorization_code',
    resource,
    rotations: 0,
    scope,
  });
  return token.save(year);
}
