//! How programs end and what they say: exit codes, reports, limits, deadlock, output.

mod support;
use rata_bytecode::natives::NATIVES;
use rata_runtime::node::Options;
use rata_runtime::output::Output;
use rata_vm::native::{Cx, Job, Native, Resume};
use rata_vm::value::Value;
use std::io::{self, ErrorKind, Write};
use std::time::Duration;
use support::{Kept, check_plain, run, run_with, workers};

/// Exit code and standard error of a program, under two workers.
fn end(source: &str) -> (i32, String) {
    let ran = run(source, workers(2));
    (ran.code, ran.err)
}

#[test]
fn the_program_ends_with_its_main_process() {
    assert_eq!(end("P.spawn(fn -> P.spin() end)"), (0, String::new()));
    assert_eq!(end("P.exit(:normal)"), (0, String::new()));
    assert_eq!(end("P.exit(:shutdown)"), (0, String::new()));
    assert_eq!(end("P.exit({:shutdown, :because})"), (0, String::new()));
    assert_eq!(end("P.exit({:shutdown, 3})"), (3, String::new()));
    assert_eq!(end("P.exit({:shutdown, 256})"), (1, String::new()));
    assert_eq!(end("P.halt(7)"), (7, String::new()));
    let (code, err) = end("P.exit(:broken)");
    assert_eq!(
        (code, err.as_str()),
        (1, "error: the main process ended: :broken\n    at module/0 (test.rata:1)\n")
    );
    let (code, err) = end("P.exit(P.self(), :kill)");
    assert_eq!((code, err.as_str()), (1, "error: the main process ended: :killed\n"));
    let (code, err) = end("P.spawn_link(fn -> P.exit(:child) end)\nP.forever()");
    assert_eq!((code, err.as_str()), (1, "error: the main process ended: :child\n"));
}

#[test]
fn a_crash_is_reported_once_with_all_that_helps() {
    let (code, err) = end(r#"
        module Work { crash = function(n) { assert_pos(n)
            :ok }
          assert_pos = function(n) { if n < 0 { raise Native.core_exception(:bad_number, "got {n}", nil) } } }
        {pid, ref} = P.spawn_monitor(fn ->
          P.label("the worker")
          P.register(P.self(), :worker)
          Work.crash(-1)
        end)
        receive { {:DOWN, ^ref, :process, ^pid, {error, trace}} ->
          assert Native.core_exception_type(error) == :bad_number
          assert Native.vector_length(trace) >= 2
        }
        {_, ref2} = P.spawn_monitor(fn -> raise :a_value end)
        receive { {:DOWN, ^ref2, :process, _, {:a_value, _}} -> :ok }
        # Neither the exit of who is linked nor a chosen one is a crash.
        {_, ref3} = P.spawn_monitor(fn -> P.spawn_link(fn -> P.exit(:chosen) end); P.forever() end)
        receive { {:DOWN, ^ref3, :process, _, :chosen} -> :ok }
        "#);
    assert_eq!(code, 0, "{err}");
    let lines: Vec<&str> = err.lines().collect();
    assert!(lines[0].starts_with("error: uncaught exception in process #pid<"), "{err}");
    assert!(lines[0].contains("> (:worker) \"the worker\", started with "), "{err}");
    assert_eq!(lines[1], "  bad_number: got {n}");
    assert!(lines[2].starts_with("    at Work.assert_pos/1 (test.rata:"), "{err}");
    assert_eq!(err.matches("error: ").count(), 2, "{err}");
    assert!(err.contains("\n  :a_value\n"), "{err}");
    let (code, err) = end("f = fn -> raise :oh end\nf()");
    assert_eq!(code, 1);
    assert!(
        err.starts_with("error: uncaught exception in the main process #pid<1>\n  :oh\n"),
        "{err}"
    );
}

#[test]
fn a_report_of_something_huge_is_cut_short() {
    let (code, err) = end("v = 1..1000000\nraise {:huge, Native.vector_reverse(v)}");
    assert_eq!(code, 1);
    assert!(err.len() < 10_000 && err.contains('…'), "{}", err.len());
}

#[test]
fn a_memory_limit_ends_the_process_and_nobody_else() {
    for what in [
        // Values, deep recursion, off-heap data, and messages that it never reads.
        "grow = function(n, v) { grow(n + 1, {n, v}) }\n grow(0, nil)",
        "deep = function(n) { 1 + deep(n) }\n deep(0)",
        "more = function(v) { more(Native.vector_concat(v, v)) }\n more(1..1000)",
        "me = P.self()\n P.spawn(fn -> P.each(1, 1000000, fn n -> P.send(me, {n, \"some text\"}) end) end)\n P.spin()",
    ] {
        let source = format!(
            "{{pid, ref}} = P.spawn_monitor(fn ->
               assert P.flag(:max_heap_size, 1000000) == nil
               try {{
                 {what}
               }} catch {{ _ -> P.forever() }} after {{ P.forever() }}
             end)
             receive {{ {{:DOWN, ^ref, :process, ^pid, why}} -> assert why == {{:limit, :memory}} }}"
        );
        let (code, err) = end(&source);
        assert_eq!(code, 0, "{what}\n{err}");
        assert!(err.contains("reached its memory limit of 1000000 bytes\n"), "{what}\n{err}");
    }
}

