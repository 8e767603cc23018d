//! SIGTERM stops a program in order; SIGINT ends it, or opens the break menu in a terminal.
#![cfg(unix)]

mod support;

use rustix::process::Signal;
use std::os::unix::process::ExitStatusExt;
use std::thread;
use std::time::{Duration, Instant};
use support::{Ended, Folder, Node, heeding};

/// A server that says when it stops.
const WORKER: &str = r#"
module Worker {
  use GenServer
  start_link = function(name) { GenServer.start_link(__module__, name, {name: name}) }
  init = function(name) {
    Process.flag(:trap_exit, true)
    {:ok, name}
  }
  handle_call = function(:get, _from, name) { {:reply, name, name} }
  terminate = function(reason, name) {
    Process.sleep(30)
    IO.puts(f"{name} {reason}")
  }
}
spec = fn name -> {id: name, start: fn -> Worker.start_link(name) end, shutdown: :infinity} end
"#;

fn program(rest: &str) -> String {
    format!("{WORKER}{rest}")
}

/// Stops the node by SIGTERM, and checks that it ended as one that was stopped.
fn stopped(node: Node) -> Ended {
    node.signal(Signal::TERM);
    let ended = node.end();
    let out: String = ended.out.chars().take(1000).collect();
    assert_eq!((ended.status.signal(), ended.err.as_str()), (Some(15), ""), "{out}");
    ended
}

const TREE: &str = r#"
_one = Process.start_supervisor([spec(:a), spec(:b)], {})
_two = Process.start_supervisor([spec(:c), spec(:d)], {})
"#;
const IN_ORDER: &str = ":d :shutdown\n:c :shutdown\n:b :shutdown\n:a :shutdown\n";

#[test]
fn the_tree_stops_in_order_while_the_main_process_waits() {
    let node = Node::start(&program(&format!("{TREE}IO.puts(\"up\")\nProcess.sleep(60000)")), &[]);
    assert_eq!(stopped(node).out, IN_ORDER);
}

#[test]
fn the_main_process_does_not_see_its_servers_go() {
    let rest =
        "IO.puts(\"up\")\nloop = fn again -> Process.call(:a, :get); again(again) end\nloop(loop)";
    let node = Node::start(&program(&format!("{TREE}{rest}")), &["--schedulers", "2"]);
    thread::sleep(Duration::from_millis(100));
    assert_eq!(stopped(node).out, IN_ORDER);
}

#[test]
fn the_tree_stops_while_everything_is_busy() {
    let rest = r#"
        spin = fn again, n -> again(again, n + 1) end
        Enum.each(1..8, fn _ -> Process.spawn(fn -> spin(spin, 0) end) end)
        IO.puts("up")
        spin(spin, 0)
    "#;
    let node = Node::start(&program(&format!("{TREE}{rest}")), &[]);
    thread::sleep(Duration::from_millis(100));
    assert_eq!(stopped(node).out, IN_ORDER);
}

#[test]
fn it_stops_without_its_main_process_too() {
    let rest = r#"
        top = Process.start_supervisor([spec(:a), spec(:b)], {})
        Process.unlink(top)
        _ticking = Process.spawn(fn -> Process.sleep(60000) end)
        IO.puts("up")
    "#;
    let node = Node::start(&program(rest), &["--no-halt"]);
    thread::sleep(Duration::from_millis(100));
    assert_eq!(stopped(node).out, ":b :shutdown\n:a :shutdown\n");
}

