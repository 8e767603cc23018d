//! Machine code → memory: the checked entry in front, addresses filled in, sites recorded, published.
//!
//! In: what Cranelift made of a function. Out: a [`Code`], immortal, that the function's next callers enter.
//!
//! ```text
//! slow:   mov rax, function ; mov r11, refused_entry ; jmp r11
//! entry:  sub [budget], weight ; jle slow ; cmp [due], 0 ; jne slow ; lea rax, [rsp - frame] ; cmp rax, [limit] ; jb slow
//! body:   Cranelift's code
//! ```
//! At `slow` nothing has been pushed and every argument is in its place, so whatever the reason, the function
//! is simply entered again: this safepoint needs no stack map.
//!
//! # Safety
//! `Function::compiled` holds null or the address of an immortal [`Code`], written here only.
#![allow(unsafe_code)]

use std::collections::HashMap;
use std::mem::offset_of;
use std::ptr;
use std::rc::Rc;
use std::sync::atomic::Ordering;

use cranelift_codegen::binemit::Reloc;
use cranelift_codegen::{CompiledCode, FinalizedMachExceptionHandler};

use super::abi;
use super::analyse::{Analysis, Calls};
use super::memory::CodeMemory;
use super::table::{Code, Site};
use super::translate::Place;
use crate::code::function::Function;
use crate::heap::Heap;
use crate::process::Process;

/// Room for some dozens of frames.
const RECURSION: usize = 2 << 10;
/// Room for a few frames of what a function calls.
const CALLEES: usize = 1 << 10;

/// Bytes in front of the body.
struct Front {
    bytes: Vec<u8>,
    entry: usize,
}

/// Going on in a further chunk takes as long as dozens of calls, and who is waited for in the midst of a loop
/// would have to at each call: so functions that call others begin where there is room for those.
fn room_for_callees(analysis: &Analysis) -> usize {
    match analysis.calls() {
        Calls::Itself => RECURSION,
        Calls::Others => CALLEES,
        Calls::None => 0,
    }
}

/// A function's code, if it has any.
pub(crate) fn code_of(function: &Function) -> Option<&'static Code> {
    // SAFETY: see the module.
    unsafe { function.compiled.load(Ordering::Acquire).cast::<Code>().as_ref() }
}

fn front(function: &'static Function, frame: usize, weight: i64) -> Option<Front> {
    let offset = |offset: usize| i32::try_from(offset).map(i32::to_le_bytes).ok();
    let mut bytes = vec![0x48, 0xb8]; // mov rax, function
    bytes.extend((ptr::from_ref(function) as u64).to_le_bytes());
    bytes.extend([0x49, 0xbb]); // mov r11, stub
    bytes.extend((abi::address(abi::refused_entry) as u64).to_le_bytes());
    bytes.extend([0x41, 0xff, 0xe3]); // jmp r11
    let entry = bytes.len();
    let slow = |bytes: &mut Vec<u8>, jump: u8| {
        let distance = -(bytes.len() as i64 + 2);
        bytes.extend([jump, distance as i8 as u8]);
    };
    bytes.extend([0x49, 0x81, 0xaf]); // sub qword [r15 + budget], weight
    bytes.extend(offset(offset_of!(Process, core.budget))?);
    bytes.extend(i32::try_from(weight).ok()?.to_le_bytes());
    slow(&mut bytes, 0x7e); // jle
    bytes.extend([0x41, 0x80, 0xbf]); // cmp byte [r15 + due], 0
    bytes.extend(offset(offset_of!(Process, heap) + Heap::DUE_OFFSET)?);
    bytes.push(0);
    slow(&mut bytes, 0x75); // jne
    bytes.extend([0x48, 0x8d, 0x84, 0x24]); // lea rax, [rsp - n]
    bytes.extend((-i32::try_from(frame + 8).ok()?).to_le_bytes());
    bytes.extend([0x49, 0x3b, 0x87]); // cmp rax, [r15 + limit]
    bytes.extend(offset(offset_of!(Process, stack.limit))?);
    slow(&mut bytes, 0x72); // jb
    Some(Front { bytes, entry })
}

/// Puts the code into memory and publishes it; nothing if there is no room.
pub(crate) fn install(
    memory: &mut CodeMemory,
    function: &'static Function,
    compiled: &CompiledCode,
    places: &[Rc<Place>],
    analysis: &Analysis,
) -> Option<&'static Code> {
    let buffer = &compiled.buffer;
    let frame = buffer.frame_layout()?.frame_to_fp_offset;
    let Front { mut bytes, entry } = front(function, frame as usize, analysis.weight())?;
    let body = bytes.len();
    bytes.extend_from_slice(buffer.data());
    for reloc in buffer.relocs() {
        // All there are: calls of the function itself.
        if reloc.kind != Reloc::X86CallPCRel4 {
            debug_assert!(false, "{reloc:?}");
            return None;
        }
        let at = body + reloc.offset as usize;
        let distance = entry as i64 + reloc.addend - at as i64;
        bytes[at..at + 4].copy_from_slice(&(distance as i32).to_le_bytes());
    }
    let start = memory.allocate(bytes.len())?;
    let code: &'static Code = Box::leak(Box::new(Code {
        start,
        bytes: bytes.len(),
        entry: start + entry,
        body: start + body,
        room: frame as usize + 80 + room_for_callees(analysis),
        waits: analysis.waits.as_slice().into(),
        sites: sites(compiled, places, body, start, frame),
    }));
    memory.write(start, &bytes, code);
    function.native.store(code.entry as *mut u8, Ordering::Release);
    function.compiled.store(ptr::from_ref(code).cast_mut().cast(), Ordering::Release);
    Some(code)
}

fn sites(
    compiled: &CompiledCode,
    places: &[Rc<Place>],
    body: usize,
    start: usize,
    frame: u32,
) -> Box<[Site]> {
    let buffer = &compiled.buffer;
    let maps: HashMap<u32, Box<[u32]>> = buffer
        .user_stack_maps()
        .iter()
        .map(|(offset, _, map)| {
            (*offset, map.entries().map(|(_, distance)| frame - distance).collect())
        })
        .collect();
    let locations = buffer.get_srclocs_sorted();
    let mut sites: Vec<Site> = Vec::with_capacity(places.len());
    for call in buffer.call_sites() {
        let inside = |at: u32| locations.iter().find(|loc| loc.start < at && at <= loc.end);
        let Some(location) = inside(call.ret_addr) else { continue };
        let number = location.loc.bits() as usize;
        let Some(place) = number.checked_sub(1).and_then(|i| places.get(i)) else { continue };
        let landing = call.exception_handlers.iter().find_map(|handler| match handler {
            FinalizedMachExceptionHandler::Default(at) => Some(start + body + *at as usize),
            _ => None,
        });
        sites.push(Site {
            offset: body as u32 + call.ret_addr,
            frame,
            function: place.function,
            place: place.next,
            around: place.around().map(|place| (place.function, place.next)).collect(),
            roots: maps.get(&call.ret_addr).cloned().unwrap_or_default(),
            landing,
        });
    }
    sites.sort_by_key(|site| site.offset);
    sites.into()
}
