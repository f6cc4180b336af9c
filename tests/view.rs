//! The view at its door: whatever the journal says, the view adds up to the same as the plain
//! view, in one go or entry by entry, also after restarts; and whatever happens to its files,
//! it is as before or made again, and never tells anything else. `SEED=n` repeats a run.

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use support::Random;
use tongguan::declaration::{
    Answered, Digest, Dispatched, Entry, Event, Id, Recorded, Status, Timestamp, Undeliverable,
};
use tongguan::fault::Fault;
use tongguan::journal::{self, Append, Location, Opened};
use tongguan::view::{self, Filter, Row, View};

type Batch = Vec<(Location, Entry)>;

const TRADERS: [&str; 3] = ["acme", "acm", "a/b"];
const KINDS: [&str; 2] = ["goods", "manifest"];
const AUTHORITIES: [&str; 2] = ["customs", "customs2"];

/// What happened so far: the journal's entries, and what they come to in the plain view.
struct History {
    plain: Arc<dyn View>,
    /// The declarations, as they were recorded.
    recorded: Vec<(Id, Recorded)>,
    /// Authority, family and number of every number that an authority gave.
    numbers: Vec<(String, String, String)>,
}

impl History {
    fn new() -> History {
        History {
            plain: view::plain(),
            recorded: Vec::new(),
            numbers: Vec::new(),
        }
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
fn group(random: &mut Random, history: &mut History) -> Vec<Entry> {
    let mut entries = Vec::new();
    for _ in 0..1 + random.below(12) {
        let at = Timestamp(1_700_000_000_000 + random.below(1_000_000) as i64);
        let number = history.recorded.len() as u64;
        let (id, event) = if number == 0 || random.below(3) == 0 {
            let message = Bytes::from(format!("<a>{number}</a>"));
            let recorded = Recorded {
                trader: random.pick(&TRADERS).to_string(),
                key: format!("key/{number}"),
                kind: random.pick(&KINDS).to_string(),
                message_type: "M".to_owned(),
                reference: format!("reference-{}", random.below(1 + number / 3)),
                authority: random.pick(&AUTHORITIES).to_string(),
                fields: (0..random.below(3))
                    .map(|field| (format!("field-{field}"), format!("{number} 值")))
                    .collect(),
                charset: None,
                digest: Digest::of(&message),
                message,
            };
            let id = Id(uuid::Uuid::from_u128(
                u128::from(random.next()) << 32 | u128::from(number),
            ));
            history.recorded.push((id, recorded.clone()));
            (id, Event::Recorded(recorded))
        } else {
            let (id, recorded) = random.pick(&history.recorded).clone();
            let authority = recorded.authority;
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
                    // Some declarations have several numbers.
                    let given = format!("E{}", id.0.as_u128() as u32 * 2 + random.below(2) as u32);
                    let given = (random.below(2) == 0).then_some(given);
                    if let Some(given) = &given {
                        let name = (authority.clone(), recorded.kind, given.clone());
                        history.numbers.push(name);
                    }
                    Event::Answered(Answered {
                        authority,
                        message_type: "B".to_owned(),
                        code: "R".to_owned(),
                        text: format!("text {}", random.below(3)),
                        status: said.is_said_by_authority().then_some(*said),
                        authority_reference: given,
                        facts: vec![("fact".to_owned(), random.below(9).to_string())],
                        digest: Digest::of(&message),
                        message,
                    })
                }
            };
            (id, event)
        };
        entries.push(Entry { id, at, event });
    }
    entries
}

/// A group in the journal and in the plain view.
fn record(append: &mut dyn Append, history: &History, entries: Vec<Entry>) -> Batch {
    let committed = append.append(&entries).expect("appends");
    let batch: Batch = committed.locations.into_iter().zip(entries).collect();
    history.plain.apply(&batch).expect("applies");
    batch
}

