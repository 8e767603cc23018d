//! `ratac test` from outside: exit codes, and what people are shown of suites that pass, fail, crash, hang and do not compile.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str, files: &[(&str, &str)]) -> Folder {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("testing-{name}"));
        let _ = fs::remove_dir_all(&path);
        let folder = Folder(path);
        files.iter().for_each(|(file, text)| folder.write(file, text));
        folder
    }

    fn write(&self, file: &str, text: &str) {
        let path = self.0.join(file);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder can be made");
        fs::write(path, text).expect("a file can be written");
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ratac"));
        command.current_dir(&self.0).arg("test").args(words);
        command.env_remove("RATA_STRESS").env_remove("RATA_JIT");
        command
    }

    /// Exit code, standard output and standard error.
    fn run(&self, words: &[&str]) -> (i32, String, String) {
        let output = self.command(words).output().expect("ratac can be started");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
    }

    /// Runs; the exit code must be this, nothing may stand on standard error. Gives the output.
    fn gives(&self, code: i32, words: &[&str]) -> String {
        let (found, out, err) = self.run(words);
        assert_eq!((found, err.as_str()), (code, ""), "{words:?}\n{out}");
        out
    }
}

/// Whether the lines stand in the text in this order, each as a part of a line.
fn holds(text: &str, lines: &[&str]) {
    let mut rest = text.lines();
    for line in lines {
        assert!(rest.any(|l| l.contains(line)), "no `{line}` (in this order) in\n{text}");
    }
}

const SUM: &str = "module Sum {\n  of = function(a, b) {\n    a + b\n  }\n}\n";
const PASSING: &str = "module \"Sum\" {\n  test(\"one\", fn -> assert Sum.of(1, 2) == 3 end)\n  \
                       test(\"two\", fn -> assert Sum.of(1, 3) == 4 end)\n}\n";

#[test]
fn tests_that_pass() {
    let folder = Folder::new("pass", &[("lib/sum.rata", SUM), ("test/sum_test.rata", PASSING)]);
    let out = folder.gives(0, &["--seed", "3"]);
    assert!(out.ends_with(", seed 3\n"), "{out}");
    holds(&out, &["..", "2 tests: 2 passed in"]);
    holds(
        &folder.gives(0, &["test/sum_test.rata", "-v", "--slowest", "1"]),
        &["passed Sum › ", "passed Sum › ", "slowest:", "2 tests: 2 passed"],
    );
    let list = folder.gives(0, &["--list"]);
    assert_eq!(list, "test/sum_test.rata:2: Sum › one\ntest/sum_test.rata:3: Sum › two\n");
}

#[test]
fn a_failure_shows_what_is_needed() {
    let text = "module \"Words\" {\n  describe(\"joined\", fn ->\n    test(\"with commas\", fn ->\n      \
                IO.puts(\"it printed this\")\n      Log.warning(\"and logged that\")\n      \
                assert {a: 1, b: [1, 2, 3]} == {a: 1, b: [1, 3]}\n    end)\n  end)\n  \
                test(\"raises\", fn -> Sum.of(1, :x) end)\n  \
                test(\"quiet\", fn -> IO.puts(\"nobody sees this\") end)\n}\n";
    let folder = Folder::new("fail", &[("sum.rata", SUM), ("words_test.rata", text)]);
    let out = folder.gives(1, &[]);
    holds(
        &out,
        &[
            ") Words › joined › with commas",
            "words_test.rata:3",
            "assert {a: 1, b: [1, 2, 3]} == {a: 1, b: [1, 3]}",
            "left:  {a: 1, b: [1, 2, 3]}",
            "right: {a: 1, b: [1, 3]}",
            "words_test.rata:6 | assert",
            "difference (- left, + right)",
            "… 1 in common",
            "-     2",
            "| it printed this",
            "| [warning] and logged that",
        ],
    );
    holds(&out, &[") Words › raises", "type_error: ", "sum.rata:3 | a + b"]);
    holds(&out, &["3 tests: 1 passed, 2 failed"]);
    assert!(!out.contains("nobody sees this") && !out.contains('\x1b'), "{out}");
    holds(&folder.gives(1, &["--show-logs"]), &["Words › quiet", "| nobody sees this"]);
    let (code, out, err) = folder.run(&["--no-capture", "-j", "1"]);
    assert_eq!((code, err.as_str()), (1, "[warning] and logged that\n"));
    holds(&out, &["nobody sees this"]);
}

