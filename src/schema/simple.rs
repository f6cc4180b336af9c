//! Simple types: a primitive, a list or a union, narrowed by facets.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::pattern::Pattern;
use super::value::{BuiltIn, Number, Primitive, White};

/// A compiled simple type.
#[derive(Debug, Clone)]
pub struct Simple {
    /// Its name, or that of the type that it was made from.
    pub label: String,
    pub variety: Variety,
    pub white: White,
    pub length: Option<u64>,
    pub length_min: Option<u64>,
    pub length_max: Option<u64>,
    pub digits_max: Option<u64>,
    pub fraction_digits_max: Option<u64>,
    pub bounds: Vec<Bound>,
    /// Each step of derivation adds one set; a value has to fit one pattern of each.
    pub patterns: Vec<Vec<Pattern>>,
    pub enumeration: Option<Enumeration>,
}

/// What a value is made of.
#[derive(Debug, Clone)]
pub enum Variety {
    Atomic(Primitive),
    /// Of items of this type.
    List(usize),
    /// Of the first of these types that fits.
    Union(Vec<usize>),
}

/// A minimum or maximum.
#[derive(Debug, Clone)]
pub struct Bound {
    pub facet: BoundFacet,
    pub value: String,
}

/// Which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BoundFacet {
    MinInclusive,
    MinExclusive,
    MaxInclusive,
    MaxExclusive,
}

impl BoundFacet {
    fn admits(self, order: Ordering) -> bool {
        match self {
            BoundFacet::MinInclusive => order.is_ge(),
            BoundFacet::MinExclusive => order.is_gt(),
            BoundFacet::MaxInclusive => order.is_le(),
            BoundFacet::MaxExclusive => order.is_lt(),
        }
    }
}

/// The values that a type admits.
#[derive(Debug, Clone)]
pub struct Enumeration {
    /// As written, in order.
    pub values: Vec<String>,
    /// The same, sorted, for looking up.
    sorted: Vec<String>,
}

impl Enumeration {
    pub fn new(values: Vec<String>) -> Enumeration {
        let mut sorted = values.clone();
        sorted.sort_unstable();
        Enumeration { values, sorted }
    }
}

/// Why a value does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// The constraint of the standard.
    pub code: &'static str,
    /// The facet and its bound, or what would fit.
    pub expected: String,
}

fn misfit<T>(code: &'static str, expected: impl Into<String>) -> Result<T, Misfit> {
    Err(Misfit {
        code,
        expected: expected.into(),
    })
}

impl Simple {
    /// A built-in type.
    pub fn built_in(label: &str, built_in: &BuiltIn) -> Simple {
        let mut simple = Simple {
            label: label.to_owned(),
            variety: Variety::Atomic(built_in.primitive),
            white: built_in.white,
            length: None,
            length_min: None,
            length_max: None,
            digits_max: None,
            fraction_digits_max: None,
            bounds: Vec::new(),
            patterns: Vec::new(),
            enumeration: None,
        };
        if let Some((low, high)) = built_in.range {
            let bounds = [
                (BoundFacet::MinInclusive, low),
                (BoundFacet::MaxInclusive, high),
            ];
            for (facet, value) in bounds
                .into_iter()
                .filter_map(|(facet, value)| Some((facet, value?)))
            {
                simple.bounds.push(Bound {
                    facet,
                    value: value.to_owned(),
                });
            }
        }
        simple
    }

    /// A union or a list, without facets of its own.
    pub fn constructed(label: &str, variety: Variety) -> Simple {
        let string = BuiltIn {
            primitive: Primitive::String,
            range: None,
            white: White::Collapse,
        };
        let white = if matches!(variety, Variety::List(_)) {
            White::Collapse
        } else {
            White::Preserve
        };
        Simple {
            variety,
            white,
            ..Simple::built_in(label, &string)
        }
    }

    /// The primitive of an atomic type.
    pub fn primitive(&self) -> Option<Primitive> {
        match self.variety {
            Variety::Atomic(primitive) => Some(primitive),
            _ => None,
        }
    }

