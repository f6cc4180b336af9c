//! Random changes of a document: elements deleted, copied, swapped and renamed, attributes and
//! texts changed, markup inserted. What they lead to is mostly still well-formed.

use super::support::Random;

/// What changes put in.
pub struct Stock {
    /// Names of elements, attributes and types.
    pub names: Vec<String>,
    /// Texts of elements and values of attributes.
    pub values: Vec<String>,
}

const VALUES: [&str; 16] = [
    "",
    " ",
    "a",
    "b",
    "0",
    "1",
    "-1",
    "2.50",
    "99999999999999999999",
    "true",
    "x y",
    "2000-01-01",
    "A&amp;B",
    "&#10;",
    "P1D",
    "xs:int",
];

const MARKUP: [&str; 14] = [
    "<!-- c -->",
    "<?p i?>",
    "<![CDATA[]]>",
    "<![CDATA[ x ]]>",
    " ",
    "\n",
    "text",
    "<other/>",
    "<o:other xmlns:o='urn:other'>1</o:other>",
    "<other xmlns=''/>",
    "<other xmlns='urn:other' id='a'><a/></other>",
    "&lt;",
    "<",
    "</a>",
];

const ATTRIBUTES: [&str; 14] = [
    "xmlns:y='http://www.w3.org/2001/XMLSchema-instance' y:nil='true'",
    "xmlns:y='http://www.w3.org/2001/XMLSchema-instance' y:nil='0'",
    "xmlns:y='http://www.w3.org/2001/XMLSchema-instance' y:nil=''",
    "xmlns:y='http://www.w3.org/2001/XMLSchema-instance' y:schemaLocation='a b'",
    "xmlns:y='http://www.w3.org/2001/XMLSchema-instance' y:other='a'",
    "xmlns:y='http://www.w3.org/2001/XMLSchema-instance' xmlns:z='http://www.w3.org/2001/XMLSchema' y:type='z:string'",
    "xmlns:y='http://www.w3.org/2001/XMLSchema-instance' xmlns:z='http://www.w3.org/2001/XMLSchema' y:type=' z:integer '",
    "xmlns:y='http://www.w3.org/2001/XMLSchema-instance' xmlns:z='http://www.w3.org/2001/XMLSchema' y:type='z:NMTOKENS'",
    "xmlns:y='http://www.w3.org/2001/XMLSchema-instance' xmlns:z='http://www.w3.org/2001/XMLSchema' y:type='z:anyType'",
    "xmlns:y='http://www.w3.org/2001/XMLSchema-instance' y:type='none'",
    "xml:lang='zh'",
    "xmlns=''",
    "xmlns='urn:other'",
    "xmlns:o='urn:other' o:a='1'",
];

impl Stock {
    /// From documents and the schema that they follow.
    pub fn new(documents: &[String], schema: &str) -> Stock {
        let (mut names, mut values) = (Vec::new(), Vec::new());
        for document in documents {
            for (from, _) in elements(document) {
                names.push(name(&document[from + 1..]).to_owned());
            }
            let texts = document.split('>').skip(1);
            values.extend(texts.filter_map(|text| Some(text.split_once('<')?.0.to_owned())));
            values.extend(
                document
                    .split(['"', '\''])
                    .skip(1)
                    .step_by(2)
                    .map(str::to_owned),
            );
        }
        for quote in ['"', '\''] {
            for part in schema.split(&format!("name={quote}")).skip(1) {
                names.extend(part.split(quote).next().map(str::to_owned));
            }
            for part in schema.split(&format!("value={quote}")).skip(1) {
                values.extend(part.split(quote).next().map(str::to_owned));
            }
        }
        names.sort();
        names.dedup();
        values.extend(VALUES.map(str::to_owned));
        values.retain(|value| value.len() < 200 && !value.contains(['<', '"', '\'']));
        values.sort();
        values.dedup();
        Stock { names, values }
    }