#[test]
fn tests_that_crash_hang_skip_or_wait_to_be_written() {
    let text = "module \"Bad\" {\n  test(\"linked\", fn ->\n    Process.spawn_link(fn -> raise \"boom\" end)\n    \
                Process.sleep(60_000)\n  end)\n  test(\"killed\", fn -> Process.exit(Process.self(), :kill) end)\n  \
                test(\"hangs\", fn ->\n    Process.spawn_link(fn -> Process.sleep(60_000) end)\n    \
                receive { :never -> 1 }\n    :done\n  end)\n  test(\"loops\", fn ->\n    \
                again = fn n -> again(n + 1) end\n    again(0)\n  end)\n  \
                test(\"own limit\", fn -> Process.sleep(60_000) end, timeout: 50)\n  test(\"exits\", fn -> Process.exit({:why, 1}) end)\n  test(\"skips\", fn -> skip(\"not here\") end)\n  \
                todo(\"later\")\n}\n";
    let folder = Folder::new("crash", &[("bad_test.rata", text)]);
    let began = Instant::now();
    let out = folder.gives(1, &["--timeout", "0.5"]);
    assert!(began.elapsed() < Duration::from_secs(30));
    holds(
        &out,
        &[") Bad › linked", "has ended it: \"boom\"", "| error: uncaught exception in process"],
    );
    holds(&out, &[") Bad › killed", "the test's process was killed, or one that it was linked to"]);
    holds(
        &out,
        &[") Bad › hangs", "bad_test.rata:7", "took longer than 500 ms", "bad_test.rata:9 |"],
    );
    holds(&out, &[") Bad › loops", "took longer than 500 ms", "bad_test.rata:"]);
    holds(&out, &[") Bad › own limit", "took longer than 50 ms and was ended"]);
    holds(&out, &[") Bad › exits", "the test exited: {:why, 1}"]);
    holds(&out, &["8 tests: 6 failed, 1 skipped, 1 todo"]);
}

#[test]
fn teardowns_of_tests_that_were_ended() {
    let text = "module \"Torn\" {\n  setup(fn -> {:ok, \"made by setup\"} end)\n  \
                teardown(fn what -> System.cmd(\"touch\", [what]) end)\n  describe(\"within\", fn ->\n    \
                teardown(fn -> raise \"cannot\" end)\n    \
                test(\"is late\", fn -> Process.sleep(60_000) end, timeout: 50)\n  end)\n}\n\
                module \"Linked\" {\n  teardown(fn ->\n    IO.puts(\"tidy\")\n    System.cmd(\"touch\", [\"linked\"])\n  end)\n  \
                test(\"is ended\", fn ->\n    Process.spawn_link(fn -> Process.exit(:x) end)\n    Process.sleep(60_000)\n  end)\n}\n\
                module \"Both\" {\n  teardown(fn -> raise \"broken pipe\" end)\n  test(\"fail\", fn -> assert_eq(1, 2) end)\n}\n\
                module \"Hangs\" {\n  teardown(fn -> System.cmd(\"touch\", [\"first\"]) end)\n  \
                teardown(fn -> Process.sleep(60_000) end)\n  test(\"in its teardown\", fn -> nil end, timeout: 50)\n}\n";
    let folder = Folder::new("torn", &[("torn_test.rata", text)]);
    let out = folder.gives(1, &[]);
    holds(&out, &[") Torn › within › is late", "took longer than 50 ms"]);
    holds(&out, &[") Torn › within › is late › teardown", "raised \"cannot\""]);
    holds(&out, &[") Linked › is ended", "has ended it: :x"]);
    holds(&out, &["  Linked › is ended › teardown", "| tidy"]);
    let both =
        [") Both › fail", "assert_eq failed", "a teardown failed, too: raised \"broken pipe\""];
    holds(&out, &both);
    holds(&out, &[") Hangs › in its teardown", "took longer than 50 ms"]);
    holds(&out, &["5 tests: 5 failed"]);
    for file in ["made by setup", "linked", "first"] {
        assert!(folder.0.join(file).exists(), "{file}");
    }
}

