//! The built-in datatypes: which texts they admit, and how their values compare. Numbers are
//! compared on their digits, so that they may have any length; nothing is a float.

use std::cmp::Ordering;

use crate::xml::is_name;

/// A primitive, as far as lexical form and order go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Primitive {
    String,
    AnyUri,
    Name,
    NcName,
    NmToken,
    Language,
    Boolean,
    Decimal,
    Integer,
    Date,
    Time,
    DateTime,
    Year,
    YearMonth,
    Base64,
    Hex,
}

/// What a built-in type is made of.
pub struct BuiltIn {
    pub primitive: Primitive,
    /// Least and greatest value.
    pub range: Option<(Option<&'static str>, Option<&'static str>)>,
    pub white: White,
}

/// What happens to white space before a value is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum White {
    Preserve,
    Replace,
    Collapse,
}

/// The built-in type of this name, if it is supported.
pub fn built_in(name: &str) -> Option<BuiltIn> {
    use Primitive::*;
    let range = |low: &'static str, high: &'static str| {
        let some = |bound: &'static str| Some(bound).filter(|bound| !bound.is_empty());
        Some((some(low), some(high)))
    };
    let (primitive, range) = match name {
        "string" => {
            return Some(BuiltIn {
                primitive: String,
                range: None,
                white: White::Preserve,
            });
        }
        "normalizedString" => {
            return Some(BuiltIn {
                primitive: String,
                range: None,
                white: White::Replace,
            });
        }
        "token" => (String, None),
        "anyURI" => (AnyUri, None),
        "Name" => (Name, None),
        "NCName" => (NcName, None),
        "NMTOKEN" => (NmToken, None),
        "language" => (Language, None),
        "boolean" => (Boolean, None),
        "decimal" => (Decimal, None),
        "integer" => (Integer, None),
        "nonNegativeInteger" => (Integer, range("0", "")),
        "positiveInteger" => (Integer, range("1", "")),
        "nonPositiveInteger" => (Integer, range("", "0")),
        "negativeInteger" => (Integer, range("", "-1")),
        "long" => (
            Integer,
            range("-9223372036854775808", "9223372036854775807"),
        ),
        "int" => (Integer, range("-2147483648", "2147483647")),
        "short" => (Integer, range("-32768", "32767")),
        "byte" => (Integer, range("-128", "127")),
        "unsignedLong" => (Integer, range("0", "18446744073709551615")),
        "unsignedInt" => (Integer, range("0", "4294967295")),
        "unsignedShort" => (Integer, range("0", "65535")),
        "unsignedByte" => (Integer, range("0", "255")),
        "date" => (Date, None),
        "time" => (Time, None),
        "dateTime" => (DateTime, None),
        "gYear" => (Year, None),
        "gYearMonth" => (YearMonth, None),
        "base64Binary" => (Base64, None),
        "hexBinary" => (Hex, None),
        _ => return None,
    };
    Some(BuiltIn {
        primitive,
        range,
        white: White::Collapse,
    })
}

