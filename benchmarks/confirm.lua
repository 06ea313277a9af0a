-- Posts the button of one confirmation link after the other; PATHS names a file with a path on each line.
local paths, count = {}, 0
for line in io.lines(os.getenv("PATHS")) do paths[#paths + 1] = line end
local headers = { ["Content-Type"] = "application/x-www-form-urlencoded", ["Sec-Fetch-Site"] = "same-origin" }

request = function()
  count = count + 1
  return wrk.format("POST", paths[(count - 1) % #paths + 1], headers, "name=Reader+" .. count)
end
