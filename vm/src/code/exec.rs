//! The executed instructions: what the loader makes of file instructions and the machine runs.
//!
//! `for_each_exec!` declares them once; [`Ex`], the disassembler and the length of each are derived.
//!
//! An instruction is a word `op:16 a:16 b:16 c:16` and extension words. Shapes:
//! - `Abc`: registers (or a 16-bit int in c) in a, b, c.
//! - `Rel`: a register in a, and in b:c a jump distance in words, from this instruction.
//! - `Args`: a = how many registers, which follow in b, c and then four a word ([`args_words`]).
//! - `Args0` … `Args3`: the same with a number of registers that the instruction implies; a is free.
//! - Extension words are named in the comment of each line; `info` is always the last one, so that
//!   it lies right before the return pc (see `stack.rs`); `cache` words are inline caches.
//!
//! An instruction named after two (`ListEntryTwice`) does its own work and then that of the instruction
//! behind it, which stands there unchanged.

/// Calls `$m!` with every line: `Name shape extension-words`.
#[macro_export]
#[doc(hidden)]
macro_rules! for_each_exec {
    ($m:ident) => {
        $m! {
            // ---- values: d is a, unless said otherwise
            /// a = b:c as a signed 32-bit int
            LoadSmall Abc 0,
            /// a = ext0
            LoadWord Abc 1,
            /// a = b
            Move Abc 0,
            /// ext0 = d
            Vector Args 1,
            /// a = [b | c]
            Cons1 Abc 0,
            /// ext0 = d | tail << 16
            Cons Args 1,
            /// ext0 = d
            List Args 1,
            /// ext0 = d, ext1 = shape or 0, ext2 = list of keys
            MapKeys Args 3,
            /// ext0 = d
            Map Args 1,
            /// ext0 = d
            Set Args 1,
            /// ext0 = d
            Text Args 1,
            /// ext0 = d, ext1 = function set
            Closure Args 2,
            /// a = b..c
            Range Abc 0,
            // ---- operators: a = b op c
            Add Abc 0,
            Sub Abc 0,
            Mul Abc 0,
            Div Abc 0,
            IntDiv Abc 0,
            Mod Abc 0,
            Pow Abc 0,
            // c is an int
            AddInt Abc 0,
            SubInt Abc 0,
            MulInt Abc 0,
            IntDivInt Abc 0,
            ModInt Abc 0,
            Neg Abc 0,
            Not Abc 0,
            Eq Abc 0,
            Ne Abc 0,
            Lt Abc 0,
            Le Abc 0,
            Gt Abc 0,
            Ge Abc 0,
            EqInt Abc 0,
            NeInt Abc 0,
            LtInt Abc 0,
            LeInt Abc 0,
            GtInt Abc 0,
            GeInt Abc 0,
            /// a = b[c]
            Index Abc 0,
            /// a = b.name; ext0 = name, ext1 = cache, ext2 = info
            Field Abc 3,
            // ---- jumps
            Jump Rel 0,
            /// as `Jump`, with a safepoint; ext0 = info, then a plain `Jump` to the same place
            JumpBack Rel 1,
            If Rel 0,
            Unless Rel 0,
            // a op b; ext0 = distance
            IfEq Abc 1,
            IfNe Abc 1,
            IfLt Abc 1,
            IfLe Abc 1,
            IfGt Abc 1,
            IfGe Abc 1,
            UnlessEq Abc 1,
            UnlessNe Abc 1,
            UnlessLt Abc 1,
            UnlessLe Abc 1,
            UnlessGt Abc 1,
            UnlessGe Abc 1,
            // a op int b; ext0 = distance
            IfEqInt Abc 1,
            IfNeInt Abc 1,
            IfLtInt Abc 1,
            IfLeInt Abc 1,
            IfGtInt Abc 1,
            IfGeInt Abc 1,
            UnlessEqInt Abc 1,
            UnlessNeInt Abc 1,
            UnlessLtInt Abc 1,
            UnlessLeInt Abc 1,
            UnlessGtInt Abc 1,
            UnlessGeInt Abc 1,
            /// ext0 = table
            Switch Abc 1,
            // ---- patterns; ext0 = distance | count << 32
            /// ext1 = an immediate
            UnlessWord Abc 2,
            /// ext1 = constant
            UnlessConst Abc 2,
            UnlessSame Abc 1,
            UnlessList Abc 1,
            /// and the `ListEntry` of the same list that follows
            UnlessListThenEntry Abc 1,
            ListEntry Abc 1,
            /// and another `ListEntry` of the same list that follows
            ListEntryTwice Abc 1,
            UnlessVector Abc 1,
            UnlessLonger Abc 1,
            VectorEntry Abc 1,
            VectorRest Abc 1,
            Uncons Abc 1,
            UnlessMap Abc 1,
            /// ext1 = key, ext2 = cache
            MapEntry Abc 3,
            MapEntryAt Abc 1,
            /// ext1 = prefix
            Prefix Abc 2,
            /// ext1 = type
            UnlessType Abc 2,
            ExceptionType Abc 0,
            ExceptionParts Abc 0,
            // ---- calls
            /// ext0 = function, ext1 = info
            Call Args 2,
            // the same with exactly so many arguments, as many as the function has parameters;
            // a = words of the callee's frame, ext0 = function, ext1 = its entry, ext2 = info
            Call0 Args0 3,
            Call1 Args1 3,
            Call2 Args2 3,
            Call3 Args3 3,
            /// as `Call1`, with b + int c
            CallAddInt Abc 3,
            /// ext0 = link, ext1 = info
            CallImport Args 2,
            /// ext0 = register of f, ext1 = info
            CallValue Args 2,
            /// ext0 = register of the object, ext1 = name, ext2 = info
            CallField Args 3,
            /// the named values follow the others; ext0 = register of f, ext1 = names, ext2 = info
            CallNamed Args 3,
            /// ext0 = native, ext1 = info
            CallNative Args 2,
            /// ext0 = function
            TailCall Args 1,
            // the same with exactly so many arguments, as many as the function has parameters;
            // a = words of the callee's frame below fp, ext0 = function, ext1 = its entry
            TailCall0 Args0 2,
            TailCall1 Args1 2,
            TailCall2 Args2 2,
            TailCall3 Args3 2,
            // b + c is argument a of the `TailSelf` that follows
            AddTailSelf2 Abc 0,
            AddTailSelf3 Abc 0,
            /// b + int c is argument a of the `TailSelf` behind the `AddTailSelf` that follows
            CountTailSelf2 Abc 0,
            // the same of the function itself; ext0 = entry
            TailSelf1 Args1 1,
            TailSelf2 Args2 1,
            TailSelf3 Args3 1,
            TailImport Args 1,
            TailValue Args 1,
            TailField Args 2,
            TailNamed Args 2,
            Return Abc 0,
            /// return ext0
            ReturnWord Abc 1,
            /// return b + c
            ReturnAdd Abc 0,
            // ---- modules
            /// ext0 = global, ext1 = info
            Global Abc 2,
            /// ext0 = global
            SetGlobal Abc 1,
            /// ext0 = link, ext1 = info
            Member Abc 2,
            /// ext0 = function
            Define Abc 1,
            CheckDefined Abc 1,
            // ---- errors
            Raise Abc 0,
            Reraise Abc 0,
            /// ext0 = failure
            Fail Args 1,
            /// ext0 = type, ext1 = what
            CheckType Abc 2,
            // ---- receive
            RecvStart Abc 0,
            RecvMark Abc 0,
            RecvPeek Rel 0,
            RecvTake Abc 0,
            RecvSkip Abc 0,
            /// ext0 = distance, ext1 = info
            RecvWait Abc 2,
            // ---- the machine's own
            /// first of every function that may be compiled: counts; ext0 = how often so far
            Enter Abc 1,
            /// the interpreted callee of a compiled function has returned
            JitReturn Abc 0,
            /// the first frame of a chunk has returned
            PopChunk Abc 0,
            /// the first frame of all has returned
            Halt Abc 0,
            /// return the call of register a with the arguments in list b; when c is 1, of the
            /// first entry of list a with the others, of a function a with none, or nil when a is nil
            Apply Abc 0,
            /// begin to load the module in register a; ext0 = distance to where it is loaded
            LoadBegin Abc 1,
            /// run the init of the module in register a; ext0 = info
            LoadRun Abc 1,
            /// the module in register a is loaded
            LoadEnd Abc 0,
            /// the init of the module in register a has raised
            LoadFailed Abc 0,
            /// a = global number c (nil: none) of the module in register b
            LoadedGlobal Abc 0,
            /// call the load stub with registers a and b; ext0 = info
            LoadGlobal Abc 1,
            /// load the next module of list a, counted in register b; ext0 = distance when there is
            /// none left, ext1 = info
            LoadNext Abc 2,
            /// no code leads here
            Unreachable Abc 0,
        }
    };
}

