//! Whatever happens to the files of a view, it is as before or made again at the next start,
//! and never tells anything else. `SEED=n` repeats a run.

#[path = "support/history.rs"]
mod history;
mod support;

use std::fs;
use std::path::Path;

use history::{History, aside, compare, copy, files, group, open, open_journal, record, told};
use support::Random;
use tongguan::journal::{Append, Read};

/// A view with some history in `whole`, closed in good order several times.
fn closed_view(
    random: &mut Random,
    append: &mut dyn Append,
    read: &dyn Read,
    whole: &Path,
) -> History {
    let mut history = History::new();
    for _ in 0..4 {
        let view = open(whole, read);
        for _ in 0..15 {
            let entries = group(random, &mut history);
            view.apply(&record(append, &history, entries))
                .expect("applies");
        }
        view.close().expect("closes");
    }
    history
}

type Damage = Box<dyn Fn(&Path)>;

/// What can happen to the files of this view, and what it is called.
fn damages(random: &mut Random, whole: &Path) -> Vec<(String, Damage)> {
    let mut damages: Vec<(String, Damage)> = Vec::new();
    for file in files(whole) {
        let name = file.strip_prefix(whole).expect("below it").to_owned();
        let shown = name.display().to_string();
        let length = fs::metadata(&file).expect("a file").len();
        for part in 0..8 {
            let at = length * part / 8 + random.below(1 + length / 8);
            let at = at.min(length.saturating_sub(1)) as usize;
            let bit = 1 << random.below(8);
            let name = name.clone();
            damages.push((
                format!("{shown} with byte {at} of {length} flipped"),
                Box::new(move |view| {
                    let mut bytes = fs::read(view.join(&name)).expect("reads");
                    bytes[at] ^= bit;
                    fs::write(view.join(&name), bytes).expect("written");
                }),
            ));
        }
        for left in [0, length / 2, length - 1] {
            let name = name.clone();
            damages.push((
                format!("{shown} cut to {left} of {length}"),
                Box::new(move |view| {
                    let file = fs::OpenOptions::new().write(true).open(view.join(&name));
                    file.and_then(|file| file.set_len(left)).expect("cut");
                }),
            ));
        }
        let (gone, foreign, longer) = (name.clone(), name.clone(), name);
        damages.push((
            format!("{shown} deleted"),
            Box::new(move |view| fs::remove_file(view.join(&gone)).expect("removed")),
        ));
        damages.push((
            format!("{shown} replaced by something else"),
            Box::new(move |view| fs::write(view.join(&foreign), b"not a store").expect("written")),
        ));
        damages.push((
            format!("{shown} with something behind it"),
            Box::new(move |view| {
                let mut bytes = fs::read(view.join(&longer)).expect("reads");
                bytes.extend([0; 64]);
                fs::write(view.join(&longer), bytes).expect("written");
            }),
        ));
    }
    for name in [
        "rows/snap.00000000000000AA.generating",
        "rows/snap.00000000000000AA",
        "rows/notes.txt",
        "names/0000000000000000-00000000000000ff.names",
        "names/notes.txt",
        "notes.txt",
    ] {
        damages.push((
            format!("a foreign {name}"),
            Box::new(move |view| fs::write(view.join(name), b"torn").expect("written")),
        ));
    }
    damages
}

#[test]
fn whatever_happens_to_a_closed_view_is_seen_at_the_start() {
    let mut random = Random::from_environment();
    let folder = tempfile::tempdir().expect("a folder");
    let (mut append, read) = open_journal(folder.path());
    let (whole, path) = (folder.path().join("whole"), folder.path().join("view"));
    let history = closed_view(&mut random, &mut *append, &*read, &whole);
    copy(&whole, &path);
    compare(&*open(&path, &*read), &history).expect("the view can be read");
    assert!(!aside(&path).exists());
    for (what, damage) in damages(&mut random, &whole) {
        copy(&whole, &path);
        damage(&path);
        let view = open(&path, &*read);
        compare(&*view, &history).expect(&what);
        // Without the proof alone every row is looked at, and found right.
        let seen = aside(&path).exists();
        assert_eq!(seen, what != "closed deleted", "{what}: put aside");
        drop(view);
        _ = fs::remove_dir_all(aside(&path));
    }
    fs::remove_dir_all(&path).expect("removed");
    compare(&*open(&path, &*read), &history).expect("the view can be read");
}

