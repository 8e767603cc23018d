//! Calls, in tail position and not.

use rata_bytecode::module::{Const, Type};
use rata_bytecode::operand::FnId;

use super::{Dest, Lowerer};
use crate::hir::{Expr, Target};
use crate::ir::{Op, TermKind, Test, Val};
use crate::names::Name;
use crate::span::Span;

/// The type that a native asks for, when the native is a type test: those have an instruction.
pub(super) fn tested_type(native: &str) -> Option<Type> {
    Some(match native.strip_prefix("core_is_")? {
        "int" => Type::Int,
        "float" => Type::Float,
        "numeric" => Type::Numeric,
        "posint" => Type::Posint,
        "bool" => Type::Bool,
        "string" => Type::String,
        "symbol" => Type::Symbol,
        "nil" => Type::Nil,
        "function" => Type::Function,
        "pid" => Type::Pid,
        "ref" => Type::Ref,
        "module" => Type::Module,
        "exception" => Type::Exception,
        "vector" => Type::Vector,
        "list" => Type::List,
        "map" => Type::Map,
        "set" => Type::Set,
        "table" => Type::Table,
        _ => return None,
    })
}

/// A call whose operands have been evaluated.
struct Ready {
    op: Op,
    tail: TermKind,
    operands: Vec<Val>,
}

impl<'a> Lowerer<'a, '_> {
    /// A call whose value is used here.
    pub(super) fn call(&mut self, target: &Target<'a>, args: &[Expr<'a>], at: Span) -> Val {
        if let (Target::Native(name), [arg]) = (*target, args)
            && let Some(ty) = tested_type(self.text(name))
        {
            return self.type_test(ty, arg, at);
        }
        let ready = self.ready(target, args, at);
        self.inst(ready.op, &ready.operands, at)
    }

    /// A call whose value is returned.
    pub(super) fn return_call(&mut self, target: &Target<'a>, args: &[Expr<'a>], at: Span) {
        let same_type = match *target {
            Target::Local { f, .. } => {
                self.result.is_some() && self.declared[f.0 as usize] == self.result
            }
            _ => false,
        };
        let test = matches!((*target, args), (Target::Native(name), [_]) if tested_type(self.text(name)).is_some());
        let own_type = same_type.then(|| self.result.take()).flatten();
        let tail = self.may_tail_call();
        if own_type.is_some() {
            self.result = own_type;
        }
        if tail && !test {
            let ready = self.ready(target, args, at);
            self.term(ready.tail, &ready.operands, at);
        } else {
            let value = self.call(target, args, at);
            self.finish(value, Dest::Return, at);
        }
    }

    /// Evaluates what a call needs, left to right.
    fn ready(&mut self, target: &Target<'a>, args: &[Expr<'a>], at: Span) -> Ready {
        self.check_arity(args.len(), "arguments", |i| args.get(i).map(|e| e.span), at);
        let mut operands = Vec::with_capacity(args.len() + 1);
        match target {
            Target::Value(object) | Target::Field { object, .. } => {
                let object = self.expr(object);
                operands.push(object);
            }
            _ => {}
        }
        for arg in args {
            let arg = self.expr(arg);
            operands.push(arg);
        }
        let (op, tail) = match *target {
            Target::Local { f, check } => {
                let f = FnId(f.0);
                if check {
                    self.effect(Op::CheckDefined(f), &[], at);
                }
                (Op::Call(f), TermKind::TailCall(f))
            }
            Target::Import { module, name } => {
                let arity = Some(args.len() as u32);
                let import = self.out.pools.import(self.names, module, name, arity);
                (Op::CallImport(import), TermKind::TailImport(import))
            }
            Target::Native(name) => {
                let native = self.out.pools.native(self.names.text(name), args.len());
                (Op::CallNative(native), TermKind::TailNative(native))
            }
            Target::Value(_) => (Op::CallValue, TermKind::TailValue),
            Target::Field { name, .. } => {
                let name = self.symbol(name);
                (Op::CallField(name), TermKind::TailField(name))
            }
        };
        Ready { op, tail, operands }
    }

    /// A call with named arguments whose value is used here.
    pub(super) fn call_named(
        &mut self,
        callee: &Expr<'a>,
        args: &[Expr<'a>],
        named: &[(Name, Expr<'a>)],
        at: Span,
    ) -> Val {
        let ready = self.ready_named(callee, args, named);
        self.inst(ready.op, &ready.operands, at)
    }

    /// A call with named arguments whose value is returned.
    pub(super) fn return_call_named(
        &mut self,
        callee: &Expr<'a>,
        args: &[Expr<'a>],
        named: &[(Name, Expr<'a>)],
        at: Span,
    ) {
        if self.may_tail_call() {
            let ready = self.ready_named(callee, args, named);
            self.term(ready.tail, &ready.operands, at);
        } else {
            let value = self.call_named(callee, args, named, at);
            self.finish(value, Dest::Return, at);
        }
    }

    fn ready_named(
        &mut self,
        callee: &Expr<'a>,
        args: &[Expr<'a>],
        named: &[(Name, Expr<'a>)],
    ) -> Ready {
        let all = || args.iter().chain(named.iter().map(|(_, e)| e));
        let span = |i| all().nth(i).map(|e| e.span);
        self.check_arity(args.len() + named.len(), "arguments", span, callee.span);
        let mut operands = Vec::with_capacity(1 + args.len() + named.len());
        let callee = self.expr(callee);
        operands.push(callee);
        for e in all() {
            let value = self.expr(e);
            operands.push(value);
        }
        let symbols = named.iter().map(|&(name, _)| self.symbol(name)).collect();
        let names = self.konst(Const::List(symbols));
        let named = named.len() as u32;
        Ready {
            op: Op::CallNamed { names, named },
            tail: TermKind::TailNamed { names, named },
            operands,
        }
    }

    /// A type test as a bool.
    fn type_test(&mut self, ty: Type, arg: &Expr<'a>, at: Span) -> Val {
        let ty = self.out.pools.ty(ty);
        let arg = self.expr(arg);
        let join = self.new_join();
        let yes = self.new_block();
        let no = self.new_block();
        self.branch(Test::Type(ty), &[arg], yes, no, at);
        for (block, answer) in [(yes, true), (no, false)] {
            self.switch_to(block);
            let k = self.konst(Const::Bool(answer));
            let value = self.load(k, at);
            self.jump(join, &[value], at);
        }
        self.switch_to(join);
        self.param(join)
    }
}
