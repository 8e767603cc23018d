//! Registered names: symbols and modules, each for one process, each process with one at most.
//!
//! A name is freed by the death of its process. The process table's slot says whether there is one
//! (`life.rs`), so a process without a name dies without a look in here.

use super::table::Table;
use foldhash::HashMap;
use parking_lot::RwLock;
use rata_vm::heap::Immediate;
use rata_vm::value::{Pid, Word};

#[derive(Default)]
struct Maps {
    by_name: HashMap<Word, Pid>,
    /// These keep the words of the other map as well.
    by_pid: HashMap<Pid, Immediate>,
}

/// Why a name was refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refused {
    /// The process is dead.
    Dead,
    /// Another process has that name.
    Taken,
    /// The process has a name.
    Named,
}

/// See the module's description.
#[derive(Default)]
pub struct Names {
    maps: RwLock<Maps>,
}

impl Names {
    /// Gives a process a name.
    pub fn register(&self, table: &Table, name: &Immediate, pid: Pid) -> Result<(), Refused> {
        let mut maps = self.maps.write();
        if let Some(&owner) = maps.by_name.get(&name.word()) {
            if table.get(owner).is_some() {
                return Err(Refused::Taken);
            }
            // Its death is about to be known here.
            maps.by_name.remove(&name.word());
            maps.by_pid.remove(&owner);
        }
        if maps.by_pid.contains_key(&pid) {
            return Err(Refused::Named);
        }
        // The lock is held until both are done: a process that dies now waits in `forget`.
        let slot = table.get(pid).ok_or(Refused::Dead)?;
        if !slot.life.set_named(pid.serial()) {
            return Err(Refused::Dead);
        }
        maps.by_name.insert(name.word(), pid);
        maps.by_pid.insert(pid, name.clone());
        Ok(())
    }

    /// Takes a name away; false if no process has it.
    pub fn unregister(&self, table: &Table, name: Word) -> bool {
        let mut maps = self.maps.write();
        let Some(pid) = maps.by_name.remove(&name) else { return false };
        maps.by_pid.remove(&pid);
        let Some(slot) = table.get(pid) else { return false };
        slot.life.clear_named(pid.serial());
        true
    }

    /// Takes the name of a process that has died away.
    pub fn forget(&self, pid: Pid) {
        let mut maps = self.maps.write();
        if let Some(name) = maps.by_pid.remove(&pid) {
            maps.by_name.remove(&name.word());
        }
    }

    /// The living process that has a name.
    pub fn whereis(&self, table: &Table, name: Word) -> Option<Pid> {
        let pid = self.maps.read().by_name.get(&name).copied()?;
        table.get(pid).map(|_| pid)
    }

    /// The name of a process.
    pub fn name_of(&self, pid: Pid) -> Option<Immediate> {
        self.maps.read().by_pid.get(&pid).cloned()
    }

    /// All processes that have a name, and it.
    pub fn owners(&self) -> Vec<(Pid, Immediate)> {
        self.maps.read().by_pid.iter().map(|(pid, name)| (*pid, name.clone())).collect()
    }

    /// All names.
    pub fn all(&self) -> Vec<Immediate> {
        self.maps.read().by_pid.values().cloned().collect()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::super::table::Spare;
    use super::*;
    use rata_vm::Symbol;
    use rata_vm::value::Value;

    #[test]
    fn one_name_a_process_and_one_process_a_name() {
        let (table, names) = (Table::default(), Names::default());
        let name = |text| Immediate::of(Value::symbol(Symbol::intern(text))).unwrap();
        let [a, b] = [name("a"), name("b")];
        let [a, b] = [&a, &b];
        let mut spare = Spare::default();
        let [first, second] = [(); 2].map(|()| table.claim(&mut spare).unwrap());
        assert_eq!(names.register(&table, a, first), Ok(()));
        assert_eq!(names.register(&table, b, first), Err(Refused::Named));
        assert_eq!(names.register(&table, a, second), Err(Refused::Taken));
        assert_eq!(names.whereis(&table, a.word()), Some(first));
        assert_eq!(names.name_of(first), Some(a.clone()));
        // Dead, but not forgotten yet: the name is free already.
        assert!(table.retire(first));
        assert_eq!(names.whereis(&table, a.word()), None);
        assert_eq!(names.register(&table, a, first), Err(Refused::Dead));
        assert_eq!(names.register(&table, a, second), Ok(()));
        names.forget(first);
        assert_eq!(names.whereis(&table, a.word()), Some(second));
        assert!(names.unregister(&table, a.word()) && !names.unregister(&table, a.word()));
        assert!(!table.retire(second));
    }
}
