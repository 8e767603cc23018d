//! Natives called as the interpreter calls them, by their index in the table, with a host that does
//! nothing. Each call is made twice: with a budget that never ends, and with one that ends at every look,
//! a collection of all garbage between any two turns. Both must give the same.

use super::natives;
use proptest::prelude::*;
use rata_bytecode::natives::NATIVES;
use rata_vm::native::{Cx, Host, Native, Other, Poll, Resume, native_index};
use rata_vm::process::{Core, Process};
use rata_vm::value::{Pid, Value, Word};
use rata_vm::vm::Vm;
use rata_vm::{Heap, inspect::inspect};
use std::any::Any;

struct NoHost;

impl Host for NoHost {
    fn as_any(&mut self) -> &mut dyn Any {
        self
    }

    fn poll(&mut self, _core: &mut Core) -> Poll {
        Poll::Nothing
    }
}

type Build = dyn for<'h> Fn(&'h Heap) -> Vec<Value<'h>>;

/// What a call gives, as text: the value, or what is raised after `raise `.
fn run(name: &str, budget: i64, args: &Build) -> String {
    let mut process = Process::new(Pid::new(1, 1));
    let vm = Vm::new(natives());
    let arity = args(&process.heap).len() as u32;
    let index = native_index(name, arity).unwrap_or_else(|| panic!("no native {name}/{arity}"));
    let native = natives()[index];
    process.heap.set_stress(true);
    process.core.budget = budget;
    let mut state = {
        let Process { heap, core, .. } = &mut process;
        let args = args(heap);
        match left(native(&mut Cx::new(heap, core, &vm, &mut NoHost), &args)) {
            Ok(state) => state,
            Err(answer) => return answer,
        }
    };
    for _ in 0..1_000_000 {
        let Process { heap, core, .. } = &mut process;
        heap.collect(&mut |visit: &mut dyn FnMut(&mut Word)| state.trace(visit));
        core.budget = budget;
        match left(state.resume(&mut Cx::new(heap, core, &vm, &mut NoHost))) {
            Ok(next) => state = next,
            Err(answer) => return answer,
        }
    }
    panic!("{name} does not end");
}

/// What is to go on later, or the answer as text.
fn left(answer: Native<'_>) -> Result<Box<dyn Resume>, String> {
    let other = match answer {
        Native::Value(v) => return Err(inspect(v)),
        Native::Raise(e) => return Err(format!("raise {}", inspect(e))),
        Native::Exit(_) | Native::Edit => return Err("something else".to_owned()),
        Native::Other(other) => *other,
    };
    match other {
        Other::Suspend(state) => Ok(state),
        Other::Call(f, _) => Err(format!("call {}", inspect(f))),
        _ => Err("something else".to_owned()),
    }
}

fn call(name: &str, args: &Build) -> String {
    let whole = run(name, i64::MAX, args);
    let pieces = run(name, 1, args);
    assert_eq!(whole, pieces, "{name} in pieces");
    whole
}

fn ints<'h>(heap: &'h Heap, numbers: &[i64]) -> Value<'h> {
    let values: Vec<Value<'h>> = numbers.iter().map(|&n| heap.int(n)).collect();
    rata_vm::data::vector_of(heap, &values)
}

fn texts<'h>(heap: &'h Heap, texts: &[String]) -> Value<'h> {
    let values: Vec<Value<'h>> = texts.iter().map(|t| heap.string(t)).collect();
    rata_vm::data::vector_of(heap, &values)
}

fn symbol(name: &str) -> Value<'static> {
    Value::symbol(rata_vm::Symbol::intern(name))
}

/// The text of a vector of ints.
fn text_of(numbers: &[i64]) -> String {
    match numbers {
        [one] => one.to_string(),
        _ => format!("{numbers:?}"),
    }
}

