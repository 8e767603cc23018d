//! Constants: from a verified module's table to frozen words.

use rata_bytecode::module::Const;
use rata_bytecode::operand::ConstId;

use super::MISSING;
use super::function::FnSet;
use crate::data::map::MapBuilder;
use crate::data::{closure, int, set, vector};
use crate::heap::{Heap, freeze};
use crate::symbols::Symbol;
use crate::value::{Value, Word};

/// The words of a module's constants. `function` makes a function set that calls a member of
/// another module with one number of arguments.
pub(crate) fn freeze_constants(
    consts: &[Const],
    fn_sets: &[&'static FnSet],
    mut function: impl FnMut(Symbol, Symbol, u32) -> Word,
) -> Result<Vec<Word>, String> {
    let mut words: Vec<Word> = Vec::with_capacity(consts.len());
    for constant in consts {
        let heap = Heap::new();
        let made = match constant {
            Const::Missing => MISSING,
            Const::Fn(set) => fn_sets[set.0 as usize].function_value(),
            Const::FnRef(module, name, Some(arity)) => {
                function(Symbol::intern(module), Symbol::intern(name), *arity)
            }
            other => {
                let value = value(&heap, other, &words)?;
                if value.word().is_pointer() { freeze(value).word() } else { value.word() }
            }
        };
        words.push(made);
    }
    Ok(words)
}

fn value<'h>(heap: &'h Heap, constant: &Const, words: &[Word]) -> Result<Value<'h>, String> {
    let part = |id: &ConstId| heap.value(words[id.0 as usize]);
    let parts = |ids: &[ConstId]| ids.iter().map(part).collect::<Vec<_>>();
    Ok(match constant {
        Const::Nil | Const::Missing | Const::Fn(_) => Value::NIL,
        Const::Bool(b) => Value::bool(*b),
        Const::Int(n) => heap.int(*n),
        Const::BigInt(negative, magnitude) => {
            let sign = if *negative { num_bigint::Sign::Minus } else { num_bigint::Sign::Plus };
            int::from_bigint(heap, &num_bigint::BigInt::from_bytes_le(sign, magnitude))
        }
        Const::Float(bits) => heap.float(f64::from_bits(*bits)),
        Const::Str(text) => heap.string(text),
        Const::Symbol(text) => Value::symbol(Symbol::intern(text)),
        Const::Module(name) => Value::module(Symbol::intern(name)),
        Const::Vector(ids) => vector::from_values(heap, &parts(ids))
            .map_err(|_| "the entries of a constant vector share no type".to_owned())?,
        Const::List(ids) => heap.list(&parts(ids)),
        Const::Map(entries) => {
            let mut builder = MapBuilder::new();
            for (key, value) in entries {
                builder.put(heap, part(key), part(value));
            }
            builder.finish(heap)
        }
        Const::Set(ids) => set::from_values(heap, &parts(ids)),
        Const::FnRef(module, name, _) => {
            closure::funref(heap, Symbol::intern(module), Symbol::intern(name))
        }
    })
}
