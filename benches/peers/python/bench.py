"""Timing helper, same output line as the other languages.

The function gives the check value, or it and further figures by key.
"""
import os
import sys
import time


def arg(default):
    return int(sys.argv[1]) if len(sys.argv) > 1 else default


def run(name, size, f):
    for rep in range(1, int(os.environ.get("BENCH_REPS", "1")) + 1):
        start = time.monotonic_ns()
        check = f()
        us = (time.monotonic_ns() - start) / 1000
        check, figures = check if isinstance(check, tuple) else (check, {})
        text = f"{check:.9f}" if isinstance(check, float) else str(check)
        more = "".join(f" {key}={value:.1f}" for key, value in figures.items())
        print(f"RESULT {name} size={size} rep={rep} us={us:.1f} check={text}{more}", flush=True)
