//! Natives of Dataload: comma-separated values, read and written on a thread of the pool.
//!
//! In: a path. Out: the rows as maps from column name to value. A column all of whose fields are ints,
//! floats or bools is of that type (a float column may hold ints); any other holds strings. Empty
//! fields are nil.

use super::support::files::reason;
use super::support::{Answer, Arg, Roots, Seq, Steps, run};
use rata_vm::Symbol;
use rata_vm::data::map::MapBuilder;
use rata_vm::data::vector::VecBuilder;
use rata_vm::heap::Heap;
use rata_vm::inspect::display;
use rata_vm::native::{Cx, Job, Native, Resume};
use rata_vm::symbols::sym;
use rata_vm::value::{Value, Word};

/// What the fields of a column are read as.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Type {
    /// Only empty fields so far.
    Unknown,
    Bool,
    Int,
    Float,
    Text,
}

/// A file's contents, or why it cannot be had.
struct Loaded {
    names: Vec<String>,
    types: Vec<Type>,
    rows: Vec<csv::StringRecord>,
}

/// Why a file was not read or written: a symbol, and a text that names the file.
struct Failure(&'static str, String);

impl Failure {
    fn of(path: &str, error: &csv::Error) -> Failure {
        match error.kind() {
            csv::ErrorKind::Io(e) => Failure(reason(e), format!("{path}: {e}")),
            _ => Failure("invalid_csv", format!("{path}: {error}")),
        }
    }

    /// `{:error, reason}`, or with `raise` an exception.
    fn answer<'h>(&self, cx: &Cx<'h, '_>, raise: bool) -> Native<'h> {
        let reason = Symbol::intern(self.0);
        if raise {
            return Native::Raise(cx.error(reason, &self.1));
        }
        let parts = [Value::symbol(sym::ERROR), Value::symbol(reason)];
        Native::Value(cx.heap().list(&parts))
    }
}

struct Read {
    path: String,
    separator: u8,
    raise: bool,
}

/// The type that holds what `known` holds and this field.
fn widened(known: Type, field: &str) -> Type {
    if field.is_empty() {
        return known;
    }
    let of_field = if field == "true" || field == "false" {
        Type::Bool
    } else if is_int(field) {
        Type::Int
    } else if is_float(field) {
        Type::Float
    } else {
        Type::Text
    };
    match (known, of_field) {
        (Type::Unknown, found) => found,
        (known, found) if known == found => known,
        (Type::Int, Type::Float) | (Type::Float, Type::Int) => Type::Float,
        _ => Type::Text,
    }
}

/// Whether digits begin like a number's: those such as 007 are a text, which must not lose its zeros.
fn no_code(field: &str) -> bool {
    let digits = field.strip_prefix('-').unwrap_or(field).as_bytes();
    !matches!(digits, [b'0', b'0'..=b'9', ..])
}

fn is_int(field: &str) -> bool {
    let digits = field.strip_prefix('-').unwrap_or(field);
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    plain && no_code(field) && field.parse::<i64>().is_ok()
}

fn is_float(field: &str) -> bool {
    let begins =
        field.trim_start_matches(['-', '+']).starts_with(|c: char| c.is_ascii_digit() || c == '.');
    begins && no_code(field) && field.parse::<f64>().is_ok()
}

fn load(read: &Read) -> Result<Loaded, Failure> {
    let fail = |e: csv::Error| Failure::of(&read.path, &e);
    let mut reader =
        csv::ReaderBuilder::new().delimiter(read.separator).from_path(&read.path).map_err(fail)?;
    let mut names: Vec<String> =
        reader.headers().map_err(fail)?.iter().map(str::to_owned).collect();
    if let Some(first) = names.first_mut()
        && let Some(rest) = first.strip_prefix('\u{feff}')
    {
        *first = rest.to_owned();
    }
    let mut types = vec![Type::Unknown; names.len()];
    let mut rows = Vec::new();
    for row in reader.into_records() {
        let row = row.map_err(fail)?;
        for (known, field) in types.iter_mut().zip(&row) {
            *known = widened(*known, field);
        }
        rows.push(row);
    }
    Ok(Loaded { names, types, rows })
}

impl Job for Read {
    fn run(self: Box<Self>) -> Box<dyn Resume> {
        let raise = self.raise;
        Box::new(Arrived { loaded: load(&self), raise })
    }
}

/// A file that has been read, not in the heap yet.
struct Arrived {
    loaded: Result<Loaded, Failure>,
    raise: bool,
}

impl Resume for Arrived {
    fn resume<'h>(self: Box<Self>, cx: &mut Cx<'h, '_>) -> Native<'h> {
        let Arrived { loaded, raise } = *self;
        match loaded {
            Err(failure) => failure.answer(cx, raise),
            Ok(Loaded { names, types, rows }) => {
                let names = names.iter().map(|name| cx.heap().string(name).word()).collect();
                let rows = rows.into_iter();
                let making = Making { names, types, rows, out: VecBuilder::new(), tagged: !raise };
                run(cx, making).unwrap_or_else(Native::Raise)
            }
        }
    }

    fn trace(&mut self, _visit: &mut dyn FnMut(&mut Word)) {}
}

/// Rows on their way into maps.
struct Making {
    names: Vec<Word>,
    types: Vec<Type>,
    rows: std::vec::IntoIter<csv::StringRecord>,
    out: VecBuilder,
    tagged: bool,
}

impl Roots for Making {
    fn roots(&mut self, visit: &mut dyn FnMut(&mut Word)) {
        self.names.roots(visit);
        self.out.roots(visit);
    }
}

impl Steps for Making {
    fn step<'h>(&mut self, cx: &mut Cx<'h, '_>) -> Result<Option<Value<'h>>, Value<'h>> {
        let heap = cx.heap();
        for _ in 0..64 {
            let Some(row) = self.rows.next() else {
                let rows = std::mem::take(&mut self.out).collect(heap);
                let tagged = || heap.list(&[Value::symbol(sym::OK), rows]);
                return Ok(Some(if self.tagged { tagged() } else { rows }));
            };
            let mut map = MapBuilder::new();
            for ((&name, &ty), field) in self.names.iter().zip(&self.types).zip(&row) {
                map.put(heap, heap.value(name), field_value(heap, ty, field));
            }
            self.out.push(heap, map.finish(heap));
        }
        cx.charge(64 * self.names.len() as u64 / 4);
        Ok(None)
    }
}