#[test]
fn a_server_that_is_linked_to_nobody_stops_too() {
    let rest = r#"
        _unused = spec
        {:ok, _} = GenServer.start(Worker, :alone)
        IO.puts("up")
        Process.sleep(60000)
    "#;
    let begun = Instant::now();
    assert_eq!(stopped(Node::start(&program(rest), &[])).out, ":alone :shutdown\n");
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_main_process_that_waits_for_a_job_stops() {
    let rest = "IO.puts(\"up\")\nSystem.cmd(\"sleep\", [\"2\"])";
    let node = Node::start(&program(&format!("{TREE}{rest}")), &[]);
    assert_eq!(stopped(node).out, IN_ORDER);
}

#[test]
fn who_traps_exits_in_the_main_process_says_how_it_ends() {
    for (end, code) in [(":done", 0), ("Process.exit({:shutdown, 7})", 7), ("raise :oh", 1)] {
        let rest = format!(
            "Process.flag(:trap_exit, true)
            me = Process.self()
            IO.puts(\"up\")
            receive {{ {{:EXIT, ^me, reason}} -> IO.puts(reason) after 60000 -> :late }}
            # It has its servers until the end.
            IO.puts(Process.call(:a, :get))
            {end}"
        );
        let node = Node::start(&program(&format!("{TREE}{rest}")), &[]);
        node.signal(Signal::TERM);
        let ended = node.end();
        assert_eq!(ended.status.code(), Some(code), "{ended:?}");
        assert_eq!(ended.out, format!(":shutdown\n:a\n{IN_ORDER}"), "{ended:?}");
    }
}

#[test]
fn applications_stop_in_order() {
    let rest = r#"
        module Base {
          use Application
          start = function(_, _) { Supervisor.start_link([Tree.spec(:a), Tree.spec(:b)]) }
          stop = function(_) { IO.puts("base over") }
        }
        module Top {
          use Application
          start = function(_, _) { Supervisor.start_link(Tree.spec(:c)) }
          applications = function() { Base }
          stop = function(_) { IO.puts("top over") }
        }
        module Tree {
          spec = function(name) { {id: name, start: fn -> Worker.start_link(name) end, shutdown: :infinity} }
        }
        {:ok, _} = Application.ensure_all_started(Top)
        _alone = Process.start_supervisor(spec(:d), {})
        IO.puts("up")
        Process.sleep(60000)
    "#;
    let ended = stopped(Node::start(&program(rest), &[]));
    let expected = ":d :shutdown\n:c :shutdown\ntop over\n:b :shutdown\n:a :shutdown\nbase over\n";
    assert_eq!(ended.out, expected);
}

#[test]
fn who_does_not_care_holds_up_nobody_for_long() {
    let rest = r#"
        _deaf = Process.spawn(fn ->
          Process.flag(:trap_exit, true)
          ignore = fn again -> receive { _ -> again(again) after 60000 -> :late } end
          ignore(ignore)
        end)
        IO.puts("up")
        Process.sleep(60000)
    "#;
    let began = Instant::now();
    assert_eq!(stopped(Node::start(&program(&format!("{TREE}{rest}")), &[])).out, IN_ORDER);
    let took = began.elapsed();
    assert!((Duration::from_secs(5)..Duration::from_secs(15)).contains(&took), "{took:?}");
}

#[test]
fn there_is_a_limit() {
    let rest = r#"
        Process.flag(:trap_exit, true)
        IO.puts("up")
        receive { :never -> :ok after 60000 -> :late }
    "#;
    let node = Node::start(&program(&format!("{TREE}{rest}")), &["--stop-limit", "1"]);
    let began = Instant::now();
    stopped(node);
    let took = began.elapsed();
    assert!((Duration::from_millis(900)..Duration::from_secs(20)).contains(&took), "{took:?}");
}

#[test]
fn a_second_sigterm_ends_it_at_once() {
    let slow = r#"
        module Slow {
          use GenServer
          init = function(x) {
            Process.flag(:trap_exit, true)
            {:ok, x}
          }
          terminate = function(_reason, _state) {
            IO.puts("stopping")
            Process.sleep(60000)
          }
        }
        _slow = Process.start_genserver(Slow, 1)
        IO.puts("up")
        Process.sleep(60000)
    "#;
    let mut node = Node::start(slow, &[]);
    node.signal(Signal::TERM);
    assert_eq!(node.line(), "stopping\n");
    let began = Instant::now();
    stopped(node);
    assert!(began.elapsed() < Duration::from_secs(15));
}

#[test]
fn all_output_is_written_first() {
    let rest =
        "Enum.each(1..20000, fn n -> IO.puts(n) end)\nIO.puts(\"all\")\nProcess.sleep(60000)";
    let node = Node::begin(rest, &[]);
    thread::sleep(Duration::from_millis(1500));
    let lines: String = (1..=20_000).map(|n| format!("{n}\n")).collect();
    assert!(stopped(node).out == lines + "all\n");
}

#[test]
fn it_may_come_at_any_time() {
    for ms in [0, 1, 2, 5, 10, 20, 30, 40, 50, 70, 90, 120, 150, 200] {
        let node = Node::begin("Process.sleep(60000)", &[]);
        thread::sleep(Duration::from_millis(ms));
        stopped(node);
    }
}

#[test]
fn whoever_halts_meanwhile_has_the_last_word() {
    let rest = r#"
        module Halting {
          use GenServer
          init = function(x) {
            Process.flag(:trap_exit, true)
            {:ok, x}
          }
          terminate = function(_reason, _state) { System.halt(9) }
        }
        _halting = Process.start_genserver(Halting, 1)
        IO.puts("up")
        Process.sleep(60000)
    "#;
    let node = Node::start(rest, &[]);
    node.signal(Signal::TERM);
    assert_eq!(node.end().status.code(), Some(9));
}

#[test]
fn programs_started_by_it_can_be_interrupted() {
    let source = r#"
        {:ok, {text, code}} = System.cmd("sh", ["-c", "kill -TERM $$; echo survived"])
        assert text == "" and code == 143
        IO.puts("up")
    "#;
    let ended = Node::start(source, &[]).end();
    assert_eq!((ended.status.code(), ended.err.as_str()), (Some(0), ""));
}

#[test]
fn an_interrupt_ends_it_at_once_without_a_terminal() {
    let folder = Folder::new(&program(&format!("{TREE}IO.puts(\"up\")\nProcess.sleep(60000)")));
    let Some(command) = heeding(&folder.ratavm(&["run", "app.rata"]), &[]) else { return };
    let node = Node::run(folder, command).up();
    node.signal(Signal::INT);
    let ended = node.end();
    assert_eq!((ended.status.signal(), ended.out.as_str()), (Some(2), ""));
}
