//! The order in which the statements of a test module are executed: there too functions see one another wherever they stand.
//!
//! In: the statements as written. Out: the same, each function before the first statement that mentions it, if all that it
//! mentions itself is there by then. To make a function does nothing, so nobody sees that it has been moved. Of functions that
//! call each other in a circle, one stays behind.

use super::outline::bound_names;
use super::statement::{docstring, function_run};
use crate::names::Names;
use crate::syntax::tree::*;
use foldhash::{HashMap, HashSet};

/// A statement, or the consecutive definitions of one function.
struct Group<'t> {
    /// Where it begins and ends.
    range: (usize, usize),
    /// The names that it binds.
    binds: Vec<&'t str>,
    /// Whether it defines a function.
    defines: bool,
    /// The words in it, names among them.
    words: HashSet<&'t str>,
}

/// The statements of a test module, whose source is `text`, in the order of their execution.
pub(super) fn functions_first<'a>(stmts: &[Stmt<'a>], text: &str, names: &Names) -> Vec<Stmt<'a>> {
    let groups = groups(stmts, text, names);
    let functions = groups.iter().enumerate().filter(|(_, group)| group.defines);
    let functions = functions.map(|(i, group)| (group.binds[0], i)).collect();
    let mut order =
        Order { groups: &groups, functions, placed: vec![false; groups.len()], found: Vec::new() };
    for i in 0..groups.len() {
        order.place(i);
    }
    let range = |i: usize| groups[i].range;
    order.found.iter().flat_map(|i| &stmts[range(*i).0..range(*i).1]).copied().collect()
}

fn groups<'t>(stmts: &[Stmt<'_>], text: &'t str, names: &'t Names) -> Vec<Group<'t>> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < stmts.len() {
        let run = function_run(&stmts[at..]);
        let end = at + run.map_or(1, |(_, count)| count);
        let span = stmts[at].span.to(stmts[end - 1].span);
        let source = if at == 0 && docstring(&stmts[0]).is_some() {
            ""
        } else {
            &text[span.start as usize..span.end as usize]
        };
        let words =
            source.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '?' && c != '!');
        let bound = match &stmts[at].kind {
            StmtKind::Bind { pattern, .. } => bound_names(pattern),
            _ => Vec::new(),
        };
        found.push(Group {
            range: (at, end),
            binds: bound.iter().map(|ident| names.text(ident.name)).collect(),
            defines: run.is_some(),
            words: words.collect(),
        });
        at = end;
    }
    found
}

struct Order<'g, 't> {
    groups: &'g [Group<'t>],
    /// By name, the group that defines it; of several the last.
    functions: HashMap<&'t str, usize>,
    placed: Vec<bool>,
    found: Vec<usize>,
}

impl Order<'_, '_> {
    /// Places a group, after the functions that it mentions; all before it have been placed.
    fn place(&mut self, at: usize) {
        let mut under_way: Vec<(usize, Vec<usize>)> = Vec::new();
        let mut next = Some(at);
        loop {
            if let Some(i) = next
                && !std::mem::replace(&mut self.placed[i], true)
            {
                under_way.push((i, self.mentioned(i, at)));
            }
            let Some((i, mentioned)) = under_way.last_mut() else { return };
            next = mentioned.pop();
            if next.is_none() {
                self.found.push(*i);
                under_way.pop();
            }
        }
    }

    /// The functions that a group mentions and that can be made before the group at `at`, the first of them last.
    fn mentioned(&self, i: usize, at: usize) -> Vec<usize> {
        let mentioned = self.groups[i].words.iter().filter_map(|word| self.functions.get(word));
        let mut found: Vec<usize> = mentioned.copied().filter(|j| self.can_come(*j, at)).collect();
        found.sort_unstable_by_key(|j| std::cmp::Reverse(*j));
        found
    }

    /// Whether a function can be made before the group at `at`: its name means nothing else before, and nothing that it mentions
    /// is bound in between.
    fn can_come(&self, function: usize, at: usize) -> bool {
        if self.placed[function] {
            return false;
        }
        let (before, name) = (&self.groups[..function], self.groups[function].binds[0]);
        let words = &self.groups[function].words;
        let mut between = before[at..].iter().filter(|group| !group.defines);
        before.iter().all(|group| !group.binds.contains(&name))
            && between.all(|group| group.binds.iter().all(|bound| !words.contains(bound)))
    }
}
