//! Random links, monitors, exits, kills, names and calls between workers, with invariants checked at the
//! end. `RATA_TEST_ROUNDS` makes it longer.

mod support;
use rata_runtime::node::Options;
use support::{run, workers};

/// Actors that do random things to one another. Each counts the monitors it has set and the `:DOWN`s it
/// has got; a hub collects what the survivors say.
const PROGRAM: &str = r#"
module Actor {
  random = function(n) { Native.random_int(1, n) }

  pick = function(peers) { peers[random(Native.vector_length(peers))] }

  start = function(hub, seed) {
    P.spawn(fn ->
      Native.random_seed(seed)
      if random(2) == 1 { P.flag(:trap_exit, true) }
      receive { {:peers, peers, steps} -> live(hub, peers, steps) }
    end)
  }

  live = function(hub, peers, steps) {
    if steps == 0 {
      wait(hub)
    } else {
      act(hub, pick(peers), random(14))
      drain()
      live(hub, peers, steps - 1)
    }
  }

  # Every monitor has a key of its own in the dictionary, until it fires or is given up.
  act = function(hub, peer, what) {
    case what {
      1 -> try { P.link(peer) } catch { _ -> :dead }
      2 -> try { P.link(peer) } catch { _ -> :dead }
      3 -> P.unlink(peer)
      4 -> watch(peer)
      5 -> watch(peer)
      6 -> give_up(P.monitor(peer))
      7 -> P.send(peer, :noise)
      8 -> P.send(peer, :noise)
      9 -> if random(20) == 1 { P.exit(peer, :kill) } else { P.exit(peer, :normal) }
      10 -> if random(40) == 1 { P.exit(peer, :asked) } else { P.busy(random(50)) }
      11 -> try { P.register(peer, Native.string_to_symbol(f"name{random(30)}")) } catch { _ -> :no }
      12 -> ask(peer)
      13 -> if random(60) == 1 { P.exit(:own) } else { :ok }
      _ -> P.send_after(peer, :noise, random(2))
    }
  }

  watch = function(peer) {
    ref = P.monitor(peer)
    Native.process_put(:watching, count(:watching) + 1)
    Native.process_put(ref, peer)
  }

  count = function(key) {
    Native.process_get(key, 0)
  }

  give_up = function(ref) {
    P.demonitor(ref, true)
    receive { {:DOWN, ^ref, _, _, _} -> P.send(:judge, {:wrong, :down_after_flush})
      after 0 -> :ok }
  }

  ask = function(peer) {
    me = P.self()
    ref = P.call_ref(peer)
    P.send(peer, {:ask, ref})
    receive {
      {^ref, :answer} -> give_up(ref)
      {:DOWN, ^ref, _, _, _} -> :dead
      {:ask, other} ->
        P.send(other, {other, :answer})
        give_up(ref)
      after 3 -> give_up(ref)
    }
  }

  drain = function() {
    receive {
      {:DOWN, ref, :process, pid, _} ->
        down(ref, pid)
        drain()
      {:ask, ref} ->
        P.send(ref, {ref, :answer})
        drain()
      :noise -> drain()
      {:EXIT, _, _} -> drain()
      after 0 -> :ok
    }
  }

  down = function(ref, pid) {
    if Native.process_erase(ref) != pid { P.send(:judge, {:wrong, :down_twice_or_unasked}) }
    Native.process_put(:fired, count(:fired) + 1)
  }

  # Out of steps: answers until told to say how it went.
  wait = function(hub) {
    receive {
      {:DOWN, ref, :process, pid, _} -> down(ref, pid)
      {:ask, ref} -> P.send(ref, {ref, :answer})
      {:end_of, ref} -> P.send(hub, {ref, count(:watching), count(:fired)})
      _ -> :ok
    }
    wait(hub)
  }
}

P.register(P.self(), :judge)
P.flag(:trap_exit, true)
me = P.self()
start_all = function(n, all) { if n == 0 { all } else { start_all(n - 1, {Actor.start(me, SEED * 1000 + n), all}) } }
actors = Native.enum_from_chain(start_all(COUNT, nil))
P.each(1, COUNT, fn i -> P.send(actors[i], {:peers, actors, STEPS}) end)

# Whoever lives is brought to rest: an answer to a question after all steps.
settle = function(i) {
  if i <= COUNT {
    P.info(actors[i], :status)
    settle(i + 1)
  }
}
P.each(1, 5, fn _ -> settle(1); P.sleep(5) end)

watch_all = function(i, refs) { if i > COUNT { refs } else { watch_all(i + 1, {P.monitor(actors[i]), refs}) } }
told = function(n) { if n > 0 { receive { {:DOWN, _, :process, _, _} -> told(n - 1) } } }

# All are killed in disorder; who watches them is told of each, once.
P.spawn(fn ->
  refs = watch_all(1, nil)
  P.send(me, :watching)
  told(COUNT)
  P.send(me, :all_told)
  assert P.next(20) == :timeout
  P.send(me, :nothing_more)
end)
# Survivors say how many of their monitors have fired; the rest watch survivors.
living = function(i, n) {
  if i > COUNT { n } else {
    ref = P.monitor(actors[i])
    P.send(actors[i], {:end_of, ref})
    counted = receive {
      {^ref, watching, fired} ->
        assert fired <= watching
        P.demonitor(ref, true)
        1
      {:DOWN, ^ref, _, _, _} -> 0
    }
    living(i + 1, n + counted)
  }
}
survivors = living(1, 0)
receive { :watching -> :ok }
P.each(1, COUNT, fn i -> P.exit(actors[COUNT + 1 - i], :kill) end)
receive { :all_told -> :ok }
receive { :nothing_more -> :ok }
receive { {:wrong, what} -> assert what == :nothing
  after 0 -> :ok }

# No process is left, no name, no link.
P.until(fn -> P.list() == me end)
P.until(fn -> P.registered() == :judge end)
assert P.info(me, :links) == []
assert P.info(me, :monitors) == []
P.until(fn -> P.info(me, :monitored_by) == [] end)
P.puts(survivors)
"#;

fn program(seed: u64, count: u64, steps: u64) -> String {
    PROGRAM
        .replace("SEED", &seed.to_string())
        .replace("COUNT", &count.to_string())
        .replace("STEPS", &steps.to_string())
}

fn rounds() -> u64 {
    std::env::var("RATA_TEST_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(2)
}

fn stress(options: Options, count: u64, steps: u64) {
    for seed in 1..=rounds() {
        for n in [1, 2, 4] {
            let options = Options { workers: n, ..options.clone() };
            let ran = run(&program(seed, count, steps), options);
            assert!(
                ran.code == 0 && ran.err.is_empty(),
                "{n} workers, seed {seed}\n{ran:?}\n{}",
                ran.err
            );
            println!("{n} workers, seed {seed}: {} of {count} survive", ran.out.trim());
        }
    }
}

#[test]
fn every_monitor_fires_once_and_nothing_leaks() {
    stress(workers(1), 200, 400);
}

#[test]
fn the_same_with_a_turn_for_every_call() {
    stress(Options { budget: 1, ..workers(1) }, 60, 150);
}

#[test]
fn the_same_with_a_collection_at_every_safepoint() {
    stress(Options { collect_always: true, ..workers(1) }, 60, 150);
}

#[test]
fn the_same_with_both() {
    stress(Options { budget: 1, collect_always: true, ..workers(1) }, 30, 60);
}
