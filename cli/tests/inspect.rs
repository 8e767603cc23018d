//! Looking inside a running node: `ratavm top`, `dump` and `trace`, and who else knocks at its socket.
#![cfg(target_os = "linux")]

mod support;

use rata_runtime::inspect::wire::{Kind, Request, receive_part};
use rustix::process::Signal;
use std::fs;
use std::io::{BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};
use support::Node;

/// A server called `:counter` that a client asks a few times a second, one process that is busy, one with messages and
/// one with memory.
const PROGRAM: &str = r#"
module Counter {
  use GenServer
  handle_call = function({:add, n}, _from, total) { {:reply, add(total, n), add(total, n)} }
  handle_cast = function(:die, _total) { raise :enough }
  add = function(a, b) { a + b }
}
_counter = Process.start_genserver(Counter, 0, {name: :counter, restart: :temporary})
spin = fn again, n -> again(again, n + 1) end
named = fn name, f ->
  pid = Process.spawn(fn -> f() end)
  Process.register(pid, name)
  pid
end
_busy = named(:busy, fn -> spin(spin, 0) end)
flooded = named(:flooded, fn -> receive { :never -> :ok } end)
Enum.each(1..500, fn n -> Process.send(flooded, {:message, n}) end)
_fat = named(:fat, fn ->
  kept = Enum.map(1..200000, fn n -> {n, n} end)
  receive { :never -> IO.puts(kept) }
end)
Process.set_label("the main one")
IO.puts("up")
loop = fn again, n -> Process.call(:counter, {:add, 1}); Process.sleep(20); again(again, n + 1) end
loop(loop, 0)
"#;

fn start() -> Node {
    Node::start(PROGRAM, &["--inspect=test"])
}

impl Node {
    fn socket(&self) -> PathBuf {
        self.folder.0.join("rata").join(format!("{}-test.sock", self.child.id()))
    }
}

/// The rows of a table below its head.
fn rows(table: &str) -> Vec<&str> {
    let mut lines = table.lines();
    lines.find(|line| line.starts_with("pid "));
    lines.collect()
}

#[test]
fn top_shows_what_stands_out() {
    let node = start();
    thread::sleep(Duration::from_millis(500));
    let first = |sort: &str| {
        let table = node.says(&["top", "--once", "--sort", sort]);
        (rows(&table)[0].to_owned(), table)
    };
    let (busiest, table) = first("reductions");
    assert!(busiest.contains(":busy") && busiest.contains("spin/2 (app.rata:"), "{table}");
    assert_eq!(rows(&table).len(), 5, "{table}");
    assert!(table.contains("5 processes") && table.contains("app.rata ("), "{table}");
    assert!(table.contains("\"the main one\"") && table.contains("%"), "{table}");
    let (fattest, table) = first("memory");
    assert!(fattest.contains(":fat"), "{table}");
    let (flooded, table) = first("queue");
    assert!(flooded.contains(":flooded") && flooded.contains(" 500 waiting"), "{table}");
    let (named, table) = first("name");
    assert!(named.contains(":busy"), "{table}");
    let two = node.says(&["top", "test", "--once", "--count", "2"]);
    assert_eq!(rows(&two).len(), 2, "{two}");
    let pid = node.child.id().to_string();
    assert!(node.says(&["top", &pid, "--once"]).contains(":busy"));
}

#[test]
fn a_dump_tells_all_and_can_go_to_a_file() {
    let node = start();
    let dump = node.says(&["dump"]);
    for part in [
        "version:    ratavm ",
        "program:    app.rata []",
        "5 processes; 5 of them",
        ":counter #pid<",
        "\"the main one\"",
        "  started with Counter.init/1 by #pid<1>\n",
        "  waiting, priority normal",
        "500 in its mailbox",
        "    at GenServer.Loop.loop/5 (",
        "end of the dump\n",
    ] {
        assert!(dump.contains(part), "no `{part}` in\n{dump}");
    }
    node.says(&["dump", "-o", "node.txt", "--processes", "1"]);
    let short = fs::read_to_string(node.folder.0.join("node.txt")).unwrap();
    assert!(short.contains("5 processes; 1 of them"), "{short}");
}

