//! Check digits of the identifiers that declarations carry. Each function takes the whole
//! identifier and says whether its check digit is right; what has another shape is wrong.

/// The algorithms, by the name that rules use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// Unified social credit code, 18 characters (GB 32100).
    Uscc,
    /// Organisation code, 9 characters, a hyphen before the last admitted (GB 11714).
    Organisation,
    /// Freight container, 11 characters (ISO 6346).
    Container,
    /// Air waybill, 11 digits, a hyphen after the third admitted (IATA).
    AirWaybill,
    /// Resident identity card, 18 characters (GB 11643, ISO 7064 MOD 11-2).
    IdentityCard,
}

impl Algorithm {
    /// The algorithms and their names.
    pub const ALL: [(&'static str, Algorithm); 5] = [
        ("uscc", Algorithm::Uscc),
        ("organisation", Algorithm::Organisation),
        ("container", Algorithm::Container),
        ("air_waybill", Algorithm::AirWaybill),
        ("identity_card", Algorithm::IdentityCard),
    ];

    /// Whether the check digit of `text` is right.
    pub fn holds(self, text: &str) -> bool {
        match self {
            Algorithm::Uscc => uscc(text),
            Algorithm::Organisation => organisation(text),
            Algorithm::Container => container(text),
            Algorithm::AirWaybill => air_waybill(text),
            Algorithm::IdentityCard => identity_card(text),
        }
    }
}

fn uscc(text: &str) -> bool {
    const WEIGHTS: [usize; 17] = [
        1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28,
    ];
    let Ok(bytes) = <&[u8; 18]>::try_from(text.as_bytes()) else {
        return false;
    };
    let value = |byte: u8| Some(USCC_VALUES[usize::from(byte)]).filter(|value| *value < 31);
    let sum = bytes
        .iter()
        .zip(WEIGHTS)
        .try_fold(0, |sum, (byte, weight)| Some(sum + value(*byte)? * weight));
    sum.is_some_and(|sum| value(bytes[17]) == Some((31 - sum % 31) % 31))
}

/// What each symbol of a unified social credit code counts; 31 for what is none.
const USCC_VALUES: [usize; 256] = {
    // Without I, O, S, V and Z, which look like digits.
    let symbols = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
    let mut values = [symbols.len(); 256];
    let mut value = 0;
    while value < symbols.len() {
        values[symbols[value] as usize] = value;
        value += 1;
    }
    values
};

fn organisation(text: &str) -> bool {
    const WEIGHTS: [u32; 8] = [3, 7, 9, 10, 5, 8, 4, 2];
    let (code, check) = match text.as_bytes() {
        [code @ .., b'-', check] | [code @ .., check] if code.len() == 8 => (code, *check),
        _ => return false,
    };
    let value = |byte: u8| match byte {
        b'0'..=b'9' => Some(u32::from(byte - b'0')),
        b'A'..=b'Z' => Some(u32::from(byte - b'A') + 10),
        _ => None,
    };
    let sum = code
        .iter()
        .zip(WEIGHTS)
        .try_fold(0, |sum, (byte, weight)| Some(sum + value(*byte)? * weight));
    sum.is_some_and(|sum| {
        check
            == match 11 - sum % 11 {
                10 => b'X',
                11 => b'0',
                digit => b'0' + digit as u8,
            }
    })
}

fn container(text: &str) -> bool {
    let bytes = text.as_bytes();
    let shaped = bytes.len() == 11
        && bytes[..3].iter().all(u8::is_ascii_uppercase)
        && matches!(bytes[3], b'U' | b'J' | b'Z')
        && bytes[4..].iter().all(u8::is_ascii_digit);
    if !shaped {
        return false;
    }
    // A is 10, and the multiples of 11 are left out.
    let value = |byte: u8| match byte {
        b'0'..=b'9' => u32::from(byte - b'0'),
        letter => {
            let place = u32::from(letter - b'A');
            10 + place + place.div_ceil(10)
        }
    };
    let sum: u32 = bytes[..10]
        .iter()
        .enumerate()
        .map(|(at, byte)| value(*byte) << at)
        .sum();
    sum % 11 % 10 == u32::from(bytes[10] - b'0')
}

fn air_waybill(text: &str) -> bool {
    let (prefix, serial) = match text.as_bytes() {
        [prefix @ .., b'-', _, _, _, _, _, _, _, _] => (prefix, &text.as_bytes()[text.len() - 8..]),
        bytes => bytes.split_at(bytes.len().min(3)),
    };
    let digits = |bytes: &[u8]| bytes.iter().all(u8::is_ascii_digit);
    if prefix.len() != 3 || serial.len() != 8 || !digits(prefix) || !digits(serial) {
        return false;
    }
    let number = |bytes: &[u8]| {
        let values = bytes.iter().map(|byte| u32::from(byte - b'0'));
        values.fold(0, |number, digit| number * 10 + digit)
    };
    number(&serial[..7]) % 7 == number(&serial[7..])
}

fn identity_card(text: &str) -> bool {
    let bytes = text.as_bytes();
    let shaped = bytes.len() == 18
        && bytes[..17].iter().all(u8::is_ascii_digit)
        && (bytes[17].is_ascii_digit() || bytes[17] == b'X');
    if !shaped {
        return false;
    }
    let value = |byte: u8| {
        if byte == b'X' {
            10
        } else {
            u32::from(byte - b'0')
        }
    };
    bytes
        .iter()
        .fold(0, |sum, byte| (sum * 2 + value(*byte)) % 11)
        == 1
}

#[cfg(test)]
mod tests {
    use super::Algorithm::*;

    #[test]
    fn published_identifiers() {
        let right = [
            (Uscc, "91350100M000100Y43"),
            (Organisation, "D2143569X"),
            (Organisation, "D2143569-X"),
            (Container, "CSQU3054383"),
            (AirWaybill, "999-12345675"),
            (AirWaybill, "99912345675"),
            (IdentityCard, "11010519491231002X"),
        ];
        for (algorithm, text) in right {
            assert!(algorithm.holds(text), "{algorithm:?} {text}");
            // Any single digit changed is noticed.
            for at in (0..text.len()).filter(|at| text.as_bytes()[*at].is_ascii_digit()) {
                let digit = (text.as_bytes()[at] - b'0' + 1) % 10;
                let changed = format!("{}{digit}{}", &text[..at], &text[at + 1..]);
                let prefix = algorithm == AirWaybill && at < 3;
                assert!(
                    prefix || !algorithm.holds(&changed),
                    "{algorithm:?} {changed}"
                );
            }
        }
        let wrong = [
            (Uscc, ""),
            (Uscc, "91350100I000100Y43"),
            (Container, "CSQX3054383"),
            (AirWaybill, "999-1234567"),
            (IdentityCard, "中"),
        ];
        for (algorithm, text) in wrong {
            assert!(!algorithm.holds(text), "{algorithm:?} {text}");
        }
    }
}
