//! Reads a chapter: in comes Markdown, out come its examples in order, or the first mistake in
//! its fences. The format is documented in `conformance/README.md`.

use crate::attributes::Attributes;
use crate::example::{Block, DEFAULT_TIMEOUT, Example, Place, SourceFile};
use std::path::Path;
use std::time::Duration;

/// Fence words for blocks that are shown to the reader and not run.
const PROSE: &[&str] = &["text", "sh", "ebnf", "csv", "json"];
const FLAGS: &[&str] = &["main", "noisy", "nostress"];
const VALUES: &[&str] =
    &["file", "args", "flags", "env", "stdin", "exit", "size", "stress-size", "timeout"];

/// Reads every example of one chapter.
pub fn parse(file: &Path, text: &str) -> Result<Vec<Example>, String> {
    let mut reader = Reader { file, pending: Vec::new(), examples: Vec::new() };
    let lines: Vec<&str> = text.lines().collect();
    let mut at = 0;
    while at < lines.len() {
        let Some((marks, info)) = open_fence(lines[at]) else {
            at += 1;
            continue;
        };
        let open = at;
        at += 1;
        while at < lines.len() && !closes(lines[at], marks) {
            at += 1;
        }
        let fail = |what: String| format!("{}:{}: {what}", file.display(), open + 1);
        if at == lines.len() {
            return Err(fail("this block is never closed".into()));
        }
        let mut body = lines[open + 1..at].join("\n");
        if at > open + 1 {
            body.push('\n');
        }
        let block = Block { text: body, open_line: open + 1, close_line: at + 1 };
        let attributes = Attributes::parse(info).map_err(&fail)?;
        reader.block(&attributes, block).map_err(&fail)?;
        at += 1;
    }
    match reader.pending.first() {
        Some(first) => {
            Err(format!("{}: the file `{}` belongs to no main block", file.display(), first.path))
        }
        None => Ok(reader.examples),
    }
}

/// The fence's marks and its info string, if the line opens a block.
fn open_fence(line: &str) -> Option<(usize, &str)> {
    let marks = line.len() - line.trim_start_matches('`').len();
    if marks < 3 || line[marks..].contains('`') { None } else { Some((marks, &line[marks..])) }
}

fn closes(line: &str, marks: usize) -> bool {
    let line = line.trim_end();
    line.len() >= marks && line.bytes().all(|b| b == b'`')
}

struct Reader<'a> {
    file: &'a Path,
    /// Files read so far that wait for their main block.
    pending: Vec<SourceFile>,
    examples: Vec<Example>,
}

impl Reader<'_> {
    fn block(&mut self, attributes: &Attributes, block: Block) -> Result<(), String> {
        match attributes.word.as_str() {
            "rata" => self.rata(attributes, block),
            "output" | "crash" | "stderr" | "warning" | "error" | "error-contains" => {
                self.expectation(attributes, block)
            }
            _ if attributes.has("file") => {
                attributes.allow(&[], &["file"])?;
                self.add_file(attributes.value("file").unwrap_or(""), block.text)
            }
            word if PROSE.contains(&word) => Ok(()),
            word => Err(format!("unknown kind of block `{word}`")),
        }
    }

    fn add_file(&mut self, path: &str, text: String) -> Result<(), String> {
        let inside = !path.is_empty()
            && path.split('/').all(|part| !part.is_empty() && part != "." && part != "..");
        if !inside || self.pending.iter().any(|f| f.path == path) {
            return Err(format!("`{path}` is no path inside the example, or there twice"));
        }
        self.pending.push(SourceFile { path: path.to_string(), text });
        Ok(())
    }

    fn rata(&mut self, attributes: &Attributes, block: Block) -> Result<(), String> {
        attributes.allow(FLAGS, VALUES)?;
        let path = attributes.value("file").unwrap_or("main.rata");
        self.add_file(path, block.text)?;
        if attributes.has("file") && !attributes.has("main") {
            return attributes.allow(&[], &["file"]);
        }
        let place = Place { file: self.file.to_path_buf(), line: block.open_line };
        let mut example = Example::new(place, std::mem::take(&mut self.pending));
        configure(&mut example, attributes)?;
        self.examples.push(example);
        Ok(())
    }

    fn expectation(&mut self, attributes: &Attributes, mut block: Block) -> Result<(), String> {
        let flags: &[&str] = if attributes.word == "output" { &["no-newline"] } else { &[] };
        attributes.allow(flags, &[])?;
        if !self.pending.is_empty() {
            return Err("an expectation stands between a file and its main block".into());
        }
        let example = self.examples.last_mut().ok_or("an expectation without an example")?;
        if block.text.is_empty() {
            return Err(format!("an empty `{}` block", attributes.word));
        }
        if attributes.has("no-newline") {
            block.text.pop();
        }
        let expect = &mut example.expect;
        let slot = match attributes.word.as_str() {
            "output" => &mut expect.output,
            "crash" => &mut expect.crash,
            "stderr" => &mut expect.stderr,
            "warning" => &mut expect.warning,
            "error" => &mut expect.error,
            _ => &mut expect.error_contains,
        };
        if slot.is_some() {
            return Err(format!("a second `{}` block for one example", attributes.word));
        }
        *slot = Some(block);
        let runs = expect.output.is_some() || expect.crash.is_some() || expect.stderr.is_some();
        if expect.is_compile_error() && (runs || expect.warning.is_some()) {
            return Err("a program that does not compile can neither run nor be warned".into());
        }
        if expect.crash.is_some() && expect.stderr.is_some() {
            return Err("`crash` and `stderr` exclude each other".into());
        }
        Ok(())
    }
}

