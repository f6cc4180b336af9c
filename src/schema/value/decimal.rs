//! Decimal numbers of any length, kept as digits.
//!
//! Part 2 section 3.2.3 gives `decimal` no bound on the number of its digits,
//! so neither a float nor a machine integer can hold it. Nothing here computes:
//! validation only ever compares decimals and counts their digits, and both can
//! be done on the text itself once the meaningless zeros are left out.
//!
//! [`Number`] borrows its digits and allocates nothing; it is what the facets
//! `totalDigits`, `fractionDigits` and the bounds use on the hot path.
//! [`Decimal`] owns them, for values that must outlive the text.

use std::cmp::Ordering;

/// A decimal seen through its text: the sign and the digits that matter.
///
/// `whole` has no leading zeros, `fraction` no trailing ones, and zero is never
/// negative; so two numbers are equal exactly when their parts are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Number<'a> {
    negative: bool,
    whole: &'a str,
    fraction: &'a str,
}

impl<'a> Number<'a> {
    /// Reads the lexical form of section 3.2.3.1: an optional sign, then digits
    /// with at most one point among them, and at least one digit in all.
    pub fn parse(text: &'a str) -> Option<Self> {
        let (negative, digits) = split_sign(text);
        // All on bytes: this is on the way of every number.
        let bytes = digits.as_bytes();
        let is_digit = |byte: &u8| byte.is_ascii_digit();
        let point = bytes.iter().position(|byte| !is_digit(byte));
        let (whole, fraction) = match point {
            None => (digits, ""),
            Some(point) if bytes[point] == b'.' => (&digits[..point], &digits[point + 1..]),
            Some(_) => return None,
        };
        if (whole.is_empty() && fraction.is_empty())
            || !fraction.bytes().all(|byte| byte.is_ascii_digit())
        {
            return None;
        }
        let zeros = whole.bytes().take_while(|byte| *byte == b'0').count();
        let whole = &whole[zeros..];
        let zeros = fraction
            .bytes()
            .rev()
            .take_while(|byte| *byte == b'0')
            .count();
        let fraction = &fraction[..fraction.len() - zeros];
        let zero = whole.is_empty() && fraction.is_empty();
        Some(Number {
            negative: negative && !zero,
            whole,
            fraction,
        })
    }

    /// The smallest `totalDigits` the number satisfies (section 4.3.11): it must
    /// be i × 10^-n with |i| < 10^totalDigits and n ≤ totalDigits. Zero needs one
    /// digit, and 0.05 needs two because n is 2 although i is 5.
    pub fn total_digits(&self) -> usize {
        (self.whole.len() + self.fraction.len()).max(1)
    }

    /// The smallest `fractionDigits` the number satisfies (section 4.3.12).
    pub fn fraction_digits(&self) -> usize {
        self.fraction.len()
    }

    /// The order of the absolute values.
    fn cmp_magnitude(&self, other: &Self) -> Ordering {
        self.whole
            .len()
            .cmp(&other.whole.len())
            .then_with(|| self.whole.cmp(other.whole))
            .then_with(|| self.fraction.cmp(other.fraction))
    }
}

impl Ord for Number<'_> {
    /// The numeric order, which is total (section 3.2.3).
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => self.cmp_magnitude(other),
            (true, true) => other.cmp_magnitude(self),
        }
    }
}

