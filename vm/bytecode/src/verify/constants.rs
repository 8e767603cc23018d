//! The constants of a module: references go down, vectors are of one type; and which constants are
//! one and the same map key.

use super::Check;
use crate::module::{Const, Module};
use crate::operand::ConstId;
use foldhash::{HashMap, HashMapExt};

/// Which constants are equal: equal ones, and no others, have the same number.
pub(super) struct KeyIds {
    strict: Vec<u32>,
    keys: Vec<u32>,
}

impl KeyIds {
    /// Numbers the constants of a module, whose references go down.
    fn new(consts: &[Const], kinds: &[Option<Kind>]) -> KeyIds {
        let mut nodes: HashMap<Node, u32> = HashMap::new();
        let mut ids = KeyIds { strict: Vec::new(), keys: Vec::new() };
        let mut number = |node| {
            let next = nodes.len() as u32;
            *nodes.entry(node).or_insert(next)
        };
        for (i, constant) in consts.iter().enumerate() {
            let id = match constant {
                // A vector with one entry that is no collection is that entry.
                Const::Vector(entries) if entries.len() == 1 && kinds[i] != Some(Kind::Vector) => {
                    ids.strict[entries[0].0 as usize]
                }
                _ => number(Node::new(constant, i, &ids.strict)),
            };
            ids.strict.push(id);
            // As a key, but only for the key itself, a string is the symbol of the same text.
            ids.keys.push(match constant {
                Const::Str(text) => number(Node::Text(1, text.clone())),
                _ => id,
            });
        }
        ids
    }

    /// The number of a constant as a value.
    pub(super) fn strict(&self, id: ConstId) -> u32 {
        self.strict[id.0 as usize]
    }

    /// The number of a constant as a map key.
    pub(super) fn key(&self, id: ConstId) -> u32 {
        self.keys[id.0 as usize]
    }
}

/// A constant's content with references replaced by numbers, in a form in which equal values are equal.
#[derive(PartialEq, Eq, Hash)]
enum Node {
    Plain(u8, u64),
    Big(bool, Vec<u8>),
    Text(u8, String),
    Many(u8, Vec<u32>),
    Ref(String, String, Option<u32>),
}

impl Node {
    fn new(constant: &Const, index: usize, ids: &[u32]) -> Node {
        let many = |list: &[ConstId]| list.iter().map(|id| ids[id.0 as usize]).collect::<Vec<_>>();
        match constant {
            Const::Nil => Node::Plain(0, 0),
            Const::Bool(b) => Node::Plain(1, u64::from(*b)),
            Const::Int(n) => Node::Plain(2, *n as u64),
            Const::BigInt(negative, magnitude) => big(*negative, magnitude),
            Const::Float(bits) => Node::Plain(3, canonical_float(*bits)),
            Const::Str(text) => Node::Text(0, text.clone()),
            Const::Symbol(text) => Node::Text(1, text.clone()),
            Const::Module(name) => Node::Text(2, name.clone()),
            Const::Vector(list) => Node::Many(0, many(list)),
            Const::List(list) => Node::Many(1, many(list)),
            Const::Set(list) => {
                let mut members = many(list);
                members.sort_unstable();
                members.dedup();
                Node::Many(2, members)
            }
            // Equal maps with differently ordered or repeated keys count as different: nothing
            // relies on the contrary, since map keys are compared again when a map is built.
            Const::Map(entries) => Node::Many(
                3,
                entries.iter().flat_map(|(k, v)| [ids[k.0 as usize], ids[v.0 as usize]]).collect(),
            ),
            // Every function value is its own.
            Const::Fn(_) => Node::Plain(4, index as u64),
            Const::FnRef(module, name, arity) => Node::Ref(module.clone(), name.clone(), *arity),
            Const::Missing => Node::Plain(5, 0),
        }
    }
}

fn big(negative: bool, magnitude: &[u8]) -> Node {
    let used = magnitude.iter().rposition(|&digit| digit != 0).map_or(0, |i| i + 1);
    let digits = &magnitude[..used];
    if used <= 8 {
        let value = digits.iter().rev().fold(0i128, |n, &d| n << 8 | i128::from(d));
        let value = if negative { -value } else { value };
        if let Ok(small) = i64::try_from(value) {
            return Node::Plain(2, small as u64);
        }
    }
    Node::Big(negative, digits.to_vec())
}

