//! Tokens and trees as readable text, for `--emit=tokens`, `--emit=tree` and the tests.

mod expressions;
mod patterns;

use std::fmt::Write;

use crate::names::{Name, Names};
use crate::syntax::token::{Kind, Tokens};
use crate::syntax::tree::{
    Alias, Block, Ident, Item, ItemKind, LibrarySource, Stmt, StmtKind, Tree,
};

/// One line for each token: its range, whether it begins a line (`|`), what it is, its text.
pub fn print_tokens(tokens: &Tokens<'_>, text: &str) -> String {
    let mut out = String::new();
    for token in &tokens.list {
        let (start, end) = (token.span.start, token.span.end);
        let mark = if token.newline { '|' } else { ' ' };
        let source = text.get(start as usize..end as usize).unwrap_or("");
        let kind = format!("{:?}", token.kind);
        let shown = match token.kind {
            Kind::Eof => String::new(),
            Kind::Str | Kind::StrKey | Kind::FText | Kind::BigInt | Kind::Path => {
                let text = tokens.texts.get(token.data as usize).copied().unwrap_or("");
                format!(" {text:?}")
            }
            _ => format!(" {}", source.escape_debug()),
        };
        let _ = writeln!(out, "{start:>5}..{end:<5} {mark} {kind}{shown}");
    }
    out
}

/// The whole tree, one part to a line, indented.
pub fn print_tree(tree: &Tree<'_>, names: &Names) -> String {
    let mut printer = Printer { names, out: String::new(), depth: 0 };
    printer.items(tree.items);
    printer.out
}

struct Printer<'n> {
    names: &'n Names,
    out: String,
    depth: usize,
}

impl<'n> Printer<'n> {
    fn line(&mut self, text: impl AsRef<str>) {
        // Deep trees would otherwise print mostly spaces.
        for _ in 0..self.depth.min(100) {
            self.out.push_str("  ");
        }
        self.out.push_str(text.as_ref());
        self.out.push('\n');
    }

    /// A line, and what `inside` prints indented below it.
    fn node(&mut self, text: impl AsRef<str>, inside: impl FnOnce(&mut Self)) {
        self.line(text);
        self.depth += 1;
        inside(self);
        self.depth -= 1;
    }

    fn text(&self, name: Name) -> &'n str {
        self.names.text(name)
    }

    fn idents(&self, idents: &[Ident]) -> String {
        let texts: Vec<&str> = idents.iter().map(|ident| self.text(ident.name)).collect();
        texts.join(" ")
    }

    fn items(&mut self, items: &[Item<'_>]) {
        for item in items {
            self.item(item);
        }
    }

    fn item(&mut self, item: &Item<'_>) {
        match item.kind {
            ItemKind::Module { path, items } => {
                let head = format!("module {}", self.text(path.name));
                self.node(head, |p| p.items(items));
            }
            ItemKind::TestModule { title, items, .. } => {
                self.node(format!("test module {title:?}"), |p| p.items(items));
            }
            ItemKind::Library { source, alias, names } => self.library(source, alias, names),
            ItemKind::Use { path } => {
                let line = format!("use {}", self.text(path.name));
                self.line(line);
            }
            ItemKind::Export { names } => {
                let line = format!("export {}", self.idents(names));
                self.line(line.trim_end());
            }
            ItemKind::Stmt(stmt) => self.stmt(&stmt),
        }
    }

    fn library(
        &mut self,
        source: LibrarySource<'_>,
        alias: Option<Alias>,
        names: Option<&[Ident]>,
    ) {
        let mut line = match source {
            LibrarySource::Module(path) => format!("library {}", self.text(path.name)),
            LibrarySource::Path { path, .. } => format!("library {path:?}"),
        };
        if let Some(alias) = alias {
            let _ = write!(line, " as {}", self.text(alias.ident.name));
        }
        if let Some(names) = names {
            let _ = write!(line, " names {}", self.idents(names));
        }
        self.line(line.trim_end());
    }

    fn stmt(&mut self, stmt: &Stmt<'_>) {
        match stmt.kind {
            StmtKind::Bind { pattern, value } => self.node("bind", |p| {
                p.pattern(pattern);
                p.expr(value);
            }),
            StmtKind::Expr(expr) => self.expr(expr),
            StmtKind::Block(block) => self.block("block", &block),
        }
    }

    fn block(&mut self, head: &str, block: &Block<'_>) {
        self.node(head, |p| {
            for stmt in block.stmts {
                p.stmt(stmt);
            }
        });
    }
}
