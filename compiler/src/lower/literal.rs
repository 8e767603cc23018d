//! Literals: what is constant goes into the constant pool whatever its size; the rest is for `gather`.

use foldhash::HashSet;
use num_bigint::BigInt;
use rata_bytecode::module::Const;
use rata_bytecode::operand::ConstId;

use super::Lowerer;
use crate::diagnostics::Diagnostic;
use crate::hir::{Expr, ExprKind, Lit};
use crate::ir::{Op, Val};

/// What a literal shows of the type of its value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Number,
    String,
    Symbol,
    Bool,
    Module,
    Function,
    Vector,
    List,
    Map,
    Set,
}

impl Kind {
    fn is_collection(self) -> bool {
        matches!(self, Kind::Vector | Kind::List | Kind::Map | Kind::Set)
    }

    fn text(self) -> &'static str {
        match self {
            Kind::Number => "a number",
            Kind::String => "a string",
            Kind::Symbol => "a symbol",
            Kind::Bool => "a bool",
            Kind::Module => "a module",
            Kind::Function => "a function",
            Kind::Vector => "a vector",
            Kind::List => "a list",
            Kind::Map => "a map",
            Kind::Set => "a set",
        }
    }
}

impl<'a> Lowerer<'a, '_> {
    /// The constant that a literal without parts is.
    pub(super) fn lit(&mut self, lit: Lit<'_>) -> ConstId {
        let value = match lit {
            Lit::Int(n) => Const::Int(n),
            Lit::BigInt(text) => {
                let n: BigInt = text.parse().unwrap_or_default();
                return self.out.pools.consts.int(&n);
            }
            Lit::Float(x) => Const::Float(x.to_bits()),
            Lit::Str(text) => Const::Str(text.into()),
            Lit::Symbol(name) => return self.symbol(name),
            Lit::Bool(b) => Const::Bool(b),
            Lit::Nil => Const::Nil,
            Lit::Module(name) => Const::Module(self.text(name).into()),
        };
        self.konst(value)
    }

    /// The constant that `e` is, if it is made of literals alone.
    pub(super) fn const_of(&mut self, e: &Expr<'a>) -> Option<ConstId> {
        match e.kind {
            ExprKind::Lit(lit) => Some(self.lit(lit)),
            ExprKind::Neg(Expr { kind: ExprKind::Lit(lit), .. }) => match *lit {
                Lit::Int(n) => Some(self.out.pools.consts.int(&-BigInt::from(n))),
                Lit::BigInt(text) => {
                    let n: BigInt = text.parse().unwrap_or_default();
                    Some(self.out.pools.consts.int(&-n))
                }
                Lit::Float(x) => Some(self.konst(Const::Float((-x).to_bits()))),
                _ => None,
            },
            ExprKind::Function { set, arity, check: false } => {
                Some(self.function_const(set, arity))
            }
            ExprKind::Capture { module, name, arity } => {
                let (module, name) = (self.text(module).into(), self.text(name).into());
                Some(self.konst(Const::FnRef(module, name, Some(arity))))
            }
            ExprKind::Vector { items, tail: None } => {
                let ids = self.consts_of(items)?;
                self.check_mixed(items);
                Some(self.vector_const(ids))
            }
            ExprKind::List(items) => {
                let ids = self.consts_of(items)?;
                Some(self.konst(Const::List(ids)))
            }
            ExprKind::Set(items) => {
                let mut ids = self.consts_of(items)?;
                let mut seen = HashSet::default();
                ids.retain(|&id| seen.insert(id.0));
                Some(self.konst(Const::Set(ids)))
            }
            ExprKind::Map(entries) => self.map_const(entries),
            ExprKind::Text(parts) => self.text_const(parts),
            _ => None,
        }
    }

    fn consts_of(&mut self, items: &[Expr<'a>]) -> Option<Vec<ConstId>> {
        items.iter().map(|item| self.const_of(item)).collect()
    }

    /// A vector of constants: one entry that is no collection is that entry; ints among floats
    /// become floats.
    fn vector_const(&mut self, mut ids: Vec<ConstId>) -> ConstId {
        let consts = &mut self.out.pools.consts;
        let is_vector = |k: &Const| matches!(k, Const::Vector(_));
        let is_collection =
            |k: &Const| is_vector(k) || matches!(k, Const::List(_) | Const::Map(_) | Const::Set(_));
        if let [only] = ids[..]
            && !is_collection(consts.get(only))
        {
            return only;
        }
        let floats = ids.iter().any(|&id| matches!(consts.get(id), Const::Float(_)));
        if floats && !ids.iter().any(|&id| is_vector(consts.get(id))) {
            for id in &mut ids {
                let x = match consts.get(*id) {
                    Const::Int(n) => *n as f64,
                    Const::BigInt(minus, bytes) => {
                        let n = BigInt::from_bytes_le(
                            if *minus { num_bigint::Sign::Minus } else { num_bigint::Sign::Plus },
                            bytes,
                        );
                        // by way of text: that conversion rounds correctly at any size
                        n.to_string().parse().unwrap_or(f64::INFINITY)
                    }
                    _ => continue,
                };
                *id = consts.add(Const::Float(x.to_bits()));
            }
        }
        consts.add(Const::Vector(ids))
    }

    /// A map of constants, unless two keys are the same: then the order of things matters and the
    /// instruction settles it.
    fn map_const(&mut self, entries: &[(Expr<'a>, Expr<'a>)]) -> Option<ConstId> {
        let keys = self.distinct_keys(entries)?;
        let mut pairs = Vec::with_capacity(keys.len());
        for (key, (_, value)) in keys.into_iter().zip(entries) {
            pairs.push((key, self.const_of(value)?));
        }
        Some(self.konst(Const::Map(pairs)))
    }

    /// The keys of a map literal if they are constants and all different.
    pub(super) fn distinct_keys(
        &mut self,
        entries: &[(Expr<'a>, Expr<'a>)],
    ) -> Option<Vec<ConstId>> {
        let mut keys = Vec::with_capacity(entries.len());
        let mut seen = HashSet::default();
        for (key, _) in entries {
            let id = self.const_of(key)?;
            keys.push(id);
            // a symbol and the string with its text are one key, and so are 0.0 and -0.0
            let same = match self.out.pools.consts.get(id) {
                Const::Symbol(text) => {
                    let text = text.clone();
                    self.konst(Const::Str(text))
                }
                Const::Float(bits) if f64::from_bits(*bits) == 0.0 => self.konst(Const::Float(0)),
                _ => id,
            };
            if !seen.insert(same.0) {
                return None;
            }
        }
        Some(keys)
    }

    fn text_const(&mut self, parts: &[Expr<'a>]) -> Option<ConstId> {
        let mut text = String::new();
        for part in parts {
            match part.kind {
                ExprKind::Lit(Lit::Str(s)) => text.push_str(s),
                _ => return None,
            }
        }
        Some(self.konst(Const::Str(text)))
    }

    /// Any literal, constant or not.
    pub(super) fn literal(&mut self, e: &Expr<'a>) -> Val {
        let at = e.span;
        if let Some(k) = self.const_of(e) {
            return self.load(k, at);
        }
        match e.kind {
            ExprKind::Vector { items, tail } => {
                self.check_mixed(items);
                self.vector(items, tail, at)
            }
            ExprKind::List(items) => self.gather(Op::List, items.iter(), at),
            ExprKind::Set(items) => self.gather(Op::Set, items.iter(), at),
            ExprKind::Text(parts) => self.gather(Op::Text, parts.iter(), at),
            ExprKind::Map(entries) => self.map(entries, at),
            _ => self.nil(at),
        }
    }

    /// Reports a vector literal whose entries show types that do not go together.
    fn check_mixed(&mut self, items: &[Expr<'a>]) {
        if items.len() < 2 {
            return;
        }
        let kinds = || items.iter().filter_map(|item| Some((kind(item)?, item.span)));
        let Some((first, first_span)) = kinds().next() else { return };
        // beside a vector, whatever is no collection counts as a vector with one entry
        let vectors = kinds().any(|(kind, _)| kind == Kind::Vector);
        let class = |kind: Kind| {
            if vectors && !kind.is_collection() { Kind::Vector } else { kind }
        };
        let Some((other, span)) = kinds().find(|&(kind, _)| class(kind) != class(first)) else {
            return;
        };
        let known = |d: &Diagnostic| d.code == "E0402" && d.span == span;
        if self.diagnostics.iter().any(known) {
            return;
        }
        let message =
            format!("a vector holds one type, but here {} joins {}", other.text(), first.text());
        self.diagnostics.push(
            Diagnostic::error("E0402", self.hir.file, span, message)
                .label(format!("this is {}", other.text()))
                .also(first_span, format!("this is {}", first.text()))
                .help("write a list for entries of different types: {…}"),
        );
    }
}

/// What an expression shows of its type; nothing for nil, which fits anywhere.
fn kind(e: &Expr<'_>) -> Option<Kind> {
    Some(match e.kind {
        ExprKind::Lit(lit) => match lit {
            Lit::Int(_) | Lit::BigInt(_) | Lit::Float(_) => Kind::Number,
            Lit::Str(_) => Kind::String,
            Lit::Symbol(_) => Kind::Symbol,
            Lit::Bool(_) => Kind::Bool,
            Lit::Module(_) => Kind::Module,
            Lit::Nil => return None,
        },
        ExprKind::Neg(Expr { kind: ExprKind::Lit(_), .. }) => Kind::Number,
        ExprKind::Text(_) => Kind::String,
        ExprKind::Lambda(_) | ExprKind::Function { .. } | ExprKind::Capture { .. } => {
            Kind::Function
        }
        ExprKind::Vector { items: [only], tail: None } => {
            let inner = kind(only)?;
            if inner.is_collection() { Kind::Vector } else { inner }
        }
        // what is consed to may be empty, and then one entry is no vector
        ExprKind::Vector { tail: Some(_), .. } => return None,
        ExprKind::Vector { .. } => Kind::Vector,
        ExprKind::List(_) => Kind::List,
        ExprKind::Map(_) => Kind::Map,
        ExprKind::Set(_) => Kind::Set,
        _ => return None,
    })
}
