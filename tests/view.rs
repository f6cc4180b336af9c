//! The view at its door: whatever the journal says, the view adds up to the same as a plain
//! model, in one go or entry by entry, also after restarts; and whatever happens to its files,
//! it is as before or made again, and never tells anything else. `SEED=n` repeats a run.

mod support;

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use support::Random;
use tongguan::declaration::{
    Answered, Digest, Dispatched, Entry, Event, Id, Recorded, Status, Timestamp, Undeliverable,
};
use tongguan::journal::{self, Opened};
use tongguan::view::{self, Filter, View};

const TRADERS: [&str; 3] = ["acme", "acm", "a/b"];
const KINDS: [&str; 2] = ["goods", "manifest"];
const AUTHORITIES: [&str; 2] = ["customs", "customs2"];

/// What the view has to say of a declaration, found the plain way.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Told {
    id: Id,
    trader: String,
    key: String,
    kind: String,
    reference: String,
    authority: String,
    status: Status,
    version: u32,
    waits: bool,
    answers: HashSet<Digest>,
}

#[derive(Default)]
struct Model {
    told: Vec<Told>,
    authority_references: BTreeMap<(String, String, String), Id>,
}

impl Model {
    fn take(&mut self, entry: &Entry) {
        if let Event::Recorded(recorded) = &entry.event {
            return self.told.push(Told {
                id: entry.id,
                trader: recorded.trader.clone(),
                key: recorded.key.clone(),
                kind: recorded.kind.clone(),
                reference: recorded.reference.clone(),
                authority: recorded.authority.clone(),
                status: Status::Recorded,
                version: 1,
                waits: true,
                answers: HashSet::new(),
            });
        }
        let told = self.told.iter_mut().find(|told| told.id == entry.id);
        let told = told.expect("recorded before");
        told.waits = false;
        let asked = match &entry.event {
            Event::Answered(answered) => {
                if let Some(reference) = &answered.authority_reference {
                    let name = (told.authority.clone(), told.kind.clone(), reference.clone());
                    self.authority_references.insert(name, told.id);
                }
                if !told.answers.insert(answered.digest) {
                    return;
                }
                answered.status
            }
            Event::Dispatched(_) => Some(Status::Dispatched),
            _ => Some(Status::Undeliverable),
        };
        told.version += 1;
        told.status = asked.map_or(told.status, |asked| told.status.after(asked));
    }
}

fn open_journal(folder: &Path) -> Opened {
    journal::open(&journal::Settings {
        folder: folder.join("journal"),
        ..Default::default()
    })
    .expect("the journal opens")
}

/// Some events, most of them about declarations that are there.
fn group(random: &mut Random, model: &mut Model) -> Vec<Entry> {
    let mut entries = Vec::new();
    for _ in 0..1 + random.below(12) {
        let at = Timestamp(1_700_000_000_000 + random.below(1_000_000) as i64);
        let number = model.told.len() as u64;
        let entry = if number == 0 || random.below(3) == 0 {
            let message = Bytes::from(format!("<a>{number}</a>"));
            let recorded = Recorded {
                trader: random.pick(&TRADERS).to_string(),
                key: format!("key/{number}"),
                kind: random.pick(&KINDS).to_string(),
                message_type: "M".to_owned(),
                reference: format!("reference-{}", random.below(1 + number / 3)),
                authority: random.pick(&AUTHORITIES).to_string(),
                fields: Vec::new(),
                charset: None,
                digest: Digest::of(&message),
                message,
            };
            let id = Id(uuid::Uuid::from_u128(
                u128::from(random.next()) << 32 | u128::from(number),
            ));
            Entry {
                id,
                at,
                event: Event::Recorded(recorded),
            }
        } else {
            let told = random.pick(&model.told).clone();
            let authority = told.authority;
            let event = match random.below(8) {
                0 | 1 => Event::Dispatched(Dispatched {
                    authority,
                    attempts: 1,
                }),
                2 => Event::Undeliverable(Undeliverable {
                    authority,
                    attempts: 3,
                    reason: "refused".to_owned(),
                }),
                _ => {
                    let message = Bytes::from(format!("<b>{}</b>", random.below(6)));
                    let said = random.pick(&Status::ALL);
                    Event::Answered(Answered {
                        authority,
                        message_type: "B".to_owned(),
                        code: "R".to_owned(),
                        text: String::new(),
                        status: said.is_said_by_authority().then_some(*said),
                        authority_reference: (random.below(2) == 0)
                            .then(|| format!("E{}", told.id.0.as_u128() % 1000)),
                        facts: Vec::new(),
                        digest: Digest::of(&message),
                        message,
                    })
                }
            };
            Entry {
                id: told.id,
                at,
                event,
            }
        };
        model.take(&entry);
        entries.push(entry);
    }
    entries
}

