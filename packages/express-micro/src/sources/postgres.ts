export { type PostgresPool, type PostgresSourceOptions, postgresSource } from '@express-micro/mesh/sources/postgres';
