//! Checkpoints and signed notes as text: the forms of C2SP tlog-checkpoint, signed-note and
//! its verifier keys, with Ed25519. The files of the keys are left to `signer`.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::merkle::Hash;

/// A signature of Ed25519.
pub type Signature = [u8; 64];

/// The type byte of Ed25519 in signed notes.
const ED25519_TYPE: u8 = 1;

/// Signatures of a note that are looked at: signed-note has a verifier accept 16, a log's own
/// and those of witnesses.
const SIGNATURES_MAX: usize = 16;

/// The text of a checkpoint: name of the log, size, root.
pub fn checkpoint(origin: &str, size: u64, root: &Hash) -> String {
    format!("{origin}\n{size}\n{}\n", BASE64.encode(root))
}

/// A public key and its name: `NAME+HASH+KEY`, as signed notes write it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    name: String,
    public: [u8; 32],
}

impl Key {
    /// A key with this name.
    pub fn new(name: &str, public: [u8; 32]) -> Key {
        let name = name.to_owned();
        Key { name, public }
    }

    /// Reads the text form.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Key, String> {
        let form = "the public key has another form than NAME+HASH+KEY";
        let (name, rest) = text.split_once('+').ok_or(form)?;
        let (hash, key) = rest.split_once('+').ok_or(form)?;
        if name.is_empty() || name.contains(char::is_whitespace) {
            return Err(form.to_owned());
        }
        let key = BASE64
            .decode(key)
            .map_err(|_| "the public key is not base64")?;
        let public = match key.split_first() {
            Some((&ED25519_TYPE, public)) => public
                .try_into()
                .map_err(|_| "the public key has another length")?,
            _ => return Err("the public key is not one of Ed25519".to_owned()),
        };
        let key = Key::new(name, public);
        if hash != hex(&key.id()) {
            return Err("the public key does not agree with its own hash".to_owned());
        }
        Ok(key)
    }

    /// Its name: that of the log.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key itself.
    pub fn public(&self) -> &[u8; 32] {
        &self.public
    }

    /// Whether this is its signature of a text.
    pub fn verify(&self, text: &str, signature: &[u8]) -> bool {
        let key = UnparsedPublicKey::new(&ED25519, self.public);
        key.verify(text.as_bytes(), signature).is_ok()
    }

    /// The signed note of a text and its signature.
    pub fn note(&self, text: &str, signature: &Signature) -> String {
        let bytes = [&self.id()[..], signature].concat();
        format!("{text}\n\u{2014} {} {}\n", self.name, BASE64.encode(bytes))
    }

    /// The four bytes by which signed notes tell keys apart.
    fn id(&self) -> [u8; 4] {
        let name = self.name.as_bytes();
        let bytes = [name, &[b'\n', ED25519_TYPE], &self.public].concat();
        let hash = digest(&SHA256, &bytes);
        hash.as_ref()[..4].try_into().expect("SHA-256 has 32 bytes")
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = [&[ED25519_TYPE][..], &self.public].concat();
        write!(
            f,
            "{}+{}+{}",
            self.name,
            hex(&self.id()),
            BASE64.encode(key)
        )
    }
}

/// Reads public keys, one a line, the newest last.
///
/// # Errors
/// The line that is not one, or that there is none.
pub fn keys(text: &str) -> Result<Vec<Key>, String> {
    let lines = text.lines().enumerate();
    let parsed = lines.map(|(number, line)| {
        Key::parse(line).map_err(|what| format!("line {}: {what}", number + 1))
    });
    let keys: Vec<Key> = parsed.collect::<Result<_, _>>()?;
    if keys.is_empty() {
        return Err("there is no public key".to_owned());
    }
    Ok(keys)
}

/// The checkpoint that a signed note carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Name of the log.
    pub origin: String,
    /// Leaves of its tree.
    pub size: u64,
    /// The root.
    pub root: Hash,
}

/// A signed note, taken apart. Nothing of it is to be believed before [`Note::signer`] has
/// named a known key.
#[derive(Debug)]
pub struct Note<'a> {
    text: &'a str,
    signatures: Vec<Signed<'a>>,
}

/// One signature of a note.
#[derive(Debug)]
struct Signed<'a> {
    name: &'a str,
    id: [u8; 4],
    signature: Vec<u8>,
}