/// Everything that can be asked, of both. `Err` says that the view could not answer.
fn compare(view: &dyn View, history: &History) -> Result<(), Fault> {
    let plain = &*history.plain;
    let own = "the plain view answers";
    assert_eq!(view.applied(), plain.applied());
    assert_eq!(view.counts(), plain.counts());
    for (id, recorded) in &history.recorded {
        let Recorded {
            trader,
            key,
            kind,
            reference,
            authority,
            ..
        } = recorded;
        assert_eq!(view.by_id(*id)?, plain.by_id(*id).expect(own));
        assert_eq!(
            view.by_key(trader, key)?,
            plain.by_key(trader, key).expect(own)
        );
        for limit in [2, 1000] {
            assert_eq!(
                view.by_reference(authority, kind, reference, limit)?,
                plain
                    .by_reference(authority, kind, reference, limit)
                    .expect(own)
            );
        }
        let filter = Filter {
            reference: Some(reference.clone()),
            limit: 2,
            ..Filter::default()
        };
        assert_eq!(
            listed(view, trader, &filter)?,
            listed(plain, trader, &filter).expect(own)
        );
    }
    for (authority, kind, number) in &history.numbers {
        assert_eq!(
            view.by_authority_reference(authority, kind, number)?,
            plain
                .by_authority_reference(authority, kind, number)
                .expect(own)
        );
    }
    assert_eq!(view.by_id(Id(uuid::Uuid::from_u128(7)))?, None);
    assert_eq!(view.by_key("acme", "no such key")?, None);
    assert_eq!(
        view.by_authority_reference("customs", "goods", "no such number")?,
        None
    );
    for trader in TRADERS {
        for (kind, status) in [
            (None, None),
            (Some("goods"), None),
            (None, Some(Status::Released)),
            (Some("manifest"), Some(Status::Dispatched)),
        ] {
            let filter = Filter {
                kind: kind.map(str::to_owned),
                status,
                limit: 3,
                ..Filter::default()
            };
            let (found, expected) = (
                listed(view, trader, &filter)?,
                listed(plain, trader, &filter),
            );
            assert_eq!(found, expected.expect(own), "{trader} {kind:?} {status:?}");
        }
    }
    for authority in AUTHORITIES {
        for (from, limit) in [(0, usize::MAX), (0, 2), (plain.applied() / 2, 3)] {
            assert_eq!(
                view.pending(authority, from, limit)?,
                plain.pending(authority, from, limit).expect(own),
                "waiting for {authority}"
            );
        }
    }
    Ok(())
}

/// All pages of a list.
fn listed(view: &dyn View, trader: &str, filter: &Filter) -> Result<Vec<Row>, Fault> {
    let mut filter = filter.clone();
    let mut rows = Vec::new();
    loop {
        let page = view.list(trader, &filter)?;
        rows.extend(page.rows);
        match page.next {
            Some(next) => filter.before = Some(next),
            None => return Ok(rows),
        }
    }
}

#[test]
fn the_view_is_what_the_journal_adds_up_to() {
    let mut random = Random::from_environment();
    let folder = tempfile::tempdir().expect("a folder");
    let (mut append, read) = open_journal(folder.path());
    let path = folder.path().join("view");
    let mut history = History::new();
    let mut open = Some(view::open_and_catch_up(&path, &*read).expect("opens"));
    for round in 0..60 {
        let entries = group(&mut random, &mut history);
        let batch = record(&mut *append, &history, entries);
        match (&open, random.below(4)) {
            (Some(view), 1..) => {
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
            compare(&**view, &history).expect("the view can be read");
        }
    }
    drop(open);
    let again = view::open_and_catch_up(&path, &*read).expect("opens");
    compare(&*again, &history).expect("the view can be read");
    drop(again);
    view::set_aside(&path).expect("moved");
    let anew = view::open_and_catch_up(&path, &*read).expect("opens");
    compare(&*anew, &history).expect("the view can be read");
}

#[test]
fn a_gap_is_refused() {
    let mut random = Random::from_environment();
    let folder = tempfile::tempdir().expect("a folder");
    let (mut append, read) = open_journal(folder.path());
    let view = view::open_and_catch_up(&folder.path().join("view"), &*read).expect("opens");
    let mut history = History::new();
    let first = group(&mut random, &mut history);
    record(&mut *append, &history, first);
    let second = group(&mut random, &mut history);
    let batch = record(&mut *append, &history, second);
    for view in [view, view::plain()] {
        let fault = view.apply(&batch).expect_err("entry 0 is missing");
        assert!(fault.why.contains("entry 0 is missing"), "{fault}");
        assert_eq!(view.applied(), 0);
    }
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
    let mut history = History::new();
    let view = view::open_and_catch_up(&whole, &*read).expect("opens");
    for _ in 0..100 {
        let entries = group(&mut random, &mut history);
        let batch = record(&mut *append, &history, entries);
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
        let said = compare(&*view, &history);
        drop(view);
        let Err(said) = said else { continue };
        println!("{what}: {said}");
        made_again_later += 1;
        view::set_aside(&path).expect("moved");
        let anew = view::open_and_catch_up(&path, &*read).expect("opens");
        compare(&*anew, &history).expect(what);
    }
    println!(
        "{} kinds of damage, {made_again_later} seen only after the start",
        damages.len()
    );
}
