//! One random change to a well-formed document that leaves it well-formed. Whether it is
//! still valid is for others to say.

use std::ops::Range;

use tongguan::schema::Random;

/// Where an element stands in a text.
struct Element {
    whole: Range<usize>,
    name: Range<usize>,
    /// Its content; absent of an empty tag.
    content: Option<Range<usize>>,
    /// Its end tag's name.
    end_name: Range<usize>,
    /// With the white space before it, and the value between its quotes.
    attributes: Vec<(Range<usize>, Range<usize>)>,
    /// Its number among the elements.
    parent: Option<usize>,
    /// It has child elements.
    children: bool,
}

/// The document with one change; the name of the change, for reports.
pub fn mutate(text: &str, random: &mut Random) -> (String, &'static str) {
    let elements = elements(text);
    for _ in 0..50 {
        let at = random.below(elements.len() as u64) as usize;
        if let Some((changed, what)) = change(text, &elements, at, random) {
            return (changed, what);
        }
    }
    (text.to_owned(), "nothing")
}

fn change(
    text: &str,
    elements: &[Element],
    at: usize,
    random: &mut Random,
) -> Option<(String, &'static str)> {
    let element = &elements[at];
    let root = element.parent.is_none();
    let insert = |offset: usize, what: &str| replaced(text, offset..offset, what);
    Some(match random.below(16) {
        0 if !root => (
            replaced(text, element.whole.clone(), ""),
            "an element deleted",
        ),
        1 if !root => {
            let copy = text[element.whole.clone()].to_owned();
            (insert(element.whole.end, &copy), "an element twice")
        }
        2 => {
            let next = elements.iter().find(|next| {
                next.parent == element.parent && next.whole.start >= element.whole.end
            });
            let next = next.filter(|_| !root)?;
            let changed = [
                &text[..element.whole.start],
                &text[next.whole.clone()],
                &text[element.whole.end..next.whole.start],
                &text[element.whole.clone()],
                &text[next.whole.end..],
            ];
            (changed.concat(), "neighbours swapped")
        }
        3 => {
            let local = local(&text[element.name.clone()]);
            let other = other_name(text, elements, local, random);
            let prefix = text[element.name.clone()].len() - local.len();
            let rename = |name: &Range<usize>| name.start + prefix..name.end;
            let changed = match element.content {
                // The end tag first, so that the offsets before it stay.
                Some(_) => replaced(text, rename(&element.end_name), &other),
                None => text.to_owned(),
            };
            (
                replaced(&changed, rename(&element.name), &other),
                "an element renamed",
            )
        }
        4 => {
            let (whole, value) = random.pick(&element.attributes)?;
            let name = &text[whole.start + 1..value.start - 2];
            if name.starts_with("xmlns") {
                return None;
            }
            let changed = format!(" {name}x=\"{}\"", &text[value.clone()]);
            (
                replaced(text, whole.clone(), &changed),
                "an attribute renamed",
            )
        }
        5 => {
            let (whole, value) = random.pick(&element.attributes)?;
            if text[whole.start + 1..value.start].starts_with("xmlns") {
                return None;
            }
            (replaced(text, whole.clone(), ""), "an attribute deleted")
        }
        6 => {
            let donor = random.pick(elements)?;
            let (whole, value) = random.pick(&donor.attributes)?;
            let name = &text[whole.start + 1..value.start - 2];
            let has = |name: &str| {
                let mut own = element.attributes.iter();
                own.any(|(whole, value)| &text[whole.start + 1..value.start - 2] == name)
            };
            if name.starts_with("xmlns") || has(name) {
                return None;
            }
            let added = text[whole.clone()].to_owned();
            (insert(element.name.end, &added), "an attribute added")
        }
        7 | 8 => {
            let value = value_of(element, random)?;
            let characters: Vec<(usize, char)> = text[value.clone()].char_indices().collect();
            let (offset, old) = *random.pick(&characters)?;
            // Not inside of markup or references.
            let old_value = &text[value.clone()];
            if old_value.contains(['&', '<']) {
                return None;
            }
            let new = *random.pick(&["0", "9", "a", "Z", "-", " ", ".", "é", "T", ":", "+"])?;
            let start = value.start + offset;
            (
                replaced(text, start..start + old.len_utf8(), new),
                "a character changed",
            )
        }
        9 => (
            replaced(text, value_of(element, random)?, ""),
            "a text emptied",
        ),
        10 => {
            let value = value_of(element, random)?;
            let more = *random.pick(&["0", "x", "zzzzzzzzzzzzzzzzzzzzzzzz", " ", "00000000000"])?;
            (insert(value.end, more), "a text longer")
        }
        11 => {
            let content = element.content.clone()?;
            let stray = *random.pick(&["stray", " ", "<![CDATA[]]>", "<!-- c -->"])?;
            let offset = if random.one_in(2) {
                content.start
            } else {
                content.end
            };
            (insert(offset, stray), "text inserted")
        }
        12 => {
            let stranger = *random.pick(&[
                "<unheard/>",
                "<u:unheard xmlns:u=\"urn:unheard\">u</u:unheard>",
                "<unheard xmlns=\"\"/>",
            ])?;
            let content = element.content.clone()?;
            let offset = if random.one_in(2) {
                content.start
            } else {
                content.end
            };
            (insert(offset, stranger), "an unknown element")
        }
        13 => {
            if attribute(text, element, "xsi:nil").is_some() {
                return None;
            }
            let value = *random.pick(&["true", "false", "1", "yes"])?;
            let nil = format!(" xsi:nil=\"{value}\"{}", declare(text));
            (insert(element.name.end, &nil), "xsi:nil")
        }
        14 => {
            if attribute(text, element, "xsi:type").is_some() {
                return None;
            }
            let name = *random.pick(&["unheard", "xs:string", "xs:int", "xs:anyType"])?;
            let xs = " xmlns:xs=\"http://www.w3.org/2001/XMLSchema\"";
            let given = format!(" xsi:type=\"{name}\"{xs}{}", declare(text));
            (insert(element.name.end, &given), "xsi:type")
        }
        15 => {
            let bindings: Vec<&(Range<usize>, Range<usize>)> = element
                .attributes
                .iter()
                .filter(|(whole, _)| text[whole.start + 1..].starts_with("xmlns"))
                .collect();
            let (_, value) = random.pick(&bindings)?;
            let other = *random.pick(&["urn:other", "urn:foreign"])?;
            (replaced(text, value.clone(), other), "a namespace changed")
        }
        _ => return None,
    })
}

