//! Registries: processes by keys, each with a value of its own. Under a unique key there is one process, under others there may
//! be many. A process is taken out when it ends, before anybody is told of its end. A registry ends with the process that it belongs
//! to, and so do those registered there, as if they were linked to that process: whoever can be found no more would be of no use.

use super::holding::Holding;
use super::table::{Change, Key, Place, Table};
use crate::node::Node;
use crate::process::table::Table as Processes;
use foldhash::HashMap;
use parking_lot::{Mutex, RwLock};
use rata_vm::heap::Stored;
use rata_vm::value::{Pid, Value, Word};
use smallvec::SmallVec;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// A process under a key.
#[derive(Clone)]
pub struct Member {
    /// Which.
    pub pid: Pid,
    /// What it said about itself.
    pub value: Arc<Stored>,
}

/// The processes under a key, by the number of their registration.
type Members = BTreeMap<u64, Member>;

/// The keys of a process: the number of each registration, and the hash of its key.
type Keys = SmallVec<[(u64, u64, Arc<Stored>); 1]>;

/// To take a process with more keys out takes so long that a thread of its own does it.
const MANY: usize = 1000;
const SHARDS: usize = 16;

/// See the module's description.
pub struct Registry {
    unique: bool,
    keys: Table<Members>,
    by_pid: [Mutex<HashMap<Pid, Keys>>; SHARDS],
    next: AtomicU64,
    ended: AtomicBool,
}

impl Registry {
    /// An empty one, in which keys are unique or not.
    pub fn new(unique: bool) -> Registry {
        Registry {
            unique,
            keys: Table::default(),
            by_pid: std::array::from_fn(|_| Mutex::default()),
            next: AtomicU64::new(0),
            ended: AtomicBool::new(false),
        }
    }

    /// Whether keys are unique.
    pub fn is_unique(&self) -> bool {
        self.unique
    }

    fn keys_of(&self, pid: Pid) -> &Mutex<HashMap<Pid, Keys>> {
        &self.by_pid[pid.slot() as usize % SHARDS]
    }

    /// Registers a process under a key. If that is taken: by whom.
    pub fn register(&self, processes: &Processes, key: Value<'_>, me: Member) -> Result<(), Pid> {
        let (pid, key) = (me.pid, Key::of(key));
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let (joined, _) = self.keys.change(key, |entry| match entry {
            Some((_, members)) => {
                if self.unique {
                    if let Some(other) = members.values().find(|m| is_alive(processes, m)) {
                        return (Change::Keep, Err(other.pid));
                    }
                    // It has ended and is about to be taken out.
                    members.clear();
                }
                members.insert(number, me);
                (Change::Keep, Ok(()))
            }
            None => (Change::Put(Members::from([(number, me)])), Ok(())),
        });
        joined?;
        // The key as it lies in the table: a process may be told of it while the entry is gone again.
        let stored = self.keys.change(key, |entry| (Change::Keep, entry.map(|e| e.0.clone()))).0;
        if let Some(stored) = stored {
            let Key::Value(_, hash) = key else { return Ok(()) };
            self.keys_of(pid).lock().entry(pid).or_default().push((number, hash, stored));
        }
        Ok(())
    }

    /// Takes a process out from under a key where `is_out` says so of its registrations there, counted from 0.
    pub fn unregister(&self, key: Value<'_>, pid: Pid, is_out: impl Fn(usize) -> bool) {
        let key = Key::of(key);
        let Key::Value(value, hash) = key else { return };
        let mut seen = 0;
        let mut mine: Keys = SmallVec::new();
        {
            let mut keys = self.keys_of(pid).lock();
            let Some(all) = keys.get_mut(&pid) else { return };
            all.retain(|(number, h, stored)| {
                if *h != hash || !stored.is_key(value) {
                    return true;
                }
                seen += 1;
                let goes = is_out(seen - 1);
                if goes {
                    mine.push((*number, *h, Arc::clone(stored)));
                }
                !goes
            });
            if all.is_empty() {
                keys.remove(&pid);
            }
        }
        self.leave(&mine);
    }

    fn leave(&self, keys: &Keys) {
        for (number, hash, key) in keys {
            // The entry may have gone and come again under an equal key.
            let (_, members) = self.keys.change(Key::Stored(key, *hash), |entry| match entry {
                Some((_, members)) => {
                    members.remove(number);
                    (if members.is_empty() { Change::Remove } else { Change::Keep }, ())
                }
                None => (Change::Keep, ()),
            });
            drop(members);
        }
    }

