#!/usr/bin/env node
// Signs in with the browser or a device code, refreshes the tokens, and signs out.
//
//     node sign-in.js login | device | whoami | logout
//     ISSUER=https://auth.example.com CLIENT_ID=weather-cli node sign-in.js login
import { spawn } from 'node:child_process';
import { webcrypto } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { homedir, hostname, platform } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as oauth from 'oauth4webapi';

// Node 18 has no global `crypto`.
globalThis.crypto ??= webcrypto;

const ISSUER = process.env.ISSUER || 'http://127.0.0.1:8642';
const CLIENT_ID = process.env.CLIENT_ID || 'keystile-cli';
const HOME = process.env.SIGN_IN_HOME || join(homedir(), '.sign-in-example');
const FILE = join(HOME, 'credentials.json');
const SCOPE = 'openid email offline_access';

const client = { client_id: CLIENT_ID };
const noSecret = oauth.None();
const options = () => ({
  // Without TLS only to this machine.
  [oauth.allowInsecureRequests]: new URL(ISSUER).hostname === '127.0.0.1',
  signal: AbortSignal.timeout(30_000),
});

async function discover() {
  const issuer = new URL(ISSUER);
  const answer = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...options() });
  const server = await oauth.processDiscoveryResponse(issuer, answer);
  for (const [name, value] of Object.entries(server)) if (name.endsWith('_endpoint')) own(value);
  return server;
}

/** An address of the server: of the origin of the issuer, so also with its scheme. */
function own(address) {
  if (new URL(address).origin !== new URL(ISSUER).origin) {
    throw new Error(`The server named an address that is not its own: ${JSON.stringify(address)}`);
  }
  return address;
}

/** Signs in with the browser, which is redirected to a loopback port (RFC 8252). */
async function login() {
  const server = await discover();
  const [state, verifier] = [oauth.generateRandomState(), oauth.generateRandomCodeVerifier()];
  const listener = createServer().listen(0, '127.0.0.1');
  try {
    await new Promise((resolve) => listener.once('listening', resolve));
    const redirectUri = `http://127.0.0.1:${listener.address().port}/callback`;
    const arrived = callback(listener, redirectUri);
    // A pushed authorization request (RFC 9126) has a short link.
    const request = {
      response_type: 'code',
      redirect_uri: redirectUri,
      scope: SCOPE,
      state,
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      device_name: hostname(),
      device_os: platform(),
      tool_version: 'sign-in.js',
    };
    const answer = await oauth.pushedAuthorizationRequest(server, client, noSecret, request, options());
    const pushed = await oauth.processPushedAuthorizationResponse(server, client, answer);
    const link = own(pushed.login_url);
    console.log(`Open ${link} and check that the page shows ${pushed.user_check}`);
    openBrowser(link);

    const deadline = sleep(300_000, undefined, { ref: false });
    const url = await Promise.race([arrived, deadline]);
    if (!url) throw new Error('No callback arrived within 5 minutes.');
    // Checks `state` and `iss`, and throws if the user denied the request.
    const parameters = oauth.validateAuthResponse(server, client, url, state);
    const exchanged = await oauth.authorizationCodeGrantRequest(
      server, client, noSecret, parameters, redirectUri, verifier, options(),
    );
    await signedIn(await oauth.processAuthorizationCodeResponse(server, client, exchanged));
  } finally {
    listener.close();
    listener.closeAllConnections?.();
  }
}

function callback(listener, redirectUri) {
  return new Promise((resolve) => {
    listener.on('request', (request, response) => {
      const { method, headers } = request;
      // Any web page can send requests to this port, under other names too. Only the browser itself navigates.
      const isForUs = headers.host === new URL(redirectUri).host;
      const navigates = (headers['sec-fetch-mode'] ?? 'navigate') === 'navigate';
      const [path, query] = request.url.split('?', 2);
      const isCallback = method === 'GET' && path === '/callback' && isForUs && navigates;
      response.writeHead(isCallback ? 200 : 404, { 'Content-Type': 'text/plain', Connection: 'close' });
      response.end(isCallback ? 'You can return to your terminal.' : '');
      if (isCallback) resolve(new URL(`?${query ?? ''}`, redirectUri));
    });
  });
}

