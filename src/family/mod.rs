//! A message family is a folder: XSDs, the fields that the gateway needs, rules, code lists.
//! `load` compiles folders to a [`Catalogue`]; `check` runs one message through it in one
//! pass over the bytes: the schema's walk fills a `record` of what fields and rules name, and
//! `evaluate` holds the rules against it; `fields` reads from it what the gateway needs. A message
//! in an envelope is taken out by `wrapper`. Answers of authorities go the same way. This room
//! opens nothing: folders come as files in memory. A new word of the vocabulary is a variant in
//! `rules`, an arm in `compile`, a function in `evaluate`, and a row in docs/messages.md.

mod compile;
mod dates;
mod digits;
mod evaluate;
mod fields;
mod load;
mod record;
mod rules;
mod seen;
mod source;
mod wrapper;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::declaration::Status;
use crate::finding::{Finding, Findings, Severity, Text, listing, nearest};
use crate::schema::{Files, Mistake, Opened, Schema};
use crate::xml::{Document, Limits, paths};

use self::evaluate::{Breach, evaluate, spoken};
use self::fields::Fields;
use self::load::{Statuses, load};
use self::record::{Record, Shape};
use self::rules::Rule;
use self::wrapper::{INSIDE, Wrapper};

pub use self::fields::Values;

/// Whether a message is a trader's or an authority's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// A trader sends it.
    Declaration,
    /// An authority sends it.
    Answer,
}

/// Rule codes with the severity that an operator gives them; `None` switches one off.
pub type Severities = BTreeMap<String, Option<Severity>>;

/// Every family, compiled.
pub struct Catalogue {
    families: Vec<Family>,
    messages: Vec<MessageType>,
    wrappers: Vec<Wrapper>,
}

/// A family as the catalogue lists it.
#[derive(Debug, Clone)]
pub struct Family {
    /// Its name, the kind of its declarations.
    pub name: Arc<str>,
    /// What people call it.
    pub title: Text,
    /// Version of the folder.
    pub version: String,
    /// Its message types.
    pub messages: Vec<(Role, Arc<str>)>,
}

/// One message type, compiled.
struct MessageType {
    kind: Arc<str>,
    name: Arc<str>,
    title: Text,
    role: Role,
    root: String,
    namespace: String,
    schema: Schema,
    shape: Shape,
    fields: Fields,
    rules: Vec<Rule>,
    status: Statuses,
    other: Option<Status>,
}

/// What a check of a trader's message gives.
#[derive(Debug)]
pub struct Checked {
    /// What was found, in the order of the document. Warnings alone do not refuse.
    pub findings: Findings,
    /// The message, if its root is that of one; when the findings refuse it, its fields are
    /// whatever could be read.
    pub message: Option<Message>,
}

impl Checked {
    /// Whether its root is that of no message.
    pub fn is_unknown(&self) -> bool {
        let mut codes = self.findings.list().iter().map(|finding| &finding.code);
        codes.any(|code| code == UNKNOWN)
    }
}

/// The code of the finding about a root that no message has.
const UNKNOWN: &str = "family-unknown";

/// What the gateway needs of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The family.
    pub kind: Arc<str>,
    /// The message type.
    pub message_type: Arc<str>,
    /// Every field of the family that has a value, in the order of its `family.toml`.
    pub fields: Values,
}

impl Message {
    /// The field of this name.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.get(name)
    }
}

/// An authority's answer, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The family.
    pub kind: Arc<str>,
    /// The message type of the answer.
    pub message_type: Arc<str>,
    /// The trader's reference of the declaration, if the answer carries it.
    pub reference: Option<String>,
    /// The authority's number of the declaration, if the answer carries it.
    pub authority_reference: Option<String>,
    /// The authority's code.
    pub code: String,
    /// Its text.
    pub text: String,
    /// What the family's table makes of the code; `None` moves nothing.
    pub status: Option<Status>,
    /// Every other field.
    pub facts: Vec<(String, String)>,
    /// What was found and does not refuse it.
    pub warnings: Findings,
}

/// A rule as documents list it.
#[derive(Debug)]
pub struct RuleEntry<'c> {
    /// The message type that it belongs to.
    pub message_type: &'c str,
    /// Its code.
    pub code: &'c str,
    /// Its severity.
    pub severity: Severity,
    /// The word of the vocabulary for what it checks.
    pub primitive: &'static str,
    /// What it says.
    pub text: &'c Text,
    /// Where it comes from.
    pub source: &'c str,
}

impl Catalogue {
    /// Compiles the families in `files`: `goods/family.toml`, `goods/dec.xsd`, `codes/unit.csv`.
    ///
    /// # Errors
    /// Every mistake in them, with file and line.
    pub fn compile(files: &Files, severities: &Severities) -> Result<Catalogue, Vec<Mistake>> {
        let loaded = load(files, severities)?;
        Ok(Catalogue {
            families: loaded.families,
            messages: loaded.messages,
            wrappers: loaded.wrappers,
        })
    }

