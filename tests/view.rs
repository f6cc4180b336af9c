//! The view at its door: whatever the journal says, the view adds up to the same as the plain
//! view, in one go or entry by entry, also after restarts and kills, and after a rebuild that
//! ended in the middle. `SEED=n` repeats a run.

#[path = "support/history.rs"]
mod history;
mod support;

use std::fs;
use std::path::Path;

use bytes::Bytes;
use history::{History, aside, compare, copy, files, group, open, open_journal, record, told};
use support::Random;
use tongguan::declaration::{Digest, Entry, Event, Id, Recorded, Timestamp};
use tongguan::fault::Fault;
use tongguan::journal::merkle::Hash;
use tongguan::journal::tile::{Found, Tile};
use tongguan::journal::{Location, Read};
use tongguan::view;

#[test]
fn the_view_is_what_the_journal_adds_up_to() {
    let mut random = Random::from_environment();
    let folder = tempfile::tempdir().expect("a folder");
    let (mut append, read) = open_journal(folder.path());
    let (path, killed) = (folder.path().join("view"), folder.path().join("killed"));
    let mut history = History::new();
    let mut view = Some(open(&path, &*read));
    for round in 0..120 {
        let entries = group(&mut random, &mut history);
        let batch = record(&mut *append, &history, entries);
        if let Some(open) = &view {
            open.apply(&batch).expect("applies");
            // What it has already changes nothing.
            open.apply(&batch).expect("applies again");
        }
        match random.below(8) {
            0 => {
                if let Some(view) = view.take() {
                    view.close().expect("closes");
                }
            }
            // It goes without a word.
            1 => view = None,
            2 => {
                // As a kill leaves it: what was in memory is gone. (Or worse: sled may be
                // writing while the files are copied, and then the copy is made again.)
                copy(&path, &killed);
                let found = open(&killed, &*read);
                compare(&*found, &history).expect("the view can be read");
            }
            3.. => view = Some(view.unwrap_or_else(|| open(&path, &*read))),
        }
        if let Some(view) = &view
            && round % 5 == 0
        {
            compare(&**view, &history).expect("the view can be read");
        }
    }
    drop(view);
    for closings in 0..20 {
        let (view, told) = told(&path, &*read);
        // Only the first start has to look, because nobody closed it before.
        assert_eq!(told.is_empty(), closings > 0, "{told:?}");
        compare(&*view, &history).expect("the view can be read");
        let entries = group(&mut random, &mut history);
        view.apply(&record(&mut *append, &history, entries))
            .expect("applies");
        view.close().expect("closes");
    }
    // Each closing left a run of names; they were joined.
    let runs = files(&path.join("names")).len();
    assert!((1..8).contains(&runs), "{runs} runs");
    assert!(!aside(&path).exists());
    view::set_aside(&path).expect("moved");
    let (view, told) = told(&path, &*read);
    let all = read.committed();
    assert_eq!(
        told.first(),
        Some(&format!("rebuilding the view: 0 of {all} entries"))
    );
    compare(&*view, &history).expect("the view can be read");
}

#[test]
fn a_gap_is_refused() {
    let mut random = Random::from_environment();
    let folder = tempfile::tempdir().expect("a folder");
    let (mut append, read) = open_journal(folder.path());
    let view = open(&folder.path().join("view"), &*read);
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

#[test]
fn a_closed_view_says_so() {
    let mut random = Random::from_environment();
    let folder = tempfile::tempdir().expect("a folder");
    let (mut append, read) = open_journal(folder.path());
    let view = open(&folder.path().join("view"), &*read);
    let mut history = History::new();
    let entries = group(&mut random, &mut history);
    let batch = record(&mut *append, &history, entries);
    view.apply(&batch).expect("applies");
    view.close().expect("closes");
    view.close().expect("closes once more");
    for fault in [
        view.by_id(history.recorded[0].0).expect_err("it is closed"),
        view.apply(&batch).expect_err("it is closed"),
    ] {
        assert!(fault.why.contains("closed"), "{fault}");
    }
}

/// A journal that does something when the scan comes to an entry.
struct Interrupted<'j> {
    read: &'j dyn Read,
    at: u64,
    then: Box<dyn Fn() -> Result<(), Fault> + Send + Sync + 'j>,
}

impl Read for Interrupted<'_> {
    fn entry(&self, at: Location) -> Result<Entry, Fault> {
        self.read.entry(at)
    }
    fn receipt(&self, at: Location) -> Result<Bytes, Fault> {
        self.read.receipt(at)
    }
    fn locate(&self, index: u64) -> Result<Option<Location>, Fault> {
        self.read.locate(index)
    }
    fn checkpoint(&self) -> String {
        self.read.checkpoint()
    }
    fn tile(&self, tile: Tile) -> Result<Found, Fault> {
        self.read.tile(tile)
    }
    fn consistency(&self, from: u64, to: u64) -> Result<Option<Vec<Hash>>, Fault> {
        self.read.consistency(from, to)
    }
    fn committed(&self) -> u64 {
        self.read.committed()
    }
    fn scan(
        &self,
        from: u64,
        each: &mut dyn FnMut(Location, Entry) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        self.read.scan(from, &mut |location, entry| {
            if location.index == self.at {
                (self.then)()?;
            }
            each(location, entry)
        })
    }
}

#[test]
fn a_rebuild_that_ends_in_the_middle_is_begun_again() {
    // More declarations than wait in memory, so that some are written before the end.
    const MANY: u64 = 80_000;
    let folder = tempfile::tempdir().expect("a folder");
    let (mut append, read) = open_journal(folder.path());
    let message = Bytes::from_static(b"<a/>");
    let id = |number: u64| Id(uuid::Uuid::from_u128(u128::from(number) << 64));
    let entries: Vec<Entry> = (0..MANY)
        .map(|number| Entry {
            id: id(number),
            at: Timestamp(number as i64),
            event: Event::Recorded(Recorded {
                trader: "acme".to_owned(),
                key: number.to_string(),
                kind: "goods".to_owned(),
                message_type: "M".to_owned(),
                reference: String::new(),
                authority: "customs".to_owned(),
                fields: Vec::new(),
                charset: None,
                digest: Digest::of(&message),
                message: message.clone(),
            }),
        })
        .collect();
    for group in entries.chunks(4000) {
        append.append(group).expect("appends");
    }
    let (path, killed) = (folder.path().join("view"), folder.path().join("killed"));
    let size = |path: &Path| fs::metadata(path.join("rows/db")).map_or(0, |file| file.len());
    let whole = |path: &Path| {
        let view = open(path, &*read);
        assert_eq!(view.applied(), MANY);
        for number in [0, 1, 20_000, MANY - 1] {
            let keyed = view.by_key("acme", &number.to_string()).expect("answers");
            assert_eq!(keyed.map(|keyed| keyed.id), Some(id(number)));
        }
        let waiting = view.pending("customs", 0, usize::MAX).expect("answers");
        assert_eq!(waiting.len() as u64, MANY);
        assert!(!aside(path).exists(), "nothing was damaged");
    };
    let interrupted = Interrupted {
        read: &*read,
        at: MANY - 1,
        then: Box::new(|| {
            // As a kill would leave it here, a moment before the journal fails.
            copy(&path, &killed);
            Err(Fault::ours("the journal fails"))
        }),
    };
    let Err(fault) = view::open(&path, &interrupted, &mut |_| {}) else {
        panic!("a view without its journal");
    };
    assert!(fault.why.contains("the journal fails"), "{fault}");
    for path in [&path, &killed] {
        assert!(size(path) > 1 << 20, "nothing was written before the end");
        whole(path);
    }
}
