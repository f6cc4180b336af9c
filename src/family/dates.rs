//! Dates and times as messages write them, in a format of digits.

/// Whether `text` is a real date or time of this format: `y M d H m s S` are digits, `Z` any
/// character, everything else stands for itself.
pub fn is_date(text: &str, format: &str) -> bool {
    if !text.is_ascii() || text.len() != format.len() {
        return false;
    }
    let mut parts = [0u32; 6];
    for (byte, letter) in text.bytes().zip(format.bytes()) {
        let part = match letter {
            b'y' => 0,
            b'M' => 1,
            b'd' => 2,
            b'H' => 3,
            b'm' => 4,
            b's' => 5,
            b'S' if byte.is_ascii_digit() => continue,
            b'Z' => continue,
            letter if letter == byte => continue,
            _ => return false,
        };
        if !byte.is_ascii_digit() {
            return false;
        }
        parts[part] = parts[part] * 10 + u32::from(byte - b'0');
    }
    let [year, month, day, hour, minute, second] = parts;
    let has = |letter: char| format.contains(letter);
    let year = if format.matches('y').count() == 2 {
        2000 + year
    } else {
        year
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u32::from(leap),
        _ => 31,
    };
    (!has('y') || year > 0)
        && (!has('M') || (1..=12).contains(&month))
        && (!has('d') || (1..=days).contains(&day))
        && hour < 24
        && minute < 60
        && second < 60
}

#[cfg(test)]
mod tests {
    use super::is_date;

    #[test]
    fn dates() {
        let table = [
            ("20240229", "yyyyMMdd", true),
            ("20230229", "yyyyMMdd", false),
            ("2026-11-23", "yyyy-MM-dd", true),
            ("2026/11/23", "yyyy-MM-dd", false),
            ("20261123081530123", "yyyyMMddHHmmssSSS", true),
            ("20261123241530123", "yyyyMMddHHmmssSSS", false),
            ("202611230815+08", "yyyyMMddHHmmZZZ", true),
            ("2026112", "yyyyMMdd", false),
            ("００００００００", "yyyyMMdd", false),
        ];
        for (text, format, expected) in table {
            assert_eq!(is_date(text, format), expected, "{text} {format}");
        }
    }
}