fn replaced(text: &str, range: Range<usize>, by: &str) -> String {
    [&text[..range.start], by, &text[range.end..]].concat()
}

fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

/// Another name of the document, or the same with a letter more.
fn other_name(text: &str, elements: &[Element], name: &str, random: &mut Random) -> String {
    let other = random
        .pick(elements)
        .map(|other| local(&text[other.name.clone()]));
    match other.filter(|other| *other != name && random.one_in(2)) {
        Some(other) => other.to_owned(),
        None => format!("{name}x"),
    }
}

fn attribute<'e>(text: &str, element: &'e Element, name: &str) -> Option<&'e Range<usize>> {
    let mut all = element.attributes.iter();
    let found = all.find(|(whole, value)| &text[whole.start + 1..value.start - 2] == name)?;
    Some(&found.1)
}

/// The declaration of `xsi`, where the root does not have it.
fn declare(text: &str) -> &'static str {
    match text.contains("xmlns:xsi=") {
        true => "",
        false => " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"",
    }
}

/// The text of an element without children, or of one of its attributes.
fn value_of(element: &Element, random: &mut Random) -> Option<Range<usize>> {
    let mut values = Vec::new();
    if !element.children {
        values.extend(element.content.clone());
    }
    values.extend(element.attributes.iter().map(|(_, value)| value.clone()));
    random.pick(&values).cloned()
}

/// All elements of a well-formed document whose attribute values stand in double quotes.
fn elements(text: &str) -> Vec<Element> {
    let mut elements: Vec<Element> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    let mut at = 0;
    while let Some(found) = text[at..].find('<') {
        let start = at + found;
        let skip = |end: &str| start + text[start..].find(end).expect("an end") + end.len();
        at = if text[start..].starts_with("<!--") {
            skip("-->")
        } else if text[start..].starts_with("<![CDATA[") {
            skip("]]>")
        } else if text[start..].starts_with("<?") {
            skip("?>")
        } else if text[start..].starts_with("</") {
            let end = skip(">");
            let element = &mut elements[open.pop().expect("an open element")];
            element.whole.end = end;
            element.end_name = start + 2..end - 1;
            let content = element.content.as_mut().expect("it has an end tag");
            content.end = start;
            end
        } else {
            let name_end = start + text[start..].find([' ', '>', '/']).expect("an end");
            let (attributes, after, empty) = attributes(text, name_end);
            let parent = open.last().copied();
            if let Some(parent) = parent {
                elements[parent].children = true;
            }
            if !empty {
                open.push(elements.len());
            }
            elements.push(Element {
                whole: start..after,
                name: start + 1..name_end,
                content: (!empty).then_some(after..after),
                end_name: 0..0,
                attributes,
                parent,
                children: false,
            });
            after
        };
    }
    elements
}

type Attributes = Vec<(Range<usize>, Range<usize>)>;

/// The attributes of a tag, the offset after it, and whether it is an empty one.
fn attributes(text: &str, mut at: usize) -> (Attributes, usize, bool) {
    let mut attributes = Attributes::new();
    loop {
        if text[at..].starts_with('>') {
            return (attributes, at + 1, false);
        }
        if text[at..].starts_with("/>") {
            return (attributes, at + 2, true);
        }
        let value = at + text[at..].find('"').expect("a value") + 1;
        let end = value + text[value..].find('"').expect("its end");
        attributes.push((at..end + 1, value..end));
        at = end + 1;
    }
}