#[test]
fn an_unclosed_view_is_never_believed_where_it_is_wrong() {
    let mut random = Random::from_environment();
    let folder = tempfile::tempdir().expect("a folder");
    let (mut append, read) = open_journal(folder.path());
    let (whole, path) = (folder.path().join("whole"), folder.path().join("view"));
    let history = closed_view(&mut random, &mut *append, &*read, &whole);
    fs::remove_file(whole.join("closed")).expect("removed");
    let damages = damages(&mut random, &whole);
    let mut seen = 0;
    for (what, damage) in &damages {
        copy(&whole, &path);
        damage(&path);
        // Some bytes mean nothing, and a lost end is made up from the journal.
        compare(&*open(&path, &*read), &history).expect(what);
        let strange = what.starts_with("a foreign") && !what.contains("snap.");
        assert!(!strange || aside(&path).exists(), "{what}: not seen");
        seen += usize::from(aside(&path).exists());
        _ = fs::remove_dir_all(aside(&path));
    }
    println!("{seen} of {} kinds of damage made it anew", damages.len());
    assert!(seen > damages.len() / 4);
}

#[test]
fn a_power_cut_mixes_old_and_new() {
    let mut random = Random::from_environment();
    let folder = tempfile::tempdir().expect("a folder");
    let (mut append, read) = open_journal(folder.path());
    let at = |name: &str| folder.path().join(name);
    let (live, old, new, path) = (at("live"), at("old"), at("new"), at("view"));
    let mut history = closed_view(&mut random, &mut *append, &*read, &live);
    let (mut lost, mut made_anew) = (0, 0);
    for round in 0..6 {
        let view = open(&live, &*read);
        if round % 3 == 0 {
            copy(&live, &old);
        }
        for _ in 0..10 {
            let entries = group(&mut random, &mut history);
            view.apply(&record(&mut *append, &history, entries))
                .expect("applies");
        }
        drop(view);
        copy(&live, &new);
        for _ in 0..8 {
            // Names are synced, before or after the cut; of the rest any block may be lost.
            copy(&new, &path);
            if random.below(2) == 0 {
                copy(&old.join("names"), &path.join("names"));
            }
            for file in files(&new.join("rows")) {
                let name = file.strip_prefix(&new).expect("below it");
                let mut bytes = fs::read(&file).expect("reads");
                let before = fs::read(old.join(name)).unwrap_or_default();
                for (number, block) in bytes.chunks_mut(512).enumerate() {
                    if random.below(6) == 0 {
                        let before = before.get(number * 512..).unwrap_or_default();
                        let length = before.len().min(block.len());
                        block[..length].copy_from_slice(&before[..length]);
                        block[length..].fill(0);
                    }
                }
                fs::write(path.join(name), bytes).expect("written");
            }
            let (view, told) = told(&path, &*read);
            compare(&*view, &history).expect("the view can be read");
            lost += usize::from(told.iter().any(|line| line.starts_with("catching up")));
            made_anew += usize::from(aside(&path).exists());
            drop(view);
            _ = fs::remove_dir_all(aside(&path));
        }
    }
    println!("of 48 views {lost} had lost something and {made_anew} were made anew");
    assert!(lost + made_anew > 0);
}

#[test]
fn a_view_of_another_time_or_journal() {
    let mut random = Random::from_environment();
    let folder = tempfile::tempdir().expect("a folder");
    let (mut append, read) = open_journal(folder.path());
    let (older, path) = (folder.path().join("older"), folder.path().join("view"));
    let mut history = closed_view(&mut random, &mut *append, &*read, &path);
    copy(&path, &older);
    let view = open(&path, &*read);
    let entries = group(&mut random, &mut history);
    view.apply(&record(&mut *append, &history, entries))
        .expect("applies");
    view.close().expect("closes");

    // An older view takes what it missed.
    compare(&*open(&older, &*read), &history).expect("the view can be read");
    assert!(!aside(&older).exists());

    // A newer one knows what its journal does not; so does that of another journal.
    let other = tempfile::tempdir().expect("a folder");
    let (mut append, read) = open_journal(other.path());
    let mut history = History::new();
    for more in [1, 200] {
        for _ in 0..more {
            let entries = group(&mut random, &mut history);
            record(&mut *append, &history, entries);
        }
        let given = other.path().join("view");
        copy(&path, &given);
        let view = open(&given, &*read);
        compare(&*view, &history).expect("the view can be read");
        assert!(aside(&given).exists(), "it should not be believed");
        fs::remove_dir_all(aside(&given)).expect("removed");
    }
}