#[test]
fn a_property_that_is_ended_tells_what_it_was_tried_for() {
    let text = "module \"Props\" {\n  ints = [Tests.Gen.int(0, 1000)]\n  \
                hang = fn n -> if n > 3 { Process.sleep(60_000) } end\n  \
                property(\"hangs\", [Tests.Gen.constant(7), Tests.Gen.constant(\"a\")], fn n, _ -> hang(n) end, timeout: 100)\n  \
                property(\"is killed\", [Tests.Gen.constant(8)], fn _ -> Process.exit(Process.self(), :kill) end)\n  \
                property(\"holds\", ints, fn _ -> true end)\n  \
                test(\"is late afterwards\", fn ->\n    Tests.property(\"holds\", ints, fn _ -> true end)\n    \
                Process.sleep(60_000)\n  end, timeout: 1000)\n}\n";
    let folder = Folder::new("tried", &[("props_test.rata", text)]);
    let out = folder.gives(1, &[]);
    let tried = "the property was being tried for";
    holds(
        &out,
        &[") Props › hangs", "100 ms and was ended", tried, "7, \"a\"", "--seed ", "     at "],
    );
    assert!(
        out.contains(&format!("took longer than 100 ms and was ended\n     {tried}\n")),
        "{out}"
    );
    holds(&out, &[") Props › is killed", "was killed", tried, "8"]);
    assert_eq!(out.matches(tried).count(), 2, "{out}");
    let json = folder.gives(1, &["--format", "json"]);
    holds(&json, &["took longer than 100 ms\\nthe property was being tried for"]);
}

#[test]
fn what_cannot_run_has_exit_code_2() {
    let folder = Folder::new(
        "cannot",
        &[
            ("bad/wrong_test.rata", "module \"x\" {\n  assert nothing_of_the_kind\n}\n"),
            ("none/plain.rata", SUM),
            ("empty/a_test.rata", ""),
        ],
    );
    let (code, out, err) = folder.run(&["bad"]);
    assert_eq!((code, out.as_str()), (2, ""));
    holds(&err, &["unknown name `nothing_of_the_kind`", "bad/wrong_test.rata:2:10"]);
    let (code, _, err) = folder.run(&["none"]);
    assert_eq!((code, err.as_str()), (2, "error: there are no tests in none\n"));
    for words in [&["empty"][..], &["empty", "--list"], &["empty", "--format", "json"]] {
        let (code, _, err) = folder.run(words);
        assert_eq!((code, err.as_str()), (2, "error: there are no tests in empty\n"));
    }
    let (code, _, err) = folder.run(&["missing"]);
    assert_eq!((code, err.contains("cannot read `missing`")), (2, true), "{err}");
    assert_eq!(folder.run(&["--jobs", "0"]).0, 2);
    for seconds in ["0", "nan", "1e30"] {
        assert_eq!(folder.run(&["--timeout", seconds]).0, 2);
    }
}

#[test]
fn filters_choose_by_name_and_by_place() {
    let folder = Folder::new("filter", &[("sum.rata", SUM), ("sum_test.rata", PASSING)]);
    holds(&folder.gives(0, &["--filter", "Sum › o"]), &["1 test: 1 passed (1 left out)"]);
    let list = |words: &[&str]| folder.gives(0, &[&["--list"], words].concat());
    assert_eq!(list(&["--filter", "sum_test.rata:3"]), "sum_test.rata:3: Sum › two\n");
    assert_eq!(list(&["-f", "sum_test.rata:1"]).lines().count(), 2);
    assert_eq!(list(&["--exclude", "one"]), "sum_test.rata:3: Sum › two\n");
    assert_eq!(list(&["-f", "one", "-f", "two"]).lines().count(), 2);
    holds(&folder.gives(2, &["--filter", "none"]), &["no test was asked for (2 left out)"]);
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let text = "module \"Chance\" {\n  Enum.each(1..30, fn n -> test(f\"t{n}\", fn -> IO.puts(Random.int(1, 1_000_000)) end) end)\n  \
                test(\"race\", fn ->\n    me = Process.self()\n    \
                Enum.each(1..9, fn n -> Process.spawn(fn -> Process.send(me, n) end) end)\n    \
                IO.puts(Enum.map(1..9, fn _ -> Process.receive() end))\n  end)\n  property(\"fails\", [Tests.Gen.int(0, 1_000_000), Tests.Gen.string()], fn n, s -> \
                n < 1000 or String.length(s) < 3 end)\n}\n";
    let folder = Folder::new("seed", &[("chance_test.rata", text)]);
    let run = |seed: &str| {
        let out = folder.gives(1, &["--seed", seed, "-v", "--show-logs"]);
        holds(&out, &["the property does not hold", "1000, \"aaa\""]);
        holds(&out, &[&format!("(the same cases again: --seed {seed})")]);
        let timeless = |line: &str| line.split(" (").next().unwrap_or_default().to_owned();
        let kept = out.lines().filter(|l| !l.contains(" tests: "));
        kept.map(timeless).collect::<Vec<String>>()
    };
    let first = run("11");
    assert_eq!(first, run("11"));
    assert_ne!(first, run("12"));
}

