//! Small ints in decimal.
//!
//! In: an int. Out: its digits, without a detour by the formatting machinery: ints are what texts are
//! mostly put together from.

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

/// An int in decimal.
pub(crate) struct Decimal {
    bytes: [u8; MOST],
    from: usize,
}

impl Decimal {
    /// The digits of an int.
    #[inline]
    pub(crate) fn of(n: i64) -> Decimal {
        let mut decimal = Decimal { bytes: [0; MOST], from: MOST };
        let mut rest = n.unsigned_abs();
        while rest >= 100 {
            decimal.put(&PAIRS[(rest % 100) as usize]);
            rest /= 100;
        }
        match rest {
            0..10 => decimal.put(&[b'0' + rest as u8]),
            _ => decimal.put(&PAIRS[rest as usize]),
        }
        if n < 0 {
            decimal.put(b"-");
        }
        decimal
    }

    #[inline(always)]
    fn put(&mut self, digits: &[u8]) {
        self.from -= digits.len();
        self.bytes[self.from..self.from + digits.len()].copy_from_slice(digits);
    }

    /// The digits, and a sign before them if the int is below zero.
    #[inline]
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes[self.from..]
    }

    /// The same as text.
    #[inline]
    pub(crate) fn text(&self) -> &str {
        crate::heap::trusted_text(self.bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ends_of_the_range_have_all_their_digits() {
        for n in [0, 1, 9, 10, 99, 100, 101, 999, 1000, -1, -10, -100, i64::MAX, i64::MIN] {
            assert_eq!(Decimal::of(n).text(), n.to_string());
        }
    }

    proptest! {
        #[test]
        fn ints_are_written_as_rust_does(n: i64, shift in 0..63) {
            assert_eq!(Decimal::of(n >> shift).text(), (n >> shift).to_string());
        }
    }
}
