//! Turns what the parser made into a [`Tree`], and names into locals.

use std::collections::HashMap;
use std::sync::Arc;

use full_moon::ast::{
    Block as MoonBlock, Call, Expression, Field, FunctionArgs, FunctionBody, Index, LastStmt, Parameter, Prefix, Stmt,
    Suffix, TableConstructor, UnOp, Var,
};
use full_moon::node::Node as MoonNode;
use full_moon::tokenizer::{StringLiteralQuoteType, TokenReference, TokenType};

use super::literal;
use super::tree::*;

#[derive(Default)]
pub struct Lowering {
    tree: Tree,
    scopes: Vec<HashMap<String, usize>>,
}

impl Lowering {
    pub fn whole(mut self, block: &MoonBlock) -> Tree {
        self.tree.body = self.block(block, &[]);
        self.tree
    }

    /// A block with the locals that its header brings.
    fn block(&mut self, block: &MoonBlock, brought: &[usize]) -> Block {
        self.scoped(brought, |this| this.statements(block))
    }

    fn scoped<T>(&mut self, brought: &[usize], then: impl FnOnce(&mut Self) -> T) -> T {
        let names = brought.iter().filter_map(|id| Some((self.tree.locals.get(*id)?.name.clone(), *id))).collect();
        self.scopes.push(names);
        let out = then(self);
        self.scopes.pop();
        out
    }

    fn statements(&mut self, block: &MoonBlock) -> Block {
        let mut out: Block = block.stmts().filter_map(|statement| self.statement(statement)).collect();
        match block.last_stmt() {
            Some(LastStmt::Return(last)) => {
                let values = last.returns().iter().map(|value| self.expression(value)).collect();
                out.push(Statement { kind: StatementKind::Return(values), span: span(last) });
            }
            Some(last) => out.push(Statement { kind: StatementKind::Break, span: span(last) }),
            None => {}
        }
        out
    }

    fn declare(&mut self, name: &TokenReference, source: Source) -> usize {
        let id = self.tree.locals.len();
        self.tree.locals.push(Local { name: word(name), sources: vec![source], stored: Vec::new() });
        id
    }

    fn bind(&mut self, id: usize) {
        let name = self.tree.locals.get(id).map(|local| local.name.clone()).unwrap_or_default();
        if let Some(scope) = self.scopes.last_mut() {
            scope.insert(name, id);
        }
    }

    fn add_source(&mut self, id: usize, source: Source) {
        if let Some(local) = self.tree.locals.get_mut(id) {
            local.sources.push(source);
        }
    }

