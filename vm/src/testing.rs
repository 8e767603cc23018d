//! Recipes for values, for property tests: data that can be built on any heap.

use crate::data::{closure, exception, list, map, reference, set, vector};
use crate::heap::Heap;
use crate::symbols::Symbol;
use crate::value::{Pid, Value, Word};
use num_bigint::BigInt;
use proptest::prelude::*;

/// A heap whose collections are minor and full ones in turn, in both sorts of heap (`collect_next`).
pub(crate) fn stressed() -> Heap {
    let heap = Heap::new();
    heap.set_stress(true);
    heap
}

/// The collection that is next.
pub(crate) fn collect_next(heap: &mut Heap, roots: impl FnOnce(&mut dyn FnMut(&mut Word))) {
    if heap.is_minor_next() { heap.collect_young(roots) } else { heap.collect(roots) }
}

#[derive(Clone, Debug)]
pub(crate) enum Recipe {
    Nil,
    Bool(bool),
    Int(i128),
    Float(f64),
    Str(String),
    Symbol(&'static str),
    Pid(u64),
    Ref(u64),
    Fun(&'static str),
    Closure(usize, Vec<Recipe>),
    Exception(Box<Recipe>),
    Range(i64, i64),
    Ints(Vec<i64>),
    Floats(Vec<f64>),
    List(Vec<Recipe>),
    Vector(Vec<Recipe>),
    Map(Vec<(Recipe, Recipe)>),
    Set(Vec<Recipe>),
}

impl Recipe {
    pub(crate) fn build<'h>(&self, heap: &'h Heap) -> Value<'h> {
        let all = |recipes: &[Recipe]| -> Vec<Value<'h>> {
            recipes.iter().map(|r| r.build(heap)).collect()
        };
        match self {
            Recipe::Nil => Value::NIL,
            Recipe::Bool(b) => Value::bool(*b),
            Recipe::Int(n) => crate::data::int::from_bigint(heap, &BigInt::from(*n)),
            Recipe::Float(f) => heap.float(*f),
            Recipe::Str(s) => heap.string(s),
            Recipe::Symbol(s) => Value::symbol(Symbol::intern(s)),
            Recipe::Pid(n) => Value::pid(Pid::new(*n, 3)),
            Recipe::Ref(n) => reference::new(heap, *n, None, 0),
            Recipe::Fun(name) => closure::funref(heap, Symbol::intern("Mod"), Symbol::intern(name)),
            Recipe::Closure(handle, captures) => closure::closure(heap, *handle, &all(captures)),
            Recipe::Exception(message) => exception::with(
                heap,
                crate::sym::TYPE_ERROR,
                message.build(heap),
                Value::NIL,
                Value::NIL,
            ),
            Recipe::Range(a, n) => vector::range(heap, *a, a + n).unwrap(),
            Recipe::Ints(ns) => {
                let ints: Vec<_> = ns.iter().map(|&n| heap.int(n)).collect();
                vector::from_values(heap, &ints).unwrap()
            }
            Recipe::Floats(fs) => vector::of_floats(heap, fs).unwrap(),
            Recipe::List(items) => list::new(heap, &all(items)),
            Recipe::Vector(items) => {
                let items = all(items);
                vector::from_values(heap, &items).unwrap_or_else(|_| list::new(heap, &items))
            }
            Recipe::Map(entries) => {
                let entries: Vec<_> =
                    entries.iter().map(|(k, v)| (k.build(heap), v.build(heap))).collect();
                map::from_entries(heap, &entries)
            }
            Recipe::Set(items) => set::from_values(heap, &all(items)),
        }
    }
}

fn float() -> impl Strategy<Value = f64> {
    prop_oneof![
        Just(0.0),
        Just(-0.0),
        Just(1.0),
        Just(2.0),
        Just(f64::NAN),
        Just(f64::INFINITY),
        -4.0..4.0,
        any::<f64>(),
    ]
}

/// Values without parts.
pub(crate) fn leaf() -> impl Strategy<Value = Recipe> {
    let names = prop_oneof![Just("a"), Just("b"), Just("long name"), Just("f")];
    prop_oneof![
        Just(Recipe::Nil),
        any::<bool>().prop_map(Recipe::Bool),
        (-3i128..4).prop_map(Recipe::Int),
        any::<i64>().prop_map(|n| Recipe::Int(n.into())),
        any::<i128>().prop_map(Recipe::Int),
        float().prop_map(Recipe::Float),
        "[ab]{0,2}".prop_map(Recipe::Str),
        "[a-zé\"\\n]{60,80}".prop_map(Recipe::Str),
        names.clone().prop_map(Recipe::Symbol),
        (0u64..3).prop_map(Recipe::Pid),
        (0u64..3).prop_map(Recipe::Ref),
        names.prop_map(Recipe::Fun),
        (-3i64..3, 0i64..4).prop_map(|(a, n)| Recipe::Range(a, n)),
        prop::collection::vec(-3i64..3, 0..4).prop_map(Recipe::Ints),
        prop::collection::vec(float(), 0..4).prop_map(Recipe::Floats),
    ]
}

/// Values of all sorts.
pub(crate) fn recipe() -> impl Strategy<Value = Recipe> {
    leaf().prop_recursive(4, 40, 5, |inner| {
        let some = prop::collection::vec(inner.clone(), 0..5);
        prop_oneof![
            some.clone().prop_map(Recipe::List),
            some.clone().prop_map(Recipe::Vector),
            some.clone().prop_map(Recipe::Set),
            (1usize..4, some).prop_map(|(h, c)| Recipe::Closure(h, c)),
            inner.clone().prop_map(|m| Recipe::Exception(Box::new(m))),
            prop::collection::vec((inner.clone(), inner), 0..5).prop_map(Recipe::Map),
        ]
    })
}
