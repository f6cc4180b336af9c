//! The eight types of dates and times (Part 2 sections 3.2.7 to 3.2.14).
//!
//! All eight are compared as instants: a date by the moment it begins, a month
//! without a year as a month of some fixed year, and so on. So one value,
//! [`Moment`], holds any of them, with what a type leaves out filled in.
//!
//! A moment with a time zone is moved to UTC when it is read. One without stays
//! local, and against a zoned one it can only be placed to within fourteen hours
//! either way; within those the two are incomparable.

use super::Primitive;
use super::time_text::{FARTHEST_ZONE, days_in_month, scan};
use std::cmp::Ordering;

/// The length of a day.
const DAY_SECONDS: i32 = 86_400;

/// A second on the calendar. The field order is the order in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Second {
    year: i128,
    month: u8,
    day: u8,
    second_of_day: i32,
}

/// A value of one of the eight types.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Moment {
    kind: Primitive,
    second: Second,
    /// The digits of the fraction of a second, without trailing zeros.
    fraction: Box<str>,
    /// Whether a time zone was given, so that `second` is in UTC.
    zoned: bool,
}

impl Moment {
    /// The value of the text as `kind`, one of the eight types.
    pub(super) fn parse(kind: Primitive, text: &str) -> Option<Self> {
        let fields = scan(kind, text)?;
        let local = Second {
            year: fields.year,
            month: fields.month,
            day: fields.day,
            second_of_day: fields.second_of_day,
        };
        // A shift by nothing still turns 24:00:00 into the next day's 00:00:00.
        let mut second = local.shifted(-fields.zone.unwrap_or(0));
        if kind == Primitive::Time {
            // A time recurs every day (section 3.2.8), so passing midnight on
            // the way to UTC leads back to the same reference day.
            second.year = local.year;
            second.month = local.month;
            second.day = local.day;
        }
        Some(Moment {
            kind,
            second,
            fraction: fields.fraction.trim_end_matches('0').into(),
            zoned: fields.zone.is_some(),
        })
    }

    /// Which of the eight types this is a value of.
    pub(super) fn kind(&self) -> Primitive {
        self.kind
    }

    /// The partial order of section 3.2.7.4. A local moment is before a zoned one
    /// when even the latest it could be is before it, which is what it would be
    /// if its zone were the one farthest behind UTC; and likewise for after.
    pub(super) fn compare(&self, other: &Self) -> Option<Ordering> {
        if self.kind != other.kind {
            return None;
        }
        match (self.zoned, other.zoned) {
            (true, false) => other.compare(self).map(Ordering::reverse),
            (false, true) => {
                let against = |zone: i32| {
                    let second = self.second.shifted(-zone);
                    let fractions = || self.fraction.cmp(&other.fraction);
                    second.cmp(&other.second).then_with(fractions)
                };
                if against(-FARTHEST_ZONE) == Ordering::Less {
                    Some(Ordering::Less)
                } else if against(FARTHEST_ZONE) == Ordering::Greater {
                    Some(Ordering::Greater)
                } else {
                    None
                }
            }
            _ => Some(
                self.second
                    .cmp(&other.second)
                    .then_with(|| self.fraction.cmp(&other.fraction)),
            ),
        }
    }

    /// One text for each value: the complete date and time, in UTC if zoned.
    pub(super) fn canonical(&self) -> String {
        let Second {
            year,
            month,
            day,
            second_of_day: s,
        } = self.second;
        let (hour, minute, second) = (s / 3600, s / 60 % 60, s % 60);
        let point = if self.fraction.is_empty() { "" } else { "." };
        let zone = if self.zoned { "Z" } else { "" };
        let fraction = &self.fraction;
        format!(
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{point}{fraction}{zone}"
        )
    }
}

impl Second {
    /// The second so many minutes later, or earlier if negative; at most a day
    /// (Appendix E, of which this is the small part that time zones need).
    fn shifted(mut self, minutes: i32) -> Self {
        let seconds = self.second_of_day + minutes * 60;
        self.second_of_day = seconds.rem_euclid(DAY_SECONDS);
        match seconds.div_euclid(DAY_SECONDS) {
            -1 => self.previous_day(),
            1 => self.next_day(),
            _ => self,
        }
    }

    /// The same time a day later. The year after -1 is 1.
    fn next_day(mut self) -> Self {
        if self.day < days_in_month(self.year, self.month) {
            self.day += 1;
            return self;
        }
        self.day = 1;
        if self.month < 12 {
            self.month += 1;
        } else {
            self.month = 1;
            self.year = if self.year == -1 { 1 } else { self.year + 1 };
        }
        self
    }

