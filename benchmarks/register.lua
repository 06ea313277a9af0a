-- Posts the entry form, each time for another address. SALT, and what else goes with each post, FIELDS and COOKIE, come from the environment.
local salt, fields, count = os.getenv("SALT"), os.getenv("FIELDS"), 0
local headers = { ["Content-Type"] = "application/x-www-form-urlencoded", ["Sec-Fetch-Site"] = "same-origin" }
if os.getenv("COOKIE") ~= "" then headers["Cookie"] = os.getenv("COOKIE") end

request = function()
  count = count + 1
  local person = "name=Reader+" .. count .. "&email=r" .. salt .. "x" .. count .. "%40d" .. (count % 997) .. ".dailyreader.net"
  return wrk.format("POST", "/register", headers, person .. "&agree=yes" .. fields)
end
