//! The built-in datatypes of XML Schema and their values (Part 2, Datatypes).
//!
//! A datatype is a set of values and a set of texts that write them. Everything
//! a validator does with simple types rests on the nineteen primitive ones: a
//! derived type only narrows one of them. So this module answers, for each
//! [`Primitive`], two questions. [`Primitive::admits`] says whether a text is
//! allowed at all; it allocates nothing, because it is asked of every attribute
//! and element. [`Primitive::parse`] gives the [`Value`], which is needed only
//! where values are compared: enumerations, bounds, fixed values, and keys.
//!
//! [`BUILT_INS`] lists the built-in types, derived ones too, with what each asks
//! beyond its primitive. All texts given to the functions here, except to
//! [`normalise`], have had their white space normalised before.

mod binary;
mod built_in;
mod decimal;
mod duration;
mod float;
mod name;
mod time;
mod time_text;
mod uri;
mod white;

use std::cmp::Ordering;

pub use built_in::{BUILT_INS, BuiltIn, Identity};
pub use decimal::{Decimal, Number};
pub use duration::Duration;
pub use name::{Prefixes, is_language, is_name, is_nc_name, is_nmtoken};
pub use time::Moment;
pub use uri::is_uri_reference;
pub use white::{White, normalise};

/// The primitive datatypes (section 3.2), in the order of the standard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Primitive {
    /// Any text.
    String,
    /// True or false.
    Boolean,
    /// A decimal number of any length.
    Decimal,
    /// A binary floating point number of 32 bits.
    Float,
    /// A binary floating point number of 64 bits.
    Double,
    /// A length of time.
    Duration,
    /// A date and a time of day.
    DateTime,
    /// A time of day, recurring every day.
    Time,
    /// A day.
    Date,
    /// A month of some year.
    GYearMonth,
    /// A year.
    GYear,
    /// A day recurring every year.
    GMonthDay,
    /// A day recurring every month.
    GDay,
    /// A month recurring every year.
    GMonth,
    /// Octets in hexadecimal.
    HexBinary,
    /// Octets in base64.
    Base64Binary,
    /// A reference to a resource.
    AnyUri,
    /// A name qualified by a namespace.
    QName,
    /// The qualified name of a declared notation.
    Notation,
}

/// What a derived built-in asks of the text beyond its primitive: in the
/// standard, the patterns of the built-in types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// Nothing.
    Any,
    /// No decimal point (`integer`).
    Integer,
    /// A language tag (`language`).
    Language,
    /// Name characters only (`NMTOKEN`).
    NmToken,
    /// A name (`Name`).
    Name,
    /// A name without a colon (`NCName` and the types derived from it).
    NcName,
}

impl Primitive {
    /// Whether the text is in the lexical space of the primitive and also has
    /// the form. For `QName` and `NOTATION` this includes that the prefix is
    /// bound.
    pub fn admits(self, form: Form, text: &str, prefixes: &dyn Prefixes) -> bool {
        use Primitive as P;
        let has_form = match form {
            Form::Any => true,
            Form::Integer => decimal::is_integer(text),
            Form::Language => is_language(text),
            Form::NmToken => is_nmtoken(text),
            Form::Name => is_name(text),
            Form::NcName => is_nc_name(text),
        };
        has_form
            && match self {
                P::String => true,
                P::Boolean => boolean(text).is_some(),
                P::Decimal => form == Form::Integer || decimal::is_decimal(text),
                P::Float | P::Double => float::is_float(text),
                P::Duration => duration::is_duration(text),
                P::DateTime | P::Time | P::Date | P::GYearMonth => time_text::is_moment(self, text),
                P::GYear | P::GMonthDay | P::GDay | P::GMonth => time_text::is_moment(self, text),
                P::HexBinary => binary::is_hex(text),
                P::Base64Binary => binary::is_base64(text),
                P::AnyUri => uri::is_uri_reference(text),
                P::QName | P::Notation => name::resolve(text, prefixes).is_some(),
            }
    }