    /// Checks `text`; gives it with its white space normalised.
    pub fn check<'t>(&self, all: &[Simple], text: &'t str) -> Result<Cow<'t, str>, Misfit> {
        let text = normalise(self.white, text);
        match &self.variety {
            Variety::Atomic(primitive) => {
                if !primitive.admits(&text) {
                    return misfit("cvc-datatype-valid.1.2.1", self.label.as_str());
                }
                self.check_facets(*primitive, &text)?;
                Ok(text)
            }
            Variety::List(item) => {
                for word in text.split(' ').filter(|word| !word.is_empty()) {
                    all[*item].check(all, word)?;
                }
                self.check_length(text.split(' ').filter(|word| !word.is_empty()).count() as u64)?;
                self.check_texts(Primitive::String, &text)?;
                Ok(text)
            }
            Variety::Union(members) => self.check_union(all, members, text),
        }
    }

    fn check_union<'t>(
        &self,
        all: &[Simple],
        members: &[usize],
        text: Cow<'t, str>,
    ) -> Result<Cow<'t, str>, Misfit> {
        let mut last = Misfit {
            code: "cvc-datatype-valid.1.2.3",
            expected: self.label.clone(),
        };
        for member in members {
            match all[*member].check(all, &text) {
                Ok(value) => {
                    let value = value.into_owned();
                    self.check_texts(Primitive::String, &value)?;
                    return Ok(Cow::Owned(value));
                }
                // The last member speaks for all: unions here are `Empty` or the real type.
                Err(misfit) => last = misfit,
            }
        }
        Err(last)
    }

    fn check_facets(&self, primitive: Primitive, text: &str) -> Result<(), Misfit> {
        if self.length.is_some() || self.length_min.is_some() || self.length_max.is_some() {
            self.check_length(primitive.length(text) as u64)?;
        }
        if (self.digits_max.is_some() || self.fraction_digits_max.is_some())
            && let Some(number) = Number::parse(text)
        {
            if let Some(max) = self
                .digits_max
                .filter(|max| number.total_digits() as u64 > *max)
            {
                return misfit("cvc-totalDigits-valid", format!("totalDigits {max}"));
            }
            if let Some(max) = self
                .fraction_digits_max
                .filter(|max| number.fraction_digits() as u64 > *max)
            {
                return misfit("cvc-fractionDigits-valid", format!("fractionDigits {max}"));
            }
        }
        for bound in &self.bounds {
            let fits = primitive
                .compare(text, &bound.value)
                .is_some_and(|order| bound.facet.admits(order));
            if !fits {
                let (code, sign) = match bound.facet {
                    BoundFacet::MinInclusive => ("cvc-minInclusive-valid", ">="),
                    BoundFacet::MinExclusive => ("cvc-minExclusive-valid", ">"),
                    BoundFacet::MaxInclusive => ("cvc-maxInclusive-valid", "<="),
                    BoundFacet::MaxExclusive => ("cvc-maxExclusive-valid", "<"),
                };
                return misfit(code, format!("{sign} {}", bound.value));
            }
        }
        self.check_texts(primitive, text)
    }

    fn check_length(&self, length: u64) -> Result<(), Misfit> {
        if let Some(exact) = self.length.filter(|exact| length != *exact) {
            return misfit("cvc-length-valid", format!("length {exact}"));
        }
        if let Some(min) = self.length_min.filter(|min| length < *min) {
            return misfit("cvc-minLength-valid", format!("minLength {min}"));
        }
        if let Some(max) = self.length_max.filter(|max| length > *max) {
            return misfit("cvc-maxLength-valid", format!("maxLength {max}"));
        }
        Ok(())
    }

    /// Enumeration and patterns.
    fn check_texts(&self, primitive: Primitive, text: &str) -> Result<(), Misfit> {
        if let Some(enumeration) = &self.enumeration {
            let listed = enumeration
                .sorted
                .binary_search_by(|value| value.as_str().cmp(text))
                .is_ok()
                || (primitive != Primitive::String
                    && enumeration
                        .values
                        .iter()
                        .any(|value| primitive.compare(value, text) == Some(Ordering::Equal)));
            if !listed {
                return misfit("cvc-enumeration-valid", listing(&enumeration.values));
            }
        }
        for step in &self.patterns {
            if !step.iter().any(|pattern| pattern.is_match(text)) {
                let sources: Vec<&str> =
                    step.iter().map(|pattern| pattern.source.as_str()).collect();
                return misfit("cvc-pattern-valid", sources.join(" | "));
            }
        }
        Ok(())
    }
}

/// Values of an enumeration that a finding lists; the rest is counted.
const LISTED_MAX: usize = 12;

fn listing(values: &[String]) -> String {
    let mut text = values[..values.len().min(LISTED_MAX)].join(", ");
    if values.len() > LISTED_MAX {
        text.push_str(&format!(", … ({})", values.len()));
    }
    text
}

/// Text with its white space treated as a type wants it.
pub fn normalise(white: White, text: &str) -> Cow<'_, str> {
    let is_white = |c: char| matches!(c, ' ' | '\t' | '\n' | '\r');
    match white {
        White::Preserve => Cow::Borrowed(text),
        White::Replace if !text.contains(['\t', '\n', '\r']) => Cow::Borrowed(text),
        White::Replace => Cow::Owned(text.replace(['\t', '\n', '\r'], " ")),
        White::Collapse => {
            let trimmed = text.trim_matches(is_white);
            let plain = !trimmed.contains(['\t', '\n', '\r']) && !trimmed.contains("  ");
            if plain {
                return Cow::Borrowed(trimmed);
            }
            let words: Vec<&str> = trimmed
                .split(is_white)
                .filter(|word| !word.is_empty())
                .collect();
            Cow::Owned(words.join(" "))
        }
    }
}
