-- wrk -s requests.lua URL -- FILE: sends the requests of a file by turns, beginning anywhere. A line of it is METHOD, path, token and
-- body, separated by tabs; an empty body is none.
function init(args)
    requests = {}
    for line in io.lines(args[1]) do
        local method, path, token, body = line:match("^([^\t]*)\t([^\t]*)\t([^\t]*)\t(.*)$")
        local headers = { ["Authorization"] = "Bearer " .. token }
        if body == "" then
            body = nil
        else
            headers["Content-Type"] = "application/json"
        end
        requests[#requests + 1] = wrk.format(method, path, headers, body)
    end
    math.randomseed(os.time())
    place = math.random(#requests)
end

function request()
    place = place % #requests + 1
    return requests[place]
end