impl PartialOrd for Number<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A decimal that owns its digits; the same parts as [`Number`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Decimal {
    negative: bool,
    whole: Box<str>,
    fraction: Box<str>,
}

impl Decimal {
    /// Reads a decimal, see [`Number::parse`].
    pub(super) fn parse(text: &str) -> Option<Self> {
        let number = Number::parse(text)?;
        Some(Decimal {
            negative: number.negative,
            whole: number.whole.into(),
            fraction: number.fraction.into(),
        })
    }

    /// The same number, borrowed, for comparing and counting digits.
    pub fn number(&self) -> Number<'_> {
        Number {
            negative: self.negative,
            whole: &self.whole,
            fraction: &self.fraction,
        }
    }

    /// The canonical form of section 3.2.3.2: a digit on either side of the
    /// point, no sign on positive numbers and no other superfluous zeros.
    pub fn canonical(&self) -> String {
        let sign = if self.negative { "-" } else { "" };
        let zero_if_empty = |digits: &str| if digits.is_empty() { "0" } else { digits }.to_owned();
        let whole = zero_if_empty(&self.whole);
        let fraction = zero_if_empty(&self.fraction);
        format!("{sign}{whole}.{fraction}")
    }
}

/// Whether the text is a decimal (section 3.2.3.1).
pub(super) fn is_decimal(text: &str) -> bool {
    Number::parse(text).is_some()
}

/// Whether the text is an integer (section 3.3.13.1): a decimal without a point.
pub(super) fn is_integer(text: &str) -> bool {
    let (_, digits) = split_sign(text);
    !digits.is_empty() && all_digits(digits)
}

/// Takes one optional sign off the front; true means it was a minus.
pub(super) fn split_sign(text: &str) -> (bool, &str) {
    match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    }
}

/// Whether every character is an ASCII digit (so true of the empty text).
pub(super) fn all_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lexical_forms() {
        for good in [
            "1", "1.", ".5", "+1", "-0", "0", "00", "-.5", "+0.50", "007",
        ] {
            assert!(is_decimal(good), "{good}");
        }
        for bad in [
            "", ".", "+", "-", "+.", "1e4", "1,5", "1.2.3", "--1", "+-1", "0x1", "INF", " 1", "1 ",
            "١",
        ] {
            assert!(!is_decimal(bad), "{bad}");
        }
        for good in ["1", "+1", "-0", "000"] {
            assert!(is_integer(good), "{good}");
        }
        for bad in ["", "+", "-", "1.", "1.0", ".0", "1e4"] {
            assert!(!is_integer(bad), "{bad}");
        }
    }

    #[test]
    fn digit_counts() {
        for (text, total, fraction) in [
            ("0", 1, 0),
            ("-0.00", 1, 0),
            ("100", 3, 0),
            ("00100.0", 3, 0),
            ("0.05", 2, 2),
            ("0.050", 2, 2),
            ("1.05", 3, 2),
            ("-12.34", 4, 2),
            (".5", 1, 1),
        ] {
            let number = Number::parse(text).unwrap();
            assert_eq!(number.total_digits(), total, "{text}");
            assert_eq!(number.fraction_digits(), fraction, "{text}");
        }
    }

    #[test]
    fn numeric_order() {
        let rising = [
            "-100000000000000000000000000000000000000000.1",
            "-100000000000000000000000000000000000000000",
            "-10",
            "-9.5",
            "-9",
            "-0.51",
            "-0.5",
            "0",
            "0.05",
            "0.5",
            "0.51",
            "1",
            "1.000000000000000000000000000000000000000000001",
            "2",
            "10",
            "18446744073709551616",
        ];
        for (i, a) in rising.iter().enumerate() {
            for (j, b) in rising.iter().enumerate() {
                let (a, b) = (Number::parse(a).unwrap(), Number::parse(b).unwrap());
                assert_eq!(a.cmp(&b), i.cmp(&j));
            }
        }
    }

    #[test]
    fn equal_however_written() {
        for (a, b) in [("1", "+1.0"), ("-0", "0."), (".50", "00.5"), ("-7", "-07.")] {
            assert_eq!(Number::parse(a), Number::parse(b));
            assert_eq!(Decimal::parse(a), Decimal::parse(b));
        }
        for (text, canonical) in [
            ("1", "1.0"),
            ("-0", "0.0"),
            ("+.5", "0.5"),
            ("-010.10", "-10.1"),
        ] {
            assert_eq!(Decimal::parse(text).unwrap().canonical(), canonical);
        }
    }
}
