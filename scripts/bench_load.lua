-- What wrk sends to the registry: every request anew, by another user, under a key of its own.
--
-- wrk ... -s bench_load.lua ADDRESS -- PLAN KIND ACTS MODE NONCE RECORD
--
--   PLAN    a file: first the line "accounts" with all account numbers there are, then one line a user: the token
--           and the accounts that the user may take credits from, each as NUMBER=BATCH,BATCH with the batches that
--           it holds most of; parted by blanks
--   KIND    transfer, bulk or retire
--   ACTS    acts in one request (bulk)
--   MODE    atomic or independent (bulk)
--   NONCE   a whole number that no other run has had, for the keys
--   RECORD  a file for the address of every act that was answered 201; "-" for none

local accounts, users = {}, {}
local kind, acts, mode, nonce, record
local sent = 0
local host
local threads = {}

-- Seen by `done`, which lives in a state of its own: how many answers of each status there were (a 503
-- without Retry-After counts as a kind apart), and the first body of each refusal, for whoever asks why.
answers, refusals = {}, {}

function setup(thread)
  thread:set("number", #threads)
  table.insert(threads, thread)
end

function init(args)
  kind, acts, mode = args[2], tonumber(args[3]), args[4]
  nonce = tonumber(args[5]) * 16 + number
  math.randomseed(nonce)
  host = wrk.headers["Host"]
  read_plan(args[1])
  if args[6] ~= "-" then
    record = io.open(args[6] .. "." .. number, "w")
  end
end

function read_plan(path)
  for line in io.lines(path) do
    local words = {}
    for word in line:gmatch("%S+") do
      words[#words + 1] = word
    end
    local first = table.remove(words, 1)
    if first == "accounts" then
      accounts = words
    else
      users[#users + 1] = { token = first, accounts = words, batches = read_batches(words) }
    end
  end
end

-- Takes the batches out of the words; returns them by the number of the account.
function read_batches(words)
  local batches = {}
  for n, word in ipairs(words) do
    local number, list = word:match("^(.-)=(.*)$")
    words[n] = number
    batches[number] = {}
    for batch in list:gmatch("[^,]+") do
      table.insert(batches[number], batch)
    end
  end
  return batches
end

-- A version 7 UUID: later ones sort after earlier ones, and no two are alike.
function new_key()
  sent = sent + 1
  local milliseconds = os.time() * 1000 + sent % 1000
  return string.format(
    "%08x-%04x-7%03x-8%03x-%04x%08x",
    math.floor(milliseconds / 65536), milliseconds % 65536,
    sent % 4096, math.random(0, 4095), nonce % 65536, sent
  )
end

function new_transfer(user, most)
  local from = user.accounts[math.random(#user.accounts)]
  local to = from
  while to == from do
    to = accounts[math.random(#accounts)]
  end
  -- Out of a batch, as buyers ask for what a project has saved. "The oldest" would be, after a while, what
  -- others have just sent in tens of crumbs, and an act of many runs of serials.
  local batches = user.batches[from]
  local batch = #batches > 0 and string.format(',"batch":"%s"', batches[math.random(#batches)]) or ""
  return string.format(
    '{"from_account":"%s","to_account":"%s","credits":%d%s}', from, to, math.random(most), batch
  )
end

function new_retirement(user)
  return string.format(
    '{"from_account":"%s","credits":%d,"purpose":"organisation",'
      .. '"beneficiary":"Municipality %d","reason":"Carbon footprint of %d"}',
    user.accounts[math.random(#user.accounts)], math.random(3), math.random(2000),
    2000 + math.random(25)
  )
end

function new_bulk(user)
  local made = {}
  for n = 1, acts do
    made[n] = new_transfer(user, 2)
  end
  return string.format('{"mode":"%s","transfers":[%s]}', mode, table.concat(made, ","))
end

local paths = { transfer = "/v1/transfers", bulk = "/v1/transfers/bulk", retire = "/v1/retirements" }
local bodies = {
  transfer = function(user) return new_transfer(user, 10) end,
  bulk = new_bulk, retire = new_retirement,
}

function request()
  local user = users[math.random(#users)]
  local body = bodies[kind](user)
  return string.format(
    "POST %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nIdempotency-Key: %s\r\n"
      .. "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
    paths[kind], host, user.token, new_key(), #body, body
  )
end

function response(status, headers, body)
  local name = tostring(status)
  if status == 503 and not header(headers, "retry-after") then
    name = "503 without Retry-After"
  end
  answers[name] = (answers[name] or 0) + 1
  if status >= 400 then
    refusals[name] = refusals[name] or body
  elseif record then
    record:write(header(headers, "location") or "-", "\n")
  end
end

function header(headers, wanted)
  for name, value in pairs(headers) do
    if name:lower() == wanted then
      return value
    end
  end
end

function quoted(text)
  return '"' .. text:gsub('[%c"\\]', function(character)
    return string.format("\\u%04x", character:byte())
  end) .. '"'
end

function object(members, shown)
  local parts = {}
  for name, value in pairs(members) do
    parts[#parts + 1] = quoted(name) .. ":" .. shown(value)
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

-- One line for the one who has started wrk, in JSON.
function done(summary, latency, requests)
  local counted, told = {}, {}
  for _, thread in ipairs(threads) do
    for name, count in pairs(thread:get("answers")) do
      counted[name] = (counted[name] or 0) + count
    end
    for name, body in pairs(thread:get("refusals")) do
      told[name] = body
    end
  end
  local errors = summary.errors
  io.write("FOUND ", object({
    answers = summary.requests,
    refused = errors.status,
    p50_ms = latency:percentile(50) / 1000,
    p99_ms = latency:percentile(99) / 1000,
    max_ms = latency.max / 1000,
    unconnected = errors.connect,
    broken = errors.read + errors.write,
    late = errors.timeout,
    by_status = object(counted, tostring),
    refusals = object(told, quoted),
  }, tostring), "\n")
end
