//! From the files of all families to compiled message types. Every mistake is collected; a
//! catalogue with one does not start.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use toml::de::DeTable;

use crate::declaration::Status;
use crate::finding::{Text, nearest};
use crate::schema::{Files, Mistake, Schema};

use super::compile::RuleCompiler;
use super::fields::{Field, Fields, Form};
use super::record::Shape;
use super::rules::{CodeList, Codes, Rule};
use super::source::{Source, Table};
use super::wrapper::Wrapper;
use super::{Family, MessageType, Role, Severities};

/// What loading gives.
pub struct Loaded {
    pub families: Vec<Family>,
    pub messages: Vec<MessageType>,
    pub wrappers: Vec<Wrapper>,
}

/// Loads every family of `files`.
pub fn load(files: &Files, severities: &Severities) -> Result<Loaded, Vec<Mistake>> {
    let mut loader = Loader {
        files,
        severities,
        codes: HashMap::new(),
        mistakes: Vec::new(),
        codes_seen: BTreeMap::new(),
    };
    let mut loaded = Loaded {
        families: Vec::new(),
        messages: Vec::new(),
        wrappers: Vec::new(),
    };
    let folders: Vec<&str> = files
        .keys()
        .filter_map(|name| name.strip_suffix("/family.toml"))
        .collect();
    for folder in folders {
        loader.family(folder, &mut loaded);
    }
    let whole = |text: String| Mistake {
        file: "families".to_owned(),
        line: 0,
        text,
    };
    let mut roots: BTreeSet<(bool, &str, &str)> = BTreeSet::new();
    for wrapper in &loaded.wrappers {
        for answer in [false, true] {
            roots.insert((answer, &wrapper.namespace, &wrapper.root));
        }
    }
    let mut types: BTreeSet<(bool, &str)> = BTreeSet::new();
    for message in &loaded.messages {
        let answer = message.role == Role::Answer;
        if !roots.insert((answer, &message.namespace, &message.root)) {
            let text = format!(
                "two messages have the root {} in namespace {:?}",
                message.root, message.namespace
            );
            loader.mistakes.push(whole(text));
        }
        // The same message may also come inside another document.
        let new = types.insert((answer, &message.name));
        if !new && !message.shape.is_inside() {
            loader.mistakes.push(whole(format!(
                "two messages have the type {}",
                message.name
            )));
        }
    }
    for code in severities
        .keys()
        .filter(|code| !loader.codes_seen.contains_key(*code))
    {
        loader.mistakes.push(whole(format!(
            "the configuration names the rule {code}, which does not exist"
        )));
    }
    if loaded.families.is_empty() {
        loader
            .mistakes
            .push(whole("there is no family.toml".to_owned()));
    }
    if loader.mistakes.is_empty() {
        Ok(loaded)
    } else {
        Err(loader.mistakes)
    }
}

pub(super) struct Loader<'f> {
    files: &'f Files,
    severities: &'f Severities,
    codes: HashMap<String, Codes>,
    mistakes: Vec<Mistake>,
    /// Every rule code and the file that has it.
    codes_seen: BTreeMap<String, String>,
}

