//! One life of the gateway, from its start to its end, by a stop, a kill or a power cut: the
//! real recovery, and the real stages, of which each step is taken here, one after another.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tongguan::authority::Adapter;
use tongguan::declaration::Status;
use tongguan::journal::{self, Read};
use tongguan::pipeline::deliver::Lanes;
use tongguan::pipeline::{Edges, Handle, Parts, Settings, Stages};
use tongguan::routing::{Route, Routes};
use tongguan::view::View;
use tongguan::xml;

use super::audit;
use super::customs::{self, Customs};
use super::family::catalogue;
use super::planted;
use super::segments;
use super::traders;
use super::trouble::Trouble;
use super::view::Remembering;
use super::world::{Name, World, message, reference};

pub const FOLDER: &str = "/data/journal";
pub const ARCHIVE: &str = "/old/journal";

/// The public key, as an operator would publish it.
pub fn public_key(world: &World) -> String {
    let bytes = world.disk.bytes(&Path::new(FOLDER).join("journal.pub"));
    let text = String::from_utf8(bytes.unwrap_or_default()).unwrap_or_default();
    text.trim().to_owned()
}

/// What a life is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// So many things happen, then it ends somehow.
    Work(u64),
    /// Everybody asks once more, and everything comes to its end.
    Finish,
}

/// How a life ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Refused,
    Stopped,
    Killed,
    Off,
}

/// Starts, lives and ends. Gives what is left of the view.
///
/// # Errors
/// What is not as it was promised.
pub fn live(
    world: &Arc<World>,
    view: Remembering,
    trouble: Trouble,
    purpose: Purpose,
) -> Result<(End, Remembering), String> {
    world.count("starts", 1);
    world.note(format_args!("a start; trouble: {trouble:?}"));
    trouble.plan(world);
    let history = view.after_restart(world);
    let disk = planted::disk(world.planted, &world.disk);
    let opened = journal::open_on(disk, &settings(world)).and_then(|(append, read)| {
        let caught_up = view.caught_up(&*read)?;
        Ok((append, read, caught_up))
    });
    let (append, read, view) = match opened {
        Ok(opened) => opened,
        Err(_) if world.disk.is_off() => return Ok((End::Off, history)),
        Err(fault) if trouble.may_refuse() => {
            world.note(format_args!("it does not start: {fault}"));
            world.count("starts refused", 1);
            return Ok((End::Refused, history));
        }
        Err(fault) => return Err(format!("a start without trouble is refused: {fault}")),
    };
    if world.disk.is_off() {
        return Ok((End::Off, history));
    }
    world
        .disk
        .quietly(|| audit::recovered(world, &*read, &*view))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .map_err(|error| error.to_string())?;
    let end = runtime.block_on(async {
        world.begin_life();
        world.cases().calling = false;
        world.set_serving(trouble == Trouble::None);
        let append = planted::append(world.planted, &world.disk, append);
        let mut stages = Stages::new(parts(world, append, read.clone(), view.clone()));
        let lanes = stages.deliver();
        let life = Life {
            world,
            handle: stages.handle(),
            stages,
            read,
            view: view.clone(),
        };
        let end = life.spend(trouble, purpose, lanes).await;
        world.set_serving(false);
        world.end_life();
        end
    })?;
    // Whatever was under way dies with it.
    drop(runtime);
    world.check()?;
    Ok((end, view.after_restart(world)))
}

/// Small segments, so that many begin and end.
pub fn settings(world: &World) -> journal::Settings {
    journal::Settings {
        folder: FOLDER.into(),
        archive: Some(ARCHIVE.into()),
        headroom_bytes: 1 << 20,
        segment_bytes_max: world.segment_bytes_max,
        origin: "simulation".to_owned(),
    }
}

fn parts(
    world: &Arc<World>,
    append: Box<dyn journal::Append>,
    read: Arc<dyn Read>,
    view: Arc<dyn View>,
) -> Parts {
    let customs = "customs".to_owned();
    let route = Route {
        authority: customs.clone(),
        ..Route::default()
    };
    let adapter: Arc<dyn Adapter> = Arc::new(Customs(world.clone()));
    let adapter = planted::adapter(world.planted, adapter);
    let (clock, chance) = (world.clone(), world.clone());
    let mut settings = Settings {
        inbox_max: 1 + world.few(32) as usize,
        intake_max: 1 + world.few(32) as usize,
        group_entries_max: 1 + world.few(16) as usize,
        groups_max: 1 + world.few(16) as usize,
        lane_concurrency: 1 + world.few(4) as usize,
        ..Settings::default()
    };
    settings.retry.attempts_max = 2 + world.below(40) as u32;
    Parts {
        catalogue: catalogue(),
        routes: Routes::new(vec![route], std::slice::from_ref(&customs)).expect("a table"),
        append,
        read,
        view,
        adapters: BTreeMap::from([(customs, adapter)]),
        limits: xml::Limits::default(),
        settings,
        edges: Edges {
            now: Arc::new(move || clock.now()),
            random: Arc::new(move || chance.next()),
        },
    }
}

struct Life<'w> {
    world: &'w Arc<World>,
    handle: Handle,
    stages: Stages,
    read: Arc<dyn Read>,
    view: Arc<Remembering>,
}

