-- Requests for one path, each with the next token of a file; arguments: path, file of tokens ("-" for none), where to
-- start ("any": tokens by chance instead of in turn).
-- Prints what came of them as one line of JSON; times in microseconds.
local requests, at, by_chance = {}, 0, false

function init(arguments)
  local path, tokens = arguments[1], arguments[2]
  if tokens == "-" then
    requests[1] = wrk.format("GET", path)
  else
    for token in io.lines(tokens) do
      requests[#requests + 1] = wrk.format("GET", path, {["Authorization"] = "Bearer " .. token})
    end
  end
  by_chance = arguments[3] == "any"
  at = by_chance and 0 or tonumber(arguments[3])
end

function request()
  at = by_chance and math.random(#requests) or at % #requests + 1
  return requests[at]
end

function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.timeout
  io.write(string.format('{"requests": %d, "refused": %d, "failed": %d, "duration_us": %d, "p50_us": %d, "p99_us": %d}\n',
    summary.requests, errors.status, failed, summary.duration, latency:percentile(50), latency:percentile(99)))
end
