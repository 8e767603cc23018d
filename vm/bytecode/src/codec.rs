//! How every part of a package is written and read ([`Wire`]), and what the operands of an
//! instruction are ([`Operand`]): codec, listing, verifier and liveness all rest on this derivation
//! from the op table.

use crate::decode::DecodeError;
use crate::module::*;
use crate::operand::*;
use crate::ops::Op;
use crate::wire::{Reader, Wire, Writer};

/// One operand of an instruction, as seen by whoever walks over them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part<'a> {
    /// A register written.
    Def(Reg),
    /// A register read.
    Use(Reg),
    /// Registers read.
    Uses(&'a [Reg]),
    /// A jump's target.
    Label(Label),
    /// A constant.
    Const(ConstId),
    /// A function.
    Fn(FnId),
    /// A function set.
    FnSet(FnSetId),
    /// An import.
    Import(ImportId),
    /// A native.
    Native(NativeId),
    /// A global.
    Global(GlobalId),
    /// A type.
    Type(TypeId),
    /// A count or position.
    Count(u32),
    /// An int.
    Imm(i32),
    /// The cases of a switch.
    Cases(&'a [(ConstId, Label)]),
    /// An operator or kind, by name.
    Word(&'static str),
}

/// An operand type of the op table.
pub trait Operand: Wire {
    /// What it is.
    fn part(&self) -> Part<'_>;
}

/// A wrapper around one wire type.
macro_rules! newtypes {
    ($($name:ident ( $inner:ty ) => $part:ident $take:tt),* $(,)?) => { $(
        impl Wire for $name {
            fn put(&self, w: &mut Writer) {
                self.0.put(w);
            }
            fn get(r: &mut Reader<'_, '_>) -> Result<Self, DecodeError> {
                Ok($name(<$inner>::get(r)?))
            }
        }
        impl Operand for $name {
            #[inline]
            fn part(&self) -> Part<'_> {
                newtypes!(@ $take $part self)
            }
        }
    )* };
    (@ value $part:ident $self:ident) => { Part::$part($self.0) };
    (@ whole $part:ident $self:ident) => { Part::$part(*$self) };
    (@ slice $part:ident $self:ident) => { Part::$part(&$self.0) };
}

newtypes! {
    Def(Reg) => Def value,
    Use(Reg) => Use value,
    Uses(Box<[Reg]>) => Uses slice,
    Label(u32) => Label whole,
    ConstId(u32) => Const whole,
    FnId(u32) => Fn whole,
    FnSetId(u32) => FnSet whole,
    ImportId(u32) => Import whole,
    NativeId(u32) => Native whole,
    GlobalId(u32) => Global whole,
    TypeId(u32) => Type whole,
    Count(u32) => Count value,
    Imm(i32) => Imm value,
    Cases(Box<[(ConstId, Label)]>) => Cases slice,
}

/// An enum without fields: one byte in the file, a word in listings.
macro_rules! words {
    ($($ty:ident { $($code:literal $name:ident $word:literal),* $(,)? })*) => { $(
        impl Wire for $ty {
            fn put(&self, w: &mut Writer) {
                w.byte(match self { $( $ty::$name => $code ),* });
            }
            fn get(r: &mut Reader<'_, '_>) -> Result<Self, DecodeError> {
                match r.byte()? {
                    $( $code => Ok($ty::$name), )*
                    other => Err(r.malformed(format!(concat!("unknown ", stringify!($ty), " {}"), other))),
                }
            }
        }
        impl $ty {
            /// Its name in listings.
            pub fn word(self) -> &'static str {
                match self { $( $ty::$name => $word ),* }
            }
        }
        impl Operand for $ty {
            #[inline]
            fn part(&self) -> Part<'_> {
                Part::Word(self.word())
            }
        }
    )* };
}

words! {
    Arith {
        0 Add "+", 1 Sub "-", 2 Mul "*", 3 Div "/", 4 IntDiv "div", 5 Mod "mod", 6 Pow "**",
    }
    Cmp {
        0 Eq "==", 1 Ne "!=", 2 Lt "<", 3 Le "<=", 4 Gt ">", 5 Ge ">=",
    }
    Failure {
        0 CaseClause "case_clause", 1 FunctionClause "function_clause", 2 Match "match_error",
        3 AssertCompare "assert_compare", 4 Assert "assert",
        5 UndefinedFunction "undefined_function", 6 Argument "argument_error",
    }
    ModuleKind {
        0 Named "module", 1 Script "script", 2 Test "test",
    }
}

/// A struct: its fields in the given order.
macro_rules! structs {
    ($($ty:ident { $($field:ident),* $(,)? })*) => { $(
        impl Wire for $ty {
            fn put(&self, w: &mut Writer) {
                $( self.$field.put(w); )*
            }
            fn get(r: &mut Reader<'_, '_>) -> Result<Self, DecodeError> {
                $( let $field = Wire::get(r)?; )*
                Ok($ty { $($field),* })
            }
        }
    )* };
}

structs! {
    Handler { start, end, target, d, guard }
    FnSet { name, entries, lenient }
    FnEntry { min, max, f }
    Import { module, name, arity }
    NativeRef { name, arity }
    Global { name }
    Export { name, what }
}

