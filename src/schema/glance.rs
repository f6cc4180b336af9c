//! What tells at a glance that a text is a value: most values are short strings and plain
//! numbers. A glance that says no says nothing: then `simple` has to look. The plain walk never
//! glances.

use crate::xml::{Run, has_no_space};

use super::simple::{Simple, Variety};
use super::tables::{Content, Schema, Symbol};
use super::value::{Form, Number, Primitive, Value, White};

/// An element that is a value and nothing else: not abstract, without a default, attributes or
/// an identity. What a walk needs of it lies close together.
pub struct OnlyValue {
    pub name: Symbol,
    /// The number of its type.
    pub simple: u32,
    pub glance: Glance,
}

/// Texts that are values for certain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Glance {
    /// None is.
    Nothing,
    /// Those of so many bytes; unless `spaced`, without white space.
    Text { least: u32, most: u32, spaced: bool },
    /// Up to so many digits, up to so many of them behind a point; `empty`: or nothing.
    Number {
        digits: u32,
        fraction: u32,
        empty: bool,
    },
}

impl Glance {
    /// Whether the text is a value, and means itself.
    #[inline]
    pub fn admits(self, run: &Run<'_>) -> bool {
        let length = run.text.len();
        match self {
            Glance::Nothing => false,
            Glance::Text {
                least,
                most,
                spaced,
            } => {
                (least as usize..=most as usize).contains(&length)
                    && (spaced || run.dense || has_no_space(run.text.as_bytes()))
            }
            Glance::Number {
                digits,
                fraction,
                empty,
            } => match run.text.bytes().position(|byte| !byte.is_ascii_digit()) {
                None => length <= digits as usize && (length > 0 || empty),
                Some(point) => {
                    let behind = &run.text.as_bytes()[point + 1..];
                    run.text.as_bytes()[point] == b'.'
                        && point > 0
                        && (1..=fraction as usize).contains(&behind.len())
                        && length - 1 <= digits as usize
                        && behind.iter().all(u8::is_ascii_digit)
                }
            },
        }
    }

    /// Of a type that is complete.
    fn of(simple: &Simple, all: &[Simple]) -> Glance {
        let facets = &simple.facets;
        if simple.identified || !simple.restricts_nothing() {
            return Glance::Nothing;
        }
        let number = |size: u64| u32::try_from(size).unwrap_or(u32::MAX);
        match &simple.variety {
            Variety::Atomic(Primitive::String, Form::Any) => {
                let least = facets.length.or(facets.length_min).unwrap_or(0);
                let most = facets.length.or(facets.length_max).unwrap_or(u64::MAX);
                // A character has one to four bytes.
                let least = match least {
                    0 => 0,
                    least => (least - 1).saturating_mul(4).saturating_add(1),
                };
                Glance::Text {
                    least: number(least),
                    most: number(most),
                    spaced: simple.white == White::Preserve,
                }
            }
            Variety::Atomic(Primitive::Decimal, form @ (Form::Any | Form::Integer)) => {
                let below_all = facets.lower.as_ref().is_none_or(|lower| {
                    let zero = Number::parse("0");
                    match &lower.value {
                        Value::Decimal(bound) if lower.inclusive => Some(bound.number()) <= zero,
                        Value::Decimal(bound) => Some(bound.number()) < zero,
                        _ => false,
                    }
                });
                if !below_all || facets.upper.is_some() {
                    return Glance::Nothing;
                }
                let fraction = match form {
                    Form::Integer => 0,
                    _ => facets.fraction_digits_max.unwrap_or(u64::MAX),
                };
                Glance::Number {
                    digits: number(facets.digits_max.unwrap_or(u64::MAX)),
                    fraction: number(fraction),
                    empty: false,
                }
            }
            Variety::Union(members) => {
                let glances = members.iter().map(|member| Glance::of(&all[*member], all));
                Glance::of_union(glances)
            }
            Variety::Any | Variety::Atomic(..) | Variety::List(_) => Glance::Nothing,
        }
    }

    /// Of members: the first that admits more than the empty text, and that too if another
    /// does. Without white space a text means the same to all of them.
    fn of_union(members: impl Iterator<Item = Glance> + Clone) -> Glance {
        let admits_empty = |glance: &Glance| match glance {
            Glance::Text { least, .. } => *least == 0,
            Glance::Number { empty, .. } => *empty,
            Glance::Nothing => false,
        };
        let or_empty = members.clone().any(|glance| admits_empty(&glance));
        let more = |glance: &Glance| !matches!(glance, Glance::Text { most: 0, .. });
        match members.clone().find(more) {
            Some(Glance::Text { least, most, .. }) => Glance::Text {
                least: if least == 1 && or_empty { 0 } else { least },
                most,
                spaced: false,
            },
            Some(Glance::Number {
                digits, fraction, ..
            }) => Glance::Number {
                digits,
                fraction,
                empty: or_empty,
            },
            Some(Glance::Nothing) | None => Glance::Nothing,
        }
    }
}

