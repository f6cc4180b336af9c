//! Rules against the record of one message. One function a primitive; a rule is silent when
//! a value that it needs is absent (but for those about presence), or did not fit its type,
//! because then the schema has spoken already. While every rule holds nothing is allocated,
//! but for the keys of many elements.

use rust_decimal::Decimal;

use crate::finding::meant;

use super::dates::is_date;
use super::record::{Node, Path, ROOT, Record};
use super::rules::{
    Check, Comparison, Condition, Operand, Part, Rule, Selection, Test, Tolerance, UNIQUE_PATHS_MAX,
};
use super::seen::Seen;

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
        record.visit(ROOT, &rule.each, &mut |context| {
            let eye = Eye { record, context };
            if rule.when.iter().all(|condition| eye.holds(condition)) {
                eye.check(rule, &mut breaches);
            }
            true
        });
    }
    breaches
}

/// The rules that have something to judge in this message, whether they hold or not.
pub fn spoken<'r>(rules: &'r [Rule], record: &Record<'_>) -> Vec<&'r Rule> {
    let speaks = |rule: &&Rule| {
        let mut speaks = false;
        record.visit(ROOT, &rule.each, &mut |context| {
            let eye = Eye { record, context };
            speaks =
                rule.when.iter().all(|condition| eye.holds(condition)) && eye.judges(&rule.check);
            !speaks
        });
        speaks
    };
    rules.iter().filter(speaks).collect()
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
            Test::Matches(pattern, fits) => (!text.is_empty() && pattern.is_match(text)) == *fits,
            Test::Same(other) => {
                !text.is_empty() && self.value(other).is_some_and(|(_, other)| other == text)
            }
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

    /// Every value at `paths` that is not empty.
    fn each_value(&self, paths: &[Path], each: &mut dyn FnMut(Node, &'a str)) {
        for path in paths {
            self.record.visit(self.context, path, &mut |node| {
                let value = self.record.text(node);
                if !value.is_empty() {
                    each(node, value);
                }
                true
            });
        }
    }

    /// The same record seen from `context`.
    fn at(&self, context: Node) -> Self {
        Eye {
            record: self.record,
            context,
        }
    }

    /// Every element of a selection, until `each` says no more.
    fn select(&self, selection: &Selection, each: &mut dyn FnMut(Self) -> bool) {
        self.record
            .visit(self.context, &selection.path, &mut |node| {
                let eye = self.at(node);
                let chosen = selection
                    .filter
                    .iter()
                    .all(|condition| eye.holds(condition));
                !chosen || each(eye)
            });
    }

    fn count(&self, selection: &Selection) -> u64 {
        let mut count = 0;
        self.select(selection, &mut |_| {
            count += 1;
            true
        });
        count
    }

    /// Whether what `check` needs is there, so that it can hold or not.
    fn judges(&self, check: &Check) -> bool {
        let there = |path: &Path| self.value(path).is_some();
        match check {
            Check::Required(_) | Check::Absent(_) | Check::Any(_) | Check::Count { .. } => true,
            Check::Together(paths) => paths.iter().any(|path| self.is_there(path)),
            Check::List { fields, .. }
            | Check::Values { fields, .. }
            | Check::Matches { fields, .. }
            | Check::Digit { fields, .. }
            | Check::Date { fields, .. } => fields.iter().any(there),
            Check::Refer { field, .. } => there(field),
            Check::Compare { left, right, .. } => {
                there(left)
                    && match right {
                        Operand::Field(path) => there(path),
                        Operand::Value(_) => true,
                    }
            }
            Check::Same {
                left,
                left_part,
                right,
                right_part,
                ..
            } => self.part(left, *left_part).is_some() && self.part(right, *right_part).is_some(),
            Check::Order { first, then } => there(first) && there(then),
            Check::Product { of, equals, .. } => of.iter().all(there) && there(equals),
            Check::Sum {
                each, of, right, ..
            } => {
                let mut any = false;
                self.select(each, &mut |eye| {
                    any = eye.value(of).is_some();
                    !any
                });
                any && there(right)
            }
            Check::Unique { of, .. } => self.count(of) > 1,
            Check::Sequence { of, .. } => self.count(of) > 0,
        }
    }

    /// The first value at `path`, of which `part` is there.
    fn part(&self, path: &Path, part: Part) -> Option<(Node, &'a str)> {
        let (node, value) = self.value(path)?;
        Some((node, part.of(value)?))
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
                self.each_value(fields, &mut |node, value| {
                    if !codes.known.contains(value) {
                        let mut known: Vec<&str> = codes.known.iter().map(String::as_str).collect();
                        known.sort_unstable();
                        let expected = format!("{name}: {}", meant(value, &known));
                        breach(node, String::new(), value, expected);
                    }
                });
            }
            Check::Values { fields, values } => {
                self.each_value(fields, &mut |node, value| {
                    if !values.iter().any(|known| known == value) {
                        breach(node, String::new(), value, values.join(", "));
                    }
                });
            }
            Check::Matches {
                fields,
                pattern,
                split,
            } => {
                self.each_value(fields, &mut |node, value| {
                    if !each_part(value, split, |part| pattern.is_match(part)) {
                        breach(node, String::new(), value, pattern.source.clone());
                    }
                });
            }
            Check::Digit {
                fields,
                algorithm,
                part,
                name,
            } => {
                self.each_value(fields, &mut |node, value| {
                    if part.of(value).is_some_and(|part| !algorithm.holds(part)) {
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
            Check::Same {
                left,
                left_part,
                right,
                right_part,
                equal,
            } => {
                if let (Some((node, a)), Some((_, b))) =
                    (self.part(left, *left_part), self.part(right, *right_part))
                    && (a == b) != *equal
                {
                    let sign = if *equal { "=" } else { "!=" };
                    let expected = format!("{sign} {} ({b})", right.written);
                    breach(node, String::new(), a, expected);
                }
            }
            Check::Sum {
                each,
                of,
                comparison,
                right,
                tolerance,
            } => self.sum(each, of, *comparison, right, *tolerance, &mut breach),
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
                let wanted = equals
                    .as_ref()
                    .and_then(|path| self.value(path))
                    .map(|(_, value)| value.parse::<u64>());
                for of in of {
                    let count = self.count(of);
                    let fits = min.is_none_or(|min| count >= min)
                        && max.is_none_or(|max| count <= max)
                        && wanted
                            .as_ref()
                            .is_none_or(|wanted| wanted.as_ref() == Ok(&count));
                    if fits {
                        continue;
                    }
                    let bound = |sign: &str, bound: &Option<u64>| {
                        bound.map(|bound| format!("{sign} {bound}"))
                    };
                    let equal = equals.as_ref().map(|path| format!("= {}", path.written));
                    let bounds = [bound(">=", min), bound("<=", max), equal];
                    let bounds: Vec<String> = bounds.into_iter().flatten().collect();
                    let expected = format!("{} {}", of.path.written, bounds.join(", "));
                    let (node, below) = match self.last(&of.path) {
                        Some(last) => (self.record.parent(last), String::new()),
                        None => (self.anchor(&of.path), self.below(&of.path)),
                    };
                    breach(node, below, &count.to_string(), expected);
                }
            }
            Check::Unique { of, by } => self.unique(of, by, &mut breach),
            Check::Sequence { of, by, from } => {
                let mut expected = *from;
                self.select(of, &mut |eye| {
                    if let Some((at, value)) = eye.value(by)
                        && value.parse() != Ok(expected)
                    {
                        breach(at, String::new(), value, expected.to_string());
                    }
                    expected += 1;
                    true
                });
            }
            Check::Date { fields, formats } => {
                self.each_value(fields, &mut |node, value| {
                    if !formats.iter().any(|format| is_date(value, format)) {
                        breach(node, String::new(), value, formats.join(", "));
                    }
                });
            }
            Check::Order { first, then } => {
                if let (Some((_, a)), Some((node, b))) = (self.value(first), self.value(then)) {
                    let digits = |text: &'a str| text.bytes().filter(u8::is_ascii_digit);
                    let differ = digits(a).zip(digits(b)).find(|(x, y)| x != y);
                    if differ.is_some_and(|(x, y)| x > y) {
                        let expected = format!(">= {} ({a})", first.written);
                        breach(node, String::new(), b, expected);
                    }
                }
            }
            Check::Refer { field, split, to } => {
                let mut refers = false;
                self.each_value(std::slice::from_ref(field), &mut |_, _| refers = true);
                if !refers {
                    return;
                }
                let mut known = Seen::new();
                self.each_value(std::slice::from_ref(to), &mut |_, value| {
                    known.insert(value);
                });
                self.each_value(std::slice::from_ref(field), &mut |node, value| {
                    let is_known = |part: &str| part.is_empty() || known.contains(part.trim());
                    if !each_part(value, split, is_known) {
                        breach(node, String::new(), value, to.written.clone());
                    }
                });
            }
        }
    }

    fn sum(
        &self,
        each: &Selection,
        of: &Path,
        comparison: Comparison,
        right: &Path,
        tolerance: Tolerance,
        breach: &mut dyn FnMut(Node, String, &str, String),
    ) {
        let Some((node, total)) = self.number(right) else {
            return;
        };
        // What is not a number has its own finding.
        let (mut sum, mut any, mut numbers) = (Some(Decimal::ZERO), false, true);
        self.select(each, &mut |eye| {
            eye.each_value(
                std::slice::from_ref(of),
                &mut |_, value| match decimal(value) {
                    Some(number) => {
                        any = true;
                        sum = sum.and_then(|sum| sum.checked_add(number));
                    }
                    None => numbers = false,
                },
            );
            numbers
        });
        let fits = |sum| comparison.holds(sum, total, tolerance.of(total));
        if any && numbers && !sum.is_some_and(fits) {
            let sum = sum.map_or_else(|| "?".to_owned(), |sum| sum.normalize().to_string());
            let expected = format!("{} ({sum})", of.written);
            breach(node, String::new(), self.record.text(node), expected);
        }
    }

    fn product(
        &self,
        of: &[Path],
        equals: &Path,
        tolerance: Tolerance,
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
        let fits = |product| Comparison::Equal.holds(product, total, tolerance.of(total));
        if !product.is_some_and(fits) {
            let factors: Vec<&str> = of.iter().map(|path| path.written.as_str()).collect();
            let shown =
                product.map_or_else(|| "?".to_owned(), |product| product.normalize().to_string());
            let expected = format!("{} ({shown})", factors.join(" × "));
            breach(node, String::new(), self.record.text(node), expected);
        }
    }

    fn unique(
        &self,
        of: &Selection,
        by: &[Path],
        breach: &mut dyn FnMut(Node, String, &str, String),
    ) {
        if self.count(of) < 2 {
            return;
        }
        let mut seen = Seen::new();
        self.select(of, &mut |eye| {
            let mut key = [""; UNIQUE_PATHS_MAX];
            let mut at = eye.context;
            for (part, path) in key.iter_mut().zip(by).rev() {
                if let Some((node, value)) = eye.value(path) {
                    (at, *part) = (node, value);
                }
            }
            if key.iter().any(|part| !part.is_empty()) && !seen.insert(key) {
                breach(at, String::new(), key.join(" ").trim(), String::new());
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

    fn last(&self, path: &Path) -> Option<Node> {
        let mut last = None;
        self.record.visit(self.context, path, &mut |node| {
            last = Some(node);
            true
        });
        last
    }
}

/// Whether all parts of `value`, or it as a whole, are as `holds` wants them.
fn each_part(value: &str, split: &Option<String>, holds: impl Fn(&str) -> bool) -> bool {
    match split {
        Some(separator) => value.split(separator.as_str()).all(holds),
        None => holds(value),
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
