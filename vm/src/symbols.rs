//! The table of symbols, one for all processes of the node.
//!
//! In: text. Out: a [`Symbol`], the same for the same text, and back its text and the hash of it.
//!
//! Those of programs are kept for ever, and so are the first short ones made from data ([`Symbol::of_data`]). Reading the
//! text or hash of such a symbol takes no lock: entries lie in segments that never move, and an
//! id is only given out after its entry is written. Finding the symbol of a text takes the read lock
//! of one of 64 shards; only a new symbol takes a write lock.
//!
//! All others are counted (`collected.rs`): they go with their last holder. Their ids have the bit COLLECTED, then say slot
//! and shard. A text has one symbol: both kinds of a shard are under one lock.

mod collected;
mod table;
mod text;

pub use text::Text;

use crate::hash::hash_text;
use table::TABLE;

/// An interned text.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(transparent)]
pub struct Symbol(u32);

impl Symbol {
    /// The bit of the number of a symbol that may be collected.
    pub(crate) const COLLECTED: u32 = 1 << 31;

    /// The symbol with this text, made if there is none yet. It stays for ever: for texts of programs. What data says
    /// is for [`Symbol::of_data`].
    pub fn intern(text: &str) -> Symbol {
        let hash = hash_text(text);
        TABLE.lookup(text, hash).unwrap_or_else(|| TABLE.intern(text, hash))
    }

    /// The symbol with this text, made if there is none yet, and collected when nobody holds it any more.
    pub fn of_data(text: &str) -> Held {
        let hash = hash_text(text);
        Held(TABLE.lookup(text, hash).unwrap_or_else(|| TABLE.hold(text, hash)))
    }

    /// The symbol with this text, if there is one that stays.
    pub fn lookup(text: &str) -> Option<Symbol> {
        TABLE.lookup(text, hash_text(text))
    }

    /// Its text.
    #[inline]
    pub fn text(self) -> Text<'static> {
        TABLE.text(self)
    }

    /// Its text, for ever: of symbols that are part of a program. Another one is not collected any more.
    pub fn lasting_text(self) -> &'static str {
        TABLE.lasting_text(self)
    }

    /// The hash of its text, equal to [`hash_text`] of it.
    #[inline]
    pub fn text_hash(self) -> u64 {
        TABLE.text_hash(self)
    }

    /// Its number.
    #[inline(always)]
    pub const fn id(self) -> u32 {
        self.0
    }

    /// The symbol with this number, which must have been given out.
    #[inline(always)]
    pub const fn from_id(id: u32) -> Symbol {
        Symbol(id)
    }

    /// Whether it goes when nobody holds it any more.
    #[inline(always)]
    pub const fn is_collected(self) -> bool {
        self.0 & Symbol::COLLECTED != 0
    }

    /// Whether there is a symbol with this text that is to be collected.
    #[cfg(test)]
    pub(crate) fn is_held(text: &str) -> bool {
        TABLE.is_held(text, hash_text(text))
    }

    /// How many symbols there are.
    pub fn count() -> usize {
        TABLE.count()
    }
}

/// A hold on a symbol: as long as it lasts, so does the symbol. Nothing but a number if the symbol lasts anyway.
#[derive(PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Held(Symbol);

impl Held {
    /// A hold on a symbol that somebody else holds meanwhile.
    #[inline]
    pub fn new(symbol: Symbol) -> Held {
        if symbol.is_collected() {
            TABLE.retain(&[symbol]);
        }
        Held(symbol)
    }

    /// The hold that was counted for a symbol and then kept as nothing but the symbol.
    pub(crate) const fn of_hold(symbol: Symbol) -> Held {
        Held(symbol)
    }

    /// The symbol.
    #[inline(always)]
    pub const fn symbol(&self) -> Symbol {
        self.0
    }

    /// One hold on each of many, which comes to be there once; gives the bytes of their texts.
    pub(crate) fn hold_all(symbols: &mut Vec<Symbol>) -> usize {
        symbols.sort_unstable_by_key(|&symbol| table::place_of(symbol));
        symbols.dedup();
        batches(symbols).map(|batch| TABLE.retain(batch)).sum()
    }

    /// Gives up many holds at once; gives the bytes of the texts.
    pub(crate) fn release_all(mut symbols: Vec<Symbol>) -> usize {
        symbols.sort_unstable_by_key(|&symbol| table::place_of(symbol));
        batches(&symbols).map(|batch| TABLE.release(batch)).sum()
    }
}

/// Those of one shard, of which many are sorted; not too many, as others wait for the lock.
fn batches(symbols: &[Symbol]) -> impl Iterator<Item = &[Symbol]> {
    let of_shard = symbols.chunk_by(|&a, &b| table::shard_of(a) == table::shard_of(b));
    of_shard.flat_map(|some| some.chunks(256))
}

impl Clone for Held {
    fn clone(&self) -> Held {
        Held::new(self.0)
    }
}

impl Drop for Held {
    #[inline]
    fn drop(&mut self) {
        if self.0.is_collected() {
            TABLE.release(&[self.0]);
        }
    }
}

/// Whether there has ever been a symbol that may be collected.
#[inline(always)]
pub fn any_collected() -> bool {
    table::any_collected()
}

/// How many short symbols made from data are kept for ever before others are collected. To find symbols that
/// are not held as they should be: none.
pub fn keep_of_data(count: u32) {
    table::keep_of_data(count);
}

