export {
  type IoredisClient,
  type NodeRedisClient,
  type RedisClient,
  type RedisSourceOptions,
  redisSource,
} from '@express-micro/mesh/sources/redis';
