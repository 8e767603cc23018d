//! Listings of the IR (`--emit=ir`).

use std::fmt::Write;

use rata_bytecode::module::Const;
use rata_bytecode::operand::ConstId;

use super::pool::Pools;
use super::{Function, Inst, Module, Op, TermKind, Test, Val};

/// All functions of a module.
pub fn print_module(m: &Module) -> String {
    let mut out = format!("module {}\n\n", m.shell.name);
    for (at, f) in m.functions.iter().enumerate() {
        let _ = write!(out, "fn {at} ");
        out.push_str(&function(f, Some(&m.pools)));
        out.push('\n');
    }
    out
}

/// One function; constants are shown as such when the pools are given.
pub(crate) fn function(f: &Function, pools: Option<&Pools>) -> String {
    let mut out = format!("{}/{}", f.name, f.arity);
    if f.captures > 0 {
        let _ = write!(out, " +{} captured", f.captures);
    }
    if f.wants_self {
        out.push_str(" +self");
    }
    out.push('\n');
    for id in crate::passes::cfg::order(f) {
        let block = &f.blocks[id.index()];
        let _ = write!(out, "b{}({})", id.0, vals(f.vals(block.params)));
        if let Some(region) = block.region {
            let r = &f.regions[region.0 as usize];
            let what = if r.guard { "guard" } else { "try" };
            let _ = write!(out, " in {what} → b{}", r.handler.0);
        }
        out.push_str(":\n");
        for inst in &block.insts {
            let _ = writeln!(out, "  {}", inst_text(f, inst, pools));
        }
        let _ = writeln!(out, "  {}", term_text(f, &block.term, pools));
    }
    out
}

fn vals(vals: &[Val]) -> String {
    let texts: Vec<String> = vals.iter().map(|val| format!("v{}", val.0)).collect();
    texts.join(", ")
}

fn inst_text(f: &Function, inst: &Inst, pools: Option<&Pools>) -> String {
    let mut out = String::new();
    if inst.d.is_some() {
        let _ = write!(out, "v{} = ", inst.d.0);
    }
    match inst.op {
        Op::Const(k) => out.push_str(&constant(k, pools)),
        op => {
            let _ = write!(out, "{op:?} {}", vals(f.vals(inst.args)));
        }
    }
    out.trim_end().into()
}

fn term_text(f: &Function, term: &super::Term, pools: Option<&Pools>) -> String {
    let args = vals(f.vals(term.args));
    match term.kind {
        TermKind::Jump(to) => format!("jump b{}({args})", to.0),
        TermKind::Branch { test, then, els } => {
            let defs: Vec<Val> = term.defs().collect();
            let defs = if defs.is_empty() { String::new() } else { vals(&defs) + " = " };
            let test = match test {
                Test::Const(k) => format!("is {}", constant(k, pools)),
                test => format!("{test:?}"),
            };
            format!("{defs}if {test} {args} then b{} else b{}", then.0, els.0)
        }
        TermKind::Switch { start, len, default } => {
            let mut out = format!("switch {args}");
            for &(k, to) in &f.cases[start as usize..][..len as usize] {
                let _ = write!(out, " {}: b{},", constant(k, pools), to.0);
            }
            let _ = write!(out, " else b{}", default.0);
            out
        }
        kind => format!("{kind:?} {args}").trim_end().into(),
    }
}

/// A constant as text; long ones are cut.
fn constant(k: ConstId, pools: Option<&Pools>) -> String {
    let Some(pools) = pools else { return format!("k{}", k.0) };
    let list = |ids: &[ConstId], open: &str, close: char| {
        let texts: Vec<String> = ids.iter().take(8).map(|&id| constant(id, Some(pools))).collect();
        let dots = if ids.len() > 8 { ", …" } else { "" };
        format!("{open}{}{dots}{close}", texts.join(", "))
    };
    match pools.consts.get(k) {
        Const::Nil => "nil".into(),
        Const::Bool(b) => b.to_string(),
        Const::Int(n) => n.to_string(),
        Const::BigInt(minus, bytes) => {
            format!("{}big[{}]", if *minus { "-" } else { "" }, bytes.len())
        }
        Const::Float(bits) => format!("{:?}", f64::from_bits(*bits)),
        Const::Str(text) => format!("{text:?}"),
        Const::Symbol(text) => format!(":{text}"),
        Const::Module(text) => text.clone(),
        Const::Vector(ids) => list(ids, "[", ']'),
        Const::List(ids) => list(ids, "{", '}'),
        Const::Set(ids) => list(ids, "#{", '}'),
        Const::Map(entries) => {
            let flat: Vec<ConstId> = entries.iter().flat_map(|&(k, v)| [k, v]).collect();
            list(&flat, "map{", '}')
        }
        Const::Fn(set) => format!("fn#{}", set.0),
        Const::FnRef(module, name, arity) => match arity {
            Some(arity) => format!("{module}.{name}/{arity}"),
            None => format!("{module}.{name}"),
        },
        Const::Missing => "missing".into(),
    }
}
