//! Mistakes on request. Each is one small change of a message that is right, and causes exactly
//! one finding, whatever else is planted beside it.

mod aircraft;
mod certificate;
mod goods;
mod manifest;
mod other_certificate;
mod other_manifest;
mod special_goods;

use super::random::Random;
use super::tree::{Id, Tree};
use super::{Plan, Planted};

pub(super) use self::aircraft::AIRCRAFT;

/// All mistakes in declarations of goods.
pub(super) const GOODS: &[Fault] =
    &join::<{ goods::GOODS.len() + special_goods::SPECIAL.len() }>(&[
        goods::GOODS,
        special_goods::SPECIAL,
    ]);

/// All mistakes in manifests.
pub(super) const MANIFEST: &[Fault] = &join::<
    { manifest::MANIFEST.len() + other_manifest::OTHER.len() },
>(&[manifest::MANIFEST, other_manifest::OTHER]);

/// All mistakes in certificates.
pub(super) const CERTIFICATE: &[Fault] = &join::<
    { certificate::CERTIFICATE.len() + other_certificate::OTHER.len() },
>(&[certificate::CERTIFICATE, other_certificate::OTHER]);

const ROOT: Id = Tree::ROOT;

/// The part of a mistake that stands alone in its message, because it decides which rules
/// speak of the rest.
const WHOLE: &str = "the whole message";

/// A mistake that can be planted.
#[derive(Debug, Clone, Copy)]
pub struct Fault {
    /// What is wrong.
    pub name: &'static str,
    /// The code of the finding that it causes.
    pub code: &'static str,
    /// The message type, or the kind of message within its family, that has a place for it; empty
    /// where many have.
    pub(super) of: &'static str,
    /// What of the message it concerns; two faults of one message never concern the same.
    part: &'static str,
    plant: Plant,
}

/// Changes the message, if it has a place for the mistake, and gives the path of the finding.
type Plant = fn(&mut Tree, &mut Random) -> Option<String>;

const fn fault(name: &'static str, code: &'static str, part: &'static str, plant: Plant) -> Fault {
    fault_of("", name, code, part, plant)
}

/// A mistake for which only one kind of message has a place.
const fn fault_of(
    of: &'static str,
    name: &'static str,
    code: &'static str,
    part: &'static str,
    plant: Plant,
) -> Fault {
    Fault {
        name,
        code,
        of,
        part,
        plant,
    }
}

/// The mistakes of several tables in one.
const fn join<const N: usize>(tables: &[&[Fault]]) -> [Fault; N] {
    let mut all = [tables[0][0]; N];
    let (mut table, mut filled) = (0, 0);
    while table < tables.len() {
        let mut at = 0;
        while at < tables[table].len() {
            all[filled] = tables[table][at];
            (at, filled) = (at + 1, filled + 1);
        }
        table += 1;
    }
    all
}

/// Plants what is planned, and says what was planted.
pub(super) fn plant(
    table: &'static [Fault],
    plan: &Plan,
    tree: &mut Tree,
    random: &mut Random,
) -> Vec<Planted> {
    let wanted = plan.faults.max(usize::from(plan.fault.is_some()));
    let mut planted = Vec::new();
    let mut parts = Vec::new();
    let mut try_to = |fault: &Fault, planted: &mut Vec<Planted>, random: &mut Random| {
        let alone = fault.part == WHOLE && !parts.is_empty() || parts.contains(&WHOLE);
        if planted.len() < wanted
            && !alone
            && !parts.contains(&fault.part)
            && let Some(path) = (fault.plant)(tree, random)
        {
            parts.push(fault.part);
            planted.push(Planted {
                name: fault.name,
                code: fault.code,
                path,
            });
        }
    };
    for fault in table.iter().filter(|fault| Some(fault.name) == plan.fault) {
        try_to(fault, &mut planted, random);
    }
    // As often as there are faults: more than enough, since most fit most messages.
    for _ in table {
        if planted.len() >= wanted {
            break;
        }
        try_to(random.pick(table), &mut planted, random);
    }
    planted
}

/// The value with another last character, which every kind of check digit admits there.
fn other_check(text: &str) -> String {
    let last = if text.ends_with('0') { '1' } else { '0' };
    let base = text
        .char_indices()
        .next_back()
        .map_or(text, |(at, _)| &text[..at]);
    format!("{base}{last}")
}

/// Spoils the check digit of what stands at the path.
fn spoil(tree: &mut Tree, from: Id, path: &str) -> Option<String> {
    let id = tree.find(from, path)?;
    let other = other_check(tree.text(id));
    tree.change(from, path, other)
}

/// Makes a number larger by so many hundredths of it, and by as many whole ones.
fn enlarge(tree: &mut Tree, from: Id, path: &str, hundredths: u64) -> Option<String> {
    let id = tree.find(from, path)?;
    let whole: u64 = tree.text(id).split('.').next()?.parse().ok()?;
    tree.change(from, path, whole + whole * hundredths / 100 + hundredths)
}

/// Removes a mandatory element; the finding stands at its parent.
fn leave_out(tree: &mut Tree, parent: Id, name: &str) -> Option<String> {
    tree.remove(parent, name)?;
    Some(tree.path(parent))
}
