//! Checkpoints and their signature: the text forms of C2SP tlog-checkpoint and signed-note,
//! with Ed25519. The key is made at the first start and stays in the journal's folder.

use std::io;
use std::path::Path;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::disk::{Disk, read, write_aside};
use super::merkle::Hash;

/// A signature of Ed25519.
pub type Signature = [u8; 64];

/// The type byte of Ed25519 in signed notes.
const ED25519_TYPE: u8 = 1;

/// The text of a checkpoint: name of the log, size, root.
pub fn checkpoint(origin: &str, size: u64, root: &Hash) -> String {
    format!("{origin}\n{size}\n{}\n", BASE64.encode(root))
}

/// A signing key and its name.
pub struct Signer {
    name: String,
    pair: Ed25519KeyPair,
}

impl Signer {
    /// Reads `journal.key` in `folder`, or makes it, together with `journal.pub`.
    pub fn open(disk: &dyn Disk, folder: &Path, name: &str) -> io::Result<Signer> {
        let path = folder.join("journal.key");
        let wrong = |what: &str| {
            io::Error::new(
                io::ErrorKind::InvalidData,
                format!("{}: {what}", path.display()),
            )
        };
        let document = match read(disk, &path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let random = aws_lc_rs::rand::SystemRandom::new();
                let document = Ed25519KeyPair::generate_pkcs8(&random)
                    .map_err(|_| wrong("no key could be made"))?;
                write_aside(disk, &path, document.as_ref())?;
                document.as_ref().to_vec()
            }
            document => document?,
        };
        let pair =
            Ed25519KeyPair::from_pkcs8(&document).map_err(|_| wrong("not an Ed25519 key"))?;
        let signer = Signer {
            name: name.to_owned(),
            pair,
        };
        let public = folder.join("journal.pub");
        let key = signer.verifier_key();
        let line = format!("{key}\n");
        if read(disk, &public).ok().as_deref() != Some(line.as_bytes()) {
            write_aside(disk, &public, line.as_bytes())?;
        }
        Ok(signer)
    }

    /// Signs a checkpoint's text. The same text has the same signature.
    pub fn sign(&self, text: &str) -> Signature {
        self.pair
            .sign(text.as_bytes())
            .as_ref()
            .try_into()
            .expect("Ed25519 signatures have 64 bytes")
    }

    /// The signed note of a text and its signature.
    pub fn note(&self, text: &str, signature: &Signature) -> String {
        let public: [u8; 32] = self.public();
        let mut bytes = key_hash(&self.name, &public).to_vec();
        bytes.extend(signature);
        format!("{text}\n\u{2014} {} {}\n", self.name, BASE64.encode(bytes))
    }

    /// The public key in the text form of signed notes.
    pub fn verifier_key(&self) -> String {
        let public = self.public();
        let hash: String = key_hash(&self.name, &public)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let mut key = vec![ED25519_TYPE];
        key.extend(public);
        format!("{}+{hash}+{}", self.name, BASE64.encode(key))
    }

    fn public(&self) -> [u8; 32] {
        self.pair
            .public_key()
            .as_ref()
            .try_into()
            .expect("Ed25519 public keys have 32 bytes")
    }
}

/// The checkpoint that a signed note carries.
#[derive(Debug, PartialEq, Eq)]
pub struct Checkpoint {
    pub origin: String,
    pub size: u64,
    pub root: Hash,
}

/// Checks a signed note against a verifier key and reads its checkpoint.
pub fn open_note(note: &str, verifier_key: &str) -> Result<Checkpoint, String> {
    let (name, rest) = verifier_key
        .split_once('+')
        .ok_or("the public key has another form")?;
    let (hash, key) = rest
        .split_once('+')
        .ok_or("the public key has another form")?;
    let key = BASE64
        .decode(key)
        .map_err(|_| "the public key is not base64")?;
    let public: [u8; 32] = match key.split_first() {
        Some((&ED25519_TYPE, public)) => public
            .try_into()
            .map_err(|_| "the public key has another length")?,
        _ => return Err("the public key is not one of Ed25519".to_owned()),
    };
    let own = key_hash(name, &public);
    let shown: String = own.iter().map(|byte| format!("{byte:02x}")).collect();
    if hash != shown {
        return Err("the public key does not agree with its own hash".to_owned());
    }
    let (text, signatures) = note
        .split_once("\n\n")
        .ok_or("the checkpoint is not a signed note")?;
    let text = format!("{text}\n");
    let line = signatures
        .strip_prefix("\u{2014} ")
        .and_then(|line| line.strip_suffix('\n'));
    let (signer, signature) = line
        .and_then(|line| line.split_once(' '))
        .ok_or("the checkpoint is not signed")?;
    let bytes = BASE64
        .decode(signature)
        .map_err(|_| "the signature is not base64")?;
    if signer != name || bytes.len() != 68 || bytes[..4] != own {
        return Err(format!(
            "the checkpoint is signed by {signer}, not with the key of {name}"
        ));
    }
    let fine = UnparsedPublicKey::new(&ED25519, public).verify(text.as_bytes(), &bytes[4..]);
    fine.map_err(|_| "the signature of the checkpoint does not hold")?;
    let mut lines = text.lines();
    let origin = lines.next().unwrap_or_default().to_owned();
    let size = lines
        .next()
        .and_then(|size| size.parse().ok())
        .ok_or("the checkpoint has no size")?;
    let root = lines
        .next()
        .and_then(|root| BASE64.decode(root).ok())
        .and_then(|root| root.try_into().ok());
    let root = root.ok_or("the checkpoint has no root")?;
    if lines.next().is_some() || checkpoint(&origin, size, &root) != text {
        return Err("the checkpoint has another form".to_owned());
    }
    Ok(Checkpoint { origin, size, root })
}

/// The four bytes by which signed notes tell keys apart.
fn key_hash(name: &str, public: &[u8; 32]) -> [u8; 4] {
    let mut bytes = name.as_bytes().to_vec();
    bytes.extend([b'\n', ED25519_TYPE]);
    bytes.extend(public);
    digest(&SHA256, &bytes).as_ref()[..4]
        .try_into()
        .expect("SHA-256 has more than four bytes")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::disk::LocalDisk;

    #[test]
    fn the_example_of_the_specification() {
        // The verifier key and note that the Go implementation documents.
        let key = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
        let note = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n\u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
        // Its signature holds; only then does the text turn out not to be a checkpoint.
        assert_eq!(
            open_note(note, key),
            Err("the checkpoint has no size".to_owned())
        );
        let forged = note.replace("don't", "do");
        assert_eq!(
            open_note(&forged, key),
            Err("the signature of the checkpoint does not hold".to_owned())
        );
    }

    #[test]
    fn a_checkpoint_survives() {
        let folder = tempfile::tempdir().expect("a folder");
        let signer = Signer::open(&LocalDisk, folder.path(), "gateway.example").expect("opens");
        let text = checkpoint("gateway.example", 7, &[9; 32]);
        let note = signer.note(&text, &signer.sign(&text));
        let again =
            Signer::open(&LocalDisk, folder.path(), "gateway.example").expect("opens again");
        assert_eq!(again.note(&text, &again.sign(&text)), note);
        let found = open_note(&note, &again.verifier_key()).expect("holds");
        assert_eq!(
            found,
            Checkpoint {
                origin: "gateway.example".to_owned(),
                size: 7,
                root: [9; 32]
            }
        );
    }
}