/// Everything that can be asked, against the model. `Err` says that the view could not answer.
fn compare(view: &dyn View, model: &Model) -> Result<(), String> {
    let fault = |fault: tongguan::fault::Fault| fault.to_string();
    for told in &model.told {
        let row = view.by_id(told.id).map_err(fault)?.expect("a row");
        let found = (
            &row.trader,
            &row.key,
            &row.reference,
            row.status,
            row.version,
        );
        let expected = (
            &told.trader,
            &told.key,
            &told.reference,
            told.status,
            told.version,
        );
        assert_eq!(found, expected);
        assert_eq!(row.events.len(), told.version.min(64) as usize);
        assert_eq!(
            row.events.last().map(|event| event.status),
            Some(told.status)
        );
        let keyed = view.by_key(&told.trader, &told.key).map_err(fault)?;
        assert_eq!(keyed.map(|keyed| keyed.id), Some(told.id));
        let namesakes = view
            .by_reference(&told.authority, &told.kind, &told.reference, 1000)
            .map_err(fault)?;
        let found: Vec<Id> = namesakes.iter().map(|row| row.id).collect();
        let own = |other: &&Told| {
            (&other.authority, &other.kind, &other.reference)
                == (&told.authority, &told.kind, &told.reference)
        };
        let expected: Vec<Id> = model
            .told
            .iter()
            .rev()
            .filter(own)
            .map(|told| told.id)
            .collect();
        assert_eq!(found, expected);
    }
    for ((authority, kind, reference), id) in &model.authority_references {
        let found = view
            .by_authority_reference(authority, kind, reference)
            .map_err(fault)?;
        assert_eq!(found, Some(*id));
    }
    for trader in TRADERS {
        for (kind, status) in [
            (None, None),
            (Some("goods"), None),
            (None, Some(Status::Released)),
            (Some("manifest"), Some(Status::Dispatched)),
        ] {
            let mut filter = Filter {
                kind: kind.map(str::to_owned),
                status,
                limit: 3,
                ..Filter::default()
            };
            let mut found = Vec::new();
            loop {
                let page = view.list(trader, &filter).map_err(fault)?;
                found.extend(page.rows.iter().map(|row| row.id));
                filter.before = page.next;
                if page.next.is_none() {
                    break;
                }
            }
            let fits = |told: &&Told| {
                told.trader == trader
                    && kind.is_none_or(|kind| told.kind == kind)
                    && status.is_none_or(|status| told.status == status)
            };
            let expected: Vec<Id> = model
                .told
                .iter()
                .rev()
                .filter(fits)
                .map(|told| told.id)
                .collect();
            assert_eq!(found, expected, "{trader} {kind:?} {status:?}");
        }
    }
    for authority in AUTHORITIES {
        let pending = view.pending(authority, 0, usize::MAX).map_err(fault)?;
        let found: Vec<Id> = pending.iter().map(|pending| pending.id).collect();
        let waits = |told: &&Told| told.waits && told.authority == authority;
        let expected: Vec<Id> = model
            .told
            .iter()
            .filter(waits)
            .map(|told| told.id)
            .collect();
        assert_eq!(found, expected, "waiting for {authority}");
    }
    for (status, count) in view.counts() {
        let expected = model
            .told
            .iter()
            .filter(|told| told.status == status)
            .count();
        assert_eq!(count, expected as u64, "{status:?}");
    }
    Ok(())
}

#[test]
fn the_view_is_what_the_journal_adds_up_to() {
    let mut random = Random::from_environment();
    let folder = tempfile::tempdir().expect("a folder");
    let (mut append, read) = open_journal(folder.path());
    let path = folder.path().join("view");
    let mut model = Model::default();
    let mut open = Some(view::open_and_catch_up(&path, &*read).expect("opens"));
    for round in 0..60 {
        let entries = group(&mut random, &mut model);
        let committed = append.append(&entries).expect("appends");
        match (&open, random.below(4)) {
            (Some(view), 1..) => {
                let batch: Vec<_> = committed.locations.into_iter().zip(entries).collect();
                view.apply(&batch).expect("applies");
                // What it has already changes nothing.
                view.apply(&batch).expect("applies again");
            }
            // It misses this group and catches up at its next start.
            _ => open = None,
        }
        if open.is_none() && random.below(2) == 0 {
            open = Some(view::open_and_catch_up(&path, &*read).expect("opens"));
        }
        if let Some(view) = &open
            && (round % 5 == 0 || round == 59)
        {
            assert_eq!(view.applied(), read.committed());
            compare(&**view, &model).expect("the view can be read");
        }
    }
    drop(open);
    let again = view::open_and_catch_up(&path, &*read).expect("opens");
    compare(&*again, &model).expect("the view can be read");
    drop(again);
    view::set_aside(&path).expect("moved");
    let anew = view::open_and_catch_up(&path, &*read).expect("opens");
    compare(&*anew, &model).expect("the view can be read");
}

