// A provider that responds to a refresh like Keystile: with a new refresh token, and an access token that is a JWT
// signed with RS256.

import Provider from 'oidc-provider';

export const clientId = 'bench';
export const resource = 'https://api.example.com';
export const scope = 'offline_access read';
export const year = 365 * 24 * 60 * 60;

export function build(Adapter, key) {
  return new Provider(`http://${process.env.BENCH_PEER_ADDRESS}`, {
    adapter: Adapter,
    jwks: { keys: [key] },
    clients: [{
      client_id: clientId,
      application_type: 'native',
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token'],
      redirect_uris: ['http://127.0.0.1/callback'],
    }],
    scopes: ['openid', 'offline_access', 'read'],
    rotateRefreshToken: true,
    ttl: { Grant: year, RefreshToken: year },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    features: {
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => resource,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          scope: 'read',
          accessTokenFormat: 'jwt',
          accessTokenTTL: 8 * 60 * 60,
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
  });
}
