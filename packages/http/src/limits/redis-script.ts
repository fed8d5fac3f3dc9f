import { SLOTS } from './sliding-window.ts';

/**
 * The same window in Redis: a hash of slots and their counts, one key a script, so that a cluster takes them. Time is that of Redis:
 * processes whose clocks differ agree. A slot of the near future is one of a Redis whose clock was set back, and still counts.
 *
 * Answers: whether it was let through, how many count, the slot, milliseconds until the oldest no longer counts.
 */
const COUNT = `
local slotMs = tonumber(ARGV[1])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local slot = math.floor(now / slotMs)
local used, oldest, over = 0, nil, {}
local fields = redis.call('HGETALL', KEYS[1])
for i = 1, #fields, 2 do
  local s = tonumber(fields[i])
  if s < slot - ${SLOTS} or s > slot + ${SLOTS} then
    over[#over + 1] = fields[i]
  else
    used = used + fields[i + 1]
    if oldest == nil or s < oldest then oldest = s end
  end
end
local function reset()
  if oldest == nil then return 0 end
  return (oldest + ${SLOTS + 1}) * slotMs - now
end
`;

/** Arguments: slotMs, limit. */
export const TAKE: string = `${COUNT}
if #over > 0 then redis.call('HDEL', KEYS[1], unpack(over)) end
if used >= tonumber(ARGV[2]) then return { 0, used, slot, reset() } end
redis.call('HINCRBY', KEYS[1], string.format('%.0f', slot), 1)
redis.call('PEXPIRE', KEYS[1], (${SLOTS + 2}) * slotMs)
if oldest == nil or slot < oldest then oldest = slot end
return { 1, used + 1, slot, reset() }`;

/** Argument: slotMs. */
export const READ: string = `${COUNT}
return { 0, used, slot, reset() }`;

/** Argument: the slot. */
export const GIVE_BACK = `
local count = tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or 0)
if count > 1 then redis.call('HINCRBY', KEYS[1], ARGV[1], -1)
elseif count == 1 then redis.call('HDEL', KEYS[1], ARGV[1]) end
return count`;
