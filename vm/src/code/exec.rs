//! The executed instructions: what the loader makes of file instructions and the machine runs.
//!
//! `for_each_exec!` declares them once; [`Ex`], the disassembler and the length of each are derived.
//!
//! An instruction is a word `op:16 a:16 b:16 c:16` and extension words. Shapes:
//! - `abc`: registers (or a 16-bit int in c) in a, b, c.
//! - `rel`: a register in a, and in b:c a jump distance in words, from this instruction.
//! - `args`: a = how many registers, which follow in b, c and then four a word ([`args_words`]).
//! - Extension words are named in the comment of each line; `info` is always the last one, so that
//!   it lies right before the return pc (see `stack.rs`); `cache` words are inline caches.

/// Calls `$m!` with every line: `Name shape extension-words`.
#[macro_export]
#[doc(hidden)]
macro_rules! for_each_exec {
    ($m:ident) => {
        $m! {
            // ---- values: d is a, unless said otherwise
            /// a = b:c as a signed 32-bit int
            LoadSmall abc 0,
            /// a = ext0
            LoadWord abc 1,
            /// a = b
            Move abc 0,
            /// ext0 = d
            Vector args 1,
            /// a = [b | c]
            Cons1 abc 0,
            /// ext0 = d | tail << 16
            Cons args 1,
            /// ext0 = d
            List args 1,
            /// ext0 = d, ext1 = key template
            MapKeys args 2,
            /// ext0 = d
            Map args 1,
            /// ext0 = d
            Set args 1,
            /// ext0 = d
            Text args 1,
            /// ext0 = d, ext1 = function set
            Closure args 2,
            /// a = b..c
            Range abc 0,
            // ---- operators: a = b op c
            Add abc 0,
            Sub abc 0,
            Mul abc 0,
            Div abc 0,
            IntDiv abc 0,
            Mod abc 0,
            Pow abc 0,
            // c is an int
            AddInt abc 0,
            SubInt abc 0,
            MulInt abc 0,
            IntDivInt abc 0,
            ModInt abc 0,
            Neg abc 0,
            Not abc 0,
            Eq abc 0,
            Ne abc 0,
            Lt abc 0,
            Le abc 0,
            Gt abc 0,
            Ge abc 0,
            EqInt abc 0,
            NeInt abc 0,
            LtInt abc 0,
            LeInt abc 0,
            GtInt abc 0,
            GeInt abc 0,
            /// a = b[c]
            Index abc 0,
            /// a = b.name; ext0 = name, ext1 = cache
            Field abc 2,
            // ---- jumps
            Jump rel 0,
            /// as `Jump`, with a safepoint; ext0 = info, then a plain `Jump` to the same place
            JumpBack rel 1,
            If rel 0,
            Unless rel 0,
            // a op b; ext0 = distance
            IfEq abc 1,
            IfNe abc 1,
            IfLt abc 1,
            IfLe abc 1,
            IfGt abc 1,
            IfGe abc 1,
            UnlessEq abc 1,
            UnlessNe abc 1,
            UnlessLt abc 1,
            UnlessLe abc 1,
            UnlessGt abc 1,
            UnlessGe abc 1,
            // a op int b; ext0 = distance
            IfEqInt abc 1,
            IfNeInt abc 1,
            IfLtInt abc 1,
            IfLeInt abc 1,
            IfGtInt abc 1,
            IfGeInt abc 1,
            UnlessEqInt abc 1,
            UnlessNeInt abc 1,
            UnlessLtInt abc 1,
            UnlessLeInt abc 1,
            UnlessGtInt abc 1,
            UnlessGeInt abc 1,
            /// ext0 = table
            Switch abc 1,
            // ---- patterns; ext0 = distance | count << 32
            /// ext1 = an immediate
            UnlessWord abc 2,
            /// ext1 = constant
            UnlessConst abc 2,
            UnlessSame abc 1,
            UnlessList abc 1,
            ListEntry abc 1,
            UnlessVector abc 1,
            UnlessLonger abc 1,
            VectorEntry abc 1,
            VectorRest abc 1,
            Uncons abc 1,
            UnlessMap abc 1,
            /// ext1 = key, ext2 = cache
            MapEntry abc 3,
            MapEntryAt abc 1,
            /// ext1 = prefix
            Prefix abc 2,
            /// ext1 = type
            UnlessType abc 2,
            ExceptionType abc 0,
            ExceptionParts abc 0,
            // ---- calls
            /// ext0 = function, ext1 = info
            Call args 2,
            /// ext0 = link, ext1 = info
            CallImport args 2,
            /// ext0 = register of f, ext1 = info
            CallValue args 2,
            /// ext0 = register of the object, ext1 = name, ext2 = info
            CallField args 3,
            /// the named values follow the others; ext0 = register of f, ext1 = names, ext2 = info
            CallNamed args 3,
            /// ext0 = native, ext1 = info
            CallNative args 2,
            /// ext0 = function
            TailCall args 1,
            TailImport args 1,
            TailValue args 1,
            TailField args 2,
            TailNamed args 2,
            Return abc 0,
            // ---- modules
            /// ext0 = global, ext1 = info
            Global abc 2,
            /// ext0 = global
            SetGlobal abc 1,
            /// ext0 = link, ext1 = info
            Member abc 2,
            /// ext0 = function
            Define abc 1,
            CheckDefined abc 1,
            // ---- errors
            Raise abc 0,
            Reraise abc 0,
            /// ext0 = failure
            Fail args 1,
            /// ext0 = type, ext1 = what
            CheckType abc 2,
            // ---- receive
            RecvStart abc 0,
            RecvMark abc 0,
            RecvPeek rel 0,
            RecvTake abc 0,
            RecvSkip abc 0,
            /// ext0 = distance, ext1 = info
            RecvWait abc 2,
            // ---- the machine's own
            /// the first frame of a chunk has returned
            PopChunk abc 0,
            /// the first frame of all has returned
            Halt abc 0,
            /// return the call of register a with the arguments in list b; when c is 1, of the
            /// first entry of list a with the others, or nil when a is nil
            Apply abc 0,
            /// begin to load the module in register a; ext0 = distance to where it is loaded
            LoadBegin abc 1,
            /// run the init of the module in register a; ext0 = info
            LoadRun abc 1,
            /// the module in register a is loaded
            LoadEnd abc 0,
            /// the init of the module in register a has raised
            LoadFailed abc 0,
            /// a = global number c (nil: none) of the module in register b
            LoadedGlobal abc 0,
            /// call the load stub with registers a and b; ext0 = info
            LoadGlobal abc 1,
            /// load the next module of list a, counted in register b; ext0 = distance when there is
            /// none left, ext1 = info
            LoadNext abc 2,
            /// no code leads here
            Unreachable abc 0,
        }
    };
}

/// How the words of an instruction are laid out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(non_camel_case_types)]
pub(crate) enum Shape {
    abc,
    rel,
    args,
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
    /// Words of the instruction that begins with `word`.
    pub(crate) fn length(self, word: u64) -> usize {
        let (shape, ext) = self.shape();
        match shape {
            Shape::abc | Shape::rel => 1 + ext,
            Shape::args => args_words(a_of(word)) + ext,
        }
    }

    /// The instruction with this number.
    pub(crate) fn of(word: u64) -> Ex {
        Ex::ALL.get((word & 0xffff) as usize).copied().unwrap_or(Ex::Unreachable)
    }
}

/// The a field of a word.
pub(crate) const fn a_of(word: u64) -> usize {
    (word >> 16) as u16 as usize
}