impl Primitive {
    /// Whether `text` is one of its lexical forms.
    pub fn admits(self, text: &str) -> bool {
        match self {
            Primitive::String => true,
            // RFC 2396 with everything else to be escaped: nearly any text is one.
            Primitive::AnyUri => {
                !text.contains(['<', '>', '"', '{', '}', '|', '\\', '^', '`', ' '])
            }
            Primitive::Name => {
                text.split(':').all(|part| part.is_empty() || is_name(part)) && !text.is_empty()
            }
            Primitive::NcName => is_name(text),
            Primitive::NmToken => {
                // A name character is what may follow the start of a name.
                !text.is_empty()
                    && text
                        .split(':')
                        .all(|part| part.is_empty() || is_name(&format!("a{part}")))
            }
            Primitive::Language => {
                let mut parts = text.split('-');
                let fits = |part: &str| {
                    (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
                };
                parts.next().is_some_and(|first| {
                    fits(first) && first.bytes().all(|b| b.is_ascii_alphabetic())
                }) && parts.all(fits)
            }
            Primitive::Boolean => matches!(text, "true" | "false" | "0" | "1"),
            Primitive::Decimal => Number::parse(text).is_some(),
            Primitive::Integer => Number::parse(text).is_some() && !text.contains('.'),
            Primitive::Date
            | Primitive::Time
            | Primitive::DateTime
            | Primitive::Year
            | Primitive::YearMonth => Moment::parse(self, text).is_some(),
            Primitive::Base64 => base64_octets(text).is_some(),
            Primitive::Hex => {
                text.len().is_multiple_of(2) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
            }
        }
    }

    /// The length that length facets mean: octets of binary types, characters otherwise.
    pub fn length(self, text: &str) -> usize {
        match self {
            Primitive::Base64 => base64_octets(text).unwrap_or(0),
            Primitive::Hex => text.len() / 2,
            _ if text.is_ascii() => text.len(),
            _ => text.chars().count(),
        }
    }

    /// How two admitted texts compare as values; `None` if they have no order.
    pub fn compare(self, a: &str, b: &str) -> Option<Ordering> {
        match self {
            Primitive::Decimal | Primitive::Integer => {
                Some(Number::parse(a)?.cmp(&Number::parse(b)?))
            }
            Primitive::Date
            | Primitive::Time
            | Primitive::DateTime
            | Primitive::Year
            | Primitive::YearMonth => Moment::parse(self, a)?.compare(&Moment::parse(self, b)?),
            Primitive::Boolean => {
                let truth = |text: &str| matches!(text, "true" | "1");
                (truth(a) == truth(b)).then_some(Ordering::Equal)
            }
            Primitive::Hex => a.eq_ignore_ascii_case(b).then_some(Ordering::Equal),
            Primitive::Base64 => {
                let same = a
                    .bytes()
                    .filter(|byte| *byte != b' ')
                    .eq(b.bytes().filter(|byte| *byte != b' '));
                same.then_some(Ordering::Equal)
            }
            _ => (a == b).then_some(Ordering::Equal),
        }
    }

    /// Whether min and max facets apply.
    pub fn is_ordered(self) -> bool {
        use Primitive::*;
        matches!(
            self,
            Decimal | Integer | Date | Time | DateTime | Year | YearMonth
        )
    }
}

/// A decimal number as its digits: leading and trailing zeros removed.
#[derive(Debug, PartialEq, Eq)]
pub struct Number<'a> {
    negative: bool,
    whole: &'a str,
    fraction: &'a str,
}