fn field_value<'h>(heap: &'h Heap, ty: Type, field: &str) -> Value<'h> {
    let parsed = match ty {
        _ if field.is_empty() => Some(Value::NIL),
        Type::Unknown | Type::Text => None,
        Type::Bool => Some(Value::bool(field == "true")),
        Type::Int => field.parse().ok().map(|n| heap.int(n)),
        Type::Float => field.parse().ok().map(|f| heap.float(f)),
    };
    parsed.unwrap_or_else(|| heap.string(field))
}

fn separator<'h>(cx: &Cx<'h, '_>, function: &'static str, v: Value<'h>) -> Result<u8, Value<'h>> {
    let arg = Arg(function, "separator");
    match arg.text(cx, v)?.as_bytes() {
        [b] if *b < 0x80 && !matches!(b, b'"' | b'\n' | b'\r') => Ok(*b),
        _ => Err(arg.bad(cx, "one ASCII character", v)),
    }
}

fn read<'h>(cx: &mut Cx<'h, '_>, raise: bool, [path, by]: [Value<'h>; 2]) -> Answer<'h> {
    let function = if raise { "Dataload.read_csv!" } else { "Dataload.read_csv" };
    let path = Arg(function, "path").text(cx, path)?.to_owned();
    let separator = separator(cx, function, by)?;
    Ok(Native::offload(Box::new(Read { path, separator, raise })))
}

/// `read_csv(path, separator)`: `{:ok, rows}` or `{:error, reason}`.
pub fn dataload_read_csv<'h>(cx: &mut Cx<'h, '_>, args: [Value<'h>; 2]) -> Answer<'h> {
    read(cx, false, args)
}

/// `read_csv!(path, separator)`: the rows.
pub fn dataload_must_read_csv<'h>(cx: &mut Cx<'h, '_>, args: [Value<'h>; 2]) -> Answer<'h> {
    read(cx, true, args)
}

/// Rows on their way to text.
struct Writing {
    rows: Word,
    next: usize,
    names: Vec<Word>,
    /// Gone once all is written.
    writer: Option<csv::Writer<Vec<u8>>>,
    path: String,
    raise: bool,
}

impl Roots for Writing {
    fn roots(&mut self, visit: &mut dyn FnMut(&mut Word)) {
        self.rows.roots(visit);
        self.names.roots(visit);
    }
}

/// The text of a field: nil is empty, a symbol its bare text.
fn field_text(v: Value<'_>) -> String {
    match (v.is_nil(), v.as_symbol()) {
        (true, _) => String::new(),
        (_, Some(symbol)) => symbol.text().to_string(),
        _ => display(v),
    }
}

