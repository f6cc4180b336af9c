//! The pages of `docs/messages/`, made from the families; that of rules beside them.

use std::collections::BTreeMap;
use std::fmt::Write;

use toml::Table;

use super::family_data::{Family, Message, join, text, texts};
use super::rules_page;
use super::xsd_reference::{Element, Value};

/// A block with more elements than this has a table of its own.
const ROWS_INSIDE: usize = 8;

/// Every page by its path below `docs/`.
pub fn pages(families: &[Family]) -> BTreeMap<String, String> {
    let mut pages = BTreeMap::new();
    let mut index = "# The messages, element by element\n\n\
        Made from the folders of `schemas/` by `UPDATE=1 cargo test --test reference`. What fields, roles and rules are\n\
        stands in [messages.md](../messages.md); the rules themselves in [rules.md](../rules.md).\n"
        .to_owned();
    let mut rules = rules_page::HEAD.to_owned();
    for family in families {
        _ = writeln!(index, "\n## {}\n", title(&family.table, &family.folder));
        index += "| message | role | root | what it is |\n|---|---|---|---|\n";
        // The page of each message.
        let mut files = BTreeMap::new();
        for sheet in sheets(family) {
            let file = format!("{}/{}.md", family.folder, file_name(family, sheet[0]));
            for message in &sheet {
                _ = writeln!(
                    index,
                    "| [{}]({file}) | {} | {} | {} |",
                    message.name,
                    message.role,
                    code(&message.root.name),
                    cell(&both(&message.table))
                );
                files.insert((message.role.as_str(), message.name.as_str()), file.clone());
            }
            pages.insert(format!("messages/{file}"), page(family, &sheet));
        }
        rules += &rules_page::of_family(family, &files);
    }
    pages.insert("messages/README.md".to_owned(), index);
    pages.insert("rules.md".to_owned(), rules);
    pages
}

/// Messages with the same elements, fields and rules share a page.
fn sheets(family: &Family) -> Vec<Vec<&Message>> {
    let mut sheets: Vec<(String, Vec<&Message>)> = Vec::new();
    for message in &family.messages {
        let content = masked(family, message);
        match sheets.iter_mut().find(|(known, _)| *known == content) {
            Some((_, sheet)) => sheet.push(message),
            None => sheets.push((content, vec![message])),
        }
    }
    sheets.into_iter().map(|(_, sheet)| sheet).collect()
}

/// What a page says of a message but for its name, which may be the value of an element.
fn masked(family: &Family, message: &Message) -> String {
    let name = format!("| `{}` |", message.name);
    body(family, message).replace(&name, "| its own name |")
}

/// A declaration and its answer may have one name.
fn file_name(family: &Family, message: &Message) -> String {
    let namesake = |other: &Message| other.name == message.name && other.role != message.role;
    if message.role == "answer" && family.messages.iter().any(namesake) {
        return format!("{}-answer", message.name);
    }
    message.name.clone()
}

fn page(family: &Family, sheet: &[&Message]) -> String {
    let names: Vec<&str> = sheet.iter().map(|message| message.name.as_str()).collect();
    let mut out = format!("# {}\n\n", names.join(", "));
    for message in sheet {
        let namespace = match text(&message.table, "namespace") {
            "" => "no namespace".to_owned(),
            namespace => format!("namespace `{namespace}`"),
        };
        let schema = text(&message.table, "schema");
        let about = match both(&message.table) {
            about if about.is_empty() => about,
            about => format!(": {}", plain(&about)),
        };
        _ = writeln!(
            out,
            "- `{}`, {}{about}. Root `{}`, {namespace}, schema [{schema}](../../../schemas/{}/{schema}).",
            message.name, message.role, message.root.name, family.folder,
        );
    }
    let source = text(&family.table, "source");
    let body = match sheet {
        [message] => body(family, message),
        sheet => masked(family, sheet[0]),
    };
    _ = write!(
        out,
        "\nFamily {}, version {}. Source: {source}.\n\n{}",
        title(&family.table, &family.folder),
        text(&family.table, "version"),
        body
    );
    out.trim_end().to_owned() + "\n"
}

