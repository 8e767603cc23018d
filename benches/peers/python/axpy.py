"""NumPy: v * 2 + w on n floats, 20 times; each result is looked at, the last one summed."""
import time

import bench
import numpy as np


def run(n):
    v = np.arange(1, n + 1, dtype=np.float64)
    w = n - v
    start = time.monotonic_ns()
    ends = 0.0
    for _ in range(20):
        r = v * 2.0 + w
        ends += float(r[0]) + float(r[-1])
    us = (time.monotonic_ns() - start) / 1000
    return int(ends + float((v * 2.0 + w).sum())), {"loop_us": us}


n = bench.arg(1000000)
bench.run("axpy", n, lambda: run(n))
