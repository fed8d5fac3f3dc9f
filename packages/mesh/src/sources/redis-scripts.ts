/**
 * Each in one step, by the clock of Redis alone. Keys: a sorted set of ids by the end of their leases, a hash of their
 * records, and a stamp of the last change, so that a list that has not changed need not be sent.
 *
 * The stamp is a time and no counter: one that started anew in an empty Redis could come to a number that somebody knows.
 */
const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function stamp() redis.call('SET', KEYS[3], time[1] .. '.' .. time[2]) end
`;

/** A fleet that is gone for good leaves nothing behind, a day later. */
const FORGET = `for i = 1, 3 do redis.call('PEXPIRE', KEYS[i], 86400000) end`;

/** Arguments: id, record, milliseconds, whether it is news, channel. What was evicted or flushed meanwhile is news too. */
export const PUT: string = `${NOW}
redis.call('ZADD', KEYS[1], now + tonumber(ARGV[3]), ARGV[1])
local isAdded = redis.call('HSET', KEYS[2], ARGV[1], ARGV[2]) == 1
if isAdded or ARGV[4] == '1' then
  stamp()
  redis.call('PUBLISH', ARGV[5], ARGV[1])
end
${FORGET}
return 1`;

/** Arguments: the stamp that the asker knows, the largest number of records. Answers the stamp, and the records if it is another. */
export const LIST: string = `${NOW}
local ended = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, 4096)
if #ended > 0 then
  redis.call('ZREM', KEYS[1], unpack(ended))
  redis.call('HDEL', KEYS[2], unpack(ended))
  stamp()
end
local known = redis.call('GET', KEYS[3]) or ''
if known ~= '' and known == ARGV[1] then return { known } end
local ids = redis.call('ZRANGE', KEYS[1], 0, tonumber(ARGV[2]) - 1)
if #ids == 0 then return { known } end
return { known, unpack(redis.call('HMGET', KEYS[2], unpack(ids))) }`;
