// #region source
import { Etcd3 } from 'etcd3';
import { etcdSource } from 'express-micro/sources/etcd';

const client = new Etcd3({ hosts: process.env.ETCD_URL });

export const source = etcdSource({ client }); // expressMicro(app, { source })
// #endregion
export const endClient = () => client.close();
