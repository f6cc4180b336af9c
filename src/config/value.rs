//! How a setting's value is read from text and shown again.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// What a value looks like in TOML.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A whole number.
    Integer,
    /// A string.
    Text,
    /// true or false.
    Boolean,
}

/// A type that a setting can have. `key` carries the unit in its last word.
pub trait Value: Sized {
    /// Its form in TOML.
    const SHAPE: Shape;
    /// From the text of a TOML value or of an environment variable.
    fn read(key: &str, text: &str) -> Result<Self, String>;
    /// The reverse of `read`.
    fn show(&self, key: &str) -> String;
}

/// The end of settings that count something: ten times the elements of the largest message. A
/// queue of so many is gigabytes already.
const COUNT_MAX: u64 = 10_000_000;

/// The end of settings in bytes: a terabyte.
const BYTES_MAX: u64 = 1 << 40;

macro_rules! integer {
    ($($type:ty),+) => {$(
        impl Value for $type {
            const SHAPE: Shape = Shape::Integer;
            fn read(key: &str, text: &str) -> Result<Self, String> {
                let end = if key.contains("bytes") { BYTES_MAX } else { COUNT_MAX };
                let number: Option<u64> = text.replace('_', "").parse().ok();
                let fits = number.filter(|number| (1..=end).contains(number));
                let fits = fits.and_then(|number| <$type>::try_from(number).ok());
                fits.ok_or_else(|| {
                    let end = end.min(<$type>::MAX as u64);
                    format!("expected a whole number from 1 to {end}, found {text}")
                })
            }
            fn show(&self, _key: &str) -> String {
                self.to_string()
            }
        }
    )+};
}

integer!(u32, u64, usize);

impl Value for Duration {
    const SHAPE: Shape = Shape::Integer;

    fn read(key: &str, text: &str) -> Result<Duration, String> {
        // A day is longer than anything here should ever wait.
        const MS_MAX: u64 = 86_400_000;
        let unit_ms = unit_ms(key);
        let number: u64 = text
            .replace('_', "")
            .parse()
            .map_err(|_| format!("expected a whole number, found {text}"))?;
        let ms = number.saturating_mul(unit_ms);
        if ms == 0 || ms > MS_MAX {
            return Err(format!(
                "expected a number from 1 to {}, found {text}",
                MS_MAX / unit_ms
            ));
        }
        Ok(Duration::from_millis(ms))
    }

    fn show(&self, key: &str) -> String {
        (self.as_millis() / u128::from(unit_ms(key))).to_string()
    }
}

fn unit_ms(key: &str) -> u64 {
    if key.ends_with("_ms") { 1 } else { 1000 }
}

impl Value for String {
    const SHAPE: Shape = Shape::Text;
    fn read(_key: &str, text: &str) -> Result<String, String> {
        Ok(text.to_owned())
    }
    fn show(&self, _key: &str) -> String {
        self.clone()
    }
}

impl Value for PathBuf {
    const SHAPE: Shape = Shape::Text;
    fn read(_key: &str, text: &str) -> Result<PathBuf, String> {
        if text.is_empty() {
            Err("expected a path, found nothing".to_owned())
        } else {
            Ok(PathBuf::from(text))
        }
    }
    fn show(&self, _key: &str) -> String {
        self.display().to_string()
    }
}

impl Value for Option<PathBuf> {
    const SHAPE: Shape = Shape::Text;
    fn read(_key: &str, text: &str) -> Result<Option<PathBuf>, String> {
        Ok(Some(text)
            .filter(|text| !text.is_empty())
            .map(PathBuf::from))
    }
    fn show(&self, _key: &str) -> String {
        self.as_ref()
            .map(|path| path.display().to_string())
            .unwrap_or_default()
    }
}

impl Value for SocketAddr {
    const SHAPE: Shape = Shape::Text;
    fn read(_key: &str, text: &str) -> Result<SocketAddr, String> {
        text.parse().map_err(|_| {
            format!("expected an address and a port such as 127.0.0.1:8443, found {text:?}")
        })
    }
    fn show(&self, _key: &str) -> String {
        self.to_string()
    }
}

impl Value for bool {
    const SHAPE: Shape = Shape::Boolean;
    fn read(_key: &str, text: &str) -> Result<bool, String> {
        text.parse()
            .map_err(|_| format!("expected true or false, found {text:?}"))
    }
    fn show(&self, _key: &str) -> String {
        self.to_string()
    }
}
