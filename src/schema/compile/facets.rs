//! The facets of one step of restriction: which apply, that each narrows what the base type
//! has, and that together they make sense (XML Schema Part 2, 4.3).

use std::cmp::Ordering;
use std::sync::Arc;

use crate::schema::load::Kind;
use crate::schema::pattern::Pattern;
use crate::schema::simple::{Bound, Enumeration, Facets, Simple, Variety};
use crate::schema::tables::SimpleId;
use crate::schema::tree::Node;
use crate::schema::value::{Prefixes, Primitive, White, normalise};

use super::{Compiler, Result, Scope, is_true};

const FACETS: &[&str] = &[
    "length",
    "minLength",
    "maxLength",
    "totalDigits",
    "fractionDigits",
    "minInclusive",
    "minExclusive",
    "maxInclusive",
    "maxExclusive",
    "pattern",
    "enumeration",
    "whiteSpace",
];

impl<'s> Compiler<'s> {
    /// Applies the facets below `node` to `simple`, which so far is a copy of its base.
    pub(super) fn facets(
        &mut self,
        scope: Scope<'s>,
        node: &'s Node,
        base: SimpleId,
        simple: &mut Simple,
    ) -> Result<()> {
        let before = self.schema.simples[base].facets.clone();
        let mut patterns = Vec::new();
        let mut values = Vec::new();
        let mut keys = Vec::new();
        let mut seen: Vec<&'static str> = Vec::new();
        for facet in &node.children {
            let Some(name) = FACETS.iter().find(|name| **name == facet.name) else {
                continue;
            };
            if !applies(&simple.variety, name) {
                let text = format!(
                    "cos-applicable-facets: {name} does not apply to {}",
                    self.schema.simples[base].label
                );
                return self.mistake(scope, facet, text);
            }
            let raw = facet.attributes.get("value").map_or("", String::as_str);
            match *name {
                "pattern" => match Pattern::compile(raw) {
                    Ok(pattern) => patterns.push(pattern),
                    Err(text) => {
                        return self.mistake(
                            scope,
                            facet,
                            format!("pattern-valid (InvalidRegex): {text}"),
                        );
                    }
                },
                "enumeration" => {
                    let (value, key) = self.listed(scope, facet, base, raw)?;
                    values.push(value);
                    keys.push(key);
                }
                name => {
                    if seen.contains(&name) {
                        return self.mistake(
                            scope,
                            facet,
                            format!("src-single-facet-value: {name} is there twice"),
                        );
                    }
                    seen.push(name);
                    self.one_facet(scope, facet, name, base, &before, simple)?;
                    let whiter =
                        name == "whiteSpace" && simple.white != self.schema.simples[base].white;
                    if before.fixed.contains(&name)
                        && (whiter || changed(name, &before, &simple.facets))
                    {
                        return self.mistake(
                            scope,
                            facet,
                            format!("FixedFacetValue: {name} is fixed by the base type"),
                        );
                    }
                    if is_true(facet, "fixed") {
                        simple.facets.fixed.push(name);
                    }
                }
            }
        }
        self.together(scope, node, &seen, &before, &simple.facets)?;
        if !patterns.is_empty() {
            simple.facets.patterns.push(patterns.into());
        }
        if !values.is_empty() {
            simple.facets.enumeration = Some(Arc::new(Enumeration::new(values, keys)));
        }
        Ok(())
    }

    /// A value of an enumeration, and its key.
    fn listed(
        &self,
        scope: Scope<'s>,
        facet: &'s Node,
        base: SimpleId,
        raw: &str,
    ) -> Result<(String, String)> {
        let simples = &self.schema.simples;
        let prefixes = self.prefixes(scope, facet);
        let simple = &simples[base];
        let wrong = |text: String| {
            self.mistake(
                scope,
                facet,
                format!(
                    "enumeration-valid-restriction: {raw:?} is not a value of {}{text}",
                    simple.label
                ),
            )
        };
        let value = match simple.check(simples, raw, &prefixes) {
            Ok(value) => value.into_owned(),
            Err(misfit) => {
                return wrong(format!(" ({} {})", misfit.code, misfit.expected(raw)));
            }
        };
        if simple.primitive() == Some(Primitive::Notation) {
            let (namespace, local) = self.resolve(scope, facet, &value)?;
            if !self
                .globals
                .declared
                .contains_key(&(Kind::Notation, namespace, local))
            {
                return wrong(": no notation of that name is declared".to_owned());
            }
        }
        match simple.key(simples, raw, &prefixes) {
            Some(key) => Ok((value, key)),
            None => wrong(String::new()),
        }
    }

