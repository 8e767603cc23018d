//! Objects of the host inside rata values: tables, compiled regexes, open files.
//!
//! In: an `Arc` of a Rust object. Out: a value that counts as one reference to it; the collector
//! gives the reference up when the value dies.
#![allow(unsafe_code)]

use super::Heap;
use super::layout;
use crate::symbols::Symbol;
use crate::value::{Kind, Value, Word};
use std::any::Any;
use std::cmp::Ordering;
use std::sync::Arc;

/// A Rust object that a rata value may refer to. It is shared between processes by reference.
pub trait HostObject: Any + Send + Sync {
    /// What `typeof` gives.
    fn type_name(&self) -> Symbol;
    /// The kind it counts as among a vector's entries; a table is a collection.
    fn kind(&self) -> Kind {
        Kind::Host
    }
    /// Bytes charged to each heap that refers to it.
    fn bytes(&self) -> usize;
    /// How it prints.
    fn inspect(&self, out: &mut String);
    /// Where it stands among objects of its type; `Equal` makes the two equal.
    fn compare(&self, other: &dyn HostObject) -> Ordering;
    /// A hash equal for equal objects.
    fn hash(&self) -> u64;
    /// The object as `Any`, to get at its Rust type.
    fn as_any(&self) -> &dyn Any;
}

/// A host object in a value.
#[derive(Clone, Copy)]
pub struct HostRef<'h>(&'h Arc<dyn HostObject>);

const WORDS: usize = 4;
const _: () = assert!(size_of::<Arc<dyn HostObject>>() == 16);

impl<'h> HostRef<'h> {
    pub(crate) fn of(value: Value<'h>) -> Option<HostRef<'h>> {
        let object = value.object_of(layout::HOST)?;
        // SAFETY: the two words after the header are the Arc, which lives as long as the object.
        Some(HostRef(unsafe { &*object.pointer().add(1).cast() }))
    }

    /// The object itself.
    pub fn get(self) -> &'h Arc<dyn HostObject> {
        self.0
    }

    /// The object as its Rust type.
    pub fn downcast<T: HostObject>(self) -> Option<&'h T> {
        self.0.as_any().downcast_ref()
    }

    /// What `typeof` gives.
    pub fn type_name(self) -> Symbol {
        self.0.type_name()
    }

    /// The kind it counts as.
    pub fn kind(self) -> Kind {
        self.0.kind()
    }
}

impl Heap {
    /// A value that refers to a host object.
    pub fn host(&self, object: Arc<dyn HostObject>) -> Value<'_> {
        let bytes = object.bytes();
        let at = self.allocate(WORDS);
        // SAFETY: there is room for four words: header, the Arc (two words), link.
        unsafe {
            at.write(layout::header(layout::HOST, 0, 0, WORDS));
            at.add(1).cast::<Arc<dyn HostObject>>().write(object);
            at.add(3).write(0);
            self.link_off_heap(at, bytes);
        }
        Value::new(Word::object(at))
    }
}

/// The bytes its object keeps alive.
///
/// # Safety
/// `at` is a HOST object that owns its reference.
pub(super) unsafe fn bytes(at: *mut u64) -> usize {
    // SAFETY: by contract.
    unsafe { (*at.add(1).cast::<Arc<dyn HostObject>>()).bytes() }
}

/// Gives up its reference.
///
/// # Safety
/// `at` is a HOST object that owns its reference and is not used again.
pub(super) unsafe fn release(at: *mut u64) {
    // SAFETY: by contract.
    unsafe { at.add(1).cast::<Arc<dyn HostObject>>().drop_in_place() }
}

/// Makes the copy at `to`, whose words are those of another HOST object, own a reference of its own.
///
/// # Safety
/// The words were copied from a HOST object that still owns its reference.
pub(super) unsafe fn retain(to: *mut u64) {
    // SAFETY: by contract; the clone's own handle is forgotten, so the copied words become it.
    unsafe { std::mem::forget((*to.add(1).cast::<Arc<dyn HostObject>>()).clone()) }
}
