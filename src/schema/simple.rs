//! Simple types: a primitive, a list or a union, narrowed by facets. [`Simple::check`] is on
//! the way of every value and allocates nothing for one that fits; [`Simple::key`] gives a
//! value itself, for what compares values.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::HashSet;
use std::hash::BuildHasherDefault;
use std::sync::Arc;

use crate::finding;

use super::names::Quick;
use super::pattern::Pattern;
use super::tables::{SimpleId, TypeId};
use super::value::{Form, Identity, Number, Prefixes, Primitive, Value, White, normalise};

/// A compiled simple type.
#[derive(Debug, Clone)]
pub struct Simple {
    /// Its name, or that of the type or element that it was made for.
    pub label: String,
    /// Its number among all types.
    pub ty: TypeId,
    pub variety: Variety,
    pub white: White,
    pub identity: Identity,
    pub facets: Facets,
    /// Whether texts mean something else where prefixes do: QName and NOTATION.
    pub contextual: bool,
    /// Whether values may be IDs, references to them, or entities.
    pub identified: bool,
}

/// What a value is made of.
#[derive(Debug, Clone)]
pub enum Variety {
    /// anySimpleType: any text.
    Any,
    Atomic(Primitive, Form),
    /// Of items of this type.
    List(SimpleId),
    /// Of the first of these types that fits.
    Union(Arc<[SimpleId]>),
}

/// What narrows a type; of all steps of derivation together. Every derived type has a copy,
/// so whatever can be long is shared.
#[derive(Debug, Clone, Default)]
pub struct Facets {
    pub length: Option<u64>,
    pub length_min: Option<u64>,
    pub length_max: Option<u64>,
    pub digits_max: Option<u64>,
    pub fraction_digits_max: Option<u64>,
    pub lower: Option<Arc<Bound>>,
    pub upper: Option<Arc<Bound>>,
    /// Each step of derivation adds one set; a value has to fit one pattern of each.
    pub patterns: Vec<Arc<[Pattern]>>,
    pub enumeration: Option<Arc<Enumeration>>,
    /// Names of facets that a further step may not change.
    pub fixed: Vec<&'static str>,
}

/// A least or greatest value.
#[derive(Debug, Clone)]
pub struct Bound {
    pub inclusive: bool,
    /// As written.
    pub text: String,
    pub value: Value,
}

/// The values that a type admits.
#[derive(Debug)]
pub struct Enumeration {
    /// As written, in order.
    pub values: Vec<String>,
    texts: HashSet<String, BuildHasherDefault<Quick>>,
    keys: HashSet<String, BuildHasherDefault<Quick>>,
}

impl Enumeration {
    /// Of values and their keys.
    pub fn new(values: Vec<String>, keys: Vec<String>) -> Enumeration {
        Enumeration {
            texts: values.iter().cloned().collect(),
            keys: keys.into_iter().collect(),
            values,
        }
    }
}

/// Why a value does not fit.
#[derive(Debug)]
pub struct Misfit<'s> {
    /// The constraint of the standard.
    pub code: &'static str,
    wanted: Wanted<'s>,
}

