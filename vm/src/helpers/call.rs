//! Calls that do not find their callee at once: fields, named arguments, and what goes wrong.

use smallvec::SmallVec;

use super::access;
use super::fail::{full_name, typed};
use crate::code::MISSING;
use crate::code::function::{FnSet, Function, fn_set_of};
use crate::data::map::MapBuilder;
use crate::interp::env::Raised;
use crate::native::Cx;
use crate::symbols::{Symbol, sym};
use crate::value::{Value, View, Word};
use crate::vm::Member;

type Words = SmallVec<[Word; 8]>;

/// A call with a number of arguments that the function does not take.
#[cold]
pub(crate) fn bad_arity(cx: &mut Cx<'_, '_>, callee: Word, n: u32) -> Raised {
    match candidates(cx, callee) {
        Some(set) => arity_error(cx, set, n),
        None => bad_function(cx, callee),
    }
}

fn arity_error(cx: &Cx<'_, '_>, set: &FnSet, n: u32) -> Raised {
    let given = if n == 1 { "1 argument".to_owned() } else { format!("{n} arguments") };
    let text = format!("{} takes {}, not {given}", set_name(set), takes(set));
    Raised::new(cx.error(sym::BAD_ARITY, &text).word())
}

fn set_name(set: &FnSet) -> String {
    match (set.name, set.entries.first()) {
        (Some(name), Some(entry)) => match entry.function.module.kind {
            rata_bytecode::module::ModuleKind::Script => name.text().to_string(),
            _ => format!("{}.{}", set.module.text(), name.text()),
        },
        (None, Some(entry)) => full_name(entry.function),
        _ => "the function".to_owned(),
    }
}

fn takes(set: &FnSet) -> String {
    let counts: Vec<String> = set
        .entries
        .iter()
        .map(|e| match e.min == e.max {
            true => e.min.to_string(),
            false => format!("{} to {}", e.min, e.max),
        })
        .collect();
    let plural = if counts.len() == 1 && counts[0] == "1" { "" } else { "s" };
    format!("{} argument{plural}", counts.join(" or "))
}

/// A call of what is no function.
#[cold]
pub(crate) fn bad_function(cx: &mut Cx<'_, '_>, callee: Word) -> Raised {
    let callee = cx.heap().value(callee);
    let text = format!("a function expected, not {}", typed(callee));
    Raised::new(cx.error(sym::BAD_FUNCTION, &text).word())
}

/// A call of a function that a module does not have.
#[cold]
pub(crate) fn undefined_function(
    cx: &mut Cx<'_, '_>,
    module: Symbol,
    name: Symbol,
    n: u32,
) -> Raised {
    let (module_text, name_text) = (module.text(), name.text());
    let vm = cx.vm();
    let text = match vm.member(module, name, false) {
        Some(Member::Functions(set)) => return arity_error(cx, set, n),
        _ if !vm.has_module(module) => {
            format!(
                "{module_text}.{name_text}/{n} is not defined: there is no module {module_text}"
            )
        }
        _ => format!("{module_text}.{name_text}/{n} is not defined"),
    };
    Raised::new(cx.error(sym::UNDEFINED_FUNCTION, &text).word())
}

/// A member that a module does not have.
#[cold]
pub(crate) fn undefined_member(cx: &mut Cx<'_, '_>, module: Symbol, name: Symbol) -> Raised {
    let (module_text, name) = (module.text(), name.text());
    let text = match cx.vm().has_module(module) {
        true => format!("{module_text}.{name} is not defined"),
        false => format!("{module_text}.{name} is not defined: there is no module {module_text}"),
    };
    Raised::new(cx.error(sym::UNDEFINED_FUNCTION, &text).word())
}

/// The function in a field of a map.
pub(crate) fn field_function(
    cx: &mut Cx<'_, '_>,
    object: Word,
    name: Word,
) -> Result<Word, Raised> {
    let object = cx.heap().value(object);
    let Some(name) = name.as_symbol() else {
        return Err(Raised::new(cx.type_error("a name expected").word()));
    };
    match access::field(cx, object, name, None) {
        Ok(value) => Ok(value.word()),
        Err(error) => Err(Raised::new(error.word())),
    }
}

/// The functions a value may be called as.
fn candidates(cx: &Cx<'_, '_>, callee: Word) -> Option<&'static FnSet> {
    match cx.heap().value(callee).view() {
        View::Closure(closure) => Some(fn_set_of(closure.handle())),
        View::FunRef(f) => match cx.vm().member(f.module, f.name, false) {
            Some(Member::Functions(set)) => Some(set),
            _ => None,
        },
        _ => None,
    }
}

