//! Where an oracle of the differential test departs from XML Schema 1.0 (Second Edition), and
//! why we do not follow it. A row excuses one construct at one oracle.

use tongguan::finding::Finding;

use crate::oracles::Oracle;

/// A document about which opinions differ.
pub struct Dispute<'d> {
    pub oracle: Oracle,
    pub schema: &'d str,
    pub document: &'d str,
    /// What we find.
    pub found: &'d [Finding],
    /// The first thing that the oracle finds; empty if it finds nothing.
    pub said: &'d str,
}

impl Dispute<'_> {
    /// Whether we have findings, and this is true of all of them.
    fn all(&self, fits: impl Fn(&Finding) -> bool) -> bool {
        !self.found.is_empty() && self.found.iter().all(fits)
    }

    fn has(&self, part: &str) -> bool {
        self.document.contains(part)
    }

    /// The value that xmllint refuses.
    fn refused(&self) -> &str {
        const BEGINS: [&str; 2] = ["QName value '", "': '"];
        const ENDS: [&str; 3] = [
            "' is not a valid value of",
            "' of the xsi:type attribute",
            "' has no corresponding namespace declaration",
        ];
        let mut ends = ENDS.iter().filter_map(|end| self.said.find(end));
        let before = ends.next().map_or("", |end| &self.said[..end]);
        let mut begins = BEGINS
            .iter()
            .filter_map(|begin| Some(before.rfind(begin)? + begin.len()));
        begins.next().map_or("", |begin| &before[begin..])
    }
}

