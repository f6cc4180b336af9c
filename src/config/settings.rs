//! The table of settings: one line each, with its key, its place in [`Config`], and what it
//! is for. `docs/operating.md` holds the same table; a test compares the two.

use std::fmt::Write;

use super::value::Value;
use super::{Config, Mistake, file};

pub use super::value::Shape;

/// One setting.
pub struct Setting {
    /// Section and name, `ingest.body_bytes_max`; units last.
    pub key: &'static str,
    /// What it is for and why the default is what it is.
    pub about: &'static str,
    /// What its value looks like in TOML.
    pub shape: Shape,
    set: fn(&mut Config, &str, &str) -> Result<(), String>,
    show: fn(&Config, &str) -> String,
}

impl Setting {
    /// The value in `config`, as it would stand in a TOML file.
    pub fn show(&self, config: &Config) -> String {
        let text = (self.show)(config, self.key);
        match self.shape {
            Shape::Text => format!("{text:?}"),
            Shape::Integer | Shape::Boolean => text,
        }
    }

    /// The environment variable that sets it.
    pub fn variable(&self) -> String {
        format!("TONGGUAN_{}", self.key.replace('.', "_").to_uppercase())
    }
}

fn shape_of<V: Value>(_field: fn(&Config) -> &V) -> Shape {
    V::SHAPE
}

macro_rules! settings {
    ($($key:literal => $($field:ident).+ , $about:literal;)+) => {
        /// Every setting.
        pub static SETTINGS: std::sync::LazyLock<Vec<Setting>> = std::sync::LazyLock::new(|| vec![$(Setting {
            key: $key,
            about: $about,
            shape: shape_of(|config| &config.$($field).+),
            set: |config, key, text| Value::read(key, text).map(|value| config.$($field).+ = value),
            show: |config, key| config.$($field).+.show(key),
        }),+]);
    };
}

settings! {
    "data" => data, "Folder of everything that is written: journal, view, keys, certificates. It wants a local disk.";
    "families" => families, "Folder of further message families; one with the name of a built-in family replaces it. Empty: none.";
    "ingest.listen" => ingest.listen, "Where traders connect, by HTTPS.";
    "ingest.certificate" => ingest.tls.certificate, "PEM file of the certificate and its chain. Empty: a self-made one, for development.";
    "ingest.key" => ingest.tls.key, "PEM file of its private key.";
    "ingest.body_bytes_max" => ingest.body_bytes_max, "Bytes of a message, also after decompression; above the largest published one.";
    "ingest.body_timeout_s" => ingest.body_timeout_s, "A body has to be complete after this: 10 MiB over a slow line.";
    "ingest.body_rate_min" => ingest.body_rate_min, "Bytes a second that a body has to make after its first five seconds.";
    "ingest.header_timeout_s" => ingest.header_timeout_s, "A request's head has to be complete after this; also how long an idle connection is kept.";
    "ingest.handshake_timeout_s" => ingest.handshake_timeout_s, "A TLS handshake has to be complete after this.";
    "ingest.connections_max" => ingest.connections_max, "Connections at once; each may hold tens of kilobytes.";
    "ingest.requests_max" => ingest.requests_max, "Requests at once; each may hold a body. Beyond it 503.";
    "ingest.requests_per_trader_max" => ingest.requests_per_trader_max, "Requests of one trader at once. Beyond it 429.";
    "ingest.streams_max" => ingest.streams_max, "Streams of one HTTP/2 connection at once.";
    "ingest.stop_wait_s" => ingest.stop_wait_s, "How long stopping waits for requests under way.";
    "operations.listen" => operations.listen, "Where operators look: /livez, /readyz, /metrics, /log/. Plain HTTP and what traders declared; keep it on loopback.";
    "telemetry.level" => telemetry.level, "Logs: error, warn, info, debug, or a filter such as info,tongguan::pipeline=debug.";
    "journal.segment_bytes_max" => journal.segment_bytes_max, "A segment is closed at this size: few files, each copied in seconds.";
    "journal.origin" => journal.origin, "Name of the log in checkpoints and receipts; traders know the gateway by it.";
    "journal.archive" => journal.archive, "Folder to which tongguan archive moves old segments, and where they are read. Empty: none.";
    "journal.headroom_bytes" => journal.headroom_bytes, "Room kept for a full disk, so that what is under way can end and an operator can work.";
    "pipeline.inbox_max" => pipeline.inbox_max, "Messages that wait to be checked; beyond it 503. About half a second of work.";
    "pipeline.intake_max" => pipeline.intake_max, "Checked messages that wait to be recorded: a few groups.";
    "pipeline.validators" => pipeline.validators, "Threads that check messages; by default one for each core.";
    "pipeline.group_entries_max" => pipeline.group_entries_max, "Entries in one group and sync.";
    "pipeline.group_bytes_max" => pipeline.group_bytes_max, "Bytes of messages in one group and sync.";
    "pipeline.read_wait_ms" => pipeline.read_wait_ms, "How long a reader waits until the view shows what was recorded before it asked.";
    "pipeline.stop_wait_s" => pipeline.stop_wait_s, "How long stopping waits for deliveries under way; they are repeated after the start.";
    "deliver.concurrency" => pipeline.lane_concurrency, "Dispatches under way to one authority at once.";
    "deliver.retry_first_ms" => pipeline.retry.first_ms, "Before the second attempt; each later wait is twice as long.";
    "deliver.retry_longest_ms" => pipeline.retry.longest_ms, "Between two attempts at most.";
    "deliver.attempts_max" => pipeline.retry.attempts_max, "Attempts before a dispatch is a dead letter; about two days.";
    "message.depth_max" => xml.depth_max, "Elements inside each other; the deepest published format has nine.";
    "message.elements_max" => xml.elements_max, "Elements of one message.";
    "message.attributes_max" => xml.attributes_max, "Attributes of one element.";
    "message.tag_bytes_max" => xml.tag_bytes_max, "Bytes of one start tag.";
    "message.name_bytes_max" => xml.name_bytes_max, "Bytes of one name.";
    "message.text_bytes_max" => xml.text_bytes_max, "Bytes of the text of one element: an attachment of 1 MB in base64.";
    "message.findings_max" => xml.findings_max, "Findings in one answer; more are counted.";
}

