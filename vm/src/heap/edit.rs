//! Vectors edited in place, and the old versions this leaves behind.
//!
//! In: a vector whose buffer nothing else uses (OVEC), an index, an entry. Out: its next version, in O(1). What
//! maps and sets have in common with this is here too; the rest is in `edit_map.rs`.
//!
//! **Ownership.** A vector gets a buffer of its own the first time an entry of it is replaced: that
//! copies. From then on the handle *owns* the buffer, which its tag says: OVEC in place of VEC. Replacing an
//! entry of an OVEC writes to the buffer, makes a new OVEC, the next version, and turns the old handle into a
//! STALE one that holds what was there and points to the next version (Baker's trick). Whatever makes a
//! second handle on the buffer (a slice, an append that claims room) first makes the OVEC a VEC
//! ([`disown`]), for good. So code that knows only VEC takes its slow path at an OVEC and is right.
//! Buffers outside the heap may also be shared by messages: there the reference count has to be one.
//!
//! **Old versions.** Who looks at a STALE handle has it *settled* first: it gets a buffer of its own with what
//! it showed, found along the chain of versions, and is a VEC again. Reading knows of no heap, so the buffer
//! comes from the heap's *attic*, which the OWNER at the end of the chain names; the heap takes over what
//! is there when it allocates or collects. Copies (messages, constants) settle what they meet, so
//! none of the new tags leaves its heap. A chain has at most as many versions as the vector has entries:
//! then the next edit copies. So an old version that is kept holds on to O(len), and a copy for
//! every `len` edits costs nothing to speak of.
//!
//! **Why nobody sees an entry change.** Edits want `&mut Heap`, as collections do: no value, and no
//! slice of entries, is borrowed then. A native answers by `Cx::edit`, and the machine does it.
//!
//! **Generations.** An old handle that becomes STALE points to a young one, and an old buffer may get a young
//! entry: both are noted in the attic, as roots of the next minor collection. As it is not known whether an old
//! handle is alive, all its later versions then survive with it; where copying costs less than that
//! (short vectors), old handles are copied instead of edited.
#![allow(unsafe_code)]

use super::buf::{End, MAX_LEN, Slice};
use super::layout::{self, Format, pair, unpair};
use super::shared::{self, SharedBuf};
use super::{Heap, Obj, RawPut};
use crate::value::{Kind, Value, Word};
use std::cell::{Cell, RefCell};
use std::marker::PhantomData;
use std::ptr;

/// Vectors of fewer entries are always copied: that takes no longer.
const SHORT: usize = 16;
/// Vectors of the old generation are copied up to so many bytes.
const COPIED: usize = 256 << 10;
/// Words of a handle with an owner.
const WORDS: usize = 4;

/// What is made and noted where no heap is at hand. See the module.
pub(super) struct Attic {
    pub(super) heap: Heap,
    /// The last stamp given to a map.
    stamps: Cell<u32>,
    /// Old objects that may point to young ones.
    pub(super) changed: RefCell<Vec<*mut u64>>,
    /// Words of old buffers and nodes that may.
    pub(super) slots: RefCell<Vec<*mut u64>>,
    /// Old maps that nothing but one root has, as the last collection saw it, so that they may be edited, …
    pub(super) held: RefCell<Vec<*mut u64>>,
    /// … and those that have been since: their old handles point to young ones, if they live.
    pub(super) undecided: RefCell<Vec<*mut u64>>,
    /// Whether the last collection had few roots to look at.
    pub(super) is_quick: Cell<bool>,
}

/// An entry to be written in place, into a vector that [`Heap::may_edit`] has allowed it for, or a map.
/// Nothing happens before it is.
pub struct Edit<'h> {
    pub(crate) raw: RawEdit,
    heap: PhantomData<Value<'h>>,
}

/// The same without the borrow of the heap.
#[derive(Clone, Copy)]
pub(crate) enum RawEdit {
    Replace(Replace),
    Put(RawPut),
}

/// An entry of a vector to be replaced.
#[derive(Clone, Copy)]
pub(crate) struct Replace {
    vec: Word,
    index: usize,
    entry: u64,
    kind: Kind,
}

impl<'h> Edit<'h> {
    /// `entry`, as it lies in the vector's format, at an index there is.
    pub(crate) fn new(vec: Value<'h>, index: usize, entry: u64, kind: Kind) -> Edit<'h> {
        let replace = Replace { vec: vec.word(), index, entry, kind };
        Edit { raw: RawEdit::Replace(replace), heap: PhantomData }
    }

    /// An entry to be put into a map that is a trie, or a set.
    #[inline(always)]
    pub(crate) fn put(put: RawPut) -> Edit<'h> {
        Edit { raw: RawEdit::Put(put), heap: PhantomData }
    }
}

