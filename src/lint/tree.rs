//! The shape of a script: expressions, statements, and which local a name means.

use std::sync::Arc;

/// Where something stands in the text; lines count from 1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Span {
    pub start: usize,
    pub end: usize,
    pub line: usize,
}

/// An expression that may be looked at from several places.
pub type Node = Arc<Expr>;

#[derive(Debug)]
pub struct Expr {
    pub kind: Kind,
    pub span: Span,
}

#[derive(Debug)]
pub enum Kind {
    Nil,
    Bool(bool),
    Number(f64),
    Text(String),
    /// `...`
    Rest,
    /// An index into [`Tree::locals`].
    Local(usize),
    Global(String),
    Index(Node, Node),
    Call(Node, Vec<Node>),
    /// `x:name(…)`; the name does not matter to any rule.
    Method(Node, Vec<Node>),
    /// An index into [`Tree::functions`].
    Function(usize),
    Binary(Op, Node, Node),
    Unary(Unary, Node),
    Table(Vec<Item>),
}

/// `value` or `[key] = value` in a table.
#[derive(Debug)]
pub struct Item {
    pub key: Option<Node>,
    pub value: Node,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Power,
    Concat,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Equal,
    NotEqual,
    And,
    Or,
}

impl Op {
    pub fn is_arithmetic(self) -> bool {
        matches!(self, Self::Add | Self::Subtract | Self::Multiply | Self::Divide | Self::Modulo | Self::Power)
    }

    pub fn is_equality(self) -> bool {
        matches!(self, Self::Equal | Self::NotEqual)
    }

    pub fn is_order(self) -> bool {
        matches!(self, Self::Less | Self::LessEqual | Self::Greater | Self::GreaterEqual)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unary {
    Minus,
    Not,
    Length,
}

/// A local variable, a parameter or the variable of a loop, with all that is ever put into it.
#[derive(Debug)]
pub struct Local {
    pub name: String,
    pub sources: Vec<Source>,
    /// Values stored below it: `t[k] = v`, `table.insert(t, v)`.
    pub stored: Vec<(Option<Node>, Node)>,
}

#[derive(Debug, Clone)]
pub enum Source {
    Value(Node),
    /// A further value of an expression that gives several.
    Nth(Node),
    /// What a generic `for` takes out of this list of values: 0 the name, 1 the value.
    Each(Node, usize),
    Counter,
    Unknown,
}

#[derive(Debug)]
pub struct Function {
    pub parameters: Vec<usize>,
    pub body: Block,
}

pub type Block = Vec<Statement>;

#[derive(Debug)]
pub struct Statement {
    pub kind: StatementKind,
    pub span: Span,
}

#[derive(Debug)]
pub enum StatementKind {
    Local(Vec<Node>),
    Assign(Vec<Node>, Vec<Node>),
    Call(Node),
    Do(Block),
    While(Node, Block),
    Repeat(Block, Node),
    If(Vec<(Node, Block)>, Option<Block>),
    /// `for i = from, to, step` or `for k, v in values`.
    For(Vec<Node>, Block),
    Return(Vec<Node>),
    Break,
}

/// A whole script.
#[derive(Debug, Default)]
pub struct Tree {
    pub body: Block,
    pub locals: Vec<Local>,
    pub functions: Vec<Function>,
}

impl Expr {
    /// `redis.call` for nested names that start at a global.
    pub fn path(&self) -> Option<String> {
        match &self.kind {
            Kind::Global(name) => Some(name.clone()),
            Kind::Index(base, key) => match &key.kind {
                Kind::Text(name) => Some(format!("{}.{name}", base.path()?)),
                _ => None,
            },
            _ => None,
        }
    }

    pub fn text(&self) -> Option<&str> {
        if let Kind::Text(text) = &self.kind { Some(text) } else { None }
    }

    pub fn number(&self) -> Option<f64> {
        match &self.kind {
            Kind::Number(number) => Some(*number),
            Kind::Text(text) => text.parse().ok(),
            Kind::Unary(Unary::Minus, inner) => inner.number().map(|number| -number),
            _ => None,
        }
    }

    pub fn children(&self) -> Vec<&Node> {
        match &self.kind {
            Kind::Index(a, b) | Kind::Binary(_, a, b) => vec![a, b],
            Kind::Call(callee, arguments) | Kind::Method(callee, arguments) => {
                std::iter::once(callee).chain(arguments).collect()
            }
            Kind::Unary(_, inner) => vec![inner],
            Kind::Table(items) => items.iter().flat_map(|item| item.key.iter().chain([&item.value])).collect(),
            _ => Vec::new(),
        }
    }
}
