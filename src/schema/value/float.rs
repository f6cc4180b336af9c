//! The binary floating point types `float` and `double` (Part 2 sections 3.2.4
//! and 3.2.5).
//!
//! The grammar is checked here, because the conversion of the standard library
//! knows more spellings than XML Schema does ("inf", "infinity", "nan"). Once a
//! literal has passed, that conversion gives the nearest value, as the standard
//! wants; a literal too large for the type becomes infinite.

use super::decimal::{is_decimal, is_integer};
use std::cmp::Ordering;

/// Whether the text is in the lexical space shared by `float` and `double`: a
/// decimal, optionally followed by "E" or "e" and an integer, or one of INF,
/// -INF and NaN. "+INF" only came with a later version of the standard.
pub(super) fn is_float(text: &str) -> bool {
    if matches!(text, "INF" | "-INF" | "NaN") {
        return true;
    }
    match text.split_once(['E', 'e']) {
        Some((mantissa, exponent)) => is_decimal(mantissa) && is_integer(exponent),
        None => is_decimal(text),
    }
}

/// The `float` value, rounded once, straight from the text.
pub(super) fn parse_float(text: &str) -> Option<f32> {
    match text {
        "INF" => Some(f32::INFINITY),
        "-INF" => Some(f32::NEG_INFINITY),
        "NaN" => Some(f32::NAN),
        _ if is_float(text) => text.parse().ok(),
        _ => None,
    }
}

/// The `double` value.
pub(super) fn parse_double(text: &str) -> Option<f64> {
    match text {
        "INF" => Some(f64::INFINITY),
        "-INF" => Some(f64::NEG_INFINITY),
        "NaN" => Some(f64::NAN),
        _ if is_float(text) => text.parse().ok(),
        _ => None,
    }
}

/// The order of section 3.2.4: NaN equals itself and is incomparable with all
/// else; the two zeros are equal. Widening a `float` keeps order and equality,
/// so this serves both types.
pub(super) fn compare(a: f64, b: f64) -> Option<Ordering> {
    if a.is_nan() && b.is_nan() {
        return Some(Ordering::Equal);
    }
    a.partial_cmp(&b)
}

/// One text for each value, in the spelling of the lexical space. The shortest
/// digits that read back as the same value are unique to it.
pub(super) fn canonical(value: f64) -> String {
    if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        if value < 0.0 { "-INF" } else { "INF" }.to_owned()
    } else if value == 0.0 {
        "0E0".to_owned()
    } else {
        format!("{value:E}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lexical_forms() {
        for good in [
            "1E4",
            "1e+4",
            "1e-4",
            ".5",
            "5.",
            "5.e1",
            "+1",
            "-0",
            "0",
            "INF",
            "-INF",
            "NaN",
            "1267.43233E12",
            "12",
            "-1E4",
            "1E400",
            "1e00000000000000000000000000004",
        ] {
            assert!(is_float(good), "{good}");
            assert!(parse_float(good).is_some(), "{good}");
            assert!(parse_double(good).is_some(), "{good}");
        }
        for bad in [
            "", ".", "E4", "1e", "1e+", "1e4.0", "1e4e4", "0x1", "inf", "infinity", "Infinity",
            "nan", "NAN", "+INF", "-NaN", "+NaN", "1f", "1_0", "--1", ".e1", "1 e4",
        ] {
            assert!(!is_float(bad), "{bad}");
            assert!(parse_float(bad).is_none(), "{bad}");
            assert!(parse_double(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn order_and_equality() {
        let double = |text| parse_double(text).unwrap();
        for (a, b, want) in [
            ("NaN", "NaN", Some(Ordering::Equal)),
            ("NaN", "1", None),
            ("INF", "NaN", None),
            ("-INF", "INF", Some(Ordering::Less)),
            ("-0", "0", Some(Ordering::Equal)),
            ("1e1", "10.0", Some(Ordering::Equal)),
            ("1E400", "INF", Some(Ordering::Equal)),
            ("-INF", "-1e308", Some(Ordering::Less)),
        ] {
            let (a, b) = (double(a), double(b));
            assert_eq!(compare(a, b), want);
            assert_eq!(
                canonical(a) == canonical(b),
                want == Some(Ordering::Equal),
                "{a} {b}"
            );
        }
    }

    #[test]
    fn a_float_is_rounded_to_its_own_precision() {
        assert_eq!(parse_float("16777217"), parse_float("16777216"));
        assert_ne!(parse_double("16777217"), parse_double("16777216"));
        assert_eq!(parse_float("0.1"), Some(0.1f32));
        assert_eq!(parse_float("1e39"), Some(f32::INFINITY));
    }
}
