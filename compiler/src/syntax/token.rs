//! Tokens: what the lexer hands to the parser.
//!
//! A token is 20 bytes and owns nothing: texts and numbers lie in the tables of [`Tokens`], found by
//! the token's `data`. Opening tokens carry the index of the token that closes them, so the parser
//! looks past a bracket of any size in one step.

use crate::span::Span;

/// What a token is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
#[allow(missing_docs)]
pub enum Kind {
    /// The end of the file.
    Eof,
    /// Something that has been reported already.
    Error,
    /// `data`: index into `ints`.
    Int,
    /// `data`: index into `texts` (decimal digits).
    BigInt,
    /// `data`: index into `floats`.
    Float,
    /// `data`: index into `texts`.
    Str,
    /// `"text":`; `data`: index into `texts`.
    StrKey,
    /// `f"` or `f"""`.
    FStart,
    /// Text inside an f-string; `data`: index into `texts`.
    FText,
    /// `{` inside an f-string; `data`: its `FClose`.
    FOpen,
    /// `}` inside an f-string.
    FClose,
    /// The closing quotes of an f-string.
    FEnd,
    /// `:name`; `data`: the name.
    Symbol,
    /// A name in lower case; `data`: the name.
    Name,
    /// A name in upper case; `data`: the name.
    Mod,
    /// `name:`; `data`: the name.
    Key,
    /// `.name` right after an operand; `data`: the name.
    Field,
    /// `.Name` right after an operand; `data`: the name.
    FieldMod,
    /// `.name` elsewhere; `data`: the name.
    DotParam,
    /// `./path` after `library`; `data`: index into `texts`.
    Path,
    LParen,
    RParen,
    LBracket,
    RBracket,
    LBrace,
    RBrace,
    /// `#{`
    SetOpen,
    Comma,
    Semi,
    Colon,
    /// `=`
    Assign,
    /// `\\=`
    DefaultAssign,
    /// `->`
    Arrow,
    /// `.` before `[`, as in `library M.[f]`.
    Dot,
    Bar,
    /// `|>`
    Pipe,
    Or,
    And,
    Not,
    Bang,
    EqEq,
    NotEq,
    Lt,
    Le,
    Gt,
    Ge,
    DotDot,
    Plus,
    Minus,
    Star,
    Slash,
    /// `%%`
    Modulo,
    /// `%/%`
    IntDiv,
    Caret,
    Tilde,
    Module,
    Library,
    As,
    Use,
    Export,
    Function,
    /// `fn`; `data`: its `end`.
    Fn,
    End,
    If,
    Else,
    Case,
    When,
    Try,
    Catch,
    After,
    Raise,
    Reraise,
    Return,
    Assert,
    Receive,
    True,
    False,
    Nil,
    ThisModule,
}

impl Kind {
    /// The keyword that `word` is, if any.
    pub fn keyword(word: &str) -> Option<Kind> {
        Some(match word {
            "module" => Kind::Module,
            "library" => Kind::Library,
            "as" => Kind::As,
            "use" => Kind::Use,
            "export" => Kind::Export,
            "function" => Kind::Function,
            "fn" => Kind::Fn,
            "end" => Kind::End,
            "if" => Kind::If,
            "else" => Kind::Else,
            "case" => Kind::Case,
            "when" => Kind::When,
            "try" => Kind::Try,
            "catch" => Kind::Catch,
            "after" => Kind::After,
            "raise" => Kind::Raise,
            "reraise" => Kind::Reraise,
            "return" => Kind::Return,
            "assert" => Kind::Assert,
            "receive" => Kind::Receive,
            "and" => Kind::And,
            "or" => Kind::Or,
            "not" => Kind::Not,
            "true" => Kind::True,
            "false" => Kind::False,
            "nil" => Kind::Nil,
            "__module__" => Kind::ThisModule,
            _ => return None,
        })
    }

    /// May an operand end with this token? (A `.name` right after one is a field.)
    pub fn ends_operand(self) -> bool {
        use Kind::*;
        matches!(
            self,
            Int | BigInt | Float | Str | FEnd | Symbol | Name | Mod | Field | FieldMod | DotParam
        ) || matches!(self, RParen | RBracket | RBrace | End | True | False | Nil | ThisModule)
    }

    /// Does it open something that another token closes?
    pub fn opens(self) -> bool {
        use Kind::*;
        matches!(self, LParen | LBracket | LBrace | SetOpen | Fn | FOpen)
    }

    /// Does it close something?
    pub fn closes(self) -> bool {
        use Kind::*;
        matches!(self, RParen | RBracket | RBrace | End | FClose)
    }

    /// Is it an operator between two operands?
    pub fn is_binary(self) -> bool {
        use Kind::*;
        matches!(self, Pipe | Or | And | EqEq | NotEq | Lt | Le | Gt | Ge | DotDot | Plus)
            || matches!(self, Minus | Star | Slash | Modulo | IntDiv | Caret)
    }

    /// Does a statement go on after a line that ends with this token?
    pub fn continues_line(self) -> bool {
        use Kind::*;
        self.is_binary()
            || matches!(self, Comma | Assign | DefaultAssign | Not | Bang | Tilde | When | Colon)
            || matches!(self, Key | StrKey | Bar)
    }

    /// Is it a word of the language?
    pub fn is_keyword(self) -> bool {
        use Kind::*;
        (self as u8) >= (Module as u8) || matches!(self, And | Or | Not)
    }
}

/// `data` of an opening token that nothing closes, or of a closing one that closes nothing.
pub const NONE: u32 = u32::MAX;

/// One token.
#[derive(Clone, Copy, Debug)]
pub struct Token {
    /// Where.
    pub span: Span,
    /// Meaning depends on `kind`.
    pub data: u32,
    /// What.
    pub kind: Kind,
    /// Is it the first of its line?
    pub newline: bool,
    /// Does a space, comment or newline stand before it?
    pub space: bool,
}

/// The tokens of a file; the last one is `Eof`.
#[derive(Debug, Default)]
pub struct Tokens<'a> {
    /// In order.
    pub list: Vec<Token>,
    /// Texts of strings, big integers and paths.
    pub texts: Vec<&'a str>,
    /// Values of integers.
    pub ints: Vec<i64>,
    /// Values of floats.
    pub floats: Vec<f64>,
    /// Where the first string begins whose closing quote is likely to be missing: what the parser
    /// has to say about anything after it would only confuse.
    pub doubtful_from: Option<u32>,
}
