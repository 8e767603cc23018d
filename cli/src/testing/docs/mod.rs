//! Examples in docstrings as tests: the sources of modules in, a file of tests for each of them out.
//!
//! An example is an indented block in a docstring. A statement that ends in a comment is checked: its value as
//! `inspect` shows it must be the comment's text, or the comment says `raises :type` or `exits 3`. Other statements
//! prepare the ones after them, and blocks without any such comment are left alone. The modules that blocks define are seen by
//! all examples of the file.

pub(super) mod places;
pub(super) mod program;
pub(super) mod source;

use source::{Block, Source, Statement};
use std::collections::BTreeSet;

/// The examples of a file that become one file of tests.
#[derive(Clone, Debug)]
pub(super) struct Examples {
    /// The path of the file of tests: that of the sources, with a remark.
    pub(super) path: String,
    /// The file that they stand in.
    pub(super) of: String,
    /// The exit code that they end the program with.
    pub(super) exits: Option<i32>,
    definitions: Vec<Statement>,
    blocks: Vec<Block>,
}

/// The examples of a file: those that end the program each for itself.
pub(super) fn examples(of: &str, source: &Source) -> Vec<Examples> {
    let blocks: Vec<Block> = source.blocks().into_iter().filter(is_checked).collect();
    let (alone, blocks): (Vec<Block>, Vec<Block>) =
        blocks.into_iter().partition(|block| block.exits().is_some());
    let definitions = source.definitions();
    let all = Examples {
        path: format!("{of} (examples)"),
        of: of.to_owned(),
        exits: None,
        definitions,
        blocks,
    };
    let alone: Vec<Examples> = alone.into_iter().map(|block| all.only(block)).collect();
    let together = (!all.blocks.is_empty()).then_some(all);
    together.into_iter().chain(alone).collect()
}

fn is_checked(block: &Block) -> bool {
    block.statements.iter().any(|statement| statement.result.is_some())
}

impl Examples {
    fn only(&self, block: Block) -> Examples {
        Examples {
            path: format!("{} (example on line {})", self.of, block.line),
            of: self.of.clone(),
            exits: block.exits(),
            definitions: self.definitions.clone(),
            blocks: vec![block],
        }
    }

    /// Each of them alone, to see which are to blame.
    pub(super) fn split(&self) -> Vec<Examples> {
        self.blocks.iter().map(|block| self.only(block.clone())).collect()
    }

    /// Those without the statements on these lines; nothing if no other is left that is checked.
    pub(super) fn without(&self, lines: &BTreeSet<usize>) -> Option<Examples> {
        let mut rest = self.clone();
        for block in &mut rest.blocks {
            block.statements.retain(|statement| lines.range(statement.lines()).next().is_none());
        }
        rest.blocks.retain(is_checked);
        (!rest.blocks.is_empty()).then_some(rest)
    }

    /// The first one's line and what it explains.
    pub(super) fn first(&self) -> (usize, &str) {
        self.blocks.first().map_or((0, ""), |block| (block.line, &block.of))
    }

    /// The file of tests.
    pub(super) fn text(&self) -> String {
        program::text(&self.blocks, &self.definitions)
    }
}

/// The path of the sources that a path of `Examples` stands for; any other as it is.
pub(super) fn real_path(path: &str) -> &str {
    match path.split_once(".rata (example") {
        Some((stem, _)) => &path[..stem.len() + ".rata".len()],
        None => path,
    }
}

/// The public functions that lack a docstring or an example in it: place and complaint.
pub(super) fn undocumented(
    path: &str,
    source: &Source,
    except: &[String],
) -> Vec<(String, String)> {
    let mut wrong = Vec::new();
    for module in source.modules.iter().filter(|m| !except.contains(&m.name)) {
        for function in module.public_functions() {
            let what = match (function.documented, function.checked) {
                (false, _) => "has no docstring",
                (true, false) => "has no example in its docstring",
                (true, true) => continue,
            };
            let place = format!("{path}:{}", function.line);
            wrong.push((place, format!("{}.{} {what}", module.name, function.name)));
        }
    }
    wrong
}
