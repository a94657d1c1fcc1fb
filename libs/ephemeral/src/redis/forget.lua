-- Deletes stamps, and says for how many milliseconds others rely on what they name.
--
-- KEYS[..] what marks that they do
-- KEYS[..] stamps, and what is kept under them
-- ARGV[1]  how many marks there are
--
-- What is deleted is made anew by the next who asks. To set a stamp here would be wrong: a command that is sent again after its
-- answer was lost could bring back a stamp that was replaced meanwhile.
local marks, longest = tonumber(ARGV[1]), 0
for i = 1, marks do
  local lasts = redis.call('PTTL', KEYS[i])
  if lasts > longest then longest = lasts end
end
redis.call('DEL', unpack(KEYS, marks + 1))
return longest