/// Sets `key` from the text of a value of `shape`.
pub fn set(config: &mut Config, key: &str, text: &str, shape: Shape) -> Result<(), String> {
    let Some(setting) = SETTINGS.iter().find(|setting| setting.key == key) else {
        let known: Vec<&str> = SETTINGS.iter().map(|setting| setting.key).collect();
        return Err(file::unknown(key, &known));
    };
    if setting.shape != shape {
        let (expected, found) = (word(setting.shape), word(shape));
        return Err(format!("expected {expected}, found {found}"));
    }
    (setting.set)(config, key, text)
}

/// Sets what the environment variable `name` stands for; other variables are left alone,
/// but one that begins with `TONGGUAN_` has to be a setting.
pub fn from_environment(name: &str, value: &str, config: &mut Config, mistakes: &mut Vec<Mistake>) {
    if !name.starts_with("TONGGUAN_") {
        return;
    }
    let setting = SETTINGS.iter().find(|setting| setting.variable() == name);
    let result = match setting {
        Some(setting) => (setting.set)(config, setting.key, value),
        None => {
            let known: Vec<String> = SETTINGS.iter().map(Setting::variable).collect();
            Err(file::unknown(
                name,
                &known.iter().map(String::as_str).collect::<Vec<_>>(),
            ))
        }
    };
    if let Err(text) = result {
        let key = setting
            .map(|setting| setting.key.to_owned())
            .unwrap_or_default();
        mistakes.push(Mistake {
            source: name.to_owned(),
            line: 0,
            key,
            text,
        });
    }
}

/// See [`Config::effective`].
pub fn render(config: &Config) -> String {
    let mut out = String::new();
    let mut section = "";
    for setting in SETTINGS.iter() {
        let (of, name) = setting.key.split_once('.').unwrap_or(("", setting.key));
        if of != section {
            section = of;
            line(&mut out, format_args!("\n[{section}]"));
        }
        line(
            &mut out,
            format_args!("# {}\n{name} = {}", setting.about, setting.show(config)),
        );
    }
    for (name, authority) in &config.authorities {
        line(
            &mut out,
            format_args!(
                "\n[[authority]]\nname = {name:?}\nurl = {:?}",
                authority.url
            ),
        );
        line(
            &mut out,
            format_args!("callback = {:?}", authority.callback),
        );
        if !authority.token.is_empty() {
            line(&mut out, format_args!("token = \"(set, not shown)\""));
        }
    }
    for route in &config.routes {
        line(&mut out, format_args!("\n[[route]]"));
        let conditions = [
            ("kind", &route.kind),
            ("message_type", &route.message_type),
            ("office", &route.office),
        ];
        for (name, value) in conditions
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
        {
            line(&mut out, format_args!("{name} = {value:?}"));
        }
        line(&mut out, format_args!("authority = {:?}", route.authority));
    }
    if !config.rules.is_empty() {
        line(&mut out, format_args!("\n[rules]"));
    }
    for (code, severity) in &config.rules {
        let word = match severity {
            Some(crate::finding::Severity::Error) => "error",
            Some(crate::finding::Severity::Warning) => "warning",
            None => "off",
        };
        line(&mut out, format_args!("{code} = {word:?}"));
    }
    out
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    writeln!(out, "{text}").expect("writing to a String");
}

fn word(shape: Shape) -> &'static str {
    match shape {
        Shape::Integer => "a whole number",
        Shape::Text => "a string",
        Shape::Boolean => "true or false",
    }
}
