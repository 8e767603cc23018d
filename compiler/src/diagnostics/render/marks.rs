//! Marks under one line in, the rows of text below it out.

use super::Paint;

/// A mark, in screen columns; `end` is past `start`.
pub(super) struct Mark<'t> {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) primary: bool,
    pub(super) text: &'t str,
}

impl Mark<'_> {
    fn paint(&self) -> Paint {
        if self.primary { Paint::Primary } else { Paint::Secondary }
    }
}

/// Pieces of a row, from left to right.
type Row = Vec<(Paint, String)>;

/// A row under construction: one cell for each column.
#[derive(Default)]
struct Cells(Vec<(Paint, char)>);

impl Cells {
    fn put(&mut self, at: usize, paint: Paint, c: char) {
        if self.0.len() <= at {
            self.0.resize(at + 1, (Paint::None, ' '));
        }
        self.0[at] = (paint, c);
    }

    fn text(&mut self, at: usize, paint: Paint, text: &str) {
        for (index, c) in text.chars().enumerate() {
            self.put(at + index, paint, c);
        }
    }

    fn row(self) -> Row {
        let mut row: Row = Vec::new();
        for (paint, c) in self.0 {
            match row.last_mut() {
                Some((last, text)) if *last == paint => text.push(c),
                _ => row.push((paint, c.to_string())),
            }
        }
        row
    }
}

/// The rows below a line: the underlines with the text of the last one beside it, then the texts of
/// the others, each below its mark.
pub(super) fn rows(marks: &[Mark<'_>]) -> Vec<Row> {
    if marks.is_empty() {
        return Vec::new();
    }
    let mut cells = Cells::default();
    for primary in [false, true] {
        for mark in marks.iter().filter(|mark| mark.primary == primary) {
            for at in mark.start..mark.end {
                cells.put(at, mark.paint(), if primary { '^' } else { '-' });
            }
        }
    }
    let mut hanging: Vec<&Mark<'_>> = marks.iter().filter(|mark| !mark.text.is_empty()).collect();
    hanging.sort_by_key(|mark| (mark.start, !mark.primary));
    let reach = marks.iter().map(|mark| mark.end).max().unwrap_or(0);
    if let Some(last) = hanging.pop_if(|last| last.end == reach) {
        cells.text(reach + 1, last.paint(), last.text);
    }
    let mut rows = vec![cells.row()];
    while let Some(mark) = hanging.pop() {
        let mut bars = Cells::default();
        let mut texts = Cells::default();
        for other in &hanging {
            bars.put(other.start, other.paint(), '|');
            texts.put(other.start, other.paint(), '|');
        }
        bars.put(mark.start, mark.paint(), '|');
        texts.text(mark.start, mark.paint(), mark.text);
        rows.push(bars.row());
        rows.push(texts.row());
    }
    rows
}
