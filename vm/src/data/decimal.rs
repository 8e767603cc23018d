//! Small ints in decimal.
//!
//! In: an int. Out: its digits, without a detour by the formatting machinery: ints are what texts are
//! mostly put together from.

use crate::heap::trusted_text;

/// The most bytes that an int takes: a sign and nineteen digits.
const MOST: usize = 20;

/// `00` to `99`.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut n = 0;
    while n < 100 {
        pairs[n] = [b'0' + (n / 10) as u8, b'0' + (n % 10) as u8];
        n += 1;
    }
    pairs
};

/// How many digits an int has.
#[inline(always)]
fn digits(n: u64) -> usize {
    match n {
        0..10 => 1,
        10..100 => 2,
        100..1000 => 3,
        _ => n.ilog10() as usize + 1,
    }
}

/// Writes an int to the front of `out`: how many bytes that took, if there are so many.
#[inline]
pub(crate) fn write(n: i64, out: &mut [u8]) -> Option<usize> {
    let mut rest = n.unsigned_abs();
    let sign = (n < 0) as usize;
    let len = sign + digits(rest);
    let out = out.get_mut(..len)?;
    let (signs, digits) = out.split_at_mut(sign);
    signs.fill(b'-');
    let (first, pairs) = digits.split_at_mut(digits.len() % 2);
    for pair in pairs.rchunks_exact_mut(2) {
        pair.copy_from_slice(&PAIRS[(rest % 100) as usize]);
        rest /= 100;
    }
    first.fill(b'0' + rest as u8);
    Some(len)
}

/// Adds an int to a text.
#[inline]
pub(crate) fn push(out: &mut String, n: i64) {
    let mut bytes = [0; MOST];
    let len = write(n, &mut bytes).unwrap_or(0);
    out.push_str(trusted_text(&bytes[..len]));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(n: i64) -> String {
        let mut text = String::new();
        push(&mut text, n);
        text
    }

    #[test]
    fn what_does_not_fit_is_not_written() {
        let mut out = [b'x'; 3];
        assert_eq!(write(-999, &mut out), None);
        assert_eq!((write(-99, &mut out), out), (Some(3), *b"-99"));
        assert_eq!((write(7, &mut out), out), (Some(1), *b"799"));
    }

    #[test]
    fn ends_of_the_range_have_all_their_digits() {
        for n in [0, 1, 9, 10, 99, 100, 101, 999, 1000, -1, -10, -100, i64::MAX, i64::MIN] {
            assert_eq!(text(n), n.to_string());
        }
    }

    proptest! {
        #[test]
        fn ints_are_written_as_rust_does(n: i64, shift in 0..63u32) {
            assert_eq!(text(n >> shift), (n >> shift).to_string());
        }
    }
}