#[test]
fn enough_is_enough() {
    let text = "module \"Many\" { Enum.each(1..50, fn n -> test(f\"t{n}\", fn -> assert n == 0 end) end) }\n";
    let folder = Folder::new("enough", &[("many_test.rata", text)]);
    holds(
        &folder.gives(1, &["--max-failures", "3"]),
        &["50 tests: 3 failed, 47 not run (stopped after 3 failures)"],
    );
    let one = folder.gives(1, &["--max-failures", "50"]);
    assert!(one.contains("50 tests: 50 failed in"), "{one}");
    let json = folder.gives(1, &["--max-failures", "1", "--format", "json"]);
    holds(&json, &["\"failed\":1,\"skipped\":0,\"todo\":0,\"not_run\":49,"]);
}

#[test]
fn tests_stand_beside_the_code_and_in_any_file() {
    let beside = "library ./helper as H\n\nmodule Shop {\n  total = function(prices) { Enum.sum(prices) }\n}\n\n\
                  rate = 2\n\nmodule \"Shop\" {\n  assert Shop.total([1, 2]) == H.three() and rate == 2\n}\n\n\
                  main = function() { raise \"tests do not run the program\" }\n";
    let helper = "number = 3\nthree = function() { number }\n";
    let program =
        "IO.puts(\"nor this one\")\nraise \"boom\"\nmodule Used { f = function() { 7 } }\n";
    let other = "test(\"at the top\", fn -> assert Used.f() == 7 end)\n";
    let folder = Folder::new(
        "beside",
        &[
            ("shop.rata", beside),
            ("helper.rata", helper),
            ("program.rata", program),
            ("top_test.rata", other),
        ],
    );
    holds(&folder.gives(0, &["-v"]), &["2 tests: 2 passed"]);
    let (code, out, _) = folder.run(&["shop.rata", "-v"]);
    assert_eq!(code, 0);
    holds(&out, &["passed Shop ", "1 test: 1 passed"]);
}

#[test]
fn programs_that_have_nothing_to_do_with_one_another() {
    let text = |n: i32| {
        format!(
            "module Helper {{ n = function() {{ {n} }} }}\nmodule \"H{n}\" {{ assert Helper.n() == {n} }}\n"
        )
    };
    let folder = Folder::new("apart", &[("a_test.rata", &text(1)), ("b_test.rata", &text(2))]);
    holds(&folder.gives(0, &["-v"]), &["passed H1", "passed H2", "2 tests: 2 passed"]);
}

#[test]
fn what_is_started_ends_with_its_test() {
    let server = "module One { use GenServer }\n";
    let text = "module \"one at a time\" {\n  serial()\n  setup(fn -> Process.start_genserver(One, 1) end)\n  \
                Enum.each(1..20, fn n -> test(f\"t{n}\", fn pid -> assert Process.whereis(One) == pid end) end)\n}\n\
                module \"for all\" {\n  setup_all(fn -> {:ok, Process.spawn_link(fn -> Process.receive() end)} end)\n  \
                Enum.each(1..20, fn n -> test(f\"t{n}\", fn pid -> assert Process.alive?(pid) end) end)\n  \
                teardown_all(fn pid -> IO.puts(f\"closing {Process.alive?(pid)}\") end)\n}\n";
    let folder = Folder::new("ends", &[("one.rata", server), ("one_test.rata", text)]);
    holds(&folder.gives(0, &[]), &["40 tests: 40 passed"]);
}

