//! Links, monitors, exit signals: what OTP programmers rely on.

mod support;
use support::{check, run, workers};

#[test]
fn a_monitor_fires_once_with_the_reason() {
    check(
        r#"
        {pid, ref} = P.spawn_monitor(fn -> P.exit(:enough) end)
        assert P.next() == {:DOWN, ref, :process, pid, :enough}
        {pid2, ref2} = P.spawn_monitor(fn -> :ok end)
        assert P.next() == {:DOWN, ref2, :process, pid2, :normal}
        # Of the dead, at once.
        ref3 = P.monitor(pid)
        assert P.next() == {:DOWN, ref3, :process, pid, :noproc}
        # Several of one process.
        waits = P.spawn(fn -> P.next() end)
        a = P.monitor(waits)
        b = P.monitor(waits)
        P.send(waits, :go)
        receive { {:DOWN, ^a, :process, ^waits, :normal} -> :ok }
        receive { {:DOWN, ^b, :process, ^waits, :normal} -> :ok }
        assert P.next(0) == :timeout
        "#,
    );
}

#[test]
fn a_monitor_by_name_shows_the_name() {
    check(
        r#"
        pid = P.spawn(fn -> P.next() end)
        P.register(pid, :worker)
        a = P.monitor(:worker)
        b = P.monitor({:worker, :"nonode@nohost"})
        P.send({:worker, :"nonode@nohost"}, :go)
        receive { {:DOWN, ^a, :process, {:worker, :"nonode@nohost"}, :normal} -> :ok }
        receive { {:DOWN, ^b, :process, {:worker, :"nonode@nohost"}, :normal} -> :ok }
        c = P.monitor(:worker)
        assert P.next() == {:DOWN, c, :process, {:worker, :"nonode@nohost"}, :noproc}
        d = P.monitor({:worker, :elsewhere})
        assert P.next() == {:DOWN, d, :process, {:worker, :elsewhere}, :noconnection}
        "#,
    );
}

#[test]
fn what_is_demonitored_never_fires() {
    check(
        r#"
        P.each(1, 100, fn _ ->
          pid = P.spawn(fn -> :ok end)
          ref = P.monitor(pid)
          if P.alive(pid) { P.busy(50) }
          P.demonitor(ref, true)
          assert P.next(0) == :timeout
        end)
        # Without flush the message that has come stays.
        {pid, ref} = P.spawn_monitor(fn -> :ok end)
        P.until(fn -> P.info(P.self(), :message_queue_len) == 1 end)
        assert P.demonitor(ref) == false
        assert P.next(0) == {:DOWN, ref, :process, pid, :normal}
        # Flush finds its message among others, old and new.
        P.each(1, 3000, fn n -> P.send(P.self(), {:old, n}) end)
        {_, ref2} = P.spawn_monitor(fn -> :ok end)
        P.each(1, 3000, fn n -> P.send(P.self(), {:new, n}) end)
        P.until(fn -> P.info(P.self(), :message_queue_len) == 6001 end)
        assert P.demonitor(ref2, true) == true
        assert P.info(P.self(), :message_queue_len) == 6000
        assert P.demonitor(ref2, true) == false
        "#,
    );
}

#[test]
fn linked_processes_end_together_unless_one_traps() {
    check(
        r#"
        P.flag(:trap_exit, true)
        a = P.spawn_link(fn ->
          P.spawn_link(fn -> P.exit(:boom) end)
          P.forever()
        end)
        assert P.next() == {:EXIT, a, :boom}
        # A normal end ends nobody.
        b = P.spawn_link(fn ->
          c = P.spawn_link(fn -> :ok end)
          P.reason(c)
          P.next()
        end)
        P.until(fn -> P.info(b, :links) == P.self() end)
        P.send(b, :go)
        assert P.next() == {:EXIT, b, :normal}
        # Nor does `:normal` sent to another; to itself it does.
        d = P.spawn(fn -> P.next() end)
        P.exit(d, :normal)
        P.sleep(2)
        assert P.alive(d)
        P.exit(d, :other)
        P.until(fn -> not P.alive(d) end)
        e = P.spawn_link(fn -> P.exit(P.self(), :normal); P.forever() end)
        assert P.next() == {:EXIT, e, :normal}
        "#,
    );
}

#[test]
fn kill_cannot_be_trapped_and_arrives_as_killed() {
    check(
        r#"
        P.flag(:trap_exit, true)
        me = P.self()
        a = P.spawn_link(fn ->
          P.flag(:trap_exit, true)
          P.send(me, :ready)
          P.forever()
        end)
        assert P.next() == :ready
        P.exit(a, :anything)
        P.exit(a, :normal)
        P.sleep(2)
        assert P.alive(a)
        P.exit(a, :kill)
        assert P.next() == {:EXIT, a, :killed}
        # `:kill` as a reason of its own is a reason like others.
        b = P.spawn_link(fn -> P.exit(:kill) end)
        assert P.next() == {:EXIT, b, :kill}
        c = P.spawn(fn ->
          P.flag(:trap_exit, true)
          d = P.spawn_link(fn -> P.exit(:kill) end)
          P.send(me, {P.self(), P.next() == {:EXIT, d, :kill}})
        end)
        assert P.next() == {c, true}
        "#,
    );
}

