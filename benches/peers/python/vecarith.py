"""NumPy vector arithmetic: 20 times over n floats, multiply, add, subtract, sum."""
import bench
import numpy as np


def run(n):
    v = np.arange(1, n + 1, dtype=np.float64)
    total = 0.0
    for _ in range(20):
        total += (v * 3.0 + 1.0 - v).sum()
    return int(total)


n = bench.arg(1000000)
bench.run("vecarith", n, lambda: run(n))