    /// The value the text stands for; `None` if it is not in the lexical space.
    pub fn parse(self, text: &str, prefixes: &dyn Prefixes) -> Option<Value> {
        use Primitive as P;
        Some(match self {
            P::String => Value::String(text.to_owned()),
            P::Boolean => Value::Boolean(boolean(text)?),
            P::Decimal => Value::Decimal(Decimal::parse(text)?),
            P::Float => Value::Float(float::parse_float(text)?),
            P::Double => Value::Double(float::parse_double(text)?),
            P::Duration => Value::Duration(Duration::parse(text)?),
            P::DateTime | P::Time | P::Date | P::GYearMonth => {
                Value::Moment(Moment::parse(self, text)?)
            }
            P::GYear | P::GMonthDay | P::GDay | P::GMonth => {
                Value::Moment(Moment::parse(self, text)?)
            }
            P::HexBinary => Value::HexBinary(binary::parse_hex(text)?),
            P::Base64Binary => Value::Base64Binary(binary::parse_base64(text)?),
            P::AnyUri if !uri::is_uri_reference(text) => return None,
            P::AnyUri => Value::AnyUri(text.to_owned()),
            P::QName => Value::QName(QName::parse(text, prefixes)?),
            P::Notation => Value::Notation(QName::parse(text, prefixes)?),
        })
    }

    /// Whether values have an order, so that the four bounds apply (section
    /// 4.2.2). That order may be partial.
    pub fn is_ordered(self) -> bool {
        use Primitive as P;
        !self.has_length() && self != P::Boolean
    }

    /// Whether `totalDigits` and `fractionDigits` apply.
    pub fn is_numeric(self) -> bool {
        self == Primitive::Decimal
    }

    /// Whether the three length facets apply.
    pub fn has_length(self) -> bool {
        use Primitive as P;
        matches!(
            self,
            P::String | P::HexBinary | P::Base64Binary | P::AnyUri | P::QName | P::Notation
        )
    }

    /// The length of an allowed text in the units of the length facets (section
    /// 4.3.1): octets for the two octet types, characters for the rest.
    pub fn length(self, text: &str) -> usize {
        match self {
            Primitive::HexBinary => binary::hex_length(text),
            Primitive::Base64Binary => binary::base64_length(text),
            _ => text.chars().count(),
        }
    }

    /// The character that begins the keys of the primitive's values.
    fn tag(self) -> char {
        use Primitive as P;
        match self {
            P::String => 's',
            P::Boolean => 'b',
            P::Decimal => 'd',
            P::Float => 'f',
            P::Double => 'D',
            P::Duration => 'P',
            P::DateTime => 'T',
            P::Time => 't',
            P::Date => 'c',
            P::GYearMonth => 'Y',
            P::GYear => 'y',
            P::GMonthDay => 'M',
            P::GDay => 'g',
            P::GMonth => 'm',
            P::HexBinary => 'x',
            P::Base64Binary => '6',
            P::AnyUri => 'u',
            P::QName => 'q',
            P::Notation => 'n',
        }
    }
}

