//! Which lines have run: the compiler puts a call before each statement of the files asked for, with a number made of file and
//! line; whoever runs tests reads the marks in the end.

use std::sync::atomic::{AtomicBool, Ordering};

/// A mark for each line of each file.
#[derive(Debug)]
pub struct Coverage {
    files: Vec<Box<[AtomicBool]>>,
}

/// The bits of a number that tell the line.
const LINE: u32 = 24;

impl Coverage {
    /// For files with so many lines, by the compiler's numbers.
    pub fn new(lines: impl Iterator<Item = u32>) -> Coverage {
        let file = |lines: u32| (0..=lines).map(|_| AtomicBool::new(false)).collect();
        Coverage { files: lines.map(file).collect() }
    }

    /// The line has run.
    pub fn mark(&self, number: u64) {
        if let Some(mark) = self.place(number)
            && !mark.load(Ordering::Relaxed)
        {
            mark.store(true, Ordering::Relaxed);
        }
    }

    /// Whether it has.
    pub fn has_run(&self, number: u64) -> bool {
        self.place(number).is_some_and(|mark| mark.load(Ordering::Relaxed))
    }

    fn place(&self, number: u64) -> Option<&AtomicBool> {
        self.files.get((number >> LINE) as usize)?.get((number & ((1 << LINE) - 1)) as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::Coverage;

    #[test]
    fn lines_are_marked() {
        let coverage = Coverage::new([3, 0, 5].into_iter());
        coverage.mark(3);
        coverage.mark(2 << 24 | 5);
        coverage.mark(2 << 24 | 6);
        coverage.mark(9 << 24 | 1);
        let marked = |number| coverage.has_run(number);
        assert!(marked(3) && marked(2 << 24 | 5));
        assert!(!marked(1) && !marked(1 << 24 | 3) && !marked(2 << 24 | 6) && !marked(9 << 24 | 1));
    }
}