/// Where the entries of a handle's buffer begin.
///
/// # Safety
/// `at` is a VEC or OVEC (whose header may be overwritten while a copy runs) with these flags.
unsafe fn data_of(at: *mut u64, flags: u8) -> *mut u8 {
    // SAFETY: by contract; the buffer's own words are intact even while a copy runs.
    unsafe {
        let (off, _) = unpair(*at.add(1));
        let buffer = Word::from_bits(*at.add(2)).address();
        let data = match flags & layout::OFF_HEAP {
            0 => buffer.add(2).cast(),
            _ => shared::data(*buffer.add(1) as *mut SharedBuf),
        };
        data.add(off * Format::of_flags(flags).entry_bytes())
    }
}

/// The owner of a handle that has one.
unsafe fn owner_of(at: *mut u64) -> *mut u64 {
    // SAFETY: by contract.
    unsafe { Word::from_bits(*at.add(3)).address() }
}

/// Reads, or with `new` replaces, an entry.
unsafe fn exchange(data: *mut u8, format: Format, index: usize, new: Option<u64>) -> u64 {
    // SAFETY: by contract the entry is there.
    unsafe {
        if format.entry_bytes() == 1 {
            let at = data.add(index);
            let old = u64::from(*at);
            new.inspect(|&new| *at = new as u8);
            old
        } else {
            let at = data.cast::<u64>().add(index);
            let old = *at;
            new.inspect(|&new| *at = new);
            old
        }
    }
}

/// Makes an OVEC a VEC: its buffer is going to be used by another handle as well.
#[inline(always)]
pub(super) fn disown(handle: Obj<'_>) {
    if handle.tag() == layout::OVEC {
        // SAFETY: a live object of this heap; no slice covers a header.
        unsafe { *handle.pointer() &= !u64::from(layout::OWNED) };
    }
}

/// Makes a STALE handle a VEC with a buffer of its own.
///
/// # Safety
/// `at` is a STALE object of a heap that this thread uses, its header intact; of what it leads to headers
/// may be overwritten by a copy that runs, which settles every STALE handle before it copies it.
#[cold]
#[inline(never)]
pub(super) unsafe fn settle(at: *mut u64) {
    // SAFETY: by contract; the chain ends at a handle that has an owner, whose attic lives as long
    // as the heap. Nobody else uses the attic's arena meanwhile.
    unsafe {
        let header = *at;
        let flags = layout::flags_of(header);
        let format = Format::of_flags(flags);
        let mut changes = Vec::new();
        let mut end = at;
        while layout::is_stale(*end) {
            changes.push((*end.add(1) as usize, *end.add(2)));
            end = Word::from_bits(*end.add(3)).address();
        }
        let (_, len) = unpair(*end.add(1));
        let owner = *end.add(3);
        let attic = &*(*Word::from_bits(owner).address().add(2) as *const Attic);
        let (buffer, data) = attic.room(len, format, flags & layout::OFF_HEAP != 0);
        ptr::copy_nonoverlapping(data_of(end, flags), data, len * format.entry_bytes());
        for &(index, entry) in changes.iter().rev() {
            exchange(data, format, index, Some(entry));
        }
        *at.add(1) = pair(0, len);
        *at.add(2) = Word::object(buffer).bits();
        *at.add(3) = owner;
        *at = header & !0xff | u64::from(layout::VEC);
        if header & layout::bits(layout::OLD) != 0 {
            attic.changed.borrow_mut().push(at);
        }
    }
}

impl Attic {
    fn new() -> Attic {
        Attic {
            heap: Heap::new(),
            stamps: Cell::new(0),
            changed: RefCell::default(),
            slots: RefCell::default(),
            held: RefCell::default(),
            undecided: RefCell::default(),
            is_quick: Cell::new(false),
        }
    }

    /// A buffer of so many entries, and where they are to be written.
    unsafe fn room(&self, len: usize, format: Format, off_heap: bool) -> (*mut u64, *mut u8) {
        let heap = &self.heap;
        let bytes = len * format.entry_bytes();
        // SAFETY: all words are written here but the entries, which the caller writes.
        unsafe {
            if off_heap {
                let buf = SharedBuf::create(bytes, 0, len);
                let at = heap.adopt(buf);
                return (at, shared::data(buf));
            }
            let words = 2 + bytes.div_ceil(8);
            let at = heap.allocate(words);
            at.add(words - 1).write(0);
            at.write(layout::header(layout::BUF, format.flags(), 0, words));
            at.add(1).write(pair(0, len));
            (at, at.add(2).cast())
        }
    }

    /// Forgets what old objects have to do with young ones: a collection has seen it.
    pub(super) fn forget(&self) {
        self.changed.borrow_mut().clear();
        self.slots.borrow_mut().clear();
        self.held.borrow_mut().clear();
        self.undecided.borrow_mut().clear();
    }
}

