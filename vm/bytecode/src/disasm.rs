//! Package → readable listing (`--emit=asm`, `ratac disasm`). Works on packages that do not verify,
//! too: what is out of range is shown as `?`.
//!
//! ```text
//! function 3 fact/2  registers 4, params n, acc
//!   ; line 7
//!      0  unless_compare_int == r0 0 → L3
//!      1  return r1
//!   L3:
//!      …
//! ```

use crate::codec::Part;
use crate::module::*;
use crate::operand::*;
use crate::ops::Op;
use std::collections::BTreeSet;
use std::fmt::{self, Display, Write};

/// Longest text shown in full, in characters.
const MAX_TEXT: usize = 60;
/// Most constants shown within one.
const MAX_PARTS: usize = 48;
/// Longest constant shown in full, in bytes.
const MAX_CONST: usize = 240;
/// Deepest nesting shown.
const MAX_DEPTH: usize = 8;

/// The listing of a package.
pub fn disassemble(package: &Package) -> String {
    let mut out = String::new();
    // Writing to a string does not fail.
    let _ = write_package(&mut out, package);
    out
}

/// The listing of one module.
pub fn disassemble_module(module: &Module) -> String {
    let mut out = String::new();
    let _ = write_module(&mut out, module);
    out
}

fn write_package(out: &mut dyn Write, package: &Package) -> fmt::Result {
    if let Some(entry) = package.entry {
        let name = package.modules.get(entry as usize).map_or("?", |module| &module.name);
        writeln!(out, "entry {name}\n")?;
    }
    for (i, module) in package.modules.iter().enumerate() {
        if i > 0 {
            writeln!(out)?;
        }
        write_module(out, module)?;
    }
    Ok(())
}

fn write_module(out: &mut dyn Write, module: &Module) -> fmt::Result {
    let lister = Lister { module };
    writeln!(out, "{} {}  from {:?}", module.kind.word(), module.name, module.file)?;
    if let Some(init) = module.init {
        writeln!(out, "body function {}", init.0)?;
    }
    for name in &module.behaviours {
        writeln!(out, "use {name}")?;
    }
    for export in &module.exports {
        match export.what {
            Exported::Functions(set) => {
                writeln!(out, "export {} = {}", export.name, lister.fn_set(set))?;
            }
            Exported::Global(global) => {
                writeln!(out, "export {} = {}", export.name, lister.global(global))?;
            }
        }
    }
    for (i, f) in module.functions.iter().enumerate() {
        writeln!(out)?;
        lister.write_function(out, i, f)?;
    }
    Ok(())
}

struct Lister<'m> {
    module: &'m Module,
}

