//! The type `duration` (Part 2 section 3.2.6).
//!
//! A duration is a number of months and a number of seconds, and how long a
//! month is depends on where it starts. The standard compares two durations by
//! adding both to four chosen dates: if all four agree on the order, that is the
//! order, and otherwise there is none (a month against 30 days).
//!
//! By that rule 400 years equal 146097 days, the period after which the calendar
//! repeats, and that is the only such coincidence. So whole periods are moved
//! from the months to the seconds when a duration is read, which leaves each
//! value with one pair of months and seconds.
//!
//! Numbers beyond 10^30 are held at that: still valid, but not told apart.

use super::time_text::digits;
use std::cmp::Ordering;

/// The largest number in a duration that is kept exactly.
const LIMIT: i128 = 10_i128.pow(30);
/// The period of the Gregorian calendar, in months.
const PERIOD_MONTHS: i128 = 4_800;
/// The period of the Gregorian calendar, in days.
const PERIOD_DAYS: i128 = 146_097;
/// The length of a day.
const DAY_SECONDS: i128 = 86_400;
/// The four dates of section 3.2.6.2, as year and month; each is the first of
/// its month, at midnight UTC.
const REFERENCES: [(i128, i128); 4] = [(1696, 9), (1697, 2), (1903, 3), (1903, 7)];

/// The pieces of the text of a duration; a piece left out is empty.
#[derive(Default)]
struct Pieces<'a> {
    negative: bool,
    years: &'a str,
    months: &'a str,
    days: &'a str,
    hours: &'a str,
    minutes: &'a str,
    seconds: &'a str,
    fraction: &'a str,
}

/// A length of time. The fraction adds to the seconds even where those are
/// negative, so that the parts are unique and the digits compare as text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Duration {
    /// From 0 up to the calendar's period.
    months: i128,
    /// Whole seconds, rounded down.
    seconds: i128,
    /// The digits of the fraction of a second, without trailing zeros.
    fraction: Box<str>,
}

/// Whether the text is in the lexical space of `duration`.
pub(super) fn is_duration(text: &str) -> bool {
    scan(text).is_some()
}

/// Reads PnYnMnDTnHnMnS (section 3.2.6.1): each part may be left out but not
/// all of them, the order is fixed, T stands exactly where a time part follows,
/// and only seconds may have a fraction, with digits on both sides.
fn scan(text: &str) -> Option<Pieces<'_>> {
    let mut pieces = Pieces {
        negative: text.starts_with('-'),
        ..Pieces::default()
    };
    let mut rest = text.strip_prefix('-').unwrap_or(text).strip_prefix('P')?;
    if !rest.starts_with('T') {
        let before = rest.len();
        pieces.years = part(&mut rest, 'Y');
        pieces.months = part(&mut rest, 'M');
        pieces.days = part(&mut rest, 'D');
        if rest.len() == before {
            return None;
        }
    }
    if rest.is_empty() {
        return Some(pieces);
    }
    rest = rest.strip_prefix('T')?;
    if rest.is_empty() {
        return None;
    }
    pieces.hours = part(&mut rest, 'H');
    pieces.minutes = part(&mut rest, 'M');
    pieces.seconds = part(&mut rest, 'S');
    if !rest.is_empty() && pieces.seconds.is_empty() {
        pieces.seconds = digits(&mut rest);
        rest = rest.strip_prefix('.')?;
        pieces.fraction = part(&mut rest, 'S');
        if pieces.seconds.is_empty() || pieces.fraction.is_empty() {
            return None;
        }
    }
    rest.is_empty().then_some(pieces)
}

/// Takes digits and the letter that follows them off the front and gives the
/// digits; if that is not what comes next, takes nothing and gives "".
fn part<'a>(rest: &mut &'a str, letter: char) -> &'a str {
    let mut after = *rest;
    let number = digits(&mut after);
    match after.strip_prefix(letter) {
        Some(after) if !number.is_empty() => {
            *rest = after;
            number
        }
        _ => "",
    }
}

/// The number written by the digits (none: zero), held at the limit.
fn number(digits: &str) -> i128 {
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() {
        return 0;
    }
    digits.parse().map_or(LIMIT, |n: i128| n.min(LIMIT))
}

impl Duration {
    /// The value of the text. The limit keeps every product well inside `i128`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let pieces = scan(text)?;
        let mut months = number(pieces.years) * 12 + number(pieces.months);
        let minutes = number(pieces.hours) * 60 + number(pieces.minutes);
        let mut seconds = number(pieces.days) * DAY_SECONDS + minutes * 60 + number(pieces.seconds);
        let mut fraction = pieces.fraction.trim_end_matches('0').to_owned();
        if pieces.negative {
            months = -months;
            seconds = -seconds;
            if !fraction.is_empty() {
                seconds -= 1;
                fraction = complement(&fraction);
            }
        }
        seconds += months.div_euclid(PERIOD_MONTHS) * PERIOD_DAYS * DAY_SECONDS;
        Some(Duration {
            months: months.rem_euclid(PERIOD_MONTHS),
            seconds,
            fraction: fraction.into(),
        })
    }

    /// The partial order of section 3.2.6.2.
    pub(super) fn compare(&self, other: &Self) -> Option<Ordering> {
        let mut orders = REFERENCES.iter().map(|&reference| {
            let mine = self.seconds_after(reference);
            mine.cmp(&other.seconds_after(reference))
                .then_with(|| self.fraction.cmp(&other.fraction))
        });
        let first = orders.next()?;
        orders.all(|order| order == first).then_some(first)
    }

    /// Where the duration leads from a reference date, in whole seconds since
    /// some fixed point (Appendix E).
    fn seconds_after(&self, (year, month): (i128, i128)) -> i128 {
        let months = year * 12 + (month - 1) + self.months;
        days_before(months.div_euclid(12), months.rem_euclid(12)) * DAY_SECONDS + self.seconds
    }

    /// One text for each value: the months, the seconds and their fraction.
    pub(super) fn canonical(&self) -> String {
        format!("{}M{}.{}S", self.months, self.seconds, self.fraction)
    }
}

