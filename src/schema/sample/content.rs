//! Content: whatever a particle admits, and the least that it admits.

use std::sync::Arc;

use super::super::tables::*;
use super::{ENDLESS, Sampler};

impl<'s> Sampler<'s, '_> {
    /// Whatever a particle admits, with text between if the type is mixed.
    pub fn particle(&mut self, particle: &'s Particle, mixed: bool, level: usize) -> Option<()> {
        let brief = self.brief(level);
        let spread = u64::from((particle.max.saturating_sub(particle.min)).min(2));
        let more = match brief {
            true => 0,
            false => self.random.below(spread + 1) as u32,
        };
        for _ in 0..particle.min + more {
            self.between(mixed);
            match &particle.term {
                Term::Element(element) => {
                    let stand_in = self.stand_in(*element, brief)?;
                    self.element(stand_in, level + 1)?;
                }
                Term::Any(wildcard) => {
                    let (written, outer) = (self.out.len(), self.default_space);
                    match self.wild(wildcard, level) {
                        Some(()) => {}
                        None if particle.min == 0 => {
                            // It may have been begun before it failed.
                            self.out.truncate(written);
                            self.default_space = outer;
                            break;
                        }
                        None => return None,
                    }
                }
                Term::Sequence(items) => {
                    for item in items.iter() {
                        self.particle(item, mixed, level)?;
                    }
                }
                Term::Choice(items) => {
                    let item = match brief {
                        true => {
                            let least = self.least();
                            let cost = |item: &&Particle| self.schema.cost(&least, item);
                            items.iter().min_by_key(cost)
                        }
                        false => self.random.pick(items),
                    };
                    match item {
                        Some(item) => self.particle(item, mixed, level)?,
                        None if particle.min == 0 => {}
                        None => return None,
                    }
                }
                Term::All(items) => {
                    let mut items: Vec<&Particle> = items.iter().collect();
                    self.random.shuffle(&mut items);
                    for item in items {
                        self.particle(item, mixed, level)?;
                    }
                }
            }
            self.between(mixed);
        }
        Some(())
    }

    /// What may stand between elements.
    fn between(&mut self, mixed: bool) {
        match self.random.below(60) {
            0 => self.out.push('\n'),
            1 => self.out += "<!-- a <note> & more -->",
            2..12 if mixed => self.out += "text &amp; 文",
            12 if mixed => self.out += "<![CDATA[<raw>]]>",
            _ => {}
        }
    }

    /// The element itself or a member of its substitution group.
    fn stand_in(&mut self, element: ElementId, brief: bool) -> Option<ElementId> {
        let schema = self.schema;
        let mut all = schema.elements[element].stands_for.clone();
        all.retain(|stand_in| !schema.elements[*stand_in].is_abstract);
        if !brief {
            return self.random.pick(&all).copied();
        }
        let least = self.least();
        all.into_iter()
            .min_by_key(|stand_in| least[schema.elements[*stand_in].ty])
    }

    /// An element that a wildcard admits.
    fn wild(&mut self, wildcard: &Wildcard, level: usize) -> Option<()> {
        let schema = self.schema;
        let strange = match wildcard.process {
            Process::Skip => true,
            Process::Lax => self.brief(level) || self.random.one_in(2),
            Process::Strict => false,
        };
        if !strange {
            let mut roots: Vec<(Name, ElementId)> =
                schema.roots.iter().map(|(name, at)| (*name, *at)).collect();
            roots.retain(|(name, root)| {
                wildcard.spaces.admit(name.space) && !schema.elements[*root].is_abstract
            });
            roots.sort_unstable();
            let root = match self.brief(level) {
                true => {
                    let least = self.least();
                    let cost = |(_, root): &&(Name, ElementId)| least[schema.elements[*root].ty];
                    roots.iter().min_by_key(cost)
                }
                false => self.random.pick(&roots),
            };
            if let Some((_, root)) = root {
                return self.element(*root, level + 1);
            }
            if wildcard.process == Process::Strict {
                return None;
            }
        }
        self.elements += 1;
        let space = self.space_of(&wildcard.spaces)?;
        // No default namespace inside: whatever is nested needs none.
        let undeclare = if self.default_space != 0 {
            " xmlns=\"\""
        } else {
            ""
        };
        let name = self.prefixed(space, "stranger");
        let inside = match self.random.below(4) {
            0 => String::new(),
            1 => "any text".to_owned(),
            2 => "<unheard of=\"1\"/>".to_owned(),
            _ => format!("<{name}/>more<{name}><nested/></{name}>"),
        };
        self.out += &format!("<{name}{undeclare}>{inside}</{name}>");
        Some(())
    }

    /// The least number of elements below an element of each type.
    pub fn least(&mut self) -> Arc<[u32]> {
        let schema = self.schema;
        let known = self.least.get_or_insert_with(|| schema.least().into());
        known.clone()
    }
}

impl Schema {
    /// See [`Sampler::least`]: estimates from above, until none sinks any more.
    fn least(&self) -> Vec<u32> {
        let mut least = vec![ENDLESS; self.types.len()];
        loop {
            let mut sunk = false;
            for (number, ty) in self.types.iter().enumerate() {
                let cost = match &ty.content {
                    _ if ty.is_abstract => self.least_derived(&least, number),
                    Content::Empty | Content::Simple(_) => 0,
                    Content::Model(model) => self.cost(&least, &model.particle),
                };
                sunk |= cost < least[number];
                least[number] = cost.min(least[number]);
            }
            if !sunk {
                return least;
            }
        }
    }

    fn least_derived(&self, least: &[u32], base: TypeId) -> u32 {
        let mut types: Vec<TypeId> = self.named_types.values().copied().collect();
        types.retain(|ty| {
            !self.types[*ty].is_abstract && self.derives(*ty, base, Derivations::default())
        });
        types.iter().map(|ty| least[*ty]).min().unwrap_or(ENDLESS)
    }

    /// The least number of elements that satisfies a particle.
    fn cost(&self, least: &[u32], particle: &Particle) -> u32 {
        if particle.min == 0 {
            return 0;
        }
        let once = match &particle.term {
            Term::Element(element) => {
                let all = &self.elements[*element].stands_for;
                let concrete = all.iter().map(|stand_in| &self.elements[*stand_in]);
                let costs = concrete.filter(|stand_in| !stand_in.is_abstract);
                costs.map(|one| 1 + least[one.ty]).min().unwrap_or(ENDLESS)
            }
            Term::Any(_) => 1,
            Term::Sequence(items) | Term::All(items) => {
                let costs = items.iter().map(|item| self.cost(least, item));
                costs.fold(0, |sum, cost| ENDLESS.min(sum + cost))
            }
            Term::Choice(items) => {
                let costs = items.iter().map(|item| self.cost(least, item));
                costs.min().unwrap_or(ENDLESS)
            }
        };
        ENDLESS.min(once.saturating_mul(particle.min))
    }
}
