//! Rules against the record of one message. One function a primitive; a rule is silent when
//! a value that it needs is absent (but for those about presence), or did not fit its type,
//! because then the schema has spoken already.

use std::collections::HashSet;

use rust_decimal::Decimal;

use super::record::{Node, Path, Record};
use super::rules::{Check, Comparison, Condition, Operand, Rule, Test};

/// A rule that does not hold, before its path and place are known.
#[derive(Debug)]
pub struct Breach<'r> {
    /// The rule.
    pub rule: &'r Rule,
    /// The element that it is about.
    pub node: Node,
    /// What follows the element's path: `/Name` for something that is missing.
    pub below: String,
    /// What stands there.
    pub value: String,
    /// What was expected.
    pub expected: String,
}

/// Every breach of `rules`.
pub fn evaluate<'r>(rules: &'r [Rule], record: &Record<'_>) -> Vec<Breach<'r>> {
    let mut breaches = Vec::new();
    for rule in rules {
        record.visit(super::record::ROOT, &rule.each, &mut |context| {
            let eye = Eye { record, context };
            if rule.when.iter().all(|condition| eye.holds(condition)) {
                eye.check(rule, &mut breaches);
            }
            true
        });
    }
    breaches
}

/// A record seen from one element.
struct Eye<'a, 's> {
    record: &'a Record<'s>,
    context: Node,
}

