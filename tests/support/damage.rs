//! Damages what the gateway derives from its journal, as crashes, bad disks and hands do.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use tongguan::config::Config;

use super::Random;

/// Does one kind of damage to the view, or to the stored hashes of the journal, of a gateway
/// that does not run.
pub fn damage(config: &Config, random: &mut Random) {
    let view = config.view_folder();
    match random.below(9) {
        0 | 1 => _ = fs::remove_dir_all(&view),
        2 | 3 => change_a_byte(&view, random),
        4 => cut_a_file(&view, random),
        5 => {
            let torn = view.join("rows");
            let torn = torn.join(format!("snap.{:016X}.generating", random.below(1 << 20)));
            write(&torn, &noise(random));
        }
        6 => {
            // A foreign file, or a folder where none should be.
            write(&view.join("rows/db"), &noise(random));
        }
        _ => {
            let hashes = config.journal_folder().join("tree");
            match random.below(3) {
                0 => _ = fs::remove_dir_all(&hashes),
                1 => change_a_byte(&hashes, random),
                _ => cut_a_file(&hashes, random),
            }
        }
    }
}

/// Changes one bit of one byte of one file.
fn change_a_byte(folder: &Path, random: &mut Random) {
    let Some((path, length)) = some_file(folder, random) else {
        return;
    };
    let file = OpenOptions::new().read(true).write(true).open(path);
    let (file, at) = (file.expect("opens"), random.below(length));
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).expect("read");
    byte[0] ^= 1 << random.below(8);
    file.write_all_at(&byte, at).expect("written");
}

fn cut_a_file(folder: &Path, random: &mut Random) {
    if let Some((path, length)) = some_file(folder, random) {
        let file = OpenOptions::new().write(true).open(path).expect("opens");
        file.set_len(random.below(length)).expect("cut");
    }
}

/// A file with something in it, and its length.
fn some_file(folder: &Path, random: &mut Random) -> Option<(PathBuf, u64)> {
    let (mut files, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).ok()? {
            let path = entry.ok()?.path();
            let found = fs::metadata(&path).ok()?;
            if found.is_dir() {
                folders.push(path);
            } else if found.len() > 0 {
                files.push((path, found.len()));
            }
        }
    }
    files.sort();
    (!files.is_empty()).then(|| random.pick(&files).clone())
}

fn noise(random: &mut Random) -> Vec<u8> {
    let length = random.below(5000);
    (0..length).map(|_| random.next() as u8).collect()
}

fn write(path: &Path, bytes: &[u8]) {
    // Without a folder there is nothing to damage.
    if path.parent().is_some_and(Path::exists) {
        fs::write(path, bytes).expect("written");
    }
}
