//! Bytes → packages. As bytes come from proptest or from a counter, failures shrink and repeat.

use crate::module::*;
use crate::operand::*;
use crate::ops::Op;

/// Bytes to make choices by; zeros when they run out.
pub(super) struct Source<'a> {
    bytes: std::slice::Iter<'a, u8>,
    /// Registers that generated instructions use.
    pub(super) registers: u32,
    /// Labels and table indices below this, unless wild.
    pub(super) labels: u32,
    /// Take indices from the whole range.
    pub(super) wild: bool,
}

impl<'a> Source<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Source { bytes: bytes.iter(), registers: 8, labels: 8, wild: true }
    }

    pub(super) fn byte(&mut self) -> u8 {
        self.bytes.next().copied().unwrap_or(0)
    }

    /// Below `n`, which must not be 0.
    pub(super) fn below(&mut self, n: u32) -> u32 {
        (u32::from(self.byte()) << 8 | u32::from(self.byte())) % n
    }

    /// Any number; small ones are frequent.
    pub(super) fn number(&mut self) -> u64 {
        let width = u32::from(self.byte()) % 9;
        (0..width).fold(0, |n, _| n << 8 | u64::from(self.byte()))
    }

    pub(super) fn many<T: Gen>(&mut self) -> Vec<T> {
        let count = self.byte() % 4;
        (0..count).map(|_| T::make(self)).collect()
    }

    fn index(&mut self, below: u32) -> u32 {
        if self.wild { self.number() as u32 } else { self.below(below) }
    }
}