/// An enum with fields: its number, then they.
macro_rules! enums {
    ($($ty:ident { $($code:literal $name:ident $(( $($field:ident),* ))? ),* $(,)? })*) => { $(
        impl Wire for $ty {
            fn put(&self, w: &mut Writer) {
                match self {
                    $( $ty::$name $(( $($field),* ))? => {
                        w.byte($code);
                        $( $( $field.put(w); )* )?
                    } )*
                }
            }
            fn get(r: &mut Reader<'_, '_>) -> Result<Self, DecodeError> {
                match r.byte()? {
                    $( $code => {
                        $( $( let $field = Wire::get(r)?; )* )?
                        Ok($ty::$name $(( $($field),* ))?)
                    } )*
                    other => Err(r.malformed(format!(concat!("unknown ", stringify!($ty), " {}"), other))),
                }
            }
        }
    )* };
}

enums! {
    Exported { 0 Functions(set), 1 Global(global) }
    Type {
        0 Any, 1 Int, 2 Float, 3 Numeric, 4 Posint, 5 Bool, 6 String, 7 Symbol, 8 Nil, 9 Function,
        10 Pid, 11 Ref, 12 Module, 13 Exception, 14 Vector, 15 List, 16 Map, 17 Set, 18 Table,
        19 VectorOf(entry), 20 ListOf(entries), 21 Union(members),
    }
    Const {
        0 Nil, 1 Bool(value), 2 Int(value), 3 BigInt(negative, magnitude), 4 Float(bits),
        5 Str(text), 6 Symbol(text), 7 Module(name), 8 Vector(entries), 9 List(entries),
        10 Map(entries), 11 Set(entries), 12 Fn(set), 13 FnRef(module, name, arity), 14 Missing,
    }
}

/// The bits of a float: eight bytes, low ones first.
impl Wire for u64 {
    fn put(&self, w: &mut Writer) {
        w.out.extend_from_slice(&self.to_le_bytes());
    }
    fn get(r: &mut Reader<'_, '_>) -> Result<Self, DecodeError> {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(r.take(8)?);
        Ok(u64::from_le_bytes(bytes))
    }
}

/// A digit of a long int.
impl Wire for u8 {
    fn put(&self, w: &mut Writer) {
        w.byte(*self);
    }
    fn get(r: &mut Reader<'_, '_>) -> Result<Self, DecodeError> {
        r.byte()
    }
}

macro_rules! op_codec {
    ($( $(#[$doc:meta])* $code:literal $name:ident { $($field:ident : $ty:ty),* } $mnemonic:literal ),* $(,)?) => {
        impl Wire for Op {
            fn put(&self, w: &mut Writer) {
                w.byte(self.code());
                match self { $( Op::$name { $($field),* } => { $( $field.put(w); )* } )* }
            }
            fn get(r: &mut Reader<'_, '_>) -> Result<Self, DecodeError> {
                match r.byte()? {
                    $( $code => Ok(Op::$name { $( $field: <$ty>::get(r)? ),* }), )*
                    other => Err(r.malformed(format!("unknown instruction {other:#04x}"))),
                }
            }
        }
        impl Op {
            /// Hands every operand to `f` with the name of its field, in the order of the table.
            #[inline]
            pub fn for_each_operand<'a>(&'a self, mut f: impl FnMut(&'static str, Part<'a>)) {
                // `f` is not called for instructions without operands.
                let _ = &mut f;
                match self { $( Op::$name { $($field),* } => { $( f(stringify!($field), $field.part()); )* } )* }
            }
        }
    };
}
crate::for_each_op!(op_codec);

impl Op {
    /// The registers it writes. When it also has a label, it does not write them when it jumps.
    #[inline]
    pub fn for_each_def(&self, mut f: impl FnMut(Reg)) {
        self.for_each_operand(|_, part| {
            if let Part::Def(reg) = part {
                f(reg);
            }
        });
    }

    /// The registers it reads.
    #[inline]
    pub fn for_each_use(&self, mut f: impl FnMut(Reg)) {
        self.for_each_operand(|_, part| match part {
            Part::Use(reg) => f(reg),
            Part::Uses(regs) => regs.iter().copied().for_each(&mut f),
            _ => {}
        });
    }

    /// Where it may jump to.
    #[inline]
    pub fn for_each_label(&self, mut f: impl FnMut(Label)) {
        self.for_each_operand(|_, part| match part {
            Part::Label(label) => f(label),
            Part::Cases(cases) => cases.iter().for_each(|case| f(case.1)),
            _ => {}
        });
    }

    /// Whether the next instruction is never the one executed after it (unless by a jump).
    pub fn ends_flow(&self) -> bool {
        use Op::*;
        matches!(
            self,
            Jump { .. }
                | Switch { .. }
                | TailCall { .. }
                | TailImport { .. }
                | TailValue { .. }
                | TailField { .. }
                | TailNamed { .. }
                | TailNative { .. }
                | Return { .. }
                | Raise { .. }
                | Reraise { .. }
                | Fail { .. }
        )
    }
}