impl<'a> Number<'a> {
    /// From a lexical form of xs:decimal.
    pub fn parse(text: &'a str) -> Option<Number<'a>> {
        let (negative, digits) = match text.as_bytes().first()? {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if (whole.is_empty() && fraction.is_empty()) || !plain(whole) || !plain(fraction) {
            return None;
        }
        let (whole, fraction) = (
            whole.trim_start_matches('0'),
            fraction.trim_end_matches('0'),
        );
        Some(Number {
            negative: negative && !(whole.is_empty() && fraction.is_empty()),
            whole,
            fraction,
        })
    }

    /// Digits that the value needs.
    pub fn total_digits(&self) -> usize {
        self.whole.len() + self.fraction.len()
    }

    /// Digits after the point that the value needs.
    pub fn fraction_digits(&self) -> usize {
        self.fraction.len()
    }

    fn cmp(&self, other: &Number<'_>) -> Ordering {
        let size = |a: &Number<'_>, b: &Number<'_>| {
            (a.whole.len(), a.whole, a.fraction).cmp(&(b.whole.len(), b.whole, b.fraction))
        };
        match (self.negative, other.negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => size(self, other),
            (true, true) => size(other, self),
        }
    }
}

/// A moment or a part of one, in seconds from year 0 with its fraction as digits.
struct Moment<'a> {
    seconds: i64,
    fraction: &'a str,
    zoned: bool,
}

impl<'a> Moment<'a> {
    fn parse(primitive: Primitive, text: &'a str) -> Option<Moment<'a>> {
        let (body, zone) = split_zone(text)?;
        let (date, time) = match primitive {
            Primitive::DateTime => {
                let (date, time) = body.split_once('T')?;
                (Some(date), Some(time))
            }
            Primitive::Time => (None, Some(body)),
            _ => (Some(body), None),
        };
        let days = date.map_or(Some(0), |date| days(primitive, date))?;
        let (clock, fraction) = time.map_or(Some((0, "")), clock)?;
        let seconds = days * 86_400 + clock - i64::from(zone.unwrap_or(0)) * 60;
        Some(Moment {
            seconds,
            fraction,
            zoned: zone.is_some(),
        })
    }

    /// Without a zone on one side the order is certain only beyond fourteen hours.
    fn compare(&self, other: &Moment<'_>) -> Option<Ordering> {
        const DOUBT_S: i64 = 14 * 3600;
        if self.zoned == other.zoned {
            return Some((self.seconds, self.fraction).cmp(&(other.seconds, other.fraction)));
        }
        let apart = self.seconds - other.seconds;
        (apart.abs() > DOUBT_S).then(|| apart.cmp(&0))
    }
}

/// Splits off a time zone and gives it in minutes.
fn split_zone(text: &str) -> Option<(&str, Option<i32>)> {
    if let Some(body) = text.strip_suffix('Z') {
        return Some((body, Some(0)));
    }
    let Some((body, zone)) = text
        .len()
        .checked_sub(6)
        .and_then(|at| text.split_at_checked(at))
    else {
        return Some((text, None));
    };
    let sign = match zone.as_bytes()[0] {
        b'+' => 1,
        b'-' if zone.as_bytes()[3] == b':' => -1,
        _ => return Some((text, None)),
    };
    let (hours, minutes) = zone[1..].split_once(':')?;
    let minutes = number(hours, 2)? * 60 + number(minutes, 2).filter(|minutes| *minutes < 60)?;
    (minutes <= 14 * 60).then_some((body, Some(sign * minutes as i32)))
}

fn days(primitive: Primitive, date: &str) -> Option<i64> {
    let (negative, digits) = match date.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, date),
    };
    let mut parts = digits.split('-');
    let year_text = parts.next()?;
    let fine = year_text.len() == 4 || (year_text.len() > 4 && !year_text.starts_with('0'));
    // Years of more digits have no use in trade and would not fit.
    let year = Some(year_text)
        .filter(|text| fine && text.len() <= 9)
        .and_then(|text| number(text, text.len()))?;
    if year == 0 {
        return None;
    }
    let month = match primitive {
        Primitive::Year => 1,
        _ => number(parts.next()?, 2).filter(|month| (1..=12).contains(month))?,
    };
    let year = if negative { 1 - year } else { year };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let month_days = match month {
        4 | 6 | 9 | 11 => 30,
        2 => 28 + i64::from(leap),
        _ => 31,
    };
    let day = match primitive {
        Primitive::Year | Primitive::YearMonth => 1,
        _ => number(parts.next()?, 2).filter(|day| (1..=month_days).contains(day))?,
    };
    if parts.next().is_some() {
        return None;
    }
    // Days from a March-based year, after Hinnant's algorithm for civil dates.
    let (y, m) = if month <= 2 {
        (year - 1, month + 9)
    } else {
        (year, month - 3)
    };
    let era = y.div_euclid(400);
    let year_of_era = y.rem_euclid(400);
    Some(
        era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100
            + (153 * m + 2) / 5
            + day
            - 1,
    )
}

fn clock(time: &str) -> Option<(i64, &str)> {
    let mut parts = time.splitn(3, ':');
    let (hours, minutes) = (number(parts.next()?, 2)?, number(parts.next()?, 2)?);
    let (seconds, fraction) = match parts.next()?.split_once('.') {
        Some((seconds, fraction)) => {
            let digits = !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit());
            (seconds, Some(fraction).filter(|_| digits)?)
        }
        None => (time.rsplit(':').next()?, ""),
    };
    let seconds = number(seconds, 2)?;
    let fraction = fraction.trim_end_matches('0');
    let midnight = hours == 24 && minutes == 0 && seconds == 0 && fraction.is_empty();
    let fine = (hours < 24 || midnight) && minutes < 60 && seconds < 60;
    fine.then_some((hours * 3600 + minutes * 60 + seconds, fraction))
}

