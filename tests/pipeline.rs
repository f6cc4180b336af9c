//! The pipeline at its door, between a journal that can fail, a view that can fail, and
//! authorities that say what the test tells them to.

mod support;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use bytes::Bytes;
use support::goods;
use tokio::sync::mpsc;
use tongguan::authority::{Adapter, Delivery, Dispatch, Reply};
use tongguan::config::Config;
use tongguan::declaration::{Entry, Id, Status, Submission};
use tongguan::fault::{Fault, Retry};
use tongguan::journal::{self, Append, Committed, Location};
use tongguan::pipeline::{self, Handle, Outcome, Parts, Running};
use tongguan::routing::{Route, Routes};
use tongguan::view::{self, Counts, Filter, Keyed, Page, Pending, Row, View};
use tongguan::{clock, gateway};

/// The failure that is none but a panic.
const PANIC: &str = "a panic of the store";

/// A switch that a test throws: what stands behind it fails, or waits.
#[derive(Default)]
struct Switch {
    fails: Mutex<Option<&'static str>>,
    held: Mutex<bool>,
    freed: Condvar,
}

impl Switch {
    fn fail(&self, why: &'static str) {
        *self.fails.lock().expect("a lock") = Some(why);
    }

    fn hold(&self, hold: bool) {
        *self.held.lock().expect("a lock") = hold;
        self.freed.notify_all();
    }

    fn pass(&self) -> Result<(), Fault> {
        let held = self.held.lock().expect("a lock");
        drop(self.freed.wait_while(held, |held| *held).expect("a lock"));
        let fails = *self.fails.lock().expect("a lock");
        match fails {
            Some(PANIC) => panic!("{PANIC}"),
            Some(why) => Err(Fault::ours(why)),
            None => Ok(()),
        }
    }
}

/// A real journal behind a switch.
struct Journal(Box<dyn Append>, Arc<Switch>);

impl Append for Journal {
    fn append(&mut self, group: &[Entry]) -> Result<Committed, Fault> {
        self.1.pass()?;
        self.0.append(group)
    }

    fn room(&mut self) -> Result<(), Fault> {
        self.1.pass()?;
        self.0.room()
    }

    fn next_index(&self) -> u64 {
        self.0.next_index()
    }
}

/// A real view behind a switch.
struct Store(Arc<dyn View>, Arc<Switch>);

impl View for Store {
    fn applied(&self) -> u64 {
        self.0.applied()
    }
    fn apply(&self, entries: &[(Location, Entry)]) -> Result<(), Fault> {
        self.1.pass()?;
        self.0.apply(entries)
    }
    fn by_id(&self, id: Id) -> Result<Option<Row>, Fault> {
        self.0.by_id(id)
    }
    fn by_key(&self, trader: &str, key: &str) -> Result<Option<Keyed>, Fault> {
        self.0.by_key(trader, key)
    }
    fn by_reference(&self, a: &str, kind: &str, r: &str, limit: usize) -> Result<Vec<Row>, Fault> {
        self.0.by_reference(a, kind, r, limit)
    }
    fn by_authority_reference(&self, a: &str, kind: &str, r: &str) -> Result<Option<Id>, Fault> {
        self.0.by_authority_reference(a, kind, r)
    }
    fn list(&self, trader: &str, filter: &Filter) -> Result<Page, Fault> {
        self.0.list(trader, filter)
    }
    fn pending(&self, authority: &str, from: u64, limit: usize) -> Result<Vec<Pending>, Fault> {
        self.0.pending(authority, from, limit)
    }
    fn counts(&self) -> Counts {
        self.0.counts()
    }
    fn flush(&self) -> Result<(), Fault> {
        self.0.flush()
    }
}

/// What an authority says to attempt number n (from 0) of a dispatch.
type Script = Box<dyn Fn(&Dispatch, u64) -> Result<&'static str, Fault> + Send + Sync>;

/// An authority that follows a script and tells the test what came.
struct Customs {
    script: Script,
    attempts: AtomicU64,
    came: mpsc::UnboundedSender<(Id, String)>,
}

impl Adapter for Customs {
    fn deliver<'a>(&'a self, dispatch: &'a Dispatch) -> Delivery<'a> {
        let number = self.attempts.fetch_add(1, Ordering::SeqCst);
        _ = self.came.send((dispatch.id, dispatch.reference.clone()));
        let said = (self.script)(dispatch, number).map(|body| Reply {
            body: Bytes::from(body),
            charset: None,
        });
        Box::pin(async move { said })
    }
}

struct Started {
    handle: Handle,
    running: Running,
    journal: Arc<Switch>,
    view: Arc<Switch>,
    came: mpsc::UnboundedReceiver<(Id, String)>,
}

