//! Caches: tables of keys and values that all processes read and change at once. A cache belongs to a process, and ends with
//! it or goes to its heir.

use super::holding::Holding;
use super::table::{Change, Key, Place, Table};
use crate::node::{Node, Outside};
use crate::process::signal::Signal;
use crate::sched::post::deliver;
use parking_lot::Mutex;
use rata_vm::Symbol;
use rata_vm::heap::{Fragment, Heap, HostObject, Stored};
use rata_vm::value::{Pid, Value};
use std::any::Any;
use std::cmp::Ordering as Order;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};

/// To drop more entries takes so long that a thread of its own does it.
const MANY: usize = 10_000;

/// Who gets a cache when its owner ends, and what it is told.
pub struct Heir {
    /// Who.
    pub pid: Pid,
    /// What.
    pub data: Stored,
}

struct Belongs {
    owner: Pid,
    heir: Option<Heir>,
}

/// See the module's description.
pub struct Cache {
    table: Table<Arc<Stored>>,
    belongs: Mutex<Belongs>,
    ended: AtomicBool,
    /// Tells it apart when it is shown.
    number: u64,
    me: Weak<Cache>,
}

impl Cache {
    /// An empty one.
    pub fn new(owner: Pid, heir: Option<Heir>) -> Arc<Cache> {
        static NUMBERS: AtomicU64 = AtomicU64::new(1);
        Arc::new_cyclic(|me| Cache {
            table: Table::default(),
            belongs: Mutex::new(Belongs { owner, heir }),
            ended: AtomicBool::new(false),
            number: NUMBERS.fetch_add(1, Ordering::Relaxed),
            me: me.clone(),
        })
    }

    /// The cache as one who holds it has it.
    pub fn handle(&self) -> Arc<Cache> {
        self.me.upgrade().expect("whoever looks at it holds it")
    }

    /// Whether it has ended.
    pub fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    /// Whose it is.
    pub fn owner(&self) -> Pid {
        self.belongs.lock().owner
    }

    /// Names another heir, or none.
    pub fn set_heir(&self, heir: Option<Heir>) {
        self.belongs.lock().heir = heir;
    }

    /// The value under a key.
    pub fn get(&self, key: Value<'_>) -> Option<Arc<Stored>> {
        self.table.read(Key::of(key), Arc::clone)
    }

    /// Whether there is one.
    pub fn has(&self, key: Value<'_>) -> bool {
        self.table.read(Key::of(key), |_| ()).is_some()
    }

    /// Puts a value under a key, and tells its bytes; nothing if there is one that may not be replaced.
    pub fn put(&self, key: Value<'_>, value: Value<'_>, replace: bool) -> Option<usize> {
        let value = Arc::new(Stored::new(value));
        let bytes = value.bytes();
        let (done, old) = self.table.change(Key::of(key), |entry| match entry {
            Some(_) if !replace => (Change::Keep, None),
            _ => (Change::Put(value), Some(bytes)),
        });
        // Not under the lock: what is large takes its time.
        drop(old);
        done
    }

    /// Puts a value under a key if what is there is `old`, or nothing, as asked. Whether it was put.
    pub fn exchange(&self, key: Value<'_>, old: Option<Value<'_>>, new: Value<'_>) -> bool {
        let new = Arc::new(Stored::new(new));
        let (done, _old) = self.table.change(Key::of(key), |entry| {
            let same = match (entry, old) {
                (Some((_, entry)), Some(old)) => entry.is(old),
                (None, None) => true,
                _ => false,
            };
            (if same { Change::Put(new) } else { Change::Keep }, same)
        });
        done
    }

    /// Takes a key and its value out.
    pub fn take(&self, key: Value<'_>) -> Option<Arc<Stored>> {
        self.table.change(Key::of(key), |_| (Change::Remove, ())).1
    }

    /// Adds to a number under a key, which begins as `first`: the new one. Nothing if something else is there, or it
    /// would need more than 63 bits.
    pub fn add(&self, key: Value<'_>, by: i64, first: i64) -> Option<Value<'static>> {
        let (said, _old) = self.table.change(Key::of(key), |entry| {
            let now = match entry {
                Some((_, entry)) => entry.as_small(),
                None => Some(first),
            };
            match now.map(|now| i128::from(now) + i128::from(by)) {
                Some(new) => match i64::try_from(new).ok().and_then(Value::small) {
                    Some(value) => (Change::Put(Arc::new(Stored::new(value))), Some(value)),
                    None => (Change::Keep, None),
                },
                None => (Change::Keep, None),
            }
        });
        said
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// Some entries, from a place on: see [`Table::walk`].
    pub fn walk(
        &self,
        from: Place,
        most: usize,
        see: impl FnMut(&Arc<Stored>, &Arc<Stored>),
    ) -> Option<Place> {
        self.table.walk(from, most, see)
    }

    /// Takes everything out.
    pub fn clear(&self, node: &Node) {
        let many = self.table.len() > MANY;
        let entries = self.table.take();
        if many {
            node.pool.run(Box::new(move || drop(entries)));
        }
    }

    /// Ends it: whoever uses it from now on is told.
    pub fn end(&self, node: &Node) {
        self.ended.store(true, Ordering::Release);
        self.clear(node);
    }

    /// Gives it to another process, and tells it by a message. False if that is dead.
    pub fn give(&self, node: &Node, to: Pid, data: &Stored) -> bool {
        let me = self.handle();
        let giver = std::mem::replace(&mut self.belongs.lock().owner, to);
        let heap = Heap::new();
        let told = heap.list(&[
            Value::symbol(Symbol::intern("cache_transfer")),
            heap.host(Arc::<Cache>::clone(&me)),
            Value::pid(giver),
            heap.copy_of_stored(data),
        ]);
        let message = Fragment::copy_of(told);
        // Who ends before it reads that has had it.
        let given = deliver(&mut Outside(node), to, Signal::Hold { holding: me, message }).is_ok();
        if !given {
            self.belongs.lock().owner = giver;
        }
        given
    }
}

impl Holding for Cache {
    fn ended(self: Arc<Self>, node: &Node, pid: Pid) -> Vec<Pid> {
        let heir = {
            let mut belongs = self.belongs.lock();
            if belongs.owner != pid {
                return Vec::new();
            }
            belongs.heir.take()
        };
        let given =
            heir.is_some_and(|heir| heir.pid != pid && self.give(node, heir.pid, &heir.data));
        if !given {
            self.end(node);
        }
        Vec::new()
    }

    fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }
}

impl HostObject for Cache {
    fn type_name(&self) -> Symbol {
        Symbol::intern("cache")
    }

    fn bytes(&self) -> usize {
        // What is in it belongs to no process.
        size_of::<Cache>()
    }

    fn inspect(&self, out: &mut String) {
        out.push_str(&format!("#cache<{}>", self.number));
    }

    fn compare(&self, other: &dyn HostObject) -> Order {
        let other = other.as_any().downcast_ref::<Cache>().map_or(0, |other| other.number);
        self.number.cmp(&other)
    }

    fn hash(&self) -> u64 {
        self.number
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