impl Writing {
    /// Writes some rows; whether there are more.
    fn some<'h>(&mut self, cx: &mut Cx<'h, '_>) -> Result<bool, Value<'h>> {
        let heap = cx.heap();
        let arg = Arg("Dataload.write_csv", "rows");
        let rows = Seq::at_rest(heap, self.rows);
        let Some(writer) = &mut self.writer else { return Ok(false) };
        let failed = |e: csv::Error| cx.runtime_error(&format!("Dataload.write_csv: {e}"));
        if self.next == 0
            && let Some(first) = rows.get(heap, 0)
        {
            self.names = arg.map(cx, first)?.iter().map(|(name, _)| name.word()).collect();
            let names = self.names.iter().map(|&name| field_text(heap.value(name)));
            writer.write_record(names).map_err(failed)?;
        }
        let end = rows.len().min(self.next + 64);
        for i in self.next..end {
            let row = arg.map(cx, rows.get(heap, i).unwrap_or(Value::NIL))?;
            let fields = self.names.iter().map(|&name| row.get(heap.value(name)));
            writer
                .write_record(fields.map(|f| f.map_or(String::new(), field_text)))
                .map_err(failed)?;
        }
        self.next = end;
        cx.charge(64 * self.names.len() as u64 / 4);
        Ok(end < rows.len())
    }
}

impl Resume for Writing {
    fn resume<'h>(mut self: Box<Self>, cx: &mut Cx<'h, '_>) -> Native<'h> {
        loop {
            match self.some(cx) {
                Err(raised) => return Native::Raise(raised),
                Ok(true) if cx.out_of_budget() => return Native::suspend(self),
                Ok(true) => {}
                Ok(false) => break,
            }
        }
        let bytes = self.writer.take().and_then(|writer| writer.into_inner().ok());
        let save = Save { path: self.path, bytes: bytes.unwrap_or_default(), raise: self.raise };
        Native::offload(Box::new(save))
    }

    fn trace(&mut self, visit: &mut dyn FnMut(&mut Word)) {
        self.roots(visit);
    }
}

struct Save {
    path: String,
    bytes: Vec<u8>,
    raise: bool,
}

struct Saved(Result<(), Failure>, bool);

impl Job for Save {
    fn run(self: Box<Self>) -> Box<dyn Resume> {
        let saved = std::fs::write(&self.path, &self.bytes);
        let saved = saved.map_err(|e| Failure(reason(&e), format!("{}: {e}", self.path)));
        Box::new(Saved(saved, self.raise))
    }
}

impl Resume for Saved {
    fn resume<'h>(self: Box<Self>, cx: &mut Cx<'h, '_>) -> Native<'h> {
        match &self.0 {
            Ok(()) => Native::Value(Value::symbol(sym::OK)),
            Err(failure) => failure.answer(cx, self.1),
        }
    }

    fn trace(&mut self, _visit: &mut dyn FnMut(&mut Word)) {}
}

/// `write_csv(rows, path, separator, raise)`: `:ok` or `{:error, reason}`.
pub fn dataload_write_csv<'h>(
    cx: &mut Cx<'h, '_>,
    [rows, path, by, raise]: [Value<'h>; 4],
) -> Answer<'h> {
    let function = "Dataload.write_csv";
    // One row is a map.
    let rows = match rows.as_map() {
        Some(_) => cx.heap().list(&[rows]),
        None => rows,
    };
    Arg(function, "rows").seq(cx, rows)?;
    let path = Arg(function, "path").text(cx, path)?.to_owned();
    let separator = separator(cx, function, by)?;
    let writer = csv::WriterBuilder::new().delimiter(separator).from_writer(Vec::new());
    let writing = Writing {
        rows: rows.word(),
        next: 0,
        names: Vec::new(),
        writer: Some(writer),
        path,
        raise: raise.as_bool() == Some(true),
    };
    Ok(Box::new(writing).resume(cx))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(fields: &[&str]) -> Type {
        fields.iter().fold(Type::Unknown, |known, field| widened(known, field))
    }

    #[test]
    fn columns_have_the_narrowest_type_that_holds_all() {
        assert_eq!(of(&["1", "", "-20"]), Type::Int);
        assert_eq!(of(&["1", "2.5"]), Type::Float);
        assert_eq!(of(&["true", "false"]), Type::Bool);
        assert_eq!(of(&["true", "1"]), Type::Text);
        assert_eq!(of(&["007"]), Type::Text);
        assert_eq!(of(&["0.5", "1e3"]), Type::Float);
        assert_eq!(of(&["nan"]), Type::Text);
        assert_eq!(of(&["", ""]), Type::Unknown);
        assert_eq!(of(&["1", "x", "2"]), Type::Text);
    }
}
