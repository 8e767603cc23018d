//! Modules one by one.

use super::samples;
use crate::library::{Library, Modules, Volume};
use crate::module::{Module, Package};

fn two() -> Package {
    let mut package = samples::package();
    package.modules.truncate(1);
    package.modules.push(Module { name: "Other".to_owned(), ..Module::default() });
    Package { entry: None, ..package }
}

#[test]
fn a_library_has_what_its_package_had() {
    let package = two();
    let library = Library::from(&package);
    assert_eq!(library.names(), package.names());
    assert_eq!(library.package().as_ref(), Ok(&package));
    for at in 0..3 {
        assert_eq!(library.module(at), package.module(at), "module {at}");
    }
}

#[test]
fn a_damaged_module_is_not_there() {
    static DAMAGED: [Volume; 1] = {
        use std::borrow::Cow::Borrowed;
        [Volume { name: Borrowed("Lost"), image: Borrowed(b"no module") }]
    };
    let library = Library::of(&DAMAGED);
    assert_eq!(library.names(), ["Lost"]);
    assert_eq!(library.module(0), None);
    assert!(library.package().is_err());
}
