-- Counts a request for all of its limits, or for none, and says what is known of the license it is about.
--
-- KEYS[1]  the stamp of the tenant
-- KEYS[2]  what is known of the license, when one is asked for: `g` is its stamp, other fields are named by a variant
--          and hold the stamp of the tenant and a value
-- KEYS[..] the limits, each the instant at which it is full
-- ARGV[1]  the time in microseconds (0: Redis's own), whether a license is asked for, the number of limits; of
--          each its period in nanoseconds, its count, and what it is (1: take, 2: wrong keys of an address, 4: of a tenant)
-- ARGV[2]  11 bytes that no other request has
-- ARGV[3]  the variant
-- ARGV[4]  the stamps of tenant and license that the asker holds, or nothing
--
-- Answers 12 bytes per limit (left, full after, retry after or 0), the stamp of the tenant, and a byte: 0 unknown, 1 missing
-- (stamp of the license), 2 current, 3 kept (stamp of the license, value).
local floor, ceil, call, pack, unpack_ = math.floor, math.ceil, redis.call, struct.pack, struct.unpack
local request = ARGV[1]
local now, license, many, at = unpack_('<dBB', request)
local spare = 2
if now == 0 then
  local time = call('TIME')
  now = time[1] * 1000000 + time[2]
else
  -- The clock of a test may stand still while keys expire.
  spare = 60000
end
local first = 1 + license

-- A stamp carries the time as well, because a command that is sent again has the same bytes.
local function stamp(kind)
  return ARGV[2] .. pack('>I5', (now * 2 + kind) % 1099511627776)
end

local known = call('MGET', KEYS[1], unpack(KEYS, first + 1))
local tenant = known[1]
if not tenant then
  tenant = stamp(0)
  call('SET', KEYS[1], tenant, 'PX', 86400000)
end

local period, most, flags, debt, wait = {}, {}, {}, {}, {}
local guesses, refused = false, false
for i = 1, many do
  local count
  period[i], count, flags[i], at = unpack_('<dI4B', request, at)
  most[i] = period[i] * count
  local owed = 0
  if known[i + 1] then
    local us, ns = unpack_('<dI2', known[i + 1])
    owed = (us - now) * 1000 + ns
    if owed < 0 then owed = 0 elseif owed > most[i] then owed = most[i] end
  end
  debt[i] = owed
  wait[i] = owed + period[i] - most[i]
  if owed > 0 and floor(flags[i] / 2) % 2 == 1 then guesses = true end
end
local retry = {}
for i = 1, many do
  retry[i] = 0
  if wait[i] > 0 and (flags[i] < 4 or guesses) then
    retry[i] = ceil(wait[i] / 1000000000)
    refused = true
  end
end
local answer = {}
for i = 1, many do
  local owed = debt[i]
  if not refused and flags[i] % 2 == 1 and wait[i] <= 0 then
    owed = owed + period[i]
    local ns = owed % 1000
    call('SET', KEYS[first + i], pack('<dI2', now + (owed - ns) / 1000, ns), 'PX', ceil(owed / 1000000) + spare)
  end
  answer[i] = pack('<I4I4I4', floor((most[i] - owed) / period[i]), ceil(owed / 1000000000), retry[i])
end
answer[many + 1] = tenant

if license == 0 or refused then
  answer[many + 2] = '\0'
else
  local kept = call('HMGET', KEYS[2], 'g', ARGV[3])
  local g, value = kept[1], kept[2]
  if not g then
    g = stamp(1)
    call('HSET', KEYS[2], 'g', g)
    call('PEXPIRE', KEYS[2], 30000)
  end
  if ARGV[4] == tenant .. g then
    answer[many + 2] = '\2'
  elseif value and string.sub(value, 1, 16) == tenant then
    answer[many + 2] = '\3' .. g .. string.sub(value, 17)
  else
    answer[many + 2] = '\1' .. g
  end
end
return table.concat(answer)