#[test]
fn a_test_that_ends_the_program_is_named() {
    let text = "module \"Halt\" { test(\"stops all\", fn -> System.halt(3) end) }\n";
    let folder = Folder::new("halt", &[("halt_test.rata", text)]);
    holds(&folder.gives(1, &[]), &["Halt › stops all", "ended with exit code 3"]);
    let json = folder.gives(1, &["--format", "json"]);
    assert!(!json.contains("\"line\"") && json.matches("\"seconds\"").count() == 1, "{json}");
}

#[test]
fn the_end_of_the_program_is_blamed_on_what_ran() {
    let text = "module \"Halt\" { Enum.each(1..3, fn n -> test(f\"t{n}\", fn -> System.halt(3) end) end) }\n";
    let folder = Folder::new("halt-one", &[("halt_test.rata", text)]);
    let out = folder.gives(1, &["-j", "1"]);
    holds(&out, &["1) Halt › t", "before this test was over", "3 tests: 1 failed, 2 not run in"]);
    let text = "module \"Halt\" {\n  test(\"stops\", fn -> Process.sleep(500); System.halt(3) end)\n  \
                Enum.each(1..2, fn n -> test(f\"waits{n}\", fn -> Process.sleep(60_000) end) end)\n}\n";
    let folder = Folder::new("halt-all", &[("halt_test.rata", text)]);
    let out = folder.gives(1, &["-j", "3"]);
    holds(&out, &["Halt › waits", "before these tests were over", "3 tests: 3 failed in"]);
}

#[test]
fn names_are_given_once() {
    let text = "module \"Twice\" {\n  test(\"a\", fn -> assert true end)\n  describe(\"d\", fn ->\n    \
                test(\"a\", fn -> assert true end)\n    test(\"b\", fn -> assert true end)\n  end)\n  \
                describe(\"d\", fn -> todo(\"b\") end)\n}\n";
    let modules = "module \"M\" { assert true }\nmodule \"M\" { assert true }\n";
    let folder = Folder::new("twice", &[("a_test.rata", text), ("b_test.rata", modules)]);
    let out = folder.gives(1, &[]);
    let tests = "the module has two tests called \"d › b\": a_test.rata:5";
    holds(&out, &[") Twice", tests]);
    let modules = "the file has two test modules called \"M\": b_test.rata:1 and b_test.rata:2";
    holds(&out, &[") b_test.rata", modules]);
}

#[test]
fn limits_are_of_real_time_in_deterministic_runs() {
    let text = "module \"Time\" {\n  test(\"sleeps\", fn -> Process.sleep(100_000_000) end)\n  \
                test(\"loops\", fn ->\n    again = fn n -> again(n + 1) end\n    again(0)\n  end, timeout: 300)\n  \
                test(\"hangs\", fn -> receive { :never -> 1 } end)\n}\n";
    let folder = Folder::new("real-time", &[("time_test.rata", text)]);
    let began = Instant::now();
    let out = folder.gives(1, &["--seed", "5"]);
    assert!(began.elapsed() < Duration::from_secs(30), "{out}");
    holds(&out, &[") Time › loops", "took longer than 300 ms and was ended"]);
    holds(&out, &[") Time › hangs", "took longer than 60.0 s and was ended"]);
    holds(&out, &["3 tests: 1 passed, 2 failed"]);
}

#[test]
fn statements_that_are_left_out_do_not_run() {
    let text = "module \"plain\" { System.cmd(\"touch\", [\"ran\"]) }\nmodule \"by another\" { Made.both() }\n";
    let made =
        "module Made {\n  both = function() { Tests.test(\"inner\", fn -> assert true end) }\n}\n";
    let folder = Folder::new(
        "left-out",
        &[("x_test.rata", "module \"plain\" { System.cmd(\"touch\", [\"ran\"]) }\n")],
    );
    folder.write("y_test.rata", "module \"y\" { test(\"z\", fn -> assert true end) }\n");
    holds(&folder.gives(0, &["-f", "z"]), &["1 test: 1 passed (1 left out)"]);
    holds(&folder.gives(0, &["--list"]), &["x_test.rata:1: plain", "y_test.rata:1: y › z"]);
    assert!(!folder.0.join("ran").exists());
    holds(&folder.gives(0, &["-f", "plain"]), &["1 test: 1 passed (1 left out)"]);
    assert!(folder.0.join("ran").exists());
    // Where code that it may call names tests, only running tells which.
    let folder = Folder::new("left-in", &[("x_test.rata", text), ("made.rata", made)]);
    holds(&folder.gives(0, &["-f", "inner"]), &["1 test: 1 passed (1 left out)"]);
}

