-module(c_fanin).
-export([main/1]).
%% 100 senders, one receiver, N messages in all; check = sum of the payloads
main(A) -> N = bench:arg(A, 1000000), bench:run("fanin", N, fun() -> run(N div 100) end).
run(Each) ->
    S = self(),
    [spawn_link(fun() -> send(Each, S) end) || _ <- lists:seq(1, 100)],
    recv(100 * Each, 0).
send(0, _) -> ok;
send(K, S) -> S ! {item, K}, send(K - 1, S).
recv(0, A) -> A;
recv(K, A) -> receive {item, X} -> recv(K - 1, A + X) end.
