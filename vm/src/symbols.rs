//! The table of symbols, one for all processes of the node.
//!
//! In: text. Out: a [`Symbol`], the same for the same text, and back its text and the hash of it.
//!
//! Reading a symbol's text or hash takes no lock: entries lie in segments that never move, and an
//! id is only given out after its entry is written. Finding the symbol of a text takes the read lock
//! of one of 64 shards; only a new symbol takes a write lock.
#![allow(unsafe_code)]

use crate::hash::hash_text;
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError, RwLock};

/// An interned text.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(transparent)]
pub struct Symbol(u32);

struct Entry {
    text: &'static str,
    hash: u64,
}

const SHARDS: usize = 64;
/// Segment `k` holds `FIRST << k` entries.
const FIRST: u32 = 1024;
const SEGMENTS: usize = 22;

#[derive(Default)]
struct Shard {
    /// Open addressing; 0 is a free place, otherwise id + 1. The length is a power of two.
    places: Vec<u32>,
    len: usize,
}

struct Table {
    shards: [RwLock<Shard>; SHARDS],
    segments: [AtomicPtr<Entry>; SEGMENTS],
    count: AtomicU32,
    grow: Mutex<()>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let table = Table {
        shards: std::array::from_fn(|_| RwLock::default()),
        segments: std::array::from_fn(|_| AtomicPtr::default()),
        count: AtomicU32::new(0),
        grow: Mutex::new(()),
    };
    for (id, text) in sym::TEXTS.iter().enumerate() {
        let symbol = table.intern(text, hash_text(text));
        assert!(symbol.0 as usize == id, "well-known symbol {text} is listed twice");
    }
    table
});

/// Segment and place in it of the entry with this id.
fn place(id: u32) -> (usize, usize) {
    let n = id as u64 + FIRST as u64;
    let segment = (n.ilog2() - FIRST.ilog2()) as usize;
    (segment, (n - ((FIRST as u64) << segment)) as usize)
}

impl Table {
    fn entry(&self, id: u32) -> &Entry {
        let (segment, index) = place(id);
        let base = self.segments[segment].load(Ordering::Acquire);
        assert!(!base.is_null() && id < self.count.load(Ordering::Acquire), "no such symbol: {id}");
        // SAFETY: ids below `count` have been written, in a segment that is never freed or moved.
        unsafe { &*base.add(index) }
    }

    fn find(&self, shard: &Shard, text: &str, hash: u64) -> Option<Symbol> {
        if shard.places.is_empty() {
            return None;
        }
        let mask = shard.places.len() - 1;
        let mut at = (hash >> 6) as usize & mask;
        loop {
            match shard.places[at] {
                0 => return None,
                n => {
                    let entry = self.entry(n - 1);
                    if entry.hash == hash && entry.text == text {
                        return Some(Symbol(n - 1));
                    }
                }
            }
            at = (at + 1) & mask;
        }
    }

    fn lookup(&self, text: &str, hash: u64) -> Option<Symbol> {
        let shard = &self.shards[hash as usize % SHARDS];
        self.find(&shard.read().unwrap_or_else(PoisonError::into_inner), text, hash)
    }

    fn intern(&self, text: &str, hash: u64) -> Symbol {
        let shard = &self.shards[hash as usize % SHARDS];
        let mut shard = shard.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(symbol) = self.find(&shard, text, hash) {
            return symbol;
        }
        if shard.len * 4 >= shard.places.len() * 3 {
            self.widen(&mut shard);
        }
        let id = self.add(text, hash);
        shard.put(id, hash);
        shard.len += 1;
        Symbol(id)
    }

    fn widen(&self, shard: &mut Shard) {
        let old = std::mem::take(&mut shard.places);
        shard.places = vec![0; (old.len() * 2).max(16)];
        for n in old.into_iter().filter(|&n| n != 0) {
            shard.put(n - 1, self.entry(n - 1).hash);
        }
    }

    fn add(&self, text: &str, hash: u64) -> u32 {
        let _guard = self.grow.lock().unwrap_or_else(PoisonError::into_inner);
        let id = self.count.load(Ordering::Relaxed);
        let (segment, index) = place(id);
        let mut base = self.segments[segment].load(Ordering::Acquire);
        if base.is_null() {
            let len = (FIRST as usize) << segment;
            let mut entries = Vec::with_capacity(len);
            entries.resize_with(len, || Entry { text: "", hash: 0 });
            base = Box::leak(entries.into_boxed_slice()).as_mut_ptr();
            self.segments[segment].store(base, Ordering::Release);
        }
        let text: &'static str = Box::leak(text.into());
        // SAFETY: `index` lies in the segment, and no reader looks at an id not below `count`.
        unsafe { base.add(index).write(Entry { text, hash }) };
        self.count.store(id + 1, Ordering::Release);
        id
    }
}

impl Shard {
    fn put(&mut self, id: u32, hash: u64) {
        let mask = self.places.len() - 1;
        let mut at = (hash >> 6) as usize & mask;
        while self.places[at] != 0 {
            at = (at + 1) & mask;
        }
        self.places[at] = id + 1;
    }
}

impl Symbol {
    /// The symbol with this text, made if there is none yet.
    pub fn intern(text: &str) -> Symbol {
        let hash = hash_text(text);
        TABLE.lookup(text, hash).unwrap_or_else(|| TABLE.intern(text, hash))
    }

    /// The symbol with this text, if there is one already.
    pub fn lookup(text: &str) -> Option<Symbol> {
        TABLE.lookup(text, hash_text(text))
    }

    /// Its text.
    pub fn text(self) -> &'static str {
        TABLE.entry(self.0).text
    }

    /// The hash of its text, equal to [`hash_text`] of it.
    pub fn text_hash(self) -> u64 {
        TABLE.entry(self.0).hash
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

    /// How many symbols there are.
    pub fn count() -> usize {
        TABLE.count.load(Ordering::Acquire) as usize
    }
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
    PLAIN "plain" REPLY_LINK "reply_link"
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
