-- Counts a request for its limits and says what is known of its license, in one step.
-- KEYS: one bucket for each limit, the stamp of the tenant and, where a license is asked for, its hash.
-- ARGV: number of limits, seconds that the stamp of the tenant and the hash live, two fresh stamps;
--   for each limit its count, its seconds and what to do: "take", "look", "own" (look, and note whether it was
--   used), "all" (look, but refuse only who has used his own);
--   for the license: the field, and the stamps under which the asker has it, or nothing.
-- Answer: "no" or "yes", the stamp of the tenant, for each limit what is left, the microseconds until it is full and
--   those until one more is allowed (-1 when this one was); then "", "current", "missing" or "kept" with the stamp of
--   the license and what was kept.
local limits = tonumber(ARGV[1])
local clock = redis.call('TIME')
-- Counted from 2025, so that fractions of a microsecond have room in a number.
local now = (clock[1] - 1735689600) * 1000000 + clock[2]
local known = redis.call('MGET', unpack(KEYS, 1, limits + 1))
local full, one, standing, allowed, guessed = {}, {}, {}, true, false

for i = 1, limits do
  local a = 5 + (i - 1) * 3
  local count, window, act = tonumber(ARGV[a + 1]), ARGV[a + 2] * 1000000, ARGV[a + 3]
  one[i] = window / count
  full[i] = math.max(tonumber(known[i]) or 0, now)
  local wait = full[i] + one[i] - window - now
  -- A thousandth of a microsecond is what numbers may be off by.
  local refused = wait > 0.001 * count
  if act == 'own' and full[i] > now then guessed = true end
  if refused and not (act == 'all' and not guessed) then
    allowed = false
    standing[i] = math.max(wait, 1)
  else
    standing[i] = -1
  end
end

local tenant = known[limits + 1]
if not tenant then
  tenant = ARGV[4]
  redis.call('SET', KEYS[limits + 1], tenant, 'EX', ARGV[2])
end

local answer = {allowed and 'yes' or 'no', tenant}
for i = 1, limits do
  local a = 5 + (i - 1) * 3
  if allowed and ARGV[a + 3] == 'take' then
    full[i] = full[i] + one[i]
    redis.call('SET', KEYS[i], string.format('%.4f', full[i]), 'PX', math.ceil((full[i] - now) / 1000))
  end
  local missing = full[i] - now
  answer[#answer + 1] = math.max(math.floor((ARGV[a + 2] * 1000000 - missing) / one[i] + 0.001), 0)
  answer[#answer + 1] = math.ceil(missing)
  answer[#answer + 1] = math.ceil(standing[i])
end

local place = KEYS[limits + 2]
if not (allowed and place) then
  answer[#answer + 1] = ''
  return answer
end
local a = 5 + limits * 3
local found = redis.call('HMGET', place, 'g', ARGV[a + 1])
local license, kept = found[1], found[2]
if not license then
  license = ARGV[5]
  redis.call('HSET', place, 'g', license)
  redis.call('EXPIRE', place, ARGV[3])
  kept = false
end
if tenant == ARGV[a + 2] and license == ARGV[a + 3] then
  answer[#answer + 1] = 'current'
elseif kept and string.sub(kept, 1, 16) == tenant then
  answer[#answer + 1] = 'kept'
  answer[#answer + 1] = license
  answer[#answer + 1] = string.sub(kept, 17)
else
  answer[#answer + 1] = 'missing'
  answer[#answer + 1] = license
end
return answer
