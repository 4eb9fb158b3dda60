-- Requests for one path, each with the next token of a file; arguments: path, file of tokens ("-" for none), start.
-- Prints what came of them as one line of JSON; times in microseconds.
local requests, at = {}, 0

function init(arguments)
  local path, tokens = arguments[1], arguments[2]
  if tokens == "-" then
    requests[1] = wrk.format("GET", path)
  else
    for token in io.lines(tokens) do
      requests[#requests + 1] = wrk.format("GET", path, {["Authorization"] = "Bearer " .. token})
    end
  end
  at = tonumber(arguments[3])
end

function request()
  at = at % #requests + 1
  return requests[at]
end

function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.timeout
  io.write(string.format('{"requests": %d, "refused": %d, "failed": %d, "duration_us": %d, "p50_us": %d, "p99_us": %d}\n',
    summary.requests, errors.status, failed, summary.duration, latency:percentile(50), latency:percentile(99)))
end