#[test]
fn a_bounded_mailbox_drops_kills_or_blocks() {
    check_plain(
        r#"
        me = P.self()
        start = fn limit ->
          pid = P.spawn(fn ->
            assert P.flag(:message_queue_limit, limit) == nil
            P.send(me, :ready)
            receive { :go -> :ok }
            P.each(1, 5, fn _ -> receive { {:n, n} -> P.send(me, {:got, n}) } end)
            P.send(me, {:left, P.info(P.self(), :message_queue_len)})
            P.forever()
          end)
          receive { :ready -> :ok }
          pid
        end
        # Dropped: the newest, but no signal of another kind.
        a = start({max: 6, when_full: :drop})
        assert P.info(a, :message_queue_limit) == {max: 6, when_full: :drop}
        P.each(1, 100, fn n -> P.send(a, {:n, n}) end)
        P.send(a, :go)
        assert P.info(a, :message_queue_len) == 6
        P.exit(a, :kill)
        "#,
    );
    let (code, err) = end(r#"
        me = P.self()
        {pid, ref} = P.spawn_monitor(fn ->
          P.flag(:message_queue_limit, {bytes: 10000, when_full: :kill})
          P.send(me, :ready)
          P.forever()
        end)
        assert P.next() == :ready
        P.each(1, 10000, fn n -> P.send(pid, {n, "some text of some length"}) end)
        receive { {:DOWN, ^ref, _, _, why} -> assert why == {:limit, :message_queue} }
        {pid2, ref2} = P.spawn_monitor(fn ->
          P.flag(:message_queue_limit, {max: 10, when_full: :kill})
          P.send(me, :ready)
          P.forever()
        end)
        assert P.next() == :ready
        P.each(1, 100, fn n -> P.send(pid2, n) end)
        receive { {:DOWN, ^ref2, _, _, why} -> assert why == {:limit, :message_queue} }
        "#);
    assert_eq!(code, 0, "{err}");
    assert_eq!(err.matches("reached the limit of its mailbox").count(), 2, "{err}");
}

#[test]
fn who_sends_to_a_full_mailbox_waits_for_room() {
    check_plain(
        r#"
        me = P.self()
        slow = P.spawn(fn ->
          P.flag(:message_queue_limit, {max: 5, when_full: :block})
          P.send(me, :ready)
          P.each(1, 300, fn n ->
            if n %% 50 == 0 { P.sleep(1) }
            assert P.info(P.self(), :message_queue_len) <= 7
            receive { {_, k} -> :ok }
          end)
          P.send(me, :done)
          P.forever()
        end)
        assert P.next() == :ready
        P.each(1, 3, fn s -> P.spawn(fn -> P.each(1, 100, fn n -> P.send(slow, {s, n}) end) end) end)
        assert P.next() == :done
        # Who waits goes on when the other dies, when the bound is lifted, and can be killed.
        stuck = P.spawn(fn ->
          P.flag(:message_queue_limit, {max: 1})
          P.send(me, :ready)
          receive { :lift -> P.flag(:message_queue_limit, nil) }
          P.send(me, :lifted)
          P.forever()
        end)
        assert P.next() == :ready
        sender = fn -> P.spawn(fn -> P.send(stuck, 1); P.send(stuck, 2); P.send(me, {:through, P.self()}); P.forever() end) end
        a = sender()
        b = sender()
        P.until(fn -> P.info(a, :status) == :waiting and P.info(b, :status) == :waiting end)
        assert P.next(2) == :timeout
        P.exit(b, :kill)
        P.until(fn -> not P.alive(b) end)
        P.spawn(fn -> P.send(stuck, :lift) end)
        receive { :lifted -> :ok }
        receive { {:through, ^a} -> :ok }
        stuck2 = P.spawn(fn -> P.flag(:message_queue_limit, {max: 1}); P.send(me, :ready); P.forever() end)
        receive { :ready -> :ok }
        c = P.spawn(fn -> P.send(stuck2, 1); P.send(stuck2, 2); P.send(me, :through_c) end)
        P.until(fn -> P.info(c, :status) == :waiting end)
        P.exit(stuck2, :kill)
        receive { :through_c -> :ok }
        "#,
    );
}

#[test]
fn a_limit_can_be_inherited() {
    check_plain(
        r#"
        me = P.self()
        P.flag(:message_queue_limit, {max: 9, when_full: :drop, inherit: true})
        P.spawn(fn -> P.spawn(fn -> P.send(me, P.info(P.self(), :message_queue_limit)) end) end)
        assert P.next() == {max: 9, when_full: :drop, inherit: true}
        assert P.raised(fn -> P.flag(:message_queue_limit, {max: 0}) end) == :argument_error
        assert P.raised(fn -> P.flag(:message_queue_limit, {when_full: :drop}) end) == :argument_error
        # Memory limits are the process's own.
        P.flag(:max_heap_size, 100000000)
        P.spawn(fn -> P.send(me, {:limit, P.info(P.self(), :max_heap_size)}) end)
        assert P.next() == {:limit, nil}
        "#,
    );
}

#[test]
fn a_deadlock_is_reported_and_ends_the_program() {
    for count in [1, 2, 4] {
        let ran = run(
            r#"
            module Waiting { here = function() { receive { :never -> :ok } } }
            P.spawn(fn -> Waiting.here() end)
            P.send(P.self(), :unwanted)
            Waiting.here()
            "#,
            workers(count),
        );
        assert_eq!(ran.code, 1, "{ran:?}");
        assert!(ran.err.starts_with("error: deadlock: "), "{}", ran.err);
        assert!(
            ran.err.contains(
                "the main process #pid<1> waits in receive (1 message in its mailbox fit"
            )
        );
        assert_eq!(
            ran.err.matches("    at Waiting.here/0 (test.rata:2)").count(),
            2,
            "{}",
            ran.err
        );
    }
    let (code, err) =
        end("a = P.spawn(fn -> P.flag(:message_queue_limit, {max: 1})\n P.forever() end)
         P.sleep(2)
         P.send(a, 1)\n P.send(a, 2)\n P.send(a, 3)");
    assert!(code == 1 && err.contains("waits for room in the mailbox of another"), "{err}");
}

#[test]
fn no_deadlock_is_seen_where_there_is_none() {
    // Timers set and cancelled by others, jobs, wake-ups: nothing but the end is reported.
    check_plain(
        r#"
        me = P.self()
        P.each(1, 300, fn n ->
          P.spawn(fn -> P.sleep(n %% 4); P.send(me, {:woke, n}) end)
          receive { {:woke, ^n} -> :ok }
          pid = P.spawn(fn -> receive { ref -> P.cancel(ref); P.sleep(1); P.send(me, :cancelled) } end)
          P.send(pid, P.send_after(me, :never, 100000))
          receive { :cancelled -> :ok }
        end)
        P.each(1, 20, fn _ -> Native.system_cmd("true", [], nil) end)
        "#,
    );
}

#[test]
fn no_halt_keeps_the_others_alive() {
    let options = Options { no_halt: true, ..workers(2) };
    let ran = run("P.spawn(fn -> P.sleep(30)\n P.puts(\"still here\") end)", options.clone());
    assert_eq!((ran.code, ran.out.as_str()), (0, "still here\n"));
    // Not when the main process fails.
    let ran = run("P.spawn(fn -> P.forever() end)\nraise :oh", options.clone());
    assert_eq!(ran.code, 1);
    // With nobody left there is nothing to wait for; who waits for ever is left to wait.
    assert_eq!(run(":ok", options.clone()).code, 0);
    let ran =
        run("P.spawn(fn -> P.forever() end)\nP.spawn(fn -> P.sleep(60)\n P.halt(5) end)", options);
    assert_eq!((ran.code, ran.err.as_str()), (5, ""));
}

#[test]
fn all_output_is_written_in_order() {
    let ran = run(
        r#"
        P.each(1, 20000, fn n -> P.puts(n) end)
        Native.io_error("from both")
        P.each(1, 10, fn _ -> P.spawn(fn -> P.spin() end) end)
        P.puts("end")
        "#,
        workers(2),
    );
    let expected: String = (1..=20_000).map(|n| format!("{n}\n")).collect();
    assert!(ran.code == 0 && ran.out == expected + "end\n" && ran.err == "from both\n");
}

/// Takes a little now and then.
struct Slow(Kept);

impl Write for Slow {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        std::thread::sleep(Duration::from_millis(2));
        self.0.write(&bytes[..bytes.len().min(64 << 10)])
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn who_prints_faster_than_can_be_shown_is_held_up() {
    let kept = Kept::default();
    let ran = run_with(
        r#"
        me = P.self()
        text = Native.string_repeat("x", 1000)
        printer = P.spawn(fn -> P.each(1, 8000, fn _ -> P.puts(text) end); P.send(me, :printed) end)
        # Others go on meanwhile, and see it wait.
        P.until(fn -> P.info(printer, :status) == :waiting end)
        P.each(1, 1000, fn n -> P.send(me, n); P.next() end)
        receive { :printed -> :ok }
        "#,
        workers(1),
        |launch| launch.output = Output::new(Box::new(Slow(kept.clone())), Box::new(kept.clone())),
    );
    assert_eq!(ran.code, 0, "{}", kept.text());
    assert_eq!(kept.text().len(), 8000 * 1001);
}

/// A reader that goes away.
struct Gone(ErrorKind);

impl Write for Gone {
    fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
        Err(self.0.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn output_that_nobody_takes_ends_the_program() {
    let source = "forever = function() { P.puts(\"text\")\n forever() }\nforever()";
    for (kind, said) in
        [(ErrorKind::BrokenPipe, ""), (ErrorKind::StorageFull, "error: cannot write")]
    {
        let kept = Kept::default();
        let ran = run_with(source, workers(2), |launch| {
            launch.output = Output::new(Box::new(Gone(kind)), Box::new(kept.clone()));
        });
        assert_eq!(ran.code, 1);
        assert!(
            kept.text().starts_with(said) && kept.text().lines().count() <= 1,
            "{}",
            kept.text()
        );
    }
    // Found out at the very end.
    let ran = run_with("P.puts(1)", workers(1), |launch| {
        launch.output =
            Output::new(Box::new(Gone(ErrorKind::BrokenPipe)), Box::new(Kept::default()));
    });
    assert_eq!(ran.code, 1);
}

fn panics<'h>(_cx: &mut Cx<'h, '_>, _args: &[Value<'h>]) -> Native<'h> {
    panic!("a defect in a native")
}

struct Panics;

impl Job for Panics {
    fn run(self: Box<Self>) -> Box<dyn Resume> {
        panic!("a defect in a job")
    }
}

fn job_panics<'h>(_cx: &mut Cx<'h, '_>, _args: &[Value<'h>]) -> Native<'h> {
    Native::offload(Box::new(Panics))
}