#[test]
fn a_gap_is_refused() {
    let mut random = Random::from_environment();
    let folder = tempfile::tempdir().expect("a folder");
    let (mut append, read) = open_journal(folder.path());
    let view = view::open_and_catch_up(&folder.path().join("view"), &*read).expect("opens");
    let mut model = Model::default();
    let first = group(&mut random, &mut model);
    append.append(&first).expect("appends");
    let second = group(&mut random, &mut model);
    let committed = append.append(&second).expect("appends");
    let batch: Vec<_> = committed.locations.into_iter().zip(second).collect();
    let fault = view.apply(&batch).expect_err("entry 0 is missing");
    assert!(fault.why.contains("entry 0 is missing"), "{fault}");
    assert_eq!(view.applied(), 0);
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn copy(from: &Path, to: &Path) {
    _ = fs::remove_dir_all(to);
    for file in files(from) {
        let target = to.join(file.strip_prefix(from).expect("below it"));
        fs::create_dir_all(target.parent().expect("a folder")).expect("made");
        fs::copy(file, target).expect("copied");
    }
}

#[test]
fn a_damaged_view_is_made_again_and_never_believed() {
    let mut random = Random::from_environment();
    let folder = tempfile::tempdir().expect("a folder");
    let (mut append, read) = open_journal(folder.path());
    let (whole, path) = (folder.path().join("whole"), folder.path().join("view"));
    let mut model = Model::default();
    let view = view::open_and_catch_up(&whole, &*read).expect("opens");
    for _ in 0..100 {
        let entries = group(&mut random, &mut model);
        let committed = append.append(&entries).expect("appends");
        let batch: Vec<_> = committed.locations.into_iter().zip(entries).collect();
        view.apply(&batch).expect("applies");
    }
    view.flush().expect("flushes");
    drop(view);

    type Damage = Box<dyn Fn(&Path)>;
    let mut damages: Vec<(String, Damage)> = Vec::new();
    for file in files(&whole) {
        let name = file.strip_prefix(&whole).expect("below it").to_owned();
        let length = fs::metadata(&file).expect("a file").len();
        for part in 0..16 {
            let (name, at) = (
                name.clone(),
                length * part / 16 + random.below(1 + length / 16),
            );
            let at = at.min(length.saturating_sub(1)) as usize;
            let what = format!("{} with byte {at} of {length} flipped", name.display());
            let flip = move |view: &Path| {
                let mut bytes = fs::read(view.join(&name)).expect("reads");
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 0x10;
                }
                fs::write(view.join(&name), bytes).expect("written");
            };
            damages.push((what, Box::new(flip)));
        }
        let (cut, gone, foreign) = (name.clone(), name.clone(), name.clone());
        let shown = name.display();
        damages.push((
            format!("{shown} cut in half"),
            Box::new(move |view| {
                let file = fs::OpenOptions::new().write(true).open(view.join(&cut));
                file.and_then(|file| file.set_len(length / 2)).expect("cut");
            }),
        ));
        damages.push((
            format!("{shown} deleted"),
            Box::new(move |view| fs::remove_file(view.join(&gone)).expect("removed")),
        ));
        damages.push((
            format!("{shown} replaced by something else"),
            Box::new(move |view| fs::write(view.join(&foreign), b"not a store").expect("written")),
        ));
    }
    damages.push((
        "a torn snapshot".to_owned(),
        Box::new(|view| {
            fs::write(view.join("snap.00000000000000AA.generating"), b"torn").expect("written")
        }),
    ));
    damages.push((
        "the folder deleted".to_owned(),
        Box::new(|view| fs::remove_dir_all(view).expect("removed")),
    ));
    let mut made_again_later = 0;
    for (what, damage) in &damages {
        copy(&whole, &path);
        damage(&path);
        // What a start cannot see may show later; it is then refused, never believed.
        let view = view::open_and_catch_up(&path, &*read).expect(what);
        let said = compare(&*view, &model);
        drop(view);
        let Err(said) = said else { continue };
        println!("{what}: {said}");
        made_again_later += 1;
        view::set_aside(&path).expect("moved");
        let anew = view::open_and_catch_up(&path, &*read).expect("opens");
        compare(&*anew, &model).expect(what);
    }
    println!(
        "{} kinds of damage, {made_again_later} seen only after the start",
        damages.len()
    );
}