#[test]
fn the_table_has_a_function_for_every_entry() {
    assert_eq!(natives().len(), NATIVES.len());
    let mut names: Vec<_> = NATIVES.iter().map(|n| n.name).collect();
    names.sort_unstable();
    assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "a name stands twice");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn sequences(numbers in proptest::collection::vec(-50i64..50, 0..2500)) {
        let n = numbers.clone();
        let one = move |heap: &Heap| -> Vec<Word> { vec![ints(heap, &n).word()] };
        let args: Box<Build> = Box::new(move |heap| one(heap).iter().map(|&w| heap.value(w)).collect());

        prop_assert_eq!(call("enum_sum", &*args), numbers.iter().sum::<i64>().to_string());
        let mut expected = numbers.clone();
        expected.reverse();
        prop_assert_eq!(call("enum_reverse", &*args), text_of(&expected));
        let mut seen = std::collections::HashSet::new();
        let unique: Vec<i64> = numbers.iter().copied().filter(|n| seen.insert(*n)).collect();
        prop_assert_eq!(call("enum_uniq", &*args), text_of(&unique));
        let mut total = 0;
        let sums: Vec<i64> = numbers.iter().map(|n| { total += n; total }).collect();
        prop_assert_eq!(call("vector_cumsum", &*args), text_of(&sums));
        let smallest = numbers.iter().min().map_or("nil".to_owned(), i64::to_string);
        prop_assert_eq!(call("vector_min", &*args), smallest);
    }

    #[test]
    fn sorting(numbers in proptest::collection::vec(-50i64..50, 0..3000)) {
        let n = numbers.clone();
        let args: Box<Build> = Box::new(move |heap| vec![ints(heap, &n), symbol("asc")]);
        let mut expected = numbers.clone();
        expected.sort();
        prop_assert_eq!(call("enum_sort", &*args), text_of(&expected));

        let words: Vec<String> = numbers.iter().map(|n| format!("w{n}")).collect();
        let w = words.clone();
        let args: Box<Build> = Box::new(move |heap| vec![texts(heap, &w), symbol("desc")]);
        let mut expected = words;
        expected.sort();
        expected.reverse();
        let expected = match expected.as_slice() {
            [one] => format!("{one:?}"),
            all => format!("{all:?}"),
        };
        prop_assert_eq!(call("enum_sort", &*args), expected);

        let n = numbers.clone();
        let args: Box<Build> = Box::new(move |heap| vec![ints(heap, &n), symbol("asc")]);
        let mut order: Vec<i64> = (1..=numbers.len() as i64).collect();
        order.sort_by_key(|&i| numbers[i as usize - 1]);
        prop_assert_eq!(call("vector_order", &*args), text_of(&order));
    }

    #[test]
    fn maps_and_groups(numbers in proptest::collection::vec(-20i64..20, 1..1500)) {
        let n = numbers.clone();
        let args: Box<Build> = Box::new(move |heap| vec![ints(heap, &n)]);
        let mut counts: Vec<(i64, usize)> = Vec::new();
        for &n in &numbers {
            match counts.iter_mut().find(|(key, _)| *key == n) {
                Some((_, count)) => *count += 1,
                None => counts.push((n, 1)),
            }
        }
        let entries: Vec<String> = counts.iter().map(|(n, c)| format!("({n}): {c}")).collect();
        prop_assert_eq!(call("enum_frequencies", &*args), format!("{{{}}}", entries.join(", ")));

        let n = numbers.clone();
        let args: Box<Build> = Box::new(move |heap| {
            let pairs: Vec<Value<'_>> =
                n.iter().map(|&n| heap.list(&[heap.int(n), heap.float(n as f64)])).collect();
            vec![heap.list(&pairs)]
        });
        let entries: Vec<String> = counts.iter().map(|(n, _)| format!("({n}): {n}.0")).collect();
        prop_assert_eq!(call("maps_from_list", &*args), format!("{{{}}}", entries.join(", ")));
    }

    #[test]
    fn long_texts(parts in proptest::collection::vec("[aé,\\n\\r ]{0,6}", 0..400)) {
        // Long enough to be worked through in pieces.
        let text = parts.concat().repeat(40) + "é,ß";
        let t = text.clone();
        let args: Box<Build> = Box::new(move |heap| vec![heap.string(&t)]);
        prop_assert_eq!(call("string_upcase", &*args), quoted(&text.to_uppercase()));
        use unicode_segmentation::UnicodeSegmentation;
        let length = text.graphemes(true).count().to_string();
        prop_assert_eq!(call("string_length", &*args), length);
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        prop_assert_eq!(call("string_lines", &*args), many(&lines));

        let t = text.clone();
        let args: Box<Build> =
            Box::new(move |heap| vec![heap.string(&t), heap.string(","), Value::NIL]);
        let split: Vec<String> = text.split(',').map(str::to_owned).collect();
        prop_assert_eq!(call("string_split", &*args), many(&split));

        let t = text.clone();
        let args: Box<Build> = Box::new(move |heap| {
            vec![heap.string(&t), heap.string("a"), heap.string("bb"), Value::TRUE]
        });
        prop_assert_eq!(call("string_replace", &*args), quoted(&text.replace('a', "bb")));
    }
}

