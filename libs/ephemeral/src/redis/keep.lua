-- Keeps a value under a variant of a license, unless the license has changed since its stamp was read.
--
-- KEYS[1] the stamp of the license, KEYS[2] what is kept of it
-- ARGV[1] the stamp of the license, ARGV[2] the variant, ARGV[3] the stamps of tenant and license and the value, ARGV[4] the
-- most fields
if redis.call('GET', KEYS[1]) == ARGV[1] then
  local many = redis.call('HLEN', KEYS[2])
  if many < tonumber(ARGV[4]) or redis.call('HEXISTS', KEYS[2], ARGV[2]) == 1 then
    redis.call('HSET', KEYS[2], ARGV[2], ARGV[3])
    if many == 0 then redis.call('PEXPIRE', KEYS[2], 30000) end
  end
end
return 1