/// The function that a call with named arguments goes to, and the arguments in the order of its
/// parameters. Names that no parameter bears are gathered into one map, passed as the last parameter if
/// that is still free.
pub(crate) fn bind_named(
    cx: &mut Cx<'_, '_>,
    callee: Word,
    plain: &[Word],
    names: Word,
    named: &[Word],
) -> Result<(&'static Function, Words), Raised> {
    let Some(set) = candidates(cx, callee) else {
        return Err(bad_function(cx, callee));
    };
    let names: Vec<Symbol> = cx
        .heap()
        .value(names)
        .as_list()
        .unwrap_or(&[])
        .iter()
        .filter_map(|name| name.as_symbol())
        .collect();
    let mut best: Option<(&'static Function, Words, Vec<usize>)> = None;
    for entry in &set.entries {
        if let Some((words, left)) = bind(entry.function, entry.min, plain, &names, named)
            && best.as_ref().is_none_or(|(_, _, other)| left.len() < other.len())
        {
            best = Some((entry.function, words, left));
        }
    }
    match best {
        Some((function, words, left)) if left.is_empty() => Ok((function, words)),
        Some((function, mut words, left)) => {
            gather(cx, &mut words, &left, &names, named);
            Ok((function, words))
        }
        None => Err(unbound(cx, set, &names, plain.len())),
    }
}

/// Arguments in order for one function, and which names are left for the map, whose place is then
/// still `MISSING`. Nothing if they do not fit.
fn bind(
    f: &Function,
    min: u32,
    plain: &[Word],
    names: &[Symbol],
    named: &[Word],
) -> Option<(Words, Vec<usize>)> {
    let arity = f.arity as usize;
    if plain.len() > arity {
        return None;
    }
    let mut words: Words = plain.into();
    words.resize(arity, MISSING);
    let mut left = Vec::new();
    for (i, name) in names.iter().enumerate() {
        match f.params.iter().position(|p| p.as_ref() == Some(name)) {
            Some(place) if words[place] == MISSING => words[place] = named[i],
            Some(_) => return None,
            None => left.push(i),
        }
    }
    if !left.is_empty() {
        let last = arity.checked_sub(1)?;
        if words[last] != MISSING {
            return None;
        }
    }
    let given = if left.is_empty() { arity } else { arity - 1 };
    let needed = (min as usize).min(given);
    if words[..needed].contains(&MISSING) {
        return None;
    }
    Some((words, left))
}

fn gather(cx: &Cx<'_, '_>, words: &mut Words, left: &[usize], names: &[Symbol], named: &[Word]) {
    let heap = cx.heap();
    let mut builder = MapBuilder::new();
    for &i in left {
        builder.put(heap, Value::symbol(names[i]), heap.value(named[i]));
    }
    if let Some(last) = words.last_mut() {
        *last = builder.finish(heap).word();
    }
}

#[cold]
fn unbound(cx: &mut Cx<'_, '_>, set: &FnSet, names: &[Symbol], plain: usize) -> Raised {
    if let Some(n) = set.entries.iter().find_map(|e| too_few(e.function, names, plain)) {
        return arity_error(cx, set, n);
    }
    let known = |name: &Symbol| {
        set.entries.iter().any(|e| e.function.params.iter().any(|p| p.as_ref() == Some(name)))
    };
    let foreign: Vec<&str> = names.iter().filter(|n| !known(n)).map(|n| n.lasting_text()).collect();
    let function = set_name(set);
    let text = if foreign.is_empty() {
        let all: Vec<&str> = names.iter().map(|n| n.lasting_text()).collect();
        format!("{function} cannot take {plain} arguments and {} by name", all.join(", "))
    } else {
        format!("{function} has no parameter {}", foreign.join(", "))
    };
    Raised::new(cx.error(sym::ARGUMENT_ERROR, &text).word())
}

/// How many arguments a call gives a function in which every one of them has a place; it did not take
/// them, so there are too few.
fn too_few(f: &Function, names: &[Symbol], plain: usize) -> Option<u32> {
    let mut filled = vec![false; f.arity as usize];
    filled.get_mut(..plain)?.fill(true);
    let mut foreign = false;
    for name in names {
        match f.params.iter().position(|p| p.as_ref() == Some(name)) {
            Some(place) if filled[place] => return None,
            Some(place) => filled[place] = true,
            None => foreign = true,
        }
    }
    if foreign {
        let last = filled.last_mut().filter(|last| !**last)?;
        *last = true;
    }
    Some(filled.iter().filter(|&&f| f).count() as u32)
}
