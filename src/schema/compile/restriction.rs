//! Whether a content model that restricts another admits only what that admits (XML Schema
//! Part 1, 3.9.6, Particle Valid (Restriction)): the cases of the standard, by their names.

use std::sync::Arc;

use crate::schema::tables::*;

use super::attributes::subset;
use super::complexes::emptiable;
use super::{Compiler, Result};

/// A comparison costs at most this many looks, at a pair of particles or at one of them:
/// published restrictions need some hundreds, and mistakes in choices can multiply.
const LOOKS_MAX: usize = 500_000;

impl<'s> Compiler<'s> {
    /// Derivation Valid (Restriction, Complex) of all types, as far as content goes.
    pub(super) fn restrictions(&mut self) -> Result<()> {
        for ty in 0..self.drafts.len() {
            let made = &self.schema.types[ty];
            if !made.complex
                || made.by != Derivation::Restriction
                || self.drafts[ty].source.is_none()
            {
                continue;
            }
            if made.base == ANY_TYPE {
                continue;
            }
            if let Some(text) = self.restricts(ty, made.base) {
                return Err(self.type_mistake(ty, text));
            }
        }
        for (made, before, scope, node) in &self.later_restrictions {
            let mut compared = Comparison {
                compiler: self,
                looks: 0,
            };
            if let Err(why) = compared.particle(&flat(made), &flat(before)) {
                return self.mistake(*scope, node, format!("src-redefine.6.2.2: {why}"));
            }
        }
        Ok(())
    }

    fn restricts(&self, ty: TypeId, base: TypeId) -> Option<String> {
        let own = &self.drafts[ty].particle;
        let from = &self.drafts[base].particle;
        let simple = |ty: TypeId| matches!(self.schema.types[ty].content, Content::Simple(_));
        match (own, from) {
            (_, None) if own.is_some() => {
                Some("derivation-ok-restriction.5.4.2: the base has no such content".to_owned())
            }
            (None, _) if simple(ty) => None,
            (None, None) if simple(base) => {
                Some("derivation-ok-restriction.5.2: the base has simple content".to_owned())
            }
            (None, None) => None,
            (None, Some((from, _))) => (!emptiable(from)).then(|| {
                "derivation-ok-restriction.5.3.2: the base does not admit empty content".to_owned()
            }),
            (Some((own, mixed)), Some((from, from_mixed))) => {
                if *mixed && !from_mixed {
                    let text =
                        "derivation-ok-restriction.5.4.1.2: a mixed type restricts one that is not";
                    return Some(text.to_owned());
                }
                let mut compared = Comparison {
                    compiler: self,
                    looks: 0,
                };
                let why = compared.particle(&flat(own), &flat(from)).err()?;
                Some(format!("derivation-ok-restriction.5.4.2: {why}"))
            }
            (Some(_), None) => None,
        }
    }
}

/// A particle without groups that say nothing (3.9.6, pointless occurrences).
fn flat(particle: &Particle) -> Particle {
    let rebuilt = |items: &Arc<[Particle]>, same: fn(&Term) -> Option<&Arc<[Particle]>>| {
        let mut flattened: Vec<Particle> = Vec::with_capacity(items.len());
        for item in items.iter() {
            let item = flat(item);
            match same(&item.term) {
                Some(inside) if item.min == 1 && item.max == 1 => {
                    flattened.extend(inside.iter().cloned());
                }
                _ => flattened.push(item),
            }
        }
        flattened
    };
    let term = match &particle.term {
        Term::Sequence(items) => {
            let mut items = rebuilt(items, |term| match term {
                Term::Sequence(items) => Some(items),
                _ => None,
            });
            items.retain(|item| !is_empty_group(item));
            Term::Sequence(items.into())
        }
        Term::Choice(items) => Term::Choice(
            rebuilt(items, |term| match term {
                Term::Choice(items) => Some(items),
                _ => None,
            })
            .into(),
        ),
        other => other.clone(),
    };
    match &term {
        Term::Sequence(items) | Term::Choice(items) | Term::All(items)
            if items.len() == 1 && particle.min == 1 && particle.max == 1 =>
        {
            items[0].clone()
        }
        _ => Particle {
            min: particle.min,
            max: particle.max,
            term,
        },
    }
}

