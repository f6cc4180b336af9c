//! The table of the built-in simple types (Part 2, section 3).
//!
//! A derived built-in differs from its primitive in few ways: how it treats white
//! space, the form of its text, its bounds, and whether it is a list or has a
//! part in identity (ID and the references to it). One row says all of that, so
//! that no built-in needs code of its own.

use super::{Form, Primitive, White};

/// What a type has to do with the identities of a document, beyond its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Identity {
    /// Nothing.
    None,
    /// It names the element it is on; no two elements may have the same name.
    Id,
    /// It must be the ID of some element.
    IdRef,
    /// It must be the name of an unparsed entity.
    Entity,
}

/// A built-in simple type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BuiltIn {
    /// Its name in the namespace of XML Schema.
    pub name: &'static str,
    /// The built-in it is derived from; "anySimpleType" for primitives and lists.
    pub base: &'static str,
    /// The primitive it rests on; for a list, that of its items.
    pub primitive: Primitive,
    /// What its text, or each item of a list, must look like besides.
    pub form: Form,
    /// Its `whiteSpace` facet.
    pub white: White,
    /// Its least value, its own or inherited, as text.
    pub min: Option<&'static str>,
    /// Its greatest value, its own or inherited, as text.
    pub max: Option<&'static str>,
    /// For a list, the built-in its items have; such a list is never empty.
    pub list_of: Option<&'static str>,
    /// Its part in the identities of a document; for a list, that of its items.
    pub identity: Identity,
}

/// The row of a primitive.
const fn primitive(name: &'static str, primitive: Primitive) -> BuiltIn {
    BuiltIn {
        name,
        base: "anySimpleType",
        primitive,
        form: Form::Any,
        white: match primitive {
            Primitive::String => White::Preserve,
            _ => White::Collapse,
        },
        min: None,
        max: None,
        list_of: None,
        identity: Identity::None,
    }
}

/// The row of a type derived from `string`.
const fn text(name: &'static str, base: &'static str, form: Form, identity: Identity) -> BuiltIn {
    BuiltIn {
        base,
        form,
        white: White::Collapse,
        identity,
        ..primitive(name, Primitive::String)
    }
}

/// The row of a type derived from `integer`, with its bounds.
const fn integer(
    name: &'static str,
    base: &'static str,
    min: Option<&'static str>,
    max: Option<&'static str>,
) -> BuiltIn {
    BuiltIn {
        base,
        form: Form::Integer,
        min,
        max,
        ..primitive(name, Primitive::Decimal)
    }
}

/// The row of a list.
const fn list(name: &'static str, of: &'static str, form: Form, identity: Identity) -> BuiltIn {
    BuiltIn {
        list_of: Some(of),
        ..text(name, "anySimpleType", form, identity)
    }
}