impl<'a> Eye<'a, '_> {
    fn holds(&self, condition: &Condition) -> bool {
        let node = self.record.find(self.context, &condition.field);
        if node.is_some_and(|node| self.record.is_misfit(node)) {
            return matches!(condition.test, Test::Present(true));
        }
        let text = node.map_or("", |node| self.record.text(node));
        match &condition.test {
            Test::In(values) => values.iter().any(|value| value == text),
            Test::NotIn(values) => !values.iter().any(|value| value == text),
            Test::Present(present) => self.is_there(&condition.field) == *present,
            Test::Matches(pattern) => !text.is_empty() && pattern.is_match(text),
        }
    }

    /// Whether something stands at `path`: a value, or an element with something inside.
    fn is_there(&self, path: &Path) -> bool {
        let mut there = false;
        self.record.visit(self.context, path, &mut |node| {
            let record = self.record;
            there =
                !record.text(node).is_empty() || record.is_misfit(node) || record.is_filled(node);
            !there
        });
        there
    }

    /// The first value at `path`.
    fn value(&self, path: &Path) -> Option<(Node, &'a str)> {
        let node = self.record.find(self.context, path)?;
        let text = self.record.text(node);
        (!text.is_empty()).then_some((node, text))
    }

    fn number(&self, path: &Path) -> Option<(Node, Decimal)> {
        let (node, text) = self.value(path)?;
        Some((node, decimal(text)?))
    }

    /// Every value at `path` that is not empty.
    fn each_value(&self, path: &Path, each: &mut dyn FnMut(Node, &'a str)) {
        self.record.visit(self.context, path, &mut |node| {
            let value = self.record.text(node);
            if !value.is_empty() {
                each(node, value);
            }
            true
        });
    }

    fn values(&self, path: &Path) -> Vec<(Node, &'a str)> {
        let mut values = Vec::new();
        self.record.visit(self.context, path, &mut |node| {
            values.push((node, self.record.text(node)));
            true
        });
        values
    }

    fn check<'r>(&self, rule: &'r Rule, breaches: &mut Vec<Breach<'r>>) {
        let mut breach = |node: Node, below: String, value: &str, expected: String| {
            breaches.push(Breach {
                rule,
                node,
                below,
                value: value.to_owned(),
                expected,
            });
        };
        match &rule.check {
            Check::Required(paths) => {
                for path in paths.iter().filter(|path| !self.is_there(path)) {
                    breach(
                        self.anchor(path),
                        self.below(path),
                        "",
                        path.written.clone(),
                    );
                }
            }
            Check::Absent(paths) => {
                for path in paths.iter().filter(|path| self.is_there(path)) {
                    let node = self.record.find(self.context, path).unwrap_or(self.context);
                    breach(node, String::new(), self.record.text(node), String::new());
                }
            }
            Check::Together(paths) => {
                let there = paths.iter().filter(|path| self.is_there(path)).count();
                if there > 0 {
                    for path in paths.iter().filter(|path| !self.is_there(path)) {
                        breach(self.anchor(path), self.below(path), "", listing(paths));
                    }
                }
            }
            Check::Any(paths) => {
                if !paths.iter().any(|path| self.is_there(path)) {
                    breach(self.context, String::new(), "", listing(paths));
                }
            }
            Check::List {
                fields,
                name,
                codes,
            } => {
                for field in fields {
                    self.each_value(field, &mut |node, value| {
                        if !codes.contains(value) {
                            breach(node, String::new(), value, name.clone());
                        }
                    });
                }
            }
            Check::Values { field, values } => {
                self.each_value(field, &mut |node, value| {
                    if !values.iter().any(|known| known == value) {
                        breach(node, String::new(), value, values.join(", "));
                    }
                });
            }
            Check::Matches {
                field,
                pattern,
                split,
            } => {
                self.each_value(field, &mut |node, value| {
                    if !parts(value, split).all(|part| pattern.is_match(part)) {
                        breach(node, String::new(), value, pattern.source.clone());
                    }
                });
            }
            Check::Digit {
                field,
                algorithm,
                name,
            } => {
                self.each_value(field, &mut |node, value| {
                    if !algorithm.holds(value) {
                        breach(node, String::new(), value, name.clone());
                    }
                });
            }
            Check::Compare {
                left,
                comparison,
                right,
            } => {
                let Some((node, number)) = self.number(left) else {
                    return;
                };
                let other = match right {
                    Operand::Value(value) => Some(*value),
                    Operand::Field(path) => self.number(path).map(|(_, other)| other),
                };
                if let Some(other) = other
                    && !comparison.holds(number, other, Decimal::ZERO)
                {
                    let shown = match right {
                        Operand::Value(value) => value.to_string(),
                        Operand::Field(path) => format!("{} ({other})", path.written),
                    };
                    let expected = format!("{} {shown}", comparison.sign());
                    breach(node, String::new(), self.record.text(node), expected);
                }
            }
            Check::Same { left, right, equal } => {
                if let (Some((node, a)), Some((_, b))) = (self.value(left), self.value(right))
                    && (a == b) != *equal
                {
                    let sign = if *equal { "=" } else { "!=" };
                    breach(
                        node,
                        String::new(),
                        a,
                        format!("{sign} {} ({b})", right.written),
                    );
                }
            }
            Check::Sum {
                of,
                comparison,
                right,
                tolerance,
            } => self.sum(of, *comparison, right, *tolerance, &mut breach),
            Check::Product {
                of,
                equals,
                tolerance,
            } => self.product(of, equals, *tolerance, &mut breach),
            Check::Count {
                of,
                min,
                max,
                equals,
            } => {
                let count = self.values(of).len() as u64;
                let wanted = equals
                    .as_ref()
                    .and_then(|path| self.value(path))
                    .map(|(_, value)| value.parse::<u64>());
                let fits = min.is_none_or(|min| count >= min)
                    && max.is_none_or(|max| count <= max)
                    && wanted
                        .as_ref()
                        .is_none_or(|wanted| wanted.as_ref() == Ok(&count));
                if !fits {
                    let bound = |sign: &str, bound: &Option<u64>| {
                        bound.map(|bound| format!("{sign} {bound}"))
                    };
                    let equal = equals.as_ref().map(|path| format!("= {}", path.written));
                    let bounds = [bound(">=", min), bound("<=", max), equal];
                    let expected: Vec<String> = bounds.into_iter().flatten().collect();
                    let node = if count == 0 {
                        self.anchor(of)
                    } else {
                        self.record.parent(self.last(of))
                    };
                    let below = if count == 0 {
                        self.below(of)
                    } else {
                        String::new()
                    };
                    breach(node, below, &count.to_string(), expected.join(", "));
                }
            }
            Check::Unique { of, by } => self.unique(of, by, &mut breach),
            Check::Sequence { of, by, from } => {
                let mut expected = *from;
                self.record.visit(self.context, of, &mut |node| {
                    let eye = Eye {
                        record: self.record,
                        context: node,
                    };
                    if let Some((at, value)) = eye.value(by)
                        && value.parse() != Ok(expected)
                    {
                        breach(at, String::new(), value, expected.to_string());
                    }
                    expected += 1;
                    true
                });
            }
            Check::Date { field, format } => {
                for (node, value) in self.values(field) {
                    if !value.is_empty() && !is_date(value, format) {
                        breach(node, String::new(), value, format.clone());
                    }
                }
            }
            Check::Order { first, then } => {
                if let (Some((_, a)), Some((node, b))) = (self.value(first), self.value(then)) {
                    let digits = |text: &str| {
                        text.chars()
                            .filter(char::is_ascii_digit)
                            .collect::<String>()
                    };
                    let (x, y) = (digits(a), digits(b));
                    let common = x.len().min(y.len());
                    if x[..common] > y[..common] {
                        breach(
                            node,
                            String::new(),
                            b,
                            format!(">= {} ({a})", first.written),
                        );
                    }
                }
            }
            Check::Refer { field, split, to } => {
                let known: HashSet<&str> = self
                    .values(to)
                    .into_iter()
                    .map(|(_, value)| value)
                    .collect();
                for (node, value) in self.values(field) {
                    let missing = parts(value, split)
                        .find(|part| !part.is_empty() && !known.contains(part.trim()));
                    if missing.is_some() {
                        breach(node, String::new(), value, to.written.clone());
                    }
                }
            }
        }
    }

    fn sum(
        &self,
        of: &Path,
        comparison: Comparison,
        right: &Path,
        tolerance: Decimal,
        breach: &mut dyn FnMut(Node, String, &str, String),
    ) {
        let Some((node, total)) = self.number(right) else {
            return;
        };
        let mut sum = Some(Decimal::ZERO);
        let mut any = false;
        for (_, value) in self
            .values(of)
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
        {
            // What is not a number has its own finding.
            let Some(number) = decimal(value) else { return };
            any = true;
            sum = sum.and_then(|sum| sum.checked_add(number));
        }
        if any && !sum.is_some_and(|sum| comparison.holds(sum, total, tolerance)) {
            let sum = sum.map_or_else(|| "?".to_owned(), |sum| sum.normalize().to_string());
            breach(
                node,
                String::new(),
                self.record.text(node),
                format!("{} ({sum})", of.written),
            );
        }
    }

    fn product(
        &self,
        of: &[Path],
        equals: &Path,
        tolerance: Decimal,
        breach: &mut dyn FnMut(Node, String, &str, String),
    ) {
        let Some((node, total)) = self.number(equals) else {
            return;
        };
        let mut product = Some(Decimal::ONE);
        for path in of {
            let Some((_, factor)) = self.number(path) else {
                return;
            };
            product = product.and_then(|product| product.checked_mul(factor));
        }
        if !product.is_some_and(|product| Comparison::Equal.holds(product, total, tolerance)) {
            let factors: Vec<&str> = of.iter().map(|path| path.written.as_str()).collect();
            let shown =
                product.map_or_else(|| "?".to_owned(), |product| product.normalize().to_string());
            breach(
                node,
                String::new(),
                self.record.text(node),
                format!("{} ({shown})", factors.join(" × ")),
            );
        }
    }

    fn unique(&self, of: &Path, by: &[Path], breach: &mut dyn FnMut(Node, String, &str, String)) {
        let mut seen: HashSet<Vec<&str>> = HashSet::new();
        self.record.visit(self.context, of, &mut |node| {
            let eye = Eye {
                record: self.record,
                context: node,
            };
            let key: Vec<&str> = by
                .iter()
                .map(|path| eye.value(path).map_or("", |(_, value)| value))
                .collect();
            let at = by
                .iter()
                .find_map(|path| eye.value(path))
                .map_or(node, |(at, _)| at);
            if key.iter().any(|part| !part.is_empty()) && !seen.insert(key.clone()) {
                breach(at, String::new(), &key.join(" "), String::new());
            }
            true
        });
    }

    /// The innermost element of `path` that is there.
    fn anchor(&self, path: &Path) -> Node {
        let mut prefix = path.clone();
        while prefix.pop() {
            if let Some(node) = self.record.find(self.context, &prefix) {
                return node;
            }
        }
        self.context
    }

    /// The steps of `path` below its anchor.
    fn below(&self, path: &Path) -> String {
        let names: Vec<&str> = path
            .written
            .split('/')
            .filter(|step| !step.is_empty() && *step != ".")
            .collect();
        let mut prefix = path.clone();
        let mut missing = 0;
        while prefix.pop() {
            missing += 1;
            if self.record.find(self.context, &prefix).is_some() {
                break;
            }
        }
        names[names.len() - missing.min(names.len())..]
            .iter()
            .map(|name| format!("/{name}"))
            .collect()
    }

    fn last(&self, path: &Path) -> Node {
        self.values(path)
            .last()
            .map_or(self.context, |(node, _)| *node)
    }
}

