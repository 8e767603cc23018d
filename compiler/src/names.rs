//! Interned text: every identifier, module path and symbol of a compilation is a small integer.

use foldhash::HashMap;

/// An interned piece of text. Comparing two is comparing integers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct Name(pub u32);

/// The table behind [`Name`]. One per compilation.
#[derive(Default)]
pub struct Names {
    texts: Vec<Box<str>>,
    index: HashMap<Box<str>, Name>,
}

impl Names {
    /// An empty table.
    pub fn new() -> Names {
        Names::default()
    }

    /// The name for `text`, made when it is new.
    pub fn intern(&mut self, text: &str) -> Name {
        if let Some(&name) = self.index.get(text) {
            return name;
        }
        let name = Name(u32::try_from(self.texts.len()).expect("fewer than 4 billion names"));
        self.texts.push(text.into());
        self.index.insert(text.into(), name);
        name
    }

    /// The name for `text` if it was interned before.
    pub fn find(&self, text: &str) -> Option<Name> {
        self.index.get(text).copied()
    }

    /// The text of `name`.
    pub fn text(&self, name: Name) -> &str {
        &self.texts[name.0 as usize]
    }
}
