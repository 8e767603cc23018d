//! Registered names, timers, the process dictionary, info.

mod support;
use support::{check, check_plain, run, workers};

#[test]
fn a_name_has_one_process_and_a_process_one_name() {
    check(
        r#"
        me = P.self()
        assert P.register(me, :boss) == true
        assert P.whereis(:boss) == me
        assert P.raised(fn -> P.register(me, :other) end) == :argument_error
        pid = P.spawn(fn -> P.next() end)
        assert P.raised(fn -> P.register(pid, :boss) end) == :argument_error
        assert P.raised(fn -> P.register(pid, "text") end) == :argument_error
        P.register(pid, P)
        assert P.whereis(P) == pid
        assert P.info(pid, :registered_name) == P
        assert P.registered() == {P, :boss}
        P.send(:boss, 1)
        assert P.next() == 1
        # Freed by death, at the latest when that is known.
        P.send(P, :go)
        ref = P.monitor(pid)
        receive { {:DOWN, ^ref, _, _, _} -> :ok }
        assert P.whereis(P) == nil
        assert P.raised(fn -> P.send(P, :hello) end) == :argument_error
        assert P.raised(fn -> P.register(pid, :dead) end) == :argument_error
        assert P.whereis(:dead) == nil
        # To a name on a named node nothing is known, so nothing is raised.
        assert P.send({:dead, :"nonode@nohost"}, 7) == 7
        assert P.send({:dead, :"other@host"}, 7) == 7
        assert P.unregister(:boss) == true
        assert P.raised(fn -> P.unregister(:boss) end) == :argument_error
        assert P.register(me, :other) == true
        assert P.registered() == :other
        "#,
    );
}

#[test]
fn names_are_freed_however_register_and_death_meet() {
    check_plain(
        r#"
        P.each(1, 2000, fn n ->
          pid = P.spawn(fn -> :ok end)
          if n %% 3 == 0 { P.busy(20) }
          try {
            P.register(pid, :short)
          } catch { :argument_error -> :dead }
          P.until(fn -> not P.alive(pid) end)
          P.until(fn -> P.registered() == [] end)
          assert P.whereis(:short) == nil
        end)
        "#,
    );
}

#[test]
fn timers_are_never_early_and_fire_in_order() {
    check(
        r#"
        P.each(1, 20, fn n ->
          before = P.us()
          P.sleep(n)
          assert P.us() - before >= n * 1000
        end)
        before = P.us()
        P.send_after(P.self(), :c, 12)
        P.send_after(P.self(), :a, 4)
        P.send_after(P.self(), :b, 8)
        assert P.next() == :a
        assert P.us() - before >= 4000
        assert P.next() == :b
        assert P.us() - before >= 8000
        assert P.next() == :c
        assert P.us() - before >= 12000
        before2 = P.us()
        assert P.next(7) == :timeout
        assert P.us() - before2 >= 7000
        P.send_after(P.self(), :now, 0)
        assert P.next() == :now
        "#,
    );
}

#[test]
fn a_timer_can_be_read_and_cancelled_from_anywhere() {
    check(
        r#"
        me = P.self()
        ref = P.send_after(me, :ring, 60000)
        left = P.read(ref)
        assert left <= 60000 and left > 50000
        pid = P.spawn(fn -> P.send(me, {:left, P.cancel(ref)}) end)
        receive { {:left, n} -> assert n <= 60000 and n > 50000 }
        assert P.cancel(ref) == false
        assert P.read(ref) == false
        assert P.cancel(P.make_ref()) == false
        # Too late to cancel means that the message is there.
        P.each(1, 200, fn n ->
          r = P.send_after(me, {:ring, n}, n %% 3)
          P.busy(n %% 7 * 300)
          case P.cancel(r) {
            false -> receive { {:ring, ^n} -> :ok
                       after 0 -> raise :lost }
            _ -> assert P.next(0) == :timeout
          }
        end)
        # To a name: looked up when it fires.
        P.send_after(:later, :hello, 5)
        P.register(me, :later)
        assert P.next() == :hello
        P.send_after(:nobody, :hello, 1)
        # To a process that has ended.
        dead = P.spawn(fn -> :ok end)
        P.until(fn -> not P.alive(dead) end)
        assert P.cancel(P.send_after(dead, :hello, 60000)) == false
        assert P.raised(fn -> P.send_after(me, 1, -1) end) == :argument_error
        "#,
    );
}