/// A known error of an oracle.
struct Excuse {
    oracle: Oracle,
    /// The end of the schema's name; empty where any schema may have the construct.
    schema: &'static str,
    fits: fn(&Dispute<'_>) -> bool,
    reason: &'static str,
}

/// For an oracle that finds something where we find nothing a row looks at what it says; for
/// one that finds nothing, at what we find.
const EXCUSES: &[Excuse] = &[
    Excuse {
        oracle: Oracle::Xmllint,
        schema: "",
        fits: |dispute| dispute.refused() != dispute.refused().trim(),
        reason: "white space around a value is collapsed before it is checked (Part 2, 4.3.6): \
                 that of derived integers, dates and QNames too",
    },
    Excuse {
        oracle: Oracle::Xmllint,
        schema: "",
        fits: |dispute| {
            let unsigned = dispute.said.contains("of the atomic type 'xs:unsigned");
            unsigned && dispute.refused().starts_with('+')
        },
        reason: "the unsigned types narrow nonNegativeInteger by bounds alone: a plus sign may \
                 stand before their digits (Part 2, 3.3.20 and appendix A)",
    },
    Excuse {
        oracle: Oracle::Xmllint,
        schema: "",
        fits: |dispute| {
            let stray = [
                "Character content other than whitespace",
                "Character content is not",
            ];
            let said = |part: &&str| dispute.said.contains(*part);
            dispute.has("<![CDATA[]]>") && stray.iter().any(said)
        },
        reason: "an empty CDATA section has no characters",
    },
    Excuse {
        oracle: Oracle::Xmllint,
        schema: "",
        fits: |dispute| {
            let defaults = dispute.refused().is_empty() || dispute.said.contains("'(null)'");
            let value = dispute.said.contains("'copies'") || dispute.said.contains("}stamp'");
            dispute.has("<![CDATA[]]>") && defaults && value
        },
        reason: EMPTY_DEFAULT,
    },
    Excuse {
        oracle: Oracle::XsdSchema,
        schema: "",
        fits: |dispute| {
            let stamp = dispute.said.contains("but actual value is ''");
            let copies = dispute.said.contains("Invalid byte value ''");
            dispute.has("><![CDATA[]]></") && (stamp && dispute.has("stamp>") || copies)
        },
        reason: EMPTY_DEFAULT,
    },
    Excuse {
        oracle: Oracle::Xmllint,
        schema: "",
        fits: |dispute| {
            let digits = dispute.refused().bytes().filter(u8::is_ascii_digit);
            digits.count() > 24
        },
        reason: "a decimal may be written with more than 24 digits, be they zeros",
    },
    Excuse {
        oracle: Oracle::Xmllint,
        schema: "",
        fits: |dispute| {
            let said = dispute.said;
            said.contains("namespace error") && said.contains("is not a valid URI")
        },
        reason: "a namespace name is a text to compare (Namespaces in XML 1.0, 2.3); no processor \
                 has to check that it is a reference",
    },
    Excuse {
        oracle: Oracle::Xmllint,
        schema: "",
        fits: |dispute| dispute.all(|found| found.code == "xml-namespace") && dispute.has("=\"\""),
        reason: "a prefix is not bound to an empty name (Namespaces in XML 1.0, No Prefix \
                 Undeclaring); xmllint says so and goes on",
    },
    Excuse {
        oracle: Oracle::Xmllint,
        schema: "tests/schemas/numbers.xsd",
        fits: |dispute| {
            let strange = |found: &Finding| {
                !found
                    .value
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"+/= ".contains(&byte))
            };
            dispute.all(|found| {
                found.code == "cvc-datatype-valid.1.2.1"
                    && found.path.contains("base64")
                    && strange(found)
            })
        },
        reason: "base64Binary has 64 letters, =, and white space (Part 2, 3.2.16); xmllint passes \
                 over any other character",
    },
    Excuse {
        oracle: Oracle::Xmllint,
        schema: "tests/schemas/wildcards.xsd",
        fits: |dispute| {
            let body = |found: &Finding| {
                found
                    .path
                    .rsplit('/')
                    .nth(1)
                    .is_some_and(|above| above.starts_with("body"))
            };
            dispute.all(|found| found.code == "cvc-complex-type.2.4" && body(found))
        },
        reason: "of a choice one branch is taken: after a wildcard of one the wildcard of the \
                 other may not follow",
    },
    Excuse {
        oracle: Oracle::Xmllint,
        schema: "",
        fits: |dispute| {
            dispute.said.contains("demanded by the strict wildcard") && dispute.has(" xsi:type=")
        },
        reason: "what a strict wildcard admits has to be declared or to name its type by \
                 xsi:type (Part 1, 3.10.1)",
    },
    Excuse {
        oracle: Oracle::Xmllint,
        schema: "",
        fits: |dispute| {
            let undeclared = "No matching global declaration available for the validation root";
            dispute.said.contains(undeclared) && dispute.has(" xsi:type=")
        },
        reason: "a root that nothing declares is assessed by the type that xsi:type names \
                 (Part 1, Schema-Validity Assessment (Element), 1.2)",
    },
    Excuse {
        oracle: Oracle::Xmllint,
        schema: "",
        fits: |dispute| {
            let empty =
                |found: &Finding| found.code == "cvc-minLength-valid" && found.value.is_empty();
            dispute.all(|found| empty(found) && found.expected == "minLength 1")
                && ["tests/schemas/lists.xsd", "tests/schemas/substitution.xsd"]
                    .contains(&dispute.schema)
        },
        reason: "IDREFS and NMTOKENS have at least one item (Part 2, 3.3.5 and 3.3.10)",
    },
    Excuse {
        oracle: Oracle::Xmllint,
        schema: "",
        fits: |dispute| dispute.all(|found| found.code == "cvc-id.1"),
        reason: "each IDREF has to be the ID of some element (cvc-id, 1); xmllint does not look",
    },
    Excuse {
        oracle: Oracle::Xmllint,
        schema: "",
        fits: |dispute| {
            let of_element = |found: &Finding| !found.path.contains('@');
            dispute.all(|found| found.code == "cvc-id.2" && of_element(found))
        },
        reason: "an ID names one element (cvc-id, 2), and the text of an element may be one; \
                 xmllint looks at those of attributes only",
    },
    Excuse {
        oracle: Oracle::Xmllint,
        schema: "tests/schemas/numbers.xsd",
        fits: |dispute| {
            let no_exponent = |value: &str| value.ends_with(['e', 'E', '-', '+']);
            dispute.all(|found| {
                found.code == "cvc-datatype-valid.1.2.1"
                    && ["float", "double"].contains(&found.expected.as_str())
                    && no_exponent(&found.value)
            })
        },
        reason: "after the E of a float stands an integer (Part 2, 3.2.4.1)",
    },
    Excuse {
        oracle: Oracle::Xmlschema,
        schema: "tests/schemas/excise.xsd",
        fits: |dispute| {
            let lost = dispute
                .said
                .contains("not found for XsdKey(name='e:bodies')");
            lost && dispute.has("Number \"")
        },
        reason: "white space around xsi:type is collapsed, and the value then has a type by \
                 which it is compared; xmlschema loses the key",
    },
    Excuse {
        oracle: Oracle::Xmlschema,
        schema: "tests/schemas/excise.xsd",
        fits: |dispute| {
            let said = dispute.said;
            said.contains(", None) for XsdUnique(name='e:seals')") && dispute.found.is_empty()
        },
        reason: "an element without some field of a unique has no part in it \
                 (cvc-identity-constraint, 4.1)",
    },
    Excuse {
        oracle: Oracle::Xmlschema,
        schema: "tests/schemas/wildcards.xsd",
        fits: |dispute| {
            dispute.all(|found| {
                let holder = found.path.rsplit('/').next().unwrap_or("");
                let wild = holder.starts_with("header") || holder.starts_with("trailer");
                found.code == "cvc-complex-type.2.3" && wild
            })
        },
        reason: "in content that is not mixed there is no text beside elements, be it all \
                 of one wildcard (cvc-complex-type, 2.3)",
    },
    Excuse {
        oracle: Oracle::XsdSchema,
        schema: "",
        fits: |dispute| {
            let digits = |text: &str| text.chars().take_while(char::is_ascii_digit).count() > 9;
            let mut values = dispute.said.split("Invalid gYear value '").skip(1);
            values.any(|value| digits(value.trim_start_matches('-')))
        },
        reason: "a year may have more digits than a number of 32 bits (Part 2, 3.2.7.1); a \
                 processor has to know four, and ours knows more",
    },
    Excuse {
        oracle: Oracle::Xmlschema,
        schema: "tests/schemas/lists.xsd",
        fits: |dispute| {
            let lists = ["Pairs", "FewSmalls", "ChosenLists"];
            let list = |found: &Finding| lists.iter().any(|list| found.value.ends_with(list));
            let mut found = dispute.found.iter();
            found.any(|found| {
                found.code == "cvc-elt.4.3" && found.expected == "Either" && list(found)
            })
        },
        reason: "a restricted list is not derived from a union of which it is no member \
                 (cvc-elt, 4.3; cos-st-derived-ok)",
    },
    Excuse {
        oracle: Oracle::Xmlschema,
        schema: "tests/schemas/mixed.xsd",
        fits: |dispute| {
            dispute.all(|found| {
                found.code == "cvc-elt.5.2.2.2.1" && found.value.trim() == found.expected
            })
        },
        reason: "the text of a mixed element is its fixed value as it is written, white space \
                 and all (cvc-elt, 5.2.2.2.1)",
    },
    Excuse {
        oracle: Oracle::Xmlschema,
        schema: "",
        fits: |dispute| {
            let spaced = |found: &Finding| found.value.trim().contains(' ');
            let number = |text: &str| text.bytes().all(|byte| b" 0123456789.+-".contains(&byte));
            dispute.all(|found| {
                found.code == "cvc-datatype-valid.1.2.1" && spaced(found) && number(&found.value)
            })
        },
        reason: "there is no space inside a decimal (Part 2, 3.2.3)",
    },
    Excuse {
        oracle: Oracle::Xmlschema,
        schema: "",
        fits: white_in_nil,
        reason: WHITE_IN_NIL,
    },
    Excuse {
        oracle: Oracle::Xmlschema,
        schema: "",
        fits: |dispute| dispute.said == "element is not nillable" && nil_of_a_stranger(dispute),
        reason: NOT_ASSESSED,
    },
    Excuse {
        oracle: Oracle::Xmlschema,
        schema: "tests/schemas/all.xsd",
        fits: |dispute| {
            let incomplete = "The content of element 'ports' is not complete";
            dispute.said.starts_with(incomplete)
        },
        reason: "a reference to an all group may be optional, and then the group may be absent",
    },
    Excuse {
        oracle: Oracle::Xmlschema,
        schema: "tests/schemas/redefined.xsd",
        fits: |dispute| {
            let country = |found: &Finding| found.expected == "[A-Z]{2}";
            dispute.all(|found| found.code == "cvc-pattern-valid" && country(found))
        },
        reason: "a redefined type restricts the one it replaces: both patterns hold",
    },
    Excuse {
        oracle: Oracle::Xmlschema,
        schema: "",
        fits: begins_with_no_scheme,
        reason: NO_SCHEME,
    },
    Excuse {
        oracle: Oracle::XsdSchema,
        schema: "",
        fits: begins_with_no_scheme,
        reason: NO_SCHEME,
    },
    Excuse {
        oracle: Oracle::XsdSchema,
        schema: "",
        fits: |dispute| {
            let unknown = |found: &Finding| {
                ["typex", "nilx"]
                    .iter()
                    .any(|name| found.path.ends_with(name))
            };
            dispute.all(|found| found.code == "cvc-type.3.1.1" && unknown(found))
        },
        reason: "an element of a simple type may have four attributes of the instance \
                 namespace, and no others (cvc-type, 3.1.1)",
    },
    Excuse {
        oracle: Oracle::XsdSchema,
        schema: "",
        fits: |dispute| {
            dispute.all(|found| found.code == "cvc-pattern-valid" && found.expected.contains('|'))
        },
        reason: "a pattern fits a whole text in each of its branches (Part 2, appendix F); \
                 xsd-schema binds the first only to the beginning and the last to the end",
    },
    Excuse {
        oracle: Oracle::XsdSchema,
        schema: "",
        fits: |dispute| {
            dispute.said.contains("Invalid boolean value 'yes'") && nil_of_a_stranger(dispute)
        },
        reason: NOT_ASSESSED,
    },
    Excuse {
        oracle: Oracle::XsdSchema,
        schema: "",
        fits: white_in_nil,
        reason: WHITE_IN_NIL,
    },
    Excuse {
        oracle: Oracle::XsdSchema,
        schema: "",
        fits: |dispute| {
            let padded = ["true ", "1 ", " true", " 1"].map(|nil| format!(" xsi:nil=\"{nil}\""));
            dispute.said.contains("content model is incomplete")
                && padded.iter().any(|nil| dispute.has(nil))
        },
        reason: "white space around xsi:nil is collapsed, as that of every boolean",
    },
];

