//! A finding is the trader's mistake: a stable code, where it stands, what came, what was
//! expected, and how to mend it. Made by `xml`, `schema` and `family`, so it lies below them.

use std::borrow::Cow;

use serde::Serialize;

/// Characters of an offending value that a finding quotes; the rest is cut. Enough to
/// recognise the value, too little to mirror a body back.
pub const VALUE_CHARS_MAX: usize = 120;

/// How a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Reported beside a receipt; the message is recorded.
    Warning,
    /// The message is refused.
    Error,
}

/// Where in the message, as sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Place {
    /// From 1.
    pub line: u32,
    /// From 1, in characters.
    pub column: u32,
    /// In bytes of the message as sent (after decompression), from 0.
    pub offset: u64,
}

/// One text in the languages that the catalogue has.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Text {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

/// The language of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// Chinese.
    #[default]
    Zh,
    /// English.
    En,
}

impl Text {
    /// The text in `language`.
    pub fn in_language(&self, language: Language) -> &str {
        match language {
            Language::Zh => &self.zh,
            Language::En => &self.en,
        }
    }
}

/// One mistake in a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Stable for ever: a rule's code (`DEC-1003`), a constraint name of XML Schema
    /// (`cvc-maxLength-valid`), or a limit of the reader (`xml-doctype`).
    pub code: Cow<'static, str>,
    /// A short name of what is wrong, for findings of a schema: `missing-element`; empty for others.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub name: Cow<'static, str>,
    /// Whether it refuses the message.
    pub severity: Severity,
    /// Indexed path, `/DecMessage/DecLists/DecList[2]/GNo`; an index only where an element repeats.
    pub path: String,
    /// Where.
    #[serde(flatten)]
    pub place: Place,
    /// What stands there, at most [`VALUE_CHARS_MAX`] characters; empty if nothing does.
    pub value: String,
    /// What was expected, in a short form without words of a language: `maxLength 10`, `I, E`.
    pub expected: String,
    /// What is wrong and how to mend it.
    pub text: Text,
}

/// What a check found, up to a cap; what lies beyond is only counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Findings {
    list: Vec<Finding>,
    findings_max: usize,
    omitted: u64,
    errors: u64,
}

impl Findings {
    /// No findings yet, room for `findings_max`.
    pub fn new(findings_max: usize) -> Findings {
        Findings {
            list: Vec::new(),
            findings_max,
            omitted: 0,
            errors: 0,
        }
    }

    /// Adds one, or counts it when the cap is reached.
    pub fn push(&mut self, mut finding: Finding) {
        if finding.severity == Severity::Error {
            self.errors += 1;
        }
        if self.list.len() >= self.findings_max {
            self.omitted += 1;
            return;
        }
        if let Some((cut, _)) = finding.value.char_indices().nth(VALUE_CHARS_MAX) {
            finding.value.truncate(cut);
            finding.value.push('…');
        }
        self.list.push(finding);
    }

    /// The findings, in the order of the document once [`Findings::sort`] has run.
    pub fn list(&self) -> &[Finding] {
        &self.list
    }

    /// How many more there were than the cap admits.
    pub fn omitted(&self) -> u64 {
        self.omitted
    }

    /// Whether the message has to be refused.
    pub fn refuse(&self) -> bool {
        self.errors > 0
    }

    /// Nothing at all was found.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty() && self.omitted == 0
    }

    /// Whether another finding would only be counted.
    pub fn is_full(&self) -> bool {
        self.list.len() >= self.findings_max
    }

    /// Counts findings that were not even made.
    pub fn omit(&mut self, beyond: u64) {
        self.omitted += beyond;
        self.errors += beyond;
    }

    /// Takes over what was found in a message that stands inside this one, at `path`.
    pub fn absorb(&mut self, inner: Findings, path: &str) {
        let reported = inner.list.iter();
        let errors = reported.filter(|finding| finding.severity == Severity::Error);
        self.errors += inner.errors - errors.count() as u64;
        self.omitted += inner.omitted;
        for mut finding in inner.list {
            finding.path.insert_str(0, path);
            self.push(finding);
        }
    }

    /// By place, then code: the order in which a reader meets them.
    pub fn sort(&mut self) {
        self.list.sort_by(|a, b| {
            (a.place.offset, &a.code, &a.path).cmp(&(b.place.offset, &b.code, &b.path))
        });
    }
}

/// A word that is looked for has at most this many bytes, and the words among which it is
/// looked for are at most so many: beyond that looking costs more than it helps.
const NEAR_BYTES_MAX: usize = 64;
const NEAR_MAX: usize = 2_000;

/// The word of `known` nearest to `word`, if one is near enough to have been meant.
pub fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let known: Vec<&str> = known.into_iter().take(NEAR_MAX + 1).collect();
    if word.len() > NEAR_BYTES_MAX || known.len() > NEAR_MAX {
        return None;
    }
    let candidates = known
        .into_iter()
        .map(|candidate| (distance(word, candidate), candidate));
    let (distance, candidate) = candidates.min()?;
    (distance <= candidate.len().max(word.len()) / 3).then_some(candidate)
}

/// The name that was probably meant, or all of them as a finding lists them.
pub fn meant(word: &str, names: &[&str]) -> String {
    let all = || names.iter().copied();
    nearest(word, all()).map_or_else(|| listing(all()), str::to_owned)
}

/// Names or values that a finding lists; the rest is counted.
pub const LISTED_MAX: usize = 12;

/// Names or values for a finding: the first ones, and how many there are.
pub fn listing<'l>(all: impl Iterator<Item = &'l str> + Clone) -> String {
    let count = all.clone().count();
    let listed: Vec<&str> = all.take(LISTED_MAX).collect();
    match count > LISTED_MAX {
        true => format!("{}, … ({count})", listed.join(", ")),
        false => listed.join(", "),
    }
}

/// Levenshtein's distance, in bytes.
pub fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let substituted = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[b.len()]
}
