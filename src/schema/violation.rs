//! What a walk found wrong, before its path and place are known, and what to say about it:
//! the constraint's name in the standard, our short one, and how to mend it.

use std::borrow::Cow;

use crate::finding::{Finding, Findings, Severity, Text};
use crate::xml::{Document, Limits, paths};

/// One violation of a schema.
#[derive(Debug)]
pub struct Violation {
    /// Its row in [`MESSAGES`].
    pub code: &'static str,
    /// Offset of the `<` of the element that it is about.
    pub element: usize,
    /// What follows the element's path: `/@Name` for an attribute.
    pub below: String,
    /// Where to point.
    pub offset: usize,
    pub value: String,
    pub expected: String,
}

/// Gives violations their paths and places, and pushes them.
pub fn report(
    mut violations: Vec<Violation>,
    document: &Document<'_>,
    limits: &Limits,
    findings: &mut Findings,
) {
    violations.sort_by_key(|violation| violation.element);
    let offsets: Vec<usize> = violations
        .iter()
        .map(|violation| violation.element)
        .collect();
    for (violation, path) in violations
        .into_iter()
        .zip(paths(document, limits, &offsets))
    {
        let (code, name, zh, en) = message(violation.code);
        findings.push(Finding {
            code: Cow::Borrowed(code),
            name: Cow::Borrowed(name),
            severity: Severity::Error,
            path: path + &violation.below,
            place: document.place(violation.offset),
            value: violation.value,
            expected: violation.expected,
            text: Text {
                zh: zh.to_owned(),
                en: en.to_owned(),
            },
        });
    }
}

/// The code in the standard, the short name, and the text in two languages.
fn message(code: &'static str) -> (&'static str, &'static str, &'static str, &'static str) {
    match MESSAGES.iter().find(|row| row.0 == code) {
        // A letter tells cases apart for which the standard has one constraint.
        Some((_, name, zh, en)) => {
            let plain = code.trim_end_matches(|c: char| c.is_ascii_lowercase());
            let plain = plain
                .strip_suffix('.')
                .filter(|_| plain.len() + 1 == code.len());
            (plain.unwrap_or(code), name, zh, en)
        }
        None => (
            code,
            "invalid",
            "不符合报文格式",
            "This does not follow the schema of the message",
        ),
    }
}

/// Code, short name, Chinese, English.
type Row = (&'static str, &'static str, &'static str, &'static str);