/** Signs in with a device code, entered on any other device (RFC 8628). */
async function device() {
  const server = await discover();
  const request = { scope: SCOPE, device_name: hostname(), device_os: platform() };
  const answer = await oauth.deviceAuthorizationRequest(server, client, noSecret, request, options());
  const codes = await oauth.processDeviceAuthorizationResponse(server, client, answer);
  console.log(`Open ${own(codes.verification_uri)} and enter the code ${codes.user_code}`);
  const deadline = Date.now() + codes.expires_in * 1000;
  for (let interval = codes.interval ?? 5; Date.now() < deadline; ) {
    await sleep(interval * 1000);
    try {
      const polled = await oauth.deviceCodeGrantRequest(server, client, noSecret, codes.device_code, options());
      return await signedIn(await oauth.processDeviceCodeResponse(server, client, polled));
    } catch (error) {
      if (error.error === 'slow_down') interval += 5;
      else if (error.error !== 'authorization_pending') throw error;
    }
  }
  throw new Error('The code has expired.');
}

async function signedIn(tokens) {
  await store(tokens);
  console.log('Signed in.');
}

async function whoami() {
  const headers = { Authorization: `Bearer ${await accessToken()}` };
  const answer = await fetch(`${ISSUER}/api/v1/whoami`, { headers, signal: AbortSignal.timeout(30_000) });
  if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`);
  console.log(JSON.stringify(await answer.json(), null, 2));
}

async function accessToken() {
  const kept = await load();
  if (kept.ends_at > Date.now() + 60_000) return kept.access_token;
  // Node has no file locks. For a minute the server gives the same new tokens to every process that presents the old
  // refresh token, so processes that refresh at the same time do no harm.
  const server = await discover();
  const answer = await oauth.refreshTokenGrantRequest(server, client, noSecret, kept.refresh_token, options());
  return (await store(await oauth.processRefreshTokenResponse(server, client, answer))).access_token;
}

async function logout() {
  const { refresh_token: token } = await load();
  await oauth.processRevocationResponse(
    await oauth.revocationRequest(await discover(), client, noSecret, token, options()),
  );
  await rm(FILE);
  console.log('Signed out.');
}

async function load() {
  try {
    return JSON.parse(await readFile(FILE, 'utf8'));
  } catch (error) {
    throw error.code === 'ENOENT' ? new Error('Not signed in.') : error;
  }
}

/** Replaces the file atomically. */
async function store({ access_token, refresh_token, expires_in }) {
  const kept = { access_token, refresh_token, ends_at: Date.now() + expires_in * 1000 };
  await mkdir(HOME, { mode: 0o700, recursive: true });
  const temporary = join(HOME, `credentials.${process.pid}`);
  const file = await open(temporary, 'wx', 0o600);
  try {
    await file.writeFile(JSON.stringify(kept));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, FILE);
  return kept;
}

/** Opens the link. Errors are ignored, because the link has been printed. */
function openBrowser(link) {
  const opener = { darwin: 'open', win32: 'explorer' }[platform()] ?? 'xdg-open';
  spawn(process.env.BROWSER || opener, [link], { stdio: 'ignore', detached: true }).on('error', () => {}).unref();
}

const commands = { login, device, whoami, logout };
const command = Object.hasOwn(commands, process.argv[2] ?? '') ? commands[process.argv[2]] : undefined;
try {
  if (!command) throw new Error('usage: sign-in.js login | device | whoami | logout');
  await command();
} catch (error) {
  console.error(error.error_description ?? error.message);
  process.exitCode = 1;
}