impl Life<'_> {
    async fn spend(
        mut self,
        trouble: Trouble,
        purpose: Purpose,
        lanes: Lanes,
    ) -> Result<End, String> {
        let world = self.world;
        match purpose {
            Purpose::Work(steps) => {
                for _ in 0..steps {
                    self.something().await;
                    world.check()?;
                    if world.disk.is_off() {
                        return Ok(End::Off);
                    }
                }
                if trouble == Trouble::Full {
                    self.space_returns().await?;
                }
                self.view_catches_up()?;
            }
            Purpose::Finish => {
                if trouble == Trouble::Full {
                    for _ in 0..40 {
                        self.something().await;
                    }
                    self.space_returns().await?;
                }
                self.finish().await?;
            }
        }
        match (purpose, world.below(3)) {
            (Purpose::Finish, _) | (_, 0) => self.stop(lanes).await,
            (_, 1) => Ok(End::Killed),
            _ => {
                world.disk.pull();
                Ok(End::Off)
            }
        }
    }

    /// One thing out of everything that may happen next.
    async fn something(&mut self) {
        let world = self.world;
        match world.below(100) {
            0..=29 => traders::send_any(world, &self.handle),
            30..=36 => traders::look(world, &self.handle),
            37..=44 => customs::call_back(world, &self.handle),
            45..=54 => _ = self.stages.validate(),
            55..=66 => _ = self.stages.record(),
            67..=76 => _ = self.stages.project(),
            77..=88 => self.round(),
            89 => segments::move_some(world),
            _ => {
                let wait = world.few(4_000);
                tokio::time::sleep(Duration::from_millis(wait)).await;
            }
        }
        settle().await;
    }

    /// Every stage gets on by one step.
    fn round(&mut self) {
        while self.stages.validate() {}
        self.stages.record();
        self.stages.project();
    }

    async fn pass(&mut self, milliseconds: u64) {
        self.round();
        settle().await;
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
    }

    /// The disk was full; now there is room, and everything goes on without a restart.
    async fn space_returns(&mut self) -> Result<(), String> {
        let world = self.world;
        world.disk.resize(u64::MAX);
        for _ in 0..10 {
            self.pass(1).await;
        }
        world.note(format_args!("there is room again"));
        world.set_serving(true);
        let name = traders::any_name(world);
        self.ask(name, message(name, 0)).await
    }

    /// With nothing more to do the view shows everything that is on disk.
    fn view_catches_up(&mut self) -> Result<(), String> {
        // Groups on the way that it has seen already are steps, too.
        for _ in 0..100 {
            if self.view.applied() == self.read.committed() {
                return Ok(());
            }
            self.stages.project();
        }
        match self.world.is_serving() {
            true => Err(format!("the view stays at {}", self.view.applied())),
            false => Ok(()),
        }
    }

    /// Sends a message and takes steps until it is answered.
    async fn ask(&mut self, name: Name, message: bytes::Bytes) -> Result<(), String> {
        let (world, handle) = (self.world.clone(), self.handle.clone());
        let sent = tokio::spawn(async move { traders::send(&world, &handle, name, message).await });
        for _ in 0..1_000 {
            settle().await;
            if sent.is_finished() {
                return self.world.check();
            }
            self.round();
        }
        Err(format!("{}: an answer never comes", reference(name)))
    }

    /// Everybody repeats everything, and every declaration comes to its end. For a while the
    /// authority is as it was; then it takes what is left.
    async fn finish(&mut self) -> Result<(), String> {
        let world = self.world;
        let sent = world.ledger().sent.clone();
        for (name, messages) in sent {
            for message in messages {
                self.ask(name, message).await?;
            }
        }
        for passed in 0..10_000 {
            if passed == 20 {
                world.set_kind();
            }
            self.pass(1_000).await;
            world.check()?;
            let caught_up = self.view.applied() == self.read.committed();
            let mut counts = self.view.counts().into_iter();
            if caught_up && counts.all(|(status, count)| status != Status::Recorded || count == 0) {
                return Ok(());
            }
        }
        let given = world.ledger().given.clone();
        let waits = given.into_iter().filter(|(_, given)| {
            let row = self.view.by_id(given.id).ok().flatten();
            row.is_some_and(|row| row.status == Status::Recorded)
        });
        let names: Vec<String> = waits.map(|(name, _)| reference(name)).collect();
        Err(format!(
            "neither delivered nor named as undeliverable: {names:?}"
        ))
    }

    /// As the gateway stops.
    async fn stop(mut self, lanes: Lanes) -> Result<End, String> {
        let world = self.world;
        world.set_serving(false);
        self.stages.close();
        let stopping = tokio::spawn(lanes.stop(Duration::from_secs(10)));
        while !stopping.is_finished() {
            self.pass(20).await;
        }
        let finished = self.stages.finish();
        settle().await;
        if world.disk.is_off() {
            return Ok(End::Off);
        }
        world.note(format_args!("it stops: {finished:?}"));
        Ok(End::Stopped)
    }
}

/// Lets every task do what it can without time passing.
async fn settle() {
    for _ in 0..6 {
        tokio::task::yield_now().await;
    }
}
