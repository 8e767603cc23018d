-module(b_vecarith).
-export([main/1]).
%% 20 times over N floats: multiply by 3, add 1, subtract the original, sum. Every value is a whole number below 2^53,
%% so the check is exact whatever the order of the additions.
main(A) -> N = bench:arg(A, 1000000), bench:run("vecarith", N, fun() -> run(N) end).
run(N) -> V = [X * 1.0 || X <- lists:seq(1, N)], trunc(turns(20, V, 0.0)).
turns(0, _, S) -> S;
turns(K, V, S) -> turns(K - 1, V, S + lists:sum([X * 3.0 + 1.0 - X || X <- V])).
