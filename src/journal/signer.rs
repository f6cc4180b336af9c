//! The signing key and its files. `journal.key` signs; `journal.former` names the public keys
//! before it, each with the size of the tree up to which it signed, so that old checkpoints
//! can be written again; `journal.pub` has all public keys for whoever verifies;
//! `journal.next` waits for the next start. `docs/evidence.md` says how a key is changed.
//!
//! Every file is written beside its place, synced and renamed. A change of the key is three
//! such steps, in an order that may stop anywhere and be taken up again.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};

use super::note::{self, Key, Signature};
use crate::disk::{self, Disk};

/// The key that signs, and those that did.
pub struct Signer {
    pair: Ed25519KeyPair,
    current: Key,
    former: Vec<Former>,
}

/// A key that was replaced when the tree had `until` leaves.
struct Former {
    until: u64,
    key: Key,
}

impl Signer {
    /// Reads the keys in `folder`, or makes the first one. A key that waits comes into force:
    /// it signs every tree of more than `size` leaves. `name` is that of the log.
    ///
    /// # Errors
    /// A file that cannot be read or written, a key that is lost, another name than before or
    /// one that signed notes cannot have.
    pub fn open(disk: &dyn Disk, folder: &Path, name: &str, size: u64) -> io::Result<Signer> {
        let files = Files(disk, folder);
        if name.is_empty() || name.contains(|c: char| c == '+' || c.is_whitespace()) {
            let what = format!("journal.origin: {name:?} has a space or a plus, or is empty");
            return Err(io::Error::new(ErrorKind::InvalidInput, what));
        }
        let old = files.newest(name)?;
        let published = files.text("journal.pub")?.unwrap_or_default();
        if old
            .as_ref()
            .is_some_and(|old| renamed(&published, old, name))
        {
            let what = format!("the log has another name than {name}; a log keeps its name");
            return Err(files.wrong("journal.pub", &what));
        }
        let mut former = files.former()?;
        let pair = match (files.pair("journal.next")?, old) {
            (Some(pair), Some(old)) => {
                // Once more after a stop between the steps: the first one is there already.
                former.retain(|former| former.key != old);
                former.push(Former {
                    until: size,
                    key: old,
                });
                let lines = former
                    .iter()
                    .map(|former| format!("{} {}\n", former.until, former.key));
                files.write("journal.former", lines.collect::<String>().as_bytes())?;
                disk.rename(&files.path("journal.next"), &files.path("journal.key"))?;
                disk.sync_folder(folder)?;
                pair
            }
            (Some(_), None) => {
                return Err(files.wrong("journal.key", "there is none to replace"));
            }
            (None, old) => match files.pair("journal.key")? {
                Some(pair) => pair,
                None if old.is_some() => {
                    let what = "it is lost; restore it, or replace it: tongguan keys rotate";
                    return Err(files.wrong("journal.key", what));
                }
                None => files.make("journal.key")?,
            },
        };
        let current = Key::new(name, public(&pair));
        // A change that stopped after its first step and was given up has not happened.
        former.retain(|former| former.key != current);
        let all = former.iter().map(|former| &former.key).chain([&current]);
        let text: String = all.map(|key| format!("{key}\n")).collect();
        if published != text {
            files.write("journal.pub", text.as_bytes())?;
        }
        Ok(Signer {
            pair,
            current,
            former,
        })
    }

    /// Signs a checkpoint's text. The same text has the same signature.
    pub fn sign(&self, text: &str) -> Signature {
        let signature = self.pair.sign(text.as_bytes());
        let bytes = signature.as_ref().try_into();
        bytes.expect("Ed25519 signatures have 64 bytes")
    }

    /// The key that signed the tree of `size` leaves.
    pub fn key(&self, size: u64) -> &Key {
        let former = self.former.iter().find(|former| size <= former.until);
        former.map_or(&self.current, |former| &former.key)
    }
}

/// Makes the key that comes into force at the next start, or finds the one that waits already;
/// gives its public key, to be published before.
///
/// # Errors
/// A folder without a key to replace, or files that cannot be read or written.
pub fn rotate(disk: &dyn Disk, folder: &Path, name: &str) -> io::Result<Key> {
    let files = Files(disk, folder);
    if files.newest(name)?.is_none() {
        return Err(files.wrong("journal.key", "there is none; the first start makes it"));
    }
    let pair = match files.pair("journal.next")? {
        Some(waiting) => waiting,
        None => files.make("journal.next")?,
    };
    Ok(Key::new(name, public(&pair)))
}