fn is_empty_group(particle: &Particle) -> bool {
    match &particle.term {
        Term::Sequence(items) | Term::All(items) => items.is_empty(),
        _ => false,
    }
}

struct Comparison<'c, 's> {
    compiler: &'c Compiler<'s>,
    looks: usize,
}

type Compared = std::result::Result<(), String>;

fn no(case: &str, why: &str) -> Compared {
    Err(format!("{case}: {why}"))
}

/// Whether one range of occurrences lies within another (range-ok).
fn within(own: (u32, u32), base: (u32, u32)) -> bool {
    own.0 >= base.0 && (base.1 == UNBOUNDED || (own.1 != UNBOUNDED && own.1 <= base.1))
}

impl Comparison<'_, '_> {
    fn particle(&mut self, own: &Particle, base: &Particle) -> Compared {
        self.looks += 1;
        if self.looks > LOOKS_MAX {
            return no(
                "not supported",
                "a restriction of this size cannot be compared with its base",
            );
        }
        if is_empty_group(own) {
            return match self.emptiable(base) {
                true => Ok(()),
                false => no("rcase-Recurse.2", "the base does not admit empty content"),
            };
        }
        // A head stands for a choice of its substitution group (3.9.6).
        if let Term::Element(element) = base.term
            && !matches!(own.term, Term::Element(_))
            && self.compiler.schema.elements[element].stands_for.len() > 1
        {
            let group = self.group_of(element, base);
            return self.particle(own, &group);
        }
        if let Term::Element(element) = own.term
            && !matches!(base.term, Term::Element(_) | Term::Any(_))
            && self.compiler.schema.elements[element].stands_for.len() > 1
            && self.compiler.schema.elements[element].global
        {
            // As itself first: most restrictions keep the reference to the head.
            let group = self.group_of(element, own);
            return self.pair(own, base).or_else(|_| self.pair(&group, base));
        }
        self.pair(own, base)
    }

    /// Whether a particle can be satisfied by nothing; each look at a part of it counts.
    fn emptiable(&mut self, particle: &Particle) -> bool {
        self.looks += 1;
        particle.min == 0
            || match &particle.term {
                Term::Element(_) | Term::Any(_) => false,
                Term::Sequence(items) | Term::All(items) => {
                    items.iter().all(|item| self.emptiable(item))
                }
                Term::Choice(items) => {
                    items.is_empty() || items.iter().any(|item| self.emptiable(item))
                }
            }
    }

    fn group_of(&mut self, element: ElementId, particle: &Particle) -> Particle {
        let members = &self.compiler.schema.elements[element].stands_for;
        self.looks += members.len();
        let members = members.iter();
        let members: Vec<Particle> = members
            .filter(|member| !self.compiler.schema.elements[**member].is_abstract)
            .map(|member| Particle {
                min: 1,
                max: 1,
                term: Term::Element(*member),
            })
            .collect();
        Particle {
            min: particle.min,
            max: particle.max,
            term: Term::Choice(members.into()),
        }
    }

    fn pair(&mut self, own: &Particle, base: &Particle) -> Compared {
        match (&own.term, &base.term) {
            (Term::Element(a), Term::Element(b)) => self.name_and_type(own, *a, base, *b),
            (Term::Element(element), Term::Any(wildcard)) => {
                let space = self.compiler.schema.elements[*element].name.space;
                if !wildcard.spaces.admit(space) {
                    return no(
                        "rcase-NSCompat.1",
                        "the wildcard does not admit the namespace of the element",
                    );
                }
                match within((own.min, own.max), (base.min, base.max)) {
                    true => Ok(()),
                    false => no("rcase-NSCompat.2", "it occurs more or less often"),
                }
            }
            (Term::Any(a), Term::Any(b)) => {
                if !within((own.min, own.max), (base.min, base.max)) {
                    return no("rcase-NSSubset.1", "it occurs more or less often");
                }
                if !subset(&a.spaces, &b.spaces) {
                    return no("rcase-NSSubset.2", "the wildcard admits other namespaces");
                }
                match a.process >= b.process {
                    true => Ok(()),
                    false => no("rcase-NSSubset.3", "the wildcard asks for less"),
                }
            }
            (Term::Any(_), _) => no(
                "cos-particle-restrict.2",
                "a wildcard restricts no element or group",
            ),
            (_, Term::Element(_)) => no("cos-particle-restrict.2", "a group restricts no element"),
            (Term::Element(_), _) => {
                // rcase-RecurseAsIfGroup: the element as the only part of such a group.
                let alone = |term: fn(Arc<[Particle]>) -> Term| Particle {
                    min: 1,
                    max: 1,
                    term: term(Arc::new([own.clone()])),
                };
                let alone = match &base.term {
                    Term::Choice(_) => alone(Term::Choice),
                    Term::All(_) => alone(Term::All),
                    _ => alone(Term::Sequence),
                };
                self.groups(&alone, base)
            }
            (_, Term::Any(wildcard)) => {
                // rcase-NSRecurseCheckCardinality
                let (min, max) = total(own);
                if !within((min, max), (base.min, base.max)) {
                    return no(
                        "rcase-NSRecurseCheckCardinality.2",
                        "it has more or fewer elements than the wildcard admits",
                    );
                }
                let items = items_of(own);
                let free = Particle {
                    min: 0,
                    max: UNBOUNDED,
                    term: Term::Any(wildcard.clone()),
                };
                for item in items {
                    self.particle(item, &free)
                        .map_err(|why| format!("rcase-NSRecurseCheckCardinality.1: {why}"))?;
                }
                Ok(())
            }
            _ => self.groups(own, base),
        }
    }

