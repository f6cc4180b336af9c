//! Texts of simple types: guesses that look at every facet, each checked by the type itself
//! before it is written.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::super::simple::{Bound, Facets, Simple, Variety};
use super::super::tables::SimpleId;
use super::super::value::{Form, Identity, Primitive, White};
use super::{Random, Sampler, expression};

/// Guesses until a type is given up.
const GUESSES: usize = 60;
/// Unions and lists inside each other.
const NESTED_MAX: usize = 8;

const PLAIN: &[char] = &[
    'a', 'b', 'c', 'x', 'y', 'z', 'A', 'B', 'Z', '0', '1', '9', '-', '.', '_', ' ', 'é', '货', '&',
    '<', '\'', '"', ']', '>',
];
const NAME: &[char] = &['a', 'b', 'c', 'Z', '0', '9', '-', '.', '_', 'é', '货'];

impl<'s> Sampler<'s, '_> {
    /// A text that fits; `None` if none was found.
    pub fn value(&mut self, simple: SimpleId) -> Option<String> {
        self.nested_value(simple, 0)
    }

    fn nested_value(&mut self, number: SimpleId, nested: usize) -> Option<String> {
        let schema = self.schema;
        let simple = &schema.simples[number];
        if nested > NESTED_MAX {
            return None;
        }
        for _ in 0..GUESSES {
            let Some(mut text) = self.guess(simple, nested) else {
                continue;
            };
            let atomic = matches!(simple.variety, Variety::Atomic(..));
            if atomic && nested == 0 && simple.white == White::Collapse && self.random.one_in(20) {
                text = format!(" \n{text}\t");
            }
            let prefixes = self.prefixes();
            if simple.check(&schema.simples, &text, &prefixes).is_err() {
                continue;
            }
            if simple.identity == Identity::Id {
                let id = text.trim().to_owned();
                if self.ids.contains(&id) {
                    continue;
                }
                self.ids.push(id);
            }
            return Some(text);
        }
        None
    }

    fn guess(&mut self, simple: &'s Simple, nested: usize) -> Option<String> {
        let facets = &simple.facets;
        if let Some(enumeration) = &facets.enumeration {
            let text = self.random.pick(&enumeration.values)?.clone();
            return match simple.contextual {
                true => self.renamed(&text),
                false => Some(text),
            };
        }
        if !facets.patterns.is_empty() && !self.random.one_in(8) {
            return self.by_pattern(facets);
        }
        match &simple.variety {
            Variety::Any => Some(self.text(Form::Any, 0, 20)),
            Variety::List(item) => {
                let length = self.length(facets, 4);
                let mut words = Vec::new();
                for _ in 0..length {
                    let word = self.nested_value(*item, nested + 1)?;
                    let white = |c: char| matches!(c, ' ' | '\t' | '\n' | '\r');
                    if word.is_empty() || word.contains(white) {
                        return None;
                    }
                    words.push(word);
                }
                Some(words.join(" "))
            }
            Variety::Union(members) => {
                let member = *self.random.pick(members)?;
                self.nested_value(member, nested + 1)
            }
            Variety::Atomic(primitive, form) => self.atomic(simple, *primitive, *form),
        }
    }

    /// A name of a listed QName with the prefix that this document has for it.
    fn renamed(&mut self, text: &str) -> Option<String> {
        let local = text.trim().rsplit(':').next()?.to_owned();
        let spaces = self.spaces();
        let space = *self.random.pick(&spaces)?;
        match (space, self.default_space) {
            (0, 1..) => None,
            _ => Some(self.prefixed(space, &local)),
        }
    }

    /// All namespaces, by number.
    fn spaces(&self) -> Vec<u16> {
        let names = &self.schema.names;
        let named = (1..).take_while(|space| !names.space_name(*space).is_empty());
        std::iter::once(0).chain(named).collect()
    }

    fn by_pattern(&mut self, facets: &'s Facets) -> Option<String> {
        let step = self.random.pick(&facets.patterns)?;
        let pattern = self.random.pick(step)?;
        let source = pattern.translated();
        let tree = match self.expressions.get(source) {
            Some(tree) => tree.clone(),
            None => {
                let tree = Arc::new(regex_syntax::parse(source).ok()?);
                self.expressions.insert(source, tree.clone());
                tree
            }
        };
        let aim = match (facets.length, facets.length_max) {
            (Some(exact), _) => Some(exact as usize),
            (None, Some(max)) => {
                let min = facets.length_min.unwrap_or(0);
                Some((min + self.random.below((max.saturating_sub(min)).min(50) + 1)) as usize)
            }
            (None, None) => facets.length_min.map(|min| min as usize),
        };
        let mut text = String::new();
        expression::write(&tree, aim, self.random, &mut text);
        Some(text)
    }

    /// A length that the facets admit: the least, the greatest or one a little above the least.
    fn length(&mut self, facets: &Facets, spread: u64) -> usize {
        if let Some(exact) = facets.length {
            return exact as usize;
        }
        let least = facets.length_min.unwrap_or(0);
        let most = facets.length_max.unwrap_or(least + spread).max(least);
        if most - least < 300 && self.random.one_in(5) {
            return most as usize;
        }
        (least + self.random.below((most - least).min(spread) + 1)) as usize
    }

    fn atomic(&mut self, simple: &Simple, primitive: Primitive, form: Form) -> Option<String> {
        let facets = &simple.facets;
        match simple.identity {
            Identity::None => {}
            Identity::Id => {
                self.ids_made += 1;
                return Some(format!("i{}", self.ids_made));
            }
            // If there is none yet, the next one to come.
            Identity::IdRef => {
                let next = format!("i{}", self.ids_made + 1);
                return Some(self.random.pick(&self.ids).cloned().unwrap_or(next));
            }
            Identity::Entity => return None,
        }
        let bounds: Vec<&Bound> = [&facets.lower, &facets.upper]
            .into_iter()
            .filter_map(Option::as_deref)
            .collect();
        if self.random.one_in(4)
            && let Some(bound) = self.random.pick(&bounds)
        {
            return Some(bound.text.clone());
        }
        use Primitive as P;
        let length = match primitive.has_length() {
            true => self.length(facets, 12),
            false => 0,
        };
        Some(match primitive {
            P::String => self.text(form, length, length),
            P::Boolean => (*self.random.pick(&["true", "false", "1", "0"])?).to_owned(),
            P::Decimal => number(facets, form, self.random),
            P::Float | P::Double => float(facets, self.random),
            P::Duration => duration(self.random),
            P::HexBinary => {
                let octets = (0..length).map(|_| self.random.below(256));
                let text: String = octets.map(|octet| format!("{octet:02X}")).collect();
                if self.random.one_in(2) {
                    text.to_lowercase()
                } else {
                    text
                }
            }
            P::Base64Binary => {
                let octets = (0..length).map(|_| self.random.below(256) as u8);
                STANDARD.encode(octets.collect::<Vec<u8>>())
            }
            P::AnyUri => {
                let path = self.text(Form::NcName, length.max(1), length.max(1));
                match length {
                    0 => String::new(),
                    20.. => format!("http://example.org/{path}")
                        .chars()
                        .take(length)
                        .collect(),
                    _ => path.chars().take(length).collect(),
                }
            }
            // Notations that are declared are listed: NOTATION itself is not to be used.
            P::Notation => return None,
            P::QName => {
                let local = self.text(Form::NcName, 1, 6);
                self.renamed(&local)?
            }
            P::DateTime | P::Time | P::Date | P::GYearMonth => self.moment(primitive, &bounds),
            P::GYear | P::GMonthDay | P::GDay | P::GMonth => self.moment(primitive, &bounds),
        })
    }

    /// A text of a form with `least` to `most` characters.
    fn text(&mut self, form: Form, least: usize, most: usize) -> String {
        let length = least + self.random.below((most - least) as u64 + 1) as usize;
        if form == Form::Language {
            let tags = [
                "en",
                "zh-CN",
                "x-klingon",
                "de-CH-1996",
                "i",
                "abcdefgh-12345678",
            ];
            return (*self.random.pick(&tags).unwrap_or(&"en")).to_owned();
        }
        let mut text = String::new();
        for at in 0..length {
            let characters = match form {
                Form::Any | Form::Integer | Form::Language => PLAIN,
                Form::NcName | Form::Name if at == 0 => &['a', 'Z', '_', 'é', '货'],
                Form::NcName => NAME,
                Form::Name | Form::NmToken if self.random.one_in(20) => &[':'],
                Form::Name | Form::NmToken => NAME,
            };
            text.extend(self.random.pick(characters));
        }
        text
    }

    fn moment(&mut self, kind: Primitive, bounds: &[&Bound]) -> String {
        use Primitive as P;
        let random = &mut *self.random;
        let near: Vec<u64> = bounds
            .iter()
            .filter_map(|bound| bound.text.trim().split('-').next()?.parse().ok())
            .collect();
        let year = match near.as_slice() {
            [] => random.below(2200),
            [one] => (one + random.below(4)).saturating_sub(1),
            [first, last, ..] => first + random.below(last.saturating_sub(*first) + 1),
        };
        let year = year.max(1);
        let (month, day) = (1 + random.below(12), 1 + random.below(28));
        let month_day = match random.below(10) {
            0 => "12-31".to_owned(),
            1 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => "02-29".to_owned(),
            _ => format!("{month:02}-{day:02}"),
        };
        let mut time = format!(
            "{:02}:{:02}:{:02}",
            random.below(24),
            random.below(60),
            random.below(60)
        );
        match random.below(12) {
            0 => time += ".5",
            1 => time += &format!(".{:09}", random.below(1_000_000_000)),
            2 => time = "24:00:00".to_owned(),
            _ => {}
        }
        let sign = if near.is_empty() && random.one_in(15) {
            "-"
        } else {
            ""
        };
        let wide = if near.is_empty() && random.one_in(30) {
            "1"
        } else {
            ""
        };
        let year = format!("{sign}{wide}{year:04}");
        let text = match kind {
            P::DateTime => format!("{year}-{month_day}T{time}"),
            P::Time => time,
            P::Date => format!("{year}-{month_day}"),
            P::GYearMonth => format!("{year}-{month:02}"),
            P::GYear => year,
            P::GMonthDay => format!("--{month_day}"),
            P::GDay => format!("---{day:02}"),
            _ => format!("--{month:02}"),
        };
        let zone = match random.below(6) {
            0 => "Z",
            1 => "+08:00",
            2 => "-11:30",
            3 => "+14:00",
            _ => "",
        };
        text + zone
    }
}