#[test]
fn what_others_print_stands_on_lines_of_its_own() {
    let text = "module \"Loud\" {\n  test(\"leaves\", fn ->\n    \
                Process.spawn(fn ->\n      Process.sleep(300)\n      IO.print(\"from outside\")\n    end)\n  end)\n  \
                test(\"waits\", fn -> Process.sleep(1000) end)\n}\n";
    let folder = Folder::new("loud", &[("loud_test.rata", text)]);
    let out = folder.gives(0, &[]);
    assert!(out.starts_with(".\nfrom outside\n.\n"), "{out}");
}

#[test]
fn deep_stacks_are_cut() {
    let code = "module Deep {\n  f = function(n) { if n == 0 { raise \"end\" } else { 1 + f(n - 1) } }\n}\n";
    let text = "module \"Deep\" {\n  test(\"f\", fn -> Deep.f(1000) end)\n  \
                test(\"linked\", fn ->\n    Process.spawn_link(fn -> Deep.f(1000) end)\n    Process.sleep(60_000)\n  end)\n}\n";
    let folder = Folder::new("deep", &[("deep.rata", code), ("deep_test.rata", text)]);
    let out = folder.gives(1, &[]);
    holds(&out, &[") Deep › f", "at Deep.f/1 (deep.rata:2)", "     …"]);
    holds(&out, &[") Deep › linked", "     …", "|     at Deep.f/1 (deep.rata:2)", "|     …"]);
}

#[test]
fn bodies_setups_and_files_that_fail() {
    let folder = Folder::new(
        "bodies",
        &[
            (
                "body_test.rata",
                "module \"Body\" {\n  test(\"kept\", fn -> assert true end)\n  assert 1 == 2\n  \
                            test(\"lost\", fn -> assert true end)\n}\n",
            ),
            (
                "setup_test.rata",
                "module \"Setup\" {\n  setup(fn -> {:error, :no_disk} end)\n  teardown(fn -> IO.puts(\"torn\") end)\n  \
                             test(\"a\", fn -> assert true end)\n}\n",
            ),
            (
                "all_test.rata",
                "module \"All\" {\n  setup_all(fn -> raise \"no network\" end)\n  \
                           test(\"a\", fn -> assert true end)\n  test(\"b\", fn -> assert true end)\n}\n",
            ),
            ("file_test.rata", "raise Core.runtime_error(\"the file fails\")\n"),
        ],
    );
    let out = folder.gives(1, &[]);
    holds(&out, &[") Body\n".trim_end(), "assert 1 == 2"]);
    holds(&out, &[") Setup › a", "runtime_error: setup gave {:error, :no_disk}"]);
    holds(&out, &["no network"]);
    holds(&out, &[") file_test.rata", "runtime_error: the file fails"]);
    holds(&out, &["6 tests: 1 passed, 5 failed"]);
}

#[test]
fn examples_in_docstrings() {
    let good = "module Good {\n  \"\"\"\n  Good.\n\n      three = fn -> 3 end\n      Good.add(1, 2) == three()  # true\n\n  Not so:\n\n      \
                not rata at all (but shown\n  \"\"\"\n\n  add = function(a, b) {\n    \"\"\"\n    The sum.\n\n        \
                Good.add(1, :a)  # raises :type_error\n        Good.add(1, 2)   # 4\n    \"\"\"\n    a + b\n  }\n\n  \
                stop = function() {\n    \"\"\"\n    Ends it.\n\n        Good.stop()  # exits 7\n    \"\"\"\n    System.halt(7)\n  }\n\n  \
                half = function() {\n    \"\"\"\n    No.\n\n        Good.nothing()  # 1\n    \"\"\"\n    1\n  }\n}\n";
    let folder = Folder::new("docs", &[("good.rata", good)]);
    let out = folder.gives(1, &[]);
    holds(
        &out,
        &[") Good.add (example)", "good.rata:17", "the example on line 18 gives", "3", "not", "4"],
    );
    holds(&out, &[") Good.half (example)", "good.rata:36", "module Good has no `nothing`"]);
    holds(&out, &["4 tests: 2 passed, 2 failed"]);
    assert_eq!(folder.run(&["--no-docs"]).0, 2);
    holds(&folder.gives(0, &["--docs", "-f", "good.rata:5"]), &["1 passed"]);
}