impl Lister<'_> {
    fn write_function(&self, out: &mut dyn Write, index: usize, f: &Function) -> fmt::Result {
        write!(out, "function {index} {}/{}  registers {}", f.name, f.arity, f.registers)?;
        if f.captures > 0 {
            write!(out, ", captures {}", f.captures)?;
        }
        if f.wants_self {
            write!(out, ", self")?;
        }
        if !f.params.is_empty() {
            write!(out, ", params {}", f.params.join(", "))?;
        }
        writeln!(out)?;
        let labels = labels(f);
        let mut lines = f.lines.iter().peekable();
        for (i, op) in f.code.iter().enumerate() {
            if labels.contains(&(i as u32)) {
                writeln!(out, "  L{i}:")?;
            }
            while let Some((_, line)) = lines.next_if(|(first, _)| *first as usize <= i) {
                writeln!(out, "  ; line {line}")?;
            }
            write!(out, "  {i:5}  ")?;
            self.write_op(out, op)?;
            writeln!(out)?;
        }
        if labels.contains(&(f.code.len() as u32)) {
            writeln!(out, "  L{}:", f.code.len())?;
        }
        for h in &f.handlers {
            let guard = if h.guard { " guard" } else { "" };
            let (start, end, target) = (h.start.0, h.end.0, h.target.0);
            writeln!(out, "  catch{guard} L{start}..L{end} → L{target} r{}", h.d.0)?;
        }
        Ok(())
    }

    /// Results first, with `=`; then the mnemonic and the other operands; jumps last.
    fn write_op(&self, out: &mut dyn Write, op: &Op) -> fmt::Result {
        let mut defs = Vec::new();
        let mut rest = String::new();
        op.for_each_operand(|field, part| match part {
            Part::Def(reg) => defs.push(format!("r{reg}")),
            _ => self.push_part(&mut rest, field, part),
        });
        if !defs.is_empty() {
            write!(out, "{} = ", defs.join(", "))?;
        }
        write!(out, "{}{rest}", op.mnemonic())
    }

    fn push_part(&self, out: &mut String, field: &str, part: Part<'_>) {
        let _ = match part {
            Part::Def(reg) | Part::Use(reg) => write!(out, " r{reg}"),
            Part::Uses(regs) => write!(out, " ({})", joined(regs.iter().map(|r| format!("r{r}")))),
            Part::Label(label) if field == "default" => write!(out, " else → L{}", label.0),
            Part::Label(label) => write!(out, " → L{}", label.0),
            Part::Const(id) => write!(out, " {}", self.constant(id)),
            Part::Fn(id) => write!(out, " {}", self.function(id)),
            Part::FnSet(id) => write!(out, " {}", self.fn_set(id)),
            Part::Import(id) => write!(out, " {}", self.import(id)),
            Part::Native(id) => write!(out, " {}", self.native(id)),
            Part::Global(id) => write!(out, " {}", self.global(id)),
            Part::Type(id) => write!(out, " {}", self.ty(id)),
            Part::Count(n) => write!(out, " {n}"),
            Part::Imm(n) => write!(out, " {n}"),
            Part::Word(word) => write!(out, " {word}"),
            Part::Cases(cases) => cases
                .iter()
                .try_for_each(|(id, to)| write!(out, " {} → L{},", self.constant(*id), to.0)),
        };
    }

    fn function(&self, id: FnId) -> String {
        let found = self.module.functions.get(id.0 as usize);
        found.map_or_else(|| unknown(id.0), |f| format!("{}/{}#{}", cut(&f.name), f.arity, id.0))
    }

    fn fn_set(&self, id: FnSetId) -> String {
        let Some(set) = self.module.fn_sets.get(id.0 as usize) else { return unknown(id.0) };
        let entries = set.entries.iter().take(MAX_PARTS).map(|entry| {
            let range = match entry.max {
                max if max == entry.min => max.to_string(),
                max => format!("{}..{max}", entry.min),
            };
            format!("{range}: {}", self.function(entry.f))
        });
        format!("{}{{{}}}", if set.lenient { "~" } else { "" }, joined(entries))
    }

    fn import(&self, id: ImportId) -> String {
        match self.module.imports.get(id.0 as usize) {
            Some(Import { module, name, arity }) => member(module, name, *arity),
            None => unknown(id.0),
        }
    }

    fn native(&self, id: NativeId) -> String {
        let found = self.module.natives.get(id.0 as usize);
        found.map_or_else(
            || unknown(id.0),
            |native| format!("{}/{}", cut(&native.name), native.arity),
        )
    }

    fn global(&self, id: GlobalId) -> String {
        let found = self.module.globals.get(id.0 as usize);
        found.map_or_else(|| unknown(id.0), |global| format!("@{}", cut(&global.name)))
    }

    fn constant(&self, id: ConstId) -> String {
        let mut printer = ConstPrinter { lister: self, out: String::new(), left: MAX_PARTS };
        printer.constant(id, 0);
        printer.out
    }

    fn ty(&self, id: TypeId) -> String {
        let mut out = String::new();
        let mut left = MAX_PARTS;
        self.push_type(&mut out, id, 0, &mut left);
        out
    }

    fn push_type(&self, out: &mut String, id: TypeId, depth: usize, left: &mut usize) {
        let Some(ty) = self.module.types.get(id.0 as usize) else {
            return out.push_str(&unknown(id.0));
        };
        if depth > MAX_DEPTH || *left == 0 {
            return out.push('…');
        }
        *left -= 1;
        let mut many = |parts: &[TypeId], ends: [&str; 3]| {
            out.push_str(ends[0]);
            for (i, part) in parts.iter().take(MAX_PARTS).enumerate() {
                out.push_str(if i > 0 { ends[1] } else { "" });
                self.push_type(out, *part, depth + 1, left);
            }
            out.push_str(ends[2]);
        };
        match ty {
            Type::VectorOf(entry) => many(&[*entry], ["[", "", "]"]),
            Type::ListOf(parts) => many(parts, ["{", ", ", "}"]),
            Type::Union(parts) => many(parts, ["", " | ", ""]),
            plain => out.push_str(&format!("{plain:?}").to_lowercase()),
        }
    }
}

/// Where a label must stand.
fn labels(f: &Function) -> BTreeSet<u32> {
    let mut labels = BTreeSet::new();
    for op in &f.code {
        op.for_each_label(|label| {
            labels.insert(label.0);
        });
    }
    for handler in &f.handlers {
        labels.extend([handler.start.0, handler.end.0, handler.target.0]);
    }
    labels
}