/// A decimal number within the bounds, near them or anywhere.
fn number(facets: &Facets, form: Form, random: &mut Random) -> String {
    let digits = facets.digits_max.unwrap_or(12).min(25);
    let fraction = match form {
        Form::Integer => 0,
        _ => facets.fraction_digits_max.unwrap_or(4).min(digits).min(8),
    };
    let places = random.below(fraction + 1) as u32;
    let unit = 10i128.pow(places);
    let scaled =
        |bound: Option<&Bound>| bound.as_ref().and_then(|bound| scale(&bound.text, places));
    let size = 10i128.pow(1 + random.below(digits) as u32);
    let (lower, upper) = (
        scaled(facets.lower.as_deref()),
        scaled(facets.upper.as_deref()),
    );
    let most = 10i128.pow(digits as u32) - 1;
    let (low, high) = match (lower, upper) {
        (Some(low), Some(high)) => (low, high),
        (Some(low), None) => (low, low + size),
        (None, Some(high)) => (high - size, high),
        (None, None) => (-size, size),
    };
    let (low, high) = (low.max(-most), high.min(most));
    let span = (high - low).clamp(0, i128::from(u64::MAX >> 1)) as u64;
    let value = match random.below(6) {
        0 => low + i128::from(random.below(3)),
        1 => high - i128::from(random.below(3)),
        _ => low + i128::from(random.below(span + 1)),
    };
    let (whole, part) = (value.abs() / unit, value.abs() % unit);
    let sign = match value < 0 {
        true => "-",
        false if random.one_in(10) => "+",
        false => "",
    };
    let zeros = if random.one_in(15) { "00" } else { "" };
    let mut text = format!("{sign}{zeros}{whole}");
    if places > 0 {
        text += &format!(".{part:0width$}", width = places as usize);
    } else if form != Form::Integer && random.one_in(20) {
        text += if random.one_in(2) { "." } else { ".00" };
    }
    text
}

