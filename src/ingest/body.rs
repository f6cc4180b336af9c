//! Gathers a body under limits of size, time and rate, and undoes its compression under the
//! same limit of size.

use std::io::Read;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};

use super::Settings;

/// A body gets this long before its rate counts.
const GRACE: Duration = Duration::from_secs(5);

/// Window of a zstd frame: 8 MiB, which RFC 9659 has as the end for this content coding. A
/// frame that asks for more would be given memory before its first byte is known.
const ZSTD_WINDOW_LOG_MAX: u32 = 23;

/// Why a body is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// More bytes than the limit, as sent or after decompression.
    TooLong,
    /// Not complete in time, or too slow.
    TooSlow,
    /// The connection ended before the body did.
    Broken,
    /// A `Content-Encoding` other than gzip and zstd.
    Encoding,
    /// Bytes that are not what the `Content-Encoding` says.
    Compression,
    /// Nothing at all.
    Empty,
}

/// How a body is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// Not at all.
    Identity,
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstd,
}

impl Coding {
    /// From a `Content-Encoding` header.
    pub fn parse(header: Option<&str>) -> Result<Coding, Refused> {
        match header
            .map(|header| header.trim().to_ascii_lowercase())
            .as_deref()
        {
            None | Some("" | "identity") => Ok(Coding::Identity),
            Some("gzip" | "x-gzip") => Ok(Coding::Gzip),
            Some("zstd") => Ok(Coding::Zstd),
            Some(_) => Err(Refused::Encoding),
        }
    }
}

/// Reads a body to its end.
pub async fn gather(body: &mut Incoming, settings: &Settings) -> Result<Bytes, Refused> {
    let max = settings.body_bytes_max;
    if body.size_hint().lower() > max as u64 {
        return Err(Refused::TooLong);
    }
    let start = Instant::now();
    let mut gathered = BytesMut::new();
    loop {
        let left = settings.body_timeout_s.saturating_sub(start.elapsed());
        // Woken at least once a second, so that a body that trickles is noticed.
        let wait = left.min(Duration::from_secs(1));
        match tokio::time::timeout(wait, body.frame()).await {
            Ok(None) if gathered.is_empty() => return Err(Refused::Empty),
            Ok(None) => return Ok(gathered.freeze()),
            Ok(Some(Err(_))) => return Err(Refused::Broken),
            Ok(Some(Ok(frame))) => {
                if let Ok(data) = frame.into_data() {
                    if gathered.len() + data.len() > max {
                        return Err(Refused::TooLong);
                    }
                    gathered.extend_from_slice(&data);
                }
            }
            Err(_) => {}
        }
        let counted = start.elapsed().saturating_sub(GRACE).as_secs_f64();
        let expected = counted * settings.body_rate_min as f64;
        if start.elapsed() >= settings.body_timeout_s || (gathered.len() as f64) < expected {
            return Err(Refused::TooSlow);
        }
    }
}

/// Undoes the compression; never holds more than `bytes_max`.
pub fn expand(coding: Coding, bytes: Bytes, bytes_max: usize) -> Result<Bytes, Refused> {
    match coding {
        Coding::Identity => Ok(bytes),
        Coding::Gzip => read(flate2::read::MultiGzDecoder::new(&bytes[..]), bytes_max),
        Coding::Zstd => {
            let mut decoder = zstd::stream::read::Decoder::with_buffer(&bytes[..])
                .map_err(|_| Refused::Compression)?;
            let bounded = decoder.window_log_max(ZSTD_WINDOW_LOG_MAX);
            bounded.map_err(|_| Refused::Compression)?;
            read(decoder, bytes_max)
        }
    }
}

fn read(decoder: impl Read, bytes_max: usize) -> Result<Bytes, Refused> {
    let mut expanded = Vec::new();
    let read = decoder
        .take(bytes_max as u64 + 1)
        .read_to_end(&mut expanded);
    if expanded.len() > bytes_max {
        return Err(Refused::TooLong);
    }
    match read {
        Ok(0) => Err(Refused::Empty),
        Ok(_) => Ok(Bytes::from(expanded)),
        Err(_) => Err(Refused::Compression),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn compression_is_undone_within_bounds() {
        let text = b"<a>text</a>".repeat(1000);
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gzip.write_all(&text).expect("compresses");
        let gzip = gzip.finish().expect("compresses");
        let zstd = zstd::stream::encode_all(&text[..], 3).expect("compresses");
        for (coding, bytes) in [(Coding::Gzip, gzip), (Coding::Zstd, zstd)] {
            let whole = Bytes::from(bytes.clone());
            assert_eq!(
                expand(coding, whole.clone(), text.len()),
                Ok(Bytes::from(text.clone()))
            );
            assert_eq!(
                expand(coding, whole.clone(), text.len() - 1),
                Err(Refused::TooLong)
            );
            assert_eq!(
                expand(coding, whole.slice(..bytes.len() - 3), text.len()),
                Err(Refused::Compression)
            );
            assert_eq!(
                expand(coding, Bytes::from_static(b"<a/>"), 100),
                Err(Refused::Compression)
            );
            let trailing = [&bytes[..], b"junk"].concat();
            assert_eq!(
                expand(coding, Bytes::from(trailing), text.len()),
                Err(Refused::Compression)
            );
        }
        // A bomb: a thousand to one is cut off at the limit.
        let bomb =
            zstd::stream::encode_all(std::io::repeat(b' ').take(1 << 30), 1).expect("compresses");
        assert_eq!(
            expand(Coding::Zstd, Bytes::from(bomb), 10 << 20),
            Err(Refused::TooLong)
        );
    }
}
