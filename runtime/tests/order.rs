//! The order of signals: those of one process to another arrive as sent, of whatever kind they are, and what a process
//! brings about by way of others comes after what it sent before.

mod support;
use rata_runtime::node::Options;
use support::{check, check_plain, run, workers};

/// Senders that each number all they send to one receiver: bursts of messages of several sizes, and between
/// them what goes other ways. They are linked to it, so that their end is the last of all.
const NUMBERED: &str = r#"
module Sender {
  # What it sends is {me, k, …}, with k from 1.
  live = function(to, alias, seed, steps) {
    Native.random_seed(seed)
    act(to, alias, steps, 1)
  }

  act = function(to, alias, steps, k) {
    if steps == 0 { k } else {
      act(to, alias, steps - 1, step(to, alias, k, Native.random_int(1, 14)))
    }
  }

  step = function(to, alias, k, what) {
    case what {
      1 -> burst(to, k, Native.random_int(1, 300))
      2 -> burst(to, k, Native.random_int(1, 30))
      3 -> one(to, {P.self(), k, Native.vector_repeat(1.5, 5000)}, k)
      4 -> one(to, {P.self(), k, "a text so long that it lies outside of every heap, where all share it, as texts do"}, k)
      5 -> one(alias, {P.self(), k}, k)
      6 -> leave(to, {:asked, k}, k)
      7 -> one(:receiver, {P.self(), k}, k)
      8 ->
        P.busy(Native.random_int(1, 3000))
        k
      9 ->
        P.demonitor(P.monitor(to), true)
        k
      10 -> one(to, {P.self(), k, {{k}, {"x", {k, 2.5}}}}, k)
      11 ->
        me = P.self()
        # Another brings the next one: it may not overtake.
        {_, ref} = P.spawn_monitor(fn -> P.send(to, {me, k}) end)
        receive { {:DOWN, ^ref, _, _, _} -> :ok }
        k + 1
      _ ->
        receive { :never -> :ok
          after 0 -> :ok }
        burst(to, k, 5)
    }
  }

  one = function(to, message, k) {
    P.send(to, message)
    k + 1
  }

  leave = function(to, reason, k) {
    P.exit(to, reason)
    k
  }

  burst = function(_to, k, 0) { k }
  burst = function(to, k, n) {
    P.send(to, {P.self(), k})
    burst(to, k + 1, n - 1)
  }
}

module Receiver {
  loop = function(left, wrong) {
    if left == 0 { wrong } else {
      receive {
        {:EXIT, from, {:asked, k}} -> loop(left, wrong + see(from, k, 0))
        {:EXIT, from, {:last, k}} -> loop(left - 1, wrong + see(from, k, 0))
        {:EXIT, _, _} -> loop(left - 1, wrong + 1000)
        {from, k} -> loop(left, wrong + see(from, k, 1))
        {from, k, _} -> loop(left, wrong + see(from, k, 1))
      }
    }
  }

  # Whether it is not the next one of this sender.
  see = function(from, k, step) {
    next = Native.process_get(from, 1)
    Native.process_put(from, k + step)
    if next == k { 0 } else { 1 }
  }
}

P.flag(:trap_exit, true)
P.register(P.self(), :receiver)
me = P.self()
alias = P.alias()
P.each(1, COUNT, fn n -> P.spawn_link(fn ->
  k = Sender.live(me, alias, SEED * 100 + n, STEPS)
  P.exit({:last, k})
end) end)
assert Receiver.loop(COUNT, 0) == 0
assert P.next(0) == :timeout
"#;

fn numbered(seed: u64, count: u64, steps: u64, options: Options) {
    let source = NUMBERED
        .replace("SEED", &seed.to_string())
        .replace("COUNT", &count.to_string())
        .replace("STEPS", &steps.to_string());
    let shown = format!("seed {seed}, {options:?}");
    let ran = run(&source, options);
    assert!(ran.code == 0 && ran.err.is_empty(), "{shown}\n{ran:?}\n{}", ran.err);
}