#[test]
fn a_trace_shows_messages() {
    let node = start();
    let trace = node.says(&["trace", "--name", "counter", "--messages", "--count", "6"]);
    assert_eq!(trace.lines().count(), 6, "{trace}");
    assert!(trace.contains("gets   {:\"$gen_call\", {#pid<1>, #ref<"), "{trace}");
    assert!(trace.contains("sends  {#ref<") && trace.contains("} to #pid<1>"), "{trace}");
    // By pid, of the other side.
    let trace = node.says(&["trace", "--pid", "1", "--messages", "--count", "4"]);
    assert!(trace.contains("#pid<1> sends  {:\"$gen_call\""), "{trace}");
    assert!(trace.contains("#pid<1> gets   {#ref<"), "{trace}");
    let (code, _, err) = node.ask(&["trace", "--name", "counter", "--count", "0"]);
    assert!(code == Some(2) && err.contains("'0' for '--count <N>'"), "{err}");
    // It can be traced again, and goes on as before.
    let table = node.says(&["top", "--once"]);
    assert!(table.contains(":counter"), "{table}");
}

#[test]
fn a_trace_shows_calls_with_their_arguments() {
    let node = start();
    let calls = ["trace", "--name", "counter", "--module", "Counter", "--count", "4"];
    let trace = node.says(&calls);
    assert_eq!(trace.lines().count(), 4, "{trace}");
    assert!(trace.contains("calls  Counter.handle_call({:add, 1}, "), "{trace}");
    assert!(trace.contains("calls  Counter.add("), "{trace}");
    // What is left to defaults is not shown.
    let trace = node.says(&["trace", "--pid", "1", "--function", "call", "--count", "3"]);
    assert!(trace.contains("calls  Process.call(:counter, {:add, 1})\n"), "{trace}");
    assert!(trace.contains("calls  GenServer.call(:counter, {:add, 1}, 5000)\n"), "{trace}");
    let trace = node.says(&["trace", "--name", "counter", "--function", "add", "--count", "3"]);
    assert!(trace.lines().all(|line| line.contains("Counter.add(")), "{trace}");
    // A busy loop in compiled code comes out of it, and a flood of events holds it up no more than that.
    let trace = node.says(&["trace", "--name", "busy", "--calls", "--count", "500"]);
    assert!(trace.contains("spin(#fn<spin/2>, "), "{trace}");
    thread::sleep(Duration::from_millis(300));
    let table = node.says(&["top", "--once"]);
    let busy = rows(&table)[0];
    assert!(busy.contains(":busy") && busy.contains('M'), "it is compiled again:\n{table}");
}

