//! Random histories of declarations, in a journal and in the plain view, and a view held
//! against that.
#![allow(dead_code)]

use std::fmt::Debug;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use tongguan::declaration::{
    Answered, Digest, Dispatched, Entry, Event, Id, Recorded, Status, Timestamp, Undeliverable,
};
use tongguan::fault::Fault;
use tongguan::journal::{self, Append, Location, Opened, Read};
use tongguan::view::{self, Filter, Row, View};

use super::support::Random;

pub type Batch = Vec<(Location, Entry)>;

pub const TRADERS: [&str; 3] = ["acme", "acm", "a/b"];
pub const KINDS: [&str; 2] = ["goods", "manifest"];
pub const AUTHORITIES: [&str; 2] = ["customs", "customs2"];

/// What happened so far: the journal's entries, and what they come to in the plain view.
pub struct History {
    pub plain: Arc<dyn View>,
    /// The declarations, as they were recorded.
    pub recorded: Vec<(Id, Recorded)>,
    /// Authority, family and number of every number that an authority gave.
    pub numbers: Vec<(String, String, String)>,
}

impl History {
    pub fn new() -> History {
        History {
            plain: view::plain(),
            recorded: Vec::new(),
            numbers: Vec::new(),
        }
    }
}

pub fn open_journal(folder: &Path) -> Opened {
    journal::open(&journal::Settings {
        folder: folder.join("journal"),
        ..Default::default()
    })
    .expect("the journal opens")
}

/// Some events, most of them about declarations that are there.
pub fn group(random: &mut Random, history: &mut History) -> Vec<Entry> {
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
                    .map(|field| (format!("field-{field}"), padded(random, number)))
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
                    // Some declarations share a number, some have several.
                    let given = format!("E{}", id.0.as_u128() % 50 + u128::from(random.below(3)));
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

/// A value, long now and then, so that sled needs several segments.
pub fn padded(random: &mut Random, number: u64) -> String {
    format!("{number} 值").repeat(1 + random.below(10) as usize * random.below(300) as usize)
}

/// A group in the journal and in the plain view.
pub fn record(append: &mut dyn Append, history: &History, entries: Vec<Entry>) -> Batch {
    let committed = append.append(&entries).expect("appends");
    let batch: Batch = committed.locations.into_iter().zip(entries).collect();
    history.plain.apply(&batch).expect("applies");
    batch
}

/// That both say the same; what they say may be long.
pub fn same<T: PartialEq + Debug>(found: T, expected: T) {
    let short = |said: &T| -> String { format!("{said:?}").chars().take(600).collect() };
    assert!(
        found == expected,
        "it says\n{}\ninstead of\n{}",
        short(&found),
        short(&expected)
    );
}

/// Everything that can be asked, of both. `Err` says that the view could not answer.
pub fn compare(view: &dyn View, history: &History) -> Result<(), Fault> {
    let plain = &*history.plain;
    let own = "the plain view answers";
    same(view.applied(), plain.applied());
    same(view.counts(), plain.counts());
    for (id, recorded) in &history.recorded {
        let Recorded {
            trader,
            key,
            kind,
            reference,
            authority,
            ..
        } = recorded;
        same(view.by_id(*id)?, plain.by_id(*id).expect(own));
        same(
            view.by_key(trader, key)?,
            plain.by_key(trader, key).expect(own),
        );
        for limit in [2, 1000] {
            same(
                view.by_reference(authority, kind, reference, limit)?,
                plain
                    .by_reference(authority, kind, reference, limit)
                    .expect(own),
            );
        }
        let filter = Filter {
            reference: Some(reference.clone()),
            limit: 2,
            ..Filter::default()
        };
        same(
            listed(view, trader, &filter)?,
            listed(plain, trader, &filter).expect(own),
        );
    }
    for (authority, kind, number) in &history.numbers {
        same(
            view.by_authority_reference(authority, kind, number)?,
            plain
                .by_authority_reference(authority, kind, number)
                .expect(own),
        );
    }
    same(view.by_id(Id(uuid::Uuid::from_u128(7)))?, None);
    same(view.by_key("acme", "no such key")?, None);
    same(
        view.by_authority_reference("customs", "goods", "no such number")?,
        None,
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
            same(found, expected.expect(own));
        }
    }
    for authority in AUTHORITIES {
        for (from, limit) in [(0, usize::MAX), (0, 2), (plain.applied() / 2, 3)] {
            same(
                view.pending(authority, from, limit)?,
                plain.pending(authority, from, limit).expect(own),
            );
        }
    }
    Ok(())
}

/// All pages of a list.
pub fn listed(view: &dyn View, trader: &str, filter: &Filter) -> Result<Vec<Row>, Fault> {
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

pub fn open(path: &Path, read: &dyn Read) -> Arc<dyn View> {
    told(path, read).0
}

/// Opens the view, and what was told meanwhile.
pub fn told(path: &Path, read: &dyn Read) -> (Arc<dyn View>, Vec<String>) {
    let mut told = Vec::new();
    let view = view::open(path, read, &mut |progress| told.push(progress.to_string()));
    (view.expect("opens"), told)
}

/// Where the first damaged view of a folder is put.
pub fn aside(path: &Path) -> PathBuf {
    PathBuf::from(format!("{}.aside-1", path.display()))
}

/// Every file below a folder.
pub fn files(folder: &Path) -> Vec<PathBuf> {
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

pub fn copy(from: &Path, to: &Path) {
    _ = fs::remove_dir_all(to);
    fs::create_dir_all(to).expect("made");
    for file in files(from) {
        let target = to.join(file.strip_prefix(from).expect("below it"));
        fs::create_dir_all(target.parent().expect("a folder")).expect("made");
        fs::copy(file, target).expect("copied");
    }
}
