//! Content models, ready to be followed: an automaton, or a set of bits for `all`. The
//! particle that they were made from stays beside them: the plain walk goes by that alone.

use super::automaton::{Automaton, Leaf, Wrong};
use super::names::Places;
use super::tables::{Element, ElementId, Name, Particle, Process, Term};

/// The content model of one complex type.
#[derive(Debug)]
pub struct Model {
    /// Whether text may stand between the elements.
    pub mixed: bool,
    /// As written.
    pub particle: Particle,
    /// The same, to be followed quickly.
    pub matcher: Matcher,
}

/// How a model is followed.
#[derive(Debug)]
pub enum Matcher {
    /// One state after another.
    Automaton(Automaton),
    /// By derivatives, element for element: an automaton whose counts can be told apart in
    /// more than one way.
    Derived(Automaton),
    /// Each member at most once, in any order.
    All(All),
}

/// What a child of an element turns out to be in its content model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// This element.
    Element(ElementId),
    /// What a wildcard takes, and what is done with it.
    Any(Process),
}

/// An `all` group.
#[derive(Debug)]
pub struct All {
    /// The elements that may stand here, sorted by name, each with the number of its member.
    pub names: Vec<(Name, ElementId, usize)>,
    /// Where in `names` a name is.
    places: Places,
    /// For each member its element and whether it has to be there.
    pub members: Vec<(ElementId, bool)>,
    /// Whether all of them may be missing together.
    pub optional: bool,
}

impl Model {
    /// Compiles a particle; every element's `stands_for` has to be complete.
    pub fn compile(particle: Particle, mixed: bool, elements: &[Element]) -> Result<Model, Wrong> {
        let matcher = match all_of(&particle) {
            Some((members, optional)) => Matcher::All(All::compile(members, optional, elements)?),
            None => match Automaton::compile(&particle, elements)? {
                automaton if automaton.ambiguous => Matcher::Derived(automaton),
                automaton => Matcher::Automaton(automaton),
            },
        };
        Ok(Model {
            mixed,
            particle,
            matcher,
        })
    }

    /// How much there is of it.
    pub fn size(&self) -> usize {
        match &self.matcher {
            Matcher::Automaton(automaton) | Matcher::Derived(automaton) => automaton.size(),
            Matcher::All(all) => all.names.len(),
        }
    }

    /// The element declarations that the model names.
    pub fn elements(&self) -> Box<dyn Iterator<Item = ElementId> + '_> {
        match &self.matcher {
            Matcher::All(all) => Box::new(all.members.iter().map(|(element, _)| *element)),
            Matcher::Automaton(automaton) | Matcher::Derived(automaton) => {
                Box::new(automaton.leaves().filter_map(|leaf| match leaf {
                    Leaf::Element(element) => Some(*element),
                    Leaf::Any(_) => None,
                }))
            }
        }
    }
}

impl All {
    fn compile(members: &[Particle], optional: bool, elements: &[Element]) -> Result<All, Wrong> {
        let mut all = All {
            names: Vec::new(),
            places: Places::default(),
            members: Vec::new(),
            optional,
        };
        for member in members.iter().filter(|member| member.max > 0) {
            let Term::Element(element) = member.term else {
                continue;
            };
            let number = all.members.len();
            all.members.push((element, member.min > 0));
            for stand_in in &elements[element].stands_for {
                all.names
                    .push((elements[*stand_in].name, *stand_in, number));
            }
        }
        all.names.sort_unstable();
        all.places = Places::of(all.names.iter().map(|(name, _, _)| *name));
        match all.names.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            Some(pair) => Err(Wrong::Ambiguous(Some(pair[0].0))),
            None => Ok(all),
        }
    }
}

impl All {
    /// The element of this name and the number of its member.
    pub fn find(&self, name: Name) -> Option<(ElementId, usize)> {
        let at = self.places.find(name, |at| self.names[at].0)?;
        let (_, element, member) = self.names[at];
        Some((element, member))
    }
}

/// The members of an `all` group that is the whole model, and whether it may be absent.
pub fn all_of(particle: &Particle) -> Option<(&[Particle], bool)> {
    match &particle.term {
        Term::All(members) if particle.max == 1 => Some((members, particle.min == 0)),
        Term::Sequence(items) | Term::Choice(items) if particle.max == 1 && items.len() == 1 => {
            let (members, optional) = all_of(&items[0])?;
            Some((members, optional || particle.min == 0))
        }
        _ => None,
    }
}
