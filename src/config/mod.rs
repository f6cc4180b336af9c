//! File and environment to [`Config`]. Every setting is one line of the table in `settings`,
//! has a default there, and can be given in the TOML file or as an environment variable
//! (`ingest.body_bytes_max` is `TONGGUAN_INGEST_BODY_BYTES_MAX`); the environment wins.
//! Every mistake is reported at once, with file, line and key, and any mistake stops the start.

mod file;
mod settings;
mod value;

pub use settings::{SETTINGS, Setting};

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use crate::authority;
use crate::family::Severities;
use crate::routing::Route;
use crate::{http, ingest, journal, pipeline, telemetry, xml};

/// Everything that the gateway can be told.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where everything lies that the gateway writes: journal, view, keys, certificates.
    pub data: PathBuf,
    /// A folder of message families beside the built-in ones; a family there replaces the
    /// built-in one of the same name. `None`: the built-in ones only.
    pub families: Option<PathBuf>,
    /// What one message may cost.
    pub xml: xml::Limits,
    /// The journal. Its folder is `data/journal`.
    pub journal: journal::Settings,
    /// Queues and threads.
    pub pipeline: pipeline::Settings,
    /// The traders' door.
    pub ingest: ingest::Settings,
    /// The operators' door.
    pub operations: ingest::operations::Settings,
    /// Logs.
    pub telemetry: telemetry::Settings,
    /// The authorities, by name.
    pub authorities: BTreeMap<String, authority::http::Config>,
    /// Which authority a declaration concerns; the first line that matches.
    pub routes: Vec<Route>,
    /// Rules with another severity than their family gives them, or switched off.
    pub rules: Severities,
}

/// One mistake in the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The file, or the environment variable.
    pub source: String,
    /// From 1; 0 for an environment variable.
    pub line: usize,
    /// The key, such as `ingest.listen`; empty for a file that cannot be read at all.
    pub key: String,
    /// What is wrong and what would be right.
    pub text: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        if !self.key.is_empty() {
            write!(f, ": {}", self.key)?;
        }
        write!(f, ": {}", self.text)
    }
}

impl Default for Config {
    fn default() -> Config {
        // `serve` and `simulate` find each other without a word of configuration.
        let simulator = authority::http::Config {
            url: "http://127.0.0.1:8600/{kind}/{type}".to_owned(),
            token: String::new(),
            callback: "https://127.0.0.1:8443/v1/answers".to_owned(),
            client: http::Settings::default(),
        };
        let everything = Route {
            authority: "customs".to_owned(),
            ..Route::default()
        };
        Config {
            data: PathBuf::from("tongguan-data"),
            families: None,
            xml: xml::Limits::default(),
            journal: journal::Settings::default(),
            pipeline: pipeline::Settings::default(),
            ingest: ingest::Settings::default(),
            operations: ingest::operations::Settings::default(),
            telemetry: telemetry::Settings::default(),
            authorities: BTreeMap::from([("customs".to_owned(), simulator)]),
            routes: vec![everything],
            rules: Severities::new(),
        }
    }
}

impl Config {
    /// Reads `file` (if one is given) and `environment` (name and value pairs).
    ///
    /// # Errors
    /// Every mistake there is.
    pub fn load(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Config, Vec<Mistake>> {
        let mut config = Config::default();
        let mut mistakes = Vec::new();
        if let Some(path) = file {
            file::read(path, &mut config, &mut mistakes);
        }
        for (name, value) in environment {
            settings::from_environment(&name, &value, &mut config, &mut mistakes);
        }
        if mistakes.is_empty() {
            Ok(config)
        } else {
            Err(mistakes)
        }
    }

    /// The folder of the journal.
    pub fn journal_folder(&self) -> PathBuf {
        self.data.join("journal")
    }

    /// The folder of the view.
    pub fn view_folder(&self) -> PathBuf {
        self.data.join("view")
    }

    /// The file with the digests of API keys.
    pub fn keys_file(&self) -> PathBuf {
        self.data.join("keys.toml")
    }

    /// The folder of the self-made certificate, used when none is configured.
    pub fn tls_folder(&self) -> PathBuf {
        self.data.join("tls")
    }

    /// The configuration in force as a TOML file, secrets masked, each setting with what it
    /// is for. Reading it back (secrets apart) gives the same configuration.
    pub fn effective(&self) -> String {
        settings::render(self)
    }
}
