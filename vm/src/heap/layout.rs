//! How objects lie in memory: header, tags, and which words of an object are values.
//!
//! An object is a header word and its payload. The header is
//! `tag:8 (low bit 1) | flags:8 | aux:16 | size in words, header included:32`. While a collection or
//! a copy runs, a moved object's header is its new address instead, whose low bits are 0.
//!
//! The payload begins with `RAW[tag]` words that are no values (numbers, foreign pointers); all
//! words after them are values. Objects marked *raw* hold no values at all.

/// Which sort of object a header belongs to. Always odd.
pub type Tag = u8;

/// A float: its eight bytes. Raw.
pub const FLOAT: Tag = 1;
/// An int beyond 63 bits: its magnitude's 64-bit digits, least first; flag NEGATIVE. Raw.
pub const BIGINT: Tag = 3;
/// A string inside the heap: its bytes; aux is the number of bytes of padding. Raw.
pub const STR: Tag = 5;
/// A piece of a longer string: `offset | length << 32`, then the STR or BUFREF it is a piece of.
pub const STRSLICE: Tag = 7;
/// A vector: `offset | length << 32`, then its BUF or BUFREF; aux is the kind, flags the format.
pub const VEC: Tag = 9;
/// A vector's entries inside the heap: `lo | hi << 32`, then room for entries; flags the format.
/// Its entries are reached by way of the vectors that use them.
pub const BUF: Tag = 11;
/// A counted reference to a `SharedBuf`: its address, the next such object of the heap. Raw.
pub const BUFREF: Tag = 13;
/// Consecutive ints: first, length. Raw.
pub const RANGE: Tag = 15;
/// A list: its entries.
pub const LIST: Tag = 17;
/// A map whose keys are symbols: shape number, then values.
pub const MAP: Tag = 19;
/// Any other map: count, next insertion number, then the root node (or nil).
pub const HMAP: Tag = 21;
/// A directory of such a map: which places hold directories and a stamp, then what is in its places; aux is
/// how many bits of a hash say which.
pub const HNODE: Tag = 23;
/// Entries whose keys have one hash: that hash, then key, value, insertion number of each.
pub const HCLASH: Tag = 25;
/// A set: the HMAP of its members.
pub const SET: Tag = 27;
/// A closure: its function-set handle, then captured values.
pub const CLOSURE: Tag = 29;
/// A function by name: module symbol, name symbol.
pub const FUNREF: Tag = 31;
/// A unique reference: id, arrival stamp, then the creator's pid.
pub const REF: Tag = 33;
/// An exception: type, message, data, trace.
pub const EXCEPTION: Tag = 35;
/// A counted reference to a Rust object: two words of pointer, the next such object. Raw.
pub const HOST: Tag = 37;
/// What all versions of a vector or map that is edited in place share: edits so far, the heap's attic; of a
/// map its stamp. Raw.
pub const OWNER: Tag = 39;
/// A vector whose buffer nothing else uses, so that it may be edited in place: as VEC, then its OWNER.
/// Its tag differs from VEC in one bit.
pub const OVEC: Tag = VEC | OWNED;
/// The bit of OVEC that VEC does not have.
pub const OWNED: Tag = 0x20;
/// A vector that has been edited in place since: index, then what was there, and the next version; aux and
/// flags of the vector.
pub const STALE: Tag = 43;
/// The same of entries that are no words: index, what was there, then the next version.
pub const STALE_RAW: Tag = 45;
/// A map that may be edited in place: as HMAP, then its OWNER, and nil.
pub const OMAP: Tag = 47;
/// A map that has been edited in place since: what was done, the key's hash, then the key, what it stood for, and
/// the next version.
pub const SMAP: Tag = 49;
/// A bucket of such a map: how many entries, for how many bits of its directory, and a stamp; a byte of each
/// entry's hash; then key, value, insertion number of each, and room for more.
pub const HBUCKET: Tag = 51;
/// The last tag there is.
pub const LAST: Tag = HBUCKET;

/// Flag of every object: it lies in immortal shared memory, is never moved nor copied.
pub const STATIC: u8 = 1;
/// Flag of every object, for the collector alone: it belongs to the old generation. [`flags_of`] leaves
/// it out.
pub const OLD: u8 = 0x10;
/// Flag of BUF, for claims and the collector alone: it belongs to the old generation, may hold
/// pointers, and nothing was claimed of it since the last collection. [`flags_of`] leaves it out.
pub const GUARDED: u8 = 0x20;
/// Flag of BIGINT: the int is below zero.
pub const NEGATIVE: u8 = 2;
/// Flag of VEC: its entries lie outside the heap (its buffer is a BUFREF).
pub const OFF_HEAP: u8 = 2;
/// Where the format lies in the flags of VEC and BUF.
pub const FORMAT_SHIFT: u32 = 2;
/// Flag of HMAP: symbols and strings of one text are different keys (sets).
pub const EXACT_TEXT: u8 = 2;

/// How many leading payload words of each sort of object are no values; `ALL_RAW` if none is one.
/// Index: tag / 2.
const RAW: [u8; 26] = {
    let mut raw = [0; 26];
    raw[(FLOAT / 2) as usize] = ALL_RAW;
    raw[(BIGINT / 2) as usize] = ALL_RAW;
    raw[(STR / 2) as usize] = ALL_RAW;
    raw[(STRSLICE / 2) as usize] = 1;
    raw[(VEC / 2) as usize] = 1;
    raw[(BUF / 2) as usize] = ALL_RAW;
    raw[(BUFREF / 2) as usize] = ALL_RAW;
    raw[(RANGE / 2) as usize] = ALL_RAW;
    raw[(MAP / 2) as usize] = 1;
    raw[(HMAP / 2) as usize] = 2;
    raw[(HNODE / 2) as usize] = 1;
    raw[(HCLASH / 2) as usize] = 1;
    raw[(CLOSURE / 2) as usize] = 1;
    raw[(REF / 2) as usize] = 2;
    raw[(HOST / 2) as usize] = ALL_RAW;
    raw[(OWNER / 2) as usize] = ALL_RAW;
    raw[(OVEC / 2) as usize] = 1;
    raw[(STALE / 2) as usize] = 1;
    raw[(STALE_RAW / 2) as usize] = 2;
    raw[(OMAP / 2) as usize] = 2;
    raw[(SMAP / 2) as usize] = 2;
    raw[(HBUCKET / 2) as usize] = 3;
    raw
};

