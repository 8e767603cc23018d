//! Looks whether the old generation keeps its promise: nothing in it points to anything young, but
//! through claims that are remembered. For debug builds whose safepoints all collect.
#![allow(unsafe_code)]

use super::layout::{self, Format, unpair};
use super::old::Old;
use super::space::Space;
use super::{Heap, STRESS};
use crate::value::Word;

impl Heap {
    /// Panics if an old object points to something young that no claim tells of.
    pub(super) fn check_old(&self, old: &Old) {
        if !self.has_mode(STRESS) {
            return;
        }
        let claimed = old.claimed.borrow();
        let (mut changed, mut slots) = (Vec::new(), Vec::new());
        if let Some(attic) = self.attic.get() {
            changed.clone_from(&attic.changed.borrow());
            changed.extend_from_slice(&attic.undecided.borrow());
            slots.clone_from(&attic.slots.borrow());
        }
        let space = old.space.get();
        // SAFETY: the old generation is filled with objects, whose words after the raw ones are
        // values, and buffers with written windows.
        unsafe {
            Space::walk(
                &mut (),
                Space::EMPTY.mark(),
                |()| space,
                |(), at, words| {
                    let header = *at;
                    let (tag, flags) = (layout::tag_of(header), layout::flags_of(header));
                    assert!(
                        header & layout::bits(layout::OLD) != 0,
                        "{header:x} is not marked old"
                    );
                    let (from, to) = match tag {
                        layout::BUF if Format::of_flags(flags).traced() => {
                            let known = claimed.iter().find(|c| c.buf == at);
                            assert!(
                                layout::is_guarded(header) == known.is_none(),
                                "guard and claim"
                            );
                            let (lo, hi) = unpair(known.map_or(*at.add(1), |c| c.window));
                            (2 + lo, 2 + hi)
                        }
                        tag => match layout::raw_words(tag) {
                            layout::ALL_RAW => return,
                            raw => (1 + raw as usize, words),
                        },
                    };
                    if changed.contains(&at) {
                        return;
                    }
                    for i in from..to {
                        if slots.contains(&at.add(i)) {
                            continue;
                        }
                        self.assert_settled(Word::from_bits(*at.add(i)));
                    }
                },
            );
        }
    }

    /// Panics if a word points to anything young.
    pub(crate) fn assert_settled(&self, word: Word) {
        if word.is_pointer() {
            // SAFETY: a pointer at rest points to an object; freed ones are overwritten.
            let header = unsafe { *word.address() };
            let settled = layout::bits(layout::OLD | layout::STATIC);
            assert!(
                header & 1 == 1 && header & settled != 0,
                "{word:?} is young, though nothing has been written here since the last collection"
            );
        }
    }

    /// Whether a collection has just left everything old, and is to be checked.
    pub(crate) fn is_settled(&self) -> bool {
        self.has_mode(STRESS) && self.old.is_some() && self.young_bytes() == 0
    }
}
