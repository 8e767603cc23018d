//! What expressions are made of, by the type they are meant to have: templates, in which `$` and a letter stand
//! for a part to be written.
//!
//! | part | | part | |
//! |---|---|---|---|
//! | `$i` | int | `$p` | list of an int and anything |
//! | `$f` | float | `$m` | map with an int at `a` |
//! | `$b` | bool | `$e` | set of ints |
//! | `$s` | string | `$c` | function from int to int |
//! | `$y` | symbol | `$a` | anything |
//! | `$I` `$F` `$S` | vectors | `$n` | a small number as such |
//! | `$l` `$k` `$t` `$x` | closure of an int to int, bool, string, float | `$r` | closure of two ints to int |

/// The types that expressions are meant to have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ty {
    Int,
    Float,
    Bool,
    Str,
    Sym,
    Ints,
    Floats,
    Strs,
    Pair,
    Map,
    Set,
    Fun,
    Any,
}

impl Ty {
    /// All that are more than "anything".
    pub const SOME: [Ty; 12] = [
        Ty::Int,
        Ty::Float,
        Ty::Bool,
        Ty::Str,
        Ty::Sym,
        Ty::Ints,
        Ty::Floats,
        Ty::Strs,
        Ty::Pair,
        Ty::Map,
        Ty::Set,
        Ty::Fun,
    ];

    /// The name in declarations.
    pub fn name(self) -> &'static str {
        match self {
            Ty::Int => "int",
            Ty::Float => "float",
            Ty::Bool => "bool",
            Ty::Str => "string",
            Ty::Sym => "symbol",
            Ty::Ints => "[int]",
            Ty::Floats => "[float]",
            Ty::Strs => "[string]",
            Ty::Pair => "{int, any}",
            Ty::Map => "map",
            Ty::Set => "set",
            Ty::Fun => "function",
            Ty::Any => "any",
        }
    }

    /// Expressions that hold others.
    pub fn forms(self) -> &'static [&'static str] {
        match self {
            Ty::Int => INT,
            Ty::Float => FLOAT,
            Ty::Bool => BOOL,
            Ty::Str => STR,
            Ty::Sym => &["typeof($a)", "$y", "identity($y)", "exception_type(value_error($s))"],
            Ty::Ints => INTS,
            Ty::Floats => FLOATS,
            Ty::Strs => STRS,
            Ty::Pair => PAIR,
            Ty::Map => MAP,
            Ty::Set => SET,
            Ty::Fun => &["$l", "$l", "identity($l)", "(fn x -> $c(x) end)"],
            Ty::Any => ANY,
        }
    }

    /// Expressions that hold no others.
    pub fn atoms(self) -> &'static [&'static str] {
        match self {
            Ty::Int => INT_ATOMS,
            Ty::Float => FLOAT_ATOMS,
            Ty::Bool => &["true", "false"],
            Ty::Str => &[
                "\"\"",
                "\"a\"",
                "\"abc\"",
                "\"é\\u{1F600}b\"",
                "\"12\"",
                "\"a,b,,c\"",
                "String.repeat(\"xyz \", 30)",
            ],
            Ty::Sym => &[":ok", ":error", ":a", ":k", ":\"b c\""],
            Ty::Ints => &[
                "[]",
                "[1, 2, 3]",
                "(1..5)",
                "[7, nil, -1]",
                "[4611686018427387903, 1]",
                "(0..40)",
                "Vector.repeat(7, 600)",
                "9",
            ],
            Ty::Floats => &[
                "[]",
                "[1.5, 2.5]",
                "[0.0, nil, -0.0]",
                "[1e300, 1.0, -3.25]",
                "2.5",
                "Vector.repeat(1.5, 600)",
            ],
            Ty::Strs => &["[]", "[\"a\", \"b\"]", "[\"x\", nil, \"\"]", "\"one\""],
            Ty::Pair => &["{1, :two}", "{0, nil}", "{-3, \"t\"}", "{5, {6, 7}}"],
            Ty::Map => &["{a: 1}", "{a: 2, b: \"c\"}", "{a: 0, (1): 2, \"k\": nil}"],
            Ty::Set => &["#{}", "#{1, 2}", "#{3}"],
            Ty::Fun => &["(fn x -> x + 1 end)", "(~ .x * 2)", "(fn _ -> 3 end)"],
            Ty::Any => &["nil", "0", ":ok", "1.5", "{,}", "{}", "\"q\"", "[]", "Enum", "is_int/1"],
        }
    }
}

