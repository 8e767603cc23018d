//! What stands at the top of files and modules: `module`, `library`, `use`, `export`, statements.

use smallvec::SmallVec;

use super::Parser;
use crate::span::Span;
use crate::syntax::token::Kind;
use crate::syntax::tree::{
    Alias, Ident, Item, ItemKind, LibrarySource, ModPath, Pattern, PatternKind, Stmt, StmtKind,
    Tree,
};

impl<'a> Parser<'a, '_> {
    pub(super) fn file(&mut self) -> Tree<'a> {
        let items = self.items(None);
        Tree { items }
    }

    /// Items up to the end of the file, or to the `}` of the module whose `{` is at `open`.
    fn items(&mut self, open: Option<usize>) -> &'a [Item<'a>] {
        let mut items = Vec::new();
        loop {
            while self.eat(Kind::Semi) {}
            if self.at_block_end(open) {
                break;
            }
            let before = self.pos;
            let previous = match items.last() {
                Some(Item { kind: ItemKind::Stmt(stmt), .. }) => Some(*stmt),
                _ => None,
            };
            let item = match open.is_some() && self.word_is_defined() {
                true => self.word_definition(),
                false => self.item(previous),
            };
            items.push(item);
            self.end_statement(before);
        }
        self.slice(&items)
    }

    fn item(&mut self, previous: Option<Stmt<'a>>) -> Item<'a> {
        let start = self.token().span;
        let word = if self.word_as_name() { Kind::Name } else { self.kind() };
        let kind = match word {
            Kind::Module => self.module(),
            Kind::Library => self.library(),
            Kind::Use => {
                self.bump();
                self.mod_path().map(|path| ItemKind::Use { path })
            }
            Kind::Export => {
                self.bump();
                self.name_list().map(|names| ItemKind::Export { names })
            }
            _ => {
                let stmt = self.statement(previous);
                return Item { span: stmt.span, kind: ItemKind::Stmt(stmt) };
            }
        };
        let span = self.span_from(start);
        let kind = kind.unwrap_or_else(|| {
            let expr = self.alloc(self.error_expr(span));
            ItemKind::Stmt(Stmt { span, kind: StmtKind::Expr(expr) })
        });
        Item { span, kind }
    }

    /// In a module a function may be named by a word of the language, since it is called through
    /// the module: `receive = function(…) { … }`, `Process.receive(…)`.
    fn word_is_defined(&self) -> bool {
        self.kind().is_keyword()
            && !matches!(self.kind(), Kind::True | Kind::False | Kind::Nil | Kind::ThisModule)
            && self.ahead(1).kind == Kind::Assign
            && self.ahead(2).kind == Kind::Function
    }

    fn word_definition(&mut self) -> Item<'a> {
        let height = self.begin();
        let word = self.bump().span;
        let name = self.path_name(word);
        let pattern = self.alloc(Pattern { span: word, kind: PatternKind::Name(name) });
        self.bump();
        let value = self.expression();
        self.finish(height);
        let (span, value) = (self.span_from(word), self.alloc(value));
        let stmt = Stmt { span, kind: StmtKind::Bind { pattern, value } };
        Item { span, kind: ItemKind::Stmt(stmt) }
    }

    /// Is a word that begins an item used like a name here?
    pub(super) fn word_as_name(&self) -> bool {
        let next = self.ahead(1);
        matches!(self.kind(), Kind::Module | Kind::Library | Kind::Use | Kind::Export)
            && (matches!(next.kind, Kind::Assign | Kind::Comma | Kind::Semi | Kind::Eof)
                || matches!(next.kind, Kind::Field | Kind::FieldMod | Kind::LParen)
                || next.kind == Kind::DotParam && !next.space
                || next.kind.is_binary()
                || next.kind.closes()
                || next.newline)
    }

    /// An item where only statements may stand.
    pub(super) fn misplaced_item(&mut self) -> Stmt<'a> {
        let token = self.token();
        let word = self.source(token.span);
        let message = format!("`{word}` can stand only at the top of a file or of a module");
        let error = self.error_at("E0121", token.span, message).label("not in a body");
        self.report_repaired(error);
        let item = self.item(None);
        let expr = self.alloc(self.error_expr(item.span));
        Stmt { span: item.span, kind: StmtKind::Expr(expr) }
    }

    fn module(&mut self) -> Option<ItemKind<'a>> {
        if !self.deepen() {
            return None;
        }
        self.bump();
        let title = self.token();
        let path = match title.kind {
            Kind::Str => {
                self.bump();
                None
            }
            Kind::StrKey => {
                self.unexpected("`{` and not `:` after the title of a test module");
                self.bump();
                None
            }
            _ => match self.mod_path() {
                Some(path) => Some(path),
                None => {
                    self.surface();
                    return None;
                }
            },
        };
        let items = self.module_body();
        self.surface();
        Some(match path {
            Some(path) => ItemKind::Module { path, items },
            None => {
                ItemKind::TestModule { title: self.text_of(title), title_span: title.span, items }
            }
        })
    }

    fn module_body(&mut self) -> &'a [Item<'a>] {
        let open = self.pos;
        if !self.expect(Kind::LBrace, "`{` and the contents of the module") {
            return &[];
        }
        let outer = self.enter(false);
        let items = self.items(Some(open));
        self.close_block(open);
        self.restore(outer);
        items
    }

    /// `Outer.Inner`
    fn mod_path(&mut self) -> Option<ModPath<'a>> {
        if self.kind() != Kind::Mod {
            self.unexpected("a module name, which begins with a capital letter");
            return None;
        }
        let path = self.mod_path_rest();
        if self.kind() == Kind::Field {
            self.unexpected("the end of the module's name: parts of it begin with capital letters");
            return None;
        }
        Some(path)
    }

    /// At a `Mod` token: as many parts as there are.
    pub(super) fn mod_path_rest(&mut self) -> ModPath<'a> {
        let first = self.bump();
        let mut parts: SmallVec<[Ident; 4]> = SmallVec::new();
        parts.push(self.ident(first));
        while self.kind() == Kind::FieldMod {
            let token = self.bump();
            let span = Span::new(token.span.start + 1, token.span.end);
            parts.push(Ident { name: self.name_of(token), span });
        }
        let span = self.span_from(first.span);
        let name = match parts.len() {
            1 => parts[0].name,
            _ => self.path_name(span),
        };
        ModPath { name, parts: self.slice(&parts), span }
    }

    fn library(&mut self) -> Option<ItemKind<'a>> {
        self.bump();
        if self.kind() == Kind::Path {
            let token = self.bump();
            let path = self.text_of(token);
            if let Some(bare) = path.strip_suffix(".rata") {
                let error = self
                    .error_at("E0101", token.span, "a library path is written without its ending")
                    .help(format!("write `library {bare}`"));
                self.report_repaired(error);
            }
            let alias = self.alias()?;
            let source = LibrarySource::Path { path, span: token.span };
            return Some(ItemKind::Library { source, alias, names: None });
        }
        let path = self.mod_path()?;
        let source = LibrarySource::Module(path);
        if self.eat(Kind::Dot) {
            let names = self.name_list()?;
            return Some(ItemKind::Library { source, alias: None, names: Some(names) });
        }
        let alias = self.alias()?;
        Some(ItemKind::Library { source, alias, names: None })
    }

    /// `as m`; the outer `None` says that it is wrong.
    fn alias(&mut self) -> Option<Option<Alias>> {
        if !self.eat(Kind::As) {
            return Some(None);
        }
        let token = self.token();
        if !matches!(token.kind, Kind::Name | Kind::Mod) {
            self.unexpected("a name after `as`");
            return None;
        }
        self.bump();
        Some(Some(Alias { ident: self.ident(token), is_module: token.kind == Kind::Mod }))
    }

    /// `[f, g]`
    fn name_list(&mut self) -> Option<&'a [Ident]> {
        let open = self.pos;
        if !self.expect(Kind::LBracket, "names in square brackets: `[f, g]`") {
            return None;
        }
        let outer = self.enter(true);
        let mut names: SmallVec<[Ident; 8]> = SmallVec::new();
        while self.kind() == Kind::Name || self.kind().is_keyword() {
            let span = self.bump().span;
            let name = self.path_name(span);
            names.push(Ident { name, span });
            if !self.eat(Kind::Comma) {
                break;
            }
        }
        let expected = match self.previous_kind() {
            Some(Kind::LBracket | Kind::Comma) => "a name",
            _ => "`,` or `]`",
        };
        self.close(open, Kind::RBracket, expected);
        self.restore(outer);
        Some(self.slice(&names))
    }
}