#[test]
fn what_a_process_does_to_itself_holds_at_once() {
    check(
        r#"
        P.flag(:trap_exit, true)
        me = P.self()
        # Nothing comes after it, not even the end of the function.
        a = P.spawn_link(fn -> P.exit(P.self(), :first) end)
        assert P.next() == {:EXIT, a, :first}
        b = P.spawn_link(fn ->
          Native.process_exit_to(Native.process_self(), :kill)
          Native.process_send(me, :never, false)
        end)
        assert P.next() == {:EXIT, b, :killed}
        assert P.next(0) == :timeout
        # Who traps finds the message.
        P.exit(me, :hello)
        assert P.next(0) == {:EXIT, me, :hello}
        P.exit(me, :normal)
        assert P.next(0) == {:EXIT, me, :normal}
        "#,
    );
}

#[test]
fn linking_to_the_dead_raises_or_tells() {
    check(
        r#"
        {pid, _} = P.spawn_monitor(fn -> :ok end)
        P.next()
        assert P.raised(fn -> P.link(pid) end) == :noproc
        assert P.info(P.self(), :links) == []
        P.flag(:trap_exit, true)
        assert P.link(pid) == true
        assert P.next(0) == {:EXIT, pid, :noproc}
        assert P.link(P.self()) == true
        assert P.unlink(pid) == true
        "#,
    );
}

#[test]
fn what_is_unlinked_has_no_effect() {
    check(
        r#"
        P.each(1, 100, fn n ->
          P.flag(:trap_exit, true)
          pid = P.spawn_link(fn -> P.exit(:boom) end)
          if n %% 2 == 0 { P.busy(30) }
          P.unlink(pid)
          # What came before it stays, as in OTP; what comes after it has no effect.
          receive { {:EXIT, ^pid, _} -> :ok
            after 0 -> :ok }
          P.flag(:trap_exit, false)
          P.reason(pid)
        end)
        # Linked again after the end of the first link.
        pid = P.spawn(fn -> P.next() end)
        P.each(1, 50, fn _ -> P.link(pid); P.unlink(pid) end)
        P.link(pid)
        P.flag(:trap_exit, true)
        P.exit(pid, :over)
        assert P.next() == {:EXIT, pid, :over}
        "#,
    );
}

#[test]
fn signals_of_one_process_arrive_in_the_order_sent() {
    check(
        r#"
        me = P.self()
        P.each(1, 50, fn n ->
          {pid, ref} = P.spawn_monitor(fn ->
            P.send(me, {:first, n})
            P.send(me, {:second, n})
          end)
          assert P.next() == {:first, n}
          assert P.next() == {:second, n}
          assert P.next() == {:DOWN, ref, :process, pid, :normal}
        end)
        # A message before the exit signal is read before it takes effect, one after it never.
        P.each(1, 50, fn n ->
          {pid, _} = P.spawn_monitor(fn ->
            receive { {:say, what} -> P.send(me, what) }
            receive { {:say, what} -> P.send(me, what) }
            P.forever()
          end)
          P.send(pid, {:say, {:yes, n}})
          receive { {:yes, ^n} -> :ok }
          P.exit(pid, :stop)
          P.send(pid, {:say, {:no, n}})
          receive { {:DOWN, _, _, ^pid, why} -> assert why == :stop }
          assert P.next(0) == :timeout
        end)
        "#,
    );
}

#[test]
fn aliases_end_when_told_and_those_of_calls_with_the_first_reply() {
    check(
        r#"
        me = P.self()
        a = P.alias()
        P.send(a, 1)
        P.send(a, 2)
        assert {P.next(), P.next()} == {1, 2}
        assert P.unalias(a) == true
        assert P.unalias(a) == false
        P.send(a, 3)
        assert P.next(0) == :timeout
        pid = P.spawn(fn -> receive { ref -> P.send(ref, {ref, 1}); P.send(ref, {ref, 2}) } end)
        ref = P.call_ref(pid)
        P.send(pid, ref)
        assert P.next() == {ref, 1}
        assert P.next() == {:DOWN, ref, :process, pid, :normal}
        assert P.next(2) == :timeout
        # One given up takes no late reply, and no DOWN.
        late = P.spawn(fn -> receive { ref -> P.send(ref, :late) } end)
        ref2 = P.call_ref(late)
        P.demonitor(ref2, true)
        P.send(late, ref2)
        P.until(fn -> not P.alive(late) end)
        assert P.next(0) == :timeout
        # The alias of a dead process takes nothing.
        P.spawn(fn -> P.send(me, P.alias()) end)
        dead = P.next()
        P.send(dead, :hello)
        u = P.alias(true)
        P.send(me, :first)
        P.urgent(u, :second)
        P.send(u, :third)
        P.urgent(me, :fourth)
        assert {P.next(), P.next(), P.next(), P.next()} == {:second, :first, :third, :fourth}
        "#,
    );
}

#[test]
fn a_death_with_very_many_ties_is_told_to_all() {
    let source = r#"
        me = P.self()
        P.flag(:trap_exit, true)
        hub = P.spawn_link(fn -> P.next() end)
        P.each(1, 5000, fn n ->
          P.spawn(fn ->
            P.flag(:trap_exit, true)
            P.link(hub)
            ref = P.monitor(hub)
            P.send(me, :ready)
            receive { {:EXIT, ^hub, :normal} -> :ok }
            receive { {:DOWN, ^ref, :process, ^hub, :normal} -> :ok }
            P.send(me, :told)
          end)
        end)
        P.each(1, 5000, fn _ -> receive { :ready -> :ok } end)
        assert P.info(hub, :links) != []
        P.send(hub, :go)
        P.each(1, 5000, fn _ -> receive { :told -> :ok } end)
        receive { {:EXIT, ^hub, :normal} -> :ok }
        assert P.next(0) == :timeout
    "#;
    for count in [1, 2, 4] {
        let ran = run(source, workers(count));
        assert!(ran.code == 0, "{ran:?}");
    }
}
