//! `--coverage`: which lines of the code under test have run, put together from all programs of a run; as a table.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// The lines with statements, by file, and whether each has run.
pub(super) struct Lines(BTreeMap<String, BTreeMap<u32, bool>>);

impl Lines {
    /// Of these files no line has run yet.
    pub(super) fn new(files: &BTreeSet<String>) -> Lines {
        Lines(files.iter().map(|file| (file.clone(), BTreeMap::new())).collect())
    }

    /// A line of a program, and whether it has run there.
    pub(super) fn add(&mut self, file: &str, line: u32, has_run: bool) {
        *self.0.entry(file.to_owned()).or_default().entry(line).or_default() |= has_run;
    }

    /// The table: the files that are covered worst come first.
    pub(super) fn report(&self) -> String {
        let mut files: Vec<(f64, &String, &BTreeMap<u32, bool>)> =
            self.0.iter().map(|(file, lines)| (share(lines.values()), file, lines)).collect();
        files.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(b.1)));
        let mut text = String::from("\ncoverage:\n");
        for (share, file, lines) in files {
            if lines.is_empty() {
                let _ =
                    writeln!(text, "        -  {file} (no test uses it, or it holds no statement)");
                continue;
            }
            let missing = missing(lines);
            let what = if missing.is_empty() { missing } else { format!(" (not run: {missing})") };
            let _ = writeln!(text, "  {:>5.1} %  {file}{what}", percent(share));
        }
        let all = share(self.0.values().flat_map(BTreeMap::values));
        let _ = writeln!(text, "  {:>5.1} %  of all lines with statements", percent(all));
        text
    }
}

fn share<'l>(lines: impl Iterator<Item = &'l bool>) -> f64 {
    let (mut all, mut run) = (0_u32, 0_u32);
    for &has_run in lines {
        all += 1;
        run += u32::from(has_run);
    }
    if all == 0 { 0.0 } else { f64::from(run) / f64::from(all) }
}

/// Rounded down: 100 is only what is complete.
fn percent(share: f64) -> f64 {
    (share * 1000.0).floor() / 10.0
}

/// `3, 7-9`: lines that have not run; those that follow one another, with no line in between that has, are a range.
fn missing(lines: &BTreeMap<u32, bool>) -> String {
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    let mut goes_on = false;
    for (&line, &has_run) in lines {
        match ranges.last_mut() {
            Some(last) if !has_run && goes_on => last.1 = line,
            _ if !has_run => ranges.push((line, line)),
            _ => {}
        }
        goes_on = !has_run;
    }
    let shown = ranges.iter().map(|&(from, to)| match from == to {
        true => from.to_string(),
        false => format!("{from}-{to}"),
    });
    shown.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::Lines;

    #[test]
    fn the_table_says_what_is_missing() {
        let mut lines = Lines::new(&["none.rata".to_owned()].into());
        for (line, has_run) in [(1, true), (2, false), (5, false), (6, true), (9, false)] {
            lines.add("a.rata", line, has_run);
            lines.add("b.rata", line, true);
        }
        // Another program has run more of it.
        lines.add("a.rata", 9, true);
        lines.add("a.rata", 6, false);
        let expected = "\ncoverage:\n        -  none.rata (no test uses it, or it holds no statement)\n   \
                        60.0 %  a.rata (not run: 2-5)\n  100.0 %  b.rata\n   80.0 %  of all lines with statements\n";
        assert_eq!(lines.report(), expected);
    }
}
