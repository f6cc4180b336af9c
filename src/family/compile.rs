//! One rule of a rules file, compiled: its words are checked, its paths are looked up in the
//! schema, and whatever is wrong becomes a mistake with its line.

use rust_decimal::Decimal;

use crate::finding::{Severity, Text, nearest};
use crate::schema::{Pattern, Schema};

use super::digits::Algorithm;
use super::load::Loader;
use super::record::{Path, Shape};
use super::rules::{
    Check, Comparison, Condition, Operand, Part, Rule, Selection, Test, Tolerance, UNIQUE_PATHS_MAX,
};
use super::source::{Source, Table};

/// Compiles one rule.
pub(super) struct RuleCompiler<'a, 'f, 'm> {
    pub loader: &'a mut Loader<'f>,
    pub folder: &'a str,
    pub schema: &'a Schema,
    pub shape: &'a mut Shape,
    pub source: &'a mut Source<'m>,
}

/// The words for what a rule checks.
const PRIMITIVES: [&str; 19] = [
    "required", "absent", "together", "any", "list", "values", "matches", "digit", "compare",
    "same", "differ", "sum", "product", "count", "unique", "sequence", "date", "order", "refer",
];

/// The words for what a condition asks of its field.
const TESTS: [&str; 6] = ["in", "not_in", "present", "matches", "not_matches", "same"];

