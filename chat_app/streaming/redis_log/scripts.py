"""What Redis holds of a turn, and the scripts that alone write it. Names of keys and fields live here.

    chatbackend:log:{<turn>}        a stream; an entry is a batch of events, its id `<number of the last of them>-0`
    chatbackend:log:{<turn>}:head   a hash: `f` the fence, `n` the number of the newest event

So `XRANGE (<n>-0 +` is all batches that hold something behind event n, and an id that comes twice is refused by Redis itself.
"""

from __future__ import annotations

from typing import Final

PREFIX: Final = "chatbackend:log:"
BATCH: Final = b"b"

# Of each turn: fence, first, last, afresh (1: what is there is no longer joined to this), least (0, or the number before which
# nothing is kept), milliseconds to live, entries to keep, the batch. Answers for each turn the number of the newest event that
# is there, which is less than `first - 1` where something is missing, or -1 where a higher fence has been here. What a lower
# fence has written since the turn was seized (Redis had forgotten that) is not the turn's, and goes.
APPEND: Final = """
local answers = {}
for i = 1, #KEYS, 2 do
  local stream, head, at = KEYS[i], KEYS[i + 1], (i - 1) * 4
  local fence, first, last = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
  local held = redis.call('HMGET', head, 'f', 'n')
  local newest = tonumber(held[2] or '0')
  local owner = tonumber(held[1] or fence)
  local afresh = ARGV[at + 4] == '1'
  if afresh or owner < fence then newest = 0 end
  if owner > fence then
    newest = -1
  elseif afresh or newest >= first - 1 then
    if afresh or owner < fence then redis.call('DEL', stream) end
    if newest < last then
      local add = {'XADD', stream, 'MAXLEN', '~', ARGV[at + 7], last .. '-0', 'b', ARGV[at + 8]}
      local answer = redis.pcall(unpack(add))
      if type(answer) == 'table' and answer.err then
        if not string.find(answer.err, 'equal or smaller', 1, true) then return answer end  -- no room, say
        redis.call('DEL', stream)  -- its head is gone, but not the stream: it was evicted
        redis.call(unpack(add))
      end
      if ARGV[at + 5] ~= '0' then redis.call('XTRIM', stream, 'MINID', ARGV[at + 5] .. '-1') end
      redis.call('HSET', head, 'f', fence, 'n', last)
      newest = last
    end
    redis.call('PEXPIRE', stream, ARGV[at + 6])
    redis.call('PEXPIRE', head, ARGV[at + 6])
  end
  answers[#answers + 1] = newest
end
return answers
"""

# Take a turn over: from now on only who holds this fence (or a higher one) may append. Answers the number of the newest event
# and all entries, or -1 where a higher fence has been here, or nothing is known: it was never written, or was lost.
SEIZE: Final = """
local held = redis.call('HMGET', KEYS[2], 'f', 'n')
if held[1] and tonumber(held[1]) > tonumber(ARGV[1]) then return {-1, {}} end
redis.call('HSET', KEYS[2], 'f', ARGV[1])
redis.call('PEXPIRE', KEYS[2], ARGV[2])
return {tonumber(held[2] or '-1'), redis.call('XRANGE', KEYS[1], '-', '+')}
"""


def keys(turn_id: str) -> tuple[str, str]:
    """The stream of a turn and its head, in one slot of a cluster."""
    stream = f"{PREFIX}{{{turn_id}}}"
    return stream, f"{stream}:head"


def behind(number: int) -> str:
    """The id behind which lie all batches that hold an event with a higher number."""
    return f"{number}-0"
