//! What listings look like.

use super::samples;
use super::source::{Gen, Source, noise};
use crate::disasm::{disassemble, disassemble_module};
use crate::module::*;
use crate::operand::*;
use crate::ops::Op;

#[test]
fn the_sample_is_listed() {
    let text = disassemble(&samples::package());
    for expected in [
        "entry main.rata\n",
        "module Sample  from \"dir/sample.rata\"\nbody function 1\nuse Server\n",
        "export busy = {0: waiting/0#1, 1..2: busy/2#0}\n",
        "function 0 busy/2  registers 6, params count, rest\n  ; line 10\n      0  r2 = const -7\n",
        "  L1:\n      1  unless_compare_int > r0 0 → L6\n",
        "r3 = call_import Other.Module.call/2 (r0, r2)\n",
        "r3, r4 = uncons r1 → L8\n",
        "r5 = map_keys {:ok, :\"two words\"} (r2, r1)\n",
        "check_type r4 {int, [int]} | int :ok\n",
        "  catch L2..L3 → L10 r4\n",
        "  catch guard L3..L4 → L7 r4\n",
        "switch r1 -7 → L13, :ok → L14, else → L15\n",
        "function 2 busy/fn/1  registers 3, captures 1, self\n",
        "\n\nscript main.rata  from \"\"\n",
    ] {
        assert!(text.contains(expected), "{expected:?} is not in\n{text}");
    }
}

#[test]
fn shared_constants_do_not_explode() {
    let mut module = Module { consts: vec![Const::Str("x".repeat(1_000))], ..Module::default() };
    for i in 0..200 {
        module.consts.push(Const::List(vec![ConstId(i); 50]));
    }
    let code = vec![Op::Const { d: Def(0), k: ConstId(200) }];
    module.functions.push(Function { code, ..Function::default() });
    let text = disassemble_module(&module);
    assert!(text.contains('…') && text.len() < 2_000, "{} bytes", text.len());
}

#[test]
fn anything_can_be_listed() {
    for seed in 0..500 {
        let bytes = noise(seed, 1_000);
        disassemble(&Package::make(&mut Source::new(&bytes)));
    }
}