    /// The families, by name.
    pub fn families(&self) -> &[Family] {
        &self.families
    }

    /// Every rule, in the order of messages and files.
    pub fn rules(&self) -> impl Iterator<Item = RuleEntry<'_>> {
        self.messages.iter().flat_map(|message| {
            message.rules.iter().map(|rule| RuleEntry {
                message_type: &message.name,
                code: &rule.code,
                severity: rule.severity,
                primitive: rule.primitive,
                text: &rule.text,
                source: &rule.source,
            })
        })
    }

    /// What people call a message type.
    pub fn title(&self, message_type: &str) -> Option<&Text> {
        self.messages
            .iter()
            .find(|message| &*message.name == message_type)
            .map(|message| &message.title)
    }

    /// Checks a trader's message completely: encoding, well-formedness, schema, rules.
    /// `charset` is that of its `Content-Type`.
    pub fn check(&self, bytes: &[u8], charset: Option<&str>, limits: &Limits) -> Checked {
        let mut findings = Findings::new(limits.findings_max);
        let read = self.read(Role::Declaration, bytes, charset, limits, &mut findings);
        findings.sort();
        Checked {
            findings,
            message: read.map(|(_, message)| message),
        }
    }

    /// Reads an authority's answer with the same engine.
    ///
    /// # Errors
    /// Why it is not one; there is at least one finding.
    pub fn answer(
        &self,
        bytes: &[u8],
        charset: Option<&str>,
        limits: &Limits,
    ) -> Result<Answer, Findings> {
        let mut findings = Findings::new(limits.findings_max);
        let read = self.read(Role::Answer, bytes, charset, limits, &mut findings);
        findings.sort();
        let Some((message_type, message)) = read.filter(|_| !findings.refuse()) else {
            return Err(findings);
        };
        let take = |name: &str| message.field(name).map(str::to_owned);
        let code = take("code").unwrap_or_default();
        let known = ["reference", "authority_reference", "code", "text"];
        let facts = message
            .fields
            .iter()
            .filter(|(name, _)| !known.contains(name));
        Ok(Answer {
            kind: message.kind.clone(),
            message_type: message.message_type.clone(),
            reference: take("reference"),
            authority_reference: take("authority_reference"),
            text: take("text").unwrap_or_default(),
            status: message_type
                .status
                .get(&code)
                .copied()
                .unwrap_or(message_type.other),
            facts: facts
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            code,
            warnings: findings,
        })
    }

    /// The codes of the rules that have something to judge in this message, of whichever
    /// role, whether they hold or not.
    pub fn spoken(&self, bytes: &[u8], limits: &Limits) -> Vec<&str> {
        let mut findings = Findings::new(limits.findings_max);
        let mut codes = Vec::new();
        for role in [Role::Declaration, Role::Answer] {
            let bytes = (bytes, None);
            self.walk(
                role,
                bytes,
                &self.wrappers,
                limits,
                &mut findings,
                &mut |walked| {
                    let rules = spoken(&walked.message_type.rules, &walked.record);
                    codes.extend(rules.iter().map(|rule| rule.code.as_str()));
                },
            );
        }
        codes
    }

    fn read(
        &self,
        role: Role,
        bytes: &[u8],
        charset: Option<&str>,
        limits: &Limits,
        findings: &mut Findings,
    ) -> Option<(&MessageType, Message)> {
        let mut read = None;
        let bytes = (bytes, charset);
        self.walk(
            role,
            bytes,
            &self.wrappers,
            limits,
            findings,
            &mut |walked| {
                // Of half a document a rule would only say what is missing from the other half.
                if walked.whole && walked.record.is_rooted() {
                    let breaches = evaluate(&walked.message_type.rules, &walked.record);
                    report(
                        breaches,
                        &walked.record,
                        walked.document,
                        limits,
                        walked.findings,
                    );
                }
                let message = walked.message_type.message(&walked.record);
                read = Some((walked.message_type, message));
            },
        );
        read
    }

    /// Walks the message, and gives what was met to `then` if its type is known. A message in
    /// one of `wrappers` is taken out of it first, and may not be in another.
    fn walk<'c>(
        &'c self,
        role: Role,
        (bytes, charset): (&[u8], Option<&str>),
        wrappers: &[Wrapper],
        limits: &Limits,
        findings: &mut Findings,
        then: &mut dyn FnMut(Walked<'c, '_>),
    ) {
        let Some(document) = Document::decode(bytes, charset, findings) else {
            return;
        };
        let Some(opened) = Opened::new(&document, limits, findings) else {
            return;
        };
        let (namespace, root) = opened.root();
        let found = self.messages.iter().find(|message| {
            message.role == role && message.root == root && message.namespace == namespace
        });
        if let Some(message_type) = found {
            let mut record = Record::new(&message_type.shape);
            let schema = &message_type.schema;
            let whole = schema.walk_opened(opened, limits, &mut record, findings);
            then(Walked {
                message_type,
                document: &document,
                record,
                whole,
                findings,
            });
            return;
        }
        let mut wrappers = wrappers.iter();
        let around = |wrapper: &&Wrapper| wrapper.root == root && wrapper.namespace == namespace;
        let Some(wrapper) = wrappers.find(around) else {
            findings.push(self.unknown(role, &document, namespace, root));
            return;
        };
        let Some((inner, path)) = wrapper.open(opened, &document, limits, findings) else {
            return;
        };
        let mut found = Findings::new(limits.findings_max);
        self.walk(role, (&inner, None), &[], limits, &mut found, then);
        findings.absorb(found, &(path + INSIDE));
    }

    /// The finding about a root that no message has.
    fn unknown(&self, role: Role, document: &Document<'_>, namespace: &str, root: &str) -> Finding {
        let own = || self.messages.iter().filter(|message| message.role == role);
        // Of the messages with this root those whose namespace was meant, or of all of them
        // those whose root was.
        let (among, word, part): (Vec<_>, _, fn(&MessageType) -> &str) =
            match own().any(|message| message.root == root) {
                true => (
                    own().filter(|message| message.root == root).collect(),
                    namespace,
                    |message| &message.namespace,
                ),
                false => (own().collect(), root, |message| &message.root),
            };
        let near = nearest(word, among.iter().map(|message| part(message)));
        let meant = among
            .iter()
            .filter(|message| near.is_none_or(|near| part(message) == near));
        let names: Vec<String> = meant
            .map(|message| {
                let (namespace, root) = (&message.namespace, &message.root);
                format!("{} ({{{namespace}}}{root})", message.name)
            })
            .collect();
        let expected = listing(names.iter().map(String::as_str));
        let offset = document.text.find('<').unwrap_or(0);
        Finding {
            code: Cow::Borrowed(UNKNOWN),
            name: Cow::Borrowed(""),
            severity: Severity::Error,
            path: format!("/{root}"),
            place: document.place(offset),
            value: format!("{{{namespace}}}{root}"),
            expected,
            text: Text {
                zh: "没有任何报文类型使用该根元素和命名空间，请检查二者".to_owned(),
                en: "No message type has this root element in this namespace; check both"
                    .to_owned(),
            },
        }
    }
}