/// What a page says below its head.
fn body(family: &Family, message: &Message) -> String {
    let mut out = String::new();
    if let Some(fields) = message.table.get("fields").and_then(toml::Value::as_table) {
        let forms = message.table.get("normalise");
        let forms = forms.and_then(toml::Value::as_table);
        out += "## Fields\n\n| field | the first of these with a value | brought to one form |\n|---|---|---|\n";
        for name in fields.keys() {
            let paths: Vec<String> = texts(fields, name).iter().map(|path| code(path)).collect();
            let form = match forms.map_or("", |forms| text(forms, name)) {
                "" => String::new(),
                "time" => "time of 17 digits".to_owned(),
                list => format!("column `same_as` of code list `{list}`"),
            };
            _ = writeln!(out, "| `{name}` | {} | {form} |", paths.join(", "));
        }
        out.push('\n');
    }
    if let Some(status) = message.table.get("status").and_then(toml::Value::as_table) {
        out += "## Status\n\n| code of the authority | status |\n|---|---|\n";
        let others = status.iter().filter(|(code, _)| *code == "*");
        let known = status.iter().filter(|(code, _)| *code != "*");
        for (code, status) in known.chain(others) {
            let code = if code == "*" {
                "any other"
            } else {
                &format!("`{code}`")
            };
            _ = writeln!(out, "| {code} | {} |", status.as_str().unwrap_or_default());
        }
        out.push('\n');
    }
    match text(&message.table, "content") {
        "" => {}
        path => {
            _ = writeln!(
                out,
                "`{path}` holds a whole message of any family as base64.\n"
            )
        }
    }
    match message.inside.as_str() {
        "" => {}
        path => _ = writeln!(out, "Fields and rules begin at `{path}`.\n"),
    }
    let names = Names::new(family, message);
    out += "## Elements\n\nPaths begin below the root. How often is by the schema and by the rules that always apply; *n* is\n\
        without limit.\n\n";
    if message.root.children.is_empty() {
        out += &table(&[("", &message.root)], &names, "");
    } else {
        let inner = family.messages.iter().find(|other| {
            let same = || alike(&other.start().children, &message.start().children);
            !message.inside.is_empty() && other.inside.is_empty() && same()
        });
        let shown = inner.map(|other| (message.inside.as_str(), file_name(family, other)));
        block(&message.root, "", &names, shown.as_ref(), &mut out);
    }
    if !message.files.is_empty() {
        let links: Vec<String> = message
            .files
            .iter()
            .map(|file| {
                format!(
                    "[{file}](../../rules.md#{})",
                    rules_page::anchor(family, file)
                )
            })
            .collect();
        _ = writeln!(out, "## Rules\n\n{}", links.join(", "));
    }
    out
}

/// The table of a block, and after it those of the blocks inside that have their own.
/// `elsewhere` is the path of what has a page of its own, and that page.
fn block(
    element: &Element,
    path: &str,
    names: &Names,
    elsewhere: Option<&(&str, String)>,
    out: &mut String,
) {
    if let Some((_, page)) = elsewhere.filter(|(at, _)| *at == path) {
        _ = writeln!(out, "As in [{page}]({page}.md).\n");
        return;
    }
    let mut rows = Vec::new();
    let mut own = Vec::new();
    rows_of(element, "", path.is_empty(), &mut rows, &mut own);
    let shown: Vec<(&str, &Element)> = rows.iter().map(|(p, e)| (p.as_str(), *e)).collect();
    *out += &table(&shown, names, path);
    for (below, element) in own {
        let path = join(path, &below);
        let about = [element.zh.as_str(), element.en.as_str()];
        let about: Vec<&str> = about.into_iter().filter(|text| !text.is_empty()).collect();
        _ = writeln!(out, "### {path}\n");
        if !about.is_empty() {
            _ = writeln!(out, "{}\n", plain(&about.join(" — ")));
        }
        block(element, &path, names, elsewhere, out);
    }
}

