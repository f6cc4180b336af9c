//! The hand-over from `record` to `project`, under a scheduler that tries many orders: the real
//! stages and queue, with room for one group, between a log and a view that may lose their turn
//! before and after everything they do. Whatever the order, an entry is applied once and none is
//! left out, and a key is found either among the recent ones or in the view. `SEED=n` repeats a
//! run; a schedule that fails is printed and can be replayed.
//!
//! The order of memory accesses is not varied: what crosses threads here goes through locks,
//! channels, and two counters that are stored with `Release` after what they count.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use shuttle::thread::{self, yield_now};
use tokio::sync::{oneshot, watch};

use super::handle::Outcome;
use super::project::Projector;
use super::queue::{Queue, queue};
use super::record::{Order, Recorder};
use super::{Edges, Settings, Shared};
use crate::clock;
use crate::declaration::{Declaration, Digest, Dispatched, Entry, Event, Id, Timestamp};
use crate::family::Catalogue;
use crate::fault::Fault;
use crate::finding::Findings;
use crate::journal::merkle::Hash;
use crate::journal::tile::{self, Tile};
use crate::journal::{Append, Committed, Location, Read};
use crate::routing::Routes;
use crate::view::{self, Counts, Filter, Keyed, Page, Pending, Row, View};
use crate::xml;

/// Orders that are tried: two seconds in a debug build.
const SCHEDULES: usize = 5_000;

/// A journal in memory.
#[derive(Default)]
struct Log {
    entries: Mutex<Vec<Entry>>,
    committed: AtomicU64,
}

fn place(index: u64) -> Location {
    Location {
        index,
        segment: 0,
        group: index,
        entry: 0,
    }
}

fn receipt(index: u64) -> Bytes {
    Bytes::from(format!("receipt {index}"))
}

impl Log {
    fn entries(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.entries.lock().expect("nobody panics")
    }
}

struct Writer(Arc<Log>);

impl Append for Writer {
    fn append(&mut self, group: &[Entry]) -> Result<Committed, Fault> {
        yield_now();
        let first = self.next_index();
        let end = first + group.len() as u64;
        self.0.entries().extend_from_slice(group);
        yield_now();
        self.0.committed.store(end, Ordering::Release);
        yield_now();
        Ok(Committed {
            locations: (first..end).map(place).collect(),
            receipts: (first..end).map(|index| Some(receipt(index))).collect(),
        })
    }

    fn room(&mut self) -> Result<(), Fault> {
        Ok(())
    }

    fn next_index(&self) -> u64 {
        self.0.entries().len() as u64
    }
}

impl Read for Log {
    fn entry(&self, at: Location) -> Result<Entry, Fault> {
        Ok(self.entries()[at.index as usize].clone())
    }

    fn receipt(&self, at: Location) -> Result<Bytes, Fault> {
        Ok(receipt(at.index))
    }

    fn committed(&self) -> u64 {
        yield_now();
        let committed = self.committed.load(Ordering::Acquire);
        yield_now();
        committed
    }

    fn scan(
        &self,
        from: u64,
        each: &mut dyn FnMut(Location, Entry) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        (from..self.committed()).try_for_each(|index| {
            yield_now();
            each(place(index), self.entry(place(index))?)
        })
    }

    fn locate(&self, _: u64) -> Result<Option<Location>, Fault> {
        unreachable!("no stage asks for the place of a number")
    }

    fn checkpoint(&self) -> String {
        unreachable!("no stage asks for a checkpoint")
    }

    fn tile(&self, _: Tile) -> Result<tile::Found, Fault> {
        unreachable!("no stage asks for a tile")
    }

    fn consistency(&self, _: u64, _: u64) -> Result<Option<Vec<Hash>>, Fault> {
        unreachable!("no stage asks for a proof")
    }
}

/// The plain view.
struct Rows(Arc<dyn View>);

impl Rows {
    fn turn<T>(&self, work: impl FnOnce(&dyn View) -> T) -> T {
        yield_now();
        let done = work(&*self.0);
        yield_now();
        done
    }
}

