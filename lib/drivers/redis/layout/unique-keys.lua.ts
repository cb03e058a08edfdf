/** Gives a unique key back. */
export const FREE_KEY = `
-- Only if the key is still this job's own.
local function freeKey(id)
  local key = call('HGET', KEYS_OF, id)
  if key and call('HGET', HOLDERS, key) == id then call('HDEL', HOLDERS, key) end
end
`;

/** Who holds a unique key. */
export const HOLDER_OF = `
-- One that is held for a time is nobody's once that is over.
local function holderOf(key)
  local holder = call('HGET', HOLDERS, key)
  if not holder then return nil end
  local over = call('ZSCORE', base .. 'holds', key)
  if not over or tonumber(over) > now then return holder end
  call('HDEL', HOLDERS, key)
  call('ZREM', base .. 'holds', key)
  return nil
end
`;