#[test]
fn a_trace_shows_the_end() {
    let node = start();
    let traced = node
        .folder
        .ratavm(&["trace", "--name", "flooded", "--exits"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    thread::sleep(Duration::from_millis(500));
    node.signal(Signal::TERM);
    let done = traced.wait_with_output().unwrap();
    assert!(!done.status.success(), "the node has ended: {done:?}");

    let program = r#"
        module M {
          run = function() {
            receive { :go -> :ok after 60000 -> :late }
            child = Process.spawn_link(fn -> receive { :never -> :ok } end)
            Process.exit(child, :kill)
            Process.sleep(60000)
          }
        }
        Process.register(Process.spawn(M.run), :victim)
        IO.puts("up")

        Process.sleep(2000)
        Process.send(:victim, :go)
        Process.sleep(60000)
    "#;
    let node = Node::start(program, &["--inspect"]);
    let trace = node.says(&["trace", "--name", "victim", "--exits", "--messages"]);
    for part in [
        "gets   :go",
        "spawns #pid<3> with ",
        "exits  #pid<3> with :kill",
        "exit   :killed from #pid<3>",
        "ends   :killed",
    ] {
        assert!(trace.contains(part), "no `{part}` in\n{trace}");
    }
}

#[test]
fn a_trace_is_bounded_in_time_and_refuses_what_is_not_there() {
    let node = start();
    let began = Instant::now();
    let (code, out, err) = node.ask(&["trace", "--name", "flooded", "--calls", "--seconds", "1"]);
    assert_eq!((code, out.as_str()), (Some(0), ""), "{err}");
    assert!(err.contains("the time is over; 0 events were dropped"), "{err}");
    assert!(began.elapsed() < Duration::from_secs(20));
    for (args, why) in [
        (&["trace", "--pid", "99"][..], "there is no process 99"),
        (&["trace", "--name", "nobody"], "there is no process nobody"),
        (&["top", "other", "--once"], "there is no such node"),
    ] {
        let (code, _, err) = node.ask(args);
        assert!(code == Some(1) && err.contains(why), "{args:?} {code:?} {err}");
    }
    let (code, _, err) = node.ask(&["trace", "--name", "flooded", "--seconds", "0.2"]);
    assert!(code == Some(0) && err.contains("the time is over"), "{err}");
    // Two at a time would get half of it each.
    let mut first =
        node.folder.ratavm(&["trace", "--name", "counter"]).stdout(Stdio::null()).spawn().unwrap();
    thread::sleep(Duration::from_millis(500));
    let (code, _, err) = node.ask(&["trace", "--name", "counter"]);
    assert!(code == Some(1) && err.contains("is being traced already"), "{err}");
    first.kill().unwrap();
    first.wait().unwrap();
    thread::sleep(Duration::from_millis(500));
    node.says(&["trace", "--name", "counter", "--count", "2"]);
}

#[test]
fn options_that_make_no_sense_are_refused() {
    let node = Node::start(r#"IO.puts("up"); Process.sleep(60000)"#, &["--inspect=one.a-b_c"]);
    for seconds in ["0", "-1", "nan", "1e30", "soon"] {
        for option in [["top", "--interval"], ["trace", "--seconds"]] {
            let (code, _, err) = node.ask(&[option[0], &format!("{}={seconds}", option[1])]);
            assert!(
                code == Some(2) && err.contains(&format!("invalid value '{seconds}'")),
                "{err}"
            );
        }
    }
    let (code, _, err) = node.ask(&["trace", "--pid", "1,x"]);
    assert!(code == Some(2) && err.contains("invalid value 'x' for '--pid <PID>'"), "{err}");
    let (code, _, err) = node.ask(&["trace"]);
    assert!(code == Some(2) && err.contains("--pid <PID>|--name <NAME>"), "{err}");
    for name in ["", "a/b", "é", &"x".repeat(41)] {
        let (code, _, err) = node.ask(&["run", &format!("--inspect={name}"), "app.rata"]);
        assert!(code == Some(2) && err.contains("from 1 to 40 letters, digits"), "{name} {err}");
    }
    assert!(node.says(&["top", "one.a-b_c", "--once"]).contains("app.rata"));
}

#[test]
fn nodes_of_one_name_are_told_apart_by_number() {
    let nodes = [start(), start()];
    let [first, second] = &nodes;
    let folder = &first.folder.0;
    let ask = |args: &[&str]| {
        let mut command = first.folder.ratavm(args);
        let done = command.env("XDG_RUNTIME_DIR", folder).stdin(Stdio::null()).output().unwrap();
        (done.status.code(), String::from_utf8_lossy(&done.stderr).into_owned())
    };
    // The other's socket, where the first one's is, and one more with another name.
    let socket = |node: &Node, name: &str| {
        folder.join("rata").join(format!("{}-{name}.sock", node.child.id()))
    };
    std::os::unix::fs::symlink(second.socket(), socket(second, "test")).unwrap();
    std::os::unix::fs::symlink(second.socket(), socket(second, "other")).unwrap();
    let (code, err) = ask(&["top", "test", "--once"]);
    assert!(code == Some(1) && err.contains("say which by its number"), "{err}");
    assert!(
        err.contains(&format!("{} test", second.child.id())) && !err.contains("other"),
        "{err}"
    );
    let (code, err) = ask(&["top", "nobody", "--once"]);
    assert!(code == Some(1) && err.contains("no such node") && err.contains("other"), "{err}");
}

#[test]
fn only_the_owner_finds_it_and_nothing_is_left_of_it() {
    let node = start();
    let socket = node.socket();
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&socket), mode(socket.parent().unwrap())), (0o600, 0o700));
    // What a killed node leaves is tidied up by the next look.
    let stale = socket.with_file_name("4000000-gone.sock");
    drop(std::os::unix::net::UnixListener::bind(&stale).unwrap());
    assert!(stale.exists());
    node.says(&["top", "--once"]);
    assert!(!stale.exists());
    // A folder that others can enter is refused.
    fs::set_permissions(socket.parent().unwrap(), fs::Permissions::from_mode(0o755)).unwrap();
    let (code, _, err) = node.ask(&["top", "--once"]);
    assert!(code == Some(1) && err.contains("yours alone"), "{err}");
    fs::set_permissions(socket.parent().unwrap(), fs::Permissions::from_mode(0o700)).unwrap();
    node.signal(Signal::TERM);
    let folder = node.folder.0.clone();
    let ended = node.end();
    assert!(!socket.exists(), "{ended:?} {folder:?}");
}

