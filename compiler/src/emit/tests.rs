//! From text to instructions: what is emitted for each form of the language. The verifier runs on
//! every module that these tests make.

use bumpalo::Bump;
use rata_bytecode::disasm;

use crate::diagnostics::Diagnostic;
use crate::lower::lower_module;
use crate::project::{Project, Sources};
use crate::resolve::index::Index;
use crate::resolve::resolve;

struct One(String);

impl Sources for One {
    fn read(&self, _: &str) -> std::io::Result<Vec<u8>> {
        Ok(self.0.clone().into_bytes())
    }
}

/// The listing of a program, and what is said about it.
pub(crate) fn compile(text: &str) -> (String, Vec<Diagnostic>) {
    let text = text.to_owned();
    let run = move || {
        let arena = Bump::new();
        let sources = One(text);
        let mut project = Project::new(&arena, &sources);
        project.add("test.rata").expect("it is there");
        let Project { mut names, map, mut diagnostics, files, .. } = project;
        let mut index = Index::default();
        let resolved = resolve(&arena, &mut names, &files, &mut index, true);
        diagnostics.extend(resolved.diagnostics);
        let failed = |d: &Diagnostic| d.severity == crate::diagnostics::Severity::Error;
        if diagnostics.iter().any(failed) {
            return (String::new(), diagnostics);
        }
        let mut modules = Vec::new();
        for module in &resolved.modules {
            let start = std::time::Instant::now();
            let ir = lower_module(module, &names, &map, &mut diagnostics);
            if std::env::var_os("SHOW_IR").is_some() {
                println!("{}", crate::ir::print::print_module(&ir));
            }
            let mid = start.elapsed();
            modules.push(super::emit_module(&ir));
            if std::env::var_os("TIMES").is_some() {
                let ops: usize = modules[modules.len()-1].functions.iter().map(|f| f.code.len()).sum();
                println!("lower+passes {mid:?}, all {:?}, {ops} ops", start.elapsed());
            }
        }
        let package = super::package(modules, None);
        (disasm::disassemble(&package), diagnostics)
    };
    let thread = std::thread::Builder::new().stack_size(64 << 20).spawn(run).expect("a thread");
    thread.join().expect("no panic")
}

#[test]
fn show() {
    let Some(path) = std::env::var_os("SHOW") else { return };
    let (listing, diagnostics) = compile(&std::fs::read_to_string(path).expect("readable"));
    println!("{listing}");
    for d in diagnostics {
        println!("{:?} {} {:?} {}", d.severity, d.code, d.span, d.message);
    }
}
