//! Identity constraints (XML Schema Part 1, 3.11): the small part of XPath that selectors and
//! fields may use. The tables of keys that a walk keeps are in `keys`.

use super::names::{Name, Names, Symbol};
use super::tree::Bindings;
use super::value::{Prefixes, is_nc_name};

/// One `unique`, `key` or `keyref`.
#[derive(Debug)]
pub struct Constraint {
    pub name: String,
    pub kind: ConstraintKind,
    pub selector: Paths,
    pub fields: Vec<Paths>,
}

/// Which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConstraintKind {
    Unique,
    Key,
    /// Refers to the constraint of this number.
    KeyRef(usize),
}

/// Alternative paths.
#[derive(Debug)]
pub struct Paths(Vec<Path>);

#[derive(Debug)]
struct Path {
    /// It begins with `.//`.
    anywhere: bool,
    steps: Vec<Test>,
    attribute: Option<Test>,
}

/// A name test; what is absent is not asked for.
#[derive(Debug, Clone, Copy)]
pub struct Test {
    space: Option<u16>,
    local: Option<Symbol>,
}

/// The name of an open element or attribute, as far as the schema knows it.
pub type Met = (u16, Option<Name>);

impl Test {
    /// The namespace and the local name that it asks for.
    pub(super) fn wants(self) -> (Option<u16>, Option<Symbol>) {
        (self.space, self.local)
    }

    pub(super) fn fits(self, (space, name): Met) -> bool {
        self.space.is_none_or(|wanted| wanted == space)
            && self
                .local
                .is_none_or(|wanted| name.is_some_and(|name| name.local == wanted))
    }
}

/// Alternatives of one path and steps of one alternative; published ones have up to ten. A
/// walk tries each at every element.
const PATHS_MAX: usize = 1_000;

impl Paths {
    /// Reads the `xpath` of a selector or a field.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(
        text: &str,
        field: bool,
        prefixes: &Bindings,
        names: &mut Names,
    ) -> Result<Paths, String> {
        let paths = text
            .split('|')
            .map(|path| parse_path(path, field, prefixes, names));
        let paths = Paths(paths.collect::<Result<Vec<Path>, String>>()?);
        let long = paths.0.iter().any(|path| path.steps.len() > PATHS_MAX);
        match long || paths.0.len() > PATHS_MAX {
            true => Err(format!(
                "more than {PATHS_MAX} paths or steps are not supported"
            )),
            false => Ok(paths),
        }
    }

    /// How far below an element what they lead to may stand.
    pub fn reach(&self) -> usize {
        let reach = |path: &Path| match path.anywhere {
            true => usize::MAX,
            false => path.steps.len(),
        };
        self.0.iter().map(reach).max().unwrap_or(0)
    }

    /// Of each path whether it may begin anywhere below, its steps, and its attribute: for
    /// the plain walk, which evaluates them itself.
    pub(super) fn alternatives(&self) -> impl Iterator<Item = (bool, &[Test], Option<Test>)> {
        let paths = self.0.iter();
        paths.map(|path| (path.anywhere, &path.steps[..], path.attribute))
    }

    /// Whether some path leads from an element to the last of `trail`, the elements below it.
    pub(super) fn lead_to(&self, trail: &[Met]) -> bool {
        let mut elements = self.0.iter().filter(|path| path.attribute.is_none());
        elements.any(|path| path.fits(trail))
    }

    /// The attributes of the last of `trail` that some path leads to.
    pub(super) fn attributes<'p>(&'p self, trail: &'p [Met]) -> impl Iterator<Item = Test> + 'p {
        let paths = self.0.iter().filter(|path| path.fits(trail));
        paths.filter_map(|path| path.attribute)
    }
}

impl Path {
    fn fits(&self, trail: &[Met]) -> bool {
        let Some(above) = trail.len().checked_sub(self.steps.len()) else {
            return false;
        };
        (above == 0 || self.anywhere)
            && self
                .steps
                .iter()
                .zip(&trail[above..])
                .all(|(test, met)| test.fits(*met))
    }
}

fn parse_path(
    text: &str,
    field: bool,
    prefixes: &Bindings,
    names: &mut Names,
) -> Result<Path, String> {
    let compact = text.trim_matches(is_white);
    let mut path = Path {
        anywhere: false,
        steps: Vec::new(),
        attribute: None,
    };
    let mut rest = compact;
    if let Some(after) = rest.strip_prefix('.') {
        let after = after.trim_start_matches(is_white);
        if let Some(after) = after.strip_prefix("//") {
            path.anywhere = true;
            rest = after;
        }
    }
    if rest.contains("//") {
        return Err("// may stand only in .// at the beginning".to_owned());
    }
    let steps: Vec<&str> = rest.split('/').collect();
    for (at, step) in steps.iter().enumerate() {
        let step = step.trim_matches(is_white);
        let axis = |axis: &str| {
            let after = step.strip_prefix(axis)?.trim_start_matches(is_white);
            Some(after.strip_prefix("::")?.trim_start_matches(is_white))
        };
        let attribute = step
            .strip_prefix('@')
            .map(|name| name.trim_start_matches(is_white))
            .or_else(|| axis("attribute"));
        match (step, attribute) {
            (".", _) => {}
            (_, Some(name)) if field && at + 1 == steps.len() => {
                path.attribute = Some(test(name, prefixes, names)?);
            }
            (_, Some(_)) if field => return Err("an attribute comes last".to_owned()),
            (_, Some(_)) => return Err("a selector selects no attributes".to_owned()),
            _ => path
                .steps
                .push(test(axis("child").unwrap_or(step), prefixes, names)?),
        }
    }
    Ok(path)
}

fn test(name: &str, prefixes: &Bindings, names: &mut Names) -> Result<Test, String> {
    if name == "*" {
        return Ok(Test {
            space: None,
            local: None,
        });
    }
    let (prefix, local) = match name.split_once(':') {
        Some((prefix, local)) => (Some(prefix), local),
        None => (None, name),
    };
    let namespace = match prefix {
        None => "",
        Some(prefix) if is_nc_name(prefix) => prefixes
            .namespace(prefix)
            .ok_or_else(|| format!("the prefix {prefix} is not declared"))?,
        Some(_) => return Err(format!("{name} is not a name")),
    };
    if local == "*" && prefix.is_some() {
        return Ok(Test {
            space: Some(names.intern_space(namespace)),
            local: None,
        });
    }
    if !is_nc_name(local) {
        return Err(format!("{name:?} is not a name"));
    }
    let name = names.intern(namespace, local);
    Ok(Test {
        space: Some(name.space),
        local: Some(name.local),
    })
}

fn is_white(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r')
}
