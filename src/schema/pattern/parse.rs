//! The grammar of XML Schema Part 2 (Second Edition), Appendix F, read by recursive descent
//! into a small tree. Only the form is judged here: names of categories and blocks are looked
//! up, but no set of characters is worked out, so that a schema set with thousands of
//! patterns is read quickly. Nesting is bounded, so that neither this reader nor the walks
//! over its tree can run out of stack.

use super::block;

/// Groups inside groups, and classes taken from classes. Published schemas stay below ten.
const DEPTH_MAX: usize = 100;

/// A part of an expression.
#[derive(Debug)]
pub enum Node {
    /// Fits the empty text only.
    Empty,
    /// One character out of a set.
    Set(Class),
    /// One part after another: a branch.
    Sequence(Vec<Node>),
    /// Any one of the branches.
    Choice(Vec<Node>),
    /// A piece with its quantifier.
    Repeat {
        /// What is repeated; never `Node::Empty`.
        node: Box<Node>,
        /// How often at least.
        least: u32,
        /// How often at most; `None` is without end.
        most: Option<u32>,
    },
}

/// A set of characters as written: production `charGroup`, and each single character.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Class {
    /// Whether the items are what is left out.
    pub negated: bool,
    /// What is added together.
    pub items: Vec<Item>,
    /// What is taken away, after the negation.
    pub without: Option<Box<Class>>,
}

/// A part of a class.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Item {
    /// From the first character to the last.
    Range(char, char),
    /// A one-letter escape, by its small letter; true for its capital, the complement.
    Letter(Letter, bool),
    /// A general category (production `IsCategory`); true for `\P`.
    Category(&'static str, bool),
    /// The ranges of a block (production `IsBlock`); true for `\P`.
    Block(&'static [block::Row], bool),
    /// A class that was a branch of its own.
    Class(Class),
}

/// The multi-character escapes (production `MultiCharEsc`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Letter {
    /// `\s`: white space of XML.
    Space,
    /// `\i`: the first character of a name.
    Initial,
    /// `\c`: a character of a name.
    Name,
    /// `\d`: decimal digits.
    Digit,
    /// `\w`: all but punctuation, separators and others.
    Word,
}

/// The general categories of the standard's table. `Cs` is not among them: a surrogate is
/// not a character of XML.
const CATEGORIES: &[&str] = &[
    "L", "Lu", "Ll", "Lt", "Lm", "Lo", "M", "Mn", "Mc", "Me", "N", "Nd", "Nl", "No", "P", "Pc",
    "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Z", "Zs", "Zl", "Zp", "S", "Sm", "Sc", "Sk", "So", "C",
    "Cc", "Cf", "Co", "Cn",
];

impl Class {
    fn of(items: Vec<Item>) -> Class {
        Class {
            negated: false,
            items,
            without: None,
        }
    }
}

/// Reads an expression: production `regExp`.
///
/// # Errors
/// The number of the character, from one, and what is wrong there.
pub fn parse(source: &str) -> Result<Node, (usize, String)> {
    let mut parser = Parser {
        characters: source.chars().collect(),
        at: 0,
        depth: 0,
    };
    parser
        .expression()
        .and_then(|node| match parser.next() {
            None => Ok(node),
            Some(_) => Err("a ) without its (".to_owned()),
        })
        .map_err(|what| (parser.at.max(1), what))
}

/// The reader: `at` is the next character, so a fault lies at the one before it.
struct Parser {
    characters: Vec<char>,
    at: usize,
    depth: usize,
}

