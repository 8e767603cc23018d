//! What a suspended native holds, and which words of it a collection must see.

use num_bigint::BigInt;
use rata_vm::data::map::MapBuilder;
use rata_vm::data::set::SetBuilder;
use rata_vm::data::vector::VecBuilder;
use rata_vm::value::{Trace, Word};

/// State that may be kept over a collection: it shows every word it holds.
pub trait Roots: Send + 'static {
    /// Shows every word held.
    fn roots(&mut self, visit: &mut dyn FnMut(&mut Word));
}

macro_rules! rootless {
    ($($ty:ty),* $(,)?) => { $(
        impl Roots for $ty {
            fn roots(&mut self, _visit: &mut dyn FnMut(&mut Word)) {}
        }
    )* };
}

rootless!((), bool, u8, u32, u64, usize, i64, i128, f64, char, String, BigInt);

macro_rules! traced {
    ($($ty:ty),* $(,)?) => { $(
        impl Roots for $ty {
            fn roots(&mut self, visit: &mut dyn FnMut(&mut Word)) {
                Trace::trace(self, visit);
            }
        }
    )* };
}

traced!(Word, VecBuilder, MapBuilder, SetBuilder);

impl<T: Roots> Roots for Vec<T> {
    fn roots(&mut self, visit: &mut dyn FnMut(&mut Word)) {
        for item in self {
            item.roots(visit);
        }
    }
}

impl<T: Roots> Roots for Option<T> {
    fn roots(&mut self, visit: &mut dyn FnMut(&mut Word)) {
        if let Some(item) = self {
            item.roots(visit);
        }
    }
}

macro_rules! tuples {
    ($(($($name:ident)+))*) => { $(
        impl<$($name: Roots),+> Roots for ($($name,)+) {
            #[allow(non_snake_case)]
            fn roots(&mut self, visit: &mut dyn FnMut(&mut Word)) {
                let ($($name,)+) = self;
                $($name.roots(visit);)+
            }
        }
    )* };
}

tuples! { (A B) (A B C) (A B C D) (A B C D E) }