const INT: &[&str] = &[
    "($i + $i)",
    "($i + $i)",
    "($i - $i)",
    "($i * $i)",
    "($i + 1)",
    "($i - 1)",
    "($i %/% $i)",
    "($i %% $i)",
    "($i %% 7)",
    "(-($i))",
    "($i ^ $n)",
    "$I[$n]",
    "$I[-1]",
    "Vector.length($I)",
    "Vector.first($I)",
    "Enum.sum($I)",
    "Enum.reduce($I, $i, $r)",
    "Enum.reduce($I, $r, $i)",
    "Enum.count($I, $k)",
    "Enum.at($I, $n, $i)",
    "$c($i)",
    "$c($i)",
    "$p[1]",
    "$m.a",
    "$m[:a]",
    "identity($i)",
    "String.length($s)",
    "String.byte_size($s)",
    "Maps.size($m)",
    "Set.size($e)",
    "Math.abs($i)",
    "Math.bit_and($i, $i)",
    "Math.bit_xor($i, $i)",
    "Math.bit_or($i, 255)",
    "Math.shift_left($i, $n)",
    "Math.shift_right($i, $n)",
    "Math.trunc($f)",
    "Math.max($i, $i)",
    "Math.gcd($i, $i)",
    "Core.compare($a, $a)",
    "with_default(Process.get(:k), $i)",
    "($i |> (fn x -> $c(x) end))",
    "Enum.find($I, $k, $i)",
    "String.to_int!($s)",
];

const FLOAT: &[&str] = &[
    "($f + $f)",
    "($f - $f)",
    "($f * $f)",
    "($f / $f)",
    "($i / $i)",
    "($f + $i)",
    "($i * $f)",
    "($i - $f)",
    "($f * 0.5)",
    "(-($f))",
    "($f ^ $n)",
    "($f ^ $f)",
    "($f %% $f)",
    "($f %/% $f)",
    "$F[$n]",
    "Enum.sum($F)",
    "Math.sqrt($f)",
    "Math.abs($f)",
    "Math.floor($f)",
    "Math.sin($f)",
    "Vector.max($F)",
    "identity($f)",
    "$x($i)",
    "Math.round($f, 2)",
];

const BOOL: &[&str] = &[
    "($i < $i)",
    "($i <= $i)",
    "($i > $i)",
    "($i >= $i)",
    "($i == $i)",
    "($i != $i)",
    "($a == $a)",
    "($a != $a)",
    "($f < $f)",
    "($f >= $f)",
    "($f == $f)",
    "($i < $f)",
    "($f == $i)",
    "($s < $s)",
    "($s == $s)",
    "($y == $y)",
    "($I == $I)",
    "(not $b)",
    "($b and $b)",
    "($b or $b)",
    "is_int($a)",
    "is_string($a)",
    "is_nil($a)",
    "is_float($a)",
    "is_list($a)",
    "is_vector($a)",
    "is_function($c)",
    "Enum.member?($I, $i)",
    "Enum.any?($I, $k)",
    "Enum.all?($I, $k)",
    "Maps.has_key($m, $y)",
    "Set.member?($e, $i)",
    "String.contains?($s, $s)",
    "String.starts_with?($s, $s)",
    "Math.is_even($i)",
    "$k($i)",
];

const STR: &[&str] = &[
    "($s + $s)",
    "($s + \"-\")",
    "f\"<{$i}|{$a}>\"",
    "f\"{$f} {$s}\"",
    "inspect($a)",
    "String.upcase($s)",
    "String.reverse($s)",
    "String.slice($s, 1, $n)",
    "Enum.join($I, \",\")",
    "Enum.join($S, \"\")",
    "String.repeat($s, $n)",
    "$S[$n]",
    "identity($s)",
    "$t($i)",
    "String.replace($s, $s, $s)",
    "exception_message(runtime_error($s))",
];

