//! Every diagnostic has a stable code: this is the list, with a line of explanation for each.
//!
//! E01xx syntax · E02xx names · E03xx calls and patterns · E04xx types · E05xx modules and files ·
//! W09xx warnings. Codes are never given to something else.

/// Codes and what they stand for, in order.
pub const CODES: &[(&str, &str)] = &[
    ("E0101", "something else was expected here"),
    ("E0102", "a string or f-string is never closed"),
    ("E0103", "an escape in a string is not one of those there are"),
    ("E0104", "a number is not written as numbers are"),
    ("E0105", "a character or word that no token can be made of"),
    ("E0106", "the file is not valid UTF-8"),
    ("E0107", "the file begins with a byte order mark"),
    ("E0108", "a format specifier in an f-string"),
    ("E0109", "a bracket or brace is never closed"),
    ("E0110", "a `fn` has no `end`"),
    ("E0111", "a closing bracket, brace or `end` closes nothing or something else"),
    ("E0112", "comparisons or ranges are chained"),
    ("E0113", "a `=` in a condition"),
    ("E0114", "something that is no pattern stands where a pattern must"),
    ("E0115", "a type that does not exist"),
    ("E0116", "a clause without pattern, arrow or body"),
    ("E0117", "constructs nest too deeply"),
    ("E0118", "an expression is too long a chain"),
    ("E0119", "a `#{` stands where a comment was probably meant"),
    ("E0120", "a line begins with an operator"),
    ("E0121", "an item stands where only statements may"),
    ("E0122", "entries or arguments are in the wrong order or of the wrong form"),
    ("E0123", "the parts of a `try` are missing, doubled or in the wrong order"),
    ("E0124", "the right side of `|>` is neither a call nor a function"),
    ("E0125", "the file is too large"),
    ("E0126", "a brace of an f-string is unbalanced or empty"),
    ("E0127", "an operator of another language"),
    ("E0128", "a word of the language used as a name"),
    ("E0201", "a name that is not known here"),
    ("E0202", "a module that does not exist"),
    ("E0203", "a module does not have that function or constant"),
    ("E0204", "a definition is private to its module"),
    ("E0205", "a name is defined twice where it may be only once"),
    ("E0206", "`.x` outside `~`"),
    ("E0207", "`return` outside a function"),
    ("E0208", "`__module__` outside a module"),
    ("E0209", "an exported name is not defined"),
    ("E0301", "a wrong number of arguments"),
    ("E0302", "an argument is given by a name that no parameter has, or twice"),
    ("E0303", "defaults give two functions of one name the same arity"),
    ("E0304", "a guard calls something that guards may not call"),
    ("E0305", "a pattern that cannot be: a key that is no constant, a doubled name"),
    ("E0306", "a function, call or parameter list that is too large"),
    ("E0401", "a value of another type than declared or needed"),
    ("E0402", "a vector of mixed types"),
    ("E0403", "an operator cannot take operands of these types"),
    ("E0404", "a condition that is no single value"),
    ("E0405", "a call of something that is no function"),
    ("E0501", "a file that cannot be found or read"),
    ("E0502", "files that import one another in a cycle"),
    ("E0503", "a module that is defined twice in the project"),
    ("E0504", "a behaviour that does not exist"),
    ("E0505", "an imported file holds several modules"),
    ("W0901", "a line begins like a continuation of the line above, but is a statement"),
    ("W0902", "a clause body is a list with one entry"),
    ("W0903", "`<-` reads as a comparison"),
    ("W0904", "a variable is never used"),
    ("W0905", "a clause can never be reached"),
    ("W0906", "a name hides an imported one"),
    ("W0907", "a library is never used"),
    ("W0908", "the result of a pure expression is dropped"),
    ("W0909", "a pattern `{}` takes any map"),
    ("W0910", "a function hides an earlier binding of its name"),
    ("W0911", "a module that nothing known defines"),
];

/// What a code stands for.
pub fn explain(code: &str) -> Option<&'static str> {
    let at = CODES.binary_search_by_key(&code, |(code, _)| code).ok()?;
    Some(CODES[at].1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_sorted_and_explained() {
        assert!(CODES.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert_eq!(explain("E0102"), Some("a string or f-string is never closed"));
        assert_eq!(explain("E9999"), None);
    }
}