#[test]
fn a_defect_of_the_vm_ends_the_program_with_a_report() {
    let place = NATIVES.iter().position(|n| n.name == "core_typeof").unwrap();
    for (native, said) in
        [(panics as rata_vm::NativeFn, "a defect in a native"), (job_panics, "a defect in a job")]
    {
        for count in [1, 2] {
            let ran = run_with(
                "P.puts(\"before\")\nP.spawn(fn -> Native.core_typeof(1) end)\nP.sleep(:infinity)",
                workers(count),
                |launch| launch.natives[place] = native,
            );
            assert_eq!((ran.code, ran.out.as_str()), (1, "before\n"), "{ran:?}");
            assert!(ran.err.contains(said) && ran.err.contains("defect of rata"), "{ran:?}");
        }
    }
}

#[cfg(unix)]
#[test]
fn a_defect_of_the_vm_leaves_a_dump() {
    let place = NATIVES.iter().position(|n| n.name == "core_typeof").unwrap();
    let path = std::env::temp_dir().join(format!("rata-test-{}.dump", std::process::id()));
    for (count, native) in [(1, panics as rata_vm::NativeFn), (2, panics), (2, job_panics)] {
        let options = Options { crash_dump: Some(path.clone()), ..workers(count) };
        let source = r#"
            me = P.self()
            P.register(me, :waits_here)
            P.spawn(fn -> P.forever() end)
            P.spawn(fn -> P.sleep(20); Native.core_typeof(1) end)
            P.sleep(:infinity)
        "#;
        let ran = run_with(source, options, |launch| launch.natives[place] = native);
        assert_eq!(ran.code, 1, "{ran:?}");
        assert!(ran.err.contains(&format!("is in {}", path.display())), "{ran:?}");
        let dump = std::fs::read_to_string(&path).unwrap();
        assert!(dump.starts_with("rata dump: the VM has failed: a defect in a"), "{dump}");
        for part in ["3 processes; 3 of them", ":waits_here #pid<1>", "end of the dump"] {
            assert!(dump.contains(part), "no {part} in\n{dump}");
        }
        std::fs::remove_file(&path).unwrap();
    }
    // One that cannot be written is no reason to fail in another way.
    let options = Options { crash_dump: Some("/nowhere/at/all".into()), ..workers(1) };
    let ran = run_with("Native.core_typeof(1)", options, |launch| launch.natives[place] = panics);
    assert!(ran.code == 1 && !ran.err.contains("nowhere"), "{ran:?}");
}
