//! One source line as it is shown, and where its bytes come to stand on the screen.

/// Of longer lines (in bytes) only a part is shown.
const LONG: usize = 240;
/// How much of a long line is shown before its first mark, and how much in all.
const BEFORE: usize = 60;
const SHOWN: usize = 180;
const TAB: usize = 4;

/// A line ready to be shown.
pub(super) struct ShownLine {
    /// Its text, with everything replaced that would not take the place it should.
    pub(super) text: String,
    /// First byte of the source line that is shown.
    first: usize,
    /// Screen column of each byte from `first` on, and of the end.
    columns: Vec<usize>,
}

impl ShownLine {
    /// Shows `line`, of which the bytes from `from` to `to` matter most.
    pub(super) fn new(line: &str, from: usize, to: usize) -> ShownLine {
        let boundary = |mut at: usize| {
            at = at.min(line.len());
            while !line.is_char_boundary(at) {
                at -= 1;
            }
            at
        };
        let (mut first, mut last) = (0, line.len());
        if line.len() > LONG {
            first = boundary(from.saturating_sub(BEFORE));
            last = boundary((first + SHOWN).max(to.min(first + 2 * SHOWN)));
        }
        let mut shown = ShownLine { text: String::new(), first, columns: Vec::new() };
        let mut column = 0;
        if first > 0 {
            shown.text.push('…');
            column = 1;
        }
        for c in line[first..last].chars() {
            shown.columns.extend(std::iter::repeat_n(column, c.len_utf8()));
            column += shown.push(c, column);
        }
        shown.columns.push(column);
        if last < line.len() {
            shown.text.push('…');
        }
        shown.text.truncate(shown.text.trim_end().len());
        shown
    }

    /// Adds a character at a column and gives the width it takes.
    fn push(&mut self, c: char, column: usize) -> usize {
        if c == '\t' {
            let width = TAB - column % TAB;
            self.text.extend(std::iter::repeat_n(' ', width));
            return width;
        }
        let c = if is_unsafe(c) { '\u{fffd}' } else { c };
        self.text.push(c);
        width(c)
    }

    /// Screen column of the byte at `at`.
    pub(super) fn column(&self, at: usize) -> usize {
        let index = at.saturating_sub(self.first).min(self.columns.len() - 1);
        let past = at.saturating_sub(self.first + self.columns.len() - 1);
        self.columns[index] + past.min(1)
    }
}

/// Characters that would change how others are shown.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}')
        || matches!(c, '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// How many places a character takes on a terminal.
fn width(c: char) -> usize {
    let combining = matches!(c as u32,
        0x0300..=0x036f | 0x0483..=0x0489 | 0x0591..=0x05bd | 0x064b..=0x065f | 0x1ab0..=0x1aff
        | 0x1dc0..=0x1dff | 0x20d0..=0x20ff | 0xfe00..=0xfe0f | 0xfe20..=0xfe2f
        | 0x1f3fb..=0x1f3ff | 0xe0100..=0xe01ef);
    let wide = matches!(c as u32,
        0x1100..=0x115f | 0x231a..=0x231b | 0x23e9..=0x23ec | 0x2e80..=0x303e | 0x3041..=0x33ff
        | 0x3400..=0x4dbf | 0x4e00..=0x9fff | 0xa000..=0xa4cf | 0xa960..=0xa97f | 0xac00..=0xd7a3
        | 0xf900..=0xfaff | 0xfe30..=0xfe6f | 0xff00..=0xff60 | 0xffe0..=0xffe6
        | 0x1f300..=0x1f64f | 0x1f680..=0x1f6ff | 0x1f900..=0x1f9ff | 0x1fa70..=0x1faff
        | 0x20000..=0x3fffd);
    match (combining, wide) {
        (true, _) => 0,
        (_, true) => 2,
        _ => 1,
    }
}
