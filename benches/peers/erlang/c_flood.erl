-module(c_flood).
-export([main/1]).
%% 10 processes send N messages to one that does not read (and whose mailbox has no bound here); a round trip of an
%% unrelated pair alone and beside that
main(A) -> N = bench:arg(A, 5000000), bench:run("flood", N, fun() -> run(N) end).
run(N) ->
    Alone = round_trip(500),
    R0 = bench:rss_kb(),
    Deaf = spawn(fun() -> receive never -> ok end end),
    Ss = [spawn(fun() -> flood(N div 10, Deaf) end) || _ <- lists:seq(1, 10)],
    Beside = round_trip(2000),
    Grown = bench:rss_kb() - R0,
    [exit(S, kill) || S <- Ss],
    exit(Deaf, kill),
    {ext, N, [{alone_ns, Alone}, {beside_ns, Beside}, {grown_bytes, max(Grown, 4) * 1024}]}.
flood(0, _) -> ok;
flood(N, Deaf) -> Deaf ! {note, N, <<"some text">>}, flood(N - 1, Deaf).
round_trip(Ms) ->
    P = spawn_link(fun pong/0),
    T0 = bench:now_us(),
    N = ping(P, T0 + Ms * 1000, 0),
    Spent = bench:now_us() - T0,
    P ! stop,
    Spent * 1000 div N.
ping(P, Until, N) ->
    hundred(100, P),
    case bench:now_us() >= Until of true -> N + 100; false -> ping(P, Until, N + 100) end.
hundred(0, _) -> ok;
hundred(I, P) -> P ! {ping, self(), I}, receive {pong, I} -> hundred(I - 1, P) end.
pong() -> receive {ping, From, I} -> From ! {pong, I}, pong(); stop -> ok end.
