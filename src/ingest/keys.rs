//! Who calls. A key is 32 random bytes, shown once when it is made; the file holds its SHA-256
//! and whose it is. A running gateway notices a changed file within a second; one that cannot
//! be read leaves the keys as they were.

use std::collections::HashMap;
use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use crate::declaration::{Digest, Timestamp};
use crate::disk::{Disk, LocalDisk, above, write_aside};
use crate::fault::Fault;
use crate::telemetry;

/// How often the file is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Characters of a name.
const NAME_CHARS_MAX: usize = 64;

/// What a caller may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Declares, and sees its own declarations.
    Trader,
    /// Sends answers; its name is that of its lane.
    Authority,
}

impl Role {
    /// The word in the file.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Trader => "trader",
            Role::Authority => "authority",
        }
    }
}

/// One key in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// Whose it is.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// SHA-256 of the key, in hexadecimal.
    pub sha256: String,
    /// When it was made.
    pub created: String,
    /// When it was ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoked: Option<String>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    #[serde(default)]
    key: Vec<Key>,
}

/// Makes a key, enters its digest in `file`, and gives it: the only time it can be seen.
///
/// # Errors
/// A name that is not one, or a file that cannot be written.
pub fn add(file: &Path, name: &str, role: Role, at: Timestamp) -> Result<String, Fault> {
    let fine = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    if name.is_empty() || name.len() > NAME_CHARS_MAX || !name.bytes().all(fine) {
        let text =
            format!("{name:?}: a name has 1 to {NAME_CHARS_MAX} letters, digits, '.', '_' or '-'");
        return Err(Fault::operator(text));
    }
    let mut bytes = [0; 32];
    aws_lc_rs::rand::fill(&mut bytes)
        .map_err(|_| Fault::ours("the system gives no random bytes"))?;
    let key = format!("tg_{}", BASE64.encode(bytes));
    change(file, |keys| {
        let (name, sha256) = (name.to_owned(), Digest::of(key.as_bytes()).to_string());
        keys.push(Key {
            name,
            role,
            sha256,
            created: at.to_string(),
            revoked: None,
        });
    })?;
    Ok(key)
}

/// Every key in `file`.
///
/// # Errors
/// A file that cannot be read.
pub fn list(file: &Path) -> Result<Vec<Key>, Fault> {
    read(file)
}

/// Ends every key of `name`; gives how many there were.
///
/// # Errors
/// A file that cannot be read or written.
pub fn revoke(file: &Path, name: &str, at: Timestamp) -> Result<usize, Fault> {
    let mut ended = 0;
    change(file, |keys| {
        for key in keys
            .iter_mut()
            .filter(|key| key.name == name && key.revoked.is_none())
        {
            key.revoked = Some(at.to_string());
            ended += 1;
        }
    })?;
    Ok(ended)
}

/// The keys in force, for a running gateway.
pub struct Keys {
    file: PathBuf,
    state: Mutex<State>,
}

struct State {
    by_digest: HashMap<[u8; 32], (String, Role)>,
    looked_at: Instant,
    stamp: Option<(SystemTime, u64)>,
}

impl Keys {
    /// Reads `file`; one that is not there has no keys.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn open(file: &Path) -> Result<Keys, Fault> {
        let state = State {
            by_digest: in_force(read(file)?),
            looked_at: Instant::now(),
            stamp: stamp(file),
        };
        Ok(Keys {
            file: file.to_owned(),
            state: Mutex::new(state),
        })
    }

    /// Whose key this is, if it is in force.
    pub fn caller(&self, key: &str) -> Option<(String, Role)> {
        let digest = Digest::of(key.as_bytes()).0;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        // An unknown key may just have been made; a revoked one is noticed within a second.
        if state.looked_at.elapsed() >= LOOK || !state.by_digest.contains_key(&digest) {
            state.looked_at = Instant::now();
            let stamp = stamp(&self.file);
            if stamp != state.stamp {
                match read(&self.file) {
                    Ok(keys) => {
                        state.by_digest = in_force(keys);
                        state.stamp = stamp;
                    }
                    Err(fault) => telemetry::ingest_keys_unreadable(&fault),
                }
            }
        }
        // The table is found by the digest, which says nothing of the key; the comparison is
        // constant in time all the same.
        let (known, caller) = state.by_digest.get_key_value(&digest)?;
        bool::from(known.ct_eq(&digest)).then(|| caller.clone())
    }
}

fn in_force(keys: Vec<Key>) -> HashMap<[u8; 32], (String, Role)> {
    let keys = keys.into_iter().filter(|key| key.revoked.is_none());
    keys.filter_map(|key| Some((Digest::parse(&key.sha256)?.0, (key.name, key.role))))
        .collect()
}

fn stamp(file: &Path) -> Option<(SystemTime, u64)> {
    let found = fs::metadata(file).ok()?;
    Some((found.modified().ok()?, found.len()))
}

fn read(file: &Path) -> Result<Vec<Key>, Fault> {
    let fault = |what: String| Fault::operator(format!("{}: {what}", file.display()));
    let text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(fault(error.to_string())),
    };
    let keys: KeyFile = toml::from_str(&text).map_err(|error| fault(error.to_string()))?;
    match keys
        .key
        .iter()
        .find(|key| Digest::parse(&key.sha256).is_none())
    {
        Some(key) => Err(fault(format!("sha256 of {} is not one", key.name))),
        None => Ok(keys.key),
    }
}

/// Changes the file: alone, beside its place, whole or not at all.
fn change(file: &Path, work: impl FnOnce(&mut Vec<Key>)) -> Result<(), Fault> {
    let fault = |error: io::Error| Fault::operator(format!("{}: {error}", file.display()));
    LocalDisk.make_folder(above(file)).map_err(fault)?;
    let lock = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(file.with_extension("lock"));
    let lock = lock.map_err(fault)?;
    lock.lock().map_err(fault)?;
    let mut keys = read(file)?;
    work(&mut keys);
    let text =
        toml::to_string(&KeyFile { key: keys }).map_err(|error| Fault::ours(error.to_string()))?;
    write_aside(&LocalDisk, file, text.as_bytes()).map_err(fault)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_into_force_and_end() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("keys.toml");
        assert_eq!(list(&file).expect("none yet"), []);
        let key = add(&file, "acme", Role::Trader, Timestamp(0)).expect("made");
        let other = add(&file, "customs", Role::Authority, Timestamp(0)).expect("made");
        let text = fs::read_to_string(&file).expect("reads");
        assert!(
            !text.contains(&key[3..]),
            "the key itself is not in the file"
        );
        let keys = Keys::open(&file).expect("opens");
        assert_eq!(keys.caller(&key), Some(("acme".to_owned(), Role::Trader)));
        assert_eq!(
            keys.caller(&other),
            Some(("customs".to_owned(), Role::Authority))
        );
        assert_eq!(keys.caller(&format!("{key}x")), None);
        assert_eq!(keys.caller(""), None);
        assert_eq!(revoke(&file, "acme", Timestamp(1)).expect("ended"), 1);
        assert_eq!(revoke(&file, "acme", Timestamp(2)).expect("ended"), 0);
        assert_eq!(Keys::open(&file).expect("opens").caller(&key), None);
        for wrong in ["", "a b", "../x", &"x".repeat(65)] {
            assert!(
                add(&file, wrong, Role::Trader, Timestamp(0)).is_err(),
                "{wrong:?}"
            );
        }
    }
}