/// What would fit: put into words only when somebody is told, since members of a union
/// misfit without anybody hearing of it.
#[derive(Debug)]
enum Wanted<'s> {
    /// A value of the type of this name.
    Form(&'s str),
    Size(&'static str, u64),
    Bound(&'static str, &'s str),
    Listed(&'s [String]),
    Patterns(&'s [Pattern]),
}

impl Misfit<'_> {
    /// The facet and its bound, or what would fit instead of `text`.
    pub fn expected(&self, text: &str) -> String {
        match self.wanted {
            Wanted::Form(label) => label.to_owned(),
            Wanted::Size(facet, size) => format!("{facet} {size}"),
            Wanted::Bound(sign, bound) => format!("{sign} {bound}"),
            Wanted::Listed(values) => listing(values, &normalise(White::Collapse, text)),
            Wanted::Patterns(patterns) => {
                let sources: Vec<&str> = patterns
                    .iter()
                    .map(|pattern| pattern.source.as_str())
                    .collect();
                sources.join(" | ")
            }
        }
    }
}

fn misfit<'s, T>(code: &'static str, wanted: Wanted<'s>) -> Result<T, Misfit<'s>> {
    Err(Misfit { code, wanted })
}

impl Simple {
    /// The primitive of an atomic type.
    pub fn primitive(&self) -> Option<Primitive> {
        match self.variety {
            Variety::Atomic(primitive, _) => Some(primitive),
            _ => None,
        }
    }

    /// The member types of a union.
    pub fn members(&self) -> &[SimpleId] {
        match &self.variety {
            Variety::Union(members) => members,
            _ => &[],
        }
    }

    /// Whether it has no facets that narrow it.
    pub fn restricts_nothing(&self) -> bool {
        self.facets.patterns.is_empty() && self.facets.enumeration.is_none()
    }

    /// Checks `text`; gives it with its white space normalised.
    ///
    /// # Errors
    /// The first constraint that it breaks.
    pub fn check<'s, 't>(
        &'s self,
        all: &'s [Simple],
        text: &'t str,
        prefixes: &dyn Prefixes,
    ) -> Result<Cow<'t, str>, Misfit<'s>> {
        match &self.variety {
            Variety::Any => Ok(Cow::Borrowed(text)),
            Variety::Atomic(primitive, form) => {
                let text = normalise(self.white, text);
                if !primitive.admits(*form, &text, prefixes) {
                    return misfit("cvc-datatype-valid.1.2.1", Wanted::Form(&self.label));
                }
                self.check_atomic(all, *primitive, &text, prefixes)?;
                Ok(text)
            }
            Variety::List(item) => {
                let text = normalise(White::Collapse, text);
                let mut items = 0;
                for word in text.split(' ').filter(|word| !word.is_empty()) {
                    all[*item].check(all, word, prefixes)?;
                    items += 1;
                }
                self.check_length(items)?;
                self.check_texts(all, &text, prefixes)?;
                Ok(text)
            }
            Variety::Union(members) => {
                let mut first = None;
                for member in members.iter() {
                    match all[*member].check(all, text, prefixes) {
                        Ok(text) => {
                            self.check_texts(all, &text, prefixes)?;
                            return Ok(text);
                        }
                        Err(misfit) => first = first.or(Some(misfit)),
                    }
                }
                // With one real member its own misfit says more than that none fits.
                match first {
                    Some(misfit) if self.real_members(all) == 1 => Err(self
                        .misfit_of_real_member(all, text, prefixes)
                        .unwrap_or(misfit)),
                    _ => misfit("cvc-datatype-valid.1.2.3", Wanted::Form(&self.label)),
                }
            }
        }
    }

    /// Members of a union that admit more than the empty text.
    fn real_members(&self, all: &[Simple]) -> usize {
        let real = |member: &&SimpleId| all[**member].facets.length_max != Some(0);
        let real = |member: &&SimpleId| real(member) && all[**member].facets.length != Some(0);
        self.members().iter().filter(real).count()
    }

    fn misfit_of_real_member<'s>(
        &'s self,
        all: &'s [Simple],
        text: &str,
        prefixes: &dyn Prefixes,
    ) -> Option<Misfit<'s>> {
        let mut members = self.members().iter().map(|member| &all[*member]);
        let real = members.find(|member| {
            member.facets.length_max != Some(0) && member.facets.length != Some(0)
        })?;
        real.check(all, text, prefixes).err()
    }

    fn check_atomic<'s>(
        &'s self,
        all: &'s [Simple],
        primitive: Primitive,
        text: &str,
        prefixes: &dyn Prefixes,
    ) -> Result<(), Misfit<'s>> {
        let facets = &self.facets;
        let measured = facets.length_max.is_some() || facets.length_min.is_some();
        // Of QName and NOTATION every value is facet-valid (Part 2, 4.3.1.3, clause 1.3).
        if (measured || facets.length.is_some()) && primitive.has_length() && !self.contextual {
            // A text has at least as many bytes as characters, and as octets that it stands for.
            let within = facets.length_max.is_none_or(|max| text.len() as u64 <= max);
            let enough = facets.length_min.is_none_or(|min| {
                min == 0 || (min == 1 && !text.is_empty() && primitive == Primitive::String)
            });
            if !(within && enough && facets.length.is_none()) {
                self.check_length(primitive.length(text) as u64)?;
            }
        }
        if primitive == Primitive::Decimal {
            self.check_number(text)?;
        } else if facets.lower.is_some() || facets.upper.is_some() {
            let value = primitive.parse(text, prefixes);
            let order =
                |bound: &Bound| value.as_ref().and_then(|value| value.compare(&bound.value));
            self.check_bounds(order)?;
        }
        self.check_texts(all, text, prefixes)
    }

    fn check_number<'s>(&'s self, text: &str) -> Result<(), Misfit<'s>> {
        let facets = &self.facets;
        let bounded = facets.lower.is_some() || facets.upper.is_some();
        if !bounded && facets.digits_max.is_none() && facets.fraction_digits_max.is_none() {
            return Ok(());
        }
        let Some(number) = Number::parse(text) else {
            return Ok(());
        };
        if let Some(max) = facets.digits_max
            && number.total_digits() as u64 > max
        {
            return misfit("cvc-totalDigits-valid", Wanted::Size("totalDigits", max));
        }
        if let Some(max) = facets.fraction_digits_max
            && number.fraction_digits() as u64 > max
        {
            return misfit(
                "cvc-fractionDigits-valid",
                Wanted::Size("fractionDigits", max),
            );
        }
        if !bounded {
            return Ok(());
        }
        self.check_bounds(|bound| {
            Number::parse(normalise(White::Collapse, &bound.text).as_ref())
                .map(|bound| number.cmp(&bound))
        })
    }

    fn check_bounds(&self, order: impl Fn(&Bound) -> Option<Ordering>) -> Result<(), Misfit<'_>> {
        if let Some(bound) = &self.facets.lower {
            let fits = order(bound)
                .is_some_and(|order| order.is_gt() || (bound.inclusive && order.is_eq()));
            if !fits {
                let (code, sign) = match bound.inclusive {
                    true => ("cvc-minInclusive-valid", ">="),
                    false => ("cvc-minExclusive-valid", ">"),
                };
                return misfit(code, Wanted::Bound(sign, &bound.text));
            }
        }
        if let Some(bound) = &self.facets.upper {
            let fits = order(bound)
                .is_some_and(|order| order.is_lt() || (bound.inclusive && order.is_eq()));
            if !fits {
                let (code, sign) = match bound.inclusive {
                    true => ("cvc-maxInclusive-valid", "<="),
                    false => ("cvc-maxExclusive-valid", "<"),
                };
                return misfit(code, Wanted::Bound(sign, &bound.text));
            }
        }
        Ok(())
    }

    fn check_length(&self, length: u64) -> Result<(), Misfit<'_>> {
        let facets = &self.facets;
        if let Some(exact) = facets.length.filter(|exact| length != *exact) {
            return misfit("cvc-length-valid", Wanted::Size("length", exact));
        }
        if let Some(min) = facets.length_min.filter(|min| length < *min) {
            return misfit("cvc-minLength-valid", Wanted::Size("minLength", min));
        }
        if let Some(max) = facets.length_max.filter(|max| length > *max) {
            return misfit("cvc-maxLength-valid", Wanted::Size("maxLength", max));
        }
        Ok(())
    }

    /// Enumeration and patterns.
    fn check_texts<'s>(
        &'s self,
        all: &'s [Simple],
        text: &str,
        prefixes: &dyn Prefixes,
    ) -> Result<(), Misfit<'s>> {
        if let Some(enumeration) = &self.facets.enumeration {
            let listed = (!self.contextual && enumeration.texts.contains(text))
                || (self.primitive() != Some(Primitive::String)
                    && self
                        .value_key(all, text, prefixes)
                        .is_some_and(|key| enumeration.keys.contains(&key)));
            if !listed {
                return misfit("cvc-enumeration-valid", Wanted::Listed(&enumeration.values));
            }
        }
        for step in &self.facets.patterns {
            if !step.iter().any(|pattern| pattern.is_match(text)) {
                return misfit("cvc-pattern-valid", Wanted::Patterns(step));
            }
        }
        Ok(())
    }

    /// The value of a text that fits, such that equal values have equal keys and others have
    /// not; `None` if it does not fit.
    pub fn key(&self, all: &[Simple], text: &str, prefixes: &dyn Prefixes) -> Option<String> {
        let text = self.check(all, text, prefixes).ok()?;
        self.value_key(all, &text, prefixes)
    }

    fn value_key(&self, all: &[Simple], text: &str, prefixes: &dyn Prefixes) -> Option<String> {
        match &self.variety {
            Variety::Any => Some(format!("s{text}")),
            Variety::Atomic(primitive, _) => Some(primitive.parse(text, prefixes)?.key()),
            Variety::List(item) => {
                let mut key = String::from("[");
                for word in text.split(' ').filter(|word| !word.is_empty()) {
                    key += &all[*item].key(all, word, prefixes)?;
                    key.push(' ');
                }
                Some(key)
            }
            Variety::Union(members) => members
                .iter()
                .find_map(|member| all[*member].key(all, text, prefixes)),
        }
    }

    /// The IDs, IDREFs and their like in a text that fits: each word and what it is.
    pub fn identities<'t>(
        &self,
        all: &[Simple],
        text: &'t str,
        prefixes: &dyn Prefixes,
        found: &mut Vec<(Identity, &'t str)>,
    ) {
        match &self.variety {
            Variety::Any => {}
            Variety::Atomic(..) if self.identity == Identity::None => {}
            Variety::Atomic(..) => found.push((self.identity, text)),
            Variety::List(item) => {
                for word in text.split(' ').filter(|word| !word.is_empty()) {
                    all[*item].identities(all, word, prefixes, found);
                }
            }
            Variety::Union(members) => {
                let member = members
                    .iter()
                    .find(|member| all[**member].check(all, text, prefixes).is_ok());
                if let Some(member) = member {
                    all[*member].identities(all, text, prefixes, found);
                }
            }
        }
    }
}

/// All values if they are few, else the one that was probably meant, or the first ones.
fn listing(values: &[String], text: &str) -> String {
    let all = || values.iter().map(String::as_str);
    match finding::nearest(text, all()) {
        Some(nearest) if values.len() > finding::LISTED_MAX => {
            format!("{nearest}, … ({})", values.len())
        }
        _ => finding::listing(all()),
    }
}
