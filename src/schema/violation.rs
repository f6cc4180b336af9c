//! What a walk found wrong, before its path and place are known, and what to say about it.

use std::borrow::Cow;

use crate::finding::{Finding, Findings, Severity, Text};
use crate::xml::{Document, Limits, paths};

/// One violation of a schema.
#[derive(Debug)]
pub struct Violation {
    /// The constraint of the standard.
    pub code: &'static str,
    /// Offset of the `<` of the element that it is about.
    pub element: usize,
    /// What follows the element's path: `/@Name` for an attribute, `/Name` for what is missing.
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
        findings.push(Finding {
            code: Cow::Borrowed(violation.code),
            severity: Severity::Error,
            path: path + &violation.below,
            place: document.place(violation.offset),
            value: violation.value,
            expected: violation.expected,
            text: text(violation.code),
        });
    }
}

/// What is wrong and how to mend it.
fn text(code: &str) -> Text {
    let (zh, en) = match code {
        "cvc-elt.1" => (
            "根元素不是该报文的根元素",
            "The root element is not that of this message; send the message that it belongs to",
        ),
        "cvc-elt.3.1" => (
            "该元素不允许 xsi:nil，请删除",
            "xsi:nil is not admitted here; remove it",
        ),
        "cvc-elt.4.3" => (
            "不允许 xsi:type，请删除",
            "xsi:type is not admitted here; remove it",
        ),
        "cvc-elt.5.2.2" => (
            "该元素的值是固定的",
            "The value of this element is fixed; write exactly what is expected",
        ),
        "cvc-complex-type.2.1" => (
            "该元素不能有内容",
            "This element has to be empty; remove its content",
        ),
        "cvc-complex-type.2.2" | "cvc-type.3.1.2" => (
            "该元素只能含文本，不能含子元素",
            "This element holds text only; remove the element inside it",
        ),
        "cvc-complex-type.2.3" => (
            "该元素只能含子元素，不能含文本",
            "This element holds elements only; remove the text",
        ),
        "cvc-complex-type.2.4.a" => (
            "此处不允许该元素：检查名称、顺序和重复次数",
            "This element may not stand here; check its name, its order and how often it occurs",
        ),
        "cvc-complex-type.2.4.b" => (
            "缺少必需的元素，请补充",
            "A required element is missing; add it",
        ),
        "cvc-complex-type.3.1" => (
            "该属性的值是固定的",
            "The value of this attribute is fixed; write exactly what is expected",
        ),
        "cvc-complex-type.3.2.2" | "cvc-type.3.1.1" => (
            "此处不允许该属性，请删除",
            "This attribute is not admitted here; remove it",
        ),
        "cvc-complex-type.4" => (
            "缺少必需的属性，请补充",
            "A required attribute is missing; add it",
        ),
        "cvc-datatype-valid.1.2.1" | "cvc-datatype-valid.1.2.3" => (
            "值的形式与数据类型不符",
            "The value does not have the form of its type; write it as expected",
        ),
        "cvc-enumeration-valid" => (
            "值不在允许的取值范围内",
            "The value is not one of those admitted; choose one of them",
        ),
        "cvc-pattern-valid" => (
            "值的格式不符合要求",
            "The value does not have the format that is expected",
        ),
        "cvc-length-valid" => (
            "值的长度不符合要求",
            "The value does not have the length that is expected",
        ),
        "cvc-minLength-valid" => (
            "值过短或为空，请填写",
            "The value is too short or empty; fill it in",
        ),
        "cvc-maxLength-valid" => ("值过长，请缩短", "The value is too long; shorten it"),
        "cvc-totalDigits-valid" => ("数字的总位数过多", "The number has too many digits"),
        "cvc-fractionDigits-valid" => (
            "小数位数过多",
            "The number has too many digits after the point",
        ),
        "cvc-minInclusive-valid" | "cvc-minExclusive-valid" => ("值过小", "The value is too small"),
        "cvc-maxInclusive-valid" | "cvc-maxExclusive-valid" => ("值过大", "The value is too great"),
        _ => (
            "不符合报文格式",
            "This does not follow the schema of the message",
        ),
    };
    Text {
        zh: zh.to_owned(),
        en: en.to_owned(),
    }
}
