//! Modules that can be had one by one: by whoever needs a few of many, as a short program does of the
//! standard library.
//!
//! In: a library, each of whose modules is a `.ratab` file of its own. Out: the modules asked for,
//! decoded at each time; that they make sense is not known by that.

use crate::decode::{DecodeError, decode};
use crate::encode::encode;
use crate::module::{Module, Package};
use std::borrow::Cow;

/// Compiled modules: a package, or a library that decodes them as they are asked for.
pub trait Modules: Sync {
    /// Their names, in order.
    fn names(&self) -> Vec<&str>;

    /// The module at a position among the names; `None` when what is kept of it is damaged.
    fn module(&self, at: usize) -> Option<Cow<'_, Module>>;
}

impl Modules for Package {
    fn names(&self) -> Vec<&str> {
        self.modules.iter().map(|module| module.name.as_str()).collect()
    }

    fn module(&self, at: usize) -> Option<Cow<'_, Module>> {
        self.modules.get(at).map(Cow::Borrowed)
    }
}

/// A module of a library.
#[derive(Clone, Debug)]
pub struct Volume {
    /// Its name.
    pub name: Cow<'static, str>,
    /// The `.ratab` file that holds this module alone.
    pub image: Cow<'static, [u8]>,
}

/// Modules of kind `Named` as they are kept until someone needs them.
#[derive(Clone, Debug)]
pub struct Library {
    volumes: Cow<'static, [Volume]>,
}

impl Library {
    /// A library that is part of the program.
    pub const fn of(volumes: &'static [Volume]) -> Library {
        Library { volumes: Cow::Borrowed(volumes) }
    }

    /// All its modules.
    pub fn package(&self) -> Result<Package, DecodeError> {
        let mut all = Package::default();
        for volume in self.volumes.iter() {
            all.modules.extend(decode(&volume.image)?.modules);
        }
        Ok(all)
    }
}

impl From<&Package> for Library {
    fn from(package: &Package) -> Library {
        let volume = |module: &Module| Volume {
            name: module.name.clone().into(),
            image: encode(&Package { modules: vec![module.clone()], entry: None }).into(),
        };
        Library { volumes: package.modules.iter().map(volume).collect() }
    }
}

impl Modules for Library {
    fn names(&self) -> Vec<&str> {
        self.volumes.iter().map(|volume| &*volume.name).collect()
    }

    fn module(&self, at: usize) -> Option<Cow<'_, Module>> {
        decode(&self.volumes.get(at)?.image).ok()?.modules.pop().map(Cow::Owned)
    }
}
