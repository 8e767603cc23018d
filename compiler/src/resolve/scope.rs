//! Variables: which name means which variable where, what closures capture, what is never used.
//!
//! One `Scopes` serves one module. Blocks are marks on a stack of locals; functions are contexts on
//! a second stack. Using a variable of an outer function adds it to the captures of every function
//! between, up to the one that owns it (or holds it as itself).

use crate::hir::Var;
use crate::names::Name;
use crate::span::Span;
use foldhash::HashMap;

/// A variable in scope.
#[derive(Debug, Clone, Copy)]
pub struct Local {
    /// Its name.
    pub name: Name,
    /// Which it is.
    pub var: Var,
    /// Where it is bound.
    pub span: Span,
    /// The function it belongs to, an index into the contexts.
    pub owner: usize,
    /// Whether anything used it.
    pub used: bool,
}

/// A `~` under way: its parameters in order of first use.
#[derive(Debug, Default)]
pub struct Tilde {
    /// `.x` and others with their variables.
    pub params: Vec<(Name, Var)>,
}

/// A function under way.
#[derive(Debug)]
pub struct Context {
    /// Its name, for the names of functions inside.
    pub name: Name,
    /// The variables of outer functions that it uses.
    pub captures: Vec<Var>,
    /// The variable that holds the function itself.
    pub self_var: Option<Var>,
    /// Whether that was used.
    pub self_used: bool,
    /// Set for `~`.
    pub tilde: Option<Tilde>,
    /// How many blocks' names were gone when it began.
    pub gone: usize,
    /// Whether it is a module's or script's own statements.
    pub is_init: bool,
    /// Whether it is no function to those who wrote it: no `return` here.
    pub no_return: bool,
}

impl Context {
    /// A function that has not captured anything yet.
    pub fn new(name: Name) -> Context {
        Context {
            name,
            captures: Vec::new(),
            self_var: None,
            self_used: false,
            tilde: None,
            gone: 0,
            is_init: false,
            no_return: false,
        }
    }
}

/// See the module's description.
#[derive(Debug, Default)]
pub struct Scopes {
    locals: Vec<Local>,
    by_name: HashMap<Name, Vec<u32>>,
    contexts: Vec<Context>,
    /// Names of blocks that ended, of the functions under way.
    gone: Vec<(Name, Span)>,
    var_names: Vec<Option<Name>>,
}

impl Scopes {
    /// A new variable, named for listings.
    pub fn fresh(&mut self, name: Option<Name>) -> Var {
        self.var_names.push(name);
        Var(self.var_names.len() as u32 - 1)
    }

    /// The names of all variables made, taken out when the module is done.
    pub fn take_var_names(&mut self) -> Vec<Option<Name>> {
        std::mem::take(&mut self.var_names)
    }

    /// Brings a variable into scope.
    pub fn declare(&mut self, name: Name, var: Var, span: Span) {
        let owner = self.contexts.len() - 1;
        let index = self.locals.len() as u32;
        self.locals.push(Local { name, var, span, owner, used: false });
        self.by_name.entry(name).or_default().push(index);
    }

    /// Where the innermost block begins; hand it to `close`.
    pub fn open(&self) -> usize {
        self.locals.len()
    }

    /// Ends a block; what it declared is handed over (for warnings) and out of scope.
    pub fn close(&mut self, mark: usize) -> Vec<Local> {
        let gone = self.locals.split_off(mark);
        for local in &gone {
            self.by_name.get_mut(&local.name).expect("declared").pop();
            self.gone.push((local.name, local.span));
        }
        gone
    }

    /// Whether the name is a variable here, without using it.
    pub fn is_local(&self, name: Name) -> bool {
        self.by_name.get(&name).is_some_and(|list| !list.is_empty())
    }

    /// The variable of that name, noted as used and captured where needed.
    pub fn lookup(&mut self, name: Name) -> Option<Var> {
        let index = *self.by_name.get(&name)?.last()? as usize;
        self.locals[index].used = true;
        let Local { var, owner, .. } = self.locals[index];
        self.capture(var, owner);
        Some(var)
    }

    /// Hides the variables of that name: something else bears it from here on. Only for the
    /// outermost block.
    pub fn hide(&mut self, name: Name) {
        if let Some(list) = self.by_name.get_mut(&name) {
            list.clear();
        }
    }

    /// The names in scope, for suggestions.
    pub fn names(&self) -> impl Iterator<Item = Name> + '_ {
        self.locals.iter().map(|l| l.name)
    }

    /// Where a block of this function that ended bound the name.
    pub fn bound_in_block(&self, name: Name) -> Option<Span> {
        self.gone.iter().rev().find(|gone| gone.0 == name).map(|gone| gone.1)
    }

    fn capture(&mut self, var: Var, owner: usize) {
        for context in self.contexts[owner + 1..].iter_mut().rev() {
            if context.self_var == Some(var) {
                context.self_used = true;
                return;
            }
            if !context.captures.contains(&var) {
                context.captures.push(var);
            }
        }
    }

    /// Begins a function.
    pub fn enter(&mut self, mut context: Context) {
        context.gone = self.gone.len();
        self.contexts.push(context);
    }

    /// Ends it.
    pub fn leave(&mut self) -> Context {
        let context = self.contexts.pop().expect("entered");
        self.gone.truncate(context.gone);
        context
    }

    /// The function under way.
    pub fn context(&self) -> &Context {
        self.contexts.last().expect("inside a function")
    }

    /// The same, to change it.
    pub fn context_mut(&mut self) -> &mut Context {
        self.contexts.last_mut().expect("inside a function")
    }

    /// Whether a function is under way, rather than a module's own statements.
    pub fn in_function(&self) -> bool {
        self.contexts.last().is_some_and(|context| !context.is_init)
    }

    /// Uses the variable that holds the innermost function itself.
    pub fn use_self(&mut self, var: Var) {
        let context = self.contexts.last_mut().expect("inside a function");
        context.self_var = Some(var);
        context.self_used = true;
    }

    /// The parameter `.name` of the nearest `~`, made at its first use.
    pub fn tilde_param(&mut self, name: Name) -> Option<Var> {
        let owner = self.contexts.iter().rposition(|c| c.tilde.is_some())?;
        let known = |t: &Tilde| t.params.iter().find(|p| p.0 == name).map(|p| p.1);
        let var = match known(self.contexts[owner].tilde.as_ref()?) {
            Some(var) => var,
            None => {
                let var = self.fresh(Some(name));
                self.contexts[owner].tilde.as_mut()?.params.push((name, var));
                var
            }
        };
        self.capture(var, owner);
        Some(var)
    }
}