    /// Changes a document once.
    pub fn change(&self, text: &mut String, random: &mut Random) {
        let elements = elements(text);
        if elements.is_empty() {
            return;
        }
        let (from, to) = *random.pick(&elements);
        let (other_from, other_to) = *random.pick(&elements);
        let tag_end = from + tag_end(&text[from..]);
        match random.below(13) {
            0 => text.replace_range(from..to, ""),
            1 => {
                let copy = text[from..to].repeat(1 + random.below(3) as usize);
                text.insert_str(to, &copy);
            }
            2 => {
                // The one that comes later first: the other keeps its place.
                let (first, second) = match from < other_from {
                    true => ((from, to), (other_from, other_to)),
                    false => ((other_from, other_to), (from, to)),
                };
                if first.1 <= second.0 {
                    let earlier = text[first.0..first.1].to_owned();
                    let later = text[second.0..second.1].to_owned();
                    text.replace_range(second.0..second.1, &earlier);
                    text.replace_range(first.0..first.1, &later);
                }
            }
            3 => {
                let copy = text[other_from..other_to].to_owned();
                let at = *random.pick(&[from, to, tag_end]);
                text.insert_str(at, &copy);
            }
            4 => {
                let old = name(&text[from + 1..]).to_owned();
                let new = random.pick(&self.names).clone();
                let prefix = old.split_once(':').map(|(prefix, _)| prefix);
                let new = match prefix {
                    Some(prefix) if random.below(2) == 0 => format!("{prefix}:{new}"),
                    _ => new,
                };
                if text[from..to].ends_with(&format!("</{old}>"))
                    && !text[..tag_end].ends_with("/>")
                {
                    text.replace_range(to - 1 - old.len()..to - 1, &new);
                }
                text.replace_range(from + 1..from + 1 + old.len(), &new);
            }
            5 => {
                let attributes = attributes(&text[from..tag_end]);
                if !attributes.is_empty() {
                    let (start, _, end) = *random.pick(&attributes);
                    text.replace_range(from + start..from + end, "");
                }
            }
            6 => {
                let attributes = attributes(&text[from..tag_end]);
                if !attributes.is_empty() {
                    let (_, value, end) = *random.pick(&attributes);
                    let new = random.pick(&self.values);
                    text.replace_range(from + value..from + end - 1, new);
                }
            }
            7 => {
                let at = from + 1 + name(&text[from + 1..]).len();
                let attribute = match random.below(3) {
                    0 => format!(
                        " {}='{}'",
                        random.pick(&self.names),
                        random.pick(&self.values)
                    ),
                    1 => format!(
                        " xmlns:y='http://www.w3.org/2001/XMLSchema-instance' y:type='{}'",
                        random.pick(&self.names)
                    ),
                    _ => format!(" {}", random.pick::<&str>(&ATTRIBUTES)),
                };
                text.insert_str(at, &attribute);
            }
            8 | 9 => {
                let end = tag_end + text[tag_end..].find('<').unwrap_or(0);
                if !text[..tag_end].ends_with("/>") {
                    text.replace_range(tag_end..end, random.pick::<String>(&self.values));
                }
            }
            10 => {
                let at = *random.pick(&[from, to, tag_end]);
                text.insert_str(at, random.pick::<&str>(&MARKUP));
            }
            11 => {
                if let Some(end) = text[tag_end..to].rfind("</") {
                    text.replace_range(tag_end..tag_end + end, "");
                }
            }
            _ => {
                let at = text.floor_char_boundary(random.below(text.len() as u64) as usize);
                let after = text.ceil_char_boundary(at + 1).min(text.len());
                let new = char::from(random.below(95) as u8 + 32).to_string();
                text.replace_range(at..after, &new);
            }
        }
    }
}

/// Where elements begin and end, in the order of their ends.
fn elements(text: &str) -> Vec<(usize, usize)> {
    let (mut found, mut open) = (Vec::new(), Vec::new());
    let mut at = 0;
    while let Some(next) = text[at..].find('<') {
        let from = at + next;
        let rest = &text[from..];
        let until = |end: &str| rest.find(end).map_or(rest.len(), |at| at + end.len());
        let length = match rest {
            _ if rest.starts_with("<!--") => until("-->"),
            _ if rest.starts_with("<![CDATA[") => until("]]>"),
            _ if rest.starts_with("<?") => until("?>"),
            _ => tag_end(rest),
        };
        at = from + length;
        match rest.as_bytes().get(1) {
            Some(b'!' | b'?') | None => {}
            Some(b'/') => found.extend(open.pop().map(|from| (from, at))),
            Some(_) if rest[..length].ends_with("/>") => found.push((from, at)),
            Some(_) => open.push(from),
        }
    }
    found
}

/// How long the tag is that `text` begins with.
fn tag_end(text: &str) -> usize {
    let mut quote = None;
    for (at, character) in text.char_indices() {
        match (quote, character) {
            (Some(open), close) if open == close => quote = None,
            (None, '"' | '\'') => quote = Some(character),
            (None, '>') => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn name(text: &str) -> &str {
    let end = text.find([' ', '\t', '\r', '\n', '/', '>', '=']);
    &text[..end.unwrap_or(text.len())]
}

/// Where the attributes of a tag begin, their values begin, and they end.
fn attributes(tag: &str) -> Vec<(usize, usize, usize)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(quote) = tag[at..].find(['"', '\'']) {
        let value = at + quote + 1;
        let Some(length) = tag[value..].find(&tag[value - 1..value]) else {
            break;
        };
        let end = value + length + 1;
        if let Some(space) = tag[at..value].find([' ', '\t', '\r', '\n']) {
            found.push((at + space, value, end));
        }
        at = end;
    }
    found
}
