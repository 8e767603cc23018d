//! Type annotations.

use smallvec::SmallVec;

use super::Parser;
use crate::diagnostics::suggest::nearest;
use crate::span::Span;
use crate::syntax::token::Kind;
use crate::syntax::tree::{TypeExpr, TypeKind};

/// The names of types (language.md section 4).
const TYPE_NAMES: &[&str] = &[
    "int", "float", "numeric", "posint", "bool", "string", "symbol", "nil", "any", "function",
    "pid", "ref", "vector", "list", "map", "set", "table",
];

/// What other languages call them.
const FOREIGN_NAMES: &[(&str, &str)] = &[
    ("integer", "int"),
    ("i64", "int"),
    ("number", "numeric"),
    ("num", "numeric"),
    ("double", "float"),
    ("f64", "float"),
    ("boolean", "bool"),
    ("logical", "bool"),
    ("str", "string"),
    ("text", "string"),
    ("binary", "string"),
    ("character", "string"),
    ("atom", "symbol"),
    ("null", "nil"),
    ("none", "nil"),
    ("void", "nil"),
    ("fun", "function"),
    ("func", "function"),
    ("array", "vector"),
    ("tuple", "list"),
    ("dict", "map"),
    ("object", "map"),
    ("hash", "map"),
    ("dataframe", "table"),
    ("reference", "ref"),
    ("term", "any"),
];

impl<'a> Parser<'a, '_> {
    /// `T | U`
    pub(super) fn type_expr(&mut self) -> TypeExpr<'a> {
        let start = self.token().span;
        let first = self.type_atom();
        if self.kind() != Kind::Bar || self.panic {
            return first;
        }
        let mut members: SmallVec<[TypeExpr<'a>; 4]> = SmallVec::new();
        members.push(first);
        while self.kind() == Kind::Bar && !self.panic {
            self.bump();
            let member = self.type_atom();
            members.push(member);
        }
        TypeExpr { span: self.span_from(start), kind: TypeKind::Union(self.slice(&members)) }
    }

    fn type_atom(&mut self) -> TypeExpr<'a> {
        let token = self.token();
        if !self.deepen() {
            return TypeExpr { span: token.span, kind: TypeKind::Error };
        }
        let outer = self.begin();
        let kind = match token.kind {
            Kind::LBracket => self.vector_type(),
            Kind::LBrace => self.list_type(),
            Kind::Name | Kind::Nil | Kind::Function | Kind::Mod => {
                self.bump();
                self.named_type(token.span)
            }
            _ => {
                self.unexpected("a type");
                TypeKind::Error
            }
        };
        self.finish(outer);
        self.surface();
        TypeExpr { span: self.span_from(token.span), kind }
    }

    fn named_type(&mut self, span: Span) -> TypeKind<'a> {
        let text = self.source(span);
        if TYPE_NAMES.contains(&text) {
            return TypeKind::Named(self.names.intern(text));
        }
        let lower = text.to_ascii_lowercase();
        let foreign = FOREIGN_NAMES.iter().find(|(name, _)| *name == lower).map(|(_, ours)| *ours);
        let same = TYPE_NAMES.iter().copied().find(|name| *name == lower);
        let foreign = same.or(foreign);
        let ours = foreign.or_else(|| nearest(&lower, TYPE_NAMES.iter().copied()));
        let error = self.error_at("E0115", span, format!("there is no type `{text}`"));
        let error = match ours {
            Some(name) => error.help(format!("did you mean `{name}`?")),
            None => error.help(format!("the types are {}", TYPE_NAMES.join(", "))),
        };
        self.report_repaired(error);
        TypeKind::Error
    }

    /// `[T]`
    fn vector_type(&mut self) -> TypeKind<'a> {
        let open = self.pos;
        self.bump();
        let outer = self.enter(true);
        let member = self.type_expr();
        self.close(open, Kind::RBracket, "`]`: a vector has one type of entries");
        self.restore(outer);
        TypeKind::VectorOf(self.alloc(member))
    }

    /// `{T1, T2}`
    fn list_type(&mut self) -> TypeKind<'a> {
        let open = self.pos;
        self.bump();
        let outer = self.enter(true);
        let mut members: SmallVec<[TypeExpr<'a>; 4]> = SmallVec::new();
        loop {
            let member = self.type_expr();
            members.push(member);
            if self.panic || !self.eat(Kind::Comma) {
                break;
            }
        }
        self.close(open, Kind::RBrace, "`,` or `}`");
        self.restore(outer);
        TypeKind::ListOf(self.slice(&members))
    }
}
