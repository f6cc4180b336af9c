//! How long a text of a simple type may be: of facets, enumerations and patterns.

use super::xsd_reference::Value;

/// The fewest and the most characters; no most is without limit.
pub type Range = (usize, Option<usize>);

/// Of the texts of `value` that are not empty; `None` if only the empty one is.
pub fn length(value: &Value) -> Option<Range> {
    let given = value
        .alternatives()
        .into_iter()
        .filter(|one| !one.is_empty_text());
    given.map(one).reduce(either)
}

fn one(value: &Value) -> Range {
    let number = |facet| value.number(facet);
    let length = number("length");
    let mut range = match value.base.as_str() {
        "date" => (10, Some(10)),
        "decimal" | "integer" | "nonNegativeInteger" | "positiveInteger" => {
            (1, number("totalDigits"))
        }
        _ => (
            length.or(number("minLength")).unwrap_or(0),
            length.or(number("maxLength")),
        ),
    };
    let codes = value
        .enumeration
        .iter()
        .map(|code| code.value.chars().count());
    if let Some(range_of_codes) = codes.map(|count| (count, Some(count))).reduce(either) {
        range = both(range, range_of_codes);
    }
    for group in &value.patterns {
        let group = group.iter().map(|pattern| Pattern::range(pattern));
        range = both(range, group.reduce(either).expect("a pattern"));
    }
    range
}

/// Whether a text of `value` may be empty.
pub fn may_be_empty(value: &Value) -> bool {
    let alternatives = value.alternatives();
    alternatives
        .iter()
        .any(|value| value.is_empty_text() || one(value).0 == 0)
}

fn either(a: Range, b: Range) -> Range {
    (a.0.min(b.0), a.1.zip(b.1).map(|(a, b)| a.max(b)))
}

/// Of the texts that are in both.
pub fn both(a: Range, b: Range) -> Range {
    let most = [a.1, b.1].into_iter().flatten().min();
    (a.0.max(b.0), most)
}

/// Of the texts that fit a pattern.
pub fn of_pattern(pattern: &str) -> Range {
    Pattern::range(pattern)
}

/// A pattern that is read from left to right.
struct Pattern<'p> {
    rest: std::iter::Peekable<std::str::Chars<'p>>,
}

impl Pattern<'_> {
    fn range(pattern: &str) -> Range {
        let mut pattern = Pattern {
            rest: pattern.chars().peekable(),
        };
        pattern.branches()
    }

    fn branches(&mut self) -> Range {
        let mut range = self.branch();
        while self.rest.next_if_eq(&'|').is_some() {
            range = either(range, self.branch());
        }
        range
    }

    fn branch(&mut self) -> Range {
        let mut range = (0, Some(0));
        while let Some(next) = self.rest.next_if(|c| !"|)".contains(*c)) {
            let atom = match next {
                '(' => {
                    let inside = self.branches();
                    self.rest.next();
                    inside
                }
                '[' => {
                    self.class();
                    (1, Some(1))
                }
                '\\' => {
                    let letter = self.rest.next();
                    if matches!(letter, Some('p' | 'P')) {
                        _ = self.rest.find(|c| *c == '}');
                    }
                    (1, Some(1))
                }
                _ => (1, Some(1)),
            };
            let (min, max) = self.times();
            range.0 += atom.0 * min;
            range.1 = match (range.1, atom.1, max) {
                (Some(before), Some(atom), Some(max)) => Some(before + atom * max),
                _ => None,
            };
        }
        range
    }

    fn class(&mut self) {
        while let Some(next) = self.rest.next() {
            match next {
                '\\' => _ = self.rest.next(),
                '[' => self.class(),
                ']' => return,
                _ => {}
            }
        }
    }

    fn times(&mut self) -> Range {
        match self.rest.peek() {
            Some('?') => {
                self.rest.next();
                (0, Some(1))
            }
            Some('*') => {
                self.rest.next();
                (0, None)
            }
            Some('+') => {
                self.rest.next();
                (1, None)
            }
            Some('{') => {
                let inside: String = self
                    .rest
                    .by_ref()
                    .skip(1)
                    .take_while(|c| *c != '}')
                    .collect();
                let (min, max) = inside.split_once(',').unwrap_or((&inside, &inside));
                (min.parse().unwrap_or(0), max.parse().ok())
            }
            _ => (1, Some(1)),
        }
    }
}

#[test]
fn the_length_of_a_pattern() {
    for (pattern, range) in [
        ("[0-9]{4}", (4, Some(4))),
        ("MT[0-9]{4}|EPORT", (5, Some(6))),
        ("([0-9]{4}[A-Z\\]]?)(_.+)?", (4, None)),
        ("[0-9]{12}([0-9]{3}|[+\\-][0-9]{2})", (15, Some(15))),
        ("\\p{Lu}{1,3}", (1, Some(3))),
    ] {
        assert_eq!(Pattern::range(pattern), range, "{pattern}");
    }
}
