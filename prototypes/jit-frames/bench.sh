#!/bin/sh
# fib(32) of the variants against Erlang, one after the other in turn, seven
# rounds (or ROUNDS) of the best of three; prints the median and the least of each (ms). Usage: bench.sh BINARY ERL_DIR
# ERL_DIR holds bench.erl and b_fib.erl.
set -e
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
(cd "$2" && erlc -o "$tmp" bench.erl b_fib.erl)
variants="${VARIANTS:-slots frontend callee-saved single-pass no-stack-check no-reductions no-entry-checks slots-4000 interp}"
for round in $(seq "${ROUNDS:-7}"); do
    for v in $variants; do
        "$1" fib "$v" 32 | sed 's/.* us=//' | sort -n | head -1 >> "$tmp/$v"
    done
    BENCH_REPS=3 erl +S 1 -noshell -noinput -pa "$tmp" -run bench start b_fib 32 |
        sed 's/.* us=//; s/ .*//' | sort -n | head -1 >> "$tmp/erlang"
done
for v in erlang $variants; do
    sort -n "$tmp/$v" | awk -v v="$v" '{ a[NR] = $1 / 1000 } END { printf "%-18s median %7.2f  least %7.2f\n", v, a[int((NR + 1) / 2)], a[1] }'
done