#[test]
fn an_example_that_does_not_compile_is_shown_as_it_was_written() {
    let code = "module Lib {\n  f = function(x) {\n    \"\"\"\n    One.\n\n        \
                Lib.nosuch(1)  # 4\n        Lib.f(1)       # 1\n\n    Two.\n\n        \
                Lib.f(2)  # 2\n    \"\"\"\n    x\n  }\n}\n";
    let folder = Folder::new("docs-bad", &[("lib.rata", code)]);
    let out = folder.gives(1, &[]);
    holds(&out, &["--> lib.rata:6:", "6 |         Lib.nosuch(1)  # 4", "|             ^^^^^^"]);
    holds(&out, &["3 tests: 2 passed, 1 failed"]);
    assert!(!out.contains("Tests.Docs"), "{out}");
}

#[test]
fn results_for_machines() {
    let text = "module \"J\" { test(\"a \\\"b\\\"\", fn -> assert_eq(\"x\\n\", 1) end) }\n";
    let folder = Folder::new("json", &[("j_test.rata", text)]);
    let out = folder.gives(1, &["--format", "json", "--seed", "1"]);
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines.len(), 2, "{out}");
    for part in [
        "\"name\":\"J › a \\\"b\\\"\"",
        "\"status\":\"failed\"",
        "\"file\":\"j_test.rata\"",
        "left:  \\\"x\\\\n\\\"\\n",
    ] {
        assert!(lines[0].contains(part), "{part} in {out}");
    }
    assert!(lines[1].starts_with("{\"passed\":0,\"failed\":1,\"skipped\":0,\"todo\":0,"), "{out}");
    let list = folder.gives(0, &["--list", "--format", "json"]);
    let listed = "{\"file\":\"j_test.rata\",\"line\":1,\"name\":\"J › a \\\"b\\\"\"}\n";
    assert_eq!(list, listed);
}

#[test]
fn coverage_says_which_lines_have_run() {
    let code = "module Sign {\n  of = function(n) {\n    \"\"\"\n    The sign.\n    \"\"\"\n    if n < 0 {\n      :minus\n    \
                } else {\n      case n {\n        0 -> :zero\n        _ ->\n          Sign.none()\n          :plus\n      }\n    }\n  }\n  \
                none = function() { nil }\n}\nmodule \"Sign\" { assert Sign.of(-1) == :minus }\n";
    let files = [
        ("sign.rata", code),
        ("unused.rata", SUM),
        ("x_test.rata", "assert Sign.of(0) == :zero\n"),
    ];
    let folder = Folder::new("coverage", &files);
    let out = folder.gives(0, &["--coverage"]);
    holds(
        &out,
        &[
            "2 tests: 2 passed",
            "coverage:",
            "-  unused.rata",
            " 57.1 %  sign.rata (not run: 12-17)",
            " 57.1 %  of all",
        ],
    );
}

#[test]
fn colours_are_for_terminals() {
    let folder = Folder::new("colours", &[("sum.rata", SUM), ("sum_test.rata", PASSING)]);
    let output =
        folder.command(&[]).env("FORCE_COLOR", "1").output().expect("ratac can be started");
    assert!(!output.stdout.contains(&0x1b));
}

#[test]
fn watching_runs_again_after_a_change() {
    let folder = Folder::new("watch", &[("sum.rata", SUM), ("sum_test.rata", PASSING)]);
    let mut command = folder.command(&["--watch"]);
    let mut child = command.stdout(Stdio::piped()).spawn().expect("ratac can be started");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let mut until = |wanted: &str| {
        let found = lines.by_ref().map_while(Result::ok).any(|line| line.contains(wanted));
        assert!(found, "no `{wanted}`");
    };
    until("2 tests: 2 passed");
    until("waiting for a change");
    folder.write("sum.rata", &SUM.replace("a + b", "a - b"));
    until("2 failed");
    until("waiting for a change");
    folder.write("sum.rata", SUM);
    until("2 passed");
    child.kill().expect("it can be ended");
    child.wait().expect("it ends");
}