/// Puts the attributes of a `rata` fence (or of a program's first line) into the example.
pub fn configure(example: &mut Example, attributes: &Attributes) -> Result<(), String> {
    let words = |name: &str| -> Vec<String> {
        attributes.value(name).unwrap_or("").split_whitespace().map(str::to_string).collect()
    };
    example.args = words("args");
    example.flags = words("flags");
    for pair in words("env") {
        let (name, value) = pair.split_once('=').ok_or("`env` takes NAME=value")?;
        example.env.push((name.to_string(), value.to_string()));
    }
    example.stdin = attributes.value("stdin").unwrap_or("").replace("\\n", "\n");
    example.exit = attributes.number("exit")?;
    example.nostress = attributes.has("nostress");
    example.noisy = attributes.has("noisy");
    example.size = attributes.number("size")?;
    example.stress_size = attributes.number("stress-size")?;
    example.timeout = attributes.number("timeout")?.map_or(DEFAULT_TIMEOUT, Duration::from_secs);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::example::Mode;
    use std::path::Path;

    fn read(text: &str) -> Result<Vec<crate::example::Example>, String> {
        parse(Path::new("c.md"), text)
    }

    #[test]
    fn examples_with_their_expectations() {
        let text = "# T\n```rata exit=3 args=\"a b\"\nIO.puts(1)\n```\nso\n```output\n1\n```\n\
                    ```text\nno example\n```\n```rata\n```\n";
        let examples = read(text).unwrap();
        assert_eq!(examples.len(), 2);
        assert_eq!(examples[0].place.line, 2);
        assert_eq!(examples[0].files[0].text, "IO.puts(1)\n");
        assert_eq!(examples[0].args, ["a", "b"]);
        assert_eq!(examples[0].exit_code(), 3);
        let output = examples[0].expect.output.as_ref().unwrap();
        assert_eq!((output.text.as_str(), output.open_line, output.close_line), ("1\n", 6, 8));
        assert_eq!(examples[1].expect, crate::example::Expect::default());
    }

    #[test]
    fn files_gather_until_the_main_block() {
        let text = "```rata file=lib/a.rata\nx\n```\n```csv file=d.csv\n1,2\n```\n\
                    ```rata size=1000\ny\n```\n```rata\nz\n```\n\
                    ```rata file=app.rata main\nw\n```\n";
        let examples = read(text).unwrap();
        let names: Vec<_> = examples[0].files.iter().map(|f| f.path.as_str()).collect();
        assert_eq!(names, ["lib/a.rata", "d.csv", "main.rata"]);
        assert_eq!(examples[0].size_in(Mode::Source), Some(1000));
        assert_eq!(examples[0].size_in(Mode::Gc), Some(10));
        assert_eq!(examples[1].files.len(), 1);
        assert_eq!(examples[2].main(), "app.rata");
    }

    #[test]
    fn longer_fences_hold_shorter_ones() {
        let examples = read("````rata\n```\n````\n").unwrap();
        assert_eq!(examples[0].files[0].text, "```\n");
    }

    #[test]
    fn mistakes_are_told_with_their_line() {
        for (text, what) in [
            ("```rata\nx\n", "c.md:1: this block is never closed"),
            ("```ouput\n```\n", "unknown kind of block"),
            ("```output\n1\n```\n", "without an example"),
            ("```rata\n```\n```output\n```\n", "an empty `output`"),
            ("```rata\n```\n```output\n1\n```\n```error\n1\n```\n", "neither run"),
            ("```rata\n```\n```output\n1\n```\n```output\n1\n```\n", "a second"),
            ("```rata\n```\n```crash\n1\n```\n```stderr\n1\n```\n", "exclude"),
            ("```rata file=a.rata\n```\n", "belongs to no main block"),
            ("```rata file=../a.rata\n```\n", "no path inside"),
            ("```rata file=a.rata exit=3\n```\n", "no attribute `exit`"),
            ("```rata nostres\n```\n", "no attribute `nostres`"),
        ] {
            let message = read(text).unwrap_err();
            assert!(message.contains(what), "{message}");
        }
    }
}
