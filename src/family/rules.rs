//! A rule: when it applies, what it checks, and what to say. The vocabulary is small and
//! closed; `evaluate` has one function for each primitive.

use std::collections::BTreeMap;
use std::sync::Arc;

use rust_decimal::Decimal;

use crate::finding::{Severity, Text};
use crate::schema::{Pattern, Set};

use super::digits::Algorithm;
use super::record::Path;

/// A compiled rule.
#[derive(Debug)]
pub struct Rule {
    /// Stable for ever.
    pub code: String,
    /// What a finding of it weighs.
    pub severity: Severity,
    /// It is checked once for every element here.
    pub each: Path,
    /// It applies when all of these hold.
    pub when: Vec<Condition>,
    /// The word of the vocabulary for what it checks.
    pub primitive: &'static str,
    /// What has to hold then.
    pub check: Check,
    /// What is wrong and how to mend it.
    pub text: Text,
    /// Where the rule comes from.
    pub source: String,
}

/// One condition.
#[derive(Debug)]
pub struct Condition {
    pub field: Path,
    pub test: Test,
}

/// What a condition asks of its field.
#[derive(Debug)]
pub enum Test {
    In(Vec<String>),
    NotIn(Vec<String>),
    Present(bool),
    /// Whether it has a value that fits.
    Matches(Pattern, bool),
    /// It has the same value as this one.
    Same(Path),
}

/// A code list, shared by all who name it.
pub type Codes = Arc<CodeList>;

/// The codes of a list.
#[derive(Debug, Default)]
pub struct CodeList {
    pub known: Set<String>,
    /// The code of another system, or of a former edition, and the one that it is now.
    pub same_as: BTreeMap<String, String>,
}

/// What a rule checks.
#[derive(Debug)]
pub enum Check {
    Required(Vec<Path>),
    Absent(Vec<Path>),
    Together(Vec<Path>),
    Any(Vec<Path>),
    List {
        fields: Vec<Path>,
        name: String,
        codes: Codes,
    },
    Values {
        fields: Vec<Path>,
        values: Vec<String>,
    },
    Matches {
        fields: Vec<Path>,
        pattern: Pattern,
        split: Option<String>,
    },
    Digit {
        fields: Vec<Path>,
        algorithm: Algorithm,
        part: Part,
        name: String,
    },
    Compare {
        left: Path,
        comparison: Comparison,
        right: Operand,
    },
    Same {
        left: Path,
        left_part: Part,
        right: Path,
        right_part: Part,
        equal: bool,
    },
    Sum {
        each: Selection,
        of: Path,
        comparison: Comparison,
        right: Path,
        tolerance: Tolerance,
    },
    Product {
        of: Vec<Path>,
        equals: Path,
        tolerance: Tolerance,
    },
    /// Each of these, for itself.
    Count {
        of: Vec<Selection>,
        min: Option<u64>,
        max: Option<u64>,
        equals: Option<Path>,
    },
    Unique {
        of: Selection,
        by: Vec<Path>,
    },
    Sequence {
        of: Selection,
        by: Path,
        from: u64,
    },
    Date {
        fields: Vec<Path>,
        formats: Vec<String>,
    },
    Order {
        first: Path,
        then: Path,
    },
    Refer {
        field: Path,
        split: Option<String>,
        to: Path,
    },
}

/// The most paths that `unique` takes: its keys are compared without being gathered.
pub const UNIQUE_PATHS_MAX: usize = 4;

/// Every element at a path for which all of `filter` holds.
#[derive(Debug)]
pub struct Selection {
    pub path: Path,
    pub filter: Vec<Condition>,
}

/// Which characters of a text are meant.
#[derive(Debug, Clone, Copy)]
pub enum Part {
    Whole,
    /// From the first to the second, counted from 1.
    Characters(usize, usize),
}

impl Part {
    /// These characters of `text`, if it is that long.
    pub fn of(self, text: &str) -> Option<&str> {
        let Part::Characters(from, to) = self else {
            return Some(text);
        };
        let mut starts = text.char_indices().map(|(at, _)| at).chain([text.len()]);
        let start = starts.nth(from - 1)?;
        let end = starts.nth(to - from)?;
        Some(&text[start..end])
    }
}

/// How far a calculated number may be from the one that stands there.
#[derive(Debug, Clone, Copy)]
pub enum Tolerance {
    Absolute(Decimal),
    /// A hundredth part of the number that stands there, times this.
    Percent(Decimal),
}

impl Tolerance {
    /// For the number that stands there.
    pub fn of(self, number: Decimal) -> Decimal {
        match self {
            Tolerance::Absolute(tolerance) => tolerance,
            Tolerance::Percent(percent) => (number.abs() / Decimal::ONE_HUNDRED)
                .checked_mul(percent)
                .unwrap_or(Decimal::MAX),
        }
    }
}

/// The right side of a comparison.
#[derive(Debug)]
pub enum Operand {
    Field(Path),
    Value(Decimal),
}

/// How two numbers have to stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    Less,
    LessOrEqual,
    Equal,
    NotEqual,
    GreaterOrEqual,
    Greater,
}

impl Comparison {
    /// The signs of rules.
    pub const ALL: [(&'static str, Comparison); 6] = [
        ("<", Comparison::Less),
        ("<=", Comparison::LessOrEqual),
        ("=", Comparison::Equal),
        ("!=", Comparison::NotEqual),
        (">=", Comparison::GreaterOrEqual),
        (">", Comparison::Greater),
    ];

    /// The sign.
    pub fn sign(self) -> &'static str {
        let found = Comparison::ALL
            .iter()
            .find(|(_, comparison)| *comparison == self);
        found.map_or("", |(sign, _)| sign)
    }

    /// Whether `left` and `right` stand so, give or take `tolerance`.
    pub fn holds(self, left: Decimal, right: Decimal, tolerance: Decimal) -> bool {
        let Some(difference) = left.checked_sub(right) else {
            return false;
        };
        match self {
            Comparison::Less => difference < tolerance,
            Comparison::LessOrEqual => difference <= tolerance,
            Comparison::Equal => difference.abs() <= tolerance,
            Comparison::NotEqual => difference.abs() > tolerance,
            Comparison::GreaterOrEqual => difference >= -tolerance,
            Comparison::Greater => difference > -tolerance,
        }
    }
}
