"""What Redis does in one step: scripts in Lua, atomic for every reader and writer."""

from typing import Final

# A stored answer begins (ocsp.store.record): status, reason, signer (2), thisUpdate (8), nextUpdate (8),
# revoked_at (8), not_after (8). Numbers are read in two halves: strings would be compared by the locale.
_READING: Final = """
local answers, ages, versions, meta = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local REVOKED = 1
local function number(octets, at)
  local high, low = struct.unpack('>I4I4', octets, at)
  return high * 4294967296 + low
end
local function age(octets, key) return string.sub(octets, 5, 12) .. key end
local seq = tonumber(redis.call('HGET', meta, 'seq') or '0')
"""

PUT: Final = (
    _READING
    + """
local function may_replace(known, answer)
  local was, is = string.byte(known, 1) == REVOKED, string.byte(answer, 1) == REVOKED
  if was ~= is then return is end
  return number(answer, 5) >= number(known, 5)
end
redis.call('HSETNX', meta, 'epoch', ARGV[1])
local refused = {}
for n = 2, #ARGV, 2 do
  local key, answer = ARGV[n], ARGV[n + 1]
  local known = redis.call('HGET', answers, key)
  if known and not may_replace(known, answer) then
    refused[#refused + 1] = key
  else
    if known then redis.call('ZREM', ages, age(known, key)) end
    seq = seq + 1
    redis.call('HSET', answers, key, answer)
    redis.call('ZADD', ages, 0, age(answer, key))
    redis.call('ZADD', versions, seq, key)
  end
end
redis.call('HSET', meta, 'seq', string.format('%.0f', seq))
return refused
"""
)
"""Arguments: an epoch for a store that is new, then key and answer by turns; returns the keys refused."""

REMOVE: Final = (
    _READING
    + """
local removed, before = 0, tonumber(ARGV[1])
for n = 2, #ARGV do
  local key = ARGV[n]
  local known = redis.call('HGET', answers, key)
  if known and number(known, 29) < before then
    redis.call('ZREM', ages, age(known, key))
    redis.call('ZREM', versions, key)
    redis.call('HDEL', answers, key)
    removed = removed + 1
    seq = seq + 1
  end
end
redis.call('HSET', meta, 'seq', string.format('%.0f', seq))
return removed
"""
)
"""Arguments: the moment before which a certificate must have ended, then keys; returns how many went."""
