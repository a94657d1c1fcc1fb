-- Counts requests of one tenant, one after the other, each for all of its limits or for none, and says what is known of
-- the licenses that they are about.
--
-- KEYS[1]  the stamp of the tenant
-- KEYS[..] the limits, each the instant at which it is full
-- KEYS[..] what is known of the licenses: `g` is the stamp, other fields are named by a variant and hold the stamp of
--          the tenant and a value
-- ARGV[1]  the time in microseconds (0: Redis's own), and how many follow of each of these:
--          rules     the period in nanoseconds, the count, and what it is (1: take, 2: wrong keys of an address, 4: of a tenant)
--          limits    nothing, they are in KEYS
--          look-ups  which of the licenses, the variant, and the stamps of tenant and license that the asker holds, or zeros
--          requests  how many limits, which of the look-ups (0: none); of each limit its rule and which it is
-- ARGV[2]  11 bytes that no other command has
--
-- Answers the time, the stamp of the tenant, of each limit the instant at which it was full before, and of each look-up a
-- byte: 0 not made, because each request that wanted it was refused, 1 missing (stamp of the license), 2 current, 3 kept
-- (stamp of the license, length of the value, value). How the limits stand after each request follows from that.
local call, byte, sub, pack, unpack_ = redis.call, string.byte, string.sub, struct.pack, struct.unpack
local request = ARGV[1]
local now, rules, limits, look_ups, requests, at = unpack_('<dBBBB', request)
local spare = 2
if now == 0 then
  local time = call('TIME')
  now = time[1] * 1000000 + time[2]
else
  -- The clock of a test may stand still while keys expire.
  spare = 60000
end

-- A stamp carries the time as well, of more than two hours, because a command that is sent again has the same bytes; and a
-- number below 128, because a command may make several.
local function stamp(number)
  return ARGV[2] .. pack('>I5', now % 8589934592 * 128 + number)
end

local known = call('MGET', unpack(KEYS, 1, 1 + limits))
local tenant = known[1]
if not tenant then
  tenant = stamp(0)
  call('SET', KEYS[1], tenant, 'PX', 86400000)
  known[1] = tenant
end

local debt = {}
for i = 1, limits do
  local owed = 0
  if known[i + 1] then
    local us, ns = unpack_('<dI2', known[i + 1])
    owed = (us - now) * 1000 + ns
    if owed < 0 then owed = 0 end
  else
    known[i + 1] = '\0\0\0\0\0\0\0\0\0\0'
  end
  debt[i] = owed
end

local period, most, flags = {}, {}, {}
for i = 1, rules do
  local count
  period[i], count, flags[i], at = unpack_('<dI4B', request, at)
  most[i] = period[i] * count
end

local first = at
at = at + 65 * look_ups
local stamps, found = {}, {}
for i = 1, look_ups do
  found[i] = '\0'
end

local function find(i)
  local from = first + 65 * (i - 1)
  local license = 1 + limits + byte(request, from)
  local key = KEYS[license]
  local g = stamps[license]
  if not g then
    g = call('HGET', key, 'g')
    if not g then
      g = stamp(i)
      call('HSET', key, 'g', g)
      call('PEXPIRE', key, 30000)
    end
    stamps[license] = g
  end
  if sub(request, from + 33, from + 64) == tenant .. g then return '\2' end
  local value = call('HGET', key, sub(request, from + 1, from + 32))
  if value and sub(value, 1, 16) == tenant then
    return '\3' .. g .. pack('<I4', #value - 16) .. sub(value, 17)
  end
  return '\1' .. g
end

local changed, order, changes = {}, {}, 0
local rule, limit, owing = {}, {}, {}
for _ = 1, requests do
  local many, look_up = byte(request, at, at + 1)
  at = at + 2
  local refused, spent, guesses = false, false, false
  for i = 1, many do
    local r, l = byte(request, at, at + 1)
    at = at + 2
    local owed, top, flag = debt[l], most[r], flags[r]
    if owed > top then owed = top end
    rule[i], limit[i], owing[i] = r, l, owed
    if owed + period[r] > top then
      if flag < 4 then refused = true else spent = true end
    end
    if owed > 0 and (flag == 2 or flag == 3) then guesses = true end
  end
  if not (refused or spent and guesses) then
    for i = 1, many do
      local r, l = rule[i], limit[i]
      local owed = owing[i] + period[r]
      if flags[r] % 2 == 1 and owed <= most[r] then
        debt[l] = owed
        if not changed[l] then
          changes = changes + 1
          changed[l], order[changes] = true, l
        end
      end
    end
    if look_up > 0 and found[look_up] == '\0' then found[look_up] = find(look_up) end
  end
end

for i = 1, changes do
  local l = order[i]
  local owed = debt[l]
  local ns = owed % 1000
  call('SET', KEYS[1 + l], pack('<dI2', now + (owed - ns) / 1000, ns), 'PX', math.ceil(owed / 1000000) + spare)
end
return pack('<d', now) .. table.concat(known) .. table.concat(found)
