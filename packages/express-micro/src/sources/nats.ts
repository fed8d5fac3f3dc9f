export { type NatsKvm, type NatsSourceOptions, natsSource } from '@express-micro/mesh/sources/nats';