    fn groups(&mut self, own: &Particle, base: &Particle) -> Compared {
        let (own_range, base_range) = ((own.min, own.max), (base.min, base.max));
        match (&own.term, &base.term) {
            (Term::All(items), Term::All(from)) => {
                self.range("rcase-Recurse.1", own_range, base_range)?;
                self.ordered("rcase-Recurse", items, from, true)
            }
            (Term::Sequence(items), Term::Sequence(from)) => {
                self.range("rcase-Recurse.1", own_range, base_range)?;
                self.ordered("rcase-Recurse", items, from, true)
            }
            (Term::Choice(items), Term::Choice(from)) => {
                self.range("rcase-RecurseLax.1", own_range, base_range)?;
                self.ordered("rcase-RecurseLax", items, from, false)
            }
            (Term::Sequence(items), Term::All(from)) => {
                self.range("rcase-RecurseUnordered.1", own_range, base_range)?;
                self.unordered("rcase-RecurseUnordered", items, from)
            }
            (Term::Sequence(items), Term::Choice(from)) => {
                let count = items.len() as u64;
                let times = |occurs: u32| match occurs {
                    UNBOUNDED => UNBOUNDED,
                    occurs => u32::try_from(u64::from(occurs) * count).unwrap_or(UNBOUNDED - 1),
                };
                let range = (times(own.min), times(own.max));
                self.range("rcase-MapAndSum.2", range, base_range)?;
                for item in items.iter() {
                    let mut last = String::new();
                    let fits = from.iter().any(|from| match self.particle(item, from) {
                        Ok(()) => true,
                        Err(why) => {
                            last = why;
                            false
                        }
                    });
                    if !fits {
                        return no(
                            "rcase-MapAndSum.1",
                            &format!("no alternative of the base admits a part ({last})"),
                        );
                    }
                }
                Ok(())
            }
            _ => no(
                "cos-particle-restrict.2",
                "a group of this kind does not restrict one of that",
            ),
        }
    }

    fn range(&self, case: &str, own: (u32, u32), base: (u32, u32)) -> Compared {
        match within(own, base) {
            true => Ok(()),
            false => no(case, "it occurs more or less often than in the base"),
        }
    }

    /// Each part restricts one of the base, in order; those passed over can be empty, if that
    /// is asked for.
    fn ordered(
        &mut self,
        case: &str,
        items: &[Particle],
        from: &[Particle],
        strict: bool,
    ) -> Compared {
        let mut at = 0;
        for item in items {
            let mut last = "the base has nothing more".to_owned();
            loop {
                let Some(base) = from.get(at) else {
                    return no(
                        &format!("{case}.2"),
                        &format!("a part has no counterpart in the base ({last})"),
                    );
                };
                at += 1;
                match self.particle(item, base) {
                    Ok(()) => break,
                    Err(why) if strict && !self.emptiable(base) => {
                        return no(
                            &format!("{case}.2"),
                            &format!("what the base requires is not kept ({why})"),
                        );
                    }
                    Err(why) => last = why,
                }
            }
        }
        if strict && from[at..].iter().any(|base| !self.emptiable(base)) {
            return no(&format!("{case}.2"), "what the base requires is missing");
        }
        Ok(())
    }

