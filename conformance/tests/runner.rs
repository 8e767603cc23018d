//! The runner itself, against a fake compiler and machine (`tests/fake`): what must pass passes,
//! and each kind of misbehaviour is caught in the mode in which it shows.
#![cfg(unix)]

use rata_conformance::example::Mode;
use rata_conformance::suite::{self, Filter};
use rata_conformance::tools::Tools;
use rata_conformance::{chapter, conformance_dir};
use std::path::Path;

fn outcome(text: &str, mode: Mode) -> Result<usize, String> {
    let tools = Tools::in_folder(&conformance_dir().join("tests/fake")).unwrap();
    let examples = chapter::parse(Path::new("fake.md"), text).unwrap();
    suite::run_all(&tools, &examples, mode, &Filter::default())
}

fn passes(text: &str) {
    for mode in Mode::ALL {
        outcome(text, mode).unwrap_or_else(|report| panic!("{report}"));
    }
}

/// Fails in `mode` alone, with each of `parts` in the report.
fn fails(text: &str, modes: &[Mode], parts: &[&str]) {
    for mode in Mode::ALL {
        match outcome(text, mode) {
            Ok(_) => assert!(!modes.contains(&mode), "{mode} passes:\n{text}"),
            Err(report) => {
                assert!(modes.contains(&mode), "{mode} fails:\n{text}\n{report}");
                for part in parts {
                    assert!(report.contains(part), "no `{part}` in\n{report}");
                }
            }
        }
    }
}

#[test]
fn output_arguments_input_and_exit_code() {
    passes("```rata args=\"a b\" exit=3\n#vm echo $2 $1; exit 3\n```\n```output\nb a\n```\n");
    passes("```rata stdin=\"x\\ny\"\n#vm cat\n```\n```output no-newline\nx\ny\n```\n");
    passes("```rata env=\"A=1\"\n#vm echo $A\n```\n```output\n1\n```\n");
    passes("```rata\n```\n");
}

#[test]
fn wrong_output_is_shown_as_a_diff() {
    let text = "\n\n```rata\n#vm echo one; echo three\n```\n```output\none\ntwo\n```\n";
    fails(text, &Mode::ALL, &["fake.md:3", "- two", "+ three", "1 of 1 examples failed"]);
    fails("```rata\n#vm echo one\n```\n", &Mode::ALL, &["+ one"]);
    fails("```rata\n#vm exit 4\n```\n", &Mode::ALL, &["exit code 4, expected exit code 0"]);
    fails("```rata\n#vm echo oh >&2\n```\n", &Mode::ALL, &["stderr is not empty", "| oh"]);
    fails(
        "```rata timeout=1\n#vm test \"$RATA_STRESS\" || exec sleep 50\n```\n",
        &[Mode::Source, Mode::Compiled, Mode::Jit],
        &["did not end within the time limit"],
    );
}

#[test]
fn stress_modes_set_the_environment() {
    let text = "```rata size=1000\n#vm echo $RATA_STRESS $RATA_SIZE\n```\n```output\n1000\n```\n";
    let stressed = [Mode::Gc, Mode::Preempt, Mode::JitGc, Mode::JitPreempt];
    fails(text, &stressed, &["stress="]);
    assert!(outcome(text, Mode::Gc).unwrap_err().contains("+ gc,symbols 10\n"));
    passes(&text.replace("size=1000", "size=1000 nostress"));
}

#[test]
fn jit_modes_set_the_environment() {
    let text = "```rata\n#vm echo ${RATA_JIT#*,}\n```\n```output\nsync\n```\n";
    let others = [Mode::Source, Mode::Compiled, Mode::Gc, Mode::Preempt];
    fails(text, &others, &["- sync", "+ o"]);
}

#[test]
fn compiled_mode_deletes_the_sources_but_not_the_data() {
    let text = "```rata file=lib/a.rata\n```\n```csv file=d.csv\n1\n```\n\
                ```rata\n#vm cat d.csv; ls lib main.rata 2>/dev/null\n```\n";
    let source = format!("{text}```output\n1\nmain.rata\n\nlib:\na.rata\n```\n");
    fails(&source, &[Mode::Compiled], &["- a.rata"]);
}

