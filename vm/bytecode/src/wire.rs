//! The alphabet of the sections: bytes, varints, text references, sequences. One trait, [`Wire`],
//! says both how a type is written and how it is read, so the two cannot drift apart.
//!
//! Reading trusts nothing: a count is checked against the bytes that are left (every element takes
//! at least one) before anything is reserved for it, and memory stays in proportion to the input.
//! Texts are interned; since a reference of one byte may stand for a long text, texts above
//! [`LONG_TEXT`] bytes may be referred to once only (the writer stores them as often as they occur).

use crate::decode::{Cause, DecodeError};
use crate::layout::Section;
use foldhash::{HashMap, HashMapExt};

/// Longer texts are not shared between references.
pub const LONG_TEXT: usize = 64;

/// Elements reserved for ahead of reading them.
const RESERVE: usize = 256;

/// How a type is written and read.
pub trait Wire: Sized {
    /// Appends it.
    fn put(&self, w: &mut Writer);
    /// Reads one.
    fn get(r: &mut Reader<'_, '_>) -> Result<Self, DecodeError>;
}

/// Where a section's payload is collected, with the texts seen so far.
#[derive(Default)]
pub struct Writer {
    /// The payload.
    pub out: Vec<u8>,
    ids: HashMap<String, u32>,
    texts: Vec<String>,
}

impl Writer {
    /// A writer without texts.
    pub fn new() -> Self {
        Writer { out: Vec::new(), ids: HashMap::new(), texts: Vec::new() }
    }

    /// Appends one byte.
    pub fn byte(&mut self, byte: u8) {
        self.out.push(byte);
    }

    /// Appends a number, seven bits a byte, low ones first.
    pub fn varint(&mut self, mut n: u64) {
        while n >= 0x80 {
            self.out.push(n as u8 | 0x80);
            n >>= 7;
        }
        self.out.push(n as u8);
    }

    /// Appends a number of either sign, small magnitudes short.
    pub fn zigzag(&mut self, n: i64) {
        self.varint(((n << 1) ^ (n >> 63)) as u64);
    }

    /// Appends a reference to a text.
    pub fn text(&mut self, text: &str) {
        let id = match self.ids.get(text) {
            Some(&id) => id,
            None => {
                let id = self.texts.len() as u32;
                self.texts.push(text.to_owned());
                if text.len() <= LONG_TEXT {
                    self.ids.insert(text.to_owned(), id);
                }
                id
            }
        };
        self.varint(u64::from(id));
    }

    /// Appends a count and the elements.
    pub fn seq<T: Wire>(&mut self, items: &[T]) {
        self.varint(items.len() as u64);
        for item in items {
            item.put(self);
        }
    }

    /// The payload of the section of texts.
    pub fn texts_section(&self) -> Vec<u8> {
        let mut w = Writer::new();
        w.varint(self.texts.len() as u64);
        for text in &self.texts {
            w.varint(text.len() as u64);
            w.out.extend_from_slice(text.as_bytes());
        }
        w.out
    }
}

/// The texts of a file, and which long ones have been given out.
#[derive(Default)]
pub struct Texts<'a> {
    texts: Vec<&'a str>,
    taken: Vec<bool>,
}

/// A payload being read.
pub struct Reader<'a, 't> {
    bytes: &'a [u8],
    pos: usize,
    base: usize,
    section: Section,
    texts: &'t mut Texts<'a>,
}

impl<'a, 't> Reader<'a, 't> {
    /// Reads `bytes`, which begin at `base` in the file.
    pub fn new(section: Section, base: usize, bytes: &'a [u8], texts: &'t mut Texts<'a>) -> Self {
        Reader { bytes, pos: 0, base, section, texts }
    }

    /// The error that `what` is wrong at the present place.
    pub fn malformed(&self, what: impl Into<String>) -> DecodeError {
        let cause = Cause::Malformed(what.into());
        DecodeError { section: Some(self.section), offset: self.base + self.pos, cause }
    }

    /// Bytes left.
    pub fn left(&self) -> usize {
        self.bytes.len() - self.pos
    }

    /// The next byte.
    pub fn byte(&mut self) -> Result<u8, DecodeError> {
        match self.bytes.get(self.pos) {
            Some(&byte) => {
                self.pos += 1;
                Ok(byte)
            }
            None => Err(self.malformed("the section ends too early")),
        }
    }