fn joined(items: impl Iterator<Item = impl Display>) -> String {
    let mut out = String::new();
    for (i, item) in items.enumerate() {
        let _ = write!(out, "{}{item}", if i > 0 { ", " } else { "" });
    }
    out
}

fn unknown(id: u32) -> String {
    format!("?{id}")
}

/// Prints a constant within limits: constants may share parts, so written out one can be
/// exponentially long, or nested as deep as there are constants.
struct ConstPrinter<'l, 'm> {
    lister: &'l Lister<'m>,
    out: String,
    left: usize,
}

impl ConstPrinter<'_, '_> {
    fn constant(&mut self, id: ConstId, depth: usize) {
        let Some(constant) = self.lister.module.consts.get(id.0 as usize) else {
            return self.out.push_str(&unknown(id.0));
        };
        if depth > MAX_DEPTH || self.full() {
            return self.out.push('…');
        }
        self.left -= 1;
        match constant {
            Const::Vector(entries) => self.many("[", entries, "]", depth),
            Const::List(entries) => self.many("{", entries, "}", depth),
            Const::Set(entries) => self.many("#{", entries, "}", depth),
            Const::Map(entries) => self.map(entries, depth),
            plain => {
                let text = self.plain(plain);
                self.out.push_str(&text);
            }
        }
    }

    fn full(&self) -> bool {
        self.left == 0 || self.out.len() > MAX_CONST
    }

    fn plain(&self, constant: &Const) -> String {
        match constant {
            Const::Nil => "nil".to_owned(),
            Const::Bool(value) => value.to_string(),
            Const::Int(n) => n.to_string(),
            Const::BigInt(negative, magnitude) => big_int(*negative, magnitude),
            Const::Float(bits) => format!("{:?}", f64::from_bits(*bits)),
            Const::Str(text) => shortened(text),
            Const::Symbol(text) if is_word(text) => format!(":{}", cut(text)),
            Const::Symbol(text) => format!(":{}", shortened(text)),
            Const::Module(name) => cut(name).to_owned(),
            Const::Fn(set) => self.lister.fn_set(*set),
            Const::FnRef(module, name, arity) => member(module, name, *arity),
            Const::Missing => "missing".to_owned(),
            Const::Vector(_) | Const::List(_) | Const::Map(_) | Const::Set(_) => String::new(),
        }
    }

    fn many(&mut self, open: &str, entries: &[ConstId], close: &str, depth: usize) {
        self.out.push_str(open);
        for (i, entry) in entries.iter().enumerate() {
            self.out.push_str(if i > 0 { ", " } else { "" });
            if self.full() {
                self.out.push('…');
                break;
            }
            self.constant(*entry, depth + 1);
        }
        self.out.push_str(close);
    }

    fn map(&mut self, entries: &[(ConstId, ConstId)], depth: usize) {
        self.out.push('{');
        for (i, (key, value)) in entries.iter().enumerate() {
            self.out.push_str(if i > 0 { ", " } else { "" });
            if self.full() {
                self.out.push('…');
                break;
            }
            self.out.push('(');
            self.constant(*key, depth + 1);
            self.out.push_str("): ");
            self.constant(*value, depth + 1);
        }
        self.out.push('}');
    }
}

fn big_int(negative: bool, magnitude: &[u8]) -> String {
    let digits: String =
        magnitude.iter().rev().take(MAX_TEXT / 2).map(|b| format!("{b:02x}")).collect();
    let more = if magnitude.len() > MAX_TEXT / 2 { "…" } else { "" };
    format!("{}0x{digits}{more}", if negative { "-" } else { "" })
}

fn member(module: &str, name: &str, arity: Option<u32>) -> String {
    let arity = arity.map_or(String::new(), |arity| format!("/{arity}"));
    format!("{}.{}{arity}", cut(module), cut(name))
}

fn shortened(text: &str) -> String {
    let shown = cut(text);
    format!("{shown:?}{}", if shown.len() < text.len() { "…" } else { "" })
}

/// The beginning of a text; what refers to it often must not make the listing explode.
fn cut(text: &str) -> &str {
    text.char_indices().nth(MAX_TEXT).map_or(text, |(end, _)| &text[..end])
}

fn is_word(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|c| c.is_alphabetic() || c == '_')
        && chars.all(|c| c.is_alphanumeric() || c == '_')
}