    /// The same time a day earlier. The year before 1 is -1.
    fn previous_day(mut self) -> Self {
        if self.day > 1 {
            self.day -= 1;
            return self;
        }
        if self.month > 1 {
            self.month -= 1;
        } else {
            self.month = 12;
            self.year = if self.year == 1 { -1 } else { self.year - 1 };
        }
        self.day = days_in_month(self.year, self.month);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Ordering::*;
    use Primitive::{Date, DateTime, GDay, GMonth, GMonthDay, GYear, GYearMonth, Time};

    const CASES: &[(Primitive, &str, &str, Option<Ordering>)] = &[
        (
            DateTime,
            "2000-01-15T00:00:00",
            "2000-02-15T00:00:00",
            Some(Less),
        ),
        (
            DateTime,
            "2000-01-15T12:00:00",
            "2000-01-16T12:00:00Z",
            Some(Less),
        ),
        // The table of section 3.2.7.4.
        (
            DateTime,
            "2000-01-01T12:00:00",
            "1999-12-31T23:00:00Z",
            None,
        ),
        (
            DateTime,
            "2000-01-16T12:00:00",
            "2000-01-16T12:00:00Z",
            None,
        ),
        (
            DateTime,
            "2000-01-16T00:00:00",
            "2000-01-16T12:00:00Z",
            None,
        ),
        // Exactly fourteen hours is still too close.
        (
            DateTime,
            "2000-01-01T00:00:00",
            "2000-01-01T14:00:00Z",
            None,
        ),
        (
            DateTime,
            "2000-01-01T00:00:00",
            "2000-01-01T14:00:00.1Z",
            Some(Less),
        ),
        (
            DateTime,
            "2000-01-01T14:00:00.1",
            "2000-01-01T00:00:00Z",
            Some(Greater),
        ),
        (
            DateTime,
            "2000-01-01T14:00:00",
            "2000-01-01T00:00:00Z",
            None,
        ),
        (
            DateTime,
            "2002-10-10T12:00:00-05:00",
            "2002-10-10T17:00:00Z",
            Some(Equal),
        ),
        (
            DateTime,
            "1999-12-31T24:00:00",
            "2000-01-01T00:00:00",
            Some(Equal),
        ),
        (
            DateTime,
            "2000-02-28T24:00:00-14:00",
            "2000-02-29T14:00:00Z",
            Some(Equal),
        ),
        (
            DateTime,
            "2001-03-01T00:00:00+01:00",
            "2001-02-28T23:00:00Z",
            Some(Equal),
        ),
        (
            DateTime,
            "0001-01-01T00:00:00+01:00",
            "-0001-12-31T23:00:00Z",
            Some(Equal),
        ),
        (
            DateTime,
            "-0001-12-31T24:00:00",
            "0001-01-01T00:00:00",
            Some(Equal),
        ),
        (
            DateTime,
            "-0002-01-01T00:00:00",
            "-0001-01-01T00:00:00",
            Some(Less),
        ),
        (
            DateTime,
            "2000-01-01T00:00:00.10",
            "2000-01-01T00:00:00.1",
            Some(Equal),
        ),
        (
            DateTime,
            "2000-01-01T00:00:00.12",
            "2000-01-01T00:00:00.1",
            Some(Greater),
        ),
        (
            DateTime,
            "100000-01-01T00:00:00",
            "99999-01-01T00:00:00",
            Some(Greater),
        ),
        (Time, "24:00:00", "00:00:00", Some(Equal)),
        (Time, "23:00:00-03:00", "02:00:00Z", Some(Equal)),
        (Time, "00:30:00+01:00", "23:30:00Z", Some(Equal)),
        (Time, "10:00:00", "11:00:00", Some(Less)),
        (Time, "10:00:00", "11:00:00Z", None),
        (Time, "23:00:00", "01:00:00Z", Some(Greater)),
        (Time, "12:00:00+01:00", "12:00:00Z", Some(Less)),
        (Date, "2000-01-01+13:00", "1999-12-31-11:00", Some(Equal)),
        (Date, "2000-01-01", "2000-01-01Z", None),
        (Date, "2000-01-01", "2000-01-02Z", Some(Less)),
        (Date, "2000-01-01Z", "2000-01-01+00:00", Some(Equal)),
        (GYearMonth, "2000-01", "2000-02Z", Some(Less)),
        (GYearMonth, "2000-01+01:00", "2000-01Z", Some(Less)),
        (GYear, "2000", "2000Z", None),
        (GYear, "-0001", "0001", Some(Less)),
        (GYear, "1999", "2000Z", Some(Less)),
        (GMonthDay, "--02-29", "--03-01", Some(Less)),
        (GMonthDay, "--02-29-14:00", "--03-01+10:00", Some(Equal)),
        (GDay, "---31", "---30", Some(Greater)),
        (GDay, "---15Z", "---15", None),
        (GMonth, "--05+01:00", "--05Z", Some(Less)),
    ];

    #[test]
    fn order_and_equality() {
        for &(kind, a, b, want) in CASES {
            let (x, y) = (
                Moment::parse(kind, a).unwrap(),
                Moment::parse(kind, b).unwrap(),
            );
            assert_eq!(x.compare(&y), want, "{a} {b}");
            assert_eq!(y.compare(&x), want.map(Ordering::reverse), "{b} {a}");
            assert_eq!(x == y, want == Some(Equal), "{a} {b}");
            assert_eq!(
                x.canonical() == y.canonical(),
                want == Some(Equal),
                "{a} {b}"
            );
        }
    }

    #[test]
    fn canonical_texts() {
        for (text, canonical) in [
            ("1999-12-31T24:00:00", "2000-01-01T00:00:00"),
            ("2002-10-10T12:00:00.50-05:00", "2002-10-10T17:00:00.5Z"),
        ] {
            let moment = Moment::parse(DateTime, text).unwrap();
            assert_eq!(moment.canonical(), canonical);
        }
    }

    #[test]
    fn the_kinds_do_not_mix() {
        let date = Moment::parse(Date, "2000-01-01").unwrap();
        let year = Moment::parse(GYear, "2000").unwrap();
        assert_eq!(date.compare(&year), None);
        assert_ne!(date, year);
    }
}