fn rows_of<'e>(
    element: &'e Element,
    path: &str,
    top: bool,
    rows: &mut Vec<(String, &'e Element)>,
    own: &mut Vec<(String, &'e Element)>,
) {
    for (number, child) in element.children.iter().enumerate() {
        // One name in two namespaces, with one content, is one row.
        let mut before = element.children[..number].iter();
        if before.any(|other| other.name == child.name && alike(other, child)) {
            continue;
        }
        let path = join(path, &child.name);
        rows.push((path.clone(), child));
        let few = child.below().len() <= ROWS_INSIDE;
        if child.children.is_empty() {
        } else if few && !top {
            rows_of(child, &path, false, rows, own);
        } else {
            own.push((path, child));
        }
    }
}

fn alike<T: std::fmt::Debug + ?Sized>(a: &T, b: &T) -> bool {
    format!("{a:?}") == format!("{b:?}")
}

fn table(rows: &[(&str, &Element)], names: &Names, from: &str) -> String {
    let mut out =
        "| element | times | content | 中文 | English | rules |\n|---|---|---|---|---|---|\n"
            .to_owned();
    for (path, element) in rows {
        let whole = join(from, path);
        _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} |",
            code(if path.is_empty() { &element.name } else { path }),
            times(element, names.counts.get(&whole)),
            content(element, &whole, names),
            cell(&element.zh),
            cell(&element.en),
            names.rules(&whole),
        );
    }
    out.push('\n');
    out
}

/// How often, as the schema says and the rules that always apply.
fn times(element: &Element, counted: Option<&(u32, Option<u32>)>) -> String {
    let (min, most) = counted.copied().unwrap_or((0, None));
    let min = min.max(element.min);
    match [element.max, most].into_iter().flatten().min() {
        Some(max) if min == max => max.to_string(),
        Some(max) => format!("{min}..{max}"),
        None => format!("{min}..n"),
    }
}

fn content(element: &Element, path: &str, names: &Names) -> String {
    let mut parts = Vec::new();
    if element.name == "*" {
        parts.push("any element".to_owned());
    }
    if let Some(again) = &element.again {
        parts.push(format!("elements, as in `{again}` around it"));
    } else if element
        .children
        .iter()
        .any(|child| !child.name.starts_with('@'))
    {
        let needed = element.children.iter().any(|child| child.min > 0);
        parts.push("elements".to_owned());
        if element.may_be_empty && needed {
            parts.push("or empty".to_owned());
        }
    }
    parts.extend(element.value.as_ref().map(words));
    parts.extend(
        element
            .default
            .as_ref()
            .map(|value| format!("if empty, {}", code(value))),
    );
    parts.extend(names.lists(path));
    parts.join("; ")
}

/// A simple type in words.
fn words(value: &Value) -> String {
    let (empty, given): (Vec<&Value>, Vec<&Value>) = value
        .alternatives()
        .into_iter()
        .partition(|value| value.is_empty_text());
    let mut all: Vec<String> = given.into_iter().map(one).collect();
    all.dedup();
    if !empty.is_empty() {
        all.push("empty".to_owned());
    }
    all.join(", or ")
}

fn one(value: &Value) -> String {
    if let Some(item) = &value.item {
        return format!("list of ({})", words(item));
    }
    if !value.enumeration.is_empty() {
        let codes: Vec<String> = value
            .enumeration
            .iter()
            .map(|known| match (known.zh.as_str(), known.en.as_str()) {
                ("", "") => code(&known.value),
                (zh, en) => format!("{} {}", code(&known.value), cell(&[zh, en].join(" "))),
            })
            .collect();
        return codes.join(", ");
    }
    let kind = match value.base.as_str() {
        "string" | "token" | "normalizedString" | "anySimpleType" => "text",
        "decimal" => "decimal",
        "integer" | "int" | "long" | "short" => "whole number",
        "nonNegativeInteger" | "unsignedInt" | "unsignedLong" => "whole number from 0",
        "positiveInteger" => "whole number from 1",
        "base64Binary" => "base64",
        "anyType" => "anything",
        other => other,
    };
    let unit = if kind == "base64" {
        "octets"
    } else {
        "characters"
    };
    let mut parts = vec![kind.to_owned()];
    let number = |facet| value.number(facet);
    let length = number("length");
    match (
        length.or(number("minLength")),
        length.or(number("maxLength")),
    ) {
        (Some(min), Some(max)) if min == max => parts.push(format!("{max} {unit}")),
        (Some(min), Some(max)) if min > 0 => parts.push(format!("{min} to {max} {unit}")),
        (_, Some(max)) => parts.push(format!("up to {max} {unit}")),
        (Some(min), None) if min > 0 => parts.push(format!("{min} {unit} or more")),
        _ => {}
    }
    match (number("totalDigits"), number("fractionDigits")) {
        (Some(total), Some(places)) => {
            parts.push(format!("up to {total} digits, {places} of them decimals"));
        }
        (Some(total), None) => parts.push(format!("up to {total} digits")),
        (None, Some(places)) => parts.push(format!("up to {places} decimals")),
        (None, None) => {}
    }
    for (facet, word) in [
        ("minInclusive", "from"),
        ("minExclusive", "more than"),
        ("maxInclusive", "to"),
        ("maxExclusive", "less than"),
    ] {
        parts.extend(
            value
                .facets
                .get(facet)
                .map(|bound| format!("{word} {bound}")),
        );
    }
    for group in &value.patterns {
        let group: Vec<String> = group.iter().map(|pattern| code(pattern)).collect();
        parts.push(format!("pattern {}", group.join(" or ")));
    }
    parts.join(", ")
}