    fn one_facet(
        &self,
        scope: Scope<'s>,
        facet: &'s Node,
        name: &'static str,
        base: SimpleId,
        before: &Facets,
        simple: &mut Simple,
    ) -> Result<()> {
        let value = facet.attribute("value").unwrap_or_default();
        let narrower =
            |text: &str| self.mistake(scope, facet, format!("{name}-valid-restriction: {text}"));
        let size = || match number(value) {
            Some(number) => Ok(number),
            None => self.mistake(
                scope,
                facet,
                format!("s4s-att-invalid-value: {name} {value:?} is not a number"),
            ),
        };
        let facets = &mut simple.facets;
        match name {
            "length" => {
                let size = size()?;
                if before.length.is_some_and(|length| length != size) {
                    return narrower("another length than that of the base type");
                }
                facets.length = Some(size);
            }
            "minLength" => {
                let size = size()?;
                if before.length_min.is_some_and(|min| size < min) {
                    return narrower("less than that of the base type");
                }
                facets.length_min = Some(size);
            }
            "maxLength" => {
                let size = size()?;
                if before.length_max.is_some_and(|max| size > max) {
                    return narrower("more than that of the base type");
                }
                facets.length_max = Some(size);
            }
            "totalDigits" => {
                let size = size()?;
                if size == 0 {
                    return self.mistake(scope, facet, "s4s-att-invalid-value: totalDigits 0");
                }
                if before.digits_max.is_some_and(|max| size > max) {
                    return narrower("more than that of the base type");
                }
                facets.digits_max = Some(size);
            }
            "fractionDigits" => {
                let size = size()?;
                if before.fraction_digits_max.is_some_and(|max| size > max) {
                    return narrower("more than that of the base type");
                }
                facets.fraction_digits_max = Some(size);
            }
            "whiteSpace" => {
                let white = match value {
                    "preserve" => White::Preserve,
                    "replace" => White::Replace,
                    "collapse" => White::Collapse,
                    _ => {
                        return self.mistake(
                            scope,
                            facet,
                            format!("s4s-att-invalid-value: whiteSpace {value:?}"),
                        );
                    }
                };
                if white < self.schema.simples[base].white {
                    let clause = match self.schema.simples[base].white {
                        White::Collapse => 1,
                        _ => 2,
                    };
                    let text = format!(
                        "whiteSpace-valid-restriction.{clause}: weaker than that of the base type"
                    );
                    return self.mistake(scope, facet, text);
                }
                simple.white = white;
            }
            _ => {
                let bound = self.bound(scope, facet, name, base)?;
                if name.starts_with("min") {
                    facets.lower = Some(Arc::new(bound));
                } else {
                    facets.upper = Some(Arc::new(bound));
                }
            }
        }
        Ok(())
    }