impl Loader<'_> {
    fn text(&mut self, file: &str) -> Option<String> {
        let found = self
            .files
            .get(file)
            .map(|bytes| String::from_utf8(bytes.clone()));
        let wrong = match found {
            Some(Ok(text)) => return Some(text),
            Some(Err(_)) => "not UTF-8",
            None => "the file is not there",
        };
        self.mistakes.push(Mistake {
            file: file.to_owned(),
            line: 0,
            text: wrong.to_owned(),
        });
        None
    }

    fn family(&mut self, folder: &str, loaded: &mut Loaded) {
        let file = format!("{folder}/family.toml");
        let Some(text) = self.text(&file) else { return };
        let (table, errors) = DeTable::parse_recoverable(&text);
        let mut own = Vec::new();
        let mut source = Source::new(&file, &text, &mut own);
        let root = source.root(&table, errors);
        source.only(root, &["name", "zh", "en", "version", "source", "message"]);
        let name = source.string(root, "name");
        let title = Text {
            zh: source.string(root, "zh"),
            en: source.string(root, "en"),
        };
        let version = source.string(root, "version");
        _ = source.string(root, "source");
        let tables = source.tables(root, "message");
        if tables.is_empty() {
            source.mistake(0, "a family needs a [[message]]");
        }
        if name.is_empty()
            || !name
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        {
            source.mistake(
                0,
                format!("name {name:?}: expected lower-case letters and _"),
            );
        }
        let tables = completed(&mut source, &tables);
        self.mistakes.append(&mut own);
        let kind: Arc<str> = name.into();
        let mut family = Family {
            name: kind.clone(),
            title,
            version,
            messages: Vec::new(),
        };
        for table in tables {
            match self.message(folder, &file, &text, &kind, table) {
                Some(Entry::Message(message)) => {
                    let entry = (message.role, message.name.clone());
                    if !family.messages.contains(&entry) {
                        family.messages.push(entry);
                    }
                    loaded.messages.push(message);
                }
                Some(Entry::Wrapper(wrapper)) => loaded.wrappers.push(wrapper),
                None => {}
            }
        }
        loaded.families.push(family);
    }

    fn message(
        &mut self,
        folder: &str,
        file: &str,
        text: &str,
        kind: &Arc<str>,
        table: Table<'_>,
    ) -> Option<Entry> {
        let mut own = Vec::new();
        let mut source = Source::new(file, text, &mut own);
        let name = source.string(table, "type");
        let role = match source.string(table, "role").as_str() {
            "declaration" => Some(Role::Declaration),
            "answer" => Some(Role::Answer),
            "wrapper" => None,
            other => {
                let text = format!("role {other:?}: expected declaration, answer or wrapper");
                source.mistake(table.at(), text);
                Some(Role::Declaration)
            }
        };
        let common = [
            "type",
            "role",
            "like",
            "zh",
            "en",
            "schema",
            "root",
            "namespace",
        ];
        let own_keys: &[&str] = match role {
            Some(_) => &["inside", "rules", "fields", "normalise", "status"],
            None => &["content"],
        };
        source.only(table, &[&common, own_keys].concat());
        let title = Text {
            zh: source.maybe(table, "zh").unwrap_or_default(),
            en: source.maybe(table, "en").unwrap_or_default(),
        };
        let schema_file = format!("{folder}/{}", source.string(table, "schema"));
        let root = source.string(table, "root");
        let namespace = source.maybe(table, "namespace").unwrap_or_default();
        let rule_files = source.strings(table, "rules");
        let schema = match self.schema(folder, &schema_file) {
            Ok(schema) => schema,
            Err(mistake) => {
                self.mistakes.push(mistake);
                return None;
            }
        };
        let Some(place) = schema.place(&namespace, &root) else {
            let text = format!("{schema_file} has no element {root} in namespace {namespace:?}");
            source.mistake(table.at(), text);
            self.mistakes.append(&mut own);
            return None;
        };
        let inside = source.maybe(table, "inside").unwrap_or_default();
        let mut shape = match Shape::new(&schema, place, &inside) {
            Ok(shape) => shape,
            Err(step) => {
                let text = format!("inside {inside:?}: the schema has no {step} there");
                source.mistake(table.at(), text);
                self.mistakes.append(&mut own);
                return None;
            }
        };
        let Some(role) = role else {
            let written = source.string(table, "content");
            let content = shape.add(&schema, 0, &written);
            if let Err(step) = &content {
                let text = format!("content {written:?}: the schema has no {step} there");
                source.mistake(table.at(), text);
            }
            self.mistakes.append(&mut own);
            return Some(Entry::Wrapper(Wrapper {
                root,
                namespace,
                schema,
                shape,
                content: content.ok()?,
            }));
        };
        let mut fields = fields(&mut source, table, role, &schema, &mut shape);
        self.normalise(folder, &mut source, table, &mut fields);
        let (status, other) = statuses(&mut source, table, role);
        self.mistakes.append(&mut own);
        let mut rules = Vec::new();
        for rule_file in rule_files {
            self.rules(
                folder,
                &format!("{folder}/{rule_file}"),
                &schema,
                &mut shape,
                &mut rules,
            );
        }
        Some(Entry::Message(MessageType {
            kind: kind.clone(),
            name: name.into(),
            title,
            role,
            root,
            namespace,
            schema,
            shape,
            fields: Fields::new(fields),
            rules,
            status,
            other,
        }))
    }

    /// What `[message.normalise]` says of the fields.
    fn normalise(
        &mut self,
        folder: &str,
        source: &mut Source<'_>,
        table: Table<'_>,
        fields: &mut Named,
    ) {
        let found = source.table(table, "normalise");
        for (name, node) in found.map(|table| table.entries()).unwrap_or_default() {
            let at = node.span().start;
            let Some((_, field)) = fields.iter_mut().find(|(known, _)| &**known == name) else {
                source.mistake(at, format!("normalise: there is no field {name}"));
                continue;
            };
            field.form = match node.get_ref().as_str().unwrap_or_default() {
                "time" => Form::Time,
                list => match self.codes(folder, list) {
                    Ok(codes) if codes.same_as.is_empty() => {
                        source.mistake(at, format!("the code list {list} has no column same_as"));
                        continue;
                    }
                    Ok(codes) => Form::Code(codes),
                    Err(text) => {
                        source.mistake(at, text);
                        continue;
                    }
                },
            };
        }
    }

    /// Compiles a schema; it may not reach outside its own folder.
    fn schema(&self, folder: &str, file: &str) -> Result<Schema, Mistake> {
        let prefix = format!("{folder}/");
        let own: Files = self
            .files
            .range(prefix.clone()..)
            .take_while(|(name, _)| name.starts_with(&prefix))
            .map(|(name, bytes)| (name[prefix.len()..].to_owned(), bytes.clone()))
            .collect();
        Schema::compile(&file[prefix.len()..], &own).map_err(|mistake| Mistake {
            file: format!("{prefix}{}", mistake.file),
            ..mistake
        })
    }

    fn rules(
        &mut self,
        folder: &str,
        file: &str,
        schema: &Schema,
        shape: &mut Shape,
        rules: &mut Vec<Rule>,
    ) {
        let Some(text) = self.text(file) else { return };
        let (table, errors) = DeTable::parse_recoverable(&text);
        let mut own = Vec::new();
        let mut source = Source::new(file, &text, &mut own);
        let root = source.root(&table, errors);
        source.only(root, &["rule"]);
        for table in source.tables(root, "rule") {
            let mut compiler = RuleCompiler {
                loader: self,
                folder,
                schema,
                shape,
                source: &mut source,
            };
            if let Some(rule) = compiler.rule(table) {
                let repeated = rules.iter().any(|known: &Rule| known.code == rule.code);
                let elsewhere = self.codes_seen.insert(rule.code.clone(), file.to_owned());
                if repeated || elsewhere.is_some_and(|other| other != file) {
                    source.mistake(table.at(), format!("code {} is there twice", rule.code));
                }
                // A rule switched off is compiled all the same: a mistake in it is a mistake.
                match self.severities.get(&rule.code) {
                    Some(None) => {}
                    Some(Some(severity)) => rules.push(Rule {
                        severity: *severity,
                        ..rule
                    }),
                    None => rules.push(rule),
                }
            }
        }
        self.mistakes.append(&mut own);
    }

    /// A code list of the family, or else of all families.
    pub(super) fn codes(&mut self, folder: &str, name: &str) -> Result<Codes, String> {
        let own = format!("{folder}/codes/{name}.csv");
        let file = if self.files.contains_key(&own) {
            own
        } else {
            format!("codes/{name}.csv")
        };
        if let Some(known) = self.codes.get(&file) {
            return Ok(known.clone());
        }
        let Some(bytes) = self.files.get(&file) else {
            let lists: BTreeSet<&str> = self
                .files
                .keys()
                .filter_map(|name| name.rsplit_once("codes/")?.1.strip_suffix(".csv"))
                .collect();
            let near = nearest(name, lists)
                .map(|near| format!("; did you mean {near}?"))
                .unwrap_or_default();
            return Err(format!("there is no code list {name}{near}"));
        };
        let text = std::str::from_utf8(bytes).map_err(|_| format!("{file}: not UTF-8"))?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut lines = text.lines();
        let head: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
        if head[0] != "code" {
            return Err(format!(
                "{file}: the first column of the head has to be code"
            ));
        }
        let same_as = head.iter().position(|column| *column == "same_as");
        let mut codes = CodeList::default();
        for line in lines {
            let mut cells = line.split(',');
            let code = cells.next().unwrap_or_default();
            if code.is_empty() {
                continue;
            }
            codes.known.insert(code.to_owned());
            let same = same_as.and_then(|column| cells.nth(column - 1));
            if let Some(same) = same.filter(|same| !same.is_empty()) {
                codes.same_as.insert(code.to_owned(), same.to_owned());
            }
        }
        let codes = Arc::new(codes);
        self.codes.insert(file, codes.clone());
        Ok(codes)
    }
}