/// Reads a `boolean` (section 3.2.2): two spellings for each value.
fn boolean(text: &str) -> Option<bool> {
    match text {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

/// A name made independent of prefixes: its namespace ("" for none) and its
/// local part.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct QName {
    /// The namespace name; empty for no namespace.
    pub namespace: Box<str>,
    /// The name within the namespace.
    pub local: Box<str>,
}

impl QName {
    /// Reads a qualified name with the prefixes in scope.
    fn parse(text: &str, prefixes: &dyn Prefixes) -> Option<Self> {
        let (namespace, local) = name::resolve(text, prefixes)?;
        Some(QName {
            namespace: namespace.into(),
            local: local.into(),
        })
    }

    /// The name as `{namespace}local`. No local part holds a brace, so the last
    /// one ends the namespace and no two names look alike.
    fn canonical(&self) -> String {
        format!("{{{}}}{}", self.namespace, self.local)
    }
}

/// A value of one of the primitive types.
///
/// Equality is that of the value space: spellings do not matter, values of
/// different primitives are never equal, and NaN equals itself.
#[derive(Debug, Clone)]
pub enum Value {
    /// A text.
    String(String),
    /// A truth value.
    Boolean(bool),
    /// A decimal number.
    Decimal(Decimal),
    /// A `float`.
    Float(f32),
    /// A `double`.
    Double(f64),
    /// A length of time.
    Duration(Duration),
    /// A value of any of the eight types of dates and times.
    Moment(Moment),
    /// The octets of a `hexBinary`.
    HexBinary(Vec<u8>),
    /// The octets of a `base64Binary`.
    Base64Binary(Vec<u8>),
    /// A URI reference, as written.
    AnyUri(String),
    /// A qualified name.
    QName(QName),
    /// The name of a notation.
    Notation(QName),
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Value::String(a), Value::String(b)) | (Value::AnyUri(a), Value::AnyUri(b)) => a == b,
            (Value::HexBinary(a), Value::HexBinary(b))
            | (Value::Base64Binary(a), Value::Base64Binary(b)) => a == b,
            (Value::Boolean(a), Value::Boolean(b)) => a == b,
            (Value::QName(a), Value::QName(b)) | (Value::Notation(a), Value::Notation(b)) => a == b,
            (Value::Duration(a), Value::Duration(b)) => a == b,
            (Value::Moment(a), Value::Moment(b)) => a == b,
            (Value::Decimal(a), Value::Decimal(b)) => a == b,
            (Value::Float(a), Value::Float(b)) => same(float::compare((*a).into(), (*b).into())),
            (Value::Double(a), Value::Double(b)) => same(float::compare(*a, *b)),
            _ => false,
        }
    }
}

impl Eq for Value {}

/// Whether a comparison found its two sides equal.
fn same(order: Option<Ordering>) -> bool {
    order == Some(Ordering::Equal)
}

impl Value {
    /// Which primitive type this is a value of.
    pub fn primitive(&self) -> Primitive {
        match self {
            Value::String(_) => Primitive::String,
            Value::Boolean(_) => Primitive::Boolean,
            Value::Decimal(_) => Primitive::Decimal,
            Value::Float(_) => Primitive::Float,
            Value::Double(_) => Primitive::Double,
            Value::Duration(_) => Primitive::Duration,
            Value::Moment(moment) => moment.kind(),
            Value::HexBinary(_) => Primitive::HexBinary,
            Value::Base64Binary(_) => Primitive::Base64Binary,
            Value::AnyUri(_) => Primitive::AnyUri,
            Value::QName(_) => Primitive::QName,
            Value::Notation(_) => Primitive::Notation,
        }
    }

    /// The order relation of the values' primitive type. `None` when the two
    /// cannot be ordered: a local and a zoned time too close together, a month
    /// and thirty days, NaN and a number, unequal values of a type without
    /// order, or values of different primitives.
    pub fn compare(&self, other: &Value) -> Option<Ordering> {
        match (self, other) {
            (Value::Decimal(a), Value::Decimal(b)) => Some(a.number().cmp(&b.number())),
            (Value::Float(a), Value::Float(b)) => float::compare((*a).into(), (*b).into()),
            (Value::Double(a), Value::Double(b)) => float::compare(*a, *b),
            (Value::Duration(a), Value::Duration(b)) => a.compare(b),
            (Value::Moment(a), Value::Moment(b)) => a.compare(b),
            _ => (self == other).then_some(Ordering::Equal),
        }
    }