    /// A bound, which has to lie within those of the base type.
    fn bound(
        &self,
        scope: Scope<'s>,
        facet: &'s Node,
        name: &'static str,
        base: SimpleId,
    ) -> Result<Bound> {
        let simple = &self.schema.simples[base];
        let raw = facet.attributes.get("value").map_or("", String::as_str);
        let text = normalise(White::Collapse, raw).into_owned();
        let wrong = |bound: &Bound, why: &str| {
            let clause = clause(name, bound.inclusive, why == "below");
            let text = format!(
                "{name}-valid-restriction.{clause}: it lies {why} the bound of the base type"
            );
            self.mistake(scope, facet, text)
        };
        let value = match simple.variety {
            Variety::Atomic(primitive, form) if primitive.admits(form, &text, &()) => {
                primitive.parse(&text, &())
            }
            _ => None,
        };
        let Some(value) = value else {
            let text = format!("{text:?} is not a value of {}", simple.label);
            return self.mistake(
                scope,
                facet,
                format!("{name}-valid-restriction (cvc-datatype-valid.1.2.1): {text}"),
            );
        };
        let inclusive = name.ends_with("Inclusive");
        let lower = name.starts_with("min");
        if let Some(base) = &simple.facets.lower {
            match value.compare(&base.value) {
                Some(Ordering::Greater) => {}
                // An equal bound narrows nothing; only an exclusive one may not be opened.
                Some(Ordering::Equal) if base.inclusive && (lower || inclusive) => {}
                Some(Ordering::Equal) if !base.inclusive && lower && !inclusive => {}
                _ => return wrong(base, "below"),
            }
        }
        if let Some(base) = &simple.facets.upper {
            match value.compare(&base.value) {
                Some(Ordering::Less) => {}
                Some(Ordering::Equal) if base.inclusive && (!lower || inclusive) => {}
                Some(Ordering::Equal) if !base.inclusive && !lower && !inclusive => {}
                _ => return wrong(base, "above"),
            }
        }
        // A bound of the base may be repeated, though an exclusive one is none of its values.
        let kept = if lower {
            &simple.facets.lower
        } else {
            &simple.facets.upper
        };
        let kept = kept.as_ref().is_some_and(|kept| {
            kept.inclusive == inclusive && value.compare(&kept.value) == Some(Ordering::Equal)
        });
        if let (false, Err(misfit)) = (kept, simple.check(&self.schema.simples, raw, &())) {
            let text = format!(
                "{name}-valid-restriction ({}): {text:?} is not a value of {}",
                misfit.code, simple.label
            );
            return self.mistake(scope, facet, text);
        }
        Ok(Bound {
            inclusive,
            text,
            value,
        })
    }

    /// What the facets of one step have to be to each other.
    fn together(
        &self,
        scope: Scope<'s>,
        node: &'s Node,
        seen: &[&'static str],
        before: &Facets,
        facets: &Facets,
    ) -> Result<()> {
        let has = |name: &str| seen.contains(&name);
        // It takes two to disagree; the later one is named.
        let last = node
            .children
            .iter()
            .rfind(|facet| seen.contains(&facet.name.as_str()));
        let wrong = |text: &str| self.mistake(scope, last.unwrap_or(node), text);
        if has("minInclusive") && has("minExclusive") {
            return wrong("minInclusive-minExclusive: both are there");
        }
        if has("maxInclusive") && has("maxExclusive") {
            return wrong("maxInclusive-maxExclusive: both are there");
        }
        if let Some(length) = facets.length {
            let least = facets.length_min.is_some_and(|min| min > length);
            let most = facets.length_max.is_some_and(|max| max < length);
            // A step that gives a length may keep bounds that the base type has already.
            let own_min = has("minLength") && facets.length_min != before.length_min;
            let own_max = has("maxLength") && facets.length_max != before.length_max;
            for (broken, clause) in [
                (least, "1.1"),
                (most, "2.1"),
                (own_min, "1.2"),
                (own_max, "2.2"),
            ] {
                if broken {
                    return wrong(&format!(
                        "length-minLength-maxLength.{clause}: length together with minLength or maxLength"
                    ));
                }
            }
        }
        if let (Some(min), Some(max)) = (facets.length_min, facets.length_max)
            && min > max
        {
            return wrong(
                "minLength-less-than-equal-to-maxLength: minLength is greater than maxLength",
            );
        }
        if let (Some(fraction), Some(total)) = (facets.fraction_digits_max, facets.digits_max)
            && fraction > total
        {
            return wrong("fractionDigits-totalDigits: more fraction digits than digits");
        }
        if let (Some(lower), Some(upper)) = (&facets.lower, &facets.upper) {
            let order = lower.value.compare(&upper.value);
            let name = |bound: &Bound| {
                if bound.inclusive {
                    "Inclusive"
                } else {
                    "Exclusive"
                }
            };
            let fine = match order {
                Some(Ordering::Less) => true,
                Some(Ordering::Equal) => lower.inclusive == upper.inclusive,
                _ => false,
            };
            if !fine {
                let joined = match (lower.inclusive, upper.inclusive) {
                    (true, true) | (false, false) => "less-than-equal-to",
                    _ => "less-than",
                };
                return wrong(&format!(
                    "min{}-{joined}-max{}: {} and {}",
                    name(lower),
                    name(upper),
                    lower.text,
                    upper.text
                ));
            }
        }
        Ok(())
    }

    /// The prefixes of a node; in a chameleon file none means the namespace that it took.
    pub(super) fn prefixes(&self, scope: Scope<'s>, node: &'s Node) -> NodePrefixes<'s> {
        let file = &self.set.files[scope.file];
        NodePrefixes {
            node,
            default: file.chameleon.then_some(file.namespace.as_str()),
        }
    }
}