/// The messages of a family, each that is `like` another of its role with what that has.
fn completed<'t>(source: &mut Source<'_>, tables: &[Table<'t>]) -> Vec<Table<'t>> {
    let text = |table: &Table<'_>, key: &str| -> Option<String> {
        Some(table.get(key)?.get_ref().as_str()?.to_owned())
    };
    let mut completed = Vec::new();
    for table in tables {
        let Some(like) = source.maybe(*table, "like") else {
            completed.push(*table);
            continue;
        };
        let is_meant = |other: &&Table<'_>| {
            text(other, "type").as_ref() == Some(&like)
                && text(other, "role") == text(table, "role")
                && other.get("like").is_none()
        };
        match tables.iter().find(is_meant) {
            Some(other) => completed.push(table.like(*other)),
            None => {
                let text = format!(
                    "like {like:?}: no message of that type and role is here, or it is itself like another"
                );
                source.mistake(table.at(), text);
            }
        }
    }
    completed
}

/// What a `[[message]]` is.
enum Entry {
    Message(MessageType),
    Wrapper(Wrapper),
}

type Named = Vec<(Arc<str>, Field)>;

fn fields(
    source: &mut Source<'_>,
    table: Table<'_>,
    role: Role,
    schema: &Schema,
    shape: &mut Shape,
) -> Named {
    let mut fields = Named::new();
    let found = source.table(table, "fields");
    for (name, node) in found.map(|table| table.entries()).unwrap_or_default() {
        let mut paths = Vec::new();
        for written in source.strings_of(node, name) {
            match shape.add(schema, 0, &written) {
                Ok(path) => paths.push(path),
                Err(step) => source.mistake(
                    node.span().start,
                    format!("{written}: the schema has no {step}"),
                ),
            }
        }
        let form = Form::AsSent;
        fields.push((name.into(), Field { paths, form }));
    }
    let required: &[&str] = match role {
        Role::Declaration => &["identity", "reference"],
        Role::Answer => &["code"],
    };
    for name in required
        .iter()
        .filter(|name| !fields.iter().any(|(known, _)| &**known == **name))
    {
        source.mistake(table.at(), format!("the field {name} is missing"));
    }
    fields
}

/// The authority's codes and what they become, and what any other becomes.
pub type Statuses = BTreeMap<String, Option<Status>>;

fn statuses(source: &mut Source<'_>, table: Table<'_>, role: Role) -> (Statuses, Option<Status>) {
    let mut statuses = Statuses::new();
    let mut other = None;
    let found = source.table(table, "status");
    if (role == Role::Answer) != found.is_some() {
        source.mistake(
            table.at(),
            "an answer, and only an answer, needs [message.status]",
        );
    }
    for (code, node) in found.map(|table| table.entries()).unwrap_or_default() {
        let word = node.get_ref().as_str().unwrap_or_default();
        let status = Status::parse(word).filter(|status| status.is_said_by_authority());
        if status.is_none() && word != "unchanged" {
            let known = Status::ALL
                .iter()
                .filter(|status| status.is_said_by_authority())
                .map(|status| status.as_str());
            let near = nearest(word, known)
                .map(|near| format!("; did you mean {near}?"))
                .unwrap_or_default();
            source.mistake(
                node.span().start,
                format!("{word:?} is not a status that an answer can give{near}"),
            );
        }
        if code == "*" {
            other = status;
        } else {
            statuses.insert(code.to_owned(), status);
        }
    }
    (statuses, other)
}
