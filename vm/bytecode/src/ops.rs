//! The op table: every instruction of the `.ratab` format, declared once.
//!
//! `for_each_op!` hands the whole table to a macro; the `Op` type below, the codec, the disassembler,
//! the verifier, the liveness analysis and the loader are all derived from it. To add an
//! instruction: add its line here with the next free number, raise `FORMAT_VERSION`, write its
//! handler in the interpreter. Numbers are never reused.
//!
//! Every instruction is memory-safe whatever it is given: those that take values apart check what
//! they are given and raise `:type_error` (an optimising engine removes checks it can prove).

use crate::operand::*;

/// Calls `$m!` with the table: `number Name { field: Operand, … } "mnemonic"` with doc comments.
#[macro_export]
macro_rules! for_each_op {
    ($m:ident) => {
        $m! {
            // ---- values -------------------------------------------------------------------
            /// d = constant
            0x01 Const { d: Def, k: ConstId } "const",
            /// d = s
            0x02 Move { d: Def, s: Use } "move",
            /// d = [items…]; raises :type_error when they share no type
            0x03 Vector { d: Def, items: Uses } "vector",
            /// d = [items… | tail]
            0x04 Cons { d: Def, items: Uses, tail: Use } "cons",
            /// d = {items…}
            0x05 List { d: Def, items: Uses } "list",
            /// d = map of constant keys (`keys` is a list constant of distinct keys) and values
            0x06 MapKeys { d: Def, keys: ConstId, values: Uses } "map_keys",
            /// d = map of key, value, key, value …; the last duplicate wins
            0x07 Map { d: Def, entries: Uses } "map",
            /// d = #{items…}
            0x08 Set { d: Def, items: Uses } "set",
            /// d = the parts printed bare and joined (f-strings)
            0x09 Text { d: Def, parts: Uses } "text",
            /// d = closure over the captures; `set` says which functions by arity
            0x0a Closure { d: Def, set: FnSetId, captures: Uses } "closure",
            /// d = a..b
            0x0b Range { d: Def, a: Use, b: Use } "range",
            // ---- operators ----------------------------------------------------------------
            /// d = a op b
            0x10 Arith { op: Arith, d: Def, a: Use, b: Use } "arith",
            /// d = a op small int
            0x11 ArithInt { op: Arith, d: Def, a: Use, imm: Imm } "arith_int",
            /// d = -s, elementwise
            0x12 Neg { d: Def, s: Use } "neg",
            /// d = not s (s must have one entry)
            0x13 Not { d: Def, s: Use } "not",
            /// d = a op b (`Eq`/`Ne` one bool; the others elementwise)
            0x14 Compare { op: Cmp, d: Def, a: Use, b: Use } "compare",
            /// d = a op small int
            0x15 CompareInt { op: Cmp, d: Def, a: Use, imm: Imm } "compare_int",
            /// d = v[i]
            0x16 Index { d: Def, v: Use, i: Use } "index",
            /// d = m.name (map field, or member of the module that m holds)
            0x17 Field { d: Def, m: Use, name: ConstId } "field",
            // ---- jumps --------------------------------------------------------------------
            /// go on at `to`
            0x20 Jump { to: Label } "jump",
            /// jump when s is truthy; :value_error unless s has one entry
            0x21 If { s: Use, to: Label } "if",
            /// jump when s is falsy; :value_error unless s has one entry
            0x22 Unless { s: Use, to: Label } "unless",
            /// jump when `a op b` is truthy
            0x23 IfCompare { op: Cmp, a: Use, b: Use, to: Label } "if_compare",
            /// jump when `a op b` is falsy
            0x24 UnlessCompare { op: Cmp, a: Use, b: Use, to: Label } "unless_compare",
            /// jump when `a op imm` is truthy
            0x25 IfCompareInt { op: Cmp, a: Use, imm: Imm, to: Label } "if_compare_int",
            /// jump when `a op imm` is falsy
            0x26 UnlessCompareInt { op: Cmp, a: Use, imm: Imm, to: Label } "unless_compare_int",
            /// jump to the case that s equals strictly, else to `default`
            0x27 Switch { s: Use, cases: Cases, default: Label } "switch",
            // ---- patterns (strict) ----------------------------------------------------------
            /// jump unless s equals the constant strictly
            0x30 UnlessConst { s: Use, k: ConstId, to: Label } "unless_const",
            /// jump unless a and b are strictly equal
            0x31 UnlessSame { a: Use, b: Use, to: Label } "unless_same",
            /// jump unless s is a list of exactly n entries
            0x32 UnlessList { s: Use, n: Count, to: Label } "unless_list",
            /// d = entry i (from 0) of list s
            0x33 ListEntry { d: Def, s: Use, i: Count } "list_entry",
            /// jump unless s counts as a vector of exactly n entries
            0x34 UnlessVector { s: Use, n: Count, to: Label } "unless_vector",
            /// jump unless s counts as a vector of at least n entries
            0x35 UnlessLonger { s: Use, n: Count, to: Label } "unless_longer",
            /// d = entry i (from 0) of vector s
            0x36 VectorEntry { d: Def, s: Use, i: Count } "vector_entry",
            /// d = vector s without its first n entries
            0x37 VectorRest { d: Def, s: Use, n: Count } "vector_rest",
            /// h, t = first entry and rest of s; jump when s is no vector or empty
            0x38 Uncons { h: Def, t: Def, s: Use, to: Label } "uncons",
            /// jump unless s is a map
            0x39 UnlessMap { s: Use, to: Label } "unless_map",
            /// d = value of the constant key in map s; jump when s is no map or lacks it
            0x3a MapEntry { d: Def, s: Use, key: ConstId, to: Label } "map_entry",
            /// d = value of the key in map s; jump when s is no map or lacks it
            0x3b MapEntryAt { d: Def, s: Use, key: Use, to: Label } "map_entry_at",
            /// d = what follows the constant prefix in string s; jump when it does not begin so
            0x3c Prefix { d: Def, s: Use, prefix: ConstId, to: Label } "prefix",
            /// jump unless s is of the type
            0x3d UnlessType { s: Use, ty: TypeId, to: Label } "unless_type",
            /// jump unless s is the marker for an omitted argument
            0x3e UnlessMissing { s: Use, to: Label } "unless_missing",
            /// d = the type symbol of exception s; s itself when it is no exception
            0x3f ExceptionType { d: Def, s: Use } "exception_type",
            /// d = {type, message} of exception s; s itself when it is no exception
            0x40 ExceptionParts { d: Def, s: Use } "exception_parts",
            // ---- calls --------------------------------------------------------------------
            /// d = f(args) of this module
            0x50 Call { d: Def, f: FnId, args: Uses } "call",
            /// d = Module.f(args), linked at load or at the first call
            0x51 CallImport { d: Def, import: ImportId, args: Uses } "call_import",
            /// d = f(args) of a function value
            0x52 CallValue { d: Def, f: Use, args: Uses } "call_value",
            /// d = object.name(args): into the module or the map field that object holds
            0x53 CallField { d: Def, object: Use, name: ConstId, args: Uses } "call_field",
            /// d = f(args, names: named): names (a list of symbols) bound at run time
            0x54 CallNamed { d: Def, f: Use, args: Uses, names: ConstId, named: Uses } "call_named",
            /// d = native(args)
            0x55 CallNative { d: Def, native: NativeId, args: Uses } "call_native",
            /// return f(args)
            0x58 TailCall { f: FnId, args: Uses } "tail_call",
            /// return Module.f(args)
            0x59 TailImport { import: ImportId, args: Uses } "tail_import",
            /// return f(args) of a function value
            0x5a TailValue { f: Use, args: Uses } "tail_value",
            /// return object.name(args)
            0x5b TailField { object: Use, name: ConstId, args: Uses } "tail_field",
            /// return f(args, names: named)
            0x5c TailNamed { f: Use, args: Uses, names: ConstId, named: Uses } "tail_named",
            /// return native(args)
            0x5d TailNative { native: NativeId, args: Uses } "tail_native",
            /// return s
            0x5f Return { s: Use } "return",
            // ---- modules --------------------------------------------------------------------
            /// d = a constant of this module; loads the module when that has not run
            0x60 Global { d: Def, g: GlobalId } "global",
            /// sets it, once, while the module loads: the value is frozen and shared
            0x61 SetGlobal { g: GlobalId, s: Use } "set_global",
            /// d = Module.name: its constant, or the function of that name as a value
            0x62 Member { d: Def, import: ImportId } "member",
            /// the definition of a top-level function of a script has run
            0x63 Define { f: FnId } "define",
            /// raise :undefined_function unless `Define` has run for f
            0x64 CheckDefined { f: FnId } "check_defined",
            // ---- errors -------------------------------------------------------------------
            /// raise s (an exception or any value)
            0x70 Raise { s: Use } "raise",
            /// raise s with the stack trace it was caught with
            0x71 Reraise { s: Use } "reraise",
            /// raise the failure showing these values
            0x72 Fail { kind: Failure, values: Uses } "fail",
            /// raise :type_error unless s is of the type; `what` is the parameter's name (a symbol),
            /// or nil for the result
            0x73 CheckType { s: Use, ty: TypeId, what: ConstId } "check_type",
            // ---- receive ------------------------------------------------------------------
            /// begin at the oldest message
            0x80 RecvStart {} "recv_start",
            /// begin at the first message that arrived after ref s was made by this process
            0x81 RecvMark { s: Use } "recv_mark",
            /// d = the message looked at; jump when there is none (left)
            0x82 RecvPeek { d: Def, to: Label } "recv_peek",
            /// remove the message looked at from the mailbox: it is taken
            0x83 RecvTake {} "recv_take",
            /// leave it, look at the next
            0x84 RecvSkip {} "recv_skip",
            /// wait for a message and go on at the next instruction, or jump after `timeout`
            /// (ms or :infinity, since the first wait of this receive) has passed
            0x85 RecvWait { timeout: Use, to: Label } "recv_wait",
        }
    };
}

macro_rules! define_op {
    ($( $(#[$doc:meta])* $code:literal $name:ident { $($field:ident : $ty:ty),* } $mnemonic:literal ),* $(,)?) => {
        /// One instruction of a function in a `.ratab` file.
        #[derive(Clone, PartialEq, Eq, Debug, Hash)]
        #[allow(missing_docs)]
        pub enum Op { $( $(#[$doc])* $name { $($field: $ty),* } ),* }

        impl Op {
            /// Its number in the file.
            pub fn code(&self) -> u8 {
                match self { $( Op::$name { .. } => $code ),* }
            }
            /// Its name in listings.
            pub fn mnemonic(&self) -> &'static str {
                match self { $( Op::$name { .. } => $mnemonic ),* }
            }
        }
    };
}
for_each_op!(define_op);
