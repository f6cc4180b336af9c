//! Joins the rooms: the only file that names concrete implementations. It opens what has to
//! be opened, in order, and closes it in the reverse order.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::authority::Adapter;
use crate::authority::http::Http;
use crate::config::Config;
use crate::disk::{LocalDisk, write_aside};
use crate::family::Catalogue;
use crate::fault::Fault;
use crate::routing::Routes;
use crate::schema::Files;
use crate::{ingest, journal, pipeline, telemetry, view};

/// The message families that come with the gateway.
#[derive(rust_embed::RustEmbed)]
#[folder = "schemas/"]
struct BuiltIn;

/// A running gateway.
pub struct Gateway {
    catalogue: Arc<Catalogue>,
    server: ingest::Server,
    operations: ingest::operations::Server,
    running: pipeline::Running,
    look: Look,
}

impl Gateway {
    /// Starts everything: the operators' door first, so that it can say how far the rest has
    /// come, then journal, view, pipeline, lanes, and the traders' door last, so that whoever
    /// can connect is served. Call inside a tokio runtime.
    ///
    /// # Errors
    /// The first thing that cannot be opened, and why.
    pub async fn start(config: &Config) -> Result<Gateway, Fault> {
        let catalogue = Arc::new(catalogue(config)?);
        let routes = routes(config)?;
        let adapters = adapters(config)?;
        let operations = ingest::operations::Server::start(&config.operations).await?;
        let (append, read, view) = opened(config, operations.stage()).await?;
        let (handle, running) = pipeline::start(pipeline::Parts {
            catalogue: catalogue.clone(),
            routes,
            append,
            read,
            view,
            adapters,
            limits: config.xml.clone(),
            settings: config.pipeline.clone(),
            edges: pipeline::Edges::default(),
        })?;
        let tls = ingest::tls::load(&config.ingest.tls, &config.tls_folder())?;
        let keys = ingest::keys::Keys::open(&config.keys_file())?;
        let families = ingest::families(&catalogue);
        let secret = cursor_secret(&config.data)?;
        let ready = handle.clone();
        let server =
            ingest::Server::start(&config.ingest, tls, keys, &secret, families, handle).await?;
        operations.stage().running(ready);
        Ok(Gateway {
            catalogue,
            server,
            operations,
            running,
            look: Look::begin(journal_settings(config)),
        })
    }

    /// Where traders connect.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Where operators look.
    pub fn operations_address(&self) -> SocketAddr {
        self.operations.address()
    }

    /// The families in force.
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// Stops gracefully: not ready any more, no new connections, everything in flight answered,
    /// the last group synced, the view closed.
    ///
    /// # Errors
    /// What did not end in time or could not be written.
    pub async fn stop(self) -> Result<(), Fault> {
        self.operations.stage().stopping();
        drop(self.look);
        self.server.stop().await;
        self.running.stop().await
    }
}

/// A look at the whole journal, beside everything else: a start checks how its segments hang
/// together and the end of the last one; damage within the others is named here, in the log
/// and as a metric, before somebody needs what is damaged.
struct Look(Arc<AtomicBool>);

impl Look {
    /// Rests between groups so much longer than it works: it takes a fifth of one core at most.
    const REST: u32 = 4;

    /// But never longer than this, so that it ends when it is told to.
    const REST_MAX: Duration = Duration::from_millis(50);

    fn begin(settings: journal::Settings) -> Look {
        let ended = Arc::new(AtomicBool::new(false));
        let told = ended.clone();
        tokio::task::spawn_blocking(move || {
            let worked = Mutex::new(Instant::now());
            let rest = |_, _| {
                let mut since = worked.lock().unwrap_or_else(PoisonError::into_inner);
                std::thread::sleep((since.elapsed() * Look::REST).min(Look::REST_MAX));
                *since = Instant::now();
                !told.load(Ordering::Relaxed)
            };
            // It fails when it is ended: then there is nothing to say.
            if let Ok(found) = journal::verify(Arc::new(LocalDisk), &settings, 1, &rest) {
                for damage in &found.damages {
                    telemetry::journal_damaged(damage);
                }
                telemetry::journal_looked_at(found.entries, found.damages.len());
            }
        });
        Look(ended)
    }
}

