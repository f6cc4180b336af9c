//! The habits of the house, kept by an ordinary test: imports look up the list of rooms in
//! `src/lib.rs`, an outside crate has one door, files open with their story, and what the
//! documents say about settings and files is so.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use tongguan::config::{Config, SETTINGS};

/// Lines of the longest file; beyond it a second noun hides inside.
const FILE_LINES_MAX: usize = 600;

/// Outside crates and the only places that may name them.
const DOORS: &[(&str, &[&str])] = &[
    ("encoding_rs", &["src/xml/"]),
    (
        "regex_syntax",
        &["src/schema/pattern/", "src/schema/sample"],
    ),
    ("sled", &["src/view/"]),
    ("crossbeam", &["src/pipeline/queue.rs"]),
    (
        "hyper",
        &[
            "src/http.rs",
            "src/ingest/",
            "src/authority/",
            "src/simulator/",
        ],
    ),
    (
        "hyper_util",
        &[
            "src/http.rs",
            "src/ingest/",
            "src/authority/",
            "src/simulator/",
        ],
    ),
    ("hyper_rustls", &["src/http.rs"]),
    ("rustls", &["src/http.rs", "src/ingest/", "src/authority/"]),
    ("tokio_rustls", &["src/ingest/"]),
    ("rcgen", &["src/ingest/tls.rs"]),
    ("metrics", &["src/telemetry.rs", "src/telemetry/"]),
    ("tracing", &["src/telemetry.rs", "src/telemetry/"]),
    ("clap", &["src/command/", "src/main.rs"]),
    ("rust_embed", &["src/gateway.rs"]),
];

/// What must never be named in a place, and why.
const ABSENCES: &[(&[&str], &[&str], &str)] = &[
    (
        &[
            "src/xml/",
            "src/schema/",
            "src/declaration/",
            "src/family/",
            "src/routing.rs",
        ],
        &[
            "std::fs",
            "std::net",
            "std::thread",
            "tokio::",
            "Instant::now",
            "SystemTime",
            "clock::now",
            "Timestamp::now",
        ],
        "opens nothing, starts nothing, reads no clock",
    ),
    (
        &["src/ingest/"],
        &["crate::authority"],
        "ingest never names an adapter",
    ),
    (
        &["src/authority/"],
        &["crate::journal", "crate::view"],
        "an adapter never names the journal or the view",
    ),
];