fn number(text: &str, digits: usize) -> Option<i64> {
    let fine = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    if fine { text.parse().ok() } else { None }
}

/// Octets that a base64 text stands for; `None` if it is not one.
fn base64_octets(text: &str) -> Option<usize> {
    let mut symbols = 0usize;
    let mut padding = 0usize;
    let mut last = b'A';
    for byte in text.bytes().filter(|byte| *byte != b' ') {
        match byte {
            b'=' => padding += 1,
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' if padding == 0 => {
                symbols += 1;
                last = byte;
            }
            _ => return None,
        }
    }
    let fine = match padding {
        0 => symbols.is_multiple_of(4),
        1 => symbols % 4 == 3 && b"AEIMQUYcgkosw048".contains(&last),
        2 => symbols % 4 == 2 && b"AQgw".contains(&last),
        _ => false,
    };
    fine.then_some(symbols * 3 / 4)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cmp::Ordering::*;

    #[test]
    fn lexical_forms() {
        let table: &[(Primitive, &[&str], &[&str])] = &[
            (
                Primitive::Decimal,
                &["1", "-0.50", "+.5", "1.", "00012345678901234567890123"],
                &["", ".", "1e3", "1,5", "--1"],
            ),
            (Primitive::Integer, &["0", "-12", "+7"], &["1.0", "1.", ""]),
            (
                Primitive::Date,
                &[
                    "2024-02-29",
                    "2026-11-23Z",
                    "2026-11-23+08:00",
                    "-0044-03-15",
                ],
                &[
                    "2023-02-29",
                    "2026-13-01",
                    "26-01-01",
                    "2026-11-23+15:00",
                    "0000-01-01",
                    "2026-1-1",
                ],
            ),
            (
                Primitive::DateTime,
                &["2026-11-23T24:00:00", "2026-11-23T08:15:30.125-05:00"],
                &["2026-11-23", "2026-11-23T24:00:01", "2026-11-23T08:15"],
            ),
            (
                Primitive::Time,
                &["08:15:30", "23:59:59.9Z"],
                &["25:00:00", "08:60:00"],
            ),
            (Primitive::Boolean, &["true", "0"], &["TRUE", ""]),
            (
                Primitive::Base64,
                &["", "QQ==", "QUI=", "QUJD", "Q U J D"],
                &["Q", "QQ=", "QR==", "Q=Q="],
            ),
            (Primitive::Hex, &["", "0aF9"], &["0", "0g"]),
        ];
        for (primitive, fit, differ) in table {
            for text in *fit {
                assert!(
                    primitive.admits(text),
                    "{primitive:?} should admit {text:?}"
                );
            }
            for text in *differ {
                assert!(
                    !primitive.admits(text),
                    "{primitive:?} should not admit {text:?}"
                );
            }
        }
    }

    #[test]
    fn order() {
        let table = [
            (Primitive::Decimal, "1.50", "1.5", Some(Equal)),
            (Primitive::Decimal, "-2", "-10", Some(Greater)),
            (
                Primitive::Decimal,
                "99999999999999999999",
                "100000000000000000000",
                Some(Less),
            ),
            (Primitive::Decimal, "-0.0", "0", Some(Equal)),
            (Primitive::Decimal, "0.05", "0.1", Some(Less)),
            (Primitive::Date, "2026-02-28", "2026-03-01", Some(Less)),
            (
                Primitive::DateTime,
                "2026-03-01T00:00:00+08:00",
                "2026-02-28T16:00:00Z",
                Some(Equal),
            ),
            (
                Primitive::DateTime,
                "2026-03-01T00:00:00",
                "2026-03-01T01:00:00Z",
                None,
            ),
        ];
        for (primitive, a, b, expected) in table {
            assert_eq!(primitive.compare(a, b), expected, "{a} and {b}");
        }
    }
}