/// Which rules name an element of a message, by path from the root.
struct Names {
    checked: BTreeMap<String, Vec<String>>,
    conditions: BTreeMap<String, Vec<String>>,
    lists: BTreeMap<String, Vec<String>>,
    /// The fewest and the most.
    counts: BTreeMap<String, (u32, Option<u32>)>,
}

impl Names {
    fn new(family: &Family, message: &Message) -> Names {
        let mut names = Names {
            checked: BTreeMap::new(),
            conditions: BTreeMap::new(),
            lists: BTreeMap::new(),
            counts: BTreeMap::new(),
        };
        let add = |map: &mut BTreeMap<String, Vec<String>>, path: &str, what: &str| {
            let entry = map.entry(join(&message.inside, path)).or_default();
            if !entry.iter().any(|known| known == what) {
                entry.push(what.to_owned());
            }
        };
        for rule in family.rules_of(message) {
            for path in &rule.checked {
                add(&mut names.checked, path, rule.code());
                if let Some(list) = rule.check("list").and_then(toml::Value::as_table) {
                    let list = format!("code list `{}`", text(list, "codes"));
                    add(&mut names.lists, path, &list);
                }
            }
            for (path, min, max) in rule.counts() {
                let path = join(&message.inside, path);
                let (least, most) = names.counts.entry(path).or_default();
                *least = min.unwrap_or(0).max(*least);
                *most = [*most, max].into_iter().flatten().min();
            }
            for path in &rule.conditions {
                add(&mut names.conditions, path, rule.code());
            }
        }
        names
    }

    fn lists(&self, path: &str) -> Vec<String> {
        self.lists.get(path).cloned().unwrap_or_default()
    }

    fn rules(&self, path: &str) -> String {
        let mut parts = Vec::new();
        parts.extend(self.checked.get(path).map(|codes| codes.join(", ")));
        let only: Vec<&str> = self
            .conditions
            .get(path)
            .into_iter()
            .flatten()
            .map(String::as_str)
            .filter(|code| {
                self.checked
                    .get(path)
                    .is_none_or(|all| !all.iter().any(|c| c == code))
            })
            .collect();
        if !only.is_empty() {
            parts.push(format!("condition of {}", only.join(", ")));
        }
        parts.join("; ")
    }
}

fn title(table: &Table, name: &str) -> String {
    format!("{name}: {}", both(table))
}

/// The English and Chinese name of a family or message.
fn both(table: &Table) -> String {
    let names = [text(table, "en"), text(table, "zh")];
    let names: Vec<&str> = names.into_iter().filter(|name| !name.is_empty()).collect();
    names.join(" ")
}

/// A text as code, in a cell of a table.
pub fn code(text: &str) -> String {
    if text.contains("](") || text.contains('`') || text.contains('\n') || text.is_empty() {
        let text = text
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('(', "&#40;");
        let text = text.replace('|', "&#124;").replace('`', "&#96;");
        return format!("<code>{}</code>", one_line(&text));
    }
    format!("`{}`", text.replace('|', "\\|"))
}

/// A text in a cell of a table.
pub fn cell(text: &str) -> String {
    plain(text).replace('|', "\\|")
}

/// A text that is none of the signs of Markdown.
pub fn plain(text: &str) -> String {
    let text = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('*', "\\*");
    one_line(&text.replace('[', "\\[").replace("](", "]&#40;"))
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<&str>>().join(" ")
}
