//! Calls, modules, errors, receive.

use rata_bytecode::operand::Reg;
use rata_bytecode::ops::Op;

use super::Specialiser;
use crate::code::exec::Ex;

impl Specialiser<'_> {
    pub(super) fn call(&mut self, i: usize, op: &Op) {
        match op {
            Op::Call { f, args, .. } => {
                let exact = [Ex::Call0, Ex::Call1, Ex::Call2, Ex::Call3];
                let function = self.function(*f);
                match exact.get(args.0.len()).filter(|_| self.has_small_frame(*f)) {
                    Some(&ex) => self.out.exact(ex, &args.0, Some(function), *f, Some(3)),
                    None => {
                        self.out.args(Ex::Call, &args.0);
                        self.out.ext(function);
                    }
                }
            }
            Op::CallImport { import, args, .. } => {
                self.out.args(Ex::CallImport, &args.0);
                self.out.ext(self.link(*import));
            }
            Op::CallValue { f, args, .. } => {
                self.out.args(Ex::CallValue, &args.0);
                self.out.ext(f.0 as u64);
            }
            Op::CallField { object, name, args, .. } => {
                self.out.args(Ex::CallField, &args.0);
                self.out.ext(object.0 as u64);
                self.out.ext(self.constant(*name).bits());
            }
            Op::CallNamed { f, args, names, named, .. } => {
                let all: Vec<Reg> = args.0.iter().chain(&named.0).copied().collect();
                self.out.args(Ex::CallNamed, &all);
                self.out.ext(f.0 as u64);
                self.out.ext(self.constant(*names).bits());
            }
            Op::CallNative { native, args, .. } => {
                self.out.args(Ex::CallNative, &args.0);
                self.out.ext(self.names.natives[native.0 as usize] as u64);
            }
            _ => {}
        }
        self.out.ext(self.infos[i]);
    }

    pub(super) fn tail(&mut self, i: usize, op: &Op) {
        match op {
            Op::TailCall { f, args } => {
                let again = [Ex::Unreachable, Ex::TailSelf1, Ex::TailSelf2, Ex::TailSelf3];
                let exact = [Ex::TailCall0, Ex::TailCall1, Ex::TailCall2, Ex::TailCall3];
                let (n, function) = (args.0.len(), self.function(*f));
                if (1..=3).contains(&n) && f.0 as usize == self.this {
                    self.out.exact(again[n], &args.0, None, *f, None);
                } else if n <= 3 && self.has_small_frame(*f) {
                    self.out.exact(exact[n], &args.0, Some(function), *f, Some(1));
                } else {
                    self.out.args(Ex::TailCall, &args.0);
                    self.out.ext(function);
                }
            }
            Op::TailImport { import, args } => {
                self.out.args(Ex::TailImport, &args.0);
                self.out.ext(self.link(*import));
            }
            Op::TailValue { f, args } => {
                self.out.args(Ex::TailValue, &args.0);
                self.out.ext(f.0 as u64);
            }
            Op::TailField { object, name, args } => {
                self.out.args(Ex::TailField, &args.0);
                self.out.ext(object.0 as u64);
                self.out.ext(self.constant(*name).bits());
            }
            Op::TailNamed { f, args, names, named } => {
                let all: Vec<Reg> = args.0.iter().chain(&named.0).copied().collect();
                self.out.args(Ex::TailNamed, &all);
                self.out.ext(f.0 as u64);
                self.out.ext(self.constant(*names).bits());
            }
            // A native makes no frame: the machine calls it and returns its result. When it
            // answers with a call and a return of the same register follows, that is a tail call.
            Op::TailNative { native, args } => {
                self.scratch_used = true;
                self.out.args(Ex::CallNative, &args.0);
                self.out.ext(self.names.natives[native.0 as usize] as u64);
                self.out.ext(self.infos[i] & !0xffff | self.scratch as u64);
                self.out.op(Ex::Return, self.scratch, 0, 0);
            }
            Op::Return { s } => self.out.op(Ex::Return, s.0, 0, 0),
            _ => {}
        }
    }

    pub(super) fn rest(&mut self, i: usize, op: &Op) {
        match op {
            Op::Global { d, g } => {
                self.out.op(Ex::Global, d.0, 0, 0);
                self.out.ext(self.global(*g));
                self.out.ext(self.infos[i]);
            }
            Op::SetGlobal { g, s } => {
                self.out.op(Ex::SetGlobal, s.0, 0, 0);
                self.out.ext(self.global(*g));
            }
            Op::Member { d, import } => {
                self.out.op(Ex::Member, d.0, 0, 0);
                self.out.ext(self.link(*import));
                self.out.ext(self.infos[i]);
            }
            Op::Define { f } => {
                self.out.op(Ex::Define, 0, 0, 0);
                self.out.ext(self.function(*f));
            }
            Op::CheckDefined { f } => {
                self.out.op(Ex::CheckDefined, 0, 0, 0);
                self.out.ext(self.function(*f));
            }
            Op::Raise { s } => self.out.op(Ex::Raise, s.0, 0, 0),
            Op::Reraise { s } => self.out.op(Ex::Reraise, s.0, 0, 0),
            Op::Fail { kind, values } => {
                self.out.args(Ex::Fail, &values.0);
                self.out.ext(*kind as u64);
            }
            Op::CheckType { s, ty, what } => {
                self.out.op(Ex::CheckType, s.0, 0, 0);
                self.out.ext(self.ty(*ty));
                self.out.ext(self.constant(*what).bits());
            }
            Op::RecvStart {} => self.out.op(Ex::RecvStart, 0, 0, 0),
            Op::RecvMark { s } => self.out.op(Ex::RecvMark, s.0, 0, 0),
            Op::RecvPeek { d, to } => self.out.rel(Ex::RecvPeek, d.0, *to),
            Op::RecvTake {} => self.out.op(Ex::RecvTake, 0, 0, 0),
            Op::RecvSkip {} => self.out.op(Ex::RecvSkip, 0, 0, 0),
            Op::RecvWait { timeout, to } => {
                self.out.jump(Ex::RecvWait, [timeout.0, 0, 0], *to, 0);
                self.out.ext(self.infos[i]);
            }
            _ => {}
        }
    }
}
