// #region source
import { Kvm } from '@nats-io/kv';
import { connect } from '@nats-io/transport-node';
import { natsSource } from 'express-micro/sources/nats';

// Without these two it gives up: at once where NATS is not there yet, and later after ten tries.
const connection = connect({ servers: process.env.NATS_URL, waitOnFirstConnect: true, maxReconnectAttempts: -1 });
const client = connection.then((opened) => new Kvm(opened));

export const source = natsSource({ client }); // expressMicro(app, { source })
// #endregion
export const endClient = async () => (await connection).close();
