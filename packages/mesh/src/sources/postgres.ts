import { type Option, OptionProblem } from '@express-micro/core';
import type { Lease, LeaseRegistry } from './registry.ts';
import { registrySource } from './registry-source.ts';
import type { SourceFactory } from './source.ts';
import { clientOption, has, resolveSourceOptions } from './source-options.ts';

export type { SourceFactory } from './source.ts';

/** What is used of a `Pool` of `pg`. */
export interface PostgresPool {
  query(text: string, values?: unknown[]): Promise<{ readonly rows: readonly unknown[] }>;
  connect(): Promise<PostgresConnection>;
  on(event: 'error', listener: (error: Error) => void): unknown;
}

interface PostgresConnection {
  query(text: string): Promise<unknown>;
  on(event: 'notification', listener: () => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  release(isDestroyed?: boolean): void;
}

export interface PostgresSourceOptions {
  /** A `Pool` of `pg` with two connections at the least: one of them listens. It stays yours: `close()` leaves it open. */
  readonly client: PostgresPool;
  /** The table that holds the records; it is made if it is not there. Two fleets in one database have two. @default 'express_micro_members' */
  readonly table?: string | undefined;
}

const CLIENT = clientOption<PostgresPool>(
  'a pool of pg: new Pool({ connectionString })',
  // A single client of pg has the same methods, and ends with its first connection.
  (pool) => has(pool, 'query', 'connect') && typeof pool.totalCount === 'number',
);

const TABLE: Option<string> = {
  takes: 'the name of a table: up to 63 small letters, digits and "_"',
  fallback: () => 'express_micro_members',
  read: (value) => {
    if (typeof value !== 'string' || !/^[a-z_][a-z0-9_]{0,62}$/.test(value)) throw new OptionProblem();
    return value;
  },
};

/**
 * Finds the others in PostgreSQL: `expressMicro(app, { source: postgresSource({ client: pool }) })`.
 *
 * @throws MESH_OPTION_INVALID
 */
export function postgresSource(options: PostgresSourceOptions): SourceFactory {
  const { client, table } = resolveSourceOptions('postgresSource()', { client: CLIENT, table: TABLE }, options);
  // An emitter without a listener for errors ends the process with the first; that the engine is lost is told by the source.
  client.on('error', () => {});
  return registrySource('PostgreSQL', () => createPostgresRegistry(client, table));
}

function createPostgresRegistry(pool: PostgresPool, table: string): LeaseRegistry {
  const sql = statements(table);
  let listener: PostgresConnection | undefined;
  let listening: Promise<void> | undefined;
  let isClosed = false;
  let hint = (): void => {};

  /** One at a time: a connection that comes late, when nobody waits for it any more, is still the one. */
  function listen(): Promise<void> {
    listening ??= listenOnce().finally(() => {
      listening = undefined;
    });
    return listening;
  }

  async function listenOnce(): Promise<void> {
    if (listener !== undefined) return;
    const connection = await pool.connect();
    if (isClosed) {
      connection.release();
      return;
    }
    connection.on('error', () => drop(connection));
    connection.on('notification', () => hint());
    listener = connection;
    await connection.query(`LISTEN "${table}"`);
  }

  function drop(connection: PostgresConnection | undefined): void {
    if (connection === undefined || connection !== listener) return;
    listener = undefined;
    connection.release(true);
  }

  return {
    async open(onHint) {
      drop(listener);
      hint = onHint;
      const { rows } = await pool.query(sql.find);
      // To make what is there takes a right that need not be given.
      if ((rows[0] as { found?: unknown } | undefined)?.found !== true) await pool.query(sql.create);
      await listen();
    },

    async put({ id, value, ttlMs, isNews }: Lease) {
      await listen();
      await pool.query(sql.put, [id, value, ttlMs, isNews]);
    },

    async list(max) {
      const { rows } = await pool.query(sql.list, [max]);
      return rows.map((row) => String((row as { record: unknown }).record));
    },

    async close() {
      isClosed = true;
      drop(listener);
    },
  };
}

/** All by the clock of the database. The table is unlogged: leases are worth nothing after a crash, and cost no log before it. */
function statements(table: string) {
  return {
    find: `SELECT to_regclass('"${table}"') IS NOT NULL AS found`,
    // In one transaction: of several that start at once, one makes it and the others wait.
    create: `SELECT pg_advisory_xact_lock(hashtext('${table}'));
      CREATE UNLOGGED TABLE IF NOT EXISTS "${table}" (id text PRIMARY KEY, record text NOT NULL, ends_at timestamptz NOT NULL)`,
    put: `WITH written AS (
        INSERT INTO "${table}" (id, record, ends_at)
        VALUES ($1, $2, clock_timestamp() + $3::double precision * interval '1 millisecond')
        ON CONFLICT (id) DO UPDATE SET record = excluded.record, ends_at = excluded.ends_at
      ) SELECT pg_notify('${table}', $1) WHERE $4::boolean`,
    // Several sweep at once, and none waits for another.
    list: `WITH swept AS (
        DELETE FROM "${table}" WHERE id IN (
          SELECT id FROM "${table}" WHERE ends_at <= clock_timestamp() FOR UPDATE SKIP LOCKED
        )
      ) SELECT record FROM "${table}" WHERE ends_at > clock_timestamp() LIMIT $1`,
  };
}
