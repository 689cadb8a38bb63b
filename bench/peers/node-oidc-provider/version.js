// Prints the measured version; fails if it is not installed.

import { createRequire } from 'node:module';

const { version } = createRequire(import.meta.url)('oidc-provider/package.json');
await Promise.all(['oidc-provider', 'better-sqlite3', 'pg'].map((name) => import(name)));
console.log(`${version} on Node.js ${process.versions.node}`);