/// The digits of one minus the fraction. The last digit must not be zero, and
/// then is not zero in the result either.
fn complement(fraction: &str) -> String {
    let last = fraction.len().saturating_sub(1);
    let digit = |(at, b): (usize, u8)| {
        let nine_or_ten = if at == last { 10 } else { 9 };
        char::from(b'0' + nine_or_ten - (b - b'0'))
    };
    fraction.bytes().enumerate().map(digit).collect()
}

/// The days from the start of year 0 to the first of a month, given as 0 to 11.
fn days_before(year: i128, month: i128) -> i128 {
    const BEFORE: [i128; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    // The leap days of the years before this one.
    let last = year - 1;
    let leap_days = last.div_euclid(4) - last.div_euclid(100) + last.div_euclid(400);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let this_year = i128::from(leap && month > 1);
    year * 365 + leap_days + this_year + BEFORE[month as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lexical_forms() {
        for good in [
            "P1Y",
            "P1M",
            "P1D",
            "PT1H",
            "PT1M",
            "PT1S",
            "P1Y2M3DT4H5M6.7S",
            "-P1Y",
            "P0Y",
            "PT0S",
            "P1YT1S",
            "PT0.000S",
            "P1M1D",
            "P1MT1M",
            "P0001Y",
            "P99999999999999999999999999999999999999999999999999Y",
            "PT36H",
        ] {
            assert!(is_duration(good), "{good}");
            assert!(Duration::parse(good).is_some(), "{good}");
        }
        for bad in [
            "", "P", "-P", "PT", "P1YT", "1Y", "+P1Y", "P-1Y", "P1", "P1S", "P1H", "PT1Y", "PT1D",
            "P1D1M", "P1M1Y", "PT1S1M", "P1.5Y", "PT1.5M", "PT1.S", "PT.5S", "PT1.5", "P1Y ",
            "p1y", "P1y", "P1YT1M1H", "P1W", "P1Y1Y", "PT1S1S", "PT1.5S1S", "PT1S1.5S", "--P1Y",
            "P1DT", "PTT1S", "PT1.5.5S", "P١Y",
        ] {
            assert!(!is_duration(bad), "{bad}");
        }
    }

    #[test]
    fn partial_order() {
        use Ordering::*;
        for (a, b, want) in [
            ("P1Y", "P12M", Some(Equal)),
            ("P1D", "PT24H", Some(Equal)),
            ("PT1M", "PT60.0S", Some(Equal)),
            ("P0Y", "-PT0.0S", Some(Equal)),
            ("-P1Y", "P1Y", Some(Less)),
            // The table of section 3.2.6.2.
            ("P1Y", "P364D", Some(Greater)),
            ("P1Y", "P365D", None),
            ("P1Y", "P366D", None),
            ("P1Y", "P367D", Some(Less)),
            ("P1M", "P27D", Some(Greater)),
            ("P1M", "P28D", None),
            ("P1M", "P29D", None),
            ("P1M", "P30D", None),
            ("P1M", "P31D", None),
            ("P1M", "P32D", Some(Less)),
            ("P5M", "P149D", Some(Greater)),
            ("P5M", "P150D", None),
            ("P5M", "P151D", None),
            ("P5M", "P152D", None),
            ("P5M", "P153D", None),
            ("P5M", "P154D", Some(Less)),
            ("-P1M", "-P32D", Some(Greater)),
            ("-P1M", "-P30D", None),
            ("PT0.5S", "PT0.50001S", Some(Less)),
            ("-PT0.5S", "-PT0.50001S", Some(Greater)),
            ("-PT0.5S", "PT0S", Some(Less)),
            ("-PT1.5S", "-PT1S", Some(Less)),
            ("-PT1.5S", "-PT2S", Some(Greater)),
            ("-PT1.50S", "-PT1.5S", Some(Equal)),
            ("P400Y", "P146097D", Some(Equal)),
            ("-P400Y", "-P146097D", Some(Equal)),
            ("P100Y", "P36524D", None),
            (
                "P999999999999999999999999999999999999999999Y",
                "P1Y",
                Some(Greater),
            ),
            (
                "-P999999999999999999999999999999999999999999D",
                "P1Y",
                Some(Less),
            ),
            (
                "P9223372036854775807Y",
                "P9223372036854775806Y",
                Some(Greater),
            ),
        ] {
            let (x, y) = (Duration::parse(a).unwrap(), Duration::parse(b).unwrap());
            assert_eq!(x.compare(&y), want, "{a} {b}");
            assert_eq!(y.compare(&x), want.map(Ordering::reverse), "{b} {a}");
            let equal = want == Some(Equal);
            assert_eq!(x == y, equal, "{a} {b}");
            assert_eq!(x.canonical() == y.canonical(), equal, "{a} {b}");
        }
    }

    /// No number of months short of the calendar's period is the same number of
    /// days from all four references, so the parts of a value are unique.
    #[test]
    fn months_never_equal_days_within_a_period() {
        for months in 1..PERIOD_MONTHS {
            let value = Duration::parse(&format!("P{months}M")).unwrap();
            let days = REFERENCES.map(|reference| {
                let start = days_before(reference.0, reference.1 - 1) * DAY_SECONDS;
                value.seconds_after(reference) - start
            });
            assert!(days.iter().any(|&d| d != days[0]), "{months}");
        }
    }
}