const EMPTY_DEFAULT: &str = "an element with an empty CDATA section and nothing else has no \
                             characters, and so its default or fixed value (cvc-elt, 5.1)";

const WHITE_IN_NIL: &str = "an element that is nil has no characters inside, not even white \
                            space (cvc-elt, 3.2.1)";

fn white_in_nil(dispute: &Dispute<'_>) -> bool {
    dispute.all(|found| found.code == "cvc-elt.3.2.1" && found.value.is_empty())
}

const NOT_ASSESSED: &str = "what a wildcard skips is not assessed; what it admits undeclared is \
                            not assessed strictly, and no child makes it or what is around it \
                            invalid (Part 1, 3.3.5): its xsi:nil is nobody's";

/// An element that nothing declares has `xsi:nil`.
fn nil_of_a_stranger(dispute: &Dispute<'_>) -> bool {
    let strangers = ["stranger", "unheard", "nested"];
    let mut names = strangers.iter().map(|name| format!("{name} xsi:nil=\""));
    names.any(|name| dispute.has(&name))
}

const NO_SCHEME: &str = "the first step of a relative reference has no colon, and a scheme is of \
                         ASCII letters, digits, plus, minus and dot (Part 2, 3.2.17; RFC 2396)";

fn begins_with_no_scheme(dispute: &Dispute<'_>) -> bool {
    dispute.all(|found| {
        let first = found.value.split(['/', '?', '#']).next().unwrap_or("");
        let uri = found.code == "cvc-datatype-valid.1.2.1" && found.expected.contains("anyURI");
        uri && first.contains(':')
    })
}

/// Why this dispute is the oracle's error, if it is a known one.
pub fn find(dispute: &Dispute<'_>) -> Option<&'static str> {
    let fits = |excuse: &&Excuse| {
        excuse.oracle == dispute.oracle
            && dispute.schema.ends_with(excuse.schema)
            && (excuse.fits)(dispute)
    };
    EXCUSES.iter().find(fits).map(|excuse| excuse.reason)
}
