//! The texts of the eight types of dates and times (Part 2 sections 3.2.7 to
//! 3.2.14).
//!
//! All eight are written with parts of one notation, so one scanner reads them
//! all into [`Fields`] and fills what a type leaves out from a reference year.
//! It only borrows from the text, and so is also the quick check of whether a
//! text is allowed.
//!
//! Years may have any number of digits. Beyond thirty they are held at a limit:
//! still valid, but no longer told apart.

use super::Primitive;

/// The year for types that have none: a leap year, because February 29 is a
/// valid `gMonthDay`.
const REFERENCE_YEAR: i128 = 2000;

/// The largest number of year digits that is read exactly.
const YEAR_DIGITS: usize = 30;

/// The greatest distance of local time from UTC, in minutes (section 3.2.7.3).
pub(super) const FARTHEST_ZONE: i32 = 14 * 60;

/// What the text of a date or time says, checked to be a real date and time.
pub(super) struct Fields<'a> {
    pub(super) year: i128,
    pub(super) month: u8,
    pub(super) day: u8,
    pub(super) second_of_day: i32,
    /// The digits of the fraction of a second.
    pub(super) fraction: &'a str,
    /// Minutes ahead of UTC.
    pub(super) zone: Option<i32>,
}

/// Whether the text is in the lexical space of `kind`, one of the eight types.
pub(super) fn is_moment(kind: Primitive, text: &str) -> bool {
    scan(kind, text).is_some()
}

/// The length of a month. Appendix E applies the rule of leap years to the year
/// number as written, for negative years too.
pub(super) fn days_in_month(year: i128, month: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Reads the text of one of the eight types.
pub(super) fn scan(kind: Primitive, text: &str) -> Option<Fields<'_>> {
    use Primitive::*;
    let mut fields = Fields {
        year: REFERENCE_YEAR,
        month: 1,
        day: 1,
        second_of_day: 0,
        fraction: "",
        zone: None,
    };
    let mut rest = text;
    match kind {
        DateTime | Date | GYearMonth | GYear => {
            fields.year = year(&mut rest)?;
            if kind != GYear {
                expect(&mut rest, "-")?;
                fields.month = two_digits(&mut rest, 1, 12)?;
            }
            if matches!(kind, DateTime | Date) {
                expect(&mut rest, "-")?;
                fields.day = two_digits(&mut rest, 1, 31)?;
            }
            if kind == DateTime {
                expect(&mut rest, "T")?;
                time_of_day(&mut rest, &mut fields)?;
            }
        }
        Time => time_of_day(&mut rest, &mut fields)?,
        GMonthDay => {
            expect(&mut rest, "--")?;
            fields.month = two_digits(&mut rest, 1, 12)?;
            expect(&mut rest, "-")?;
            fields.day = two_digits(&mut rest, 1, 31)?;
        }
        GDay => {
            expect(&mut rest, "---")?;
            fields.day = two_digits(&mut rest, 1, 31)?;
        }
        GMonth => {
            expect(&mut rest, "--")?;
            fields.month = two_digits(&mut rest, 1, 12)?;
            // The first edition ended months in two hyphens, by mistake.
        }
        _ => return None,
    }
    if fields.day > 28 && fields.day > days_in_month(fields.year, fields.month) {
        return None;
    }
    fields.zone = zone(rest)?;
    Some(fields)
}

/// Takes the given text off the front.
fn expect(rest: &mut &str, wanted: &str) -> Option<()> {
    *rest = rest.strip_prefix(wanted)?;
    Some(())
}

/// Takes a number of exactly two digits, within limits, off the front.
fn two_digits(rest: &mut &str, least: u8, most: u8) -> Option<u8> {
    let &[tens, ones, ..] = rest.as_bytes() else {
        return None;
    };
    if !tens.is_ascii_digit() || !ones.is_ascii_digit() {
        return None;
    }
    *rest = &rest[2..];
    let number = (tens - b'0') * 10 + (ones - b'0');
    (least..=most).contains(&number).then_some(number)
}

/// Takes all digits off the front; there may be none.
pub(super) fn digits<'a>(rest: &mut &'a str) -> &'a str {
    let end = rest
        .bytes()
        .position(|b| !b.is_ascii_digit())
        .unwrap_or(rest.len());
    let (digits, after) = rest.split_at(end);
    *rest = after;
    digits
}

/// Takes a year off the front (section 3.2.7.1): four digits, or more if the
/// first is not zero, with a minus sign or none. There is no year 0000.
fn year(rest: &mut &str) -> Option<i128> {
    let negative = rest.starts_with('-');
    if negative {
        *rest = &rest[1..];
    }
    let digits = digits(rest);
    if digits.len() < 4 || (digits.len() > 4 && digits.starts_with('0')) {
        return None;
    }
    let number = if digits.len() <= YEAR_DIGITS {
        digits.parse().ok()?
    } else {
        // The last four digits keep leap years right.
        let last: i128 = digits[digits.len() - 4..].parse().ok()?;
        10_i128.pow(YEAR_DIGITS as u32) + last
    };
    match number {
        0 => None,
        _ if negative => Some(-number),
        _ => Some(number),
    }
}

/// Takes hh:mm:ss, perhaps with a fraction, off the front. The hour 24 is only
/// for midnight at the end of the day; leap seconds cannot be written.
fn time_of_day<'a>(rest: &mut &'a str, fields: &mut Fields<'a>) -> Option<()> {
    let hour = two_digits(rest, 0, 24)?;
    expect(rest, ":")?;
    let minute = two_digits(rest, 0, 59)?;
    expect(rest, ":")?;
    let second = two_digits(rest, 0, 59)?;
    if let Some(after) = rest.strip_prefix('.') {
        *rest = after;
        fields.fraction = digits(rest);
        if fields.fraction.is_empty() {
            return None;
        }
    }
    let nothing_after = minute == 0 && second == 0 && fields.fraction.bytes().all(|b| b == b'0');
    if hour == 24 && !nothing_after {
        return None;
    }
    fields.second_of_day = i32::from(hour) * 3600 + i32::from(minute) * 60 + i32::from(second);
    Some(())
}

