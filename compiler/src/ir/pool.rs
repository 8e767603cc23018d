//! The tables of a module that instructions refer to: constants, types, imports, natives.
//! What is the same is stored once.

use std::hash::{BuildHasher, Hash, Hasher};

use foldhash::HashMap;
use foldhash::fast::FixedState;
use num_bigint::{BigInt, Sign};
use rata_bytecode::module::{Const, Import, NativeRef, Type};
use rata_bytecode::operand::{ConstId, FnSetId, ImportId, NativeId, TypeId};

use crate::names::{Name, Names};

/// The constants of a module.
#[derive(Default)]
pub(crate) struct Consts {
    all: Vec<Const>,
    /// Hash of a constant → the newest one with that hash.
    index: HashMap<u64, u32>,
    /// Constant → the one before it with the same hash.
    older: Vec<u32>,
    /// Name → its symbol, so that symbols need no hashing of text.
    symbols: Vec<u32>,
}

const NONE: u32 = u32::MAX;

impl Consts {
    /// The id of a constant.
    pub(crate) fn add(&mut self, value: Const) -> ConstId {
        let hash = hash_const(&value);
        let newest = self.index.get(&hash).copied().unwrap_or(NONE);
        let mut at = newest;
        while at != NONE {
            if self.all[at as usize] == value {
                return ConstId(at);
            }
            at = self.older[at as usize];
        }
        let id = self.all.len() as u32;
        self.all.push(value);
        self.older.push(newest);
        self.index.insert(hash, id);
        ConstId(id)
    }

    /// The id of a symbol.
    pub(crate) fn symbol(&mut self, name: Name, names: &Names) -> ConstId {
        let at = name.0 as usize;
        if at >= self.symbols.len() {
            self.symbols.resize(at + 1, NONE);
        }
        if self.symbols[at] == NONE {
            self.symbols[at] = self.add(Const::Symbol(names.text(name).into())).0;
        }
        ConstId(self.symbols[at])
    }

    /// The id of an int of any size.
    pub(crate) fn int(&mut self, value: &BigInt) -> ConstId {
        match i64::try_from(value) {
            Ok(small) => self.add(Const::Int(small)),
            Err(_) => {
                let (sign, bytes) = value.to_bytes_le();
                self.add(Const::BigInt(sign == Sign::Minus, bytes))
            }
        }
    }

    /// A constant by its id.
    pub(crate) fn get(&self, id: ConstId) -> &Const {
        &self.all[id.0 as usize]
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }
}

fn hash_const(value: &Const) -> u64 {
    let mut h = FixedState::default().build_hasher();
    std::mem::discriminant(value).hash(&mut h);
    match value {
        Const::Nil | Const::Missing => {}
        Const::Bool(b) => b.hash(&mut h),
        Const::Int(n) => n.hash(&mut h),
        Const::BigInt(minus, bytes) => (minus, bytes).hash(&mut h),
        Const::Float(bits) => bits.hash(&mut h),
        Const::Str(text) | Const::Symbol(text) | Const::Module(text) => text.hash(&mut h),
        Const::Vector(items) | Const::List(items) | Const::Set(items) => items.hash(&mut h),
        Const::Map(entries) => entries.hash(&mut h),
        Const::Fn(set) => set.hash(&mut h),
        Const::FnRef(module, name, arity) => (module, name, arity).hash(&mut h),
    }
    h.finish()
}

/// A table without duplicates.
pub(crate) struct Table<T> {
    /// The entries in order.
    pub(crate) all: Vec<T>,
    index: HashMap<T, u32>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Table { all: Vec::new(), index: HashMap::default() }
    }
}

impl<T: Clone + Eq + Hash> Table<T> {
    /// The index of an entry.
    pub(crate) fn add(&mut self, entry: T) -> u32 {
        if let Some(&at) = self.index.get(&entry) {
            return at;
        }
        let at = self.all.len() as u32;
        self.all.push(entry.clone());
        self.index.insert(entry, at);
        at
    }
}

/// All tables of a module.
#[derive(Default)]
pub(crate) struct Pools {
    /// Constants.
    pub(crate) consts: Consts,
    types: Table<Type>,
    imports: Table<Import>,
    natives: Table<NativeRef>,
    /// (module, name, arity or `u32::MAX`) → import, so that most look-ups make no text.
    imports_by_name: HashMap<(Name, Name, u32), ImportId>,
}

impl Pools {
    /// The id of a type.
    pub(crate) fn ty(&mut self, ty: Type) -> TypeId {
        TypeId(self.types.add(ty))
    }

    /// The id of an import.
    pub(crate) fn import(
        &mut self,
        names: &Names,
        module: Name,
        name: Name,
        arity: Option<u32>,
    ) -> ImportId {
        let key = (module, name, arity.unwrap_or(NONE));
        if let Some(&id) = self.imports_by_name.get(&key) {
            return id;
        }
        let import =
            Import { module: names.text(module).into(), name: names.text(name).into(), arity };
        let id = ImportId(self.imports.add(import));
        self.imports_by_name.insert(key, id);
        id
    }

    /// The id of a native.
    pub(crate) fn native(&mut self, name: &str, arity: usize) -> NativeId {
        NativeId(self.natives.add(NativeRef { name: name.into(), arity: arity as u32 }))
    }

    /// The function sets that constant `id` is made of, if it is one.
    pub(crate) fn as_fn(&self, id: ConstId) -> Option<FnSetId> {
        match self.consts.get(id) {
            Const::Fn(set) => Some(*set),
            _ => None,
        }
    }

    /// The types, imports and natives.
    pub(crate) fn types(&self) -> &[Type] {
        &self.types.all
    }

    /// The imports.
    pub(crate) fn imports(&self) -> &[Import] {
        &self.imports.all
    }

    /// The natives.
    pub(crate) fn natives(&self) -> &[NativeRef] {
        &self.natives.all
    }
}