/// The number as a multiple of 10 to the power of minus `places`, cut off.
fn scale(text: &str, places: u32) -> Option<i128> {
    let text = text.trim();
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let part: String = part
        .chars()
        .chain(std::iter::repeat('0'))
        .take(places as usize)
        .collect();
    format!("{whole}{part}").parse().ok()
}

fn float(facets: &Facets, random: &mut Random) -> String {
    let bound = |bound: Option<&Bound>| {
        bound
            .as_ref()
            .and_then(|bound| bound.text.trim().parse::<f64>().ok())
    };
    let (lower, upper) = (
        bound(facets.lower.as_deref()),
        bound(facets.upper.as_deref()),
    );
    if lower.is_none() && upper.is_none() && random.one_in(4) {
        let special = ["INF", "-INF", "NaN", "0", "-0", "1e5", "-1.E-3", ".5E+2"];
        return (*random.pick(&special).unwrap_or(&"0")).to_owned();
    }
    let low = lower.unwrap_or_else(|| upper.unwrap_or(0.0) - 1000.0);
    let high = upper.unwrap_or(low + 2000.0);
    let value = low + (high - low) * (random.below(1001) as f64 / 1000.0);
    match random.below(3) {
        0 => format!("{value:E}"),
        1 => format!("{value:.2}"),
        _ => format!("{value}"),
    }
}

fn duration(random: &mut Random) -> String {
    let mut text = String::from(if random.one_in(10) { "-P" } else { "P" });
    for unit in ["Y", "M", "D"] {
        if random.one_in(2) {
            text += &format!("{}{unit}", random.below(40));
        }
    }
    let mut time = String::new();
    for unit in ["H", "M"] {
        if random.one_in(3) {
            time += &format!("{}{unit}", random.below(90));
        }
    }
    if random.one_in(4) {
        time += &format!("{}.5S", random.below(90));
    }
    if !time.is_empty() || text.ends_with('P') {
        text.push('T');
        text += if time.is_empty() { "0S" } else { &time };
    }
    text
}