    /// Each part restricts another one of the base; the rest can be empty.
    fn unordered(&mut self, case: &str, items: &[Particle], from: &[Particle]) -> Compared {
        let mut used = vec![false; from.len()];
        for item in items {
            let mut found = None;
            for (at, base) in from.iter().enumerate() {
                if !used[at] && self.particle(item, base).is_ok() {
                    found = Some(at);
                    break;
                }
            }
            match found {
                Some(at) => used[at] = true,
                None => {
                    return no(
                        &format!("{case}.2"),
                        "a part has no counterpart in the base",
                    );
                }
            }
        }
        let missing = from
            .iter()
            .zip(&used)
            .any(|(base, used)| !used && !self.emptiable(base));
        match missing {
            true => no(&format!("{case}.2"), "what the base requires is missing"),
            false => Ok(()),
        }
    }

    /// rcase-NameAndTypeOK.
    fn name_and_type(
        &self,
        own: &Particle,
        a: ElementId,
        base: &Particle,
        b: ElementId,
    ) -> Compared {
        let schema = &self.compiler.schema;
        let (one, other) = (&schema.elements[a], &schema.elements[b]);
        if one.name != other.name {
            // A member of the group of the base's element may stand for it.
            if other.stands_for.contains(&a) && within((own.min, own.max), (base.min, base.max)) {
                return Ok(());
            }
            return no("rcase-NameAndTypeOK.1", "an element of another name");
        }
        if !within((own.min, own.max), (base.min, base.max)) {
            return no(
                "rcase-NameAndTypeOK.3",
                "the element occurs more or less often than in the base",
            );
        }
        if a == b {
            return Ok(());
        }
        if one.nillable && !other.nillable {
            return no(
                "rcase-NameAndTypeOK.2",
                "the element is nillable, that of the base is not",
            );
        }
        if let Some(fixed) = other.value.as_ref().filter(|value| value.fixed)
            && !one
                .value
                .as_ref()
                .is_some_and(|value| value.fixed && value.key == fixed.key)
        {
            return no("rcase-NameAndTypeOK.4", "the value is fixed by the base");
        }
        if one.constraints.len() > other.constraints.len() {
            return no(
                "rcase-NameAndTypeOK.5",
                "the element has further identity constraints",
            );
        }
        if !one.block.contains(other.block) {
            return no(
                "rcase-NameAndTypeOK.6",
                "the element blocks less than that of the base",
            );
        }
        let without = Derivations::default()
            .with(Derivation::Extension)
            .with(Derivation::List)
            .with(Derivation::Union);
        match schema.derives(one.ty, other.ty, without) {
            true => Ok(()),
            false => no(
                "rcase-NameAndTypeOK.7",
                "the type of the element is not a restriction of that of the base",
            ),
        }
    }
}

fn items_of(particle: &Particle) -> &[Particle] {
    match &particle.term {
        Term::Sequence(items) | Term::Choice(items) | Term::All(items) => items,
        _ => &[],
    }
}

/// How few and how many elements a particle admits (effective total range).
fn total(particle: &Particle) -> (u32, u32) {
    let each = items_of(particle).iter().map(total);
    let plus = |a: u32, b: u32| match (a, b) {
        (UNBOUNDED, _) | (_, UNBOUNDED) => UNBOUNDED,
        (a, b) => a.saturating_add(b).min(UNBOUNDED - 1),
    };
    let times = |a: u32, b: u32| match (a, b) {
        (0, _) | (_, 0) => 0,
        (UNBOUNDED, _) | (_, UNBOUNDED) => UNBOUNDED,
        (a, b) => a.saturating_mul(b).min(UNBOUNDED - 1),
    };
    let (min, max) = match &particle.term {
        Term::Element(_) | Term::Any(_) => (1, 1),
        Term::Choice(_) => (
            each.clone().map(|(min, _)| min).min().unwrap_or(0),
            each.map(|(_, max)| max).max().unwrap_or(0),
        ),
        _ => each.fold((0, 0), |(min, max), (a, b)| (plus(min, a), plus(max, b))),
    };
    (times(min, particle.min), times(max, particle.max))
}
