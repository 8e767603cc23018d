"""Timing helper, same output line as the other languages."""
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
        text = f"{check:.9f}" if isinstance(check, float) else str(check)
        print(f"RESULT {name} size={size} rep={rep} us={us:.1f} check={text}", flush=True)
