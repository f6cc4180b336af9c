//! The findings of this room: a table of code, and what to say in two languages.

use std::borrow::Cow;

use crate::finding::{Finding, Severity, Text};

use super::Document;

/// Why a document is refused before any schema is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The bytes do not fit their encoding, or its announcements disagree.
    Encoding,
    /// A character that XML does not admit.
    Character,
    /// A document type declaration.
    Doctype,
    /// An entity other than the five of XML.
    Entity,
    /// Not XML.
    NotWellFormed,
    /// A prefix that nothing binds, or too many bindings.
    Namespace,
    /// Too deep.
    Depth,
    /// Too many elements.
    Elements,
    /// Too many attributes, or the same one twice.
    Attributes,
    /// A start tag that is too long.
    Tag,
    /// A name that is too long or not a name.
    Name,
    /// A text that is too long.
    TextLength,
}

impl Refusal {
    fn code(self) -> &'static str {
        match self {
            Refusal::Encoding => "xml-encoding",
            Refusal::Character => "xml-character",
            Refusal::Doctype => "xml-doctype",
            Refusal::Entity => "xml-entity",
            Refusal::NotWellFormed => "xml-not-well-formed",
            Refusal::Namespace => "xml-namespace",
            Refusal::Depth => "xml-depth",
            Refusal::Elements => "xml-elements",
            Refusal::Attributes => "xml-attributes",
            Refusal::Tag => "xml-tag",
            Refusal::Name => "xml-name",
            Refusal::TextLength => "xml-text",
        }
    }

    fn text(self) -> (&'static str, &'static str) {
        match self {
            Refusal::Encoding => (
                "报文编码不正确：请使用 UTF-8、UTF-16、GBK 或 GB18030，并使 BOM、Content-Type 与 XML 声明一致",
                "The encoding is wrong: use UTF-8, UTF-16, GBK or GB18030, and let byte order mark, Content-Type and XML declaration agree",
            ),
            Refusal::Character => (
                "报文含有 XML 不允许的字符，请删除",
                "A character that XML does not admit; remove it",
            ),
            Refusal::Doctype => (
                "不接受 DOCTYPE 声明，请删除",
                "A document type declaration is not accepted; remove it",
            ),
            Refusal::Entity => (
                "只接受 XML 预定义实体和字符引用，请写出字符本身",
                "Only the five entities of XML and character references are accepted; write the character itself",
            ),
            Refusal::NotWellFormed => (
                "报文不是格式良好的 XML，请检查标签和引号",
                "This is not well-formed XML; check tags and quotes",
            ),
            Refusal::Namespace => (
                "命名空间前缀未声明或声明过多",
                "A namespace prefix is not declared, or too many are",
            ),
            Refusal::Depth => ("元素嵌套过深", "Elements are nested too deeply"),
            Refusal::Elements => (
                "元素过多，请拆分报文",
                "Too many elements; split the message",
            ),
            Refusal::Attributes => (
                "属性过多或重复",
                "Too many attributes, or one of them twice",
            ),
            Refusal::Tag => ("开始标签过长", "A start tag is too long"),
            Refusal::Name => (
                "名称过长或不是合法的 XML 名称",
                "A name is too long or not a name of XML",
            ),
            Refusal::TextLength => ("元素内容过长", "The text of an element is too long"),
        }
    }

    /// The finding at `offset` of the document's text.
    pub fn at(
        self,
        document: &Document<'_>,
        offset: usize,
        value: impl Into<String>,
        expected: impl Into<String>,
    ) -> Finding {
        let place = document.place(offset);
        self.finding(place, value, expected)
    }

    /// The finding at a place that is known already.
    pub fn finding(
        self,
        place: crate::finding::Place,
        value: impl Into<String>,
        expected: impl Into<String>,
    ) -> Finding {
        let (zh, en) = self.text();
        Finding {
            code: Cow::Borrowed(self.code()),
            name: Cow::Borrowed(""),
            severity: Severity::Error,
            path: String::new(),
            place,
            value: value.into(),
            expected: expected.into(),
            text: Text {
                zh: zh.to_owned(),
                en: en.to_owned(),
            },
        }
    }
}
