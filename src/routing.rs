//! Which authority a declaration concerns: a table, the first line that matches.

use crate::fault::Fault;

/// One line. An empty condition matches everything.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Route {
    /// The family.
    pub kind: String,
    /// The message type.
    pub message_type: String,
    /// How the four-digit customs office begins: `01` is all of Beijing.
    pub office: String,
    /// The authority.
    pub authority: String,
}

/// The table.
#[derive(Debug, Clone)]
pub struct Routes {
    routes: Vec<Route>,
}

impl Routes {
    /// Checks a table.
    ///
    /// # Errors
    /// A fault of the operator: a line that names none of `authorities`, or that an earlier
    /// line leaves nothing to.
    pub fn new(routes: Vec<Route>, authorities: &[String]) -> Result<Routes, Fault> {
        for (number, route) in routes.iter().enumerate() {
            if !authorities.contains(&route.authority) {
                let known = authorities.join(", ");
                let text = format!(
                    "[[route]] {}: there is no authority {:?}; known: {known}",
                    number + 1,
                    route.authority
                );
                return Err(Fault::operator(text));
            }
            if let Some(earlier) = routes[..number]
                .iter()
                .position(|earlier| earlier.covers(route))
            {
                let text = format!(
                    "[[route]] {} is never reached: line {} takes all of it",
                    number + 1,
                    earlier + 1
                );
                return Err(Fault::operator(text));
            }
        }
        Ok(Routes { routes })
    }

    /// The authority for a message; `None`: no line matches.
    pub fn find(&self, kind: &str, message_type: &str, office: Option<&str>) -> Option<&str> {
        let office = office.unwrap_or("");
        let matches = |route: &&Route| {
            (route.kind.is_empty() || route.kind == kind)
                && (route.message_type.is_empty() || route.message_type == message_type)
                && office.starts_with(&route.office)
        };
        self.routes
            .iter()
            .find(matches)
            .map(|route| route.authority.as_str())
    }
}

impl Route {
    fn covers(&self, other: &Route) -> bool {
        (self.kind.is_empty() || self.kind == other.kind)
            && (self.message_type.is_empty() || self.message_type == other.message_type)
            && other.office.starts_with(&self.office)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(kind: &str, message_type: &str, office: &str, authority: &str) -> Route {
        Route {
            kind: kind.into(),
            message_type: message_type.into(),
            office: office.into(),
            authority: authority.into(),
        }
    }

    #[test]
    fn the_first_line_that_matches() {
        let names = ["airport".to_owned(), "customs".to_owned()];
        let lines = vec![
            route("manifest", "MT1201", "", "airport"),
            route("goods", "", "0101", "airport"),
            route("goods", "", "", "customs"),
        ];
        let routes = Routes::new(lines, &names).expect("a fine table");
        let table = [
            (("manifest", "MT1201", None), Some("airport")),
            (("manifest", "MT2201", None), None),
            (("goods", "DecMessage", Some("0101")), Some("airport")),
            (("goods", "DecMessage", Some("0102")), Some("customs")),
            (("goods", "DecMessage", None), Some("customs")),
        ];
        for ((kind, message_type, office), expected) in table {
            assert_eq!(
                routes.find(kind, message_type, office),
                expected,
                "{kind} {message_type} {office:?}"
            );
        }
        let unknown = Routes::new(vec![route("", "", "", "moon")], &names);
        assert!(unknown.unwrap_err().why.contains("moon"));
        let shadowed = vec![
            route("", "", "", "customs"),
            route("goods", "", "0101", "airport"),
        ];
        assert!(
            Routes::new(shadowed, &names)
                .unwrap_err()
                .why
                .contains("never reached")
        );
    }
}
