//! How a producer writes XML. Every client of the single window has its own way, and none of
//! them makes a difference to what a message says.

use super::random::Random;
use super::tree::{Id, Tree};

/// One way of writing.
pub(super) struct Style {
    prefix: &'static str,
    sorted: bool,
    blanks: bool,
    indented: bool,
    line: &'static str,
    mark: bool,
    comment: bool,
    declared: bool,
    legacy: bool,
}

impl Style {
    /// Most clients are libraries that write indented UTF-8 with a default namespace; about a
    /// third keep elements without a value, as the forms of the single window do. The rest is
    /// rare, but each of it has been seen.
    pub(super) fn draw(random: &mut Random) -> Style {
        let prefixes = [(92, ""), (4, "dec"), (3, "ns0"), (1, "n")];
        Style {
            prefix: random.weighted(&prefixes),
            sorted: random.percent(12),
            blanks: random.percent(35),
            indented: random.percent(70),
            line: if random.percent(15) { "\r\n" } else { "\n" },
            mark: random.percent(5),
            comment: random.percent(6),
            declared: random.percent(95),
            legacy: random.percent(10),
        }
    }

    /// The same way, for what stands inside another message: without what comes before the root.
    pub(super) fn inside(self) -> Style {
        Style {
            mark: false,
            comment: false,
            declared: false,
            ..self
        }
    }

    /// Writes a message.
    pub(super) fn write(&self, tree: &Tree, out: &mut String) {
        // GB 18030 has ASCII as it is, so a text of ASCII alone needs no other bytes.
        let legacy = self.legacy && self.declared && tree.is_ascii();
        if self.mark && !legacy {
            out.push('\u{FEFF}');
        }
        if self.declared {
            let encoding = if legacy { "GB18030" } else { "UTF-8" };
            out.push_str("<?xml version=\"1.0\" encoding=\"");
            out.push_str(encoding);
            out.push_str("\"?>");
            out.push_str(self.line);
        }
        if self.comment {
            out.push_str("<!-- exported by a client of the single window -->");
            out.push_str(self.line);
        }
        let prefix = if tree.namespace.is_empty() {
            ""
        } else {
            self.prefix
        };
        let mut pen = Pen {
            style: self,
            tree,
            prefix,
            scratch: Vec::new(),
            out,
        };
        pen.element(Tree::ROOT, 0);
        if self.indented {
            out.push_str(self.line);
        }
    }
}

struct Pen<'w> {
    style: &'w Style,
    tree: &'w Tree,
    prefix: &'static str,
    /// The children of the elements that are open, each after its parent's.
    scratch: Vec<Id>,
    out: &'w mut String,
}

impl Pen<'_> {
    fn element(&mut self, id: Id, depth: usize) {
        let node = self.tree.node(id);
        let start = self.scratch.len();
        self.scratch.extend(self.tree.children(id));
        if self.style.sorted && node.free {
            let tree = self.tree;
            self.scratch[start..].sort_by_key(|child| tree.node(*child).name);
        }
        let end = self.scratch.len();

        self.out.push('<');
        self.name(node.name);
        if id == Tree::ROOT && !self.tree.namespace.is_empty() {
            self.out.push_str(" xmlns");
            if !self.prefix.is_empty() {
                self.out.push(':');
                self.out.push_str(self.prefix);
            }
            self.out.push_str("=\"");
            self.out.push_str(self.tree.namespace);
            self.out.push('"');
        }
        let mut hollow = true;
        for at in start..end {
            let child = self.scratch[at];
            match self.tree.node(child).name.strip_prefix('@') {
                Some(name) => {
                    self.out.push(' ');
                    self.out.push_str(name);
                    self.out.push_str("=\"");
                    escape(self.tree.text(child), self.out);
                    self.out.push('"');
                }
                None => hollow &= self.left_out(child),
            }
        }
        let text = self.tree.text(id);
        if hollow && text.is_empty() {
            self.out.push_str("/>");
            self.scratch.truncate(start);
            return;
        }
        self.out.push('>');
        if node.markup {
            self.out.push_str(text);
        } else {
            escape(text, self.out);
        }
        for at in start..end {
            let child = self.scratch[at];
            if !self.tree.node(child).name.starts_with('@') && !self.left_out(child) {
                self.line(depth + 1);
                self.element(child, depth + 1);
            }
        }
        if !hollow {
            self.line(depth);
        }
        self.out.push_str("</");
        self.name(node.name);
        self.out.push('>');
        self.scratch.truncate(start);
    }

    fn left_out(&self, id: Id) -> bool {
        self.tree.node(id).blank && !self.style.blanks
    }

    fn name(&mut self, name: &str) {
        if !self.prefix.is_empty() {
            self.out.push_str(self.prefix);
            self.out.push(':');
        }
        self.out.push_str(name);
    }

    fn line(&mut self, depth: usize) {
        if self.style.indented {
            self.out.push_str(self.style.line);
            for _ in 0..depth {
                self.out.push_str("  ");
            }
        }
    }
}

fn escape(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.find(['&', '<', '>', '"', '\n']) {
        out.push_str(&rest[..at]);
        out.push_str(match rest.as_bytes()[at] {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' => "&quot;",
            _ => "&#10;",
        });
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
}
