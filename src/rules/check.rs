//! Reads an expression against the words it may use, before it is ever evaluated.
//!
//! The language is CEL without loops: comparisons, `in`, `has()`, logic, and times plus or minus a duration. Every
//! mistake is found, each with its place in the expression.

use cel::Program;
use cel::common::ast::operators as op;
use cel::common::ast::{CallExpr, EntryExpr, Expr, IdedExpr, ListExpr, SelectExpr};

use super::fields::{FIELDS, Field, Holds, Root, field};
use super::lists::Lists;
use super::shape::{Shape, literal_shape};
use super::time::{NOW, Sort};
use crate::problem::nearest;

/// Longest expression, in characters.
pub(super) const MAX_LENGTH: usize = 2_000;

/// Deepest nesting of an expression: evaluation happens on worker stacks.
pub(super) const MAX_DEPTH: usize = 40;

/// A mistake in an expression; the place is in characters from its start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) says: String,
    pub(super) help: Option<String>,
}

/// An expression that passed.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) program: Program,
    /// Fields it looks at, in the order of the field table.
    pub(super) uses: Vec<&'static Field>,
    /// Lists it looks at.
    pub(super) lists: Vec<Box<str>>,
    /// Fields without which it cannot hold: where one is absent, there is nothing to evaluate.
    pub(super) needs: Vec<&'static Field>,
}

/// Compiles and checks an expression. Call it with room on the stack: the parser recurses deeply.
pub(super) fn check(source: &str, lists: &Lists) -> Result<Checked, Vec<Fault>> {
    let whole = |says: String| Fault { start: 0, end: source.chars().count().max(1), says, help: None };
    if source.chars().count() > MAX_LENGTH {
        return Err(vec![whole(format!("the expression is longer than {MAX_LENGTH} characters"))]);
    }
    if let Some((start, character)) = source.char_indices().find(|(_, character)| !character.is_ascii()) {
        let says = format!("{character:?} is not ASCII: letters that look alike could hide in an expression");
        return Err(vec![Fault { start, end: start + 1, says, help: None }]);
    }
    let program = Program::compile(source).map_err(|errors| {
        errors.errors.iter().map(|error| parse_fault(source, error.pos, &error.msg)).collect::<Vec<_>>()
    })?;
    let mut walk =
        Walk { program: &program, lists, faults: Vec::new(), uses: Vec::new(), tested: Vec::new(), named: Vec::new() };
    let shape = walk.shape(program.expression(), 0);
    if !matches!(shape, Shape::Bool | Shape::Wrong) {
        walk.faults.push(whole(format!("a rule's condition is true or false; this is {}", shape.describe())));
    }
    walk.demand_presence_tests();
    let Walk { mut faults, mut uses, mut named, .. } = walk;
    if faults.is_empty() {
        uses.sort_by_key(|used| used.path);
        uses.dedup_by_key(|used| used.path);
        named.sort();
        named.dedup();
        let mut needs = Vec::new();
        collect_needs(program.expression(), &mut needs);
        return Ok(Checked { program, uses, lists: named, needs });
    }
    faults.sort_by(|left, right| (left.start, &left.says).cmp(&(right.start, &right.says)));
    faults.dedup();
    Err(faults)
}

/// Fields whose presence is one of the conditions joined by `&&` at the top. One that can be hidden does not count:
/// it makes the answer unknown, not false.
fn collect_needs(node: &IdedExpr, needs: &mut Vec<&'static Field>) {
    match &node.expr {
        Expr::Call(call) if call.func_name == op::LOGICAL_AND => {
            call.args.iter().for_each(|arg| collect_needs(arg, needs));
        }
        Expr::Select(SelectExpr { operand, field: name, test: true }) => {
            if let Expr::Ident(root) = &operand.expr
                && let Some(found) = Root::parse(root).and_then(|root| field(root, name))
                && !found.hidden
            {
                needs.push(found);
            }
        }
        _ => {}
    }
}

fn parse_fault(source: &str, (line, column): (isize, isize), message: &str) -> Fault {
    let before: usize = source.split_inclusive('\n').take(usize::try_from(line - 1).unwrap_or(0)).map(str::len).sum();
    let start = (before + usize::try_from(column - 1).unwrap_or(0)).min(source.len().saturating_sub(1));
    Fault { start, end: start + 1, says: format!("this is no expression: {message}"), help: None }
}

struct Walk<'a> {
    program: &'a Program,
    lists: &'a Lists,
    faults: Vec<Fault>,
    uses: Vec<&'static Field>,
    tested: Vec<&'static str>,
    named: Vec<Box<str>>,
}