impl<'a> Note<'a> {
    /// Reads a note.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(note: &'a str) -> Result<Note<'a>, String> {
        let end = note
            .rfind("\n\n")
            .ok_or("the checkpoint is not a signed note")?;
        let (text, lines) = (&note[..=end], &note[end + 2..]);
        if note.bytes().any(|byte| byte < 0x20 && byte != b'\n') || !lines.ends_with('\n') {
            return Err("the checkpoint is not a signed note".to_owned());
        }
        let signatures: Vec<Signed> = lines.lines().map(Signed::parse).collect::<Result<_, _>>()?;
        if signatures.len() > SIGNATURES_MAX {
            return Err(format!("more than {SIGNATURES_MAX} signatures"));
        }
        Ok(Note { text, signatures })
    }

    /// Which of the keys signed it, the first one found. Signatures of unknown keys, such as
    /// those of witnesses, say nothing; a wrong one of a known key condemns the note.
    ///
    /// # Errors
    /// Whose signature does not hold, or that none is of a known key.
    pub fn signer(&self, keys: &[Key]) -> Result<usize, String> {
        let mut found = None;
        for signed in &self.signatures {
            let known = |key: &Key| key.name == signed.name && key.id() == signed.id;
            let Some(number) = keys.iter().position(known) else {
                continue;
            };
            if !keys[number].verify(self.text, &signed.signature) {
                return Err("the signature of the checkpoint does not hold".to_owned());
            }
            found = found.or(Some(number));
        }
        found.ok_or_else(|| {
            let by = self.signers().join(" and ");
            format!("the checkpoint is signed by {by}, which is no key that was given")
        })
    }

    /// Name and hash of every key that it claims to be signed with.
    pub fn signers(&self) -> Vec<String> {
        let signatures = self.signatures.iter();
        signatures
            .map(|signed| format!("{}+{}", signed.name, hex(&signed.id)))
            .collect()
    }

    /// What it says, as a checkpoint. Further lines would be taken by nobody, so they are
    /// refused.
    ///
    /// # Errors
    /// Which part is missing or has another form.
    pub fn checkpoint(&self) -> Result<Checkpoint, String> {
        let mut lines = self.text.lines();
        let origin = lines.next().unwrap_or_default().to_owned();
        let size = lines.next().and_then(|size| size.parse().ok());
        let size = size.ok_or("the checkpoint has no size")?;
        let root = lines.next().and_then(|root| BASE64.decode(root).ok());
        let root = root.and_then(|root| root.try_into().ok());
        let root = root.ok_or("the checkpoint has no root")?;
        if origin.is_empty() || checkpoint(&origin, size, &root) != self.text {
            return Err("the checkpoint has another form".to_owned());
        }
        Ok(Checkpoint { origin, size, root })
    }
}

impl<'a> Signed<'a> {
    fn parse(line: &'a str) -> Result<Signed<'a>, String> {
        let parts = line.strip_prefix("\u{2014} ");
        let (name, signature) = parts
            .and_then(|line| line.split_once(' '))
            .ok_or("the checkpoint is not signed")?;
        let bytes = BASE64
            .decode(signature)
            .map_err(|_| "the signature is not base64")?;
        let (id, signature) = bytes
            .split_first_chunk()
            .ok_or("the signature is cut short")?;
        Ok(Signed {
            name,
            id: *id,
            signature: signature.to_vec(),
        })
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The verifier key and note that the Go implementation documents.
    const PETER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const NOTE: &str = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n\u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    fn signer(note: &str, known: &str) -> Result<usize, String> {
        Note::parse(note)?.signer(&keys(known)?)
    }

    #[test]
    fn the_example_of_the_specification() {
        assert_eq!(signer(NOTE, PETER), Ok(0));
        let forged = NOTE.replace("don't", "do");
        let wrong = "the signature of the checkpoint does not hold";
        assert_eq!(signer(&forged, PETER), Err(wrong.to_owned()));
        let note = Note::parse(NOTE).expect("a note");
        assert_eq!(
            note.checkpoint(),
            Err("the checkpoint has no size".to_owned())
        );
    }

    #[test]
    fn unknown_signatures_say_nothing() {
        let line = NOTE.rsplit_once("\n\n").expect("signatures").1;
        let witness = line.replace("PeterNeumann", "witness");
        let alone = NOTE.replace(line, &witness);
        assert!(signer(&alone, PETER).is_err_and(|what| what.contains("witness+c74f20a3")));
        let both = NOTE.replace(line, &format!("{witness}{line}"));
        let other = Key::new("other", [3; 32]);
        assert_eq!(signer(&both, &format!("{other}\n{PETER}\n")), Ok(1));
        // Nor does one that shares the name or the hash of a known key, but not both.
        let namesake = Key::new("PeterNeumann", [3; 32]).note("", &[1; 64]);
        let namesake = namesake.trim_start_matches('\n');
        let both = NOTE.replace(line, &format!("{namesake}{line}"));
        assert_eq!(signer(&both, PETER), Ok(0));
        let many = NOTE.replace(line, &format!("{}{line}", witness.repeat(SIGNATURES_MAX)));
        assert!(signer(&many, PETER).is_err_and(|what| what.contains("more than")));
    }

    #[test]
    fn a_checkpoint_is_read_in_one_spelling_only() {
        let key = Key::new("gateway.example", [9; 32]);
        let text = checkpoint("gateway.example", 7, &[9; 32]);
        let note = key.note(&text, &[1; 64]);
        let read = |note: &str| Note::parse(note).and_then(|note| note.checkpoint());
        let expected = Checkpoint {
            origin: "gateway.example".to_owned(),
            size: 7,
            root: [9; 32],
        };
        assert_eq!(read(&note), Ok(expected));
        let spellings = [
            ("\n7\n", "\n07\n"),
            ("\n7\n", "\n+7\n"),
            ("\n7\n", "\n7 \n"),
            ("=\n\n", "=\nmore\n\n"),
            ("gateway.example\n7", "\n7"),
            ("\n\n", "\n"),
            ("\u{2014} ", "- "),
        ];
        for (from, to) in spellings {
            let changed = note.replacen(from, to, 1);
            assert!(read(&changed).is_err(), "{changed}");
        }
    }
}