    fn statement(&mut self, statement: &Stmt) -> Option<Statement> {
        let at = span(statement);
        let kind = match statement {
            Stmt::LocalAssignment(local) => {
                let values: Vec<Node> = local.expressions().iter().map(|value| self.expression(value)).collect();
                for (n, name) in local.names().iter().enumerate() {
                    let id = self.declare(name, source(&values, n));
                    self.bind(id);
                }
                StatementKind::Local(values)
            }
            Stmt::Assignment(assignment) => {
                let values: Vec<Node> = assignment.expressions().iter().map(|value| self.expression(value)).collect();
                let targets: Vec<Node> = assignment.variables().iter().map(|target| self.var(target)).collect();
                for (n, target) in targets.iter().enumerate() {
                    self.assigned(target, source(&values, n));
                }
                StatementKind::Assign(targets, values)
            }
            Stmt::FunctionCall(call) => {
                let call = self.suffixed(call.prefix(), call.suffixes());
                if let Kind::Call(callee, arguments) = &call.kind
                    && callee.path().as_deref() == Some("table.insert")
                    && let (Some(Kind::Local(id)), Some(value)) =
                        (arguments.first().map(|node| &node.kind), arguments.last())
                {
                    self.store(*id, None, value.clone());
                }
                StatementKind::Call(call)
            }
            Stmt::Do(inner) => StatementKind::Do(self.block(inner.block(), &[])),
            Stmt::While(inner) => {
                let condition = self.expression(inner.condition());
                StatementKind::While(condition, self.block(inner.block(), &[]))
            }
            Stmt::Repeat(inner) => {
                // The condition sees the locals of the body.
                let (body, until) =
                    self.scoped(&[], |this| (this.statements(inner.block()), this.expression(inner.until())));
                StatementKind::Repeat(body, until)
            }
            Stmt::If(inner) => {
                let mut arms = vec![(self.expression(inner.condition()), self.block(inner.block(), &[]))];
                for arm in inner.else_if().into_iter().flatten() {
                    arms.push((self.expression(arm.condition()), self.block(arm.block(), &[])));
                }
                StatementKind::If(arms, inner.else_block().map(|block| self.block(block, &[])))
            }
            Stmt::NumericFor(inner) => {
                let bounds = [Some(inner.start()), Some(inner.end()), inner.step()];
                let bounds = bounds.into_iter().flatten().map(|bound| self.expression(bound)).collect();
                let counter = self.declare(inner.index_variable(), Source::Counter);
                StatementKind::For(bounds, self.block(inner.block(), &[counter]))
            }
            Stmt::GenericFor(inner) => {
                let values: Vec<Node> = inner.expressions().iter().map(|value| self.expression(value)).collect();
                let each = |n| values.first().map_or(Source::Unknown, |value| Source::Each(value.clone(), n));
                let names: Vec<usize> =
                    inner.names().iter().enumerate().map(|(n, name)| self.declare(name, each(n))).collect();
                StatementKind::For(values, self.block(inner.block(), &names))
            }
            Stmt::LocalFunction(inner) => {
                let id = self.declare(inner.name(), Source::Unknown);
                self.bind(id);
                let function = self.function(inner.body(), at);
                if let Some(local) = self.tree.locals.get_mut(id) {
                    local.sources = vec![Source::Value(function.clone())];
                }
                StatementKind::Local(vec![function])
            }
            Stmt::FunctionDeclaration(inner) => {
                let mut names = inner.name().names().iter();
                let mut target = self.name(names.next()?);
                for name in names.chain(inner.name().method_name()) {
                    let key = node(Kind::Text(word(name)), span(name));
                    target = node(Kind::Index(target, key), at);
                }
                let function = self.function(inner.body(), at);
                self.assigned(&target, Source::Value(function.clone()));
                StatementKind::Assign(vec![target], vec![function])
            }
            _ => return None,
        };
        Some(Statement { kind, span: at })
    }

    fn assigned(&mut self, target: &Node, source: Source) {
        match (&target.kind, source) {
            (Kind::Local(id), source) => self.add_source(*id, source),
            (Kind::Index(base, key), Source::Value(value)) => {
                if let Kind::Local(id) = base.kind {
                    self.store(id, Some(key.clone()), value);
                }
            }
            _ => {}
        }
    }

    fn store(&mut self, id: usize, key: Option<Node>, value: Node) {
        if let Some(local) = self.tree.locals.get_mut(id) {
            local.stored.push((key, value));
        }
    }

    fn function(&mut self, body: &FunctionBody, at: Span) -> Node {
        let mut parameters = Vec::new();
        for parameter in body.parameters().iter() {
            if let Parameter::Name(name) = parameter {
                let id = self.declare(name, Source::Unknown);
                if let Some(local) = self.tree.locals.get_mut(id) {
                    local.sources.clear();
                }
                parameters.push(id);
            }
        }
        let body = self.block(body.block(), &parameters);
        self.tree.functions.push(Function { parameters, body });
        node(Kind::Function(self.tree.functions.len() - 1), at)
    }

    fn name(&self, token: &TokenReference) -> Node {
        let name = word(token);
        let known = self.scopes.iter().rev().find_map(|scope| scope.get(&name));
        node(known.map_or(Kind::Global(name), |id| Kind::Local(*id)), span(token))
    }

    fn var(&mut self, var: &Var) -> Node {
        match var {
            Var::Name(token) => self.name(token),
            Var::Expression(inner) => self.suffixed(inner.prefix(), inner.suffixes()),
            _ => node(Kind::Nil, span(var)),
        }
    }