fn quoted(text: &str) -> String {
    let mut out = String::new();
    rata_vm::inspect::push_quoted(&mut out, text);
    out
}

fn many(texts: &[String]) -> String {
    let all: Vec<String> = texts.iter().map(|t| quoted(t)).collect();
    match all.as_slice() {
        [one] => one.clone(),
        _ => format!("[{}]", all.join(", ")),
    }
}

#[test]
fn chains_become_collections() {
    for n in [0usize, 1, 2, 5000] {
        let chain = move |heap: &Heap| -> Word {
            let mut chain = Value::NIL;
            for i in 0..n {
                let entry = if i % 2 == 0 { heap.int(i as i64) } else { heap.string("x") };
                chain = heap.list(&[entry, chain]);
            }
            chain.word()
        };
        let args: Box<Build> = Box::new(move |heap| vec![heap.value(chain(heap)), heap.list(&[])]);
        let list = call("enum_collect", &*args);
        assert_eq!(list.matches("\"x\"").count(), n / 2);
        assert!(list.starts_with(match n {
            0 => "{,}",
            1 => "{0}",
            _ => "{0, \"x\"",
        }));
    }
}

#[test]
fn big_numbers_in_pieces() {
    let args: Box<Build> = Box::new(|heap| vec![heap.int(300)]);
    let factorial = call("math_factorial", &*args);
    let expected = (1..=300u32).fold(num_bigint::BigInt::from(1), |acc, n| acc * n);
    assert_eq!(factorial, expected.to_string());
    let args: Box<Build> = Box::new(|heap| vec![ints(heap, &(1..=100).collect::<Vec<i64>>())]);
    let expected = (1..=100u32).fold(num_bigint::BigInt::from(1), |acc, n| acc * n);
    assert_eq!(call("enum_product", &*args), expected.to_string());
}

#[test]
fn long_values_are_shown_in_pieces() {
    for n in [2i64, 255, 256, 257, 600] {
        let numbers: Vec<i64> = (0..n).map(|i| i * 7).collect();
        let values = numbers.clone();
        let args: Box<Build> = Box::new(move |heap| vec![ints(heap, &values)]);
        assert_eq!(call("core_inspect", &*args), quoted(&text_of(&numbers)));
        let args: Box<Build> = Box::new(move |heap| {
            let rows: Vec<Value<'_>> =
                (0..n).map(|i| ints(heap, &vec![i; 1 + i as usize % 2])).collect();
            vec![rata_vm::data::vector_of(heap, &rows)]
        });
        let rows: Vec<String> =
            (0..n).map(|i| format!("{:?}", vec![i; 1 + i as usize % 2])).collect();
        assert_eq!(call("core_display", &*args), quoted(&format!("[{}]", rows.join(", "))));
    }
}

#[test]
fn errors_name_function_and_argument() {
    let args: Box<Build> = Box::new(|heap| vec![heap.string("a")]);
    assert_eq!(
        call("math_sqrt", &*args),
        "raise #exception<:type_error, \"Math.sqrt: x must be a number, not the string \\\"a\\\"\">"
    );
    let args: Box<Build> = Box::new(|heap| vec![heap.int(5), symbol("a"), heap.int(1)]);
    assert!(call("maps_put", &*args).contains("Maps.put: m must be a map, not the int 5"));
    let args: Box<Build> = Box::new(|heap| vec![ints(heap, &[1, 2]), heap.int(0)]);
    assert!(call("vector_chunk_every", &*args).contains("size must be at least 1, not 0"));
}

#[test]
fn entries_of_a_vector_of_vectors_are_ordered_as_vectors() {
    let args: Box<Build> = Box::new(|heap| {
        let rows = [ints(heap, &[2, 1]), heap.int(3), ints(heap, &[1, 5]), heap.int(2)];
        vec![rata_vm::data::vector_of(heap, &rows), symbol("asc")]
    });
    assert_eq!(call("vector_sort", &*args), "[[1, 5], [2], [2, 1], [3]]");
}