    /// A text that stands for the value: two values are equal exactly when their
    /// keys are. It begins with a character for the primitive, so that values of
    /// different primitives have different keys.
    pub fn key(&self) -> String {
        let mut key = String::from(self.primitive().tag());
        match self {
            Value::String(text) | Value::AnyUri(text) => key.push_str(text),
            Value::Boolean(truth) => key.push(if *truth { '1' } else { '0' }),
            Value::Decimal(decimal) => key.push_str(&decimal.canonical()),
            Value::Float(float) => key.push_str(&float::canonical((*float).into())),
            Value::Double(double) => key.push_str(&float::canonical(*double)),
            Value::Duration(duration) => key.push_str(&duration.canonical()),
            Value::Moment(moment) => key.push_str(&moment.canonical()),
            Value::HexBinary(octets) | Value::Base64Binary(octets) => {
                binary::write_hex(octets, &mut key);
            }
            Value::QName(name) | Value::Notation(name) => key.push_str(&name.canonical()),
        }
        key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One text for each primitive, in the order of the enumeration.
    const SAMPLES: [(Primitive, &str); 19] = [
        (Primitive::String, "1"),
        (Primitive::Boolean, "1"),
        (Primitive::Decimal, "1"),
        (Primitive::Float, "1"),
        (Primitive::Double, "1"),
        (Primitive::Duration, "P1Y"),
        (Primitive::DateTime, "2000-01-01T00:00:00"),
        (Primitive::Time, "00:00:00"),
        (Primitive::Date, "2000-01-01"),
        (Primitive::GYearMonth, "2000-01"),
        (Primitive::GYear, "2000"),
        (Primitive::GMonthDay, "--01-01"),
        (Primitive::GDay, "---01"),
        (Primitive::GMonth, "--01"),
        (Primitive::HexBinary, "00"),
        (Primitive::Base64Binary, "AA=="),
        (Primitive::AnyUri, "1"),
        (Primitive::QName, "a"),
        (Primitive::Notation, "a"),
    ];

    #[test]
    fn values_of_different_primitives_are_never_equal() {
        for (i, (one, text)) in SAMPLES.into_iter().enumerate() {
            let value = one.parse(text, &()).unwrap();
            assert_eq!(value.primitive(), one);
            for (j, (other, text)) in SAMPLES.into_iter().enumerate() {
                let against = other.parse(text, &()).unwrap();
                assert_eq!(value == against, i == j);
                assert_eq!(value.key() == against.key(), i == j);
                assert_eq!(same(value.compare(&against)), i == j);
            }
        }
    }

    #[test]
    fn equality_ignores_spelling() {
        use Primitive as P;
        for (primitive, a, b, equal) in [
            (P::Boolean, "true", "1", true),
            (P::Boolean, "0", "false", true),
            (P::Boolean, "0", "1", false),
            (P::String, "a", "A", false),
            (P::Decimal, "1", "1.0", true),
            (P::Float, "NaN", "NaN", true),
            (P::Float, "-0", "0", true),
            (P::Float, "0.1", "0.10000000149", true),
            (P::Double, "0.1", "0.10000000149", false),
            (P::Double, "1e2", "100", true),
            (P::HexBinary, "0fB7", "0Fb7", true),
            (P::Base64Binary, "T W Fu", "TWFu", true),
            (P::AnyUri, "http://A", "http://a", false),
            (P::QName, "xml:a", "a", false),
        ] {
            let one = primitive.parse(a, &()).unwrap();
            let two = primitive.parse(b, &()).unwrap();
            assert_eq!(one == two, equal, "{a} {b}");
            assert_eq!(one.key() == two.key(), equal, "{a} {b}");
        }
    }

    #[test]
    fn lengths() {
        assert_eq!(Primitive::String.length("aé\u{1F600}"), 3);
        assert_eq!(Primitive::HexBinary.length("0FB7"), 2);
        assert_eq!(Primitive::Base64Binary.length("T Q = ="), 1);
        assert_eq!(Primitive::AnyUri.length("é"), 1);
    }
}