/// Whether a key has another name than this one, or was published under another.
fn renamed(published: &str, key: &Key, name: &str) -> bool {
    let keys = note::keys(published).unwrap_or_default();
    let mut same = keys.iter().filter(|known| known.public() == key.public());
    key.name() != name || same.any(|known| known.name() != name)
}

fn public(pair: &Ed25519KeyPair) -> [u8; 32] {
    let bytes = pair.public_key().as_ref().try_into();
    bytes.expect("Ed25519 public keys have 32 bytes")
}

/// The files of a folder.
struct Files<'a>(&'a dyn Disk, &'a Path);

impl Files<'_> {
    fn path(&self, file: &str) -> PathBuf {
        self.1.join(file)
    }

    fn wrong(&self, file: &str, what: &str) -> io::Error {
        let path = self.path(file);
        io::Error::new(
            ErrorKind::InvalidData,
            format!("{}: {what}", path.display()),
        )
    }

    fn read(&self, file: &str) -> io::Result<Option<Vec<u8>>> {
        match disk::read(self.0, &self.path(file)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn text(&self, file: &str) -> io::Result<Option<String>> {
        let text = self.read(file)?.map(String::from_utf8).transpose();
        text.map_err(|_| self.wrong(file, "not a text"))
    }

    /// The private key in a file, if there is one.
    fn pair(&self, file: &str) -> io::Result<Option<Ed25519KeyPair>> {
        let pair = self
            .read(file)?
            .map(|bytes| Ed25519KeyPair::from_pkcs8(&bytes));
        pair.transpose()
            .map_err(|_| self.wrong(file, "not an Ed25519 key"))
    }

    /// A new private key in a file.
    fn make(&self, file: &str) -> io::Result<Ed25519KeyPair> {
        let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new())
            .map_err(|_| self.wrong(file, "no key could be made"))?;
        self.write(file, document.as_ref())?;
        Ed25519KeyPair::from_pkcs8(document.as_ref())
            .map_err(|_| self.wrong(file, "not an Ed25519 key"))
    }

    /// The public key in force: that of the private one, or where it is lost, the last that was
    /// published.
    fn newest(&self, name: &str) -> io::Result<Option<Key>> {
        if let Some(pair) = self.pair("journal.key")? {
            return Ok(Some(Key::new(name, public(&pair))));
        }
        let Some(text) = self.text("journal.pub")? else {
            return Ok(None);
        };
        let keys = note::keys(&text).map_err(|what| self.wrong("journal.pub", &what))?;
        Ok(keys.last().cloned())
    }

    /// Lines of `size key`, the oldest first.
    fn former(&self) -> io::Result<Vec<Former>> {
        let text = self.text("journal.former")?.unwrap_or_default();
        let parse = |line: &str| {
            let (until, key) = line.split_once(' ')?;
            let (until, key) = (until.parse().ok()?, Key::parse(key).ok()?);
            Some(Former { until, key })
        };
        let lines: Option<Vec<Former>> = text.lines().map(parse).collect();
        lines
            .filter(|lines| lines.is_sorted_by_key(|former| former.until))
            .ok_or_else(|| self.wrong("journal.former", "not a list of sizes and public keys"))
    }

    fn write(&self, file: &str, bytes: &[u8]) -> io::Result<()> {
        disk::write_aside(self.0, &self.path(file), bytes)?;
        match file {
            // Only the public keys are for everybody.
            "journal.pub" => self.0.share(&self.path(file)),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::LocalDisk;
    use std::fs;

    const NAMES: [&str; 4] = [
        "journal.key",
        "journal.next",
        "journal.former",
        "journal.pub",
    ];

    fn contents(folder: &Path) -> Vec<Option<Vec<u8>>> {
        NAMES.map(|name| fs::read(folder.join(name)).ok()).to_vec()
    }

    fn restore(folder: &Path, contents: &[Option<Vec<u8>>]) {
        for (name, bytes) in NAMES.iter().zip(contents) {
            match bytes {
                Some(bytes) => fs::write(folder.join(name), bytes).expect("written"),
                None => _ = fs::remove_file(folder.join(name)),
            }
        }
    }

    fn open(folder: &Path, size: u64) -> Signer {
        Signer::open(&LocalDisk, folder, "gateway.example", size).expect("opens")
    }

    fn refused(folder: &Path, name: &str) -> String {
        let opened = Signer::open(&LocalDisk, folder, name, 7);
        opened.err().expect("is refused").to_string()
    }

    #[test]
    fn a_key_stays_the_same() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = open(folder.path(), 0);
        let files = contents(folder.path());
        let again = open(folder.path(), 700);
        assert_eq!(again.sign("text"), first.sign("text"));
        assert_eq!(again.key(3), first.key(1_000_000));
        assert!(first.key(0).verify("text", &first.sign("text")));
        assert_eq!(contents(folder.path()), files);
        assert!(refused(folder.path(), "other.example").contains("another name"));
        for name in ["", "a b", "a+b", "a\nb"] {
            assert!(
                refused(folder.path(), name).contains("journal.origin"),
                "{name:?}"
            );
        }
    }

    #[test]
    fn a_change_may_stop_between_any_two_steps() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path();
        assert!(
            rotate(&LocalDisk, path, "gateway.example").is_err(),
            "nothing to replace"
        );
        let old = open(path, 0).key(0).clone();
        let new = rotate(&LocalDisk, path, "gateway.example").expect("a new key");
        let before = contents(path);
        assert_eq!(
            rotate(&LocalDisk, path, "gateway.example").expect("waits"),
            new
        );
        assert_eq!(contents(path), before, "a key that waits is not replaced");
        open(path, 7);
        let after = contents(path);
        assert_eq!(after[1], None);
        let former = String::from_utf8(after[2].clone().expect("a file")).expect("text");
        assert_eq!(former, format!("7 {old}\n"));
        // Bit n: whether step n has been done: former, the key renamed, the public keys.
        for done in [0b000, 0b001, 0b011, 0b111] {
            let pick = |step: usize, file: usize| match done >> step & 1 {
                1 => after[file].clone(),
                _ => before[file].clone(),
            };
            restore(path, &[pick(1, 0), pick(1, 1), pick(0, 2), pick(2, 3)]);
            let signer = open(path, 7);
            assert_eq!(contents(path), after, "steps {done:b}");
            assert_eq!((signer.key(7), signer.key(8)), (&old, &new));
            assert!(new.verify("text", &signer.sign("text")));
        }
        // With another name nothing is begun.
        restore(path, &before);
        assert!(refused(path, "other.example").contains("another name"));
        assert_eq!(contents(path), before);
        // A change that is given up after its first step has not happened.
        restore(
            path,
            &[before[0].clone(), None, after[2].clone(), before[3].clone()],
        );
        assert_eq!(open(path, 9).key(8), &old);
        assert_eq!(contents(path)[3], before[3], "one public key, once");
        // A second change: three keys, each for its part.
        restore(path, &after);
        let third = rotate(&LocalDisk, path, "gateway.example").expect("a third key");
        let signer = open(path, 12);
        let keys = [7, 8, 12, 13].map(|size| signer.key(size).clone());
        assert_eq!(keys, [old.clone(), new.clone(), new.clone(), third.clone()]);
        let public = fs::read_to_string(path.join("journal.pub")).expect("the public keys");
        assert_eq!(note::keys(&public), Ok(vec![old, new, third]));
    }

    #[test]
    fn a_lost_key_is_named_and_can_be_replaced() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path();
        let old = open(path, 0).key(0).clone();
        fs::remove_file(path.join("journal.key")).expect("removed");
        assert!(refused(path, "gateway.example").contains("keys rotate"));
        let new = rotate(&LocalDisk, path, "gateway.example").expect("a new key");
        let signer = open(path, 7);
        assert_eq!((signer.key(7), signer.key(8)), (&old, &new));
        for (file, bytes) in [("journal.former", "8"), ("journal.key", "x")] {
            let whole = contents(path);
            fs::write(path.join(file), bytes).expect("written");
            assert!(refused(path, "gateway.example").contains(file), "{file}");
            restore(path, &whole);
        }
    }
}
