const b = require("./bench.js");
function escape(cr, ci) {
  let zr = 0, zi = 0, k = 0;
  while (k !== 50) {
    const r2 = zr * zr, i2 = zi * zi;
    if (r2 + i2 > 4.0) break;
    zi = 2.0 * zr * zi + ci; zr = r2 - i2 + cr; k++;
  }
  return k;
}
const n = b.arg(400);
b.run("mandel", n, () => {
  let s = 0;
  for (let y = 0; y < n; y++) { const ci = 2.0 * y / n - 1.0; for (let x = 0; x < n; x++) s += escape(2.0 * x / n - 1.5, ci); }
  return s;
});