/// Every violation that a walk can find.
pub const MESSAGES: &[Row] = &[
    (
        "cvc-elt.1",
        "unknown-root",
        "根元素不是该报文的根元素",
        "The root element is not that of this message; send the message that it belongs to",
    ),
    (
        "cvc-identity-constraint",
        "too-many-keys",
        "同时打开的带键元素过多，无法检查唯一性",
        "Too many elements with keys stand inside each other to be compared; send fewer",
    ),
    (
        "cvc-elt.2",
        "abstract-element",
        "该元素是抽象的，请改用可以替代它的元素",
        "This element only stands for others; write one of them",
    ),
    (
        "cvc-elt.3.1",
        "nil-not-admitted",
        "该元素不允许 xsi:nil，请删除",
        "xsi:nil is not admitted here; remove it",
    ),
    (
        "cvc-elt.3.2.1",
        "nil-with-content",
        "带 xsi:nil=\"true\" 的元素必须为空",
        "An element with xsi:nil=\"true\" has to be empty; remove its content or xsi:nil",
    ),
    (
        "cvc-elt.3.2.2",
        "nil-with-fixed-value",
        "该元素的值是固定的，不允许 xsi:nil",
        "The value of this element is fixed; remove xsi:nil",
    ),
    (
        "cvc-elt.4.1",
        "unknown-type",
        "xsi:type 的值不是已声明前缀的名称",
        "xsi:type is not a name whose prefix is declared; correct or remove it",
    ),
    (
        "cvc-elt.5.1.1",
        "default-does-not-fit",
        "默认值不符合 xsi:type 指定的类型，请填写值",
        "The default value does not fit the type that xsi:type names; write a value",
    ),
    (
        "cvc-elt.4.2",
        "unknown-type",
        "xsi:type 指定的类型不存在",
        "xsi:type names a type that is not declared; correct or remove it",
    ),
    (
        "cvc-elt.4.3",
        "type-not-derived",
        "xsi:type 指定的类型不能用于此元素",
        "xsi:type names a type that may not be used here; choose one derived from what is expected",
    ),
    (
        "cvc-elt.5.2.2.2.2",
        "fixed-value",
        "该元素的值是固定的",
        "The value of this element is fixed; write exactly what is expected",
    ),
    (
        "cvc-elt.5.2.2.1",
        "fixed-value-with-elements",
        "该元素的值是固定的，不能含子元素",
        "The value of this element is fixed; remove the elements inside it",
    ),
    (
        "cvc-type.2",
        "abstract-type",
        "该类型是抽象的，请用 xsi:type 指定具体类型",
        "The type of this element is abstract; name a type derived from it with xsi:type",
    ),
    (
        "cvc-complex-type.2.1",
        "not-empty",
        "该元素不能有内容（包括空白）",
        "This element has to be empty; remove its content, white space too",
    ),
    (
        "cvc-complex-type.2.2",
        "element-in-text",
        "该元素只能含文本，不能含子元素",
        "This element holds text only; remove the element inside it",
    ),
    (
        "cvc-type.3.1.2",
        "element-in-text",
        "该元素只能含文本，不能含子元素",
        "This element holds text only; remove the element inside it",
    ),
    (
        "cvc-complex-type.2.3",
        "text-between-elements",
        "该元素只能含子元素，不能含文本",
        "This element holds elements only; remove the text",
    ),
    (
        "cvc-complex-type.2.4",
        "unexpected-element",
        "此处不允许该元素：检查名称、顺序和重复次数",
        "This element may not stand here; check its name, its order and how often it occurs",
    ),
    (
        "cvc-complex-type.2.4.b",
        "missing-element",
        "缺少必需的元素，请补充",
        "A required element is missing; add it",
    ),
    (
        "cvc-elt.5.2.2.2.1",
        "fixed-value",
        "该元素的值是固定的",
        "The value of this element is fixed; write exactly what is expected",
    ),
    (
        "cvc-complex-type.2.4.d",
        "missing-before",
        "此元素之前缺少必需的元素，请补充",
        "A required element is missing before this one; add it",
    ),
    (
        "cvc-complex-type.2.4.c",
        "undeclared-element",
        "该元素未在任何架构中声明",
        "This element has to be declared, and no schema does; remove it or correct its namespace",
    ),
    (
        "cvc-complex-type.3.1",
        "fixed-attribute",
        "该属性的值是固定的",
        "The value of this attribute is fixed; write exactly what is expected",
    ),
    (
        "cvc-complex-type.3.2.2",
        "unexpected-attribute",
        "此处不允许该属性，请删除",
        "This attribute is not admitted here; remove it",
    ),
    (
        "cvc-type.3.1.1",
        "unexpected-attribute",
        "此处不允许该属性，请删除",
        "This attribute is not admitted here; remove it",
    ),
    (
        "cvc-complex-type.3.2.2.c",
        "undeclared-attribute",
        "该属性未在任何架构中声明",
        "This attribute has to be declared, and no schema does; remove it or correct its namespace",
    ),
    (
        "cvc-complex-type.5.1",
        "second-id",
        "一个元素只能有一个 ID 属性",
        "An element has one attribute of type ID; remove this one",
    ),
    (
        "cvc-complex-type.5.2",
        "second-id",
        "一个元素只能有一个 ID 属性",
        "An element has one attribute of type ID; remove this one",
    ),
    (
        "cvc-complex-type.4",
        "missing-attribute",
        "缺少必需的属性，请补充",
        "A required attribute is missing; add it",
    ),
    (
        "cvc-datatype-valid.1.2.1",
        "wrong-form",
        "值的形式与数据类型不符",
        "The value does not have the form of its type; write it as expected",
    ),
    (
        "cvc-datatype-valid.1.2.3",
        "wrong-form",
        "值的形式与数据类型不符",
        "The value has none of the forms of its type; write it as expected",
    ),
    (
        "cvc-enumeration-valid",
        "not-listed",
        "值不在允许的取值范围内",
        "The value is not one of those admitted; choose one of them",
    ),
    (
        "cvc-pattern-valid",
        "wrong-pattern",
        "值的格式不符合要求",
        "The value does not have the format that is expected",
    ),
    (
        "cvc-length-valid",
        "wrong-length",
        "值的长度不符合要求",
        "The value does not have the length that is expected",
    ),
    (
        "cvc-minLength-valid",
        "too-short",
        "值过短或为空，请填写",
        "The value is too short or empty; fill it in",
    ),
    (
        "cvc-maxLength-valid",
        "too-long",
        "值过长，请缩短",
        "The value is too long; shorten it",
    ),
    (
        "cvc-totalDigits-valid",
        "too-many-digits",
        "数字的总位数过多",
        "The number has too many digits",
    ),
    (
        "cvc-fractionDigits-valid",
        "too-many-fraction-digits",
        "小数位数过多",
        "The number has too many digits after the point",
    ),
    (
        "cvc-minInclusive-valid",
        "too-small",
        "值过小",
        "The value is too small",
    ),
    (
        "cvc-minExclusive-valid",
        "too-small",
        "值过小",
        "The value is too small",
    ),
    (
        "cvc-maxInclusive-valid",
        "too-great",
        "值过大",
        "The value is too great",
    ),
    (
        "cvc-maxExclusive-valid",
        "too-great",
        "值过大",
        "The value is too great",
    ),
    (
        "cvc-id.1",
        "unresolved-reference",
        "引用的 ID 在报文中不存在",
        "No element of this message has the ID that is referred to; correct it or add that element",
    ),
    (
        "cvc-id.2",
        "repeated-id",
        "该 ID 在报文中重复",
        "Another element of this message has this ID already; choose another one",
    ),
    (
        "cvc-identity-constraint.3",
        "ambiguous-key",
        "构成键的字段必须是唯一的简单值",
        "A field of a key has to be one simple value; remove what is too much",
    ),
    (
        "cvc-identity-constraint.4.1",
        "repeated-value",
        "值必须唯一，不能重复",
        "These values have to be unique, and another element has the same",
    ),
    (
        "cvc-identity-constraint.4.2.1",
        "incomplete-key",
        "键的字段不完整，请补充",
        "A field of the key is missing; add it",
    ),
    (
        "cvc-identity-constraint.4.2.2",
        "repeated-key",
        "键必须唯一，不能重复",
        "The key has to be unique, and another element has the same",
    ),
    (
        "cvc-identity-constraint.4.2.3",
        "nillable-key",
        "键的字段不能是可为 nil 的元素",
        "A field of a key may not be an element that can be nil",
    ),
    (
        "cvc-identity-constraint.4.3",
        "unresolved-key",
        "引用的键在报文中不存在",
        "No element has the key that is referred to; correct it or add that element",
    ),
];
