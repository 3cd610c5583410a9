-- wrk -s pipeline.lua URL -- DEPTH: that many requests in one write.
function init(args)
    local requests = {}
    for index = 1, tonumber(args[1] or "16") do
        requests[index] = wrk.format("GET", wrk.path)
    end
    pipelined = table.concat(requests)
end

function request()
    return pipelined
end
