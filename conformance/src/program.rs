//! Reads a program: in comes `programs/name.rata` with `programs/name.out` beside it, out comes
//! an example. A first line `# conformance: attributes` sets what a fence's attributes would.

use crate::attributes::Attributes;
use crate::chapter;
use crate::example::{Block, Example, Place, SourceFile};
use std::path::Path;

const MARK: &str = "# conformance:";
const VALUES: &[&str] =
    &["args", "flags", "env", "stdin", "exit", "size", "stress-size", "timeout"];

/// Reads one program.
pub fn load(path: &Path) -> Result<Example, String> {
    let read = |path: &Path| {
        std::fs::read_to_string(path).map_err(|e| format!("cannot read {}: {e}", path.display()))
    };
    let text = read(path)?;
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let settings = text.lines().next().and_then(|line| line.strip_prefix(MARK)).unwrap_or("");
    let fail = |what: String| format!("{}:1: {what}", path.display());
    let attributes = Attributes::parse(&format!("rata {settings}")).map_err(fail)?;
    attributes.allow(&["noisy", "nostress"], VALUES).map_err(fail)?;
    let place = Place { file: path.to_path_buf(), line: 1 };
    let file = SourceFile { path: name, text: text.clone() };
    let mut example = Example::new(place, vec![file]);
    chapter::configure(&mut example, &attributes).map_err(fail)?;
    let out = path.with_extension("out");
    let expected = read(&out)?;
    if !expected.is_empty() {
        example.expect.output = Some(Block { text: expected, open_line: 0, close_line: 0 });
    }
    Ok(example)
}
