//! Numbers with a check digit, and decimals. The formulas are written here once more on purpose:
//! the gateway's own are what generated messages test.

use std::fmt::{self, Display, Formatter};

/// The characters of a unified social credit code; the value of each is its place.
pub(super) const CREDIT: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";

/// A decimal: a whole number of the last place. Zeros at the end are not written.
pub(super) struct Decimal(pub(super) u64, pub(super) u32);

impl Display for Decimal {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let one = 10_u64.pow(self.1);
        let (whole, mut rest, mut places) = (self.0 / one, self.0 % one, self.1 as usize);
        if rest == 0 {
            return write!(f, "{whole}");
        }
        while rest.is_multiple_of(10) {
            (rest, places) = (rest / 10, places - 1);
        }
        write!(f, "{whole}.{rest:0places$}")
    }
}

/// An organisation code (GB 11714): eight characters and the check character.
pub(super) fn organisation(base: &str) -> String {
    let weights = [3, 7, 9, 10, 5, 8, 4, 2];
    let value = |c: char| c.to_digit(36).unwrap_or(0);
    let sum: u32 = base
        .chars()
        .map(value)
        .zip(weights)
        .map(|(v, w)| v * w)
        .sum();
    let check = match 11 - sum % 11 {
        10 => 'X',
        11 => '0',
        digit => char::from(b'0' + digit as u8),
    };
    format!("{base}{check}")
}

/// A unified social credit code (GB 32100): seventeen characters and the check character.
pub(super) fn credit(base: &str) -> String {
    let mut sum = 0;
    let mut weight = 1;
    for character in base.bytes() {
        let value = CREDIT.iter().position(|known| *known == character);
        sum += value.unwrap_or(0) * weight;
        weight = weight * 3 % 31;
    }
    format!("{base}{}", char::from(CREDIT[(31 - sum % 31) % 31]))
}

/// The number of a resident identity card (ISO 7064, modulo 11-2).
pub(super) fn identity_card(base: &str) -> String {
    let mut weight = 2;
    let mut sum = 0;
    for digit in base.bytes().rev() {
        sum += u32::from(digit - b'0') * weight;
        weight = weight * 2 % 11;
    }
    let check = (12 - sum % 11) % 11;
    let check = if check == 10 {
        'X'
    } else {
        char::from(b'0' + check as u8)
    };
    format!("{base}{check}")
}

/// The number of an air waybill: prefix of the airline, seven digits, and their rest by seven.
pub(super) struct Waybill {
    pub(super) prefix: &'static str,
    pub(super) serial: u64,
    pub(super) hyphen: bool,
}

impl Display for Waybill {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let serial = self.serial % 10_000_000;
        let hyphen = if self.hyphen { "-" } else { "" };
        write!(f, "{}{hyphen}{serial:07}{}", self.prefix, serial % 7)
    }
}

/// The number of a container (ISO 6346): owner, six digits, check digit.
pub(super) fn container(owner: &str, serial: u64) -> String {
    let base = format!("{owner}{:06}", serial % 1_000_000);
    // Letters count from 10, leaving out the multiples of 11.
    let value = |c: u8| {
        let place = u32::from(c.wrapping_sub(b'A'));
        if c.is_ascii_digit() {
            u32::from(c - b'0')
        } else {
            10 + place + place.div_ceil(10)
        }
    };
    let sum: u32 = base.bytes().enumerate().map(|(at, c)| value(c) << at).sum();
    format!("{base}{}", sum % 11 % 10)
}

/// A number in English words, up to 9999, as certificates count their cartons.
pub(super) struct Words(pub(super) u64);

impl Display for Words {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        const SMALL: [&str; 20] = [
            "ZERO",
            "ONE",
            "TWO",
            "THREE",
            "FOUR",
            "FIVE",
            "SIX",
            "SEVEN",
            "EIGHT",
            "NINE",
            "TEN",
            "ELEVEN",
            "TWELVE",
            "THIRTEEN",
            "FOURTEEN",
            "FIFTEEN",
            "SIXTEEN",
            "SEVENTEEN",
            "EIGHTEEN",
            "NINETEEN",
        ];
        const TENS: [&str; 10] = [
            "", "", "TWENTY", "THIRTY", "FORTY", "FIFTY", "SIXTY", "SEVENTY", "EIGHTY", "NINETY",
        ];
        let (large, rest, unit) = match self.0 {
            small @ 0..20 => return f.write_str(SMALL[small as usize]),
            number @ 20..100 => {
                f.write_str(TENS[(number / 10) as usize])?;
                return match number % 10 {
                    0 => Ok(()),
                    unit => write!(f, "-{}", SMALL[unit as usize]),
                };
            }
            number @ 100..1000 => (number / 100, number % 100, "HUNDRED"),
            number => (number / 1000, number % 1000, "THOUSAND"),
        };
        write!(f, "{} {unit}", Words(large))?;
        match rest {
            0 => Ok(()),
            rest if rest < 100 => write!(f, " AND {}", Words(rest)),
            rest => write!(f, " {}", Words(rest)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers of public examples of the standards.
    #[test]
    fn check_digits_are_those_of_the_standards() {
        assert_eq!(organisation("D2143569"), "D2143569X");
        assert_eq!(credit("91350100M000100Y4"), "91350100M000100Y43");
        assert_eq!(identity_card("11010519491231002"), "11010519491231002X");
        assert_eq!(container("CSQU", 305438), "CSQU3054383");
        let waybill = Waybill {
            prefix: "999",
            serial: 1_234_567,
            hyphen: false,
        };
        assert_eq!(waybill.to_string(), "99912345675");
    }

    #[test]
    fn numbers_are_written_as_people_do() {
        assert_eq!(Decimal(12_050, 2).to_string(), "120.5");
        assert_eq!(Decimal(100, 2).to_string(), "1");
        assert_eq!(Decimal(7, 3).to_string(), "0.007");
        assert_eq!(Words(18).to_string(), "EIGHTEEN");
        assert_eq!(Words(124).to_string(), "ONE HUNDRED AND TWENTY-FOUR");
        assert_eq!(Words(2500).to_string(), "TWO THOUSAND FIVE HUNDRED");
    }
}
