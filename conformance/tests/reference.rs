//! The reference and the programs, in every mode: a failing test names chapter, line and mode.
//! `RATA_CONFORMANCE=part[:line]` selects, `RATA_BLESS=1` rewrites the `error` blocks.

use rata_conformance::example::{Example, Mode};
use rata_conformance::suite::{self, Filter};
use rata_conformance::tools::Tools;

fn check(examples: Result<Vec<Example>, String>, mode: Mode) {
    let result = examples
        .and_then(|examples| suite::run_all(&Tools::find()?, &examples, mode, &Filter::from_env()));
    if let Err(report) = result {
        panic!("{report}");
    }
}

/// `RATA_SEEDS=n` tries the seeds from 1 to n.
fn seeds() -> std::ops::RangeInclusive<u64> {
    let many = std::env::var("RATA_SEEDS").ok().and_then(|n| n.parse().ok());
    1..=many.unwrap_or(3)
}

mod chapters {
    use super::{Filter, Mode, Tools, check, suite};

    #[test]
    fn source() {
        if std::env::var_os("RATA_BLESS").is_some_and(|v| v == "1") {
            let tools = Tools::find().unwrap_or_else(|e| panic!("{e}"));
            match suite::bless_all(&tools, &Filter::from_env()) {
                Ok(changed) => eprintln!("blessed: {changed:?}"),
                Err(what) => panic!("{what}"),
            }
        }
        check(suite::chapters(), Mode::Source);
    }

    #[test]
    fn compiled() {
        check(suite::chapters(), Mode::Compiled);
    }

    #[test]
    fn stress_gc() {
        check(suite::chapters(), Mode::Gc);
    }

    #[test]
    fn stress_preempt() {
        check(suite::chapters(), Mode::Preempt);
    }

    #[test]
    fn seeds() {
        super::seeds().for_each(|seed| check(suite::chapters(), Mode::Seed(seed)));
    }

    #[cfg(feature = "jit")]
    #[test]
    fn jit() {
        check(suite::chapters(), Mode::Jit);
    }

    #[cfg(feature = "jit")]
    #[test]
    fn jit_stress_gc() {
        check(suite::chapters(), Mode::JitGc);
    }

    #[cfg(feature = "jit")]
    #[test]
    fn jit_stress_preempt() {
        check(suite::chapters(), Mode::JitPreempt);
    }
}

mod programs {
    use super::{Mode, check, suite};

    #[test]
    fn source() {
        check(suite::programs(), Mode::Source);
    }

    #[test]
    fn compiled() {
        check(suite::programs(), Mode::Compiled);
    }

    #[test]
    fn stress_gc() {
        check(suite::programs(), Mode::Gc);
    }

    #[test]
    fn stress_preempt() {
        check(suite::programs(), Mode::Preempt);
    }

    #[test]
    fn seeds() {
        super::seeds().for_each(|seed| check(suite::programs(), Mode::Seed(seed)));
    }

    #[cfg(feature = "jit")]
    #[test]
    fn jit() {
        check(suite::programs(), Mode::Jit);
    }

    #[cfg(feature = "jit")]
    #[test]
    fn jit_stress_gc() {
        check(suite::programs(), Mode::JitGc);
    }

    #[cfg(feature = "jit")]
    #[test]
    fn jit_stress_preempt() {
        check(suite::programs(), Mode::JitPreempt);
    }
}
