-- Counts requests of one tenant, one after the other, each for all of its limits or for none, and says what is known of
-- the licenses that they are about.
--
-- KEYS[1]  the stamp of the tenant
-- KEYS[..] the limits, each the instant at which it is full
-- KEYS[..] the stamps of the licenses
-- KEYS[..] what else there is of the licenses: what is kept, whose fields are named by a variant, and hold the stamps of
--          tenant and license and a value; and what marks that an asker relies on the license
-- KEYS[..] what marks that an asker relies on the tenant, if anything is asked for ahead
-- ARGV[1]  the time in microseconds (0: Redis's own), and how many follow of each of these:
--          rules     the period in nanoseconds, the count, and what it is (1: take, 2: wrong keys of an address, 4: of a tenant)
--          limits    the rule (0: not the same for all requests), and how many the requests take, with those ahead
--          licenses  nothing, they are in KEYS
--          look-ups  which of the licenses; which of what is kept, and the variant, or 0, the stamp of the license that
--                    the asker holds, and which mark is made for it (0: none)
--          requests  how many limits, which of the look-ups (0: none); of each limit its rule and which it is
-- ARGV[2]  11 bytes that no other command has
-- ARGV[3]  how many milliseconds marks last
--
-- What is asked for ahead is taken, and relied on, where the limits have enough for all of it. What is asked for
-- beside the requests is not among them: where there is not enough, it is as if it had not been asked for.
--
-- Answers the time, a byte (1: what was asked for ahead is taken, 0: it is not), the stamp of the tenant, of each limit the
-- instant at which it was full before, and of each look-up a byte: 0 not made, because each request that wanted it was
-- refused, 1 missing (stamp of the license), 2 still the same stamp, 3 kept (stamp of the license, length of the value,
-- value). How the limits stand after each request follows from that.
local call, byte, sub, pack, unpack_ = redis.call, string.byte, string.sub, struct.pack, struct.unpack
local request = ARGV[1]
local now, rules, limits, licenses, look_ups, requests, at = unpack_('<dBBBBB', request)
local spare = 1
if now == 0 then
  local time = call('TIME')
  now = time[1] * 1000000 + time[2]
else
  -- The clock of a test may stand still while keys expire.
  spare = 60
end

-- A stamp carries the time as well, of more than two hours, because a command that is sent again has the same bytes; and a
-- number below 128, because a command may make several.
local function stamp(number)
  return ARGV[2] .. pack('>I5', now % 8589934592 * 128 + number)
end

local known = call('MGET', unpack(KEYS, 1, 1 + limits + licenses))
local tenant = known[1]
if not tenant then
  tenant = stamp(0)
  call('SET', KEYS[1], tenant, 'PX', 86400000)
  known[1] = tenant
end

local period, most, flags = {}, {}, {}
for i = 1, rules do
  local count
  period[i], count, flags[i], at = unpack_('<dI4B', request, at)
  most[i] = period[i] * count
end

-- Whatever the order of the requests, all of them are let in when each limit has enough for all.
local enough = true
local debt, takes = {}, {}
for i = 1, limits do
  local rule, many, more = byte(request, at, at + 2)
  many = many + 256 * more
  at = at + 3
  local owed = 0
  local full = known[i + 1]
  if full then
    local us, ns = unpack_('<dI2', full)
    owed = (us - now) * 1000 + ns
    if owed < 0 then owed = 0 end
  else
    known[i + 1] = '\0\0\0\0\0\0\0\0\0\0'
  end
  debt[i], takes[i] = owed, 0
  if rule == 0 then
    enough = false
  else
    takes[i] = many * period[rule]
    if owed + (many == 0 and period[rule] or takes[i]) > most[rule] then enough = false end
  end
end

local look_up = {}
for i = 1, look_ups do
  look_up[i] = at
  at = at + (byte(request, at + 1) == 0 and 19 or 34)
end

-- Not all licenses that are asked for at the same time are to be loaded again at the same time.
local function lifetime(number)
  return 20000 + (now + 199 * number) % 10000
end

local relied_on = false
local function find(i)
  local from = look_up[i]
  local license, kept = byte(request, from, from + 1)
  local key = 1 + limits + license
  local g = known[key]
  if not g then
    g = stamp(license)
    call('SET', KEYS[key], g, 'PX', lifetime(license))
    known[key] = g
  elseif kept == 0 then
    if sub(request, from + 2, from + 17) == g then
      local mark = byte(request, from + 18)
      if mark > 0 and enough then
        call('SET', KEYS[1 + limits + licenses + mark], '', 'PX', ARGV[3])
        relied_on = true
      end
      return '\2'
    end
  else
    local value = call('HGET', KEYS[1 + limits + licenses + kept], sub(request, from + 2, from + 33))
    if value and sub(value, 1, 32) == tenant .. g then
      return '\3' .. g .. pack('<I4', #value - 32) .. sub(value, 33)
    end
  end
  return '\1' .. g
end

local lifetimes = {}
local function write(i, owed)
  local ns = owed % 1000
  local seconds = math.ceil(owed / 1000000000) + spare
  -- As a text, because Redis is slow to make one of a number.
  local lifetime = lifetimes[seconds]
  if not lifetime then
    lifetime = tostring(seconds)
    lifetimes[seconds] = lifetime
  end
  call('SET', KEYS[1 + i], pack('<dI2', now + (owed - ns) / 1000, ns), 'EX', lifetime)
end

local found = {}
if enough then
  for i = 1, limits do
    if takes[i] > 0 then write(i, debt[i] + takes[i]) end
  end
  for i = 1, look_ups do
    found[i] = find(i)
  end
  if relied_on then call('SET', KEYS[#KEYS], '', 'PX', ARGV[3]) end
else
  for i = 1, look_ups do
    found[i] = '\0'
  end
  local changed, order, changes = {}, {}, 0
  local rule, limit, owing = {}, {}, {}
  for _ = 1, requests do
    local many, wanted = byte(request, at, at + 1)
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
      if wanted > 0 and found[wanted] == '\0' then found[wanted] = find(wanted) end
    end
  end
  for i = 1, changes do
    write(order[i], debt[order[i]])
  end
end
return pack('<dB', now, enough and 1 or 0) .. table.concat(known, '', 1, 1 + limits) .. table.concat(found)
