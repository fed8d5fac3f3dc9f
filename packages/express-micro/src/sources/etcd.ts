export { type EtcdClient, type EtcdSourceOptions, etcdSource } from '@express-micro/mesh/sources/etcd';