impl Drop for Look {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// The families in force: the built-in ones, and those of the configured folder.
///
/// # Errors
/// Every mistake in them, one a line.
pub fn catalogue(config: &Config) -> Result<Catalogue, Fault> {
    let mut files: Files = BuiltIn::iter()
        .filter_map(|name| {
            BuiltIn::get(&name).map(|file| (name.into_owned(), file.data.into_owned()))
        })
        .collect();
    if let Some(folder) = &config.families {
        let further = files_under(folder)?;
        // A family replaces the built-in one of its name as a whole, never file by file.
        for family in further
            .keys()
            .filter_map(|name| name.strip_suffix("/family.toml"))
        {
            let prefix = format!("{family}/");
            files.retain(|name, _| !name.starts_with(&prefix));
        }
        files.extend(further);
    }
    Catalogue::compile(&files, &config.rules).map_err(|mistakes| {
        let lines: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
        Fault::operator(format!(
            "the message families have {} mistake(s)\n{}",
            lines.len(),
            lines.join("\n")
        ))
    })
}

/// The routing table.
///
/// # Errors
/// A line that names no authority, or that can never be reached.
pub fn routes(config: &Config) -> Result<Routes, Fault> {
    let names: Vec<String> = config.authorities.keys().cloned().collect();
    Routes::new(config.routes.clone(), &names)
}

/// Writer and reader of the journal, and the view as far as they are.
type Opened = (
    Box<dyn journal::Append>,
    Arc<dyn journal::Read>,
    Arc<dyn view::View>,
);

/// Opens the journal and then the view, which may take a minute if it has to be made again:
/// on a thread of its own, while the operators' door says how far it has come.
async fn opened(config: &Config, stage: &ingest::operations::Stage) -> Result<Opened, Fault> {
    let (settings, folder) = (journal_settings(config), config.view_folder());
    let stage = stage.clone();
    let open = move || {
        stage.starting("opening the journal");
        let (append, read) = journal::open(&settings)?;
        stage.starting("opening the view");
        let view = view::open(&folder, &*read, &mut |progress| stage.starting(progress))?;
        Ok((append, read, view))
    };
    let opened = tokio::task::spawn_blocking(open).await;
    opened.map_err(|error| Fault::ours(error.to_string()))?
}

/// Makes the view anew from the journal; gives the number of entries. `tell` hears every
/// second how far it has come.
///
/// # Errors
/// A journal that cannot be read, a gateway that is running.
pub fn rebuild(config: &Config, tell: &mut dyn FnMut(view::Progress)) -> Result<u64, Fault> {
    let (_append, read) = journal::open(&journal_settings(config))?;
    view::set_aside(&config.view_folder())?;
    let view = view::open(&config.view_folder(), &*read, tell)?;
    view.close()?;
    Ok(view.applied())
}

/// The CA of the self-made certificate, made now if it is not there yet.
///
/// # Errors
/// A folder that cannot be written.
pub fn development_ca(config: &Config) -> Result<Vec<u8>, Fault> {
    ingest::tls::development_ca(&config.tls_folder())
}

/// The secret of list cursors, made at the first start, so that a cursor outlives a restart.
fn cursor_secret(data: &Path) -> Result<[u8; 32], Fault> {
    let path = data.join("cursor.key");
    let fault = |why: String| Fault::ours(format!("{}: {why}", path.display()));
    if let Ok(bytes) = std::fs::read(&path) {
        return bytes
            .try_into()
            .map_err(|_| fault("not 32 bytes; remove it".to_owned()));
    }
    let mut secret = [0; 32];
    aws_lc_rs::rand::fill(&mut secret)
        .map_err(|_| fault("the system gives no random bytes".to_owned()))?;
    write_aside(&LocalDisk, &path, &secret).map_err(|error| fault(error.to_string()))?;
    Ok(secret)
}

/// Where the journal lies and how big it is.
pub fn journal_settings(config: &Config) -> journal::Settings {
    journal::Settings {
        folder: config.journal_folder(),
        ..config.journal.clone()
    }
}

fn adapters(config: &Config) -> Result<BTreeMap<String, Arc<dyn Adapter>>, Fault> {
    let mut adapters: BTreeMap<String, Arc<dyn Adapter>> = BTreeMap::new();
    for (name, authority) in &config.authorities {
        let adapter = Http::new(authority.clone())
            .map_err(|fault| fault.while_doing(format_args!("authority {name}")))?;
        adapters.insert(name.clone(), Arc::new(adapter));
    }
    Ok(adapters)
}

/// Every file below `folder`, named from there with `/`.
fn files_under(folder: &Path) -> Result<Files, Fault> {
    /// More than this is not a folder of message families.
    const FILES_MAX: usize = 10_000;
    let mut files = Files::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        let fault = |error: std::io::Error| {
            Fault::operator(format!("families: {}: {error}", next.display()))
        };
        for entry in std::fs::read_dir(&next).map_err(fault)? {
            let path = entry.map_err(fault)?.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path
                .strip_prefix(folder)
                .expect("found below it")
                .to_string_lossy()
                .replace('\\', "/");
            files.insert(name, std::fs::read(&path).map_err(fault)?);
            if files.len() > FILES_MAX {
                return Err(Fault::operator(format!(
                    "families: more than {FILES_MAX} files in {}",
                    folder.display()
                )));
            }
        }
    }
    Ok(files)
}
