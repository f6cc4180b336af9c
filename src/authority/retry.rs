//! When to try again: a pure function of the attempt and a random number.

use std::time::Duration;

/// How long and how often.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Before the second attempt. A restart of a peer takes a second or two; most hiccups less.
    pub first_ms: Duration,
    /// Between any two attempts at most: an authority that is back is noticed within a minute.
    pub longest_ms: Duration,
    /// Attempts before a dispatch is a dead letter. With a minute between them this is two
    /// days, longer than any announced outage.
    pub attempts_max: u32,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            first_ms: Duration::from_millis(500),
            longest_ms: Duration::from_secs(60),
            attempts_max: 2_900,
        }
    }
}

/// How long to wait after failed attempt number `attempt` (from 1): twice as long each time,
/// up to the longest, of which `random` takes away up to half, so that many that failed
/// together do not come back together. `None`: give up.
pub fn delay(attempt: u32, settings: &Settings, random: u64) -> Option<Duration> {
    if attempt >= settings.attempts_max {
        return None;
    }
    let doubled = 2u32
        .checked_pow(attempt.saturating_sub(1))
        .unwrap_or(u32::MAX);
    let whole = settings
        .first_ms
        .saturating_mul(doubled)
        .min(settings.longest_ms);
    let half = whole / 2;
    let part = random % (half.as_millis().max(1) as u64);
    Some(half + Duration::from_millis(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_and_end() {
        let settings = Settings {
            attempts_max: 10,
            ..Settings::default()
        };
        let table = [
            (1, 250, 500),
            (2, 500, 1000),
            (3, 1000, 2000),
            (8, 30_000, 60_000),
            (9, 30_000, 60_000),
        ];
        for (attempt, low, high) in table {
            for random in [0, 1, 77, u64::MAX] {
                let ms = delay(attempt, &settings, random)
                    .expect("another attempt")
                    .as_millis();
                assert!((low..=high).contains(&ms), "attempt {attempt}: {ms} ms");
            }
        }
        assert_eq!(delay(10, &settings, 0), None);
    }
}