impl std::fmt::Debug for Symbol {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, ":{}", self.text())
    }
}

/// Declares the symbols that Rust code names.
macro_rules! well_known {
    ($($name:ident $text:literal)*) => {
        /// Symbols known at build time, so that Rust code can name them.
        #[allow(missing_docs)]
        pub mod sym {
            use super::Symbol;
            #[allow(non_camel_case_types, clippy::upper_case_acronyms)]
            enum Number { $($name),* }
            $(pub const $name: Symbol = Symbol(Number::$name as u32);)*
            pub(super) const TEXTS: &[&str] = &[$($text),*];
        }
    };
}

well_known! {
    INT "int" FLOAT "float" BOOL "bool" STRING "string" SYMBOL "symbol" NIL "nil"
    FUNCTION "function" PID "pid" REF "ref" MODULE "module" VECTOR "vector" LIST "list" MAP "map"
    SET "set" TABLE "table" EXCEPTION "exception" HOST "host" NUMERIC "numeric" POSINT "posint"
    ANY "any" TRUE "true" FALSE "false"
    OK "ok" ERROR "error" NONE "none" UNDEFINED "undefined" INFINITY "infinity" TIMEOUT "timeout"
    TYPE_ERROR "type_error" VALUE_ERROR "value_error" INDEX_ERROR "index_error"
    KEY_ERROR "key_error" ARGUMENT_ERROR "argument_error" MATCH_ERROR "match_error"
    CASE_CLAUSE "case_clause" FUNCTION_CLAUSE "function_clause" BAD_ARITY "bad_arity"
    BAD_FUNCTION "bad_function" DIVISION_BY_ZERO "division_by_zero"
    UNDEFINED_FUNCTION "undefined_function" ASSERTION_ERROR "assertion_error"
    LOAD_CYCLE "load_cycle" RUNTIME_ERROR "runtime_error" NOPROC "noproc"
    NORMAL "normal" SHUTDOWN "shutdown" KILL "kill" KILLED "killed" DOWN "DOWN" EXIT "EXIT"
    PROCESS "process" LIMIT "limit" MEMORY "memory" NOCONNECTION "noconnection"
    CALLING_SELF "calling_self" ALREADY_STARTED "already_started" NOT_FOUND "not_found"
    RUNNING "running" WAITING "waiting" RUNNABLE "runnable" SUSPENDED "suspended"
    RESTARTING "restarting" IGNORE "ignore" REPLY "reply" NOREPLY "noreply" STOP "stop"
    CONTINUE "continue" HIBERNATE "hibernate" CALL "call" CAST "cast" INFO "info"
    TRAP_EXIT "trap_exit" PRIORITY "priority" LOW "low" HIGH "high" MAX "max" MIN "min"
    MAX_HEAP_SIZE "max_heap_size" MESSAGE_QUEUE_LIMIT "message_queue_limit"
    MESSAGE_QUEUE_LEN "message_queue_len" WHEN_FULL "when_full" DROP "drop" BLOCK "block"
    BYTES "bytes" STATUS "status" CURRENT_FUNCTION "current_function" REDUCTIONS "reductions"
    LINKS "links" MONITORS "monitors" REGISTERED_NAME "registered_name" DICTIONARY "dictionary"
    PARENT "parent" LABEL "label" STACKTRACE "stacktrace" HEAP_SIZE "heap_size"
    STACK_SIZE "stack_size" GC_COUNT "gc_count" FLUSH "flush" LINK "link" MONITOR "monitor"
    NAME "name" TYPE "type" MESSAGE "message" DATA "data" TRACE "trace" MAIN "main"
    KEY "key" VALUE "value" SIZE "size" LENGTH "length" ID "id" START "start" INIT "init"
    EOF "eof" ENOENT "enoent" EACCES "eacces" EISDIR "eisdir" EEXIST "eexist"
    ENOTDIR "enotdir" EINVAL "einval"
    S "s" MS "ms" US "us" NS "ns" EMPTY_TEXT ""
    PLAIN "plain" REPLY_LINK "reply_link" TALK_LINK "talk_link" TASK "task"
    TASK_LINK "task_link"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interning_is_idempotent_and_keeps_text() {
        let a = Symbol::intern("symbols::a test");
        assert_eq!(a, Symbol::intern("symbols::a test"));
        assert_eq!(Symbol::lookup("symbols::a test"), Some(a));
        assert_eq!(a.text(), "symbols::a test");
        assert_eq!(a.text_hash(), hash_text("symbols::a test"));
        assert_eq!(Symbol::lookup("symbols::never made"), None);
    }

    #[test]
    fn well_known_symbols_have_their_text() {
        assert_eq!(Symbol::intern("ok"), sym::OK);
        assert_eq!(sym::DOWN.text(), "DOWN");
        assert_eq!(sym::EMPTY_TEXT.text(), "");
    }

    #[test]
    fn many_threads_agree() {
        let workers: Vec<_> = (0..4)
            .map(|_| {
                std::thread::spawn(|| {
                    (0..3000).map(|i| Symbol::intern(&format!("shared {i}"))).collect::<Vec<_>>()
                })
            })
            .collect();
        let all: Vec<_> = workers.into_iter().map(|w| w.join().unwrap()).collect();
        assert!(all.iter().all(|ids| *ids == all[0]));
        assert!(all[0].iter().enumerate().all(|(i, s)| s.text() == format!("shared {i}")));
    }
}
