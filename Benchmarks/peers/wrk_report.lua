-- Posts one body again and again and prints what wrk counted as one line of JSON, times in
-- microseconds. Arguments: file of the body, bytes of the JSON that it begins with.
function init(arguments)
    local file = assert(io.open(arguments[1], "rb"))
    wrk.method, wrk.body = "POST", file:read("*a")
    file:close()
    wrk.headers["Content-Type"] = "application/octet-stream"
    wrk.headers["Inference-Header-Content-Length"] = arguments[2]
end

function done(summary, latency)
    local errors = summary.errors
    local lost = errors.connect + errors.read + errors.write + errors.timeout
    io.write(string.format(
        '{"microseconds": %d, "requests": %d, "refused": %d, "failures": %d, '
            .. '"mean": %f, "p50": %d, "p99": %d}\n',
        summary.duration, summary.requests, errors.status, errors.status + lost,
        latency.mean, latency:percentile(50), latency:percentile(99)))
end