#[test]
fn nothing_listens_unless_asked() {
    let node = Node::start("IO.puts(\"up\")\nProcess.sleep(60000)", &[]);
    let (code, _, err) = node.ask(&["top", "--once"]);
    assert!(code == Some(1) && err.contains("ratavm run --inspect"), "{err}");
}

#[test]
fn hostile_clients_harm_nothing() {
    let node = start();
    let connect = || UnixStream::connect(node.socket()).unwrap();
    // Garbage, too much of it, half a request, nothing at all; gone before the answer.
    let noise: Vec<u8> =
        (0..100_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let requests: [&[u8]; 8] = [
        &noise,
        b"\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"rata1 top count=99999999999999999999 sort=\xff\n",
        b"rata1 dump processes=-1\n",
        b"rata1 trace processes=1 count=0 ms=x calls=yes\n",
        b"rata1 top coun",
        b"",
    ];
    for request in requests {
        let mut client = connect();
        // It may be shut out while it still writes.
        let _ = client.write_all(request);
        drop(client);
    }
    // One that never reads, though there is much to read.
    let mut deaf: Vec<UnixStream> = (0..3).map(|_| connect()).collect();
    for client in &mut deaf {
        for _ in 0..50 {
            let _ = client.set_nonblocking(true);
            let _ = client.write(b"rata1 dump processes=10000\n");
        }
    }
    // An answer to a request in two halves, a moment apart, once those before have been seen off.
    thread::sleep(Duration::from_secs(1));
    let mut slow = connect();
    slow.write_all(b"rata1 t").unwrap();
    thread::sleep(Duration::from_millis(200));
    slow.write_all(b"op count=1\n").unwrap();
    let mut answer = [0; 4];
    slow.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"end ");
    // More than are served at a time: whoever comes too late is told.
    let many: Vec<UnixStream> = (0..20).map(|_| connect()).collect();
    let told = many.iter().any(|mut client| {
        client.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
        let mut text = [0; 64];
        matches!(client.read(&mut text), Ok(n) if text[..n].starts_with(b"error "))
    });
    assert!(told);
    drop((deaf, slow, many));
    thread::sleep(Duration::from_millis(500));
    // The node is as it was.
    let trace = node.says(&["trace", "--name", "counter", "--messages", "--count", "2"]);
    assert_eq!(trace.lines().count(), 2);
    node.signal(Signal::TERM);
    let ended = node.end();
    assert_eq!(ended.err, "");
}

