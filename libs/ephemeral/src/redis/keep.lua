-- Keeps what was loaded about a license, unless it has changed since.
-- KEYS: its hash. ARGV: its stamp when that was loaded, the field, what was loaded, how many fields there may be.
if redis.call('HGET', KEYS[1], 'g') == ARGV[1] and redis.call('HLEN', KEYS[1]) < tonumber(ARGV[4]) then
  redis.call('HSET', KEYS[1], ARGV[2], ARGV[3])
end
return 1