fn start(folder: &Path, settings: pipeline::Settings, script: Script) -> Started {
    let config = Config::default();
    let (append, read) = journal::open(&journal::Settings {
        folder: folder.join("journal"),
        ..Default::default()
    })
    .expect("the journal opens");
    let view = view::open_and_catch_up(&folder.join("view"), &*read).expect("the view opens");
    let (journal_switch, view_switch) = (Arc::<Switch>::default(), Arc::<Switch>::default());
    let (tell, came) = mpsc::unbounded_channel();
    let customs = Customs {
        script,
        attempts: AtomicU64::new(0),
        came: tell,
    };
    let route = Route {
        authority: "customs".to_owned(),
        ..Route::default()
    };
    let adapter: Arc<dyn Adapter> = Arc::new(customs);
    let (handle, running) = pipeline::start(Parts {
        catalogue: Arc::new(gateway::catalogue(&config).expect("families")),
        routes: Routes::new(vec![route], &["customs".to_owned()]).expect("a table"),
        append: Box::new(Journal(append, journal_switch.clone())),
        read,
        view: Arc::new(Store(view, view_switch.clone())),
        adapters: BTreeMap::from([("customs".to_owned(), adapter)]),
        limits: config.xml.clone(),
        settings,
        edges: pipeline::Edges::default(),
    })
    .expect("starts");
    Started {
        handle,
        running,
        journal: journal_switch,
        view: view_switch,
        came,
    }
}

/// Quick retries; everything else as it comes.
fn quick() -> pipeline::Settings {
    let mut settings = pipeline::Settings::default();
    settings.retry.first_ms = Duration::from_millis(1);
    settings.retry.longest_ms = Duration::from_millis(2);
    settings
}

fn submission(number: u32) -> Submission {
    Submission {
        trader: "acme".to_owned(),
        key: None,
        bytes: goods(&format!("BJ20260301{number:08}")),
        charset: None,
        received_at: clock::now(),
    }
}

async fn record(handle: &Handle, number: u32) -> Id {
    match handle.submit(submission(number)).await {
        Outcome::Recorded { id, .. } => id,
        other => panic!("{number}: {other:?}"),
    }
}

