//! Every expression of a script in the order of the text, with what stands around it.

use super::tree::{Block, Kind, Node, Span, Statement, StatementKind, Tree};

/// What becomes of the value of an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A part of another expression: see [`Place::parent`].
    Inside,
    /// Decides an `if`, a `while` or an `until`.
    Condition,
    Returned,
    /// A call that stands by itself.
    Dropped,
    /// Goes into a variable.
    Assigned,
    /// Is assigned to.
    Target,
    /// Bounds or feeds a loop.
    Loop,
}

#[derive(Debug)]
pub struct Place {
    pub node: Node,
    /// The expression around it, as an index into the list of places.
    pub parent: Option<usize>,
    pub role: Role,
    /// The loops around it, outer first, as indexes into the list of loops.
    pub loops: Vec<usize>,
    /// How many `if`s decide whether it runs.
    pub branches: usize,
    /// The function it is in; none for the script itself.
    pub function: Option<usize>,
}

/// A loop, and whether it can end.
#[derive(Debug)]
pub struct Loop {
    pub span: Span,
    /// The condition of `while` and `repeat`.
    pub condition: Option<Node>,
    pub is_repeat: bool,
    /// How many `if`s decide whether it runs.
    pub branches: usize,
    /// Something inside leaves it: `break`, `return`, `error`.
    pub exits: bool,
}

pub fn collect(tree: &Tree) -> (Vec<Place>, Vec<Loop>) {
    let mut walk = Walk { tree, places: Vec::new(), loops: Vec::new(), around: Around::default() };
    walk.block(&tree.body);
    (walk.places, walk.loops)
}

#[derive(Debug, Clone, Default)]
struct Around {
    loops: Vec<usize>,
    branches: usize,
    function: Option<usize>,
}

struct Walk<'a> {
    tree: &'a Tree,
    places: Vec<Place>,
    loops: Vec<Loop>,
    around: Around,
}

impl Walk<'_> {
    fn block(&mut self, block: &Block) {
        block.iter().for_each(|statement| self.statement(statement));
    }

    fn statement(&mut self, statement: &Statement) {
        match &statement.kind {
            StatementKind::Local(values) => self.all(values, Role::Assigned),
            StatementKind::Assign(targets, values) => {
                self.all(targets, Role::Target);
                self.all(values, Role::Assigned);
            }
            StatementKind::Call(call) => {
                let leaves = matches!(&call.kind, Kind::Call(callee, _) if callee.path().as_deref() == Some("error"));
                self.root(call, Role::Dropped);
                self.leave(leaves, true);
            }
            StatementKind::Do(block) => self.block(block),
            StatementKind::While(condition, body) => {
                self.looped(statement.span, Some((condition, false)), |walk| {
                    walk.root(condition, Role::Condition);
                    walk.block(body);
                });
            }
            StatementKind::Repeat(body, until) => self.looped(statement.span, Some((until, true)), |walk| {
                walk.block(body);
                walk.root(until, Role::Condition);
            }),
            StatementKind::For(heads, body) => {
                self.all(heads, Role::Loop);
                self.looped(statement.span, None, |walk| walk.block(body));
            }
            StatementKind::If(arms, otherwise) => {
                for (condition, _) in arms {
                    self.root(condition, Role::Condition);
                }
                self.around.branches += 1;
                arms.iter().map(|(_, block)| block).chain(otherwise).for_each(|block| self.block(block));
                self.around.branches -= 1;
            }
            StatementKind::Return(values) => {
                self.all(values, Role::Returned);
                self.leave(true, true);
            }
            StatementKind::Break => self.leave(true, false),
        }
    }

    fn looped(&mut self, span: Span, condition: Option<(&Node, bool)>, inside: impl FnOnce(&mut Self)) {
        self.loops.push(Loop {
            span,
            condition: condition.map(|(node, _)| node.clone()),
            is_repeat: condition.is_some_and(|(_, is_repeat)| is_repeat),
            branches: self.around.branches,
            exits: false,
        });
        self.around.loops.push(self.loops.len() - 1);
        inside(self);
        self.around.loops.pop();
    }

    /// Marks the inner loop, or all loops, as one that can be left.
    fn leave(&mut self, leaves: bool, all: bool) {
        let left = self.around.loops.iter().rev().take(if all { usize::MAX } else { 1 });
        for at in left.copied().collect::<Vec<_>>() {
            if let Some(inner) = self.loops.get_mut(at) {
                inner.exits |= leaves;
            }
        }
    }

    fn all(&mut self, nodes: &[Node], role: Role) {
        nodes.iter().for_each(|node| self.root(node, role));
    }

    fn root(&mut self, node: &Node, role: Role) {
        self.expression(node, None, role);
    }

    fn expression(&mut self, node: &Node, parent: Option<usize>, role: Role) {
        let Around { loops, branches, function } = self.around.clone();
        let at = self.places.len();
        self.places.push(Place { node: node.clone(), parent, role, loops, branches, function });
        for child in node.children() {
            self.expression(child, Some(at), Role::Inside);
        }
        if let Kind::Function(id) = node.kind
            && let Some(function) = self.tree.functions.get(id)
        {
            // What loops around a definition does not run its body.
            let around = Around { loops: Vec::new(), branches: self.around.branches, function: Some(id) };
            let before = std::mem::replace(&mut self.around, around);
            self.block(&function.body);
            self.around = before;
        }
    }
}