    fn suffixed<'a>(&mut self, prefix: &Prefix, suffixes: impl Iterator<Item = &'a Suffix>) -> Node {
        let mut out = match prefix {
            Prefix::Name(token) => self.name(token),
            Prefix::Expression(inner) => self.expression(inner),
            _ => node(Kind::Nil, span(prefix)),
        };
        for suffix in suffixes {
            let end = match suffix {
                // The range of an index ends before its bracket.
                Suffix::Index(Index::Brackets { brackets, .. }) => span(brackets.tokens().1).end,
                suffix => span(suffix).end,
            };
            let at = Span { end, ..out.span };
            let kind = match suffix {
                Suffix::Index(Index::Dot { name, .. }) => Kind::Index(out, node(Kind::Text(word(name)), span(name))),
                Suffix::Index(Index::Brackets { expression, .. }) => Kind::Index(out, self.expression(expression)),
                Suffix::Call(Call::AnonymousCall(arguments)) => Kind::Call(out, self.arguments(arguments)),
                Suffix::Call(Call::MethodCall(call)) => Kind::Method(out, self.arguments(call.args())),
                _ => continue,
            };
            out = node(kind, at);
        }
        out
    }

    fn arguments(&mut self, arguments: &FunctionArgs) -> Vec<Node> {
        match arguments {
            FunctionArgs::Parentheses { arguments, .. } => {
                arguments.iter().map(|value| self.expression(value)).collect()
            }
            FunctionArgs::String(token) => vec![text(token)],
            FunctionArgs::TableConstructor(table) => vec![self.table(table)],
            _ => Vec::new(),
        }
    }

    fn table(&mut self, table: &TableConstructor) -> Node {
        let mut items = Vec::new();
        for field in table.fields().iter() {
            items.push(match field {
                Field::ExpressionKey { key, value, .. } => {
                    Item { key: Some(self.expression(key)), value: self.expression(value) }
                }
                Field::NameKey { key, value, .. } => {
                    Item { key: Some(node(Kind::Text(word(key)), span(key))), value: self.expression(value) }
                }
                Field::NoKey(value) => Item { key: None, value: self.expression(value) },
                _ => continue,
            });
        }
        node(Kind::Table(items), span(table))
    }

    fn expression(&mut self, expression: &Expression) -> Node {
        let at = span(expression);
        let kind = match expression {
            Expression::BinaryOperator { lhs, binop, rhs } => match literal::operator(&word(binop.token())) {
                Some(op) => Kind::Binary(op, self.expression(lhs), self.expression(rhs)),
                None => Kind::Nil,
            },
            Expression::Parentheses { expression, .. } => return self.expression(expression),
            Expression::UnaryOperator { unop, expression } => {
                let unary = match unop {
                    UnOp::Minus(_) => Unary::Minus,
                    UnOp::Not(_) => Unary::Not,
                    _ => Unary::Length,
                };
                Kind::Unary(unary, self.expression(expression))
            }
            Expression::Function(inner) => return self.function(inner.body(), at),
            Expression::FunctionCall(call) => return self.suffixed(call.prefix(), call.suffixes()),
            Expression::TableConstructor(table) => return self.table(table),
            Expression::Number(token) => Kind::Number(literal::number(&word(token))),
            Expression::String(token) => return text(token),
            Expression::Symbol(token) => match word(token).as_str() {
                "true" => Kind::Bool(true),
                "false" => Kind::Bool(false),
                "..." => Kind::Rest,
                _ => Kind::Nil,
            },
            Expression::Var(var) => return self.var(var),
            _ => Kind::Nil,
        };
        node(kind, at)
    }
}

fn node(kind: Kind, span: Span) -> Node {
    Arc::new(Expr { kind, span })
}

/// What goes into the variable at this place; the last value may give several.
fn source(values: &[Node], n: usize) -> Source {
    match (values.get(n), values.last()) {
        (Some(value), _) => Source::Value(value.clone()),
        (None, Some(last)) => Source::Nth(last.clone()),
        (None, None) => Source::Unknown,
    }
}

fn word(token: &TokenReference) -> String {
    token.token().to_string()
}

fn text(token: &TokenReference) -> Node {
    let text = match token.token_type() {
        TokenType::StringLiteral { literal, quote_type: StringLiteralQuoteType::Brackets, .. } => literal.to_string(),
        TokenType::StringLiteral { literal, .. } => literal::unescaped(literal),
        _ => String::new(),
    };
    node(Kind::Text(text), span(token))
}

fn span(of: &impl MoonNode) -> Span {
    let Some((start, end)) = of.range() else { return Span::default() };
    Span { start: start.bytes(), end: end.bytes(), line: start.line() }
}