/// Waits until a declaration has this status.
async fn reach(handle: &Handle, id: Id, status: Status) -> Row {
    let reached = async {
        loop {
            let row = handle.find("acme", id).await.expect("readable");
            let row = row.expect("a row");
            if row.status == status {
                return row;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(30), reached).await;
    waited.unwrap_or_else(|_| panic!("{id} never got to {status:?}"))
}

fn later() -> Fault {
    Fault::authority(Retry::Later, "no answer")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_append_that_fails_is_never_receipted() {
    let folder = tempfile::tempdir().expect("a folder");
    let take = || Box::new(|_: &Dispatch, _| Ok(""));
    let started = start(folder.path(), quick(), take());
    let handle = &started.handle;
    let first = record(handle, 1).await;
    started.journal.fail("no space left on device");
    for number in [2, 1_000, 3] {
        let outcome = handle.submit(submission(number)).await;
        let Outcome::Unavailable(fault) = outcome else {
            panic!("{outcome:?}")
        };
        assert!(fault.why.contains("no space left"), "{fault}");
    }
    // Not ready any more; what was recorded can still be read.
    assert!(
        handle
            .ready()
            .expect_err("not ready")
            .contains("no space left")
    );
    let row = handle
        .find("acme", first)
        .await
        .expect("readable")
        .expect("a row");
    let (message, _) = handle.message(&row).await.expect("readable");
    assert_eq!(message, submission(1).bytes);
    started.running.stop().await.expect("stops");

    // The next start knows what was receipted and nothing else, and goes on.
    let started = start(folder.path(), quick(), take());
    let page = started.handle.list(
        "acme",
        Filter {
            limit: 10,
            ..Filter::default()
        },
    );
    let page = page.await.expect("readable");
    assert_eq!(
        page.rows.iter().map(|row| row.id).collect::<Vec<_>>(),
        [first]
    );
    record(&started.handle, 2).await;
    started.running.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_that_fails_loses_nothing() {
    // sled panics where others return an error; readiness has to know all the same.
    for (why, stops) in [("the store is damaged", true), (PANIC, false)] {
        let stopped = fail_the_view(why).await;
        assert_eq!(stopped.is_ok(), stops, "{why}: {stopped:?}");
    }
}

async fn fail_the_view(why: &'static str) -> Result<(), Fault> {
    let folder = tempfile::tempdir().expect("a folder");
    let take = || Box::new(|_: &Dispatch, _| Ok(""));
    let started = start(folder.path(), quick(), take());
    let first = record(&started.handle, 1).await;
    reach(&started.handle, first, Status::Dispatched).await;
    started.view.fail(why);
    let second = record(&started.handle, 2).await;
    let unready = async {
        while started.handle.ready().is_ok() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(30), unready).await;
    waited.expect("readiness tells of a view that failed");
    let outcome = started.handle.submit(submission(3)).await;
    assert!(matches!(outcome, Outcome::Unavailable(_)), "{outcome:?}");
    let stopped = started.running.stop().await;

    let started = start(folder.path(), quick(), take());
    reach(&started.handle, second, Status::Dispatched).await;
    started.running.stop().await.expect("stops");
    stopped
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lane_tries_again_and_gives_up() {
    // What the authority says to each attempt, attempts allowed, the status and the reason.
    type Says = fn(u64) -> Result<&'static str, Fault>;
    let table: [(Says, u32, u64, Status, &str); 4] = [
        (
            |n| if n < 3 { Err(later()) } else { Ok("") },
            100,
            4,
            Status::Dispatched,
            "",
        ),
        (
            |_| Err(Fault::authority(Retry::Never, "not a form of ours")),
            100,
            1,
            Status::Undeliverable,
            "not a form of ours",
        ),
        (|_| Err(later()), 3, 3, Status::Undeliverable, "no answer"),
        (|_| Ok("<what>is this"), 100, 1, Status::Dispatched, ""),
    ];
    for (says, attempts_max, attempts, status, reason) in table {
        let folder = tempfile::tempdir().expect("a folder");
        let mut settings = quick();
        settings.retry.attempts_max = attempts_max;
        let mut started = start(folder.path(), settings, Box::new(move |_, n| says(n)));
        let id = record(&started.handle, 1).await;
        let row = reach(&started.handle, id, status).await;
        for _ in 0..attempts {
            let (came, _) = started.came.recv().await.expect("an attempt");
            assert_eq!(came, id, "the same number at every attempt");
        }
        assert!(started.came.try_recv().is_err(), "no attempt too many");
        let last = row.events.iter().find(|event| event.status == status);
        assert_eq!(last.map(|event| event.text.as_str()), Some(reason));
        let unreadable = row.events.iter().any(|event| event.code == "unreadable");
        assert_eq!(unreadable, says(0).is_ok_and(|body| !body.is_empty()));
        started.running.stop().await.expect("stops");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_delivered_after_a_restart_in_order() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut settings = quick();
    settings.lane_concurrency = 1;
    let down = Box::new(|_: &Dispatch, _| Err(later()));
    let started = start(folder.path(), settings.clone(), down);
    let mut recorded = Vec::new();
    for number in 1..=40 {
        recorded.push(record(&started.handle, number).await);
    }
    started.running.stop().await.expect("stops");

    let up = Box::new(|_: &Dispatch, _| Ok(""));
    let mut started = start(folder.path(), settings, up);
    for id in &recorded {
        let (came, _) = started.came.recv().await.expect("a dispatch");
        assert_eq!(came, *id);
        reach(&started.handle, *id, Status::Dispatched).await;
    }
    assert!(started.came.try_recv().is_err(), "nothing came twice");
    started.running.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_inbox_is_an_answer_and_loses_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let settings = pipeline::Settings {
        inbox_max: 4,
        intake_max: 2,
        validators: 1,
        group_entries_max: 1,
        ..quick()
    };
    let started = start(folder.path(), settings, Box::new(|_, _| Ok("")));
    started.journal.hold(true);
    // The journal holds one, the intake two, the validator one, the inbox four.
    const ROOM: usize = 1 + 2 + 1 + 4;
    const SENT: usize = 100;
    let (tell, mut told) = mpsc::unbounded_channel();
    for number in 0..SENT {
        let (handle, tell) = (started.handle.clone(), tell.clone());
        tokio::spawn(async move { tell.send(handle.submit(submission(number as u32)).await) });
    }
    // Nothing is answered while the journal holds, but that there is no room.
    for _ in 0..SENT - ROOM {
        let outcome = told.recv().await.expect("an outcome");
        let Outcome::Busy { retry_after_s } = outcome else {
            panic!("{outcome:?}")
        };
        assert!(retry_after_s >= 1);
    }
    started.journal.hold(false);
    let mut recorded = 0;
    for _ in 0..ROOM {
        match told.recv().await.expect("an outcome") {
            Outcome::Recorded { .. } => recorded += 1,
            Outcome::Busy { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    assert!(recorded >= 4, "what was taken was recorded: {recorded}");
    let page = started.handle.list(
        "acme",
        Filter {
            limit: SENT,
            ..Filter::default()
        },
    );
    assert_eq!(page.await.expect("readable").rows.len(), recorded);
    record(&started.handle, 1_000).await;
    started.running.stop().await.expect("stops");
}
