-- Keeps a value under a variant of a license, unless the license has changed since its stamp was read.
--
-- KEYS[1] what is known of the license
-- ARGV[1] the stamp of the license, ARGV[2] the variant, ARGV[3] the stamp of the tenant and the value, ARGV[4] the most fields
if redis.call('HGET', KEYS[1], 'g') == ARGV[1]
  and (redis.call('HLEN', KEYS[1]) < tonumber(ARGV[4]) or redis.call('HEXISTS', KEYS[1], ARGV[2]) == 1) then
  redis.call('HSET', KEYS[1], ARGV[2], ARGV[3])
end
return 1