/// Every built-in simple type except `anySimpleType`: the primitives first, then
/// each type after the ones it is made from.
pub const BUILT_INS: &[BuiltIn] = &[
    primitive("string", Primitive::String),
    primitive("boolean", Primitive::Boolean),
    primitive("decimal", Primitive::Decimal),
    primitive("float", Primitive::Float),
    primitive("double", Primitive::Double),
    primitive("duration", Primitive::Duration),
    primitive("dateTime", Primitive::DateTime),
    primitive("time", Primitive::Time),
    primitive("date", Primitive::Date),
    primitive("gYearMonth", Primitive::GYearMonth),
    primitive("gYear", Primitive::GYear),
    primitive("gMonthDay", Primitive::GMonthDay),
    primitive("gDay", Primitive::GDay),
    primitive("gMonth", Primitive::GMonth),
    primitive("hexBinary", Primitive::HexBinary),
    primitive("base64Binary", Primitive::Base64Binary),
    primitive("anyURI", Primitive::AnyUri),
    primitive("QName", Primitive::QName),
    primitive("NOTATION", Primitive::Notation),
    BuiltIn {
        white: White::Replace,
        ..text("normalizedString", "string", Form::Any, Identity::None)
    },
    text("token", "normalizedString", Form::Any, Identity::None),
    text("language", "token", Form::Language, Identity::None),
    text("NMTOKEN", "token", Form::NmToken, Identity::None),
    list("NMTOKENS", "NMTOKEN", Form::NmToken, Identity::None),
    text("Name", "token", Form::Name, Identity::None),
    text("NCName", "Name", Form::NcName, Identity::None),
    text("ID", "NCName", Form::NcName, Identity::Id),
    text("IDREF", "NCName", Form::NcName, Identity::IdRef),
    list("IDREFS", "IDREF", Form::NcName, Identity::IdRef),
    text("ENTITY", "NCName", Form::NcName, Identity::Entity),
    list("ENTITIES", "ENTITY", Form::NcName, Identity::Entity),
    integer("integer", "decimal", None, None),
    integer("nonPositiveInteger", "integer", None, Some("0")),
    integer("negativeInteger", "nonPositiveInteger", None, Some("-1")),
    integer(
        "long",
        "integer",
        Some("-9223372036854775808"),
        Some("9223372036854775807"),
    ),
    integer("int", "long", Some("-2147483648"), Some("2147483647")),
    integer("short", "int", Some("-32768"), Some("32767")),
    integer("byte", "short", Some("-128"), Some("127")),
    integer("nonNegativeInteger", "integer", Some("0"), None),
    integer(
        "unsignedLong",
        "nonNegativeInteger",
        Some("0"),
        Some("18446744073709551615"),
    ),
    integer("unsignedInt", "unsignedLong", Some("0"), Some("4294967295")),
    integer("unsignedShort", "unsignedInt", Some("0"), Some("65535")),
    integer("unsignedByte", "unsignedShort", Some("0"), Some("255")),
    integer("positiveInteger", "nonNegativeInteger", Some("1"), None),
];

/// The built-in of that name, if there is one.
#[cfg(test)]
pub fn built_in(name: &str) -> Option<&'static BuiltIn> {
    BUILT_INS.iter().find(|row| row.name == name)
}

#[cfg(test)]
mod tests {
    use super::super::Number;
    use super::*;

    #[test]
    fn rows_come_after_what_they_are_made_from() {
        assert_eq!(BUILT_INS.len(), 44);
        for (at, row) in BUILT_INS.iter().enumerate() {
            assert_eq!(built_in(row.name), Some(row));
            assert_eq!(
                row.base == "anySimpleType",
                at < 19 || row.list_of.is_some()
            );
            let before = |name: &str| BUILT_INS[..at].iter().any(|other| other.name == name);
            assert!(
                row.base == "anySimpleType" || before(row.base),
                "{}",
                row.name
            );
            assert!(row.list_of.is_none_or(before), "{}", row.name);
        }
        assert_eq!(built_in("anySimpleType"), None);
        assert_eq!(built_in("String"), None);
    }

    #[test]
    fn derived_types_only_narrow() {
        for row in BUILT_INS {
            let Some(base) = built_in(row.base) else {
                continue;
            };
            assert_eq!(row.primitive, base.primitive, "{}", row.name);
            assert!(row.white >= base.white, "{}", row.name);
            let number = |text: Option<&'static str>| text.map(|t| Number::parse(t).unwrap());
            if let Some(least) = number(base.min) {
                assert!(number(row.min).unwrap() >= least, "{}", row.name);
            }
            if let Some(most) = number(base.max) {
                assert!(number(row.max).unwrap() <= most, "{}", row.name);
            }
        }
    }

    #[test]
    fn some_rows() {
        let row = built_in("unsignedByte").unwrap();
        assert_eq!((row.min, row.max), (Some("0"), Some("255")));
        assert_eq!(built_in("string").unwrap().white, White::Preserve);
        assert_eq!(built_in("normalizedString").unwrap().white, White::Replace);
        assert_eq!(built_in("token").unwrap().white, White::Collapse);
        assert_eq!(built_in("IDREFS").unwrap().identity, Identity::IdRef);
        assert_eq!(built_in("NMTOKENS").unwrap().list_of, Some("NMTOKEN"));
    }
}