    /// The next `n` bytes.
    pub fn take(&mut self, n: usize) -> Result<&'a [u8], DecodeError> {
        if n > self.left() {
            return Err(self.malformed("the section ends too early"));
        }
        let taken = &self.bytes[self.pos..self.pos + n];
        self.pos += n;
        Ok(taken)
    }

    /// A number as [`Writer::varint`] wrote it.
    pub fn varint(&mut self) -> Result<u64, DecodeError> {
        let mut n = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                break;
            }
            n |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(n);
            }
        }
        Err(self.malformed("a number is too long"))
    }

    /// A number as [`Writer::zigzag`] wrote it.
    pub fn zigzag(&mut self) -> Result<i64, DecodeError> {
        let n = self.varint()?;
        Ok((n >> 1) as i64 ^ -((n & 1) as i64))
    }

    /// A number of at most 32 bits.
    pub fn u32(&mut self) -> Result<u32, DecodeError> {
        let n = self.varint()?;
        u32::try_from(n).map_err(|_| self.malformed(format!("the number {n} is out of range")))
    }

    /// A count of elements that are still to come.
    pub fn count(&mut self) -> Result<usize, DecodeError> {
        let n = self.varint()?;
        match usize::try_from(n) {
            Ok(count) if count <= self.left() => Ok(count),
            _ => Err(self.malformed(format!("a count of {n} with {} bytes left", self.left()))),
        }
    }

    /// A text by reference.
    pub fn text(&mut self) -> Result<String, DecodeError> {
        let id = self.varint()?;
        let found = usize::try_from(id).ok().and_then(|i| Some((i, *self.texts.texts.get(i)?)));
        let Some((index, text)) = found else {
            return Err(self.malformed(format!("there is no text {id}")));
        };
        if text.len() > LONG_TEXT && std::mem::replace(&mut self.texts.taken[index], true) {
            return Err(self.malformed(format!("the long text {id} is referred to twice")));
        }
        Ok(text.to_owned())
    }

    /// A count and as many elements.
    pub fn seq<T: Wire>(&mut self) -> Result<Vec<T>, DecodeError> {
        let count = self.count()?;
        let mut items = Vec::with_capacity(count.min(RESERVE));
        for _ in 0..count {
            items.push(T::get(self)?);
        }
        Ok(items)
    }

    /// Fails unless all has been read.
    pub fn finish(self) -> Result<(), DecodeError> {
        match self.left() {
            0 => Ok(()),
            left => Err(self.malformed(format!("{left} bytes too many"))),
        }
    }

    /// Reads the section of texts; the others are read with it.
    pub fn texts_section(mut self) -> Result<(), DecodeError> {
        let count = self.count()?;
        let mut texts = Vec::with_capacity(count.min(RESERVE));
        for _ in 0..count {
            let len = self.count()?;
            let bytes = self.take(len)?;
            texts.push(std::str::from_utf8(bytes).map_err(|_| self.malformed("text not UTF-8"))?);
        }
        self.texts.taken = vec![false; texts.len()];
        self.texts.texts = texts;
        self.finish()
    }
}

impl Wire for u32 {
    fn put(&self, w: &mut Writer) {
        w.varint(u64::from(*self));
    }
    fn get(r: &mut Reader<'_, '_>) -> Result<Self, DecodeError> {
        r.u32()
    }
}

impl Wire for u16 {
    fn put(&self, w: &mut Writer) {
        w.varint(u64::from(*self));
    }
    fn get(r: &mut Reader<'_, '_>) -> Result<Self, DecodeError> {
        let n = r.varint()?;
        u16::try_from(n).map_err(|_| r.malformed(format!("there is no register {n}")))
    }
}

impl Wire for i32 {
    fn put(&self, w: &mut Writer) {
        w.zigzag(i64::from(*self));
    }
    fn get(r: &mut Reader<'_, '_>) -> Result<Self, DecodeError> {
        let n = r.zigzag()?;
        i32::try_from(n).map_err(|_| r.malformed(format!("the number {n} is out of range")))
    }
}

impl Wire for i64 {
    fn put(&self, w: &mut Writer) {
        w.zigzag(*self);
    }
    fn get(r: &mut Reader<'_, '_>) -> Result<Self, DecodeError> {
        r.zigzag()
    }
}

impl Wire for bool {
    fn put(&self, w: &mut Writer) {
        w.byte(u8::from(*self));
    }
    fn get(r: &mut Reader<'_, '_>) -> Result<Self, DecodeError> {
        match r.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(r.malformed(format!("{other} where 0 or 1 should be"))),
        }
    }
}

impl Wire for String {
    fn put(&self, w: &mut Writer) {
        w.text(self);
    }
    fn get(r: &mut Reader<'_, '_>) -> Result<Self, DecodeError> {
        r.text()
    }
}

impl<T: Wire> Wire for Option<T> {
    fn put(&self, w: &mut Writer) {
        w.byte(u8::from(self.is_some()));
        if let Some(value) = self {
            value.put(w);
        }
    }
    fn get(r: &mut Reader<'_, '_>) -> Result<Self, DecodeError> {
        Ok(if bool::get(r)? { Some(T::get(r)?) } else { None })
    }
}

impl<T: Wire> Wire for Vec<T> {
    fn put(&self, w: &mut Writer) {
        w.seq(self);
    }
    fn get(r: &mut Reader<'_, '_>) -> Result<Self, DecodeError> {
        r.seq()
    }
}

impl<T: Wire> Wire for Box<[T]> {
    fn put(&self, w: &mut Writer) {
        w.seq(self);
    }
    fn get(r: &mut Reader<'_, '_>) -> Result<Self, DecodeError> {
        Ok(r.seq()?.into_boxed_slice())
    }
}

impl<A: Wire, B: Wire> Wire for (A, B) {
    fn put(&self, w: &mut Writer) {
        self.0.put(w);
        self.1.put(w);
    }
    fn get(r: &mut Reader<'_, '_>) -> Result<Self, DecodeError> {
        Ok((A::get(r)?, B::get(r)?))
    }
}