#[test]
fn crashes_and_reports() {
    let crash = "```rata\n#vm echo 'x: boom (main.rata:3)' >&2; exit 1\n```\n";
    passes(&format!("{crash}```crash\n…boom (main.rata:…)\n```\n"));
    fails(&format!("{crash}```crash\n…boom…\n…bang…\n```\n"), &Mode::ALL, &["…bang…", "| x: boom"]);
    fails(&format!("{crash}```stderr\n…boom…\n```\n"), &Mode::ALL, &["expected exit code 0"]);
    passes("```rata noisy\n#vm echo report >&2\n```\n");
    passes("```rata\n#vm echo report >&2\n```\n```stderr\nreport\n```\n");
}

#[test]
fn compile_errors() {
    let bad = "```rata\n#c echo main.rata:1:2: bad >&2; exit 2\n```\n";
    passes(&format!("{bad}```error\nmain.rata:1:2: bad\n```\n"));
    passes(&format!("{bad}```error-contains\nbad\nmain.rata:1:2\n```\n"));
    let compiling = [Mode::Source, Mode::Compiled];
    fails(
        &format!("{bad}```error\nmain.rata:1:2: worse\n```\n"),
        &compiling,
        &["+ main.rata:1:2: bad"],
    );
    fails(&format!("{bad}```error-contains\n1:3\n```\n"), &compiling, &["lacks `1:3`"]);
    fails("```rata\n```\n```error-contains\nx\n```\n", &compiling, &["expected exit code 2"]);
    // An error in one of the commands alone is caught as well.
    let only_check = "```rata\n#c if test $1 = check; then echo bad >&2; exit 2; fi\n```\n";
    fails(&format!("{only_check}```error\nbad\n```\n"), &compiling, &["exit code 0"]);
}

#[test]
fn blessing_writes_error_texts_where_the_phrases_hold() {
    let tools = Tools::in_folder(&conformance_dir().join("tests/fake")).unwrap();
    let file = std::env::temp_dir().join(format!("rata-bless-{}.md", std::process::id()));
    let bad = |what: &str| format!("```rata\n#c echo main.rata: {what} >&2; exit 2\n```\n");
    let text = format!(
        "{}```error\nold\n```\n{}```error-contains\nother\n```\n{}```error-contains\nthree\n```\n",
        bad("one"),
        bad("two"),
        bad("three")
    );
    std::fs::write(&file, &text).unwrap();
    let first = suite::bless_chapter(&tools, &file, &Filter::default());
    let second = suite::bless_chapter(&tools, &file, &Filter::default());
    let blessed = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    assert_eq!((first, second), (Ok(true), Ok(false)));
    let wanted = text.replace("old\n", "main.rata: one\n");
    assert_eq!(blessed, format!("{wanted}\n```error\nmain.rata: three\n```\n"));
}

#[test]
fn warnings_are_expected_or_fail() {
    let warned = "```rata\n#c echo warning: unused x >&2\n#vm echo hi\n```\n```output\nhi\n```\n";
    fails(warned, &Mode::ALL, &["unused x"]);
    passes(&format!("{warned}```warning\nunused x\n```\n"));
    fails(
        &format!("{warned}```warning\nunused y\n```\n"),
        &[Mode::Source, Mode::Compiled],
        &["unused y"],
    );
}

#[test]
fn the_books_own_files_can_be_read() {
    let chapters = suite::chapters().unwrap_or_else(|e| panic!("{e}"));
    let programs = suite::programs().unwrap_or_else(|e| panic!("{e}"));
    assert!(!chapters.is_empty() && !programs.is_empty());
    for file in suite::files(&conformance_dir().join("programs"), "out").unwrap() {
        assert!(file.with_extension("rata").is_file(), "{} without program", file.display());
    }
}