#[test]
fn rooms_look_up_only() {
    let rooms = rooms();
    let mut wrong = Vec::new();
    for file in sources() {
        let Some(own) = rooms.iter().position(|room| belongs(&file.name, room)) else {
            continue;
        };
        for (number, line) in code_lines(&file.text) {
            for named in rooms_named(line) {
                match rooms.iter().position(|room| *room == named) {
                    Some(other) if other <= own => {}
                    Some(_) => wrong.push(format!(
                        "{}:{number} names {named}, which lies above it",
                        file.name
                    )),
                    None => {}
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_room_exists_and_every_file_belongs_to_one() {
    let rooms = rooms();
    assert!(
        rooms.len() > 10,
        "the list in src/lib.rs was not understood: {rooms:?}"
    );
    for file in sources() {
        let known = ["src/lib.rs", "src/main.rs"].contains(&file.name.as_str());
        assert!(
            known || rooms.iter().any(|room| belongs(&file.name, room)),
            "{} belongs to no room",
            file.name
        );
    }
}

#[test]
fn outside_crates_have_one_door() {
    let mut wrong = Vec::new();
    for file in sources() {
        for (number, line) in code_lines(&file.text) {
            for (krate, doors) in DOORS {
                let named =
                    words(line).any(|(word, rest)| word == *krate && rest.starts_with("::"));
                if named && !doors.iter().any(|door| file.name.starts_with(door)) {
                    wrong.push(format!(
                        "{}:{number} names {krate}; its door is {doors:?}",
                        file.name
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn absences_stay_true() {
    let mut wrong = Vec::new();
    for file in sources() {
        for (places, names, why) in ABSENCES {
            if !places.iter().any(|place| file.name.starts_with(place)) {
                continue;
            }
            for (number, line) in code_lines(&file.text) {
                for name in names.iter().filter(|name| line.contains(**name)) {
                    wrong.push(format!("{}:{number} names {name}: {why}", file.name));
                }
            }
        }
        let appends =
            file.name != "src/pipeline/record.rs" && !file.name.starts_with("src/journal/");
        for (number, line) in code_lines(&file.text) {
            if appends && file.name.starts_with("src/pipeline/") && line.contains("append.append(")
            {
                wrong.push(format!(
                    "{}:{number}: only src/pipeline/record.rs appends",
                    file.name
                ));
            }
            if file.name.starts_with("src/ingest/")
                && file.name != "src/ingest/reply.rs"
                && file.name != "src/ingest/operations.rs"
                && line.contains("StatusCode::")
            {
                wrong.push(format!(
                    "{}:{number}: only src/ingest/reply.rs knows status codes",
                    file.name
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_open_with_their_story_and_stay_short() {
    let mut wrong = Vec::new();
    for file in sources()
        .into_iter()
        .chain(files_in("tests", "rs"))
        .chain(files_in("benches", "rs"))
    {
        if !file.text.starts_with("//!") {
            wrong.push(format!("{} does not open with what it is for", file.name));
        }
        let lines = file.text.lines().count();
        if lines > FILE_LINES_MAX {
            wrong.push(format!(
                "{} has {lines} lines; is there a second noun inside?",
                file.name
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn links_in_documents_lead_somewhere() {
    let mut wrong = Vec::new();
    for file in documents() {
        for target in file
            .text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split([')', '#']).next())
        {
            if target.is_empty() || target.contains("://") || target.contains(char::is_whitespace) {
                continue;
            }
            let from = Path::new(&file.name).parent().unwrap_or(Path::new(""));
            if !root().join(from).join(target).exists() {
                wrong.push(format!("{}: {target} is not there", file.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn tables_in_documents_are_whole() {
    let mut wrong = Vec::new();
    for file in documents() {
        let mut columns = None;
        let mut fenced = false;
        for (number, line) in file.text.lines().enumerate() {
            fenced ^= line.trim_start().starts_with("```");
            if fenced || !line.starts_with('|') {
                columns = None;
                continue;
            }
            let cells = line.replace("\\|", "").matches('|').count();
            if *columns.get_or_insert(cells) != cells {
                wrong.push(format!(
                    "{}:{}: another number of columns than above",
                    file.name,
                    number + 1
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// `docs/operating.md` has a row for each setting: `| key | default | what it is for |`.
/// `UPDATE=1 cargo test --test tidy` writes them anew.
#[test]
fn the_table_of_settings_is_that_of_the_code() {
    const BEGIN: &str = "| setting | default | what it is for |\n|---|---|---|\n";
    let config = Config::default();
    let rows: String = SETTINGS
        .iter()
        .map(|setting| {
            format!(
                "| `{}` | `{}` | {} |\n",
                setting.key,
                setting.show(&config),
                setting.about
            )
        })
        .collect();
    let path = root().join("docs/operating.md");
    let text = fs::read_to_string(&path).expect("docs/operating.md");
    let start = text.find(BEGIN).expect("the head of the table of settings") + BEGIN.len();
    let end = start
        + text[start..]
            .find("\n\n")
            .map_or(text.len() - start, |at| at + 1);
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, format!("{}{rows}{}", &text[..start], &text[end..]))
            .expect("docs/operating.md");
    } else {
        assert_eq!(
            &text[start..end],
            rows,
            "UPDATE=1 cargo test --test tidy writes the table anew"
        );
    }
}

/// Every environment variable is its own: no two settings share one.
#[test]
fn variables_of_settings_differ() {
    let mut seen = BTreeMap::new();
    for setting in SETTINGS.iter() {
        if let Some(other) = seen.insert(setting.variable(), setting.key) {
            panic!("{} and {other} share {}", setting.key, setting.variable());
        }
    }
}

struct File {
    name: String,
    text: String,
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> Vec<File> {
    files_in("src", "rs")
}

fn documents() -> Vec<File> {
    let readme = File {
        name: "README.md".to_owned(),
        text: fs::read_to_string(root().join("README.md")).expect("README.md"),
    };
    files_in("docs", "md")
        .into_iter()
        .chain(files_in("tests", "md"))
        .chain([readme])
        .collect()
}

fn files_in(folder: &str, extension: &str) -> Vec<File> {
    let mut files = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.expect("a folder that can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                let name = path
                    .strip_prefix(root())
                    .expect("below the root")
                    .to_string_lossy()
                    .into_owned();
                files.push(File {
                    text: fs::read_to_string(&path).expect("a text file"),
                    name,
                });
            }
        }
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    files
}

/// The rooms in the order of `src/lib.rs`.
fn rooms() -> Vec<String> {
    let text = fs::read_to_string(root().join("src/lib.rs")).expect("src/lib.rs");
    let names = text
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    names.map(str::to_owned).collect()
}

fn belongs(file: &str, room: &str) -> bool {
    file == format!("src/{room}.rs") || file.starts_with(&format!("src/{room}/"))
}

/// Lines with their numbers, comments and in-file tests left out.
fn code_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or(text);
    let lines = code
        .lines()
        .enumerate()
        .map(|(number, line)| (number + 1, line));
    lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// The rooms that a line names: `crate::room` and `crate::{room, room::thing}`.
fn rooms_named(line: &str) -> Vec<String> {
    let mut named = Vec::new();
    for rest in line.split("crate::").skip(1) {
        if let Some(list) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut name = String::new();
            for character in list.chars() {
                match character {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => named.push(std::mem::take(&mut name)),
                    _ if depth == 0 => name.push(character),
                    _ => {}
                }
            }
            named.push(name);
        } else {
            named.push(rest.to_owned());
        }
    }
    let first = |name: String| words(name.trim()).next().map(|(word, _)| word.to_owned());
    named.into_iter().filter_map(first).collect()
}

/// The words of a line, each with what follows it.
fn words(line: &str) -> impl Iterator<Item = (&str, &str)> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    line.split(move |c: char| !is_word(c))
        .filter(|word| !word.is_empty())
        .map(move |word| {
            let end = word.as_ptr() as usize - line.as_ptr() as usize + word.len();
            (word, &line[end..])
        })
}