impl Heap {
    /// A copy of a vector with another entry at an index; long ones come to own their buffer.
    pub(crate) fn vec_replaced<'h>(
        &'h self,
        kind: Kind,
        old: Slice<'_>,
        index: usize,
        entry: Slice<'_>,
    ) -> Option<Value<'h>> {
        let parts = [old.part(0, index), entry, old.part(index + 1, old.len())];
        if old.len() < SHORT || old.len() == MAX_LEN {
            return self.vec_of(kind, parts, 0, End::Back);
        }
        let fresh = self.vec_buffer(parts, 0, End::Back)?;
        // SAFETY: there is room for the handle, all words of which are written.
        unsafe {
            let owner = self.new_owner(false);
            let at = self.allocate(WORDS);
            at.write(layout::header(layout::OVEC, fresh.flags, kind as u16, WORDS));
            at.add(1).write(pair(fresh.off, fresh.len));
            at.add(2).write(Word::object(fresh.at).bits());
            at.add(3).write(Word::object(owner).bits());
            Some(Value::new(Word::object(at)))
        }
    }

    /// An owner, of a map one with a stamp that no other has; 0 if there are no more.
    pub(super) fn new_owner(&self, map: bool) -> *mut u64 {
        let attic = &**self.attic.get_or_init(|| Box::new(Attic::new()));
        let stamp = match map {
            true => attic.stamps.get().wrapping_add(1),
            false => 0,
        };
        if stamp != 0 {
            attic.stamps.set(stamp);
        }
        let owner = self.allocate(4);
        let header = layout::header(layout::OWNER, 0, 0, 4);
        let attic: *const Attic = attic;
        for (i, part) in [header, 0, attic as u64, u64::from(stamp)].into_iter().enumerate() {
            // SAFETY: there is room for so many words.
            unsafe { owner.add(i).write(part) };
        }
        owner
    }

    /// Whether entries of this vector can be replaced in place.
    #[inline]
    pub(crate) fn may_edit(&self, vec: Obj<'_>) -> bool {
        let at = vec.pointer();
        // SAFETY: an OVEC is range, buffer, owner.
        unsafe {
            let header = *at;
            if layout::tag_of(header) != layout::OVEC {
                return false;
            }
            let flags = layout::flags_of(header);
            let (_, len) = unpair(*at.add(1));
            let buffer = Word::from_bits(*at.add(2)).address();
            let alone = flags & layout::OFF_HEAP == 0
                || (*(*buffer.add(1) as *const SharedBuf)).is_single();
            let bytes = len * Format::of_flags(flags).entry_bytes();
            let is_young = header & layout::bits(layout::OLD) == 0;
            alone && *owner_of(at).add(1) < len as u64 && (is_young || bytes > COPIED)
        }
    }

    /// Does an edit: the next version of the vector or map.
    #[inline]
    pub(crate) fn edit(&mut self, edit: &RawEdit) -> Word {
        match edit {
            RawEdit::Replace(edit) => self.replace(*edit),
            RawEdit::Put(put) => self.put(put),
        }
    }

    fn replace(&mut self, edit: Replace) -> Word {
        let at = edit.vec.address();
        let new = self.allocate(WORDS);
        // SAFETY: an OVEC with this entry, by contract of `Edit`; no value is borrowed, so nobody
        // looks at its entries; all words of the new handle are written.
        unsafe {
            let header = *at;
            let flags = layout::flags_of(header);
            let format = Format::of_flags(flags);
            let data = data_of(at, flags);
            let before = exchange(data, format, edit.index, Some(edit.entry));
            let owner = *at.add(3);
            *owner_of(at).add(1) += 1;
            new.write(layout::header(layout::OVEC, flags, edit.kind as u16, WORDS));
            new.add(1).write(*at.add(1));
            new.add(2).write(*at.add(2));
            new.add(3).write(owner);
            let tag = if is_words(format) { layout::STALE } else { layout::STALE_RAW };
            *at = header & !0xff | u64::from(tag);
            *at.add(1) = edit.index as u64;
            *at.add(2) = before;
            *at.add(3) = Word::object(new).bits();
            if let (Some(_), Some(attic)) = (&self.old, self.attic.get()) {
                if header & layout::bits(layout::OLD) != 0 {
                    attic.changed.borrow_mut().push(at);
                }
                let buffer = Word::from_bits(*new.add(2)).address();
                if Word::from_bits(edit.entry).is_pointer()
                    && format.traced()
                    && *buffer & layout::bits(layout::OLD) != 0
                {
                    let slot = data.cast::<u64>().add(edit.index);
                    attic.slots.borrow_mut().push(slot);
                }
            }
        }
        Word::object(new)
    }
}

/// Whether entries in this format are values.
fn is_words(format: Format) -> bool {
    matches!(format, Format::Words | Format::Ints)
}