/// Reads what is left as an optional time zone (section 3.2.7.3), in minutes
/// ahead of UTC; the outer `None` says it is something else.
fn zone(rest: &str) -> Option<Option<i32>> {
    let ahead = match rest.as_bytes() {
        [] => return Some(None),
        b"Z" => return Some(Some(0)),
        [b'+', _, _, b':', _, _] => 1,
        [b'-', _, _, b':', _, _] => -1,
        _ => return None,
    };
    let mut rest = rest.get(1..)?;
    let hours = two_digits(&mut rest, 0, 14)?;
    expect(&mut rest, ":")?;
    let minutes = two_digits(&mut rest, 0, 59)?;
    let distance = i32::from(hours) * 60 + i32::from(minutes);
    (distance <= FARTHEST_ZONE).then_some(Some(ahead * distance))
}

#[cfg(test)]
mod tests {
    use super::*;
    use Primitive::*;

    /// Which texts each type takes and which it does not.
    const CASES: &[(Primitive, &[&str], &[&str])] = &[
        (
            DateTime,
            &[
                "2000-01-01T00:00:00",
                "2000-02-29T23:59:59.999999999999999999999Z",
                "-0001-01-01T00:00:00+14:00",
                "12000-01-01T24:00:00-14:00",
                "2000-01-01T24:00:00.000",
                "2000-01-01T00:00:00-00:00",
                "123456789012345678901234567890123456789012-12-31T00:00:00",
            ],
            &[
                "",
                "2000-01-01",
                "2000-01-01T",
                "2000-01-01t00:00:00",
                "2000-01-01T00:00",
                "2000-01-01T00:00:00.",
                "2000-01-01T00:00:00.Z",
                "2000-01-01T24:00:01",
                "2000-01-01T24:01:00",
                "2000-01-01T24:00:00.1",
                "2000-01-01T25:00:00",
                "2000-01-01T00:60:00",
                "2000-01-01T00:00:60",
                "2000-01-01T00:00:00z",
                "2000-01-01T00:00:00+14:01",
                "2000-01-01T00:00:00-14:30",
                "2000-01-01T00:00:00+15:00",
                "2000-01-01T00:00:00+1:00",
                "2000-01-01T00:00:00+0100",
                "2000-01-01T00:00:00+01:60",
                "2000-01-01T00:00:00ZZ",
                "2000-01-01T0:00:00",
                "2000-1-01T00:00:00",
                "+2000-01-01T00:00:00",
                "0000-01-01T00:00:00",
                "-0000-01-01T00:00:00",
                "02000-01-01T00:00:00",
                "200-01-01T00:00:00",
                "2000-13-01T00:00:00",
                "2000-00-01T00:00:00",
                "2000-01-00T00:00:00",
                "1900-02-29T00:00:00",
                "2000-01-01 00:00:00",
                "2000-01-01T00:00:00+é:0",
            ],
        ),
        (
            Date,
            &[
                "2000-02-29",
                "2004-02-29Z",
                "-0004-02-29",
                "1999-12-31+05:30",
                "10000-01-01",
            ],
            &[
                "1999-02-29",
                "2100-02-29",
                "2000-04-31",
                "2000-01-32",
                "2000-01",
                "2000-01-01T",
                "00-01-01",
            ],
        ),
        (
            Time,
            &[
                "00:00:00",
                "24:00:00",
                "23:59:59.9",
                "12:00:00Z",
                "12:00:00-05:00",
            ],
            &[
                "24:00:01",
                "12:00",
                "1:00:00",
                "12:00:60",
                "12:00:00.",
                "T12:00:00",
                "-12:00:00",
                "",
            ],
        ),
        (
            GYearMonth,
            &["2000-12", "-2000-01Z", "2000-01-05:00", "2000-01+14:00"],
            &[
                "2000-13",
                "2000-1",
                "2000",
                "2000-01-",
                "2000-01-01",
                "0000-01",
            ],
        ),
        (
            GYear,
            &["2000", "-0001", "2000Z", "2000-05:00", "20000"],
            &["0000", "-0000", "200", "02000", "+2000", "2000-", "2000-05"],
        ),
        (
            GMonthDay,
            &["--02-29", "--12-31", "--01-01Z", "--01-01-05:00"],
            &[
                "--02-30", "--04-31", "-01-01", "--1-1", "--01", "--01-01-", "---01-01",
            ],
        ),
        (
            GDay,
            &["---01", "---31", "---15Z", "---15-05:00"],
            &["---32", "---00", "--01", "---1", "----01", "---011"],
        ),
        (
            GMonth,
            &["--01", "--12", "--05Z", "--05-05:00"],
            &[
                "--05--",
                "--05--Z",
                "--05---05:00",
                "--13",
                "--00",
                "--1",
                "-01",
                "--05-",
                "--05--05:00",
                "--05---",
                "---05",
            ],
        ),
    ];

    #[test]
    fn lexical_forms() {
        for &(kind, good, bad) in CASES {
            for text in good {
                assert!(is_moment(kind, text), "{kind:?} {text}");
            }
            for text in bad {
                assert!(!is_moment(kind, text), "{kind:?} {text}");
            }
        }
        assert!(!is_moment(String, "2000"));
    }
}
