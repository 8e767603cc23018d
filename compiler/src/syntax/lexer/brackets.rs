//! What is open: brackets, `fn`, and expressions in f-strings. Pairs opening and closing tokens.

use super::{Closer, Lexer, Open};
use crate::syntax::token::{Kind, NONE};

impl Lexer<'_, '_, '_> {
    pub(super) fn open(&mut self, kind: Kind, closer: Closer, length: usize) {
        self.push_open(closer);
        let start = self.pos;
        self.pos += length;
        self.push(kind, start, NONE);
    }

    /// A closing bracket or `end`, already read when it is `end`.
    pub(super) fn close(&mut self, kind: Kind, closer: Closer) {
        let start = self.pos;
        self.pos += 1;
        if kind == Kind::RBrace && self.closes_fstring_brace() {
            self.close_fstring_brace(start);
            return;
        }
        let opener = self.pop_opener(closer);
        self.link(opener);
        self.push(kind, start, opener);
    }

    /// Makes the opening token know the one about to be pushed.
    pub(super) fn link(&mut self, opener: u32) {
        let closer = self.out.list.len() as u32;
        if let Some(token) = self.out.list.get_mut(opener as usize) {
            token.data = closer;
        }
    }

    /// The next token opens something.
    pub(super) fn push_open(&mut self, closer: Closer) {
        let outer = self.innermost[closer as usize];
        self.stack.push(Open { closer, token: self.out.list.len() as u32, typed: false, outer });
        self.innermost[closer as usize] = self.stack.len();
    }

    pub(super) fn pop_open(&mut self) -> Option<Open> {
        let open = self.stack.pop()?;
        self.innermost[open.closer as usize] = open.outer;
        Some(open)
    }

    /// Takes what `closer` closes off the stack, and gives its token or `NONE`.
    pub(super) fn pop_opener(&mut self, closer: Closer) -> u32 {
        let floor = self.innermost[Closer::FString as usize];
        let found = self.innermost[closer as usize];
        if found > floor {
            while self.stack.len() > found {
                self.pop_open();
            }
        } else {
            // A wrong bracket closes the innermost one; `end` and `fn` pair only with each other.
            let innermost = self.stack[floor..].last();
            if closer == Closer::End || innermost.is_none_or(|open| open.closer == Closer::End) {
                return NONE;
            }
        }
        self.pop_open().map_or(NONE, |open| open.token)
    }

    pub(super) fn closes_fstring_brace(&self) -> bool {
        self.innermost[Closer::FString as usize] > self.innermost[Closer::Brace as usize]
    }
}