/// See [`raw_words`].
pub const ALL_RAW: u8 = u8::MAX;

/// How many leading payload words of objects with this tag are no values.
#[inline(always)]
pub const fn raw_words(tag: Tag) -> u8 {
    RAW[(tag as usize / 2) % RAW.len()]
}

/// A header word.
#[inline(always)]
pub const fn header(tag: Tag, flags: u8, aux: u16, words: usize) -> u64 {
    tag as u64 | (flags as u64) << 8 | (aux as u64) << 16 | (words as u64) << 32
}

/// The tag in a header.
#[inline(always)]
pub const fn tag_of(header: u64) -> Tag {
    header as u8
}

/// Whether a header is that of a vector with a buffer of its own or a shared one, and up to date.
#[inline(always)]
pub const fn is_vec(header: u64) -> bool {
    tag_of(header) & !OWNED == VEC
}

/// Whether a header is that of a vector that has been edited in place since.
#[inline(always)]
pub const fn is_stale(header: u64) -> bool {
    matches!(tag_of(header), STALE | STALE_RAW)
}

/// The flags in a header that say what the object is, whatever generation it belongs to.
#[inline(always)]
pub const fn flags_of(header: u64) -> u8 {
    (header >> 8) as u8 & !(OLD | GUARDED)
}

/// Flags as the bits of a header.
#[inline(always)]
pub const fn bits(flags: u8) -> u64 {
    (flags as u64) << 8
}

/// The header of a copy: it belongs to no generation yet.
#[inline(always)]
pub const fn fresh(header: u64) -> u64 {
    header & !bits(OLD | GUARDED)
}

/// The tag's own sixteen bits in a header.
#[inline(always)]
pub const fn aux_of(header: u64) -> u16 {
    (header >> 16) as u16
}

/// The size in words, header included.
#[inline(always)]
pub const fn words_of(header: u64) -> usize {
    (header >> 32) as usize
}

/// Whether this header is the new address of an object that was moved.
#[inline(always)]
pub const fn is_forward(header: u64) -> bool {
    header & 1 == 0
}

/// Whether the object with this header is immortal.
#[inline(always)]
pub const fn is_static(header: u64) -> bool {
    flags_of(header) & STATIC != 0
}

/// Whether nothing may be claimed of the buffer with this header as things are: others may read it
/// without a reference of their own, or the collector has to know first.
#[inline(always)]
pub const fn is_fenced(header: u64) -> bool {
    header & bits(STATIC | GUARDED) != 0
}

/// Whether the buffer with this header is old, may hold pointers, and has not been claimed of lately.
#[inline(always)]
pub const fn is_guarded(header: u64) -> bool {
    header & bits(GUARDED) != 0
}

/// Two 32-bit halves as one word.
#[inline(always)]
pub const fn pair(low: usize, high: usize) -> u64 {
    low as u32 as u64 | (high as u64) << 32
}

/// The halves of such a word.
#[inline(always)]
pub const fn unpair(word: u64) -> (usize, usize) {
    (word as u32 as usize, (word >> 32) as usize)
}

/// How the entries of a vector lie in its buffer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Format {
    /// One word each.
    Words = 0,
    /// One word each, all small ints or nil: nothing to trace.
    Ints = 1,
    /// Eight bytes of float each; nil is one NaN.
    Floats = 2,
    /// One byte each: 0 false, 1 true, 2 nil.
    Bools = 3,
}

impl Format {
    /// The format in the flags of a VEC or BUF.
    #[inline(always)]
    pub const fn of_flags(flags: u8) -> Format {
        match (flags >> FORMAT_SHIFT) & 3 {
            0 => Format::Words,
            1 => Format::Ints,
            2 => Format::Floats,
            _ => Format::Bools,
        }
    }

    /// The format as flags of a VEC or BUF.
    #[inline(always)]
    pub const fn flags(self) -> u8 {
        (self as u8) << FORMAT_SHIFT
    }

    /// Bytes of one entry.
    #[inline(always)]
    pub const fn entry_bytes(self) -> usize {
        match self {
            Format::Bools => 1,
            _ => 8,
        }
    }

    /// Whether entries may be pointers.
    #[inline(always)]
    pub const fn traced(self) -> bool {
        matches!(self, Format::Words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_round_trip() {
        let h = header(VEC, OFF_HEAP | Format::Floats.flags(), 0x1234, 3);
        assert_eq!(
            (tag_of(h), flags_of(h), aux_of(h), words_of(h)),
            (VEC, OFF_HEAP | Format::Floats.flags(), 0x1234, 3)
        );
        assert_eq!(Format::of_flags(flags_of(h)), Format::Floats);
        let old = h | bits(OLD | GUARDED);
        assert_eq!((flags_of(old), fresh(old)), (flags_of(h), h));
        assert!(is_fenced(old) && !is_fenced(h) && !is_static(old));
        assert!(!is_forward(h) && !is_static(h));
        assert_eq!(unpair(pair(7, 0xffff_fff0)), (7, 0xffff_fff0));
    }
}