impl Schema {
    /// Notes which elements are a value and nothing else; everything else is complete.
    pub(super) fn settle(&mut self) {
        // Where there are keys every element may be a part of one.
        if !self.constraints.is_empty() {
            self.only_values.resize_with(self.elements.len(), || None);
            return;
        }
        let only = self.elements.iter().map(|element| {
            let ty = &self.types[element.ty];
            let Content::Simple(simple) = ty.content else {
                return None;
            };
            let plain = !element.is_abstract
                && element.value.is_none()
                && !ty.is_abstract
                && !ty.watches_attributes
                && !self.simples[simple].identified;
            plain.then(|| OnlyValue {
                name: element.name.local,
                simple: simple as u32,
                glance: Glance::of(&self.simples[simple], &self.simples),
            })
        });
        self.only_values = only.collect();
    }
}

#[cfg(test)]
mod tests {
    use super::super::Files;
    use super::*;

    const TYPES: &str = r#"<s:schema xmlns:s="http://www.w3.org/2001/XMLSchema">
        <s:simpleType name="empty"><s:restriction base="s:token"><s:maxLength value="0"/></s:restriction></s:simpleType>
        <s:simpleType name="brief"><s:restriction base="s:token"><s:minLength value="1"/><s:maxLength value="3"/></s:restriction></s:simpleType>
        <s:simpleType name="spaced"><s:restriction base="s:string"><s:maxLength value="3"/></s:restriction></s:simpleType>
        <s:simpleType name="two"><s:restriction base="s:string"><s:minLength value="2"/></s:restriction></s:simpleType>
        <s:simpleType name="exact"><s:restriction base="s:token"><s:length value="1"/></s:restriction></s:simpleType>
        <s:simpleType name="price"><s:restriction base="s:decimal"><s:totalDigits value="3"/><s:fractionDigits value="1"/></s:restriction></s:simpleType>
        <s:simpleType name="count"><s:restriction base="s:nonNegativeInteger"><s:totalDigits value="3"/></s:restriction></s:simpleType>
        <s:simpleType name="positive"><s:restriction base="s:decimal"><s:minExclusive value="0"/></s:restriction></s:simpleType>
        <s:simpleType name="some"><s:union memberTypes="empty brief"/></s:simpleType>
        <s:simpleType name="any"><s:union memberTypes="empty price spaced"/></s:simpleType>
        <s:simpleType name="listed"><s:restriction base="some"><s:enumeration value="a"/></s:restriction></s:simpleType>
    </s:schema>"#;

    const TEXTS: [&str; 18] = [
        "", " ", "1", "12", "123", "1234", "0", "1.2", "1.23", "1.", ".5", "-1", "+1", "a", "a b",
        " a", "中", "中文",
    ];

    #[test]
    fn what_a_glance_admits_is_a_value() {
        let files = Files::from([("t.xsd".to_owned(), TYPES.as_bytes().to_vec())]);
        let schema = Schema::compile("t.xsd", &files).expect("a right schema");
        let admitted = |name: &str| {
            let all = &schema.simples;
            let simple = all.iter().find(|simple| simple.label == name);
            let simple = simple.expect("a simple type");
            let glance = Glance::of(simple, all);
            let mut admitted = Vec::new();
            for text in TEXTS {
                for dense in [false, has_no_space(text.as_bytes())] {
                    let offset = 0;
                    if glance.admits(&Run {
                        text,
                        offset,
                        dense,
                    }) {
                        let value = simple.check(all, text, &()).expect(text);
                        assert_eq!(value, text, "{name}");
                        admitted.push(text);
                    }
                }
            }
            admitted.dedup();
            admitted
        };
        for (name, texts) in [
            ("empty", &[""][..]),
            (
                "brief",
                &[
                    "1", "12", "123", "0", "1.2", "1.", ".5", "-1", "+1", "a", "中",
                ],
            ),
            ("exact", &["1", "0", "a"]),
            ("price", &["1", "12", "123", "0", "1.2"]),
            ("count", &["1", "12", "123", "0"]),
            ("positive", &[]),
            ("any", &["", "1", "12", "123", "0", "1.2"]),
            ("listed", &[]),
        ] {
            assert_eq!(admitted(name), texts, "{name}");
        }
        assert!(admitted("spaced").contains(&"a b") && admitted("two").contains(&"中文"));
        assert!(admitted("some").contains(&"") && !admitted("some").contains(&" a"));
    }
}
