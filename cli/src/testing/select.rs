//! Which tests were asked for: names and places in, yes or no out.

use std::collections::HashMap;

/// `--filter` and `--exclude`.
pub(super) struct Selection {
    filters: Vec<Filter>,
    exclude: Vec<String>,
}

enum Filter {
    /// The name holds a text.
    Name(String),
    /// The test stands around a line of a file.
    Place(String, usize),
}

impl Filter {
    fn of(text: &str) -> Filter {
        let place = text.rsplit_once(':').filter(|(file, _)| file.ends_with(".rata"));
        match place.and_then(|(file, line)| Some((file, line.parse().ok()?))) {
            Some((file, line)) => Filter::Place(file.trim_start_matches("./").to_owned(), line),
            None => Filter::Name(text.to_owned()),
        }
    }
}

/// What the names of examples in docstrings end with.
pub(super) const EXAMPLE: &str = " (example)";
/// What separates the parts of a name.
pub(super) const SEPARATOR: &str = " › ";

impl Selection {
    pub(super) fn new(filters: &[String], exclude: &[String]) -> Selection {
        let filters = filters.iter().map(|text| Filter::of(text)).collect();
        Selection { filters, exclude: exclude.to_vec() }
    }

    /// Whether a test is asked for, whose code begins on this line of a file with this text.
    pub(super) fn takes(&self, file: &str, line: usize, name: &str, text: &str) -> bool {
        if self.exclude.iter().any(|part| name.contains(part.as_str())) {
            return false;
        }
        let takes = |filter: &Filter| match filter {
            Filter::Name(part) => name.contains(part.as_str()),
            Filter::Place(path, wanted) => {
                let same = file == path || file.ends_with(&format!("/{path}"));
                same && stands_at(*wanted, line, name, text)
            }
        };
        self.filters.is_empty() || self.filters.iter().any(takes)
    }
}

/// Whether `wanted` is a line of the test, or of the heading of a describe or module around it.
fn stands_at(wanted: usize, line: usize, name: &str, text: &str) -> bool {
    let lines: Vec<&str> = text.lines().collect();
    let Some(there) = wanted.checked_sub(1).and_then(|at| lines.get(at)) else { return false };
    if is_heading(there) {
        let title = title_in(there).unwrap_or_default();
        return name.split(SEPARATOR).any(|part| part == title);
    }
    let begin = title_line(text, name, line);
    let ends = |line: &str| match name.ends_with(EXAMPLE) {
        true => line.trim() == "\"\"\"",
        false => begins_test(line) || is_heading(line),
    };
    let next = (begin..lines.len()).find(|&at| ends(lines[at]));
    begin <= wanted && next.is_none_or(|at| wanted <= at)
}

/// The line on which a test is named, given that on which its code begins.
pub(super) fn title_line(text: &str, name: &str, line: usize) -> usize {
    let title = name.rsplit(SEPARATOR).next().unwrap_or(name);
    let quoted = format!("{title:?}");
    let lines: Vec<&str> = text.lines().collect();
    let names_it = |l: &&str| l.contains(&quoted) && begins_test(l);
    let above = lines.iter().take(line).rposition(&names_it);
    // Far above stands another one, whose name happens to be the same.
    let above = above.map(|at| at + 1).filter(|at| at + 20 > line);
    // One still to be written has no code.
    let below = || lines.iter().position(|l| names_it(l) && l.contains("todo(")).map(|at| at + 1);
    above.or_else(below).unwrap_or(line)
}

fn begins_test(line: &str) -> bool {
    let line = line.trim_start().trim_start_matches("Tests.");
    ["test(", "property(", "todo("].iter().any(|word| line.starts_with(word))
}

fn is_heading(line: &str) -> bool {
    let line = line.trim_start().trim_start_matches("Tests.");
    line.starts_with("describe(") || line.starts_with("module \"")
}

fn title_in(line: &str) -> Option<&str> {
    line.split('"').nth(1)
}

/// The text of a file, "" if it is not known.
pub(super) fn text_of<'t>(texts: &'t HashMap<String, String>, file: &str) -> &'t str {
    texts.get(file).map_or("", String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "module \"M\" {\n  describe(\"d\", fn ->\n    test(\"one\", fn ->\n      assert true\n    end)\n    \
                        test(\"two\", fn -> assert true end)\n  end)\n}\n";

    fn takes(filters: &[&str], exclude: &[&str], line: usize, name: &str) -> bool {
        let own = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
        Selection::new(&own(filters), &own(exclude)).takes("lib/m_test.rata", line, name, TEXT)
    }

    #[test]
    fn by_name() {
        assert!(takes(&[], &[], 4, "M › d › one"));
        assert!(takes(&["x", "d › o"], &[], 4, "M › d › one"));
        assert!(!takes(&["two"], &[], 4, "M › d › one"));
        assert!(!takes(&["one"], &["M"], 4, "M › d › one"));
    }

    #[test]
    fn by_place() {
        // The code of the first test begins on line 4.
        for (line, one, two) in
            [(1, true, true), (2, true, true), (3, true, false), (4, true, false)]
        {
            let filter = format!("m_test.rata:{line}");
            assert_eq!(takes(&[&filter], &[], 4, "M › d › one"), one, "{line}");
            assert_eq!(takes(&[&filter], &[], 6, "M › d › two"), two, "{line}");
        }
        assert!(takes(&["./lib/m_test.rata:6"], &[], 6, "M › d › two"));
        assert!(!takes(&["lib/m_test.rata:6"], &[], 4, "M › d › one"));
        assert!(!takes(&["other_m_test.rata:6"], &[], 6, "M › d › two"));
        assert!(!takes(&["m_test.rata:99"], &[], 6, "M › d › two"));
    }

    #[test]
    fn the_line_of_the_name() {
        assert_eq!(title_line(TEXT, "M › d › one", 4), 3);
        assert_eq!(title_line(TEXT, "M › d › two", 6), 6);
        assert_eq!(title_line(TEXT, "M › d › made up", 4), 4);
        assert_eq!(title_line(&format!("{TEXT}\ntodo(\"later\")\n"), "M › later", 1), 10);
    }
}