#[test]
fn a_deadline_holds_through_messages_that_do_not_fit() {
    check_plain(
        r#"
        me = P.self()
        noise = P.spawn(fn -> P.each(1, 40, fn n -> P.send(me, {:noise, n}); P.sleep(1) end) end)
        before = P.ms()
        got = receive { :never -> :ok
          after 20 -> :late }
        took = P.ms() - before
        assert got == :late and took >= 20
        # The one that fits wins over a deadline that passes at the same time.
        P.send_after(me, :fits, 0)
        P.sleep(3)
        assert (receive { :fits -> 1
          after 0 -> 2 }) == 1
        "#
        .replace("P.ms()", "P.now()")
        .as_str(),
    );
}

#[test]
fn info_tells_of_self_and_others() {
    check(
        r#"
        me = P.self()
        other = P.spawn(fn ->
          P.label("worker 7")
          P.flag(:trap_exit, true)
          Native.process_put(:colour, :red)
          P.link(me)
          P.send(me, :ready)
          receive { :stop -> :ok }
        end)
        assert P.next() == :ready
        P.send(other, 1)
        P.send(other, 2)
        ref = P.monitor(other)
        # It looks at each message before it waits again, and is up for a moment whenever it is asked.
        look = fn again ->
          found = P.info(other)
          if found.status == :waiting { found } else { again(again) }
        end
        all = look(look)
        assert all.status == :waiting
        assert all.message_queue_len == 2
        assert all.links == me
        assert all.monitored_by == me
        assert all.parent == me
        assert all.label == "worker 7"
        assert all.trap_exit
        assert all.dictionary == {colour: :red}
        assert all.priority == :normal
        assert all.memory > 500 and all.memory < 20000
        assert all.reductions >= 3
        assert all.registered_name == nil and all.max_heap_size == nil
        assert P.info(me, :status) == :running
        assert P.info(me, :monitors) == other
        assert P.info(me, :parent) == nil
        assert P.info(other, :message_queue_len) == 2
        assert P.raised(fn -> P.info(other, :nonsense) end) == :argument_error
        P.send(other, :stop)
        receive { {:DOWN, ^ref, _, _, _} -> :ok }
        assert P.info(other) == nil
        assert P.info(other, :status) == nil
        assert P.next(0) == :timeout
        busy = P.spawn(fn -> P.spin() end)
        assert P.info(busy, :status) == :runnable
        assert Native.core_inspect(P.list()) == Native.core_inspect([me, busy])
        P.exit(busy, :kill)
        "#,
    );
}

#[test]
fn modules_are_loaded_once_whoever_waits() {
    check_plain(
        r#"
        module Starter {
          P.register(P.self(), :main)
          pids = P.each(1, 4, fn n -> P.spawn(fn -> P.send(:main, {n, Slow.value}) end) end)
        }
        module Slow {
          started = P.sleep(20)
          value = {:slow, started}
        }
        P.each(1, 4, fn n -> receive { {^n, v} -> assert v == {:slow, :ok} } end)
        # One that waits for a load that fails tries again itself.
        me = P.self()
        "#,
    );
    let ran = run(
        r#"
        module Starter {
          P.register(P.self(), :main)
          pid = P.spawn(fn -> P.puts(P.raised(fn -> Failing.value end)); P.halt(3) end)
        }
        module Failing {
          waited = P.sleep(20)
          value = raise :broken
        }
        "#,
        workers(2),
    );
    assert!(ran.code == 1 || ran.code == 3, "{ran:?}");
}
