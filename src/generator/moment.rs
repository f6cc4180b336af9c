//! Times as the messages write them. All are Beijing time, as the messages are.

use std::fmt::{self, Display, Formatter};

const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;
/// Milliseconds of a year of 365 days.
const YEAR: u64 = 365 * DAY as u64;
/// The first millisecond of 2026, counted from 1970: the messages are of that year.
const START: i64 = 20_454 * DAY;
/// How far apart two messages that follow each other are sent, modulo the year. It has no factor
/// with the year in common, so no time occurs twice before all have occurred, and it is near the
/// golden section of the year, so that any stretch of the sequence is spread evenly over it.
const STRIDE: u64 = 19_490_319_773;

/// A time, in milliseconds since 1970.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment(i64);

impl Moment {
    /// When the message of this number is sent: another millisecond for each of 31 thousand
    /// million numbers.
    pub(super) fn of_message(number: u64) -> Moment {
        let within = u128::from(number) * u128::from(STRIDE) % u128::from(YEAR);
        Moment(START + within as i64)
    }

    pub(super) fn minutes_later(self, minutes: u64) -> Moment {
        Moment(self.0 + minutes as i64 * MINUTE)
    }

    pub(super) fn minutes_earlier(self, minutes: u64) -> Moment {
        Moment(self.0 - minutes as i64 * MINUTE)
    }

    pub(super) fn days_later(self, days: u64) -> Moment {
        Moment(self.0 + days as i64 * DAY)
    }

    pub(super) fn days_earlier(self, days: u64) -> Moment {
        Moment(self.0 - days as i64 * DAY)
    }

    /// Milliseconds since midnight.
    pub(super) fn of_day(self) -> u64 {
        self.0.rem_euclid(DAY) as u64
    }

    /// The two digits of the year.
    pub(super) fn year(self) -> i64 {
        self.civil().0 % 100
    }

    /// `yyyyMMdd`
    pub(super) fn date(self) -> Shown {
        Shown(self, Form::Date)
    }

    /// `yyyy-MM-dd`
    pub(super) fn dashed(self) -> Shown {
        Shown(self, Form::Dashed)
    }

    /// `yyyyMMddHHmm`
    pub(super) fn minute(self) -> Shown {
        Shown(self, Form::Minute)
    }

    /// `yyyyMMddHHmm086`
    pub(super) fn zoned(self) -> Zoned {
        Zoned(self, Zone::Beijing)
    }

    /// `yyyyMMddHHmm00`
    pub(super) fn full_minute(self) -> Shown {
        Shown(self, Form::FullMinute)
    }

    /// `yyyyMMddHHmmssSS`, as the sign date of a goods declaration
    pub(super) fn hundredth(self) -> Shown {
        Shown(self, Form::Hundredth)
    }

    /// `yyyyMMddHHmmssSSS`
    pub(super) fn millisecond(self) -> Shown {
        Shown(self, Form::Millisecond)
    }

    /// `yyyy-MM-ddTHH:mm:ss+08:00`
    pub(super) fn instant(self) -> Shown {
        Shown(self, Form::Instant)
    }

    /// Year, month and day (Howard Hinnant's days to civil).
    fn civil(self) -> (i64, i64, i64) {
        let days = self.0.div_euclid(DAY) + 719_468;
        let era = days.div_euclid(146_097);
        let of_era = days.rem_euclid(146_097);
        let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        (year + era * 400 + i64::from(month <= 2), month, day)
    }
}

enum Form {
    Date,
    Dashed,
    Minute,
    FullMinute,
    Hundredth,
    Instant,
    Millisecond,
}

/// A time in one of the forms.
pub(super) struct Shown(Moment, Form);

impl Display for Shown {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.0.civil();
        let of_day = self.0.of_day();
        let (minutes, milliseconds) = (of_day / 60_000, of_day % 60_000);
        let date = year * 10_000 + month * 100 + day;
        let clock = minutes / 60 * 100 + minutes % 60;
        match self.1 {
            Form::Date => write!(f, "{date}"),
            Form::Dashed => write!(f, "{year}-{month:02}-{day:02}"),
            Form::Minute => write!(f, "{date}{clock:04}"),
            Form::FullMinute => write!(f, "{date}{clock:04}00"),
            Form::Hundredth => write!(f, "{date}{clock:04}{:04}", milliseconds / 10),
            Form::Instant => write!(
                f,
                "{year}-{month:02}-{day:02}T{:02}:{:02}:{:02}+08:00",
                minutes / 60,
                minutes % 60,
                milliseconds / 1_000
            ),
            Form::Millisecond => write!(f, "{date}{clock:04}{milliseconds:05}"),
        }
    }
}

#[derive(Clone, Copy)]
pub(super) enum Zone {
    Beijing,
    Hours(i64),
}

/// A time with its zone, `yyyyMMddHHmmZZZ`.
pub(super) struct Zoned(pub(super) Moment, pub(super) Zone);

impl Display for Zoned {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.minute())?;
        match self.1 {
            Zone::Beijing => f.write_str("086"),
            Zone::Hours(hours) => write!(f, "{hours:+03}"),
        }
    }
}
