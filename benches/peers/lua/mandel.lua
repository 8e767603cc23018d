local b = require("bench")
local function escape(cr, ci)
  local zr, zi, k = 0.0, 0.0, 0
  while k ~= 50 do
    local r2, i2 = zr * zr, zi * zi
    if r2 + i2 > 4.0 then break end
    zr, zi, k = r2 - i2 + cr, 2.0 * zr * zi + ci, k + 1
  end
  return k
end
local n = b.arg(400)
b.run("mandel", n, function()
  local s = 0
  for y = 0, n - 1 do local ci = 2.0 * y / n - 1.0 for x = 0, n - 1 do s = s + escape(2.0 * x / n - 1.5, ci) end end
  return s
end)
