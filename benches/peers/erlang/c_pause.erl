-module(c_pause).
-export([main/1]).
%% A process builds N MB of live trees (65535 nodes, three words each: 1.5 MB) and works on: how long a step took at
%% most, how late others that sleep a millisecond at a time woke up, what was held 3 s after all was let go.
main(A) -> N = bench:arg(A, 500), bench:run("pause", N, fun() -> run(N) end).
run(Mb) ->
    Me = self(),
    Before = bench:rss_kb(),
    Watchers = [spawn_link(fun() -> watch(0) end) || _ <- lists:seq(1, 4)],
    Worker = spawn_link(fun() -> work(Me, Mb) end),
    {Built, Spent, {Grown, Longest}, Held} = receive {Worker, R} -> R end,
    Late = [begin P ! {Me, stop}, receive {P, L} -> L end end || P <- Watchers],
    timer:sleep(3000),
    Left = bench:rss_kb(),
    Worker ! stop,
    {ext, Mb, [{build_us, Built}, {work_us, Spent}, {build_longest_us, Grown}, {work_longest_us, Longest},
               {others_late_us, lists:max(Late)}, {held_kb, Held - Before}, {left_kb, Left - Before}]}.
work(From, Mb) ->
    T0 = bench:now_us(),
    {Grown, Built} = build(Mb * 2 div 3, queue:new(), T0, 0),
    T1 = bench:now_us(),
    {Longest, Trees} = steps(20000, Built, T1, 0),
    T2 = bench:now_us(),
    Held = bench:rss_kb(),
    count(queue:get(Trees)),
    From ! {self(), {T1 - T0, T2 - T1, {Grown, Longest}, Held}},
    receive stop -> ok end.
build(0, Trees, _, Longest) -> {Longest, Trees};
build(N, Trees, Last, Longest) ->
    More = queue:in(make(15), Trees),
    Now = bench:now_us(),
    build(N - 1, More, Now, max(Longest, Now - Last)).
steps(0, Trees, _, Longest) -> {Longest, Trees};
steps(I, Trees, Last, Longest) ->
    count(make(8)),
    Next = case I rem 1000 of
        0 -> queue:in(make(15), queue:drop(Trees));
        _ -> Trees
    end,
    Now = bench:now_us(),
    steps(I - 1, Next, Now, max(Longest, Now - Last)).
make(0) -> {nil, nil};
make(D) -> {make(D - 1), make(D - 1)}.
count({nil, nil}) -> 1;
count({L, R}) -> 1 + count(L) + count(R).
watch(Longest) ->
    T0 = bench:now_us(),
    receive
        {From, stop} -> From ! {self(), Longest}
    after 1 -> watch(max(Longest, bench:now_us() - T0 - 1000))
    end.