/// Both zeros are one key; nan equals itself, whatever its bits.
fn canonical_float(bits: u64) -> u64 {
    let value = f64::from_bits(bits);
    if value.is_nan() {
        f64::NAN.to_bits()
    } else if value == 0.0 {
        0
    } else {
        bits
    }
}

/// Checks all constants.
pub(super) fn check(module: &Module) -> Check<KeyIds> {
    let mut kinds = Vec::with_capacity(module.consts.len());
    for (index, constant) in module.consts.iter().enumerate() {
        let kind = check_references(module, index, constant).and_then(|()| kind(constant, &kinds));
        kinds.push(kind.map_err(|message| format!("constant {index}: {message}"))?);
    }
    Ok(KeyIds::new(&module.consts, &kinds))
}

fn check_references(module: &Module, index: usize, constant: &Const) -> Check {
    let part = |id: &ConstId| match module.consts.get(id.0 as usize) {
        _ if id.0 as usize >= index => {
            Err(format!("refers to constant {}, which is not before it", id.0))
        }
        Some(Const::Missing) => Err("holds the marker for omitted arguments".to_owned()),
        _ => Ok(()),
    };
    match constant {
        Const::Vector(list) | Const::List(list) | Const::Set(list) => {
            list.iter().try_for_each(part)
        }
        Const::Map(entries) => entries.iter().try_for_each(|(k, v)| part(k).and_then(|()| part(v))),
        Const::Fn(set) => {
            let Some(set) = module.fn_sets.get(set.0 as usize) else {
                return Err(format!("there is no function set {}", set.0));
            };
            let captures = set.entries.iter().any(|entry| {
                module.functions.get(entry.f.0 as usize).is_some_and(|f| f.captures > 0)
            });
            if captures {
                return Err("a function that captures values is no constant".to_owned());
            }
            Ok(())
        }
        Const::FnRef(_, _, Some(arity)) if *arity > super::MAX_ARITY => {
            Err(format!("{arity} arguments are too many"))
        }
        _ => Ok(()),
    }
}

#[derive(PartialEq, Eq, Clone, Copy)]
enum Kind {
    Number,
    Bool,
    Text,
    Symbol,
    Module,
    Function,
    List,
    Map,
    Set,
    Vector,
}

/// The kind of a constant, given those of the constants before it; `None` for nil, which fits in
/// with any.
fn kind(constant: &Const, kinds: &[Option<Kind>]) -> Check<Option<Kind>> {
    Ok(Some(match constant {
        Const::Nil | Const::Missing => return Ok(None),
        Const::Bool(_) => Kind::Bool,
        Const::Int(_) | Const::BigInt(..) | Const::Float(_) => Kind::Number,
        Const::Str(_) => Kind::Text,
        Const::Symbol(_) => Kind::Symbol,
        Const::Module(_) => Kind::Module,
        Const::Fn(_) | Const::FnRef(..) => Kind::Function,
        Const::List(_) => Kind::List,
        Const::Map(_) => Kind::Map,
        Const::Set(_) => Kind::Set,
        Const::Vector(list) => {
            let entries = || list.iter().map(|id| kinds[id.0 as usize]);
            if !is_homogeneous(entries().flatten()) {
                return Err("a vector of mixed types".to_owned());
            }
            match entries().next() {
                // `[5]` is 5.
                Some(entry) if list.len() == 1 && !entry.is_some_and(Kind::is_collection) => {
                    return Ok(entry);
                }
                _ => Kind::Vector,
            }
        }
    }))
}

/// All of one kind, where among vectors what is no collection counts as a vector with one entry.
fn is_homogeneous(mut kinds: impl Iterator<Item = Kind> + Clone) -> bool {
    let other_collection = |kind| kind != Kind::Vector && Kind::is_collection(kind);
    if kinds.clone().any(|kind| kind == Kind::Vector) {
        return !kinds.any(other_collection);
    }
    let first = kinds.next();
    kinds.all(|kind| Some(kind) == first)
}

impl Kind {
    fn is_collection(self) -> bool {
        matches!(self, Kind::List | Kind::Map | Kind::Set | Kind::Vector)
    }
}
