//! The files of a compilation: paths and texts in, lines and columns of spans out.

use crate::span::{FileId, Span};
use std::sync::Arc;

/// A place as people count: both from 1, columns in code points.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub struct Place {
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

/// One source file.
#[derive(Debug)]
pub struct SourceFile {
    /// As shown to the user.
    pub path: String,
    /// Its text.
    pub text: String,
    /// Offset of the first byte of each line.
    line_starts: Arc<[u32]>,
}

impl SourceFile {
    fn new(path: String, text: String) -> SourceFile {
        let mut line_starts = vec![0];
        let newlines = text.bytes().enumerate().filter(|&(_, byte)| byte == b'\n');
        line_starts.extend(newlines.map(|(at, _)| offset(at + 1)));
        SourceFile { path, text, line_starts: line_starts.into() }
    }

    /// Offset of the first byte of each line.
    pub fn line_starts(&self) -> Arc<[u32]> {
        Arc::clone(&self.line_starts)
    }

    /// How many lines there are (at least one).
    pub fn line_count(&self) -> u32 {
        offset(self.line_starts.len())
    }

    /// The line (from 1) in which the byte at `at` lies.
    pub fn line_of(&self, at: u32) -> u32 {
        offset(self.line_starts.partition_point(|&start| start <= at))
    }

    /// Offset of the first byte of `line` (from 1).
    pub fn line_start(&self, line: u32) -> u32 {
        self.line_starts[line as usize - 1]
    }

    /// The text of `line` (from 1) without its line ending.
    pub fn line_text(&self, line: u32) -> &str {
        let start = self.line_start(line) as usize;
        let end = self.line_starts.get(line as usize).map_or(self.text.len(), |&e| e as usize);
        self.text[start..end].trim_end_matches(['\n', '\r'])
    }

    /// Line and column of the byte at `at`; what lies past the end counts as the end.
    pub fn place(&self, at: u32) -> Place {
        let at = self.floor(at);
        let line = self.line_of(at);
        let before = &self.text[self.line_start(line) as usize..at as usize];
        Place { line, column: offset(before.chars().count()) + 1 }
    }

    /// The nearest character boundary at or before `at`, within the text.
    pub fn floor(&self, at: u32) -> u32 {
        let mut at = (at as usize).min(self.text.len());
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        offset(at)
    }

    /// The text of a span, clipped to what there is.
    pub fn slice(&self, span: Span) -> &str {
        let (start, end) = (self.floor(span.start), self.floor(span.end));
        &self.text[start as usize..end.max(start) as usize]
    }
}

fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// All files of a compilation.
#[derive(Debug, Default)]
pub struct SourceMap {
    files: Vec<SourceFile>,
}

impl SourceMap {
    /// No files yet.
    pub fn new() -> SourceMap {
        SourceMap::default()
    }

    /// Adds a file and gives its id.
    pub fn add(&mut self, path: impl Into<String>, text: impl Into<String>) -> FileId {
        let id = FileId(offset(self.files.len()));
        self.files.push(SourceFile::new(path.into(), text.into()));
        id
    }

    /// The file with that id; ids come from [`SourceMap::add`].
    pub fn file(&self, id: FileId) -> &SourceFile {
        &self.files[id.0 as usize]
    }

    /// The file with that id, if it is one of these.
    pub fn get(&self, id: FileId) -> Option<&SourceFile> {
        self.files.get(id.0 as usize)
    }

    /// All files with their ids, in order.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        self.files.iter().enumerate().map(|(index, file)| (FileId(offset(index)), file))
    }

    /// Line and column where a span begins.
    pub fn place(&self, file: FileId, span: Span) -> Place {
        self.file(file).place(span.start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_code_points() {
        let mut map = SourceMap::new();
        let id = map.add("a.rata", "é = 1\n\t日本 x\r\n\nlast");
        let at = |text: &str| {
            let start = map.file(id).text.find(text).expect("is there") as u32;
            let place = map.place(id, Span::new(start, start));
            (place.line, place.column)
        };
        assert_eq!(at("= 1"), (1, 3));
        assert_eq!(at("x\r"), (2, 5));
        assert_eq!(at("last"), (4, 1));
        assert_eq!(map.file(id).line_text(2), "\t日本 x");
        assert_eq!(map.file(id).line_text(3), "");
        assert_eq!(map.file(id).line_count(), 4);
    }

    #[test]
    fn places_past_the_end_are_the_end() {
        let mut map = SourceMap::new();
        let id = map.add("a.rata", "é");
        assert_eq!(map.place(id, Span::new(99, 100)), Place { line: 1, column: 2 });
        assert_eq!(map.place(id, Span::new(1, 1)), Place { line: 1, column: 1 });
        assert_eq!(map.file(id).slice(Span::new(0, 99)), "é");
        assert_eq!(map.file(id).slice(Span::new(5, 2)), "");
        let empty = map.add("b.rata", "");
        assert_eq!(map.place(empty, Span::new(0, 0)), Place { line: 1, column: 1 });
        assert_eq!(map.file(empty).line_text(1), "");
    }
}