impl Parser {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.characters.get(self.at + ahead).copied()
    }

    fn next(&mut self) -> Option<char> {
        let character = self.peek(0)?;
        self.at += 1;
        Some(character)
    }

    fn take(&mut self, wanted: char) -> bool {
        let found = self.peek(0) == Some(wanted);
        self.at += usize::from(found);
        found
    }

    fn descend(&mut self) -> Result<(), String> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(format!("nested more than {DEPTH_MAX} deep"));
        }
        Ok(())
    }

    /// Production `regExp`: branches between bars, up to the end or a `)`.
    fn expression(&mut self) -> Result<Node, String> {
        let first = self.branch()?;
        if self.peek(0) != Some('|') {
            return Ok(first);
        }
        let mut branches = vec![first];
        while self.take('|') {
            branches.push(self.branch()?);
        }
        Ok(choice(branches))
    }

    /// Production `branch`: any number of pieces.
    fn branch(&mut self) -> Result<Node, String> {
        let mut pieces = Vec::new();
        while let Some(character) = self.peek(0) {
            if matches!(character, '|' | ')') {
                break;
            }
            self.at += 1;
            let atom = self.atom(character)?;
            match self.quantifier(atom)? {
                Node::Empty => {}
                piece => pieces.push(piece),
            }
        }
        Ok(match pieces.len() {
            0 => Node::Empty,
            1 => pieces.remove(0),
            _ => Node::Sequence(pieces),
        })
    }

    /// Production `atom`, whose first character is read.
    fn atom(&mut self, first: char) -> Result<Node, String> {
        Ok(match first {
            '(' => {
                self.descend()?;
                let node = self.expression()?;
                if !self.take(')') {
                    return Err("a ( without its )".to_owned());
                }
                self.depth -= 1;
                node
            }
            '[' => Node::Set(self.class()?),
            // Production WildcardEsc.
            '.' => Node::Set(Class {
                negated: true,
                items: vec![Item::Range('\n', '\n'), Item::Range('\r', '\r')],
                without: None,
            }),
            '\\' => Node::Set(Class::of(vec![self.escape()?])),
            '?' | '*' | '+' => {
                return Err(format!("a quantifier {first} with nothing before it"));
            }
            '{' | '}' | ']' => {
                return Err(format!("a {first} that stands for itself needs \\{first}"));
            }
            // The anchors of other languages are ordinary characters here.
            plain => Node::Set(Class::of(vec![Item::Range(plain, plain)])),
        })
    }

    /// Production `quantifier`, where there is one.
    fn quantifier(&mut self, node: Node) -> Result<Node, String> {
        let (least, most) = match self.peek(0) {
            Some('?') => (0, Some(1)),
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('{') => {
                self.at += 1;
                let least = self.number()?;
                let most = match (self.take(','), self.peek(0)) {
                    (false, _) => Some(least),
                    (true, Some('}')) => None,
                    (true, _) => Some(self.number()?),
                };
                if self.peek(0) != Some('}') {
                    self.at += 1;
                    return Err("a quantity without its }".to_owned());
                }
                if most.is_some_and(|most| most < least) {
                    return Err("a quantity whose most is less than its least".to_owned());
                }
                (least, most)
            }
            _ => return Ok(node),
        };
        self.at += 1;
        if matches!(self.peek(0), Some('?' | '*' | '+' | '{')) {
            self.at += 1;
            return Err("a quantifier after a quantifier".to_owned());
        }
        Ok(match (node, most) {
            (Node::Empty, _) | (_, Some(0)) => Node::Empty,
            (node, _) => Node::Repeat {
                node: Box::new(node),
                least,
                most,
            },
        })
    }

    /// Production `QuantExact`. What exceeds the counter is beyond any text and any cap.
    fn number(&mut self) -> Result<u32, String> {
        let start = self.at;
        let mut number = 0u32;
        while let Some(digit) = self.peek(0).filter(char::is_ascii_digit) {
            let digit = u32::from(digit) - u32::from('0');
            number = number.saturating_mul(10).saturating_add(digit);
            self.at += 1;
        }
        if self.at == start {
            self.at += 1;
            return Err("a quantity without its number".to_owned());
        }
        Ok(number)
    }

    /// Production `charClassExpr`, whose `[` is read.
    fn class(&mut self) -> Result<Class, String> {
        self.descend()?;
        let negated = self.take('^');
        let mut items = Vec::new();
        let mut without = None;
        loop {
            let character = self.next().ok_or("a [ without its ]")?;
            let item = match character {
                ']' if items.is_empty() => return Err("an empty character class".to_owned()),
                ']' => break,
                '[' => return Err("a [ inside a character class needs \\[".to_owned()),
                // Production charClassSub: nothing but the closing ] may follow.
                '-' if self.peek(0) == Some('[') && !items.is_empty() => {
                    self.at += 1;
                    without = Some(Box::new(self.class()?));
                    if !self.take(']') {
                        self.at += 1;
                        return Err("a subtraction that does not end its class".to_owned());
                    }
                    break;
                }
                // Production XmlCharIncDash: at either end of the group only.
                '-' => {
                    let last = self.peek(0) == Some(']') || self.subtraction(0);
                    if !items.is_empty() && !last {
                        return Err("a - inside a character class needs \\-".to_owned());
                    }
                    Item::Range('-', '-')
                }
                '\\' => self.escape()?,
                plain => Item::Range(plain, plain),
            };
            items.push(self.range(item)?);
        }
        self.depth -= 1;
        Ok(Class {
            negated,
            items,
            without,
        })
    }

    /// Whether `-[` stands here.
    fn subtraction(&self, ahead: usize) -> bool {
        self.peek(ahead) == Some('-') && self.peek(ahead + 1) == Some('[')
    }

    /// Production `seRange`, where the item just read begins one.
    fn range(&mut self, item: Item) -> Result<Item, String> {
        let Item::Range(first, _) = item else {
            return Ok(item);
        };
        let literal_hyphen = first == '-' && self.characters[self.at - 2] != '\\';
        let ahead = self.peek(1);
        if literal_hyphen
            || self.peek(0) != Some('-')
            || matches!(ahead, None | Some(']' | '['))
            || self.subtraction(1)
        {
            return Ok(item);
        }
        self.at += 2;
        let last = match ahead {
            Some('-') => return Err("a range that ends in - needs \\-".to_owned()),
            Some('\\') => match self.escape()? {
                Item::Range(last, _) => last,
                _ => return Err("a range that ends in a set".to_owned()),
            },
            other => other.unwrap_or(first),
        };
        if last < first {
            return Err("a range whose end is before its start".to_owned());
        }
        Ok(Item::Range(first, last))
    }

    /// Productions `SingleCharEsc`, `MultiCharEsc`, `catEsc` and `complEsc`, whose `\` is read.
    fn escape(&mut self) -> Result<Item, String> {
        let character = self.next().ok_or("a \\ at the end")?;
        let letter = |letter| Item::Letter(letter, character.is_ascii_uppercase());
        Ok(match character {
            'n' => Item::Range('\n', '\n'),
            'r' => Item::Range('\r', '\r'),
            't' => Item::Range('\t', '\t'),
            '\\' | '|' | '.' | '-' | '^' | '?' | '*' | '+' | '{' | '}' | '(' | ')' | '[' | ']' => {
                Item::Range(character, character)
            }
            's' | 'S' => letter(Letter::Space),
            'i' | 'I' => letter(Letter::Initial),
            'c' | 'C' => letter(Letter::Name),
            'd' | 'D' => letter(Letter::Digit),
            'w' | 'W' => letter(Letter::Word),
            'p' | 'P' => self.property(character == 'P')?,
            _ => return Err(format!("an unknown escape \\{character}")),
        })
    }

    /// Production `charProp` between its braces.
    fn property(&mut self, negated: bool) -> Result<Item, String> {
        if !self.take('{') {
            self.at += 1;
            return Err("a \\p or \\P without its {".to_owned());
        }
        let mut name = String::new();
        loop {
            match self.next() {
                Some('}') => break,
                Some(character) if character.is_ascii_alphanumeric() || character == '-' => {
                    name.push(character);
                }
                _ => return Err("a \\p{ or \\P{ without its }".to_owned()),
            }
        }
        if let Some(rest) = name.strip_prefix("Is") {
            return block::find(rest)
                .map(|rows| Item::Block(rows, negated))
                .ok_or_else(|| format!("an unknown block {name}"));
        }
        CATEGORIES
            .iter()
            .find(|category| **category == name)
            .map(|category| Item::Category(category, negated))
            .ok_or_else(|| format!("an unknown category {name:?}"))
    }
}

/// Branches, or one class where each is a single character: `([A-Z]|[0-9])` is `[A-Z0-9]`.
fn choice(branches: Vec<Node>) -> Node {
    if !branches.iter().all(|branch| matches!(branch, Node::Set(_))) {
        return Node::Choice(branches);
    }
    let mut items = Vec::new();
    for branch in branches {
        match branch {
            Node::Set(class) if class.negated || class.without.is_some() => {
                items.push(Item::Class(class));
            }
            Node::Set(class) => items.extend(class.items),
            _ => {}
        }
    }
    Node::Set(Class::of(items))
}