/// How the words of an instruction are laid out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Shape {
    Abc,
    Rel,
    Args,
    Args0,
    Args1,
    Args2,
    Args3,
}

impl Shape {
    /// How many registers follow in b, c and the words after, if the shape says so.
    pub(crate) fn registers(self, a: u16) -> Option<usize> {
        match self {
            Shape::Abc | Shape::Rel => None,
            Shape::Args => Some(a as usize),
            Shape::Args0 => Some(0),
            Shape::Args1 => Some(1),
            Shape::Args2 => Some(2),
            Shape::Args3 => Some(3),
        }
    }
}

macro_rules! define_exec {
    ($( $(#[$doc:meta])* $name:ident $shape:ident $ext:literal ),* $(,)?) => {
        /// The number of an executed instruction.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u16)]
        pub(crate) enum Ex { $( $(#[$doc])* $name ),* }

        impl Ex {
            /// All of them, by number.
            pub(crate) const ALL: &[Ex] = &[$( Ex::$name ),*];

            /// Layout and number of extension words.
            pub(crate) fn shape(self) -> (Shape, usize) {
                match self { $( Ex::$name => (Shape::$shape, $ext) ),* }
            }
        }
    };
}
for_each_exec!(define_exec);

/// Words of an `args` instruction with `n` registers, without extension words.
#[inline(always)]
pub(crate) const fn args_words(n: usize) -> usize {
    (n + 5) / 4
}

impl Ex {
    /// The instruction with this number.
    pub(crate) fn of(word: u64) -> Ex {
        Ex::ALL.get((word & 0xffff) as usize).copied().unwrap_or(Ex::Unreachable)
    }
}