impl RuleCompiler<'_, '_, '_> {
    pub fn rule(&mut self, table: Table<'_>) -> Option<Rule> {
        let known = [
            "code", "severity", "each", "when", "check", "zh", "en", "source",
        ];
        self.source.only(table, &known);
        let code = self.source.string(table, "code");
        let severity = match self.source.string(table, "severity").as_str() {
            "error" => Severity::Error,
            "warning" => Severity::Warning,
            other => {
                self.source.mistake(
                    table.at(),
                    format!("severity {other:?}: expected error or warning"),
                );
                Severity::Error
            }
        };
        let each = self.source.maybe(table, "each").unwrap_or_default();
        let each = self.path(table.at(), 0, &each)?;
        let context = each.shape();
        let when = self.conditions(context, table, "when");
        let check = self.source.table(table, "check");
        if check.is_none() {
            self.source.mistake(table.at(), "check is missing");
        }
        let (primitive, check) = self.check(context, check?)?;
        let text = Text {
            zh: self.source.string(table, "zh"),
            en: self.source.string(table, "en"),
        };
        let source = self.source.string(table, "source");
        Some(Rule {
            code,
            severity,
            each,
            when,
            primitive,
            check,
            text,
            source,
        })
    }

    fn path(&mut self, at: usize, context: u32, written: &str) -> Option<Path> {
        match self.shape.add(self.schema, context, written) {
            Ok(path) => Some(path),
            Err(step) => {
                self.source
                    .mistake(at, format!("{written}: the schema has no {step} there"));
                None
            }
        }
    }

    fn field(&mut self, context: u32, table: Table<'_>, key: &str) -> Option<Path> {
        let written = self.source.string(table, key);
        self.path(table.at(), context, &written)
    }

    /// The paths under `fields`, or the one under `field`.
    fn fields(&mut self, context: u32, table: Table<'_>) -> Option<Vec<Path>> {
        let mut written = self.source.strings(table, "fields");
        written.extend(self.source.maybe(table, "field"));
        self.paths(table.at(), context, written)
    }

    fn paths(&mut self, at: usize, context: u32, written: Vec<String>) -> Option<Vec<Path>> {
        if written.is_empty() {
            self.source.mistake(at, "expected at least one path");
            return None;
        }
        let paths: Vec<Option<Path>> = written
            .iter()
            .map(|written| self.path(at, context, written))
            .collect();
        paths.into_iter().collect()
    }

    fn pattern(&mut self, table: Table<'_>, key: &str) -> Option<Pattern> {
        let written = self.source.string(table, key);
        Pattern::compile(&written)
            .map_err(|text| self.source.mistake(table.at(), text))
            .ok()
    }

    fn conditions(&mut self, context: u32, table: Table<'_>, key: &str) -> Vec<Condition> {
        let tables = self.source.tables(table, key).into_iter();
        tables
            .filter_map(|table| self.condition(context, table))
            .collect()
    }

    /// The elements at the path under `key`, or else the one that is looked at, and which of
    /// them `where` chooses.
    fn selection(&mut self, context: u32, table: Table<'_>, key: &str) -> Option<Selection> {
        let written = self.source.maybe(table, key).unwrap_or_default();
        self.selected(context, table, &written)
    }

    fn selected(&mut self, context: u32, table: Table<'_>, written: &str) -> Option<Selection> {
        let path = self.path(table.at(), context, written)?;
        let filter = self.conditions(path.shape(), table, "where");
        Some(Selection { path, filter })
    }

    /// The elements under `of`, which has to be there.
    fn elements(&mut self, context: u32, table: Table<'_>) -> Option<Selection> {
        _ = self.source.string(table, "of");
        self.selection(context, table, "of")
    }

    fn part(&mut self, table: Table<'_>, key: &str) -> Option<Part> {
        if table.get(key).is_none() {
            return Some(Part::Whole);
        }
        match self.source.numbers(table, key)[..] {
            [from, to] if 0 < from && from <= to => {
                Some(Part::Characters(from as usize, to as usize))
            }
            _ => {
                let text = format!("{key}: expected [from, to], counted from 1");
                self.source.mistake(table.at(), text);
                None
            }
        }
    }

    fn condition(&mut self, context: u32, table: Table<'_>) -> Option<Condition> {
        self.source.only(table, &[&["field"], &TESTS[..]].concat());
        let tests = TESTS.iter().filter(|key| table.get(key).is_some());
        if tests.count() != 1 {
            let text = format!("a condition has one of {}", TESTS.join(", "));
            self.source.mistake(table.at(), text);
            return None;
        }
        let field = self.field(context, table, "field")?;
        let test = if table.get("in").is_some() {
            Test::In(self.source.strings(table, "in"))
        } else if table.get("not_in").is_some() {
            Test::NotIn(self.source.strings(table, "not_in"))
        } else if table.get("matches").is_some() {
            Test::Matches(self.pattern(table, "matches")?, true)
        } else if table.get("not_matches").is_some() {
            Test::Matches(self.pattern(table, "not_matches")?, false)
        } else if table.get("same").is_some() {
            Test::Same(self.field(context, table, "same")?)
        } else {
            Test::Present(self.source.flag(table, "present")?)
        };
        Some(Condition { field, test })
    }

    /// The primitive that a check is one of, and what it checks.
    fn check(&mut self, context: u32, table: Table<'_>) -> Option<(&'static str, Check)> {
        let entries = table.entries();
        let [(primitive, node)] = entries[..] else {
            self.source
                .mistake(table.at(), "check needs exactly one primitive");
            return None;
        };
        let at = node.span().start;
        let Some(primitive) = PRIMITIVES.into_iter().find(|known| *known == primitive) else {
            let near = nearest(primitive, PRIMITIVES)
                .map(|near| format!("; did you mean {near}?"))
                .unwrap_or_default();
            let text = format!("{primitive} is not a primitive{near}");
            self.source.mistake(at, text);
            return None;
        };
        let check = match primitive {
            "required" | "absent" | "together" | "any" => {
                let written = self.source.strings_of(node, primitive);
                let paths = self.paths(at, context, written)?;
                match primitive {
                    "required" => Check::Required(paths),
                    "absent" => Check::Absent(paths),
                    "together" => Check::Together(paths),
                    _ => Check::Any(paths),
                }
            }
            _ => {
                let table = self.source.table_of(node, primitive)?;
                self.primitive(context, primitive, table)?
            }
        };
        Some((primitive, check))
    }

    fn primitive(&mut self, context: u32, primitive: &str, table: Table<'_>) -> Option<Check> {
        let at = table.at();
        Some(match primitive {
            "list" => {
                self.source.only(table, &["field", "fields", "codes"]);
                let fields = self.fields(context, table)?;
                let name = self.source.string(table, "codes");
                let codes = self
                    .loader
                    .codes(self.folder, &name)
                    .map_err(|text| self.source.mistake(at, text))
                    .ok()?;
                Check::List {
                    fields,
                    name,
                    codes,
                }
            }
            "values" => {
                self.source.only(table, &["field", "fields", "in"]);
                Check::Values {
                    fields: self.fields(context, table)?,
                    values: self.source.strings(table, "in"),
                }
            }
            "matches" => {
                let known = ["field", "fields", "pattern", "split"];
                self.source.only(table, &known);
                Check::Matches {
                    fields: self.fields(context, table)?,
                    pattern: self.pattern(table, "pattern")?,
                    split: self.source.maybe(table, "split"),
                }
            }
            "digit" => {
                let known = ["field", "fields", "part", "algorithm"];
                self.source.only(table, &known);
                let fields = self.fields(context, table)?;
                let name = self.source.string(table, "algorithm");
                let Some((_, algorithm)) = Algorithm::ALL.iter().find(|(known, _)| *known == name)
                else {
                    let known: Vec<&str> = Algorithm::ALL.iter().map(|(known, _)| *known).collect();
                    self.source.mistake(
                        at,
                        format!("algorithm {name:?}: expected {}", known.join(", ")),
                    );
                    return None;
                };
                Check::Digit {
                    fields,
                    algorithm: *algorithm,
                    part: self.part(table, "part")?,
                    name,
                }
            }
            "compare" => {
                self.source.only(table, &["left", "op", "right", "value"]);
                let left = self.field(context, table, "left")?;
                let comparison = self.comparison(table)?;
                let right = match self.source.maybe(table, "value") {
                    Some(value) => Operand::Value(self.decimal(at, &value)?),
                    None => Operand::Field(self.field(context, table, "right")?),
                };
                Check::Compare {
                    left,
                    comparison,
                    right,
                }
            }
            "same" | "differ" => {
                self.source
                    .only(table, &["left", "left_part", "right", "right_part"]);
                Check::Same {
                    left: self.field(context, table, "left")?,
                    left_part: self.part(table, "left_part")?,
                    right: self.field(context, table, "right")?,
                    right_part: self.part(table, "right_part")?,
                    equal: primitive == "same",
                }
            }
            "sum" => {
                let known = ["each", "where", "of", "op", "right", "tolerance"];
                self.source.only(table, &known);
                let each = self.selection(context, table, "each")?;
                let inner = each.path.shape();
                Check::Sum {
                    each,
                    of: self.field(inner, table, "of")?,
                    comparison: self.comparison(table)?,
                    right: self.field(context, table, "right")?,
                    tolerance: self.tolerance(table)?,
                }
            }
            "product" => {
                self.source.only(table, &["of", "equals", "tolerance"]);
                let written = self.source.strings(table, "of");
                let of = self.paths(at, context, written)?;
                let equals = self.field(context, table, "equals")?;
                Check::Product {
                    of,
                    equals,
                    tolerance: self.tolerance(table)?,
                }
            }
            "count" => {
                self.source
                    .only(table, &["of", "where", "min", "max", "equals"]);
                let written = self.source.strings(table, "of");
                if written.is_empty() {
                    self.source.mistake(at, "expected at least one path");
                }
                let of = written
                    .iter()
                    .map(|written| self.selected(context, table, written))
                    .collect::<Option<Vec<_>>>()?;

                let equals = match table.get("equals") {
                    Some(_) => Some(self.field(context, table, "equals")?),
                    None => None,
                };
                Check::Count {
                    of,
                    min: self.source.number(table, "min"),
                    max: self.source.number(table, "max"),
                    equals,
                }
            }
            "unique" => {
                self.source.only(table, &["of", "where", "by"]);
                let of = self.elements(context, table)?;
                let written = self.source.strings(table, "by");
                if written.len() > UNIQUE_PATHS_MAX {
                    let text = format!("by: at most {UNIQUE_PATHS_MAX} paths");
                    self.source.mistake(at, text);
                    return None;
                }
                let by = self.paths(at, of.path.shape(), written)?;
                Check::Unique { of, by }
            }
            "sequence" => {
                self.source.only(table, &["of", "where", "by", "from"]);
                let of = self.elements(context, table)?;
                let by = self.field(of.path.shape(), table, "by")?;
                Check::Sequence {
                    of,
                    by,
                    from: self.source.number(table, "from").unwrap_or(1),
                }
            }
            "date" => {
                self.source.only(table, &["field", "fields", "format"]);
                Check::Date {
                    fields: self.fields(context, table)?,
                    formats: self.source.strings(table, "format"),
                }
            }
            "order" => {
                self.source.only(table, &["first", "then"]);
                let first = self.field(context, table, "first")?;
                Check::Order {
                    first,
                    then: self.field(context, table, "then")?,
                }
            }
            _ => {
                self.source.only(table, &["field", "split", "to"]);
                let field = self.field(context, table, "field")?;
                let split = self.source.maybe(table, "split");
                Check::Refer {
                    field,
                    split,
                    to: self.field(context, table, "to")?,
                }
            }
        })
    }

    fn comparison(&mut self, table: Table<'_>) -> Option<Comparison> {
        let sign = self.source.string(table, "op");
        let found = Comparison::ALL
            .iter()
            .find(|(known, _)| *known == sign)
            .map(|(_, comparison)| *comparison);
        if found.is_none() {
            self.source.mistake(
                table.at(),
                format!("op {sign:?}: expected one of < <= = != >= >"),
            );
        }
        found
    }

    fn tolerance(&mut self, table: Table<'_>) -> Option<Tolerance> {
        let text = self.source.maybe(table, "tolerance");
        let text = text.as_deref().unwrap_or("0");
        Some(match text.strip_suffix('%') {
            Some(percent) => Tolerance::Percent(self.decimal(table.at(), percent)?),
            None => Tolerance::Absolute(self.decimal(table.at(), text)?),
        })
    }

    fn decimal(&mut self, at: usize, text: &str) -> Option<Decimal> {
        let decimal = Decimal::from_str_exact(text).ok();
        if decimal.is_none() {
            self.source.mistake(at, format!("{text:?} is not a number"));
        }
        decimal
    }
}