#[test]
fn one_among_very_many_is_found() {
    let program = r#"
        fat = fn -> kept = Enum.map(1..20000, fn n -> {n, n} end); receive { :never -> IO.puts(kept) } end
        many = fn again, n ->
          if n == 0 { :ok } else {
            Process.spawn(fn -> receive { :never -> :ok } end)
            again(again, n - 1)
          }
        end
        many(many, 60000)
        Process.spawn(fn -> Process.set_label("the fat one"); fat() end)
        many(many, 30000)
        Process.register(Process.spawn(fn -> receive { :never -> :ok } end), :last)
        Process.sleep(300)
        IO.puts("up")
        Process.sleep(60000)
    "#;
    let node = Node::start(program, &["--inspect"]);
    let table = node.says(&["top", "--once", "--sort", "memory", "--count", "1"]);
    assert!(rows(&table)[0].contains("\"the fat one\""), "{table}");
    let dump = node.says(&["dump", "--processes", "1"]);
    assert!(
        dump.contains("\"the fat one\"") && dump.contains("90003 processes; 1 of them"),
        "{dump}"
    );
    let table = node.says(&["top", "--once", "--sort", "name", "--count", "1"]);
    assert!(rows(&table)[0].contains(":last"), "{table}");
}

/// Reads an answer to its end.
fn answer(from: &mut impl std::io::BufRead) -> std::io::Result<String> {
    let mut all = String::new();
    loop {
        let (kind, text) = receive_part(from)?;
        all.push_str(&String::from_utf8_lossy(&text));
        if kind != Kind::Part {
            return Ok(all);
        }
    }
}

/// Asks one thing after the other until the node ends; how often it was answered.
fn pester(socket: PathBuf, request: impl Fn(usize) -> Request) -> usize {
    let mut asked = 0;
    let mut once = || {
        let mut stream = UnixStream::connect(&socket)?;
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        request(asked).send(&mut stream)?;
        answer(&mut BufReader::new(stream))?;
        asked += 1;
        Ok::<_, std::io::Error>(())
    };
    while once().is_ok() {}
    asked
}

#[test]
fn being_looked_at_loses_no_message_and_wakes_nobody_for_ever() {
    // No timer and nothing outside: a message lost, or a process left lying, is a deadlock.
    let program = r#"
        module Pair {
          ping = function(_to, 0) { :ok }
          ping = function(to, n) {
            Process.send(to, {Process.self(), n})
            receive { ^n -> ping(to, n - 1) }
          }
          pong = function() { receive { {from, n} -> Process.send(from, n); pong() } }
        }
        IO.puts("up")
        me = Process.self()
        Enum.each(1..50, fn _ ->
          Process.spawn(fn ->
            to = Process.spawn(Pair.pong)
            Pair.ping(to, 6000)
            Process.exit(to, :kill)
            Process.send(me, :done)
          end)
        end)
        Enum.each(1..50, fn _ -> receive { :done -> :ok } end)
        IO.puts("all")
    "#;
    for schedulers in ["1", "2", "4"] {
        let node = Node::start(program, &["--inspect=test", "--schedulers", schedulers]);
        let socket = node.socket();
        let top = {
            let socket = socket.clone();
            thread::spawn(move || pester(socket, |_| Request::new("dump").with("processes", 200)))
        };
        let trace = thread::spawn(move || {
            pester(socket, |n| {
                Request::new("trace")
                    .with("processes", 2 + n % 100)
                    .with("messages", "yes")
                    .with("calls", if n % 3 == 0 { "yes" } else { "no" })
                    .with("exits", "yes")
                    .with("count", 20)
                    .with("ms", 1000)
            })
        });
        let ended = node.end();
        assert_eq!((ended.status.code(), ended.out.as_str()), (Some(0), "all\n"), "{ended:?}");
        let asked = [top.join().unwrap(), trace.join().unwrap()];
        assert!(asked.iter().all(|n| *n > 0), "{asked:?}");
    }
}
