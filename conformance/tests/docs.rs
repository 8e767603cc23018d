//! The examples in the docstrings of the standard library, as tests. `RATA_CONFORMANCE=part` selects
//! files by part of their names.

use rata_conformance::docs;
use rata_conformance::suite::files;
use rata_conformance::tools::Tools;
use std::path::Path;

#[test]
fn every_public_function_has_examples_that_hold() {
    let stdlib = Path::new(env!("CARGO_MANIFEST_DIR")).join("../stdlib");
    let part = std::env::var("RATA_CONFORMANCE").unwrap_or_default();
    let run = || -> Result<usize, String> {
        let tools = Tools::find()?;
        let mut report = String::new();
        let mut checked = 0;
        for file in files(&stdlib, "rata")?.iter().filter(|f| f.to_string_lossy().contains(&part)) {
            match docs::check_file(&tools, file) {
                Ok(examples) => checked += examples,
                Err(what) => report.push_str(&what),
            }
        }
        if report.is_empty() { Ok(checked) } else { Err(report) }
    };
    match run() {
        Ok(checked) => assert!(checked > 0, "no examples found"),
        Err(report) => panic!("\n{report}"),
    }
}