const INTS: &[&str] = &[
    "[$i, $i, $i]",
    "[$i, $i]",
    "[$i | $I]",
    "[$i, nil, $i]",
    "($n..$n)",
    "Enum.map($I, $l)",
    "Enum.map($I, $c)",
    "Enum.filter($I, $k)",
    "Enum.reject($I, $k)",
    "Vector.append($I, $i)",
    "Vector.reverse($I)",
    "Vector.sort($I)",
    "Vector.concat($I, $I)",
    "Vector.rest($I)",
    "($I + $i)",
    "($I * $I)",
    "($i - $I)",
    "(-$I)",
    "($I %% 5)",
    "Enum.take($I, $n)",
    "Enum.drop($I, $n)",
    "$I[$n..$n]",
    "Enum.to_vector($e)",
    "Enum.uniq($I)",
    "Enum.scan($I, 0, $r)",
    "Enum.flat_map($I, (fn v -> [v, v] end))",
    "Vector.replace_at($I, $n, $i)",
    "Enum.sort_by($I, $l)",
    "Enum.take_while($I, $k)",
];

const FLOATS: &[&str] = &[
    "[$f, $f]",
    "[nil, $f]",
    "[$f | $F]",
    "[$i, $f]",
    "($F * $f)",
    "($F + $F)",
    "($F - $i)",
    "($I / $i)",
    "($I * $f)",
    "Enum.map($I, $x)",
    "Vector.reverse($F)",
    "Vector.append($F, $f)",
    "Vector.sort($F)",
];

const STRS: &[&str] = &[
    "[$s, $s]",
    "[$s | $S]",
    "Enum.map($I, $t)",
    "String.split($s, \",\")",
    "Vector.append($S, $s)",
    "Enum.sort($S)",
    "String.graphemes($s)",
];

const PAIR: &[&str] = &[
    "{$i, $a}",
    "{$i, $s}",
    "{$i, $f}",
    "{$i, {$a, $i}}",
    "{$i, $I}",
    "{$i, $c}",
    "List.put($p, 2, $a)",
];

const MAP: &[&str] = &[
    "{a: $i, b: $a}",
    "{a: $i}",
    "{a: $i, \"b c\": $s, ($y): $a}",
    "{b: $a, (1): $f, a: $i}",
    "Maps.put($m, $y, $i)",
    "Maps.put($m, :a, $i)",
    "Maps.put($m, $s, $a)",
    "Maps.put($m, $i, $a)",
    "Maps.put($m, $f, $a)",
    "Maps.merge($m, $m)",
    "Maps.update($m, :a, $l)",
    "Maps.delete($m, $y)",
    "Enum.reduce($I, $m, (fn v, acc -> Maps.put(acc, v, $i) end))",
];

const SET: &[&str] = &[
    "#{$i, $i}",
    "#{$i, 1, $i}",
    "Set.add($e, $i)",
    "Set.union($e, $e)",
    "Set.delete($e, $i)",
    "Set.from_vector($I)",
];

const ANY: &[&str] = &[
    "$m[$y]",
    "$m[$i]",
    "$m[$s]",
    "$p[2]",
    "$p[$n]",
    "{$a, $a}",
    "{$a, $a, $a}",
    "[$p, $p]",
    "identity($a)",
    "Process.get(:k)",
    "Enum.map($p, (fn v -> {v, $i} end))",
    "Enum.zip($I, $S)",
    "Enum.with_index($S)",
    "Enum.group_by($I, $k)",
    "Enum.min_by($I, $l)",
    "($b and $a)",
    "($b or $a)",
    "runtime_error($s)",
    "Maps.to_list($m)",
    "[$I, $I]",
];

const INT_ATOMS: &[&str] = &[
    "0",
    "1",
    "2",
    "3",
    "-1",
    "10",
    "7",
    "255",
    "-4",
    "2147483648",
    "1152921504606846976",
    "2305843009213693951",
    "4611686018427387903",
    "4611686018427387904",
    "-4611686018427387904",
    "-4611686018427387905",
    "9223372036854775807",
    "-9223372036854775808",
    "99999999999999999999",
    "4611686018427387902",
];

const FLOAT_ATOMS: &[&str] = &[
    "0.0",
    "-0.0",
    "1.0",
    "1.5",
    "-2.25",
    "1e300",
    "5e-324",
    "0.1",
    "1e16",
    "4611686018427387904.0",
    "(1e300 * 1e300)",
    "(1e300 * -1e300)",
    "(1e300 * 1e300 - 1e300 * 1e300)",
];