    /// Shows the living processes under a key, in the order in which they came.
    pub fn look_up(&self, processes: &Processes, key: Value<'_>, mut see: impl FnMut(&Member)) {
        self.keys.read(Key::of(key), |members| {
            members.values().filter(|m| is_alive(processes, m)).for_each(&mut see);
        });
    }

    /// Replaces what a process says about itself under a key; false if it is not there.
    pub fn set_value(&self, key: Value<'_>, pid: Pid, value: Arc<Stored>) -> bool {
        let (found, _) = self.keys.change(Key::of(key), |entry| {
            let members = entry.map(|(_, members)| members);
            let mine = members.and_then(|m| m.values_mut().find(|m| m.pid == pid));
            let found = mine.map(|mine| mine.value = value).is_some();
            (Change::Keep, found)
        });
        found
    }

    /// The keys of a process, in the order in which it took them.
    pub fn keys_by(&self, pid: Pid) -> Vec<Arc<Stored>> {
        let keys = self.keys_of(pid).lock();
        keys.get(&pid).map_or(Vec::new(), |all| all.iter().map(|k| Arc::clone(&k.2)).collect())
    }

    /// All processes registered, oldest first.
    fn processes(&self) -> Vec<Pid> {
        let keys_of = |shard: &Mutex<HashMap<Pid, Keys>>| shard.lock().keys().copied().collect();
        let mut pids: Vec<Pid> = self.by_pid.iter().flat_map::<Vec<Pid>, _>(keys_of).collect();
        pids.sort_by_key(|pid| pid.serial());
        pids
    }

    /// Whether it has ended.
    pub fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    /// Some keys with their processes: see [`Table::walk`].
    pub fn walk(
        &self,
        from: Place,
        most: usize,
        mut see: impl FnMut(&Arc<Stored>, &Member),
    ) -> Option<Place> {
        self.keys.walk(from, most, |key, members| members.values().for_each(|m| see(key, m)))
    }
}

fn is_alive(processes: &Processes, member: &Member) -> bool {
    processes.get(member.pid).is_some()
}

impl Holding for Registry {
    fn ended(self: Arc<Self>, node: &Node, pid: Pid) -> Vec<Pid> {
        let Some(keys) = self.keys_of(pid).lock().remove(&pid) else { return Vec::new() };
        if keys.len() > MANY {
            node.pool.run(Box::new(move || self.leave(&keys)));
        } else {
            self.leave(&keys);
        }
        Vec::new()
    }

    fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }
}

/// The registries of a node, by name.
#[derive(Default)]
pub struct Registries {
    by_name: RwLock<HashMap<Word, Arc<Registry>>>,
}

impl Registries {
    /// The one with this name.
    pub fn find(&self, name: Word) -> Option<Arc<Registry>> {
        self.by_name.read().get(&name).map(Arc::clone)
    }

    /// A new one, unless the name is taken.
    pub fn open(&self, name: Word, unique: bool) -> Option<Arc<Registry>> {
        let mut all = self.by_name.write();
        if all.contains_key(&name) {
            return None;
        }
        let registry = Arc::new(Registry::new(unique));
        all.insert(name, Arc::clone(&registry));
        Some(registry)
    }

    /// The one with this name, made if there is none; it belongs to nobody.
    pub fn lasting(&self, name: Word) -> Arc<Registry> {
        match self.find(name) {
            Some(registry) => registry,
            None => {
                let mut all = self.by_name.write();
                Arc::clone(all.entry(name).or_insert_with(|| Arc::new(Registry::new(false))))
            }
        }
    }

    fn close(&self, name: Word, registry: &Arc<Registry>) {
        let mut all = self.by_name.write();
        if all.get(&name).is_some_and(|known| Arc::ptr_eq(known, registry)) {
            all.remove(&name);
        }
    }
}

/// The process that a registry belongs to holds this: the registry ends with it.
pub struct Owned {
    /// The registry's name.
    pub name: Word,
    /// The registry.
    pub registry: Arc<Registry>,
}

impl Holding for Owned {
    fn ended(self: Arc<Self>, node: &Node, _pid: Pid) -> Vec<Pid> {
        // Before the processes are counted: who registers from now on sees it.
        self.registry.ended.store(true, Ordering::Release);
        node.registries.close(self.name, &self.registry);
        let pids = self.registry.processes();
        let keys = self.registry.keys.take();
        node.pool.run(Box::new(move || drop(keys)));
        pids
    }

    fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }
}