impl View for Rows {
    fn applied(&self) -> u64 {
        self.turn(|view| view.applied())
    }
    fn apply(&self, entries: &[(Location, Entry)]) -> Result<(), Fault> {
        self.turn(|view| view.apply(entries))
    }
    fn by_id(&self, id: Id) -> Result<Option<Row>, Fault> {
        self.turn(|view| view.by_id(id))
    }
    fn by_key(&self, trader: &str, key: &str) -> Result<Option<Keyed>, Fault> {
        self.turn(|view| view.by_key(trader, key))
    }
    fn by_reference(&self, a: &str, kind: &str, r: &str, limit: usize) -> Result<Vec<Row>, Fault> {
        self.turn(|view| view.by_reference(a, kind, r, limit))
    }
    fn by_authority_reference(&self, a: &str, kind: &str, r: &str) -> Result<Option<Id>, Fault> {
        self.turn(|view| view.by_authority_reference(a, kind, r))
    }
    fn list(&self, trader: &str, filter: &Filter) -> Result<Page, Fault> {
        self.turn(|view| view.list(trader, filter))
    }
    fn pending(&self, authority: &str, from: u64, limit: usize) -> Result<Vec<Pending>, Fault> {
        self.turn(|view| view.pending(authority, from, limit))
    }
    fn counts(&self) -> Counts {
        self.turn(|view| view.counts())
    }
    fn flush(&self) -> Result<(), Fault> {
        self.turn(|view| view.flush())
    }
}

/// What is sent, in order: a key and bytes, or a dispatch of the declaration with this key.
enum Sent {
    Message(&'static str, &'static str),
    Dispatch(&'static str),
}

const SENT: [Sent; 10] = [
    Sent::Message("a", "1"),
    Sent::Message("b", "1"),
    Sent::Message("a", "1"),
    Sent::Dispatch("a"),
    Sent::Message("c", "1"),
    Sent::Message("a", "2"),
    Sent::Dispatch("b"),
    Sent::Message("b", "1"),
    Sent::Message("c", "2"),
    Sent::Message("a", "1"),
];

/// The number of the first declaration with a key.
fn id(key: &str) -> Id {
    Id(uuid::Uuid::from_u128(u128::from(key.as_bytes()[0])))
}

fn declaration(id: Id, key: &str, bytes: &'static str) -> Declaration {
    Declaration {
        id,
        trader: "acme".to_owned(),
        key: key.to_owned(),
        kind: "goods".to_owned(),
        message_type: "DecMessage".to_owned(),
        reference: key.to_owned(),
        authority: "customs".to_owned(),
        fields: Vec::new(),
        charset: None,
        digest: Digest::of(bytes.as_bytes()),
        bytes: Bytes::from(bytes),
        received_at: Timestamp(0),
    }
}

/// Key and bytes of a message, and where its outcome will be.
type Waiting = (&'static str, &'static str, oneshot::Receiver<Outcome>);

/// Puts everything into the intake; gives where the outcomes will be.
fn send(intake: &Queue<Order>) -> Vec<Waiting> {
    let mut waiting: Vec<Waiting> = Vec::new();
    for (number, sent) in SENT.iter().enumerate() {
        let order = match sent {
            Sent::Message(key, bytes) => {
                let (reply, outcome) = oneshot::channel();
                let first = waiting.iter().all(|(known, ..)| known != key);
                let own = Id(uuid::Uuid::from_u128(1_000 + number as u128));
                let own = if first { id(key) } else { own };
                waiting.push((*key, *bytes, outcome));
                Order::Declaration {
                    declaration: Box::new(declaration(own, key, bytes)),
                    findings: Findings::new(1),
                    reply,
                }
            }
            Sent::Dispatch(key) => Order::Events {
                entries: vec![Entry {
                    id: id(key),
                    at: Timestamp(0),
                    event: Event::Dispatched(Dispatched {
                        authority: "customs".to_owned(),
                        attempts: 1,
                    }),
                }],
                reply: oneshot::channel().0,
            },
        };
        assert!(intake.try_send(order).is_ok(), "there is room for all");
    }
    intake.end();
    waiting
}

/// A family has to be there; nothing is checked by it.
static FAMILIES: LazyLock<Arc<Catalogue>> = LazyLock::new(|| {
    let toml = "name = \"none\"\nzh = \"none\"\nen = \"none\"\nversion = \"1\"\nsource = \"a test\"\n\
        [[message]]\ntype = \"None\"\nrole = \"declaration\"\nschema = \"none.xsd\"\nroot = \"none\"\nnamespace = \"\"\n\
        [message.fields]\nidentity = [\"\"]\nreference = [\"\"]\n";
    let xsd = "<xs:schema xmlns:xs=\"http://www.w3.org/2001/XMLSchema\">\
        <xs:element name=\"none\"/></xs:schema>";
    let files = [("none/family.toml", toml), ("none/none.xsd", xsd)];
    let files = files.map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec()));
    Arc::new(Catalogue::compile(&files.into(), &Default::default()).expect("a family"))
});

