-module(b_axpy).
-export([main/1]).
%% V * 2 + W on lists of N floats, 20 times; each result is looked at, the last one summed. Every value is a whole
%% number below 2^53, so the check is exact whatever the order of the additions.
main(A) -> N = bench:arg(A, 1000000), bench:run("axpy", N, fun() -> run(N) end).
run(N) ->
    V = [X * 1.0 || X <- lists:seq(1, N)],
    W = [(N - X) * 1.0 || X <- lists:seq(1, N)],
    T0 = bench:now_us(),
    Ends = turns(20, V, W, 0.0),
    T1 = bench:now_us(),
    {ext, trunc(Ends + lists:sum(add(V, W))), [{loop_us, T1 - T0}]}.
turns(0, _, _, S) -> S;
turns(K, V, W, S) -> R = add(V, W), turns(K - 1, V, W, S + hd(R) + lists:last(R)).
add([X | V], [Y | W]) -> [X * 2.0 + Y | add(V, W)];
add([], []) -> [].
