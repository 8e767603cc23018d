//! Walks over tables that processes share, in as many turns as they take.
//!
//! In: what shows some entries from a place on. Out: the native's answer, a collection of them all.

use super::args::Answer;
use super::roots::Roots;
use super::steps::{STEP, Steps, run};
use crate::store::table::Place;
use rata_vm::data::vector::VecBuilder;
use rata_vm::native::Cx;
use rata_vm::value::{Value, Word};

/// What is gone through.
pub trait Shared: Send + 'static {
    /// Adds some entries from a place on, so many at most: where to go on, `None` at the end, and the bytes that were copied.
    fn some<'h>(
        &self,
        cx: &mut Cx<'h, '_>,
        from: Place,
        most: usize,
        found: &mut VecBuilder,
    ) -> Result<(Option<Place>, usize), Value<'h>>;
}

struct Walk<S> {
    shared: S,
    at: Option<Place>,
    found: VecBuilder,
}

impl<S: Shared> Roots for Walk<S> {
    fn roots(&mut self, visit: &mut dyn FnMut(&mut Word)) {
        self.found.roots(visit);
    }
}

impl<S: Shared> Steps for Walk<S> {
    fn step<'h>(&mut self, cx: &mut Cx<'h, '_>) -> Result<Option<Value<'h>>, Value<'h>> {
        let Some(from) = self.at else {
            return Ok(Some(std::mem::take(&mut self.found).collect(cx.heap())));
        };
        let (at, bytes) = self.shared.some(cx, from, STEP, &mut self.found)?;
        self.at = at;
        cx.charge(STEP as u64 / 16 + bytes as u64 / 512);
        Ok(None)
    }
}

/// All entries.
pub fn entries<'h>(cx: &mut Cx<'h, '_>, shared: impl Shared) -> Answer<'h> {
    run(cx, Walk { shared, at: Some(Place::default()), found: VecBuilder::new() })
}
