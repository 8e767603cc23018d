//! Writes the compiler's present error texts into a chapter: in come the chapter's text and the
//! rendered errors of its examples, out comes the chapter with each `error` block's body
//! replaced, and with one added after an `error-contains` block that has none.
//!
//! Only the rendering of errors is ever blessed. What programs print is the contract.

use crate::example::Example;

/// The chapter with the rendered errors in place; `None` leaves an example as it is.
pub fn rewrite(text: &str, examples: &[(Example, Option<String>)]) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_string).collect();
    // From the back, so that the line numbers of what is still to do stay right.
    for (example, rendered) in examples.iter().rev() {
        let Some(rendered) = rendered else { continue };
        let body = rendered.lines().map(str::to_string);
        let expect = &example.expect;
        if let Some(block) = &expect.error {
            lines.splice(block.open_line..block.close_line - 1, body);
        } else if let Some(block) = &expect.error_contains {
            let fence = "`".repeat(longest_fence(rendered).max(2) + 1);
            let added = [String::new(), format!("{fence}error")].into_iter();
            let added = added.chain(body).chain([fence.clone()]);
            lines.splice(block.close_line..block.close_line, added);
        }
    }
    lines.join("\n") + "\n"
}

/// The longest run of backticks at the start of a line.
fn longest_fence(text: &str) -> usize {
    text.lines().map(|l| l.len() - l.trim_start_matches('`').len()).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::rewrite;
    use crate::chapter;
    use std::path::Path;

    fn blessed(text: &str, rendered: &[Option<&str>]) -> String {
        let examples = chapter::parse(Path::new("c.md"), text).unwrap();
        let rendered = rendered.iter().map(|r| r.map(str::to_string));
        rewrite(text, &examples.into_iter().zip(rendered).collect::<Vec<_>>())
    }

    #[test]
    fn bodies_are_replaced_and_missing_blocks_added() {
        let text = "```rata\na\n```\n```error\nold\nlines\n```\nmore\n\
                    ```rata\nb\n```\n```error-contains\nx\n```\nend\n\
                    ```rata\nc\n```\n```error\nkept\n```\n";
        let out = blessed(text, &[Some("new\n"), Some("x y\nz\n"), None]);
        assert_eq!(
            out,
            "```rata\na\n```\n```error\nnew\n```\nmore\n\
             ```rata\nb\n```\n```error-contains\nx\n```\n\n```error\nx y\nz\n```\nend\n\
             ```rata\nc\n```\n```error\nkept\n```\n"
        );
        assert_eq!(blessed(&out, &[Some("new\n"), Some("x y\nz\n"), None]), out);
    }

    #[test]
    fn fences_outgrow_what_they_hold() {
        let text = "```rata\nb\n```\n```error-contains\nx\n```\n";
        let out = blessed(text, &[Some("````\nx\n")]);
        assert!(out.contains("`````error\n````\nx\n`````\n"), "{out}");
    }
}
