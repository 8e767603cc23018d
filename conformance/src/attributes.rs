//! The words after a fence: in comes the info string (`rata file=lib/a.rata args="a b"`), out
//! come the first word and the attributes, or what is wrong with them.

/// One fence's info string, taken apart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Attributes {
    /// The first word, which says what the block is.
    pub word: String,
    pairs: Vec<(String, Option<String>)>,
}

impl Attributes {
    /// Takes an info string apart. Values may be quoted with `"`; there are no escapes.
    pub fn parse(info: &str) -> Result<Attributes, String> {
        let mut rest = info.trim();
        let mut result = Attributes::default();
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        result.word = rest[..end].to_string();
        rest = rest[end..].trim_start();
        while !rest.is_empty() {
            let end = rest.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(rest.len());
            let name = rest[..end].to_string();
            if name.is_empty() || result.has(&name) {
                return Err(format!("malformed or repeated attribute in `{info}`"));
            }
            rest = &rest[end..];
            let value = match rest.strip_prefix('=') {
                None => None,
                Some(after) => {
                    let (value, tail) = take_value(after)
                        .ok_or_else(|| format!("a quoted value is never closed in `{info}`"))?;
                    rest = tail;
                    Some(value.to_string())
                }
            };
            result.pairs.push((name, value));
            rest = rest.trim_start();
        }
        Ok(result)
    }

    /// Whether the attribute occurs, with or without a value.
    pub fn has(&self, name: &str) -> bool {
        self.pairs.iter().any(|(n, _)| n == name)
    }

    /// The value of an attribute that has one.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(n, _)| n == name).and_then(|(_, v)| v.as_deref())
    }

    /// The value of an attribute as a number.
    pub fn number<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>, String> {
        if !self.has(name) {
            return Ok(None);
        }
        let text = self.value(name).unwrap_or("");
        text.parse().map(Some).map_err(|_| format!("`{name}` needs a number, not `{text}`"))
    }

    /// Fails on an attribute that is not among `flags` (no value) and `values` (a value).
    pub fn allow(&self, flags: &[&str], values: &[&str]) -> Result<(), String> {
        for (name, value) in &self.pairs {
            let known = if value.is_some() { values } else { flags };
            if !known.contains(&name.as_str()) {
                let needs = if value.is_some() { "with" } else { "without" };
                return Err(format!("`{}` takes no attribute `{name}` {needs} a value", self.word));
            }
        }
        Ok(())
    }
}

fn take_value(text: &str) -> Option<(&str, &str)> {
    match text.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"'),
        None => {
            let end = text.find(char::is_whitespace).unwrap_or(text.len());
            Some((&text[..end], &text[end..]))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Attributes;

    #[test]
    fn words_flags_and_values() {
        let a = Attributes::parse("rata file=lib/a.rata args=\"a b\" nostress exit=3").unwrap();
        assert_eq!(a.word, "rata");
        assert_eq!(a.value("file"), Some("lib/a.rata"));
        assert_eq!(a.value("args"), Some("a b"));
        assert!(a.has("nostress"));
        assert_eq!(a.value("nostress"), None);
        assert_eq!(a.number::<i32>("exit"), Ok(Some(3)));
        assert_eq!(a.number::<i32>("size"), Ok(None));
    }

    #[test]
    fn mistakes_are_told() {
        assert!(Attributes::parse("rata args=\"a b").is_err());
        assert!(Attributes::parse("rata a a").is_err());
        assert!(Attributes::parse("rata =3").is_err());
        let a = Attributes::parse("rata exit=x nostres").unwrap();
        assert!(a.number::<i32>("exit").is_err());
        assert!(a.allow(&["nostress"], &["exit"]).unwrap_err().contains("nostres"));
        assert!(Attributes::parse("rata exit").unwrap().allow(&["exit2"], &["exit"]).is_err());
    }
}
