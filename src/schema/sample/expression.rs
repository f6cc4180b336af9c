//! Texts that fit a regular expression, made from its tree in regex-syntax.

use regex_syntax::hir::{Class, Hir, HirKind};

use super::Random;

/// How often an open repetition comes round beyond its least, and how long a text may get.
const ROUNDS_MAX: u64 = 6;
const TEXT_MAX: usize = 5_000;

/// Appends a text that fits; `aim` is the length that the whole text should have.
pub fn write(expression: &Hir, aim: Option<usize>, random: &mut Random, out: &mut String) {
    match expression.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => *out += &String::from_utf8_lossy(&literal.0),
        HirKind::Class(class) => out.extend(character(class, random)),
        HirKind::Capture(capture) => write(&capture.sub, aim, random, out),
        HirKind::Concat(parts) => {
            for part in parts {
                write(part, aim, random, out);
            }
        }
        HirKind::Alternation(branches) => {
            if let Some(branch) = random.pick(branches) {
                write(branch, aim, random, out);
            }
        }
        HirKind::Repetition(repetition) => {
            let most = u64::from(repetition.max.unwrap_or(u32::MAX));
            let least = u64::from(repetition.min);
            let missing = aim.map(|aim| aim.saturating_sub(out.chars().count()) as u64);
            let times = match missing.filter(|_| random.one_in(2)) {
                Some(missing) => missing.clamp(least, most),
                None => least + random.below((most - least).min(ROUNDS_MAX) + 1),
            };
            for _ in 0..times {
                if out.len() > TEXT_MAX {
                    break;
                }
                write(&repetition.sub, aim, random, out);
            }
        }
    }
}

/// Where characters are taken from, if the class has some: ASCII, most of the time, and what
/// every version of Unicode has in the same categories.
const COMMON: &[(u32, u32)] = &[
    (0x20, 0x7e),
    (0xa1, 0x1ff),
    (0x400, 0x44f),
    (0x661, 0x669),
    (0x4e00, 0x9fa5),
];

/// One character of a class.
fn character(class: &Class, random: &mut Random) -> Option<char> {
    let Class::Unicode(class) = class else {
        return None;
    };
    let ranges: Vec<(u32, u32)> = class
        .ranges()
        .iter()
        .map(|range| (u32::from(range.start()), u32::from(range.end())))
        .collect();
    let among = |wanted: &[(u32, u32)]| {
        let pairs = wanted.iter().flat_map(|wanted| {
            let both = ranges
                .iter()
                .map(|range| (range.0.max(wanted.0), range.1.min(wanted.1)));
            both.filter(|(first, last)| first <= last)
        });
        pairs.collect::<Vec<(u32, u32)>>()
    };
    let plain = among(&COMMON[..if random.one_in(8) { COMMON.len() } else { 1 }]);
    let (first, last) = *random.pick(if plain.is_empty() { &ranges } else { &plain })?;
    (0..20).find_map(|_| {
        let code = first + random.below(u64::from(last - first) + 1) as u32;
        char::from_u32(code).filter(|character| is_xml(*character))
    })
}

/// Production Char of XML 1.0.
fn is_xml(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}'
        | '\u{10000}'..)
}

#[cfg(test)]
mod tests {
    use super::super::super::Pattern;
    use super::*;

    #[test]
    fn what_is_written_fits() {
        let seed = 7;
        println!("SEED={seed}");
        let mut random = Random::new(seed);
        for source in [
            "[A-Z]{2}[0-9]{3,5}",
            "(ab|c)*d?",
            r"[\i-[:]][\c-[:]]*",
            r"\p{L}+",
            "",
        ] {
            let pattern = Pattern::compile(source).expect(source);
            let expression = regex_syntax::parse(pattern.translated()).expect(source);
            for _ in 0..100 {
                let mut text = String::new();
                write(&expression, Some(9), &mut random, &mut text);
                assert!(pattern.is_match(&text), "{source}: {text:?}");
            }
        }
    }
}