/// What can be made from bytes.
pub(super) trait Gen: Sized {
    fn make(s: &mut Source<'_>) -> Self;
}

macro_rules! gen_by {
    ($($ty:ty: |$s:ident| $make:expr;)*) => { $(
        impl Gen for $ty {
            fn make($s: &mut Source<'_>) -> Self {
                $make
            }
        }
    )* };
}

gen_by! {
    u8: |s| s.byte();
    u32: |s| s.number() as u32;
    i64: |s| s.number() as i64;
    bool: |s| s.byte() % 2 == 1;
    String: |s| {
        let long = s.byte();
        let text: String = s.many::<u8>().iter().map(|b| char::from(*b)).collect();
        if long > 250 { text + &"long ".repeat(20) } else { text }
    };
    Def: |s| Def(register(s));
    Use: |s| Use(register(s));
    Uses: |s| Uses(s.many::<Use>().iter().map(|u| u.0).collect());
    Label: |s| Label(s.index(s.labels));
    ConstId: |s| ConstId(s.index(s.labels));
    FnId: |s| FnId(s.index(s.labels));
    FnSetId: |s| FnSetId(s.index(s.labels));
    ImportId: |s| ImportId(s.index(s.labels));
    NativeId: |s| NativeId(s.index(s.labels));
    GlobalId: |s| GlobalId(s.index(s.labels));
    TypeId: |s| TypeId(s.index(s.labels));
    Count: |s| Count(s.number() as u32);
    Imm: |s| Imm(s.number() as i32);
    Cases: |s| Cases(s.many().into_boxed_slice());
    Handler: |s| Handler {
        start: Gen::make(s), end: Gen::make(s), target: Gen::make(s), d: Gen::make(s),
        guard: Gen::make(s),
    };
    FnSet: |s| FnSet { name: Gen::make(s), entries: s.many(), lenient: Gen::make(s) };
    FnEntry: |s| FnEntry { min: Gen::make(s), max: Gen::make(s), f: Gen::make(s) };
    Import: |s| Import { module: Gen::make(s), name: Gen::make(s), arity: Gen::make(s) };
    NativeRef: |s| NativeRef { name: Gen::make(s), arity: Gen::make(s) };
    Global: |s| Global { name: Gen::make(s) };
    Export: |s| Export { name: Gen::make(s), what: Gen::make(s) };
    Exported: |s| if Gen::make(s) {
        Exported::Functions(Gen::make(s))
    } else {
        Exported::Global(Gen::make(s))
    };
    Function: |s| Function {
        name: Gen::make(s), arity: Gen::make(s), captures: Gen::make(s), wants_self: Gen::make(s),
        registers: Gen::make(s), params: s.many(), code: s.many(), handlers: s.many(),
        lines: s.many(),
    };
    Module: |s| Module {
        name: Gen::make(s), kind: Gen::make(s), file: Gen::make(s), consts: s.many(),
        functions: s.many(), fn_sets: s.many(), imports: s.many(), natives: s.many(),
        globals: s.many(), types: s.many(), exports: s.many(), init: Gen::make(s),
        behaviours: s.many(), docs: s.many(),
    };
    Package: |s| Package { entry: Gen::make(s), modules: s.many() };
    Const: |s| match s.byte() % 15 {
        0 => Const::Bool(Gen::make(s)),
        1 => Const::Int(Gen::make(s)),
        2 => Const::BigInt(Gen::make(s), s.many()),
        3 => Const::Float(s.number()),
        4 => Const::Str(Gen::make(s)),
        5 => Const::Symbol(Gen::make(s)),
        6 => Const::Module(Gen::make(s)),
        7 => Const::Vector(s.many()),
        8 => Const::List(s.many()),
        9 => Const::Map(s.many()),
        10 => Const::Set(s.many()),
        11 => Const::Fn(Gen::make(s)),
        12 => Const::FnRef(Gen::make(s), Gen::make(s), Gen::make(s)),
        13 => Const::Missing,
        _ => Const::Nil,
    };
    Type: |s| match s.byte() % 22 {
        19 => Type::VectorOf(Gen::make(s)),
        20 => Type::ListOf(s.many()),
        21 => Type::Union(s.many()),
        plain => {
            use Type::*;
            [Any, Int, Float, Numeric, Posint, Bool, String, Symbol, Nil, Function, Pid, Ref,
             Module, Exception, Vector, List, Map, Set, Table][usize::from(plain)].clone()
        }
    };
}

fn register(s: &mut Source<'_>) -> Reg {
    s.index(s.registers) as Reg
}

impl<T: Gen> Gen for Option<T> {
    fn make(s: &mut Source<'_>) -> Self {
        if bool::make(s) { Some(T::make(s)) } else { None }
    }
}

impl<A: Gen, B: Gen> Gen for (A, B) {
    fn make(s: &mut Source<'_>) -> Self {
        (A::make(s), B::make(s))
    }
}

macro_rules! gen_words {
    ($($ty:ident: $($name:ident)*;)*) => { $(
        impl Gen for $ty {
            fn make(s: &mut Source<'_>) -> Self {
                let all = [$($ty::$name),*];
                all[usize::from(s.byte()) % all.len()]
            }
        }
    )* };
}

gen_words! {
    Arith: Add Sub Mul Div IntDiv Mod Pow;
    Cmp: Eq Ne Lt Le Gt Ge;
    Failure: CaseClause FunctionClause Match AssertCompare Assert UndefinedFunction Argument;
    ModuleKind: Named Script Test;
}

macro_rules! gen_op {
    ($( $(#[$doc:meta])* $code:literal $name:ident { $($field:ident : $ty:ty),* } $mnemonic:literal ),* $(,)?) => {
        /// The numbers of all instructions.
        pub(super) const CODES: &[u8] = &[$($code),*];

        impl Gen for Op {
            fn make(s: &mut Source<'_>) -> Self {
                match CODES[usize::from(s.byte()) % CODES.len()] {
                    $( $code => Op::$name { $($field: <$ty>::make(s)),* }, )*
                    _ => unreachable!("the code comes from the table"),
                }
            }
        }
    };
}
crate::for_each_op!(gen_op);

/// Bytes that look random, for a number.
pub(super) fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..len)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 56) as u8
        })
        .collect()
}