#[test]
fn all_signals_of_a_sender_arrive_as_sent() {
    for seed in 1..=6 {
        for count in [1, 2, 4] {
            numbered(seed, 20, 60, workers(count));
        }
    }
}

#[test]
fn the_same_under_stress() {
    for count in [1, 2, 4] {
        numbered(7, 8, 25, Options { budget: 1, ..workers(count) });
        numbered(8, 8, 25, Options { collect_always: true, ..workers(count) });
        numbered(9, 8, 25, Options { budget: 50, collect_always: true, ..workers(count) });
    }
}

/// A process floods a busy one, then does what another can see in whatever way, who tells the busy one: it
/// must have had the flood.
#[test]
fn what_follows_from_a_process_comes_after_what_it_sent() {
    check_plain(
        r#"
        see = function(ref, round, n) {
          receive {
            {^ref, :done} -> n
            {^ref, _} -> see(ref, round, n + 1)
          }
        }
        # The receiver is busy now and then, so that it does not wait when messages come.
        receiver = P.spawn(fn -> serve() end)
        serve = function() {
          receive {
            {:round, from, ref} ->
              P.send(from, :ready)
              P.busy(2000)
              P.send(from, {ref, see(ref, 0, 0)})
              serve()
          }
        }
        flood = function(ref, n) { if n > 0 {
          P.send(receiver, {ref, n})
          flood(ref, n - 1) } }
        watch = function(seen, ref) { if seen() {
          P.send(receiver, {ref, :done}) } else { watch(seen, ref) } }
        counter = Native.counter_new()
        me = P.self()
        relay = function() { receive { {ref, :pass} -> P.send(receiver, {ref, :done})
          relay() } }
        relays = P.spawn(fn -> relay() end)
        round = function(i, n) {
          ref = P.make_ref()
          P.send(receiver, {:round, me, ref})
          receive { :ready -> :ok }
          # Of its own: constants are the same in all programs of this test.
          name = Native.string_to_symbol(f"name{P.us()}")
          case i %% 6 {
            0 ->
              flood(ref, n)
              P.send(relays, {ref, :pass})
            1 ->
              flood(ref, n)
              P.spawn(fn -> P.send(receiver, {ref, :done}) end)
            2 ->
              P.spawn(fn -> watch(fn -> Native.counter_get(counter) == i end, ref) end)
              P.sleep(1)
              flood(ref, n)
              Native.counter_add(counter, i)
              receive { {^ref, ^n} -> P.send(me, {ref, n}) }
              Native.counter_add(counter, 0 - i)
            3 ->
              P.spawn(fn -> watch(fn -> P.whereis(name) != nil end, ref) end)
              P.sleep(1)
              flood(ref, n)
              P.register(me, name)
              receive { {^ref, ^n} -> P.send(me, {ref, n}) }
              P.unregister(name)
            4 ->
              P.spawn(fn -> watch(fn -> Native.constant_get(name, 0) == i end, ref) end)
              P.sleep(1)
              flood(ref, n)
              Native.constant_put(name, i)
            _ ->
              flood(ref, n)
              P.send_after(receiver, {ref, :done}, 0)
          }
          receive { {^ref, found} -> assert found == n }
        }
        P.each(1, 120, fn i -> round(i, 20 + i) end)
        "#,
    );
}

#[test]
fn a_bounded_mailbox_takes_no_more_for_being_sent_much_at_once() {
    check(
        r#"
        me = P.self()
        slow = P.spawn(fn ->
          receive { :bound -> P.flag(:message_queue_limit, {max: 10, when_full: :drop}) }
          P.send(me, :bounded)
          receive { :go -> :ok }
          P.send(me, P.info(P.self(), :message_queue_len))
        end)
        P.send(slow, :bound)
        receive { :bounded -> :ok }
        P.each(1, 500, fn n -> P.send(slow, {n, :noise}) end)
        P.sleep(5)
        len = P.info(slow, :message_queue_len)
        assert len <= 11
        "#,
    );
}
