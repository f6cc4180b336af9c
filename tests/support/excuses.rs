//! Where an oracle of the differential test departs from XML Schema 1.0 (Second Edition), and
//! why we do not follow it. A row excuses one construct of one schema at one oracle.

use std::collections::BTreeSet;

use crate::oracles::Oracle;

/// A known error of an oracle.
struct Excuse {
    oracle: Oracle,
    /// The end of the schema's name; empty for all.
    schema: &'static str,
    /// The code of our only finding; empty where we find nothing.
    ours: &'static str,
    /// Whether the oracle says this; `nothing` where it finds nothing.
    said: fn(&str) -> bool,
    /// Whether the document has the construct.
    has: fn(&str) -> bool,
    reason: &'static str,
}

const EXCUSES: &[Excuse] = &[
    Excuse {
        oracle: Oracle::XsdSchema,
        schema: "",
        ours: "cvc-type.3.1.1",
        said: nothing,
        has: |document| document.contains(" xsi:typex=") || document.contains(" xsi:nilx="),
        reason: "an element of a simple type may have four attributes of the instance \
                 namespace, and no others (cvc-type, 3.1.1)",
    },
    Excuse {
        oracle: Oracle::Xmllint,
        schema: "",
        ours: "",
        said: |said| refused_value(said).is_some_and(|value| value != value.trim()),
        has: |_| true,
        reason: "white space around a value is collapsed before it is checked (Part 2, 4.3.6), \
                 for the derived integers and the dates too",
    },
    Excuse {
        oracle: Oracle::Xmllint,
        schema: "",
        ours: "",
        said: |said| said.contains("Character content other than whitespace"),
        has: |document| document.contains("<![CDATA[]]>"),
        reason: "an empty CDATA section has no characters",
    },
    Excuse {
        oracle: Oracle::Xmllint,
        schema: "",
        ours: "",
        said: |said| {
            let unsigned = said.contains("of the atomic type 'xs:unsigned");
            unsigned && refused_value(said).is_some_and(|value| value.starts_with('+'))
        },
        has: |_| true,
        reason: "the unsigned types have facets that nonNegativeInteger has not, and no pattern: \
                 a plus sign may stand before their digits (Part 2, 3.3.20 and appendix A)",
    },
    Excuse {
        oracle: Oracle::Xmllint,
        schema: "",
        ours: "",
        said: |said| said.contains("No matching global declaration available for the validation"),
        has: |document| document.contains(" xsi:type="),
        reason: "a root that nothing declares is assessed by the type that xsi:type names \
                 (Part 1, Schema-Validity Assessment (Element), 1.2)",
    },
    Excuse {
        oracle: Oracle::Xmllint,
        schema: "tests/schemas/substitution.xsd",
        ours: "cvc-minLength-valid",
        said: nothing,
        has: |document| document.contains(" refers=\"\""),
        reason: "IDREFS has at least one item (Part 2, 3.3.10)",
    },
    Excuse {
        oracle: Oracle::Xmlschema,
        schema: "tests/schemas/all.xsd",
        ours: "",
        said: |said| said.starts_with("The content of element 'ports' is not complete"),
        has: |document| document.contains("<ports"),
        reason: "a reference to an all group may be optional, and then the group may be absent",
    },
    Excuse {
        oracle: Oracle::Xmlschema,
        schema: "tests/schemas/redefined.xsd",
        ours: "cvc-pattern-valid",
        said: nothing,
        has: |document| document.contains("country"),
        reason: "a redefined type restricts the one it replaces: both patterns hold",
    },
];

fn nothing(said: &str) -> bool {
    said.is_empty()
}

/// The value that xmllint refuses.
fn refused_value(said: &str) -> Option<&str> {
    let value = said
        .split("' is not a valid value of")
        .next()
        .filter(|value| value.len() < said.len())
        .or_else(|| said.split("' of the xsi:type attribute").next());
    let value = value.filter(|value| value.len() < said.len())?;
    let start = value.rfind("': '").map(|at| at + 4);
    let start = start.or_else(|| value.rfind("QName value '").map(|at| at + 13));
    value.get(start?..)
}

/// Why this disagreement is the oracle's error, if it is a known one.
pub fn find(
    oracle: Oracle,
    schema: &str,
    document: &str,
    codes: &BTreeSet<String>,
    said: &str,
) -> Option<&'static str> {
    let fits = |excuse: &&Excuse| {
        let ours = match excuse.ours {
            "" => codes.is_empty(),
            code => codes.len() == 1 && codes.contains(code),
        };
        excuse.oracle == oracle
            && schema.ends_with(excuse.schema)
            && ours
            && (excuse.said)(said)
            && (excuse.has)(document)
    };
    EXCUSES.iter().find(fits).map(|excuse| excuse.reason)
}