impl Walk<'_> {
    fn shape(&mut self, node: &IdedExpr, depth: usize) -> Shape {
        if depth > MAX_DEPTH {
            return self.wrong(node, format!("the expression nests deeper than {MAX_DEPTH}"), None);
        }
        match &node.expr {
            Expr::Literal(literal) => literal_shape(literal),
            Expr::Ident(name) => self.ident(node, name),
            Expr::Select(select) => self.select(node, select, depth),
            Expr::List(list) => self.list(list, depth),
            Expr::Call(call) => self.call(node, call, depth),
            Expr::Comprehension(_) => self.wrong(
                node,
                "a rule does not loop: `exists`, `all`, `map` and `filter` are left out".to_owned(),
                None,
            ),
            Expr::Map(_) | Expr::Struct(_) => self.wrong(node, "a rule builds no maps or structures".to_owned(), None),
            Expr::Unspecified => self.wrong(node, "an empty expression".to_owned(), None),
        }
    }

    fn ident(&mut self, node: &IdedExpr, name: &str) -> Shape {
        if name == NOW {
            return Shape::Time(Sort::Exact);
        }
        if let Some(root) = Root::parse(name) {
            return Shape::Group(root);
        }
        let help = nearest(name, Root::ALL.into_iter().map(Root::as_str).chain([NOW])).map_or_else(
            || "an expression begins with person, access, match, system, lists or now".to_owned(),
            did_you_mean,
        );
        self.wrong(node, format!("unknown name `{name}`"), Some(help))
    }

    fn select(&mut self, node: &IdedExpr, select: &SelectExpr, depth: usize) -> Shape {
        let Expr::Ident(root_name) = &select.operand.expr else {
            let operand = self.shape(&select.operand, depth + 1);
            if matches!(operand, Shape::Wrong) {
                return Shape::Wrong;
            }
            return self.wrong(node, format!("{} has no field `{}`", operand.describe(), select.field), None);
        };
        let Shape::Group(root) = self.ident(&select.operand, root_name) else {
            if root_name == NOW {
                return self.wrong(node, format!("a time has no field `{}`", select.field), None);
            }
            return Shape::Wrong;
        };
        if root == Root::Lists {
            if self.lists.named(&select.field).is_some() {
                self.named.push(select.field.as_str().into());
                return Shape::Operators;
            }
            let help = nearest(&select.field, self.lists.names()).map(did_you_mean);
            return self.wrong_field(node, &select.field, format!("there is no list `{}`", select.field), help);
        }
        let Some(found) = field(root, &select.field) else {
            let help = nearest(&select.field, FIELDS.iter().filter(|known| known.root == root).map(|known| known.name))
                .map(|name| did_you_mean(format!("{}.{name}", root.as_str())));
            let says = format!("`{}` has no field `{}`", root.as_str(), select.field);
            return self.wrong_field(node, &select.field, says, help);
        };
        self.uses.push(found);
        if select.test {
            self.tested.push(found.path);
            return Shape::Bool;
        }
        match found.holds {
            Holds::Bool => Shape::Bool,
            Holds::Int => Shape::Int,
            Holds::Text => Shape::Text,
            Holds::Word(_) => Shape::Word(found),
            Holds::Time(sort) => Shape::Time(sort),
        }
    }

    fn list(&mut self, list: &ListExpr, depth: usize) -> Shape {
        let items = list.elements.iter().map(|item| {
            let (start, end) = self.span(item);
            (self.shape(item, depth + 1), start, end)
        });
        Shape::List(items.collect())
    }

    fn call(&mut self, node: &IdedExpr, call: &CallExpr, depth: usize) -> Shape {
        let target = call.target.as_deref().map(|target| self.shape(target, depth + 1));
        let args: Vec<Shape> = call.args.iter().map(|arg| self.shape(arg, depth + 1)).collect();
        if args.iter().chain(target.iter()).any(|shape| matches!(shape, Shape::Wrong)) {
            // Its own mistake has been reported; what it would have been is the outcome of logic all the same.
            return if is_logic(&call.func_name) { Shape::Bool } else { Shape::Wrong };
        }
        match (call.func_name.as_str(), args.as_slice()) {
            (op::LOGICAL_AND | op::LOGICAL_OR, [_, _]) | (op::LOGICAL_NOT, [_]) => self.logic(call, &args),
            (op::EQUALS | op::NOT_EQUALS, [left, right]) => self.equality(node, left, right),
            (operator @ (op::LESS | op::LESS_EQUALS | op::GREATER | op::GREATER_EQUALS), [left, right]) => {
                self.comparison(node, operator, left, right)
            }
            (op::IN, [left, right]) => self.membership(node, left, right),
            (op::CONDITIONAL, [condition, yes, no]) => self.conditional(node, condition, yes, no),
            (op::ADD | op::SUBSTRACT, [left, right]) => match (left, right) {
                (Shape::Time(sort), Shape::Duration) => Shape::Time(*sort),
                _ => self.mismatch(node, "plus and minus take a time and a duration", left, right),
            },
            ("duration", [Shape::Quoted(_)]) if target.is_none() => Shape::Duration,
            ("timestamp", [Shape::Quoted(_)]) if target.is_none() => Shape::Instant,
            ("startsWith" | "endsWith" | "contains", [Shape::Quoted(_)])
                if target.as_ref().is_some_and(Shape::is_text) =>
            {
                Shape::Bool
            }
            (name @ ("duration" | "timestamp" | "startsWith" | "endsWith" | "contains"), _) => {
                self.wrong(node, format!("`{name}` takes one quoted text"), None)
            }
            (name, _) => {
                let known = ["has", "duration", "timestamp", "startsWith", "endsWith", "contains"];
                let help = nearest(name, known).map(did_you_mean);
                self.wrong(node, format!("a rule has no use for `{}`", name.trim_matches('_')), help)
            }
        }
    }

    fn logic(&mut self, call: &CallExpr, args: &[Shape]) -> Shape {
        for (arg, shape) in call.args.iter().zip(args) {
            if !matches!(shape, Shape::Bool) {
                self.wrong(arg, format!("expected true or false, found {}", shape.describe()), None);
            }
        }
        Shape::Bool
    }

    fn equality(&mut self, node: &IdedExpr, left: &Shape, right: &Shape) -> Shape {
        match (left, right) {
            (Shape::Word(field), Shape::Quoted(word)) | (Shape::Quoted(word), Shape::Word(field)) => {
                let (start, end) = self.span(node);
                self.vocabulary(field, word, start, end);
            }
            (Shape::Bool, Shape::Bool) | (Shape::Int, Shape::Int) => {}
            (left, right) if left.is_text() && right.is_text() => {}
            (left, right) if left.is_time() || right.is_time() => {
                self.wrong(
                    node,
                    "times are compared with `<` and `>=`: two of them are hardly ever equal".to_owned(),
                    None,
                );
            }
            _ => {
                self.mismatch(node, "only like can equal like", left, right);
            }
        }
        Shape::Bool
    }

    fn comparison(&mut self, node: &IdedExpr, operator: &str, left: &Shape, right: &Shape) -> Shape {
        match (left, right) {
            (Shape::Time(Sort::Moment), Shape::Time(Sort::Moment)) => {
                self.wrong(node, "two times that a source gives with a precision cannot be compared".to_owned(), None);
            }
            (Shape::Instant, _) => {
                self.wrong(node, "a written timestamp stands on the right of a comparison".to_owned(), None);
            }
            (Shape::Time(Sort::Moment), right) if right.is_time() => {
                if !matches!(operator, op::LESS | op::GREATER_EQUALS) {
                    self.moment_operator(node, "`<` or `>=`");
                }
            }
            (left, Shape::Time(Sort::Moment)) if left.is_time() => {
                if !matches!(operator, op::GREATER | op::LESS_EQUALS) {
                    self.moment_operator(node, "`>` or `<=`");
                }
            }
            (left, right) if left.is_time() && right.is_time() => {}
            (Shape::Int, Shape::Int) => {}
            _ => {
                self.mismatch(node, "a comparison takes two times or two numbers", left, right);
            }
        }
        Shape::Bool
    }

    fn moment_operator(&mut self, node: &IdedExpr, allowed: &str) {
        let says =
            format!("a time with a precision is compared with {allowed} here: it counts as after what it begins at");
        self.wrong(node, says, None);
    }

    fn membership(&mut self, node: &IdedExpr, left: &Shape, right: &Shape) -> Shape {
        match (left, right) {
            (Shape::Group(Root::Access), Shape::Operators) => {}
            (Shape::Word(field), Shape::List(items)) => {
                for (item, start, end) in items {
                    match item {
                        Shape::Quoted(word) => self.vocabulary(field, word, *start, *end),
                        other => {
                            let says = format!("expected a quoted word of {}, found {}", field.path, other.describe());
                            self.faults.push(Fault { start: *start, end: *end, says, help: None });
                        }
                    }
                }
            }
            (Shape::Text, Shape::List(items)) if items.iter().all(|(item, _, _)| matches!(item, Shape::Quoted(_))) => {}
            _ => {
                self.mismatch(
                    node,
                    "`in` takes `access` and an operator's list, or a text and a list of quoted texts",
                    left,
                    right,
                );
            }
        }
        Shape::Bool
    }

    fn conditional(&mut self, node: &IdedExpr, condition: &Shape, yes: &Shape, no: &Shape) -> Shape {
        if !matches!(condition, Shape::Bool) {
            return self.wrong(
                node,
                format!("expected true or false before `?`, found {}", condition.describe()),
                None,
            );
        }
        match (yes, no) {
            (Shape::Bool, Shape::Bool) => Shape::Bool,
            _ => self.mismatch(node, "both sides of `:` are true or false", yes, no),
        }
    }

    fn vocabulary(&mut self, field: &Field, word: &str, start: usize, end: usize) {
        let Holds::Word(words) = field.holds else { return };
        let words = words();
        if !words.contains(&word) {
            let help = nearest(word, words.iter().copied())
                .map_or_else(|| format!("one of {}", words.join(", ")), did_you_mean);
            self.faults.push(Fault {
                start,
                end,
                says: format!("\"{word}\" is no word of {}", field.path),
                help: Some(help),
            });
        }
    }

    /// A field that can be absent must be asked for with `has()`: an absent one compares with nothing.
    fn demand_presence_tests(&mut self) {
        let mut missing: Vec<&'static str> = self
            .uses
            .iter()
            .filter(|used| used.absent && !self.tested.contains(&used.path))
            .map(|used| used.path)
            .collect();
        missing.sort_unstable();
        missing.dedup();
        for path in missing {
            let start = self.program.source_info().source.find(path).unwrap_or(0);
            self.faults.push(Fault {
                start,
                end: start + path.len(),
                says: format!("`{path}` can be absent, and is never asked for"),
                help: Some(format!("write `has({path}) && ...`, or `!has({path}) || ...`")),
            });
        }
    }

    fn mismatch(&mut self, node: &IdedExpr, rule: &str, left: &Shape, right: &Shape) -> Shape {
        self.wrong(node, format!("{rule}; found {} and {}", left.describe(), right.describe()), None)
    }

    fn wrong(&mut self, node: &IdedExpr, says: String, help: Option<String>) -> Shape {
        let (start, end) = self.span(node);
        self.faults.push(Fault { start, end, says, help });
        Shape::Wrong
    }

    /// A mistake in the last name of a path: only that name is underlined.
    fn wrong_field(&mut self, node: &IdedExpr, name: &str, says: String, help: Option<String>) -> Shape {
        let (start, end) = self.span(node);
        let source = self.program.source_info().source.as_str();
        let start = source.get(start..end).and_then(|text| text.rfind(name)).map_or(start, |offset| start + offset);
        self.faults.push(Fault { start, end: (start + name.len()).min(source.len()), says, help });
        Shape::Wrong
    }

    /// First and one past the last character of a node with all its parts.
    fn span(&self, node: &IdedExpr) -> (usize, usize) {
        let source = self.program.source_info().source.as_str();
        let (mut start, mut end) = self
            .program
            .source_info()
            .offset_for(node.id)
            .map_or((0, source.len()), |(from, to)| (from as usize, to as usize + 1));
        let mut include = |part: &IdedExpr| {
            let (from, to) = self.span(part);
            start = start.min(from);
            end = end.max(to);
        };
        match &node.expr {
            Expr::Call(call) => call.target.iter().map(|target| &**target).chain(&call.args).for_each(&mut include),
            Expr::List(list) => list.elements.iter().for_each(&mut include),
            Expr::Map(map) => map.entries.iter().for_each(|entry| {
                if let EntryExpr::MapEntry(pair) = &entry.expr {
                    include(&pair.value);
                }
            }),
            Expr::Select(select) => {
                include(&select.operand);
                // The node's own token is the dot; its name follows.
                let rest = source.get(end..).unwrap_or_default();
                if let Some(offset) = rest.find(select.field.as_str())
                    && rest[..offset].chars().all(|character| character.is_whitespace() || character == '.')
                {
                    end += offset + select.field.len();
                }
            }
            Expr::Comprehension(_) | Expr::Ident(_) | Expr::Literal(_) | Expr::Struct(_) | Expr::Unspecified => {}
        }
        (start, end.min(source.len()).max(start + 1))
    }
}

fn is_logic(name: &str) -> bool {
    matches!(
        name,
        op::LOGICAL_AND
            | op::LOGICAL_OR
            | op::LOGICAL_NOT
            | op::EQUALS
            | op::NOT_EQUALS
            | op::LESS
            | op::LESS_EQUALS
            | op::GREATER
            | op::GREATER_EQUALS
            | op::IN
    )
}

fn did_you_mean(word: impl AsRef<str>) -> String {
    format!("did you mean `{}`?", word.as_ref())
}
