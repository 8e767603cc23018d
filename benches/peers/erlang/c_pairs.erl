-module(c_pairs).
-export([main/1]).
%% 1000 ping-pong pairs at once, N round trips in all; check = sum of what came back
main(A) -> N = bench:arg(A, 1000000), bench:run("pairs", N, fun() -> run(N div 1000) end).
run(Each) ->
    S = self(),
    [spawn_link(fun() -> pair(Each, S) end) || _ <- lists:seq(1, 1000)],
    recv(1000, 0).
pair(Each, S) ->
    P = spawn_link(fun pong/0),
    R = ping(Each, P, 0),
    P ! stop,
    S ! {done, R}.
pong() -> receive {ping, F, I} -> F ! {pong, I}, pong(); stop -> ok end.
ping(0, _, A) -> A;
ping(N, P, A) -> P ! {ping, self(), N}, receive {pong, I} -> ping(N - 1, P, A + I) end.
recv(0, A) -> A;
recv(K, A) -> receive {done, X} -> recv(K - 1, A + X) end.