fn hand_over() {
    let log = Arc::<Log>::default();
    let view: Arc<dyn View> = Arc::new(Rows(view::plain()));
    let (inbox, _jobs) = queue(1);
    let (intake, orders) = queue(SENT.len() + 1);
    let (groups, outlet) = queue(1);
    let (publish, mut applied) = watch::channel(0);
    let waiting = send(&intake);
    let shared = Arc::new(Shared {
        catalogue: FAMILIES.clone(),
        routes: Routes::new(Vec::new(), &[]).expect("none"),
        read: log.clone(),
        view: view.clone(),
        limits: xml::Limits::default(),
        settings: Settings {
            group_entries_max: 2,
            ..Settings::default()
        },
        edges: Edges::default(),
        inbox,
        intake,
        applied: applied.clone(),
        accepting: true.into(),
        broken: Mutex::default(),
    });
    let recorder = Recorder::new(
        shared.clone(),
        Box::new(Writer(log.clone())),
        orders,
        groups,
    );
    let mut projector = Projector::new(shared.clone(), outlet, publish);
    let recording = thread::spawn(move || recorder.run());
    let projecting = thread::spawn(move || while projector.step(Duration::ZERO) {});
    // A reader sees what was committed when it came, once it has been told that it is there.
    let reading = {
        let (log, view) = (log.clone(), view.clone());
        thread::spawn(move || {
            let committed = log.committed();
            while *applied.borrow_and_update() < committed {
                yield_now();
            }
            // Nobody gives away a turn with a lock in hand: here all threads are one.
            let there = log.entries()[..committed as usize].to_vec();
            for entry in there {
                assert!(view.by_id(entry.id).expect("readable").is_some());
            }
        })
    };
    for thread in [recording, projecting, reading] {
        thread.join().expect("no thread panics");
    }
    assert!(shared.broken().is_none(), "{:?}", shared.broken());
    assert_eq!(view.applied(), log.committed(), "nothing is left out");
    for (key, bytes, mut outcome) in waiting {
        match outcome.try_recv().expect("everybody is answered") {
            Outcome::Recorded { id: own, .. } => {
                assert_eq!((own, bytes), (id(key), "1"), "{key} is the first one");
            }
            Outcome::Conflict { id: own } => assert_eq!((own, bytes), (id(key), "2"), "{key}"),
            other => panic!("{key}: {other:?}"),
        }
    }
    // Two events where something was dispatched: neither is applied twice.
    let events = |key| {
        view.by_id(id(key))
            .expect("readable")
            .map(|row| row.version)
    };
    assert_eq!(["a", "b", "c"].map(events), [Some(2), Some(2), Some(1)]);
    let recorded = |entry: &&Entry| matches!(entry.event, Event::Recorded(_));
    assert_eq!(log.entries().iter().filter(recorded).count(), 3);
}

#[test]
fn no_order_loses_an_entry_or_a_key() {
    let seed = std::env::var("SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or(clock::now().0 as u64);
    LazyLock::force(&FAMILIES);
    println!("SEED={seed}");
    shuttle::check_random_with_seed(hand_over, seed, SCHEDULES);
}
