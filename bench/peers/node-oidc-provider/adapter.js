// The storage of the provider. All three stores have the same rows. A consumed token is kept until it expires, so that
// the provider detects its reuse.

import Database from 'better-sqlite3';
import pg from 'pg';

const grantable = new Set(['AccessToken', 'AuthorizationCode', 'RefreshToken', 'DeviceCode']);

const schema = `
  CREATE TABLE IF NOT EXISTS models (
    id TEXT PRIMARY KEY, grant_id TEXT, payload TEXT NOT NULL, consumed BIGINT, expires_at BIGINT
  );
  CREATE INDEX IF NOT EXISTS models_by_grant ON models (grant_id);
`;
const upsert = `INSERT INTO models (id, grant_id, payload, expires_at) VALUES ($1, $2, $3, $4)
  ON CONFLICT (id) DO UPDATE SET payload = excluded.payload, expires_at = excluded.expires_at`;
const find = 'SELECT payload, consumed FROM models WHERE id = $1 AND (expires_at IS NULL OR expires_at > $2)';
const consume = 'UPDATE models SET consumed = $2 WHERE id = $1';
const destroy = 'DELETE FROM models WHERE id = $1';
const revoke = 'DELETE FROM models WHERE grant_id = $1';

function memory() {
  const rows = new Map();
  return {
    upsert: (id, grant, payload, expires) => rows.set(id, { grant, payload, expires }),
    find: (id, now) => {
      const row = rows.get(id);
      return row && (row.expires === null || row.expires > now) ? row : undefined;
    },
    consume: (id, at) => { rows.get(id).consumed = at; },
    destroy: (id) => rows.delete(id),
    revoke: (grant) => rows.forEach((row, id) => row.grant === grant && rows.delete(id)),
  };
}

function sqlite() {
  const database = new Database(process.env.BENCH_PEER_DATABASE);
  database.pragma('journal_mode = WAL');
  // While filling. `ready` switches to the measured setting.
  database.pragma('synchronous = OFF');
  database.exec(schema);
  const prepare = (text) => database.prepare(text.replace(/\$\d/g, '?'));
  const [put, get, use, remove, removeAll] = [upsert, find, 'UPDATE models SET consumed = $1 WHERE id = $2', destroy, revoke].map(prepare);
  return {
    upsert: (...values) => put.run(...values),
    find: (id, now) => get.get(id, now),
    consume: (id, at) => use.run(at, id),
    destroy: (id) => remove.run(id),
    revoke: (grant) => removeAll.run(grant),
    ready: () => database.pragma('synchronous = FULL'),
  };
}

async function postgres() {
  const pool = new pg.Pool({ connectionString: process.env.BENCH_PEER_DATABASE, max: 8 });
  const query = (name, text) => (...values) => pool.query({ name, text, values });
  // Processes that start at the same time must not create the tables concurrently.
  await pool.query(`BEGIN; SELECT pg_advisory_xact_lock(1); ${schema} COMMIT`);
  const get = query('find', find);
  return {
    upsert: query('upsert', upsert),
    find: async (...values) => (await get(...values)).rows[0],
    consume: query('consume', consume),
    destroy: query('destroy', destroy),
    revoke: query('revoke', revoke),
  };
}

const now = () => Math.floor(Date.now() / 1000);

/** The adapter class for the store that the environment names. */
export async function open() {
  const rows = await { memory, sqlite, postgres }[process.env.BENCH_PEER_STORE]();
  return class Adapter {
    static ready() {
      rows.ready?.();
    }

    constructor(model) {
      this.model = model;
    }

    key(id) {
      return `${this.model}:${id}`;
    }

    async upsert(id, payload, expiresIn) {
      const grant = grantable.has(this.model) ? payload.grantId ?? null : null;
      await rows.upsert(this.key(id), grant, JSON.stringify(payload), expiresIn ? now() + expiresIn : null);
    }

    async find(id) {
      const row = await rows.find(this.key(id), now());
      if (!row) return undefined;
      const payload = JSON.parse(row.payload);
      return row.consumed ? { ...payload, consumed: Number(row.consumed) } : payload;
    }

    async findByUid() {
      return undefined;
    }

    async findByUserCode() {
      return undefined;
    }

    async consume(id) {
      await rows.consume(this.key(id), now());
    }

    async destroy(id) {
      await rows.destroy(this.key(id));
    }

    async revokeByGrantId(grantId) {
      await rows.revoke(grantId);
    }
  };
}
