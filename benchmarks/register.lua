-- Posts the entry form, each time for another address. SALT and FIELDS come from the environment.
local salt, count = os.getenv("SALT"), 0
local headers = { ["Content-Type"] = "application/x-www-form-urlencoded", ["Sec-Fetch-Site"] = "same-origin" }

request = function()
  count = count + 1
  local person = "name=Reader+" .. count .. "&email=r" .. salt .. "x" .. count .. "%40d" .. (count % 997) .. ".dailyreader.net"
  return wrk.format("POST", "/register", headers, person .. "&agree=yes&campaign=win-100")
end