/// See [`Compiler::prefixes`].
pub(super) struct NodePrefixes<'s> {
    node: &'s Node,
    default: Option<&'s str>,
}

impl Prefixes for NodePrefixes<'_> {
    fn namespace(&self, prefix: &str) -> Option<&str> {
        match (self.node.scope.namespace(prefix), self.default) {
            (Some(""), Some(default)) => Some(default),
            (found, _) => found,
        }
    }
}

fn applies(variety: &Variety, facet: &str) -> bool {
    match variety {
        Variety::Any => false,
        Variety::Union(_) => matches!(facet, "pattern" | "enumeration"),
        Variety::List(_) => matches!(
            facet,
            "length" | "minLength" | "maxLength" | "pattern" | "enumeration" | "whiteSpace"
        ),
        Variety::Atomic(primitive, _) => match facet {
            "pattern" | "enumeration" | "whiteSpace" => {
                facet != "enumeration" || *primitive != Primitive::Boolean
            }
            "length" | "minLength" | "maxLength" => primitive.has_length(),
            "totalDigits" | "fractionDigits" => primitive.is_numeric(),
            _ => primitive.is_ordered(),
        },
    }
}

/// A nonNegativeInteger; one that is too great for any text stays that.
fn number(text: &str) -> Option<u64> {
    let digits = text.strip_prefix('+').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let zero = text.strip_prefix('-')?;
        return (!zero.is_empty() && zero.bytes().all(|byte| byte == b'0')).then_some(0);
    }
    Some(digits.parse().unwrap_or(u64::MAX))
}

/// The clause of a facet's own constraint (4.3.7.4 to 4.3.10.4) about a bound of the base.
fn clause(facet: &str, inclusive: bool, base_is_lower: bool) -> u8 {
    match (facet, base_is_lower, inclusive) {
        ("minInclusive", true, true) => 1,
        ("minInclusive", false, true) => 2,
        ("minInclusive", true, false) => 3,
        ("maxInclusive", false, true) => 1,
        ("maxInclusive", false, false) => 2,
        ("maxInclusive", true, true) => 3,
        ("minExclusive", true, false) => 1,
        ("minExclusive", false, true) => 2,
        ("minExclusive", true, true) => 3,
        ("maxExclusive", false, false) => 1,
        ("maxExclusive", false, true) => 2,
        ("maxExclusive", true, true) => 3,
        _ => 4,
    }
}

fn changed(name: &str, before: &Facets, after: &Facets) -> bool {
    let apart = |a: &Option<Arc<Bound>>, b: &Option<Arc<Bound>>| match (a, b) {
        (Some(a), Some(b)) => {
            a.inclusive != b.inclusive || a.value.compare(&b.value) != Some(Ordering::Equal)
        }
        (a, b) => a.is_some() != b.is_some(),
    };
    match name {
        "length" => before.length != after.length,
        "minLength" => before.length_min != after.length_min,
        "maxLength" => before.length_max != after.length_max,
        "totalDigits" => before.digits_max != after.digits_max,
        "fractionDigits" => before.fraction_digits_max != after.fraction_digits_max,
        "minInclusive" | "minExclusive" => apart(&before.lower, &after.lower),
        "maxInclusive" | "maxExclusive" => apart(&before.upper, &after.upper),
        _ => false,
    }
}
