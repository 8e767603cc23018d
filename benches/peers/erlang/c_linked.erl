-module(c_linked).
-export([main/1]).
%% N processes linked to one die of its exit; how late others that sleep a millisecond at a time wake up
main(A) -> N = bench:arg(A, 1000000), bench:run("linked", N, fun() -> run(N) end).
run(N) ->
    Me = self(),
    Others = erlang:system_info(process_count),
    Hub = spawn(fun() -> link_all(N), Me ! {self(), linked}, receive never -> ok end end),
    receive {Hub, linked} -> ok end,
    Ws = [spawn_link(fun() -> watch(0) end) || _ <- lists:seq(1, 4)],
    timer:sleep(20),
    T0 = bench:now_us(),
    exit(Hub, bang),
    wait_gone(Others + 4),
    T1 = bench:now_us(),
    Late = lists:max([begin W ! {Me, stop}, receive {W, L} -> L end end || W <- Ws]),
    {ext, N, [{die_us, T1 - T0}, {late_us, Late}]}.
link_all(0) -> ok;
link_all(N) -> spawn_link(fun() -> receive stop -> ok end end), link_all(N - 1).
wait_gone(Left) ->
    case erlang:system_info(process_count) of C when C =< Left -> ok; _ -> timer:sleep(20), wait_gone(Left) end.
watch(Longest) ->
    T0 = bench:now_us(),
    receive {From, stop} -> From ! {self(), Longest}
    after 1 -> watch(max(Longest, bench:now_us() - T0 - 1000)) end.