/// What a walk has met of a message.
struct Walked<'c, 'd> {
    message_type: &'c MessageType,
    document: &'d Document<'d>,
    record: Record<'c>,
    /// The document was read to its end.
    whole: bool,
    findings: &'d mut Findings,
}

impl MessageType {
    fn message(&self, record: &Record<'_>) -> Message {
        let fields = match record.is_rooted() {
            true => self.fields.read(record),
            false => Values::default(),
        };
        Message {
            kind: self.kind.clone(),
            message_type: self.name.clone(),
            fields,
        }
    }
}

/// Gives breaches their paths and places, and pushes them.
fn report(
    breaches: Vec<Breach<'_>>,
    record: &Record<'_>,
    document: &Document<'_>,
    limits: &Limits,
    findings: &mut Findings,
) {
    let mut breaches: Vec<(usize, Breach<'_>)> = breaches
        .into_iter()
        .map(|breach| (record.offset(breach.node), breach))
        .collect();
    breaches.sort_by_key(|(offset, _)| *offset);
    // Of the rest only the number is told, and whether it refuses.
    let reported = breaches.len().min(limits.findings_max);
    let offsets: Vec<usize> = breaches[..reported]
        .iter()
        .map(|(offset, _)| *offset)
        .collect();
    let mut found = paths(document, limits, &offsets).into_iter();
    for (offset, breach) in breaches {
        let at = if breach.below.is_empty() {
            record.value_offset(breach.node)
        } else {
            offset
        };
        findings.push(Finding {
            code: Cow::Owned(breach.rule.code.clone()),
            name: Cow::Borrowed(""),
            severity: breach.rule.severity,
            path: found.next().unwrap_or_default() + &breach.below,
            place: document.place(at),
            value: breach.value,
            expected: breach.expected,
            text: breach.rule.text.clone(),
        });
    }
}

/// The findings as a text for people and for `.findings` files: a block each.
pub fn render(findings: &Findings) -> String {
    let mut out = String::new();
    for finding in findings.list() {
        let severity = if finding.severity == Severity::Error {
            "error"
        } else {
            "warning"
        };
        let place = finding.place;
        if !out.is_empty() {
            out.push('\n');
        }
        out += &format!(
            "{} {severity} {} {}:{} @{}\n",
            finding.code, finding.path, place.line, place.column, place.offset
        );
        for (name, text) in [
            ("value", &finding.value),
            ("expected", &finding.expected),
            ("zh", &finding.text.zh),
            ("en", &finding.text.en),
        ] {
            if !text.is_empty() {
                out += &format!("  {name}: {}\n", text.replace('\n', " "));
            }
        }
    }
    if findings.omitted() > 0 {
        out += &format!("\nand {} more\n", findings.omitted());
    }
    out
}