fn parts<'v>(value: &'v str, split: &Option<String>) -> Box<dyn Iterator<Item = &'v str> + 'v> {
    match split {
        Some(separator) => Box::new(
            value
                .split(separator.clone().as_str())
                .collect::<Vec<_>>()
                .into_iter(),
        ),
        None => Box::new(std::iter::once(value)),
    }
}

fn listing(paths: &[Path]) -> String {
    let names: Vec<&str> = paths.iter().map(|path| path.written.as_str()).collect();
    names.join(", ")
}

fn decimal(text: &str) -> Option<Decimal> {
    // Exact or not at all: a number of more digits than the type holds is not rounded.
    Decimal::from_str_exact(text.strip_prefix('+').unwrap_or(text)).ok()
}

/// Whether `text` is a real date or time of this format: `y M d H m s S` are digits, `Z` any
/// character, everything else stands for itself.
pub fn is_date(text: &str, format: &str) -> bool {
    if !text.is_ascii() || text.len() != format.len() {
        return false;
    }
    let mut parts = [0u32; 6];
    for (byte, letter) in text.bytes().zip(format.bytes()) {
        let part = match letter {
            b'y' => 0,
            b'M' => 1,
            b'd' => 2,
            b'H' => 3,
            b'm' => 4,
            b's' => 5,
            b'S' if byte.is_ascii_digit() => continue,
            b'Z' => continue,
            letter if letter == byte => continue,
            _ => return false,
        };
        if !byte.is_ascii_digit() {
            return false;
        }
        parts[part] = parts[part] * 10 + u32::from(byte - b'0');
    }
    let [year, month, day, hour, minute, second] = parts;
    let has = |letter: char| format.contains(letter);
    let year = if format.matches('y').count() == 2 {
        2000 + year
    } else {
        year
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u32::from(leap),
        _ => 31,
    };
    (!has('y') || year > 0)
        && (!has('M') || (1..=12).contains(&month))
        && (!has('d') || (1..=days).contains(&day))
        && hour < 24
        && minute < 60
        && second < 60
}

#[cfg(test)]
mod tests {
    use super::is_date;

    #[test]
    fn dates() {
        let table = [
            ("20240229", "yyyyMMdd", true),
            ("20230229", "yyyyMMdd", false),
            ("2026-11-23", "yyyy-MM-dd", true),
            ("2026/11/23", "yyyy-MM-dd", false),
            ("20261123081530123", "yyyyMMddHHmmssSSS", true),
            ("20261123241530123", "yyyyMMddHHmmssSSS", false),
            ("202611230815+08", "yyyyMMddHHmmZZZ", true),
            ("2026112", "yyyyMMdd", false),
            ("００００００００", "yyyyMMdd", false),
        ];
        for (text, format, expected) in table {
            assert_eq!(is_date(text, format), expected, "{text} {format}");
        }
    }
}
