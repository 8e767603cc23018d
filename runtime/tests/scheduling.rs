//! Who runs when: preemption, priorities, fairness, work from outside, very many processes.
//! `RATA_TEST_PROCESSES` says how many idle processes the largest test starts.

mod support;
use rata_runtime::node::Options;
use rata_vm::native::{Cx, Job, Native, Resume};
use rata_vm::value::{Value, Word};
use support::{check, check_plain, run, run_with, workers};

#[test]
fn busy_loops_leave_others_their_turns() {
    for count in [1, 2] {
        let ran = run(
            r#"
            P.each(1, 4, fn _ -> P.spawn(fn -> P.spin() end) end)
            me = P.self()
            answer = function() { receive { n -> P.send(me, n) }
              answer() }
            pong = P.spawn(fn -> answer() end)
            rounds = function(n, until) {
              P.send(pong, n)
              receive { ^n -> :ok }
              if P.now() < until { rounds(n + 1, until) } else { n }
            }
            P.puts(rounds(0, P.now() + 1000))
            "#,
            workers(count),
        );
        let rounds: u64 = ran.out.trim().parse().unwrap_or_else(|_| panic!("{ran:?}"));
        // The build under test is slow, and the machine may be shared.
        assert!(rounds > 3_000, "{rounds} round trips beside busy loops, {count} workers");
    }
}

#[test]
fn urgent_processes_come_first_and_low_ones_do_not_starve() {
    // One worker: who is ready first is known.
    let ran = run(
        r#"
        me = P.self()
        P.flag(:priority, :high)
        work = fn level -> P.spawn(fn ->
          P.flag(:priority, level)
          receive { :go -> :ok }
          P.busy(20000)
          P.send(me, level)
        end) end
        low = work(:low)
        normal = work(:normal)
        high = work(:high)
        max = work(:max)
        P.sleep(20)
        P.send(low, :go)
        P.send(normal, :go)
        P.send(high, :go)
        P.send(max, :go)
        assert P.next() == :max
        assert P.next() == :high
        # A low one gets its turns beside one that never stops.
        P.spawn(fn -> P.spin() end)
        assert P.next() == :normal
        assert P.next() == :low
        # Two that wake one another do not pass by who is more urgent.
        P.flag(:priority, :normal)
        play = function(other) { receive { :ball -> P.send(other, :ball) }
          play(other) }
        a = P.spawn(fn -> receive { other -> play(other) } end)
        b = P.spawn(fn -> play(a) end)
        P.send(a, b)
        P.send(b, :ball)
        urgent = P.spawn(fn -> P.flag(:priority, :max); P.each(1, 50, fn _ -> P.sleep(1) end); P.send(me, :slept) end)
        assert P.next() == :slept
        assert P.flag(:priority, :normal) == :normal
        "#,
        workers(1),
    );
    assert_eq!(ran.code, 0, "{ran:?}");
}

struct Outside;
struct Back;

impl Job for Outside {
    fn run(self: Box<Self>) -> Box<dyn Resume> {
        Box::new(Back)
    }
}

impl Resume for Back {
    fn resume<'h>(self: Box<Self>, _cx: &mut Cx<'h, '_>) -> Native<'h> {
        Native::Value(Value::TRUE)
    }

    fn trace(&mut self, _visit: &mut dyn FnMut(&mut Word)) {}
}

fn outside<'h>(_cx: &mut Cx<'h, '_>, _args: &[Value<'h>]) -> Native<'h> {
    Native::offload(Box::new(Outside))
}

#[test]
fn work_from_outside_is_not_left_lying_while_all_are_busy() {
    let place =
        rata_bytecode::natives::NATIVES.iter().position(|n| n.name == "core_typeof").unwrap();
    for count in [1, 2, 4] {
        let ran = run_with(
            r#"
            P.each(1, 9, fn _ -> P.spawn(fn -> P.spin() end) end)
            P.each(1, 50, fn _ -> Native.core_typeof(1) end)
            # A job for a process that is gone, and signals to one that waits for its job.
            P.each(1, 50, fn n ->
              {pid, ref} = P.spawn_monitor(fn -> P.each(1, 3, fn _ -> Native.core_typeof(1) end) end)
              P.send(pid, :noise)
              P.info(pid, :status)
              if n %% 2 == 0 { P.exit(pid, :kill) }
              receive { {:DOWN, ^ref, _, _, _} -> :ok }
            end)
            "#,
            workers(count),
            |launch| launch.natives[place] = outside,
        );
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{count} workers");
    }
}

#[test]
fn all_workers_share_the_work() {
    check_plain(
        r#"
        me = P.self()
        # Started in one go, by one process.
        P.each(1, 40, fn n -> P.spawn(fn -> P.busy(100000); P.send(me, n) end) end)
        P.each(1, 40, fn n -> receive { ^n -> :ok } end)
        "#,
    );
}

#[test]
fn a_ring_passes_its_token() {
    check(
        r#"
        pass = function(next) { receive { 0 -> P.send(:start, :done)
          n -> P.send(next, n - 1)
            pass(next) } }
        P.register(P.self(), :start)
        build = function(n, next) { if n == 0 { next } else { build(n - 1, P.spawn(fn -> pass(next) end)) } }
        first = P.spawn(fn -> receive { next -> pass(next) } end)
        P.send(first, build(99, first))
        P.send(first, 1000)
        assert P.next() == :done
        "#,
    );
}

#[test]
fn a_ring_of_100_000_processes() {
    let ran = run(
        r#"
        pass = function(next) { receive { 0 -> P.send(:start, :done)
          n -> P.send(next, n - 1)
            pass(next) } }
        P.register(P.self(), :start)
        build = function(n, next) { if n == 0 { next } else { build(n - 1, P.spawn(fn -> pass(next) end)) } }
        first = P.spawn(fn -> receive { next -> pass(next) } end)
        P.send(first, build(99999, first))
        P.send(first, 300000)
        assert P.next() == :done
        assert Native.vector_length(P.list()) == 100000
        "#,
        Options::default(),
    );
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
}

#[test]
fn very_many_idle_processes() {
    let count = std::env::var("RATA_TEST_PROCESSES").unwrap_or("200000".into());
    let ran = run(
        &format!(
            r#"
            me = P.self()
            idle = function() {{ receive {{ :stop -> P.send(me, :stopped) }} }}
            before = Native.system_memory()
            start = function(n, all) {{ if n == 0 {{ all }} else {{ start(n - 1, {{P.spawn(idle), all}}) }} }}
            all = start({count}, nil)
            P.until(fn -> P.info(P.self(), :message_queue_len) == 0 end)
            P.sleep(10)
            P.puts(Native.system_memory() - before)
            stop = function(all) {{ case all {{ {{pid, rest}} -> P.send(pid, :stop)
                stop(rest)
              nil -> :ok }} }}
            stop(all)
            P.each(1, {count}, fn _ -> receive {{ :stopped -> :ok }} end)
            P.until(fn -> P.list() == P.self() end)
            "#
        ),
        Options::default(),
    );
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let bytes: f64 = ran.out.trim().parse().unwrap();
    let each = bytes / count.parse::<f64>().unwrap();
    println!("{each:.0} bytes for each of {count} idle processes");
    assert!(each < 1300.0, "{each:.0} bytes for an idle process");
}
